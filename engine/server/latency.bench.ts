// The slowest command: a mixed load with expiring keys at a million keys, engine beside
// redis-server at the same time, so that a pause of the machine shows in both. A probe on a
// connection of its own asks every millisecond.
//
// Servers, loads and probe are more than two cores carry, so a command also waits for a CPU. The
// kernel says how long the server's main thread and the probe could have run and did not: without
// that time ("own") is what the server itself made the client wait.
import net from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { hasRedis, startServer, waitedUs } from './test-support/bench/servers.ts';
import type { BenchServer, ServerKind } from './test-support/bench/servers.ts';
import { print, row } from './test-support/bench/table.ts';
import type { BenchOptions, BenchResult } from './test-support/bench/table.ts';

const widths = [8, 12, 9, 9, 9, 9, 15, 9, 15];
const slowMs = 10;
const mixes: readonly (readonly string[])[] = [
  ['SET', 'key:{n}', '{v}'],
  ['GET', 'key:{n}'],
  ['SET', 'brief:{n}', '{v}', 'PX', '2000'],
  ['INCR', 'counter:{n}'],
];

interface Probe {
  readonly latenciesMs: number[];
  /** The same without the time in which server or probe had no CPU. */
  readonly ownMs: number[];
  stop(): void;
}

/** Sends a SET each millisecond that has no other under way. */
async function probe(server: BenchServer): Promise<Probe> {
  const latenciesMs: number[] = [];
  const ownMs: number[] = [];
  const socket = net.connect({ port: server.port, host: '127.0.0.1', noDelay: true });
  let sentMs = 0;
  let serverUs = 0;
  let probeUs = 0;
  socket.on('data', () => {
    const tookMs = performance.now() - sentMs;
    latenciesMs.push(tookMs);
    // They may have waited at the same time: the longer wait is certain, the sum is not.
    const withoutCpuUs = Math.max(server.waitedUs() - serverUs, waitedUs(process.pid) - probeUs);
    ownMs.push(Math.max(0, tookMs - withoutCpuUs / 1000));
    sentMs = 0;
  });
  socket.on('error', () => {});
  const timer = setInterval(() => {
    if (sentMs !== 0) return;
    serverUs = server.waitedUs();
    probeUs = waitedUs(process.pid);
    sentMs = performance.now();
    socket.write('SET probe 1\r\n');
  }, 1);
  await new Promise((resolve) => socket.once('connect', resolve));
  return {
    latenciesMs, ownMs,
    stop() {
      clearInterval(timer);
      socket.destroy();
    },
  };
}

/** Loads with all mixes in turn until the time is over; returns requests sent. */
async function loadFor(server: BenchServer, endMs: number): Promise<number> {
  let sent = 0;
  for (let turn = 0; performance.now() < endMs; turn++) {
    const workload = { parts: mixes[turn % mixes.length] ?? [] };
    const count = 20_000;
    await server.load({
      workload, count, clients: 20, pipeline: 4, valueBytes: 100, keys: 1_000_000,
    });
    sent += count;
  }
  return sent;
}

async function watch(kind: ServerKind, options: BenchOptions): Promise<string> {
  const server = await startServer(kind, 'everysec');
  try {
    const workload = { parts: ['SET', 'key:{n}', '{v}'] };
    const count = options.quick ? 300_000 : 3_000_000;
    await server.load({
      workload, count, clients: 10, pipeline: 100, valueBytes: 100, keys: 1_000_000,
    });
    await sleep(1500);
    const watching = await probe(server);
    const sent = await loadFor(server, performance.now() + options.latencySeconds * 1000);
    watching.stop();
    return lineOf(kind, sent, watching);
  } finally {
    await server.stop();
  }
}

function lineOf(kind: ServerKind, sent: number, { latenciesMs, ownMs }: Probe): string {
  const sorted = latenciesMs.toSorted((a, b) => a - b);
  const own = ownMs.toSorted((a, b) => a - b);
  const at = (values: readonly number[], part: number): string =>
    (values[Math.min(values.length - 1, Math.floor(values.length * part))] ?? NaN).toFixed(2);
  const slow = (values: readonly number[]): string =>
    `${values.filter((ms) => ms > slowMs).length} of ${values.length}`;
  return row(widths, [
    kind, String(sent), at(sorted, 0.5), at(sorted, 0.99), at(sorted, 0.999), at(sorted, 1),
    slow(sorted), at(own, 1), slow(own),
  ]);
}

/** Prints the table. */
export async function latency(options: BenchOptions): Promise<BenchResult[]> {
  print(`slowest command, ${options.latencySeconds} s of SET, GET, SET PX and INCR at 1 M keys, `
    + 'everysec; a probe each ms on both servers at the same time');
  const over = `over ${slowMs} ms`;
  const heads = ['server', 'requests', 'p50 ms', 'p99', 'p99.9', 'max', over, 'own max', over];
  print(row(widths, heads));
  const kinds: ServerKind[] = await hasRedis() ? ['engine', 'redis'] : ['engine'];
  for (const line of await Promise.all(kinds.map((kind) => watch(kind, options)))) print(line);
  return []; // two distributions: the table says it
}
