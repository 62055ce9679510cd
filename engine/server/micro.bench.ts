// The parts of a command's path, each alone: time per operation with tinybench.
import { Bench } from 'tinybench';
import { Collections } from '../collections/collections.ts';
import { noEffects } from '../commands/context.ts';
import { Prefetcher } from '../commands/prefetch.ts';
import { InProcessServer } from '../commands/test-support/in-process.ts';
import { Arena } from '../memory/arena.ts';
import { Keyspace } from '../keyspace/keyspace.ts';
import { RequestDecoder, requestReady } from '../resp/decoder.ts';
import { ReplyWriter } from '../resp/reply-writer.ts';
import { codecs } from './codecs.bench.ts';
import {
  median, medianInterval, print, printFailure, row, withInterval,
} from './test-support/bench/table.ts';
import type { BenchOptions, BenchResult } from './test-support/bench/table.ts';
import { Numbers, renumber, template } from './test-support/bench/workloads.ts';

/** Operations of one measured call: as many as make the clock's own cost small. */
const batch = 1024;
const pipeline = 16;
const keyBytes = 16;
const widths = [38, 26];

function keysInBuffer(count: number, limit: number): Buffer {
  const numbers = new Numbers();
  const keys = Array.from({ length: count }, () =>
    `key:${String(numbers.below(limit)).padStart(keyBytes - 4, '0')}`);
  return Buffer.from(keys.join(''), 'latin1');
}

function addCodec(bench: Bench): void {
  const decoder = new RequestDecoder();
  const { bytes } = template({ parts: ['SET', 'key:{n}', '{v}'] }, 100, batch);
  bench.add('decode SET of 100 bytes', () => {
    let at = 0;
    while (at < bytes.length && decoder.decode(bytes, at, bytes.length) === requestReady) {
      at = decoder.requestEnd;
    }
  });
  const reply = new ReplyWriter(batch * 200);
  const value = Buffer.alloc(100, 'v');
  const encode = (name: string, write: (at: number) => void): void => {
    bench.add(`encode ${name}`, () => {
      reply.clear();
      for (let at = 0; at < batch; at++) write(at);
    });
  };
  encode('OK', () => reply.ok());
  encode('integer', (at) => reply.integer(at * 1000));
  encode('bulk of 100 bytes', () => reply.bulk(value, 0, 100));
}

/** Whole requests through decoder, prefetch, registry and handler, as a session runs them. */
function addDispatch(bench: Bench, keys: number): void {
  const server = new InProcessServer({ arenaBytes: 2 ** 30 });
  const { context, decoder, reply, runner } = server;
  context.effects = noEffects;
  const prefetcher = new Prefetcher();
  const run = (bytes: Buffer): void => {
    reply.clear();
    let at = 0;
    let hintedTo = 1;
    while (at < bytes.length) {
      if (at >= hintedTo) hintedTo = prefetcher.hint(context.database, bytes, at, bytes.length);
      if (decoder.decode(bytes, at, bytes.length) !== requestReady) return;
      at = decoder.requestEnd;
      context.setRequest(bytes, decoder);
      runner.run(context);
    }
  };
  const value = 'x'.repeat(100);
  for (let key = 0; key < keys; key++) {
    server.send(context.session, ['SET', `key:${String(key).padStart(12, '0')}`, value]);
  }
  const numbers = new Numbers();
  const add = (name: string, parts: readonly string[]): void => {
    const requests = template({ parts }, 100, pipeline);
    bench.add(`run ${name}`, () => {
      for (let done = 0; done < batch; done += pipeline) {
        renumber(requests, numbers, keys);
        run(requests.bytes);
      }
    });
  };
  add('PING', ['PING']);
  add(`SET, ${keys} keys`, ['SET', 'key:{n}', '{v}']);
  add(`GET, ${keys} keys`, ['GET', 'key:{n}']);
}

function addDict(bench: Bench, keys: number): void {
  const keyspace = new Keyspace({
    arena: new Arena({ capacityBytes: 2 ** 30 }), databaseCount: 1, hashSeed: 42,
  });
  const database = keyspace.databases[0];
  if (database === undefined) return;
  const value = Buffer.alloc(100, 'v');
  const chosen = keysInBuffer(batch * 64, keys);
  let round = 0;
  const add = (name: string, work: (start: number) => void): void => {
    bench.add(`dict ${name}, ${keys} keys`, () => {
      const from = (round++ % 64) * batch;
      for (let at = from; at < from + batch; at++) work(at * keyBytes);
    });
  };
  const set = (start: number): void => {
    database.find(chosen, start, start + keyBytes);
    database.put(value, 0, value.length, 0);
  };
  const all = keysInBuffer(keys, keys);
  for (let key = 0; key < keys; key++) {
    database.find(all, key * keyBytes, (key + 1) * keyBytes);
    database.put(value, 0, value.length, 0);
  }
  add('set', set);
  add('get', (start) => database.find(chosen, start, start + keyBytes));
  add('delete and set', (start) => {
    const entry = database.find(chosen, start, start + keyBytes);
    if (entry !== 0) database.remove(entry);
    set(start);
  });
}

function addSortedSet(bench: Bench, members: number): void {
  const keyspace = new Keyspace({
    arena: new Arena({ capacityBytes: 2 ** 28 }), databaseCount: 1, hashSeed: 42,
  });
  const database = keyspace.databases[0];
  if (database === undefined) return;
  const handle = new Collections(keyspace).sortedSet();
  const key = Buffer.from('sorted');
  const names = keysInBuffer(members, members);
  const numbers = new Numbers();
  const insert = (): void => {
    const start = numbers.below(members) * keyBytes;
    const entry = database.find(key, 0, key.length);
    if (entry === 0) handle.create(database);
    else handle.open(database, entry);
    handle.find(names, start, start + keyBytes);
    handle.put(numbers.below(1e9));
  };
  for (let member = 0; member < members; member++) insert();
  bench.add(`sorted set insert or move, ${members}`, () => {
    for (let at = 0; at < batch; at++) insert();
  });
  bench.add('sorted set range, per member of 100', () => {
    handle.open(database, database.find(key, 0, key.length));
    for (let left = batch; left > 0;) {
      handle.seekRank(numbers.below(handle.length - 100));
      for (let at = 0; at < 100 && left > 0; at++, left--) handle.next();
    }
  });
}

/** Prints the table. */
export async function micro(options: BenchOptions): Promise<BenchResult[]> {
  const keys = options.quick ? 100_000 : 1_000_000;
  // Each round is measured by itself: between rounds lies what a machine changes by.
  const time = (options.quick ? 100 : 600) / options.rounds;
  const bench = new Bench({ time, warmupTime: time });
  const warned = new Map<string, string>();
  bench.addEventListener('warning', ({ task, reason }) => {
    if (task !== undefined) warned.set(task.name, reason ?? 'it does not say why');
  });
  addCodec(bench);
  addDispatch(bench, keys);
  addDict(bench, keys);
  addSortedSet(bench, options.quick ? 10_000 : 100_000);
  const medians = new Map<string, number[]>(bench.tasks.map(({ name }) => [name, []]));
  for (let round = 0; round < options.rounds; round++) {
    bench.reset(); // what has run does not run again by itself
    await bench.run();
    for (const { name, result } of bench.tasks) {
      if (result.state === 'completed') {
        medians.get(name)?.push((result.latency.p50 * 1e6) / batch);
      } else {
        printFailure(name, result.state);
      }
    }
  }
  print(row(widths, ['part', 'ns per op [95 %]']));
  const results: BenchResult[] = [];
  for (const [name, rounds] of medians) {
    if (rounds.length === 0) continue;
    const ours = median(rounds);
    print(row(widths, [name, withInterval({ median: ours, ci95: medianInterval(rounds) }, 1)]));
    results.push({
      name: `micro/${name}`, unit: 'ns an operation', ours, theirs: null, ratio: null,
    });
  }
  for (const [name, reason] of warned) {
    print(`warning of tinybench: ${name}: ${reason}: the clock is too coarse for it`);
  }
  results.push(...await codecs(options));
  return results;
}
