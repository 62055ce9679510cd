// Memory: how much the process grows by, engine beside redis-server on the same data.
import { reasonOf } from '../errors.ts';
import { setTimeout as sleep } from 'node:timers/promises';
import { hasRedis, startServer } from './test-support/bench/servers.ts';
import type { BenchServer, ServerKind } from './test-support/bench/servers.ts';
import { print, resultOf, row } from './test-support/bench/table.ts';
import type { BenchOptions, BenchResult } from './test-support/bench/table.ts';
import { fill } from './test-support/bench/fill.ts';
import type { Filling } from './test-support/bench/fill.ts';

const widths = [34, 12, 12, 7];
const collectionSize = 100;
const warmUpRounds = 50;

function fillings(quick: boolean): readonly Filling[] {
  const keys = quick ? 200_000 : 1_800_000;
  const count = quick ? 2_000 : 10_000;
  const collection = (name: string, command: string, parts: Filling['parts']): Filling => ({
    name: `${count} ${name} of ${collectionSize}`, count, command, parts,
  });
  return [
    {
      name: `${keys} keys of 20 + 100 bytes`, count: keys, command: 'SET',
      parts: () => ['x'.repeat(100)],
    },
    collection('hashes', 'HSET', (at) => [`field:${at}`, `value:${at}:0123456789`]),
    collection('sets', 'SADD', (at) => [`member:${at}`]),
    collection('lists', 'RPUSH', (at) => [`element:${at}:0123456789`]),
    collection('sorted sets', 'ZADD', (at) => [String(at * 1.5), `member:${at}`]),
  ];
}

async function growth(kind: ServerKind, filling: Filling): Promise<number> {
  const server = await startServer(kind, 'none');
  try {
    const size = filling.command === 'SET' ? 1 : collectionSize;
    // A little again and again, and away with it: what JavaScript's own heap, compiled code and
    // threads grow to is no data.
    for (let round = 0; round < warmUpRounds; round++) {
      await fill(server.port, { ...filling, count: Math.ceil(filling.count / 50) }, size);
      await server.command('FLUSHALL');
    }
    await snapshot(server);
    const before = server.rssBytes();
    await fill(server.port, filling, size);
    return server.rssBytes() - before;
  } finally {
    await server.stop();
  }
}

async function snapshot(server: BenchServer): Promise<void> {
  await server.command('BGSAVE');
  for (let info = ''; !/rdb_bgsave_in_progress:0/.test(info); await sleep(20)) {
    info = await server.info('persistence');
  }
}

/** Prints the table. */
export async function memory(options: BenchOptions): Promise<BenchResult[]> {
  if (!await hasRedis()) {
    print('memory: skipped, redis-server is not on the PATH');
    return [];
  }
  print(row(widths, ['memory (growth of the process)', 'engine MB', 'redis MB', 'ratio']));
  const results: BenchResult[] = [];
  for (const filling of fillings(options.quick)) {
    try {
      const [engine, redis] = [await growth('engine', filling), await growth('redis', filling)];
      const cells = [engine / 1e6, redis / 1e6].map((megabytes) => megabytes.toFixed(1));
      print(row(widths, [filling.name, ...cells, (engine / redis).toFixed(2)]));
      const name = `memory/${filling.name}`;
      results.push(resultOf([[engine, redis]], { name, unit: 'bytes' }));
    } catch (error) {
      print(`${filling.name}: ${reasonOf(error)}`);
    }
  }
  return results;
}
