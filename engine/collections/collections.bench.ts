// What operations on collections cost, and what collections weigh beside redis-server's.
//   node engine/collections/collections.bench.ts [speed|memory]
// Memory needs redis-server on the PATH; the same data goes to both, and used_memory is compared.

import { spawn, spawnSync } from 'node:child_process';
import { Bench } from 'tinybench';
import type { Database } from '../keyspace/database.ts';
import { Keyspace } from '../keyspace/keyspace.ts';
import { Arena } from '../memory/arena.ts';
import { Collections } from './collections.ts';
import type { CollectionHandle } from './handle.ts';

const port = 7392;

class Data {
  readonly keyspace: Keyspace = new Keyspace({
    arena: new Arena({ capacityBytes: 2 ** 29 }), databaseCount: 1, hashSeed: 8_191_919,
  });
  readonly database: Database = this.keyspace.databases[0] as Database;
  readonly collections: Collections = new Collections(this.keyspace);
  /** The key to add to; 0: it is new. */
  entry: number = 0;
  /** Nine digits, to be overwritten, behind a letter. */
  readonly text: Buffer = Buffer.from('m000000000');

  /** Writes a number into `text`; its last `digits` digits and the letter are the argument. */
  number(value: number): void {
    let rest = value;
    for (let at = 9; at > 0; at--) {
      const tenth = Math.floor(rest / 10);
      this.text[at] = 48 + rest - tenth * 10;
      rest = tenth;
    }
  }

  key(name: string): number {
    const bytes = Buffer.from(name);
    return this.database.find(bytes, 0, bytes.length);
  }
}

let state = 12345;
function random(below: number): number {
  state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
  return Math.floor((state / 2 ** 32) * below);
}

// ---- speed -------------------------------------------------------------------------------------

function hashTasks(bench: Bench, name: string, fields: number): void {
  const data = new Data();
  const { text } = data;
  const key = Buffer.from('hash');
  data.key('hash');
  data.collections.hash().create(data.database);
  for (let at = 0; at < fields; at++) {
    data.number(at);
    data.collections.hash().find(text, 0, 10);
    data.collections.hash().put(text, 1, 10);
  }
  bench.add(`HSET ${name}`, () => {
    const hash = data.collections.hash().open(data.database, data.database.find(key, 0, 4));
    data.number(random(fields));
    hash.find(text, 0, 10);
    hash.put(text, 1, 10);
  });
  bench.add(`HGET ${name}`, () => {
    const hash = data.collections.hash().open(data.database, data.database.find(key, 0, 4));
    data.number(random(fields));
    hash.find(text, 0, 10);
  });
}

function sortedSetTasks(bench: Bench, name: string, members: number): void {
  const data = new Data();
  const { text } = data;
  const key = Buffer.from('zset');
  data.key('zset');
  data.collections.sortedSet().create(data.database);
  for (let at = 0; at < members; at++) {
    data.number(at);
    data.collections.sortedSet().find(text, 0, 10);
    data.collections.sortedSet().put(random(1_000_000));
  }
  const open = () =>
    data.collections.sortedSet().open(data.database, data.database.find(key, 0, 4));
  bench.add(`ZADD ${name}`, () => {
    data.number(random(members));
    const set = open();
    set.find(text, 0, 10);
    set.put(random(1_000_000));
  });
  bench.add(`ZSCORE ${name}`, () => {
    data.number(random(members));
    open().find(text, 0, 10);
  });
  bench.add(`ZRANGE of 10 ${name}`, () => {
    const set = open();
    set.seekRank(random(members - 10));
    for (let left = 9; left > 0; left--) set.next();
  });
}

function listTasks(bench: Bench, name: string, elements: number): void {
  const data = new Data();
  const { text } = data;
  const key = Buffer.from('list');
  data.key('list');
  data.collections.list().create(data.database);
  for (let at = 0; at < elements; at++) {
    data.number(at);
    data.collections.list().push(false, text, 0, 10);
  }
  const open = () => data.collections.list().open(data.database, data.database.find(key, 0, 4));
  bench.add(`LPUSH, LPOP ${name}`, () => {
    data.number(random(1_000_000));
    open().push(true, text, 0, 10);
    open().pop(true);
  });
  bench.add(`LRANGE of 100 ${name}`, () => {
    const list = open();
    list.first();
    for (let left = 99; left > 0; left--) list.next();
  });
}

function setTasks(bench: Bench, name: string, members: number): void {
  const data = new Data();
  const { text } = data;
  const key = Buffer.from('set!');
  data.key('set!');
  data.collections.set().create(data.database);
  for (let at = 0; at < members; at++) {
    data.number(at * 7);
    data.collections.set().add(text, 0, 10);
  }
  const open = () => data.collections.set().open(data.database, data.database.find(key, 0, 4));
  bench.add(`SPOP, SADD ${name}`, () => {
    let set = open();
    set.seekRank(random(set.length));
    set.removeSeen();
    const { elementBuffer, elementStart, elementEnd } = set;
    set = open();
    set.add(elementBuffer, elementStart, elementEnd);
  });
  bench.add(`SISMEMBER ${name}`, () => {
    data.number(random(members));
    open().has(text, 0, 10);
  });
}

async function speed(): Promise<void> {
  const bench = new Bench({ time: 400, warmupTime: 200 });
  hashTasks(bench, '(pack of 100)', 100);
  hashTasks(bench, '(pack of 512)', 512);
  hashTasks(bench, '(tree of 10 k)', 10_000);
  sortedSetTasks(bench, '(pack of 100)', 100);
  sortedSetTasks(bench, '(tree of 1 M)', 1_000_000);
  listTasks(bench, '(pack of 100)', 100);
  listTasks(bench, '(tree of 1 M)', 1_000_000);
  setTasks(bench, '(pack of 100)', 100);
  setTasks(bench, '(tree of 1 M)', 1_000_000);
  await bench.run();
  for (const { name, result } of bench.tasks) {
    const ns = 'latency' in result ? result.latency.p50 * 1e6 : NaN;
    console.log(`${name.padEnd(36)} ${ns.toFixed(0).padStart(8)} ns (median)`);
  }
}

// ---- memory ------------------------------------------------------------------------------------

interface Load {
  readonly name: string;
  readonly keys: number;
  readonly elements: number;
  /** Arguments of the command that adds element `at` to a key. */
  readonly add: (at: number) => readonly [command: string, ...parts: string[]];
}

const loads: readonly Load[] = [10_000, 1].flatMap((keys) => {
  const elements = keys === 1 ? 1_000_000 : 100;
  const member = (at: number): string => `member:${String(at).padStart(7, '0')}`;
  return [
    { name: 'hash', add: (at: number) => ['HSET', `field:${at}`, `value:${at}`] as const },
    { name: 'set of strings', add: (at: number) => ['SADD', member(at)] as const },
    { name: 'set of integers', add: (at: number) => ['SADD', String(at * 3)] as const },
    { name: 'list of strings', add: (at: number) => ['RPUSH', member(at)] as const },
    { name: 'list of integers', add: (at: number) => ['RPUSH', String(at * 3)] as const },
    { name: 'sorted set', add: (at: number) => ['ZADD', String(at), member(at)] as const },
    {
      name: 'sorted set, random order',
      add: (at: number) => ['ZADD', String(Math.imul(at, 2654435761) / 8), member(at)] as const,
    },
  ].map((load) => ({ ...load, keys, elements }));
});

function add(data: Data, parts: readonly string[]): void {
  const [command, first = '', second = ''] = parts;
  const { collections, database, entry } = data;
  const [one, two] = [Buffer.from(first), Buffer.from(second)];
  const open = <Handle extends CollectionHandle>(handle: Handle): Handle =>
    entry === 0 ? handle.create(database) : handle.open(database, entry);
  switch (command) {
    case 'HSET': {
      const hash = open(collections.hash());
      hash.find(one, 0, one.length);
      hash.put(two, 0, two.length);
      return;
    }
    case 'SADD':
      open(collections.set()).add(one, 0, one.length);
      return;
    case 'RPUSH':
      open(collections.list()).push(false, one, 0, one.length);
      return;
    default: {
      const set = open(collections.sortedSet());
      set.find(two, 0, two.length);
      set.put(Number(first));
    }
  }
}

function ourBytes(load: Load): number {
  const data = new Data();
  for (let key = 0; key < load.keys; key++) {
    const name = Buffer.from(`key:${key}`);
    for (let at = 0; at < load.elements; at++) {
      data.entry = data.database.find(name, 0, name.length);
      add(data, load.add(at));
    }
  }
  return data.keyspace.statistics().usedBytes;
}

function redisUsedMemory(): number {
  const info = spawnSync('redis-cli', ['-p', String(port), 'INFO', 'memory'], { encoding: 'utf8' });
  return Number(/used_memory:(\d+)/.exec(info.stdout)?.[1]);
}

function redisBytes(load: Load): number {
  spawnSync('redis-cli', ['-p', String(port), 'FLUSHALL']);
  const before = redisUsedMemory();
  const lines: string[] = [];
  for (let key = 0; key < load.keys; key++) {
    let line: string[] = [];
    for (let at = 0; at < load.elements; at++) {
      const [command, ...parts] = load.add(at);
      if (line.length === 0) line.push(command, `key:${key}`);
      line.push(...parts);
      if (line.length > 500 || at === load.elements - 1) {
        lines.push(line.join(' '));
        line = [];
      }
    }
  }
  const input = `${lines.join('\r\n')}\r\n`;
  spawnSync('redis-cli', ['-p', String(port), '--pipe'], { input, maxBuffer: 2 ** 28 });
  return redisUsedMemory() - before;
}

async function memory(): Promise<void> {
  const server = spawn('redis-server', ['--port', String(port), '--save', ''], { stdio: 'ignore' });
  await new Promise((resolve) => setTimeout(resolve, 500));
  try {
    for (const load of loads) {
      const [ours, theirs] = [ourBytes(load), redisBytes(load)];
      console.log(
        `${load.keys} × ${load.name} of ${load.elements}`.padEnd(44),
        `${(ours / load.keys).toFixed(0).padStart(10)} B a key,`,
        `redis ${(theirs / load.keys).toFixed(0).padStart(10)} B,`,
        `ratio ${(ours / theirs).toFixed(2)}`,
      );
    }
  } finally {
    server.kill();
  }
}

const what = process.argv[2] ?? 'both';
if (what !== 'memory') await speed();
if (what !== 'speed') await memory();
