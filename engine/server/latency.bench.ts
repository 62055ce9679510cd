// The slowest command: a mixed load with expiring keys at a million keys, engine beside
// redis-server at the same time, so that a pause of the machine shows in both. A probe on a
// connection of its own asks every millisecond; what the clients see is shown as well.
import net from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { hasRedis, startServer } from './test-support/bench/servers.ts';
import type { BenchServer, ServerKind } from './test-support/bench/servers.ts';
import { print, row } from './test-support/bench/table.ts';
import type { BenchOptions, BenchResult } from './test-support/bench/table.ts';

const widths = [8, 12, 9, 9, 9, 9, 12];
const slowMs = 10;
const mixes: readonly (readonly string[])[] = [
  ['SET', 'key:{n}', '{v}'],
  ['GET', 'key:{n}'],
  ['SET', 'brief:{n}', '{v}', 'PX', '2000'],
  ['INCR', 'counter:{n}'],
];

interface Probe {
  readonly latenciesMs: number[];
  stop(): void;
}

/** Sends a SET each millisecond that has no other under way. */
async function probe(port: number): Promise<Probe> {
  const latenciesMs: number[] = [];
  const socket = net.connect({ port, host: '127.0.0.1', noDelay: true });
  let sentMs = 0;
  socket.on('data', () => {
    latenciesMs.push(performance.now() - sentMs);
    sentMs = 0;
  });
  socket.on('error', () => {});
  const timer = setInterval(() => {
    if (sentMs !== 0) return;
    sentMs = performance.now();
    socket.write('SET probe 1\r\n');
  }, 1);
  await new Promise((resolve) => socket.once('connect', resolve));
  return {
    latenciesMs,
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
    const watching = await probe(server.port);
    const sent = await loadFor(server, performance.now() + options.latencySeconds * 1000);
    watching.stop();
    return lineOf(kind, sent, watching.latenciesMs);
  } finally {
    await server.stop();
  }
}

function lineOf(kind: ServerKind, sent: number, latenciesMs: readonly number[]): string {
  const sorted = [...latenciesMs].sort((a, b) => a - b);
  const at = (part: number): string =>
    (sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * part))] ?? NaN).toFixed(2);
  const slow = sorted.filter((ms) => ms > slowMs).length;
  return row(widths, [
    kind, String(sent), at(0.5), at(0.99), at(0.999), at(1), `${slow} of ${sorted.length}`,
  ]);
}

/** Prints the table. */
export async function latency(options: BenchOptions): Promise<BenchResult[]> {
  print(`slowest command, ${options.latencySeconds} s of SET, GET, SET PX and INCR at 1 M keys, `
    + 'everysec; a probe each ms on both servers at the same time');
  print(row(widths, ['server', 'requests', 'p50 ms', 'p99', 'p99.9', 'max', `over ${slowMs} ms`]));
  const kinds: ServerKind[] = await hasRedis() ? ['engine', 'redis'] : ['engine'];
  for (const line of await Promise.all(kinds.map((kind) => watch(kind, options)))) print(line);
  return []; // two distributions: the table says it
}
