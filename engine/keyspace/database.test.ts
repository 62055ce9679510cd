// A database by examples: keys and values of every kind and size, what `put` may rely on after
// `find`, memory back at the baseline, hash collisions, and the hash order of two seeds.
import test from 'ava';
import * as fc from 'fast-check';
import { Arena } from '../memory/arena.ts';
import type { Database } from './database.ts';
import { inlineLimitBytes } from './entry.ts';
import { Keyspace } from './keyspace.ts';
import {
  changes, contents, findKey, held, keyText, ModelledKeyspace, putText, smallKeyspace,
} from './test-support/model.ts';

const seed = 20261122;
const mib = 2 ** 20;

function databaseOf(keyspace: Keyspace, index: number = 0): Database {
  const database = keyspace.databases[index];
  if (database === undefined) throw new Error(`no database ${index}`);
  return database;
}

function textOf(database: Database, key: string): string | null {
  const entry = findKey(database, key);
  return entry === 0 ? null : held(database, entry).value;
}

// ---- bytes --------------------------------------------------------------------------------------

const bytes = fc.oneof(
  fc.uint8Array({ maxLength: 12 }), fc.uint8Array({ minLength: 60, maxLength: 70, size: 'max' }),
  fc.constantFrom('', '\0', '\0\0', '\0\0\0\0', '\xff', '\xff\xff\xff\xff', 'a', 'a\0', '\0a')
    .map((text) => new Uint8Array(Buffer.from(text, 'latin1'))),
);

for (const startBytes of [0, 2 ** 31 - 30_000, 2 ** 33 - 30_000]) {
  test(`binary keys and values, from byte ${startBytes} (seed ${seed})`, (t) => {
    const keyspace = smallKeyspace({ capacityBytes: 2 ** 34, startBytes });
    const database = databaseOf(keyspace);
    fc.assert(fc.property(fc.array(fc.tuple(bytes, bytes), { maxLength: 60 }), (pairs) => {
      const model = new Map<string, string>();
      for (const [key, value] of pairs) {
        // Key and value in the middle of other bytes, as in a request.
        const request = Buffer.concat([Buffer.from([7]), key, value, Buffer.from([9])]);
        const found = database.find(request, 1, 1 + key.length);
        const known = model.has(Buffer.from(key).toString('latin1'));
        if ((found !== 0) !== known) throw new Error('found what is not there, or not what is');
        database.put(request, 1 + key.length, 1 + key.length + value.length, 0);
        model.set(Buffer.from(key).toString('latin1'), Buffer.from(value).toString('latin1'));
      }
      if (database.size !== model.size) throw new Error(`${database.size} keys`);
      for (const [key, value] of model) {
        if (textOf(database, key) !== value) throw new Error(`value of ${JSON.stringify(key)}`);
      }
      keyspace.flushAll();
    }), { seed, numRuns: 60 });
    t.is(keyspace.arena.usedBytes, 0);
  });
}

const limit = inlineLimitBytes;
const lengths = [
  0, 1, 2, 3, 4, 31, 32, 33, 255, 256, 257, limit - 1, limit, limit + 1, 16_384, 16_385, 300_000,
];

for (const deadlineMs of [0, 1, -1, 2 ** 32 - 1, 2 ** 32, 2 ** 53 - 1, -(2 ** 40) - 3]) {
  test(`every value length follows every other, deadline ${deadlineMs}`, (t) => {
    const keyspace = smallKeyspace({ capacityBytes: 16 * mib });
    const database = databaseOf(keyspace);
    for (const from of lengths) {
      for (const to of lengths) {
        putText(database, 'neighbour', 'n');
        putText(database, 'k', 'a'.repeat(from), from % 2);
        const entry = putText(database, 'k', 'b'.repeat(to), deadlineMs);
        t.true(held(database, entry).value === 'b'.repeat(to), `${from} → ${to}`);
        t.is(database.deadlineMs(entry), deadlineMs);
        const used = database.occupiedBytes(entry) +
          database.occupiedBytes(findKey(database, 'neighbour')) + keyspace.segments.bytes;
        t.is(keyspace.arena.usedBytes, used, `${from} → ${to}`);
      }
    }
    t.is(database.deadlineCount, deadlineMs === 0 ? 0 : 1);
  });
}

for (const keyLength of [63, 64, 65, 2 ** 21 - 2, 2 ** 21 - 1, 2 ** 21, 2 ** 21 + 5]) {
  test(`a key of ${keyLength} bytes is found, moves, is renamed and goes`, (t) => {
    const keyspace = smallKeyspace({ capacityBytes: 64 * mib });
    const database = databaseOf(keyspace);
    const key = 'k'.repeat(keyLength - 1);
    for (const value of ['short', 'long'.repeat(5000)]) {
      putText(database, `${key}1`, value);
      putText(database, `${key}2`, 'other', 5);
      t.is(textOf(database, `${key}1`), value);
      t.is(textOf(database, key), null);
      const moved = database.setDeadline(findKey(database, `${key}1`), 77);
      t.deepEqual(held(database, moved), { value, deadlineMs: 77 });
      const target = Buffer.from(`${key}2`);
      const renamed = database.rename(moved, target, 0, target.length);
      t.deepEqual(held(database, renamed), { value, deadlineMs: 77 });
      t.true(keyText(database, renamed) === `${key}2`);
      const back = database.rename(renamed, Buffer.from('small'), 0, 5);
      t.deepEqual(held(database, back), { value, deadlineMs: 77 });
      t.is(database.size, 1);
      database.remove(back);
      t.is(keyspace.arena.usedBytes, 0);
    }
  });
}

// ---- find, then put -----------------------------------------------------------------------------

const between: readonly (readonly [string, (database: Database) => void])[] = [
  ['nothing', () => {}],
  ['the key is removed', (database) => {
    const entry = database.find(Buffer.from('key'), 0, 3);
    if (entry !== 0) database.remove(entry);
    database.find(Buffer.from('key'), 0, 3);
  }],
  ['the entry found is removed', (database) => {
    const entry = [...entriesOf(database)].find((one) => keyText(database, one) === 'key');
    if (entry !== undefined) database.remove(entry);
  }],
  ['the entry found moves', (database) => {
    const entry = [...entriesOf(database)].find((one) => keyText(database, one) === 'key');
    if (entry !== undefined) database.setDeadline(entry, 5);
  }],
  ['the database is flushed', (database) => database.flush()],
  ['everything is flushed', (database) => database.keyspace.flushAll()],
  ['the database is swapped', (database) => database.keyspace.swap(0, 1)],
  ['a put with the same find', (database) => database.put(Buffer.from('first'), 0, 5, 0)],
];

function entriesOf(database: Database): Set<number> {
  const entries = new Set<number>();
  database.walk(0, Infinity, (entry) => entries.add(entry));
  return entries;
}

for (const [title, act] of between) {
  for (const present of [true, false]) {
    test(`between find and put: ${title}, the key is ${present ? '' : 'not '}there`, (t) => {
      for (const value of ['v', 'value', 'long'.repeat(2000)]) {
        const keyspace = smallKeyspace({ capacityBytes: 4 * mib });
        const database = databaseOf(keyspace);
        for (let key = 0; key < 30; key++) putText(databaseOf(keyspace, key % 2), `k${key}`, 'x');
        if (present) putText(database, 'key', 'v');
        database.find(Buffer.from('key'), 0, 3);
        act(database);
        const entry = database.put(Buffer.from(value), 0, value.length, 9);
        t.deepEqual(held(database, entry), { value, deadlineMs: 9 });
        t.is(findKey(database, 'key'), entry);
        t.is(contents(database).get('key')?.value, value);
        t.is(entriesOf(database).size, database.size);
        t.is(database.deadlineCount, 1);
      }
    });
  }
}

test('what find saw in one database is not taken for what another one holds', (t) => {
  const keyspace = smallKeyspace();
  const [one, two] = [databaseOf(keyspace, 0), databaseOf(keyspace, 1)];
  // As many changes here as there: nothing but the swap tells the two apart.
  putText(one, 'key', 'a');
  putText(two, 'key', 'b');
  for (const value of ['c', 'a longer value']) {
    findKey(one, 'key');
    keyspace.swap(0, 1);
    one.put(Buffer.from(value), 0, value.length, 0);
    t.is(textOf(one, 'key'), value);
    keyspace.swap(0, 1);
    t.is(textOf(one, 'key'), 'a');
    t.is(textOf(two, 'key'), value);
  }
});

test('a value may come from another entry of the arena', (t) => {
  const keyspace = smallKeyspace({ capacityBytes: 4 * mib });
  const database = databaseOf(keyspace);
  for (const value of ['', 'short', 'x'.repeat(100), 'long'.repeat(20_000)]) {
    const source = putText(database, 'source', value);
    const start = database.valueStart(source);
    findKey(database, 'target');
    const target = database.put(keyspace.arena.u8, start, start + value.length, 0);
    t.true(held(database, target).value === value);
    const twice = database.append(target, keyspace.arena.u8, start, start + value.length);
    t.true(held(database, twice).value === value + value);
    t.true(textOf(database, 'source') === value);
  }
});

test('appending byte by byte copies a big value rarely', (t) => {
  const keyspace = smallKeyspace({ capacityBytes: 4 * mib });
  const database = databaseOf(keyspace);
  let entry = putText(database, 'k', 'x'.repeat(limit + 1));
  let moves = 0;
  for (let length = limit + 1; length < 200_000; length++) {
    const next = database.append(entry, Buffer.from('y'), 0, 1);
    if (next !== entry) moves++;
    entry = next;
  }
  t.is(database.valueLength(entry), 200_000);
  t.true(moves < 15, `${moves} moves`);
});

// ---- counters -----------------------------------------------------------------------------------

test(`memory returns to the baseline, the dirty counter is the commands' (seed ${seed})`, (t) => {
  fc.assert(fc.property(fc.array(changes, { maxLength: 200, size: 'max' }), (list) => {
    const both = new ModelledKeyspace(smallKeyspace({ capacityBytes: 2 ** 24 }));
    const { keyspace } = both;
    for (const change of list) both.apply(change);
    const difference = both.difference();
    if (difference !== null) throw new Error(difference);
    const keys = both.models.reduce((sum, model) => sum + model.size, 0);
    if (keyspace.size !== keys) throw new Error(`${keyspace.size} keys in all`);
    if (keyspace.changes !== 0) throw new Error('the keyspace counts changes itself');
    // Half of the runs by hand, key by key; the others at once.
    if (list.length % 2 === 0) {
      for (const database of keyspace.databases) {
        for (const entry of entriesOf(database)) database.remove(entry);
      }
    } else {
      keyspace.flushAll();
    }
    const { usedBytes, indexBytes } = keyspace.statistics();
    if (usedBytes !== 0 || indexBytes !== 0) throw new Error(`${usedBytes} bytes are left`);
    keyspace.arena.trim();
    if (keyspace.arena.reservedBytes !== 0) throw new Error('the arena is not whole again');
  }), { seed, numRuns: 40 });
  t.pass();
});

test('flushing one database of two gives its memory back in slices', (t) => {
  const keyspace = smallKeyspace({ capacityBytes: 16 * mib });
  putText(databaseOf(keyspace, 1), 'stays', 'value', 5);
  const baseline = keyspace.arena.usedBytes;
  const indexBytes = keyspace.segments.bytes;
  for (let round = 0; round < 2; round++) {
    for (let key = 0; key < 3000; key++) {
      putText(databaseOf(keyspace), `k${key}`, 'v'.repeat(key), key % 2);
    }
    databaseOf(keyspace).flush();
    t.is(databaseOf(keyspace).size, 0);
    t.is(databaseOf(keyspace).deadlineCount, 0);
    let slices = 0;
    while (!keyspace.reclaim(100)) slices++;
    t.true(slices > 10, `${slices} slices`);
    t.is(keyspace.arena.usedBytes, baseline);
    t.is(keyspace.segments.bytes, indexBytes);
    t.deepEqual(contents(databaseOf(keyspace, 1)), new Map([
      ['stays', { value: 'value', deadlineMs: 5 }],
    ]));
  }
});

// ---- hashes -------------------------------------------------------------------------------------

for (const [title, weaken] of [
  ['only 64 hashes exist', (hash: number) => hash & ~0x1ffffff],
  ['they share the upper 12 bits', (hash: number) => hash & 0x7ffff],
  ['they differ in the last 9 bits of 22', (hash: number) => hash & 0x3fe00],
  ['pairs collide', (hash: number) => hash & ~0xfffff],
] as const) {
  test(`keys whose hashes are poor are kept apart all the same: ${title} (seed ${seed})`, (t) => {
    fc.assert(fc.property(fc.array(changes, { maxLength: 250, size: 'max' }), (list) => {
      const keyspace = smallKeyspace({ capacityBytes: 2 ** 26 });
      const { keyHash } = keyspace;
      const strong = keyHash.of.bind(keyHash);
      keyHash.of = (buffer, start, end) => weaken(strong(buffer, start, end));
      const both = new ModelledKeyspace(keyspace);
      for (let at = 0; at < 60; at++) {
        const key = `key:${at}`;
        both.apply({ op: 'put', database: 0, key, value: `${at}`, deadlineMs: at % 2 });
      }
      for (const change of list) both.apply(change);
      const difference = both.difference();
      if (difference !== null) throw new Error(difference);
    }), { seed, numRuns: 25 });
    t.pass();
  });
}

test('keys of one hash are walked together, so that none is met twice or left out', (t) => {
  const keyspace = smallKeyspace({ capacityBytes: 2 ** 24 });
  const strong = keyspace.keyHash.of.bind(keyspace.keyHash);
  keyspace.keyHash.of = (buffer, start, end) => strong(buffer, start, end) & ~0x3ffffff;
  const database = databaseOf(keyspace);
  for (let key = 0; key < 100; key++) putText(database, `k${key}`, '');
  for (const budget of [1, 2, 7]) {
    const met: string[] = [];
    let cursor = 0;
    do {
      cursor = database.scan(cursor, budget, (entry) => met.push(keyText(database, entry)));
    } while (cursor !== 0 && met.length < 1000);
    t.is(met.length, 100);
    t.is(new Set(met).size, 100);
  }
});

test(`another hash seed, in either half, is another order (seed ${seed})`, (t) => {
  const orders = [seed, seed + 1, seed + 2 ** 32, 2 ** 53 - 1, 0].map((hashSeed) => {
    const arena = new Arena({ capacityBytes: mib });
    const database = databaseOf(new Keyspace({ arena, databaseCount: 1, hashSeed }));
    for (let key = 0; key < 100; key++) putText(database, `key:${key}`, '');
    const again = databaseOf(new Keyspace({ arena, databaseCount: 1, hashSeed }));
    for (let key = 99; key >= 0; key--) putText(again, `key:${key}`, '');
    t.deepEqual([...contents(database).keys()], [...contents(again).keys()]);
    return [...contents(database).keys()];
  });
  for (const [index, order] of orders.entries()) {
    for (const other of orders.slice(0, index)) {
      const inPlace = order.filter((key, at) => key === other[at]);
      t.true(inPlace.length < 12, `${inPlace.length} of 100 keys at the same place`);
    }
  }
});

// ---- the same key again and again ---------------------------------------------------------------

interface Meanwhile {
  readonly name: string;
  readonly change: (keyspace: Keyspace, database: Database) => void;
  readonly after: string | null;
}

const other = Buffer.from('kez');

const meanwhiles: readonly Meanwhile[] = [
  { name: 'nothing', change: () => {}, after: 'value' },
  { name: 'it is removed', change: (_, db) => db.remove(findKey(db, 'key')), after: null },
  {
    name: 'it moves for a longer value', change: (_, db) => putText(db, 'key', 'x'.repeat(900)),
    after: 'x'.repeat(900),
  },
  {
    name: 'it is renamed', after: null,
    change: (_, db) => db.rename(findKey(db, 'key'), other, 0, other.length),
  },
  {
    name: 'it goes to another database', after: null,
    change: (keyspace, db) => db.move(findKey(db, 'key'), databaseOf(keyspace, 1)),
  },
  { name: 'its database is flushed', change: (_, db) => db.flush(), after: null },
  { name: 'all is flushed', change: (keyspace) => keyspace.flushAll(), after: null },
  { name: 'its database is swapped', change: (keyspace) => keyspace.swap(0, 1), after: 'other' },
  {
    name: 'it is removed and set again', after: 'again',
    change: (_, db) => {
      db.remove(findKey(db, 'key'));
      putText(db, 'kez', 'in its place');
      putText(db, 'key', 'again');
    },
  },
];

for (const { name, change, after } of meanwhiles) {
  test(`a key sought again and again is what it is by now: ${name}`, (t) => {
    const keyspace = smallKeyspace({ capacityBytes: mib });
    const database = databaseOf(keyspace);
    if (name === 'its database is swapped') putText(databaseOf(keyspace, 1), 'key', 'other');
    putText(database, 'key', 'value');
    for (let time = 0; time < 3; time++) {
      t.is(textOf(database, 'key'), 'value');
      t.is(findKey(database, 'ke'), 0);
      t.is(findKey(database, 'kex'), 0);
      for (let again = 0; again < 3; again++) t.is(textOf(database, 'key'), 'value');
    }
    change(keyspace, database);
    for (let again = 0; again < 3; again++) t.is(textOf(database, 'key'), after);
    t.is(findKey(database, 'kex'), 0);
  });
}
