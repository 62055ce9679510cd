// The driver against redis-benchmark, both on one redis-server without persistence, interleaved,
// SET of 100-byte values over 1 M keys by 50 connections; and the driver with its records against
// itself without a ledger. Beside the operations a second stands the CPU time an operation costs
// the generator: it hardly changes when the machine is busy.

import { spawn } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { hasRedis } from '../../engine/server/test-support/bench/servers.ts';
import { print, resultOf, row } from '../../engine/server/test-support/bench/table.ts';
import type { BenchOptions, BenchResult } from '../../engine/server/test-support/bench/table.ts';
import { startDriver } from '../drivers/resp/driver.ts';
import { freePort } from '../targets/ports.ts';
import { processCpuUs } from '../targets/proc.ts';
import { startListening, targets } from '../targets/targets.ts';

interface Sample {
  readonly qps: number;
  readonly cpuUsPerOperation: number;
}

const clients = 50;

interface Order {
  readonly port: number;
  readonly pipeline: number;
  readonly durationMs: number;
}

async function runDriver(
  { port, pipeline, durationMs }: Order, keepsLedger: boolean,
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
    warmupMs: 0,
    preloadKeys: 0,
  });
  await driver.ready;
  const cpuBeforeUs = processCpuUs(driver.pid) ?? Number.NaN;
  driver.begin();
  await sleep(durationMs);
  await driver.stopSending();
  const cpuUs = (processCpuUs(driver.pid) ?? Number.NaN) - cpuBeforeUs;
  const result = await driver.finish();
  fs.rmSync(ledgerPath, { force: true });
  return { qps: result.qps ?? Number.NaN, cpuUsPerOperation: cpuUs / result.acknowledged };
}

async function runTheirs(port: number, pipeline: number, operations: number): Promise<Sample> {
  const args = ['-p', port, '-c', clients, '-P', pipeline, '-n', Math.ceil(operations)];
  args.push('-d', 100, '-r', 1_000_000, '-t', 'set', '--csv');
  const stdio = ['ignore', 'pipe', 'inherit'] as const;
  const child = spawn('redis-benchmark', args.map(String), { stdio: [...stdio] });
  let text = '';
  let cpuUs = Number.NaN;
  const timer = setInterval(() => (cpuUs = processCpuUs(child.pid as number) ?? cpuUs), 20);
  child.stdout.setEncoding('utf8').on('data', (chunk: string) => (text += chunk));
  await new Promise((resolve) => child.once('close', resolve));
  clearInterval(timer);
  const qps = Number(/"SET","([0-9.]+)"/.exec(text)?.[1]);
  return { qps, cpuUsPerOperation: cpuUs / operations };
}

const widths = [34, 12, 12, 8, 10, 10, 8];
const heads = ['driver / peer', 'ours/s', 'theirs/s', 'ratio', 'CPU µs', 'theirs', 'ratio'];

function resultsOf(name: string, pairs: readonly [Sample, Sample][]): BenchResult[] {
  const of = (read: (sample: Sample) => number): [number, number][] =>
    pairs.map(([ours, theirs]) => [read(ours), read(theirs)]);
  const qps = resultOf(of((sample) => sample.qps), { name, unit: 'operations a second' });
  const cpu = resultOf(of((sample) => sample.cpuUsPerOperation), {
    name: `${name}/cpu`, unit: 'µs CPU an operation',
  });
  print(row(widths, [
    name, qps.ours.toFixed(0), (qps.theirs ?? NaN).toFixed(0), qps.ratio?.median.toFixed(2) ?? '',
    cpu.ours.toFixed(2), (cpu.theirs ?? NaN).toFixed(2), cpu.ratio?.median.toFixed(2) ?? '',
  ]));
  return [qps, cpu];
}

async function measure(order: Order, rounds: number): Promise<BenchResult[]> {
  const { port, pipeline, durationMs } = order;
  const beside: [Sample, Sample][] = [];
  const recording: [Sample, Sample][] = [];
  for (let round = 0; round < rounds; round++) {
    const ours = await runDriver(order, true);
    const theirs = await runTheirs(port, pipeline, (ours.qps * durationMs) / 1000);
    beside.push([ours, theirs]);
    recording.push([ours, await runDriver(order, false)]);
  }
  return [
    ...resultsOf(`driver/SET/pipeline ${pipeline}`, beside),
    ...resultsOf(`driver/ledger on, off/pipeline ${pipeline}`, recording),
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
      const order = { port: running.port, pipeline, durationMs: options.seconds * 1000 };
      results.push(...await measure(order, options.rounds));
    }
  } finally {
    await running.stop();
    fs.rmSync(directory, { recursive: true });
  }
  return results;
}
