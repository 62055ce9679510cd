// Engine against redis-server, and valkey-server where VALKEY_SERVER_BIN names one: the same load
// on both, interleaved so that both see the same machine: SET and GET under every policy, and every
// other default test of redis-benchmark.
//
// In the same rounds the load meets a server that does nothing ("null"). What that reaches is the
// ceiling of the ratio: the client and the kernel allow no more, whatever the server does. Where it
// is low, CPU per operation is the figure to judge by.
import { hasPeer, startNull, startServer } from './test-support/bench/servers.ts';
import type { BenchServer, PeerKind, Policy } from './test-support/bench/servers.ts';
import {
  median, medianInterval, print, printFailure, resultOf, row, verdict, withInterval,
} from './test-support/bench/table.ts';
import type { BenchOptions, BenchResult } from './test-support/bench/table.ts';
import {
  mainWorkloads, otherWorkloads, replyOf, template,
} from './test-support/bench/workloads.ts';
import type { Workload } from './test-support/bench/workloads.ts';

interface Sample {
  readonly qps: number;
  readonly cpuUsPerOp: number;
}

/** How one workload is put on both servers. */
interface Setting {
  readonly peer: PeerKind;
  readonly workload: Workload;
  readonly pipeline: number;
  readonly count: number;
  readonly keys: number;
  readonly valueBytes: number;
}

const clients = 50;
const widths = [12, 9, 3, 10, 10, 10, 13, 8, 8, 8, 18, 6];
const headsOf = (peer: PeerKind): string[] => [
  'test', 'policy', 'P', 'engine/s', `${peer}/s`, 'QPS ratio', '95 %', 'ceiling',
  'CPU µs', peer, 'ratio', 'null',
];
const guessedQps: Readonly<Record<number, number>> = { 1: 70_000, 16: 500_000 };
const slowTests: Readonly<Record<string, number>> = {
  LRANGE_100: 6, LRANGE_300: 15, LRANGE_500: 24, LRANGE_600: 30, MSET: 8,
};

function settingOf(
  workload: Workload, pipeline: number, { options, peer }: Beside,
): Setting {
  const isMain = mainWorkloads.includes(workload);
  const slower = slowTests[workload.name] ?? 1;
  const guess = (guessedQps[pipeline] ?? 30_000 * pipeline) / slower;
  return {
    peer, workload, pipeline, count: Math.max(2000, Math.round(guess * options.seconds)),
    keys: isMain ? 1_000_000 : 100_000, valueBytes: isMain ? 100 : 3,
  };
}

async function prepare(server: BenchServer, setting: Setting): Promise<void> {
  const { before } = setting.workload;
  if (mainWorkloads.includes(setting.workload) || server.kind === 'null') return;
  await server.command('FLUSHALL');
  if (before === undefined) return;
  const count = before.count < 0 ? setting.count * 2 : before.count;
  await server.load({ ...setting, clients: 10, pipeline: 50, count, workload: before });
}

async function sample(server: BenchServer, setting: Setting): Promise<Sample> {
  await prepare(server, setting);
  const began = server.cpuUs();
  const { qps, errors } = await server.load({ ...setting, clients });
  if (errors > 0) throw new Error(`${server.kind} answers ${setting.workload.name} with errors`);
  return { qps, cpuUsPerOp: (server.cpuUs() - began) / setting.count };
}

/** What the engine is put beside, and how. */
interface Beside {
  readonly peer: PeerKind;
  readonly options: BenchOptions;
}

/** One round: engine, peer and the server that does nothing. */
type Round = readonly [Sample, Sample, Sample];

async function measure(
  servers: readonly [BenchServer, BenchServer], setting: Setting, rounds: number,
): Promise<Round[]> {
  const [engine, redis] = servers;
  const samples: Round[] = [];
  const { workload, valueBytes } = setting;
  const idle = await startNull(template(workload, valueBytes, 1).bytes.length,
    replyOf(workload, valueBytes));
  try {
    // Once for nothing: compiler, caches, page cache.
    for (const server of [...servers, idle]) {
      await sample(server, { ...setting, count: setting.count >> 1 });
    }
    for (let round = 0; round < rounds; round++) {
      // ABBA: neither always runs on the warmer machine.
      const first = await sample(round % 2 === 0 ? engine : redis, setting);
      const ceiling = await sample(idle, setting);
      const second = await sample(round % 2 === 0 ? redis : engine, setting);
      samples.push(round % 2 === 0 ? [first, second, ceiling] : [second, first, ceiling]);
    }
  } finally {
    await idle.stop();
  }
  return samples;
}

function lineOf(setting: Setting, policy: string, samples: readonly Round[]): string {
  const { workload, pipeline } = setting;
  const ratios = samples.map(([engine, redis]) => engine.qps / redis.qps);
  const ceiling = median(samples.map(([, redis, idle]) => idle.qps / redis.qps));
  const [cpu, cpuRedis, cpuIdle] = [0, 1, 2].map((at) => median(samples.map((round) =>
    (round[at] as Sample).cpuUsPerOp))) as [number, number, number];
  const interval = medianInterval(ratios);
  const cpuRatios = samples.map(([engine, redis]) => redis.cpuUsPerOp / engine.cpuUsPerOp);
  const wanted = pipeline === 1 ? workload.wanted[0] : pipeline === 16 ? workload.wanted[1] : 0;
  return row(widths, [
    workload.name, policy, String(pipeline),
    median(samples.map(([engine]) => engine.qps)).toFixed(0),
    median(samples.map(([, redis]) => redis.qps)).toFixed(0),
    verdict(median(ratios), wanted),
    interval === null ? '' : `[${interval.map((end) => end.toFixed(2)).join(', ')}]`,
    ceiling.toFixed(2), cpu.toFixed(2), cpuRedis.toFixed(2),
    withInterval({ median: median(cpuRatios), ci95: medianInterval(cpuRatios) }),
    cpuIdle.toFixed(2),
  ]);
}

async function comparePolicy(
  policy: Policy, workloads: readonly Workload[], { options, peer }: Beside,
): Promise<BenchResult[]> {
  const results: BenchResult[] = [];
  const servers: BenchServer[] = [];
  try {
    const engine = await startServer('engine', policy);
    servers.push(engine);
    const other = await startServer(peer, policy);
    servers.push(other);
    if (workloads.some((workload) => mainWorkloads.includes(workload))) {
      // Most of the keys are there from the start.
      const fill = { parts: ['SET', 'key:{n}', '{v}'] };
      const load = { clients: 10, pipeline: 100, valueBytes: 100, keys: 1_000_000, workload: fill };
      for (const server of servers) {
        await server.load({ ...load, count: options.quick ? 500_000 : 2_000_000 });
      }
    }
    for (const workload of workloads) {
      for (const pipeline of options.pipelines) {
        const setting = settingOf(workload, pipeline, { options, peer });
        const samples = await measure([engine, other], setting, options.rounds);
        print(lineOf(setting, policy, samples));
        results.push(...resultsOf(setting, policy, samples));
      }
    }
  } catch (error) {
    printFailure(`${peer}, ${policy}`, error);
  } finally {
    for (const server of servers) await server.stop();
  }
  return results;
}

function resultsOf(
  { peer, workload, pipeline }: Setting, policy: string, samples: readonly Round[],
): BenchResult[] {
  const beside = peer === 'redis' ? '' : `${peer}/`;
  const name = `engine/${beside}${workload.name}/${policy}/pipeline ${pipeline}`;
  const pairs = (read: (sample: Sample) => number): [number, number][] =>
    samples.map(([engine, redis]) => [read(engine), read(redis)]);
  return [
    resultOf(pairs((sample) => sample.qps), { name, unit: 'operations a second' }),
    resultOf(pairs((sample) => sample.cpuUsPerOp), {
      name: `${name}/cpu`, unit: 'µs CPU an operation',
    }),
    resultOf(samples.map(([, redis, idle]) => [idle.qps, redis.qps]), {
      name: `${name}/ceiling`, unit: 'operations a second',
    }),
  ];
}

/** Prints the tables. */
export async function compare(options: BenchOptions): Promise<BenchResult[]> {
  const results: BenchResult[] = [];
  if (!await hasPeer('redis')) print('engine: redis-server is skipped, it is not on the PATH');
  for (const peer of ['redis', 'valkey'] as const) {
    if (await hasPeer(peer)) results.push(...await besidePeer({ peer, options }));
  }
  return results;
}

async function besidePeer(beside: Beside): Promise<BenchResult[]> {
  const { peer, options } = beside;
  const results: BenchResult[] = [];
  const wanted = (workload: Workload): boolean =>
    options.tests.length === 0 || options.tests.includes(workload.name.toLowerCase());
  print(`engine / ${peer}-server, ${clients} clients, median of ${options.rounds} rounds; SET and `
    + 'GET: 100 bytes, 1 M random keys; others: 3 bytes, 100 k random numbers');
  print(`ceiling: QPS ratio to ${peer}-server of a server that does nothing; null: its CPU µs; `
    + 'ratio of CPU: what the peer takes for one of the engine\'s µs');
  print(row(widths, headsOf(peer)));
  const main = mainWorkloads.filter(wanted);
  for (const policy of main.length === 0 ? [] : options.policies) {
    results.push(...await comparePolicy(policy as Policy, main, beside));
  }
  const others = otherWorkloads.filter(wanted);
  if (others.length > 0) results.push(...await comparePolicy('none', others, beside));
  return results;
}
