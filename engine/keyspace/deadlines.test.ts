// Deadlines: active expiry meets every expired entry and none without a deadline, and an entry that
// moves takes its deadline with it.
import test from 'ava';
import { endPosition } from './database.ts';
import type { Database } from './database.ts';
import type { EntryAddress } from './entry.ts';
import type { Keyspace } from './keyspace.ts';
import { findKey, held, keyText, putText, smallKeyspace } from './test-support/model.ts';

const seed = 20261122;

function databaseOf(keyspace: Keyspace, index: number = 0): Database {
  const database = keyspace.databases[index];
  if (database === undefined) throw new Error(`no database ${index}`);
  return database;
}

function mortalKeys(database: Database): string[] {
  const keys: string[] = [];
  database.walkDeadlines(0, Infinity, (entry) => keys.push(keyText(database, entry)));
  return keys.sort();
}

/** One slice of active expiry: removes what has expired and returns where to go on. */
function expire(database: Database, position: number, nowMs: number): number {
  const expired: EntryAddress[] = [];
  const next = database.walkDeadlines(position, 10, (entry) => {
    if (database.deadlineMs(entry) === 0) throw new Error('met an entry without a deadline');
    if (database.deadlineMs(entry) <= nowMs) expired.push(entry);
  });
  for (const entry of expired) database.remove(entry);
  return next;
}

test('one round of active expiry removes all that has expired and nothing else', (t) => {
  const database = databaseOf(smallKeyspace({ capacityBytes: 2 ** 24 }));
  for (let key = 0; key < 2000; key++) putText(database, `k${key}`, 'v', key % 3 === 0 ? 0 : key);
  t.is(database.deadlineCount, 1333);
  let slices = 0;
  for (let position = 0; position !== endPosition; slices++) {
    position = expire(database, position, 999);
  }
  t.true(slices < 2000 * 2 / 3, 'slices of more than one entry');
  const left = Array.from({ length: 2000 }, (_, key) => key)
    .filter((key) => key % 3 === 0 || key > 999);
  t.is(database.size, left.length);
  t.true(left.every((key) => findKey(database, `k${key}`) !== 0));
  t.deepEqual(mortalKeys(database), left.filter((key) => key % 3 !== 0).map((key) => `k${key}`)
    .sort());
  for (let position = 0; position !== endPosition;) {
    position = expire(database, position, 2000);
  }
  t.is(database.deadlineCount, 0);
  t.is(database.size, 667);
  t.is(database.walkDeadlines(0, 10, () => t.fail()), endPosition);
});

test(`expiry between changes: what expired before a round is gone after it (seed ${seed})`, (t) => {
  const database = databaseOf(smallKeyspace({ capacityBytes: 2 ** 24 }));
  let state = seed;
  const random = (bound: number): number => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return Math.floor((state / 2 ** 32) * bound);
  };
  for (let nowMs = 1; nowMs <= 8; nowMs++) {
    for (let key = 0; key < 300; key++) {
      putText(database, `k${random(5000)}`, 'v'.repeat(random(300)), nowMs + random(3));
    }
    for (let position = 0; position !== endPosition;) {
      position = expire(database, position, nowMs);
      putText(database, `new${random(1000)}`, 'v', random(2) * 1000);
      const entry = findKey(database, `k${random(5000)}`);
      if (entry !== 0) database.append(entry, Buffer.alloc(random(6000)), 0, random(200));
    }
    const late: number[] = [];
    database.walk(0, Infinity, (entry) => {
      const deadlineMs = database.deadlineMs(entry);
      if (deadlineMs !== 0 && deadlineMs <= nowMs) late.push(deadlineMs);
    });
    t.deepEqual(late, []);
  }
});

const big = 'b'.repeat(9000);
const moves: readonly (readonly [string, (database: Database, entry: EntryAddress) => number])[] = [
  ['it grows', (database, entry) => database.append(entry, Buffer.from('x'.repeat(500)), 0, 500)],
  ['it becomes big', (database, entry) => database.append(entry, Buffer.from(big), 0, big.length)],
  ['it is overwritten beyond its end', (database, entry) =>
    database.overwrite(entry, 20_000, Buffer.from('end'), 0, 3)],
  ['it is overwritten in place', (database, entry) =>
    database.overwrite(entry, 0, Buffer.from('V'), 0, 1)],
  ['it is renamed', (database, entry) => database.rename(entry, Buffer.from('longer key'), 0, 10)],
  ['it is renamed to itself', (database, entry) =>
    database.rename(entry, Buffer.from('mortal'), 0, 6)],
  ['it replaces a key without deadline', (database, entry) =>
    database.rename(entry, Buffer.from('k1'), 0, 2)],
  ['it replaces a key with a deadline', (database, entry) =>
    database.rename(entry, Buffer.from('m1'), 0, 2)],
  ['it is set with its deadline', (database, entry) => {
    database.find(Buffer.from('mortal'), 0, 6);
    return database.put(Buffer.from(big), 0, big.length, database.deadlineMs(entry));
  }],
  ['it is given another and then the old one', (database, entry) =>
    database.setDeadline(database.setDeadline(database.setDeadline(entry, 9), 0), 5_000_000_000)],
  ['its database is swapped there and back', (database, entry) => {
    database.keyspace.swap(0, 1);
    database.keyspace.swap(1, 0);
    return entry;
  }],
];

for (const value of ['v', 'v'.repeat(200), 'V'.repeat(5000)]) {
  for (const [title, move] of moves) {
    test(`an entry of ${value.length} bytes keeps its deadline: ${title}`, (t) => {
      const keyspace = smallKeyspace({ capacityBytes: 2 ** 22 });
      const database = databaseOf(keyspace);
      for (let key = 0; key < 20; key++) {
        putText(database, `k${key}`, 'x');
        putText(database, `m${key}`, 'x', 7);
      }
      const deadlines = database.deadlineCount;
      const entry = move(database, putText(database, 'mortal', value, 5_000_000_000));
      const key = keyText(database, entry);
      t.is(findKey(database, key), entry);
      t.is(database.deadlineMs(entry), 5_000_000_000);
      t.is(database.deadlineCount, key === 'm1' ? deadlines : deadlines + 1);
      // The second dict has the address that the first one has.
      const met: EntryAddress[] = [];
      database.walkDeadlines(database.positionOf(entry), 1, (one) => met.push(one));
      t.deepEqual(met, [entry]);
      database.remove(entry);
      t.false(mortalKeys(database).includes(key));
    });
  }
}

test('a deadline is taken away by 0, by a put without one, by rename of a key without', (t) => {
  const database = databaseOf(smallKeyspace());
  for (const key of ['a', 'b', 'c', 'd']) putText(database, key, key, 5);
  putText(database, 'e', 'e');
  database.setDeadline(findKey(database, 'a'), 0);
  putText(database, 'b', 'a value of another size');
  database.rename(findKey(database, 'e'), Buffer.from('c'), 0, 1);
  t.deepEqual(mortalKeys(database), ['d']);
  t.is(database.deadlineCount, 1);
  for (const [key, value] of [['a', 'a'], ['b', 'a value of another size'], ['c', 'e']] as const) {
    t.deepEqual(held(database, findKey(database, key)), { value, deadlineMs: 0 });
  }
  const entry = findKey(database, 'e');
  t.is(entry, 0);
});

test('each database has its own deadlines, through swap and flush', (t) => {
  const keyspace = smallKeyspace();
  putText(databaseOf(keyspace, 0), 'zero', '', 5);
  putText(databaseOf(keyspace, 1), 'one', '', 5);
  keyspace.swap(0, 1);
  t.deepEqual(mortalKeys(databaseOf(keyspace, 0)), ['one']);
  t.deepEqual(mortalKeys(databaseOf(keyspace, 1)), ['zero']);
  databaseOf(keyspace, 1).flush();
  t.deepEqual(mortalKeys(databaseOf(keyspace, 1)), []);
  t.is(databaseOf(keyspace, 1).deadlineCount, 0);
  t.is(databaseOf(keyspace, 0).deadlineCount, 1);
});
