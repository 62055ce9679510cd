// The hot calls leave nothing for the garbage collector, wherever in the arena they work: V8 counts
// the bytes it allocates. (An index past 2^31 once made 1.7 kB of garbage for each operation.)

import { getHeapStatistics } from 'node:v8';
import test from 'ava';
import { Arena } from '../memory/arena.ts';
import type { Database } from './database.ts';
import { Keyspace } from './keyspace.ts';

const count = 20_000;
const keyBytes = 16;
/** The best of so many rounds counts: until everything is compiled, there is garbage. */
const mostRounds = 50;
/** One boxed number for each operation would be 16. */
const mostBytesEach = 10;

const keys = Buffer.alloc(count * keyBytes);
for (let at = 0; at < count; at++) {
  keys.write(`key:${String(at).padStart(12, '0')}`, at * keyBytes, 'latin1');
}

const operations: Readonly<Record<string, (database: Database, at: number) => void>> = {
  'set of a new key': (database, at) => {
    database.find(keys, at, at + keyBytes);
    database.put(keys, 0, 100, 0);
  },
  'set of the same length': (database, at) => {
    database.find(keys, at, at + keyBytes);
    database.put(keys, 7, 107, 0);
  },
  'set of another length': (database, at) => {
    database.find(keys, at, at + keyBytes);
    database.put(keys, 0, 300 + ((at >> 4) % 50), 0);
  },
  'get': (database, at) => {
    const entry = database.find(keys, at, at + keyBytes);
    const start = database.valueOffset(entry);
    if (database.valueBuffer(entry)[start] !== 107) {
      throw new Error(`key at ${at} does not hold what was set`);
    }
  },
  'append': (database, at) => {
    database.append(database.find(keys, at, at + keyBytes), keys, 0, 3);
  },
  'delete': (database, at) => {
    database.remove(database.find(keys, at, at + keyBytes));
  },
};

for (const startGib of [0, 1.9, 2, 7.9, 8, 15]) {
  test(`no garbage for each operation, from ${startGib} GiB on`, (t) => {
    const arena = new Arena({ startBytes: startGib * 2 ** 30 });
    if (arena.capacityBytes < 2 ** 34) {
      t.log(`skipped: only ${arena.capacityBytes} bytes could be reserved`);
      t.pass();
      return;
    }
    const keyspace = new Keyspace({ arena, databaseCount: 1, hashSeed: 42 });
    const database = keyspace.databases[0] as Database;
    const best = new Map<string, number>();
    const tooMuch = (): boolean => [...best.values()].some((bytes) => bytes > mostBytesEach);
    for (let round = 0; round < mostRounds && (round === 0 || tooMuch()); round++) {
      for (const [name, operation] of Object.entries(operations)) {
        const before = getHeapStatistics().total_allocated_bytes;
        for (let at = 0; at < keys.length; at += keyBytes) {
          operation(database, at);
        }
        const bytes = (getHeapStatistics().total_allocated_bytes - before) / count;
        best.set(name, Math.min(best.get(name) ?? Infinity, bytes));
      }
    }
    for (const [name, bytes] of best) {
      t.true(bytes <= mostBytesEach, `${name}: ${bytes.toFixed(1)} bytes of garbage`);
    }
  });
}
