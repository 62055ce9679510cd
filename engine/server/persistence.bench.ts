// Persistence beside redis-server in one run: starting from a log and from a snapshot, SAVE, and
// what BGSAVE and BGREWRITEAOF do to writes meanwhile. Client, server and writer share the machine.
// --tests start,bgsave,bgrewriteaof chooses.
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { hasRedis, startServer } from './test-support/bench/servers.ts';
import type { BenchServer, ServerKind } from './test-support/bench/servers.ts';
import {
  dropCaches, fillSnapshotKeys, logCommands, snapshotKeys, writeLog, writeSnapshot,
} from './test-support/bench/persistence-files.ts';
import { median, print, resultOf, row, verdict } from './test-support/bench/table.ts';
import type { BenchOptions, BenchResult } from './test-support/bench/table.ts';

const kinds: readonly ServerKind[] = ['engine', 'redis'];
const widths = [34, 10, 10, 12, 22];

/** Engine first, redis-server first, in turn. */
function orderOf(round: number): readonly ServerKind[] {
  return round % 2 === 0 ? kinds : [...kinds].reverse();
}

type Samples = Record<ServerKind, number[]>;

function newSamples(): Samples {
  return { engine: [], redis: [] };
}

function printRatio(name: string, samples: Samples, wanted: number): BenchResult {
  const [engine, redis] = [median(samples.engine), median(samples.redis)];
  const each = samples.engine.map((own, at) => ((samples.redis[at] ?? NaN) / own).toFixed(2));
  print(row(widths, [
    name, engine.toFixed(2), redis.toFixed(2), verdict(redis / engine, wanted), each.join(' '),
  ]));
  const pairs = samples.engine.map((own, at): [number, number] => [own, samples.redis[at] ?? NaN]);
  return resultOf(pairs, { name: `persistence/${name.trim()}`, unit: 'seconds' });
}

/** Prints the tables. */
export async function persistence(options: BenchOptions): Promise<BenchResult[]> {
  const results: BenchResult[] = [];
  if (!await hasRedis()) {
    print('persistence: skipped, redis-server is not on the PATH');
    return results;
  }
  const { scale } = options;
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'plugpull-bench-files-'));
  try {
    const wanted = (name: string): boolean =>
      options.tests.length === 0 || options.tests.includes(name);
    if (wanted('start')) results.push(...await startTimes(folder, scale, options));
    for (const command of ['BGSAVE', 'BGREWRITEAOF'] as const) {
      if (!wanted(command.toLowerCase())) continue;
      results.push(...await whileWriting(command, scale, options.rounds));
    }
    return results;
  } finally {
    fs.rmSync(folder, { recursive: true, force: true });
  }
}

// ---- starting, and SAVE -------------------------------------------------------------------------

async function startTimes(
  folder: string, scale: number, options: BenchOptions,
): Promise<BenchResult[]> {
  const results: BenchResult[] = [];
  const logBytes = writeLog(`${folder}/log`, logCommands * scale);
  const snapshotBytes = await writeSnapshot(`${folder}/rdb`, snapshotKeys * scale);
  print(`from spawn to the first answered read; ${logCommands * scale} SETs over a quarter as many`
    + ` keys, ${(logBytes / 1e6).toFixed(0)} MB; snapshot of ${snapshotKeys * scale} keys,`
    + ` ${(snapshotBytes / 1e6).toFixed(0)} MB`);
  print(row(widths, ['', 'engine s', 'redis s', 'ratio', 'of each round']));
  for (const cache of ['warm', 'cold'] as const) {
    if (cache === 'cold' && !dropCaches()) {
      print('cold cache: skipped, only root may drop caches');
      continue;
    }
    const before = cache === 'cold' ? dropCaches : (): boolean => true;
    const replay = newSamples();
    const load = newSamples();
    const save = newSamples();
    const replayCpu = newSamples();
    const loadCpu = newSamples();
    for (let round = 0; round < options.rounds; round++) {
      for (const kind of orderOf(round)) {
        before();
        const log = await startServer(kind, 'everysec', { directory: `${folder}/log` });
        replay[kind].push(log.startSec);
        replayCpu[kind].push(log.cpuUs() / 1e6);
        await log.stop();
        before();
        const snapshot = await startServer(kind, 'none', { directory: `${folder}/rdb` });
        load[kind].push(snapshot.startSec);
        loadCpu[kind].push(snapshot.cpuUs() / 1e6);
        if (cache === 'warm') save[kind].push(await secondsOf(() => snapshot.command('SAVE')));
        await snapshot.stop();
      }
    }
    results.push(printRatio(`replay of the log, ${cache}`, replay, 3));
    results.push(printRatio(`  CPU of the replay, ${cache}`, replayCpu, 0));
    results.push(printRatio(`load of the snapshot, ${cache}`, load, 1.5));
    results.push(printRatio(`  CPU of the load, ${cache}`, loadCpu, 0));
    if (cache === 'warm') results.push(printRatio('SAVE of the same', save, 1));
  }
  print();
  return results;
}

async function secondsOf(run: () => Promise<unknown>): Promise<number> {
  const began = performance.now();
  await run();
  return (performance.now() - began) / 1000;
}

// ---- beside writes ------------------------------------------------------------------------------

interface Window {
  readonly qps: number;
  readonly slowestMs: number;
  readonly seconds: number;
  readonly copiedMiB: number;
  readonly cpuSec: number;
  readonly mainThreadMs: number;
  readonly steps: string;
}

const inProgress = { BGSAVE: 'rdb_bgsave_in_progress', BGREWRITEAOF: 'aof_rewrite_in_progress' };
const copied = { BGSAVE: 'rdb_last_cow_size', BGREWRITEAOF: 'aof_last_cow_size' };
type Background = keyof typeof inProgress;

async function whileWriting(
  command: Background, scale: number, rounds: number,
): Promise<BenchResult[]> {
  const policy = command === 'BGSAVE' ? 'none' : 'everysec';
  print(`${command} beside 10 clients that SET without a pause; ${snapshotKeys * scale} keys, of`
    + ` which at most a million are written; ${policy === 'none' ? 'no log' : 'everysec'}; in turn`
    + ' with runs without it');
  const runs: Record<ServerKind, { alone: Window[]; beside: Window[] }> = {
    engine: { alone: [], beside: [] }, redis: { alone: [], beside: [] },
  };
  const servers = {
    engine: await startServer('engine', policy, {}),
    redis: await startServer('redis', policy, {}),
  };
  try {
    for (const kind of kinds) await fillSnapshotKeys(servers[kind].port, snapshotKeys * scale);
    // The thread of the engine is there after a second; once for nothing.
    for (const kind of kinds) await window(servers[kind], command, scale);
    for (let round = 0; round < rounds; round++) {
      for (const kind of orderOf(round)) {
        runs[kind].alone.push(await window(servers[kind], null, scale));
        runs[kind].beside.push(await window(servers[kind], command, scale));
      }
    }
  } finally {
    for (const kind of kinds) await servers[kind].stop();
  }
  printWindows(command, runs);
  const pairs = (key: 'seconds' | 'qps' | 'slowestMs'): [number, number][] =>
    runs.engine.beside.map((own, at) => [own[key], runs.redis.beside[at]?.[key] ?? NaN]);
  return [
    resultOf(pairs('seconds'), { name: `persistence/${command}`, unit: 'seconds' }),
    resultOf(pairs('qps'), {
      name: `persistence/${command}, SET beside it`, unit: 'operations a second',
    }),
    resultOf(pairs('slowestMs'), {
      name: `persistence/${command}, slowest SET beside it`, unit: 'ms',
    }),
  ];
}

function field(info: string, name: string): number {
  return Number(new RegExp(`^${name}:(-?\\d+)`, 'm').exec(info)?.[1] ?? NaN);
}

/** One load, in the middle of which the command is given. */
async function window(
  server: BenchServer, command: Background | null, scale: number,
): Promise<Window> {
  const workload = { parts: ['SET', 'snapshot{n}', '{v}'] };
  const count = Math.round(600_000 * Math.max(0.3, scale));
  const cpuBefore = server.cpuUs();
  const load = server.load({
    workload, count, clients: 10, pipeline: 1, valueBytes: 100, keys: 1_000_000,
  });
  await sleep(400);
  let seconds = NaN;
  if (command !== null) {
    seconds = await secondsOf(async () => {
      await server.command(command);
      await sleep(5);
      while (field(await server.info('persistence'), inProgress[command]) === 1) await sleep(20);
    });
  }
  const { qps, maxUs, errors } = await load;
  if (errors > 0) throw new Error(`${server.kind} answers with errors`);
  const info = await server.info('persistence');
  return {
    qps, slowestMs: maxUs / 1000, seconds,
    copiedMiB: command === null ? 0 : field(info, copied[command]) / 2 ** 20,
    cpuSec: (server.cpuUs() - cpuBefore) / 1e6,
    mainThreadMs: field(info, 'snapshot_main_thread_usec') / 1000,
    steps: `${field(info, 'snapshot_start_usec')} µs to start, ${field(info, 'snapshot_steps')}`
      + ` steps, ${field(info, 'snapshot_steps_over_1ms')} over 1 ms, longest`
      + ` ${(field(info, 'snapshot_longest_step_usec') / 1000).toFixed(2)} ms by the clock`,
  };
}

function printWindows(
  command: Background, runs: Record<ServerKind, { alone: Window[]; beside: Window[] }>,
): void {
  const of = (kind: ServerKind, which: 'alone' | 'beside', key: keyof Window): number =>
    median(runs[kind][which].map((one) => Number(one[key])));
  const added = (kind: ServerKind): number =>
    of(kind, 'beside', 'slowestMs') - of(kind, 'alone', 'slowestMs');
  const line = (name: string, [engine, redis]: readonly [number, number], note: string): void =>
    print(row(widths, [name, engine.toFixed(2), redis.toFixed(2), note, '']));
  const both = (key: keyof Window, which: 'alone' | 'beside' = 'beside'): [number, number] =>
    [of('engine', which, key), of('redis', which, key)];
  print(row(widths, ['', 'engine', 'redis', 'redis/engine', '']));
  const ratio = ([engine, redis]: readonly [number, number], wanted: number): string =>
    verdict(redis / engine, wanted);
  const slowest: [number, number] = [added('engine'), added('redis')];
  line('slowest write alone, ms', both('slowestMs', 'alone'), '');
  line('slowest write beside, ms', both('slowestMs'), '');
  line('what it adds, ms', slowest, slowest[0] <= 0 ? 'nothing' : ratio(slowest, 5));
  line('kept or copied, MiB', both('copiedMiB'), ratio(both('copiedMiB'), 20));
  line(`${command}, s`, both('seconds'), ratio(both('seconds'), 2));
  line('SET/s alone', both('qps', 'alone'), '');
  const qps = both('qps');
  line('SET/s beside', qps, verdict(qps[0] / qps[1], 1));
  line('CPU of the server alone, s', both('cpuSec', 'alone'), '');
  line('CPU of the server beside, s', both('cpuSec'), '');
  print(`engine: ${runs.engine.beside.at(-1)?.steps ?? ''}; in all`
    + ` ${of('engine', 'beside', 'mainThreadMs').toFixed(0)} ms of the main thread`);
  print();
}
