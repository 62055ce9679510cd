// What bytes of snapshots cost: CRC-64 by itself, and LZF as it is met, in DUMP (compresses, then
// checksums) and RESTORE (checks, then expands), by the time that each server says a call took.
import { once } from 'node:events';
import net from 'node:net';
import { Crc64 } from '../rdb/crc64.ts';
import { hasRedis, startServer } from './test-support/bench/servers.ts';
import type { BenchServer } from './test-support/bench/servers.ts';
import { median, print, resultOf, row, verdict, withInterval } from './test-support/bench/table.ts';
import type { BenchOptions, BenchResult } from './test-support/bench/table.ts';

const kinds = ['engine', 'redis'] as const;
const widths = [34, 10, 10, 20];
const wantedCrcGb = 1;
const crcBytes = 1 << 20;
/** Values that one round dumps and restores hold so many bytes in all. */
const roundBytes = 4 << 20;
const leastCalls = 1000;

/** Prints both tables. */
export async function codecs(options: BenchOptions): Promise<BenchResult[]> {
  const results = [crc64(options)];
  if (!await hasRedis()) {
    print('LZF: skipped, redis-server is not on the PATH');
    return results;
  }
  const servers: BenchServer[] = [];
  try {
    for (const kind of kinds) servers.push(await startServer(kind, 'none'));
    print(row(widths, ['', 'engine µs', 'redis µs', 'ratio']));
    for (const bytes of [1024, 65536]) results.push(...await lzf(servers, bytes, options.rounds));
    return results;
  } finally {
    for (const server of servers) await server.stop();
  }
}

function crc64({ seconds }: BenchOptions): BenchResult {
  const bytes = Buffer.from(textOf(crcBytes), 'latin1');
  const crc = new Crc64();
  const run = (): number => {
    const beganMs = performance.now();
    for (let i = 0; i < 16; i++) crc.update(bytes, 0, bytes.length);
    return (16 * bytes.length) / ((performance.now() - beganMs) * 1e6);
  };
  run();
  const samples: number[] = [];
  for (const endMs = performance.now() + seconds * 1000; performance.now() < endMs;) {
    samples.push(run());
  }
  const gbPerSec = median(samples);
  print(`CRC-64: ${gbPerSec.toFixed(2)} GB/s, wanted 1: ${verdict(gbPerSec, wantedCrcGb)}`);
  return {
    name: 'micro/CRC-64 of a byte', unit: 'ns an operation',
    ours: 1 / gbPerSec, theirs: null, ratio: null,
  };
}

/** Words in random order: LZF makes about half of it. */
function textOf(bytes: number): string {
  let state = 99991;
  let text = '';
  while (text.length < bytes) {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    text += `word${(state >>> 22).toString(36)} `;
  }
  return text.slice(0, bytes);
}

async function lzf(
  servers: readonly BenchServer[], bytes: number, rounds: number,
): Promise<BenchResult[]> {
  const value = textOf(bytes);
  const calls = Math.max(leastCalls, Math.round(roundBytes / bytes));
  const dump = request('DUMP', 'key');
  // redis-server comes last: both restore its payload.
  let payload: Buffer = Buffer.alloc(0);
  for (const { port } of servers) {
    const replies = await exchange(port, [request('SET', 'key', value), dump]);
    payload = replies[1] ?? payload;
  }
  const head = payload.indexOf('\r\n') + 2;
  const packed = payload.subarray(head, payload.length - 2).toString('latin1');
  const restore = request('RESTORE', 'other', '0', packed, 'REPLACE');
  const dumps: [number, number][] = [];
  const restores: [number, number][] = [];
  for (let round = 0; round < rounds; round++) {
    const took = async (name: string, bytesSent: Buffer): Promise<[number, number]> => {
      const each: number[] = [];
      for (const server of servers) each.push(await callUs(server, name, { bytesSent, calls }));
      return [each[0] ?? NaN, each[1] ?? NaN];
    };
    dumps.push(await took('dump', dump));
    restores.push(await took('restore', restore));
  }
  const note = `${bytes} bytes → ${packed.length}`;
  return [show(`DUMP, ${note}`, dumps), show(`RESTORE, ${note}`, restores)];
}

function show(name: string, pairs: readonly [number, number][]): BenchResult {
  const [ours, theirs] = [0, 1].map((at) => median(pairs.map((pair) => pair[at] ?? NaN))) as
    [number, number];
  const inNs = pairs.map(([own, peer]): [number, number] => [own * 1000, peer * 1000]);
  const result = resultOf(inNs, { name: `micro/${name}`, unit: 'ns an operation' });
  const ratio = result.ratio === null ? '' : withInterval(result.ratio);
  print(row(widths, [name, ours.toFixed(2), theirs.toFixed(2), ratio]));
  return result;
}

/** Mean time of a call, µs, by the server's own count. */
async function callUs(
  server: BenchServer, name: string, { bytesSent, calls }: { bytesSent: Buffer; calls: number },
): Promise<number> {
  const requests = Array.from({ length: calls }, () => bytesSent);
  // Once for nothing: the engine's code is compiled while it runs.
  await exchange(server.port, requests);
  await server.command('CONFIG RESETSTAT');
  await exchange(server.port, requests);
  const stats = await server.info('commandstats');
  const found = new RegExp(`^cmdstat_${name}:.*usec_per_call=([\\d.]+)`, 'm').exec(stats);
  return Number(found?.[1] ?? NaN);
}

function request(...parts: readonly string[]): Buffer {
  const bulks = parts.map((part) => `$${Buffer.byteLength(part, 'latin1')}\r\n${part}\r\n`);
  return Buffer.from(`*${parts.length}\r\n${bulks.join('')}`, 'latin1');
}

/** Sends requests one after the other; the replies are bulks or one line each. */
async function exchange(port: number, requests: readonly Buffer[]): Promise<Buffer[]> {
  const socket = net.connect({ port, host: '127.0.0.1', noDelay: true });
  await once(socket, 'connect');
  const replies: Buffer[] = [];
  let received: Buffer = Buffer.alloc(0);
  const { promise, resolve, reject } = Promise.withResolvers<Buffer[]>();
  const next = (): void => {
    const bytes = requests[replies.length];
    if (bytes === undefined) resolve(replies);
    else socket.write(bytes);
  };
  socket.on('error', reject);
  socket.on('data', (bytes: Buffer) => {
    received = received.length === 0 ? bytes : Buffer.concat([received, bytes]);
    if (received[0] === 45) reject(new Error(received.toString('latin1')));
    if (received.length < replyBytes(received)) return;
    replies.push(received);
    received = Buffer.alloc(0);
    next();
  });
  next();
  return promise.finally(() => socket.destroy());
}

/** Length of the reply that begins here, Infinity while that cannot be said. */
function replyBytes(received: Buffer): number {
  const lineEnd = received.indexOf('\r\n') + 2;
  if (lineEnd < 2) return Infinity;
  if (received[0] !== 36) return lineEnd;
  return lineEnd + Number(received.toString('latin1', 1, lineEnd - 2)) + 2;
}
