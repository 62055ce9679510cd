// Blocks that lie across a multiple of 1 GiB, where the windows of the arena meet: entries, big
// values, long keys, slots of the index, wherever the border cuts them.

import test from 'ava';
import { Arena } from '../memory/arena.ts';
import type { Database } from './database.ts';
import { Keyspace } from './keyspace.ts';
import { contents, findKey, putText } from './test-support/model.ts';

const gib = 2 ** 30;
const unitBytes = 4096;

function databaseFrom(startBytes: number): Database {
  const arena = new Arena({ startBytes });
  return new Keyspace({ arena, databaseCount: 1, hashSeed: 7 }).databases[0] as Database;
}

/** Fills, changes and reads back; the border is `units` units from the start of the memory. */
function exercise(database: Database): boolean {
  const expected = new Map<string, string>();
  const put = (key: string, value: string): void => {
    putText(database, key, value, value.length % 2);
    expected.set(key, value);
  };
  for (let at = 0; at < 600; at++) {
    put(`key:${at}`, String.fromCharCode(97 + (at % 26)).repeat(90 + (at % 60)));
  }
  for (const length of [5000, 17_000, 40_000]) {
    put(`value of ${length}`, 'v'.repeat(length));
    put('k'.repeat(length), `key of ${length}`);
  }
  for (let at = 0; at < 600; at += 3) {
    database.remove(findKey(database, `key:${at}`));
    expected.delete(`key:${at}`);
  }
  const held = contents(database);
  return held.size === expected.size && database.size === expected.size &&
    [...expected].every(([key, value]) => held.get(key)?.value === value) &&
    [...expected.keys()].every((key) => findKey(database, key) !== 0);
}

for (const border of [1, 2, 8]) {
  test(`everything holds across the border at ${border} GiB, wherever it cuts`, (t) => {
    if (new Arena().capacityBytes < 2 ** 34) {
      t.log('skipped: 16 GiB could not be reserved');
      t.pass();
      return;
    }
    for (let units = 1; units < 90; units += units < 20 ? 1 : 7) {
      const database = databaseFrom(border * gib - units * unitBytes);
      t.true(exercise(database), `${units} units before the border`);
    }
  });
}

test('segments of 32 KiB across a border', (t) => {
  for (const units of [3, 5, 60, 250]) {
    const database = databaseFrom(gib - units * unitBytes);
    const count = 9000;
    for (let at = 0; at < count; at++) {
      putText(database, `k${at}`, '');
    }
    let found = 0;
    for (let at = 0; at < count; at++) {
      found += findKey(database, `k${at}`) === 0 ? 0 : 1;
    }
    t.is(found, count);
    t.is(contents(database, 1000).size, count);
  }
});

test('windows and offsets name the same bytes as the whole', (t) => {
  const database = databaseFrom(3 * gib - 10_000);
  const { u8 } = database.keyspace.arena;
  for (const length of [0, 1, 100, 5000, 30_000]) {
    const entry = putText(database, `key ${length}`, 'x'.repeat(length), 5);
    const key = database.keyOffset(entry);
    const value = database.valueOffset(entry);
    const keyEnd = database.keyStart(entry) + database.keyLength(entry);
    t.is(
      database.keyBuffer(entry).toString('latin1', key, key + database.keyLength(entry)),
      u8.toString('latin1', database.keyStart(entry), keyEnd),
    );
    t.is(database.valueBuffer(entry).toString('latin1', value, value + length), 'x'.repeat(length));
    t.is(
      u8.toString('latin1', database.valueStart(entry), database.valueStart(entry) + length),
      'x'.repeat(length),
    );
    t.true(value + length < 2 ** 31 && key < 2 ** 31);
  }
});
