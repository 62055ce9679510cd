// node harness/drivers/resp/driver.bench.ts [rounds] [seconds]: driver against redis-benchmark,
// both on one redis-server without persistence, interleaved, SET of 100-byte values over 1 M keys
// by 50 connections. The driver keeps its ledger and histogram. Beside the operations a second
// stands the CPU time an operation costs the generator: it hardly changes when the machine is busy.

import { spawn } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { median } from '../../metrics/statistics.ts';
import { freePort } from '../../targets/ports.ts';
import { processCpuUs } from '../../targets/proc.ts';
import { startListening, targets } from '../../targets/targets.ts';
import { startDriver } from './driver.ts';

interface Sample {
  readonly qps: number;
  readonly cpuUsPerOperation: number;
}

const clients = 50;

async function runDriver(port: number, pipeline: number, durationMs: number): Promise<Sample> {
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
    ledgerPath,
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
  fs.rmSync(ledgerPath);
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

function line(name: string, samples: readonly Sample[]): string {
  const qps = median(samples.map((sample) => sample.qps));
  const cpuUs = median(samples.map((sample) => sample.cpuUsPerOperation));
  const cost = `${cpuUs.toFixed(2).padStart(6)} µs CPU/SET`;
  return `${name.padEnd(16)} ${qps.toFixed(0).padStart(8)} SET/s ${cost}`;
}

const rounds = Number(process.argv[2] ?? 3);
const durationMs = Number(process.argv[3] ?? 2) * 1000;
const directory = fs.mkdtempSync(path.join(os.tmpdir(), 'plugpull-bench-'));
const { running } = await startListening(
  targets.redis,
  {
    directory,
    port: await freePort(),
    directives: [['save', ''], ['appendonly', 'no']],
    logPath: path.join(directory, 'log'),
    record: null,
  },
  5000,
);
try {
  for (const pipeline of [1, 16]) {
    const ours: Sample[] = [];
    const theirs: Sample[] = [];
    for (let round = 0; round < rounds; round++) {
      const sample = await runDriver(running.port, pipeline, durationMs);
      ours.push(sample);
      const operations = (sample.qps * durationMs) / 1000;
      theirs.push(await runTheirs(running.port, pipeline, operations));
    }
    const ratios = ours.map((sample, at) => sample.qps / (theirs[at] as Sample).qps);
    console.log(`pipeline ${pipeline}`);
    console.log(line('driver', ours));
    console.log(line('redis-benchmark', theirs));
    const each = ratios.map((ratio) => ratio.toFixed(2)).join(', ');
    console.log(`ratio ${median(ratios).toFixed(2)} (${each})`);
  }
} finally {
  await running.stop();
  fs.rmSync(directory, { recursive: true });
}
