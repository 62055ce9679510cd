// What keys cost, and that memory comes back: when values shrink, keys go, databases are flushed.

import test from 'ava';
import type { Arena } from '../memory/arena.ts';
import type { Database } from './database.ts';
import type { Keyspace } from './keyspace.ts';
import { findKey, putText, smallKeyspace } from './test-support/model.ts';

const mib = 2 ** 20;

function first(keyspace: Keyspace): Database {
  return keyspace.databases[0] as Database;
}

function used(database: Database): number {
  return database.keyspace.arena.usedBytes;
}

/** Counts the allocations while `run` runs. */
function allocations(arena: Arena, run: () => void): number {
  const original = arena.allocate.bind(arena);
  let count = 0;
  arena.allocate = (bytes) => {
    count++;
    return original(bytes);
  };
  run();
  arena.allocate = original;
  return count;
}

test('a key of 20 bytes with a value of 100 costs less than redis-server takes for it', (t) => {
  const keyspace = smallKeyspace({ capacityBytes: 64 * mib });
  for (let at = 0; at < 50_000; at++) {
    putText(first(keyspace), `key:${String(at).padStart(16, '0')}`, 'v'.repeat(100));
  }
  const { usedBytes, indexBytes, overheadBytes } = keyspace.statistics();
  t.true(usedBytes / 50_000 < 170, `${usedBytes / 50_000} bytes a key`);
  t.is(overheadBytes, indexBytes + 50_000 * 12);
});

test('a value that shrinks gives its memory back', (t) => {
  const database = first(smallKeyspace());
  for (const [large, small] of [
    [400_000, 300_000], [400_000, 5000], [400_000, 10], [20_000, 5000], [4000, 100], [100, 0],
  ] as const) {
    putText(database, 'k', 'v'.repeat(small));
    const before = used(database);
    putText(database, 'k', 'v'.repeat(large));
    putText(database, 'k', 'v'.repeat(small));
    const kept = used(database) - before;
    t.true(kept <= small, `${large} bytes, then ${small}: ${kept} more than with ${small} alone`);
  }
});

test('a value of the same length, a deadline where there was one: nothing is allocated', (t) => {
  const database = first(smallKeyspace());
  putText(database, 'another mortal', 'v', 5);
  for (const length of [0, 10, 100, 4000, 50_000]) {
    putText(database, 'k', 'v'.repeat(length), 0);
    putText(database, 'mortal', 'v'.repeat(length), 5);
    const { arena } = database.keyspace;
    t.is(allocations(arena, () => putText(database, 'k', 'w'.repeat(length), 0)), 0);
    t.is(allocations(arena, () => putText(database, 'mortal', 'w'.repeat(length), 9)), 0);
    t.is(allocations(arena, () => putText(database, 'mortal', 'w'.repeat(length), 0)), 0);
    t.is(allocations(arena, () => database.setDeadline(findKey(database, 'mortal'), 7)), 0);
  }
});

test('appending again and again moves a big value only now and then', (t) => {
  const database = first(smallKeyspace({ capacityBytes: 16 * mib }));
  putText(database, 'k', 'v'.repeat(5000));
  const piece = Buffer.alloc(10, 'x');
  const moves = allocations(database.keyspace.arena, () => {
    for (let at = 0; at < 50_000; at++) {
      database.append(findKey(database, 'k'), piece, 0, piece.length);
    }
  });
  t.is(database.valueLength(findKey(database, 'k')), 505_000);
  t.true(moves < 40, `${moves} allocations`);
});

test('a big value is not copied by a new name or a deadline', (t) => {
  const database = first(smallKeyspace());
  const start = database.valueStart(putText(database, 'k', 'v'.repeat(700_000)));
  const name = Buffer.from('a name so long that the entry must move to another block');
  const renamed = database.rename(findKey(database, 'k'), name, 0, name.length);
  t.is(database.valueStart(renamed), start);
  const mortal = database.setDeadline(renamed, 5);
  t.is(database.valueStart(mortal), start);
  t.is(database.valueStart(database.setDeadline(mortal, 0)), start);
});

test('removing every key gives every byte back', (t) => {
  const database = first(smallKeyspace());
  for (let at = 0; at < 2000; at++) {
    putText(database, `key:${at}`, 'v'.repeat(at % 300), at % 3);
  }
  for (let at = 0; at < 2000; at++) {
    database.remove(findKey(database, `key:${at}`));
  }
  t.is(used(database), 0);
});

test('flushing the only database with keys takes no time and leaves nothing', (t) => {
  const keyspace = smallKeyspace({ capacityBytes: 64 * mib });
  for (let at = 0; at < 50_000; at++) {
    putText(first(keyspace), `key:${at}`, 'v', at % 2);
  }
  keyspace.flushAll();
  t.is(keyspace.arena.usedBytes, 0);
  t.is(keyspace.arena.reservedBytes, 0);
  t.is(first(keyspace).size + first(keyspace).deadlineCount, 0);
  t.true(keyspace.reclaim(1));
});

test('a flushed database beside others is given back in slices', (t) => {
  const keyspace = smallKeyspace({ capacityBytes: 64 * mib });
  const [one, other] = keyspace.databases as [Database, Database];
  putText(other, 'kept', 'value');
  const before = keyspace.arena.usedBytes;
  for (let at = 0; at < 20_000; at++) {
    putText(one, `key:${at}`, 'v', at % 2);
  }
  one.flush();
  t.is(one.size, 0);
  let slices = 0;
  while (!keyspace.reclaim(500)) {
    slices++;
  }
  t.true(slices > 20, `${slices} slices`);
  t.is(keyspace.arena.usedBytes, before);
  t.not(findKey(other, 'kept'), 0);
});

test('a key of more than 2 MiB is a key like others', (t) => {
  const database = first(smallKeyspace({ capacityBytes: 64 * mib }));
  for (const length of [2 ** 21 - 2, 2 ** 21 - 1, 2 ** 21, 5_000_000]) {
    const key = 'k'.repeat(length);
    const entry = putText(database, key, 'v', 5);
    t.is(database.keyLength(entry), length);
    t.is(database.deadlineMs(entry), 5);
    t.is(findKey(database, key), entry);
    t.is(findKey(database, key.slice(1)), 0);
    const short = Buffer.from('short');
    database.rename(findKey(database, key), short, 0, short.length);
    t.is(findKey(database, key), 0);
    database.remove(findKey(database, 'short'));
  }
  t.is(used(database), 0);
});
