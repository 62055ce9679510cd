// The driver against redis-benchmark, both on one redis-server without persistence, interleaved,
// SET of 100-byte values over 1 M keys by 50 connections; and the driver with its records against
// itself without a ledger. Beside the operations a second stand p99 and the CPU time an operation
// costs the generator: that hardly changes when the machine is busy. Where MEMTIER_BIN names a
// memtier_benchmark it is a peer as well. Ours counts after a warm-up: a compiler is at work in it
// for the first half second, which theirs had before it was installed.

import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { hasRedis } from '../../engine/server/test-support/bench/servers.ts';
import {
  median, print, resultOf, row, withInterval,
} from '../../engine/server/test-support/bench/table.ts';
import type { BenchOptions, BenchResult } from '../../engine/server/test-support/bench/table.ts';
import { startDriver } from '../drivers/resp/driver.ts';
import { freePort } from '../targets/ports.ts';
import { processCpuUs } from '../targets/proc.ts';
import { startListening, targets } from '../targets/targets.ts';
import { clients, runMemtier, runRedisBenchmark, serverShareFrom } from './peers.bench.ts';
import type { Order, Sample } from './peers.bench.ts';

const warmupMs = 1000;

async function runDriver(
  { port, pipeline, durationMs, serverPid }: Order, keepsLedger: boolean,
): Promise<Sample> {
  const ledgerPath = path.join(os.tmpdir(), `plugpull-bench-${process.pid}.ledger`);
  const driver = await startDriver({
    host: '127.0.0.1',
    port,
    workload: {
      seed: 1,
      clients,
      keysPerClient: 1_000_000 / clients,
      valueSizeBytes: 100,
      mix: 'set',
      startWallMs: Date.now(),
    },
    pipeline,
    ledgerPath: keepsLedger ? ledgerPath : null,
    ratePerSecond: null,
    warmupMs,
    preloadKeys: 0,
  });
  await driver.ready;
  driver.begin();
  await sleep(warmupMs);
  const cpuBeforeUs = processCpuUs(driver.pid) ?? Number.NaN;
  const shareOf = serverShareFrom(serverPid);
  await sleep(durationMs);
  const serverShare = shareOf();
  await driver.stopSending();
  const cpuUs = (processCpuUs(driver.pid) ?? Number.NaN) - cpuBeforeUs;
  const { qps, measuredAcknowledged, latencyUs } = await driver.finish();
  fs.rmSync(ledgerPath, { force: true });
  return {
    qps: qps ?? Number.NaN, cpuUsPerOperation: cpuUs / measuredAcknowledged,
    p99Ms: latencyUs.p99 / 1000, serverShare,
  };
}

const widths = [40, 10, 10, 18, 8, 8, 18, 8, 8, 18, 12];
const heads = ['driver / peer', 'ours/s', 'theirs/s', 'ratio', 'CPU µs', 'theirs', 'ratio',
  'p99 ms', 'theirs', 'ratio', 'server CPU'];

function resultsOf(name: string, pairs: readonly [Sample, Sample][]): BenchResult[] {
  const of = (read: (sample: Sample) => number): [number, number][] =>
    pairs.map(([ours, theirs]) => [read(ours), read(theirs)]);
  const qps = resultOf(of((sample) => sample.qps), { name, unit: 'operations a second' });
  const cpu = resultOf(of((sample) => sample.cpuUsPerOperation), {
    name: `${name}/cpu`, unit: 'µs CPU an operation',
  });
  const shares = of((sample) => sample.serverShare);
  const ratioOf = ({ ratio }: BenchResult): string => (ratio === null ? '' : withInterval(ratio));
  const p99 = resultOf(of((sample) => sample.p99Ms), { name: `${name}/p99`, unit: 'ms' });
  print(row(widths, [
    name, qps.ours.toFixed(0), (qps.theirs ?? NaN).toFixed(0), ratioOf(qps),
    cpu.ours.toFixed(2), (cpu.theirs ?? NaN).toFixed(2), ratioOf(cpu),
    p99.ours.toFixed(2), (p99.theirs ?? NaN).toFixed(2), ratioOf(p99),
    `${median(shares.map(([ours]) => ours)).toFixed(2)}, `
      + median(shares.map(([, theirs]) => theirs)).toFixed(2),
  ]));
  return [qps, cpu, p99];
}

interface Generators<One> {
  readonly ours: One;
  readonly theirs: One;
  readonly without: One;
  readonly memtier?: One;
}

/** Each once, the last first in every other round: none always runs on the warmer machine. */
async function inTurn(
  generators: Generators<() => Promise<Sample>>, isReversed: boolean,
): Promise<Generators<Sample>> {
  const entries = Object.entries(generators) as [string, () => Promise<Sample>][];
  const found: Record<string, Sample> = {};
  for (const [name, run] of isReversed ? entries.toReversed() : entries) {
    found[name] = await run();
  }
  return found as unknown as Generators<Sample>;
}

async function measure(order: Order, rounds: number): Promise<BenchResult[]> {
  const { pipeline, durationMs } = order;
  const beside: [Sample, Sample][] = [];
  const recording: [Sample, Sample][] = [];
  const memtier: [Sample, Sample][] = [];
  const memtierBinary = process.env['MEMTIER_BIN'];
  // How many operations redis-benchmark is to send: as many as ours in the same time.
  let lastQps = (await runDriver(order, true)).qps;
  for (let round = 0; round < rounds; round++) {
    const found = await inTurn({
      ours: () => runDriver(order, true),
      theirs: () => runRedisBenchmark(order, (lastQps * durationMs) / 1000),
      without: () => runDriver(order, false),
      ...(memtierBinary === undefined ? {} : { memtier: () => runMemtier(memtierBinary, order) }),
    }, round % 2 === 1);
    const { ours, theirs, without } = found;
    lastQps = ours.qps;
    beside.push([ours, theirs]);
    recording.push([ours, without]);
    if (found.memtier !== undefined) memtier.push([ours, found.memtier]);
  }
  return [
    ...resultsOf(`driver/SET/pipeline ${pipeline}`, beside),
    ...resultsOf(`driver/ledger on, off/pipeline ${pipeline}`, recording),
    ...(memtier.length === 0 ? []
      : resultsOf(`driver/SET beside memtier/pipeline ${pipeline}`, memtier)),
  ];
}

/** Prints the table. */
export async function driver(options: BenchOptions): Promise<BenchResult[]> {
  if (!await hasRedis()) {
    print('driver: skipped, redis-server is not on the PATH');
    return [];
  }
  const directory = fs.mkdtempSync(path.join(os.tmpdir(), 'plugpull-bench-'));
  const { running } = await startListening(targets.redis, {
    directory, port: await freePort(), directives: [['save', ''], ['appendonly', 'no']],
    logPath: path.join(directory, 'log'), record: null,
  }, 5000);
  print(row(widths, heads));
  const results: BenchResult[] = [];
  try {
    for (const pipeline of options.pipelines) {
      const order = {
        port: running.port, serverPid: running.pid, pipeline, durationMs: options.seconds * 1000,
      };
      results.push(...await measure(order, options.rounds));
    }
  } finally {
    await running.stop();
    fs.rmSync(directory, { recursive: true });
  }
  return results;
}
