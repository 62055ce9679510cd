// The driver against redis-benchmark, both on one redis-server without persistence, interleaved,
// SET of 100-byte values over 1 M keys by 50 connections; and the driver with its records against
// itself without a ledger. Beside the operations a second stand p99 and the CPU time an operation
// costs the generator: that hardly changes when the machine is busy. Where MEMTIER_BIN names a
// memtier_benchmark it is a peer as well. Ours counts after a warm-up: a compiler is at work in it
// for the first half second, which theirs had before it was installed.

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
  readonly p99Ms: number;
  readonly cpuUsPerOperation: number;
}

const clients = 50;
const warmupMs = 1000;

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
    warmupMs,
    preloadKeys: 0,
  });
  await driver.ready;
  driver.begin();
  await sleep(warmupMs);
  const cpuBeforeUs = processCpuUs(driver.pid) ?? Number.NaN;
  await sleep(durationMs);
  await driver.stopSending();
  const cpuUs = (processCpuUs(driver.pid) ?? Number.NaN) - cpuBeforeUs;
  const { qps, measuredAcknowledged, latencyUs } = await driver.finish();
  fs.rmSync(ledgerPath, { force: true });
  return {
    qps: qps ?? Number.NaN, cpuUsPerOperation: cpuUs / measuredAcknowledged,
    p99Ms: latencyUs.p99 / 1000,
  };
}

async function runTheirs(port: number, pipeline: number, operations: number): Promise<Sample> {
  const words = ['-p', port, '-c', clients, '-P', pipeline, '-n', Math.ceil(operations)];
  words.push('-d', 100, '-r', 1_000_000, '-t', 'set', '--csv');
  const { text, cpuUs } = await runToEnd('redis-benchmark', words);
  const fields = /"SET",(.*)/.exec(text)?.[1]?.replaceAll('"', '').split(',') ?? [];
  return {
    qps: Number(fields[0]), p99Ms: Number(fields[5]), cpuUsPerOperation: cpuUs / operations,
  };
}

/** memtier_benchmark with one thread, like the others. */
async function runMemtier(
  binary: string, { port, pipeline, durationMs }: Order,
): Promise<Sample> {
  const jsonPath = path.join(os.tmpdir(), `plugpull-bench-${process.pid}.json`);
  const words = ['--port', port, '--clients', clients, '--threads', 1, '--pipeline', pipeline,
    '--ratio', '1:0', '--data-size', 100, '--key-maximum', 1_000_000, '--hide-histogram',
    '--test-time', Math.ceil(durationMs / 1000), '--json-out-file', jsonPath];
  const { cpuUs } = await runToEnd(binary, words);
  const json = JSON.parse(fs.readFileSync(jsonPath, 'utf8')) as MemtierResult;
  fs.rmSync(jsonPath);
  const sets = json['ALL STATS'].Sets;
  return {
    qps: sets['Ops/sec'], p99Ms: sets['Percentile Latencies']['p99.00'],
    cpuUsPerOperation: cpuUs / sets.Count,
  };
}

/** What of its --json-out-file is read. */
interface MemtierResult {
  readonly 'ALL STATS': { readonly Sets: {
    readonly Count: number;
    readonly 'Ops/sec': number;
    readonly 'Percentile Latencies': { readonly 'p99.00': number };
  } };
}

/** What a program printed, and its CPU time until shortly before its end. */
async function runToEnd(
  binary: string, words: readonly (string | number)[],
): Promise<{ text: string; cpuUs: number }> {
  const child = spawn(binary, words.map(String), { stdio: ['ignore', 'pipe', 'ignore'] });
  let text = '';
  let cpuUs = Number.NaN;
  const timer = setInterval(() => (cpuUs = processCpuUs(child.pid as number) ?? cpuUs), 20);
  child.stdout.setEncoding('utf8').on('data', (chunk: string) => (text += chunk));
  await new Promise((resolve, reject) => {
    child.once('close', resolve);
    child.once('error', reject);
  });
  clearInterval(timer);
  return { text, cpuUs };
}

const widths = [40, 10, 10, 6, 8, 8, 6, 8, 8, 6];
const heads = ['driver / peer', 'ours/s', 'theirs/s', 'ratio', 'CPU µs', 'theirs', 'ratio',
  'p99 ms', 'theirs', 'ratio'];

function resultsOf(name: string, pairs: readonly [Sample, Sample][]): BenchResult[] {
  const of = (read: (sample: Sample) => number): [number, number][] =>
    pairs.map(([ours, theirs]) => [read(ours), read(theirs)]);
  const qps = resultOf(of((sample) => sample.qps), { name, unit: 'operations a second' });
  const cpu = resultOf(of((sample) => sample.cpuUsPerOperation), {
    name: `${name}/cpu`, unit: 'µs CPU an operation',
  });
  const p99 = resultOf(of((sample) => sample.p99Ms), { name: `${name}/p99`, unit: 'ms' });
  print(row(widths, [
    name, qps.ours.toFixed(0), (qps.theirs ?? NaN).toFixed(0), qps.ratio?.median.toFixed(2) ?? '',
    cpu.ours.toFixed(2), (cpu.theirs ?? NaN).toFixed(2), cpu.ratio?.median.toFixed(2) ?? '',
    p99.ours.toFixed(2), (p99.theirs ?? NaN).toFixed(2), p99.ratio?.median.toFixed(2) ?? '',
  ]));
  return [qps, cpu, p99];
}

async function measure(order: Order, rounds: number): Promise<BenchResult[]> {
  const { port, pipeline, durationMs } = order;
  const beside: [Sample, Sample][] = [];
  const recording: [Sample, Sample][] = [];
  const memtier: [Sample, Sample][] = [];
  const memtierBinary = process.env['MEMTIER_BIN'];
  for (let round = 0; round < rounds; round++) {
    const ours = await runDriver(order, true);
    const theirs = await runTheirs(port, pipeline, (ours.qps * durationMs) / 1000);
    beside.push([ours, theirs]);
    recording.push([ours, await runDriver(order, false)]);
    if (memtierBinary !== undefined) memtier.push([ours, await runMemtier(memtierBinary, order)]);
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
      const order = { port: running.port, pipeline, durationMs: options.seconds * 1000 };
      results.push(...await measure(order, options.rounds));
    }
  } finally {
    await running.stop();
    fs.rmSync(directory, { recursive: true });
  }
  return results;
}
