// The load generators of others that the driver is measured beside: how each is asked for the same
// load, and how its figures are read.

import { spawn } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { processCpuUs } from '../targets/proc.ts';

/** What one run of a generator came to. */
export interface Sample {
  readonly qps: number;
  readonly p99Ms: number;
  /** CPU time of the generator. */
  readonly cpuUsPerOperation: number;
  /** CPU time of the server, of one core: near 1 the server is the limit, whoever asks. */
  readonly serverShare: number;
}

/** SETs of 100 bytes over a million keys by 50 connections. */
export interface Order {
  readonly port: number;
  /** The server's process. */
  readonly serverPid: number;
  readonly pipeline: number;
  readonly durationMs: number;
}

export const clients = 50;

/** redis-benchmark, which counts operations instead of time. */
export async function runRedisBenchmark(
  { port, pipeline, serverPid }: Order, operations: number,
): Promise<Sample> {
  const count = Math.ceil(operations);
  const { text, cpuUs, serverShare } = await runToEnd(serverPid, 'redis-benchmark', [
    '-p', port, '-c', clients, '-P', pipeline, '-n', count, '-d', 100, '-r', 1_000_000,
    '-t', 'set', '--csv']);
  const fields = /"SET",(.*)/.exec(text)?.[1]?.replaceAll('"', '').split(',') ?? [];
  return {
    qps: Number(fields[0]), p99Ms: Number(fields[5]), cpuUsPerOperation: cpuUs / count, serverShare,
  };
}

/**
 * memtier_benchmark with one thread, like the others.
 * @throws {Error} when the program cannot be started or its figures are not where they should be.
 */
export async function runMemtier(
  binary: string, { port, pipeline, durationMs, serverPid }: Order,
): Promise<Sample> {
  const jsonPath = path.join(os.tmpdir(), `plugpull-bench-${process.pid}.json`);
  const { text, cpuUs, serverShare } = await runToEnd(serverPid, binary, [
    '--server', '127.0.0.1', '--port', port,
    '--clients', clients, '--threads', 1, '--pipeline', pipeline, '--ratio', '1:0',
    '--data-size', 100, '--key-maximum', 1_000_000, '--hide-histogram',
    '--test-time', Math.ceil(durationMs / 1000), '--json-out-file', jsonPath]);
  if (!fs.existsSync(jsonPath)) throw new Error(`${binary} wrote no figures; it said:\n${text}`);
  const stats = memtierSets(JSON.parse(fs.readFileSync(jsonPath, 'utf8')));
  fs.rmSync(jsonPath);
  if (stats === null) {
    throw new Error(`${binary} --json-out-file: expected "ALL STATS" with "Sets" with Count, `
      + 'Ops/sec and Percentile Latencies p99.00, as memtier_benchmark 1.3 and later write them');
  }
  const { qps, p99Ms, count } = stats;
  return { qps, p99Ms, cpuUsPerOperation: cpuUs / count, serverShare };
}

interface MemtierSets {
  readonly count: number;
  readonly qps: number;
  readonly p99Ms: number;
}

/** What is read of memtier's JSON; null when a figure is not there. */
function memtierSets(json: unknown): MemtierSets | null {
  const at = (...names: readonly string[]): number => Number(names.reduce<unknown>(
    (value, name) => (value as Record<string, unknown> | undefined)?.[name],
    (json as Record<string, Record<string, unknown>>)['ALL STATS']?.['Sets'],
  ));
  const sets = {
    count: at('Count'), qps: at('Ops/sec'), p99Ms: at('Percentile Latencies', 'p99.00'),
  };
  return Object.values(sets).every(Number.isFinite) ? sets : null;
}

interface Ended {
  readonly text: string;
  /** Until shortly before its end. */
  readonly cpuUs: number;
  readonly serverShare: number;
}

/** What a program printed, and the CPU time that it and the server took. */
async function runToEnd(
  serverPid: number, binary: string, words: readonly (string | number)[],
): Promise<Ended> {
  const shareOf = serverShareFrom(serverPid);
  const child = spawn(binary, words.map(String), { stdio: ['ignore', 'pipe', 'pipe'] });
  let text = '';
  let cpuUs = Number.NaN;
  const timer = setInterval(() => (cpuUs = processCpuUs(child.pid as number) ?? cpuUs), 20);
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (chunk: string) => (text += chunk));
  }
  try {
    await new Promise((resolve, reject) => {
      child.once('close', resolve);
      child.once('error', reject);
    });
  } finally {
    clearInterval(timer);
  }
  return { text, cpuUs, serverShare: shareOf() };
}

/** Starts to look at a server; the function returned says its share of a core since then. */
export function serverShareFrom(serverPid: number): () => number {
  const [fromUs, fromMs] = [processCpuUs(serverPid) ?? Number.NaN, performance.now()];
  return () => ((processCpuUs(serverPid) ?? Number.NaN) - fromUs) / 1000
    / (performance.now() - fromMs);
}
