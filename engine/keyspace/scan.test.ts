// SCAN's promise: what is present throughout a whole iteration is returned, once, although keys
// come, go and move and segments split and merge between the calls.
import test from 'ava';
import { endPosition } from './database.ts';
import type { Database } from './database.ts';
import type { Keyspace } from './keyspace.ts';
import { contents, findKey, keyText, putText, smallKeyspace } from './test-support/model.ts';

const seed = 20261122;

/** A small generator of random numbers below a bound. */
function randomBelow(start: number): (bound: number) => number {
  let state = start;
  return (bound) => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return Math.floor((state / 2 ** 32) * bound);
  };
}

function first(keyspace: Keyspace): Database {
  const database = keyspace.databases[0];
  if (database === undefined) throw new Error('no database');
  return database;
}

function newDatabase(): Database {
  return first(smallKeyspace({ capacityBytes: 2 ** 24 }));
}

function remove(database: Database, key: string): void {
  const entry = findKey(database, key);
  if (entry !== 0) database.remove(entry);
}

type Change = (database: Database, random: (bound: number) => number, call: number) => void;

function insertSome(database: Database, random: (bound: number) => number, many: number): void {
  for (let i = 0; i < many; i++) putText(database, `passing:${random(20_000)}`, 'p');
}

function removeSome(database: Database, random: (bound: number) => number, many: number): void {
  const keys = [...contents(database, 100).keys()].filter((key) => key.startsWith('passing'));
  for (let i = 0; i < many && keys.length > 0; i++) {
    remove(database, keys.splice(random(keys.length), 1)[0] ?? '');
  }
}

const stayingKeys = Array.from({ length: 150 }, (_, index) => `staying:${index}`);

const changes: readonly (readonly [string, number, Change])[] = [
  ['nothing changes', 1000, () => {}],
  ['keys come and segments split', 0, (database, random, call) => {
    if (call < 60) insertSome(database, random, 40);
  }],
  ['keys go and segments merge', 6000, (database, random, call) => {
    if (call < 60) removeSome(database, random, 400);
  }],
  ['it grows and shrinks by turns', 500, (database, random, call) => {
    if (call < 80 && call % 20 < 10) insertSome(database, random, 100);
    if (call < 80 && call % 20 >= 10) removeSome(database, random, 150);
  }],
  ['the staying keys are overwritten and move', 100, (database, random) => {
    const key = stayingKeys[random(stayingKeys.length)] ?? '';
    putText(database, key, 'v'.repeat(random(9000)), random(2) * 1e12);
    database.setDeadline(findKey(database, key), random(2) * 1e12);
    database.append(findKey(database, key), Buffer.from('more'), 0, random(5));
  }],
  ['staying keys are swapped there and back', 100, (database) => {
    database.keyspace.swap(0, 1);
    insertSome(first(database.keyspace), () => 7, 1);
    database.keyspace.swap(0, 1);
  }],
];

for (const [title, passing, change] of changes) {
  for (const count of [1, 10, 1000]) {
    test(`scan with count ${count} returns every staying key: ${title} (seed ${seed})`, (t) => {
      const database = newDatabase();
      const random = randomBelow(seed);
      for (const key of stayingKeys) putText(database, key, '');
      insertSome(database, random, passing);
      const met = new Map<string, number>();
      let cursor = 0;
      for (let call = 0; ; call++) {
        let visited = 0;
        const next = database.scan(cursor, count, (entry) => {
          const key = keyText(database, entry);
          met.set(key, (met.get(key) ?? 0) + 1);
          visited++;
        });
        t.true(visited <= count + 2, `${visited} entries in one call`);
        if (next === 0) break;
        if (next <= cursor) throw new Error(`cursor ${next} after ${cursor}`);
        cursor = next;
        change(database, random, call);
      }
      t.deepEqual(stayingKeys.filter((key) => met.get(key) !== 1), []);
      t.deepEqual([...met.keys()].filter((key) => !/^(staying|passing):\d+$/.test(key)), []);
    });
  }
}

test(`a key that goes and comes back while others stay is returned or not (seed ${seed})`, (t) => {
  const database = newDatabase();
  for (const key of stayingKeys) putText(database, key, '');
  const met: string[] = [];
  let cursor = 0;
  do {
    cursor = database.scan(cursor, 1, (entry) => met.push(keyText(database, entry)));
    remove(database, 'comet');
    putText(database, 'comet', 'new');
  } while (cursor !== 0);
  t.deepEqual(met.filter((key) => key !== 'comet').sort(), [...stayingKeys].sort());
  t.true(met.length - stayingKeys.length <= 1);
});

for (const keys of [0, 1, 2, 11, 12, 500]) {
  test(`count hints: ${keys} keys that do not change`, (t) => {
    const database = newDatabase();
    for (let key = 0; key < keys; key++) putText(database, `k${key}`, '');
    for (const count of [-1, 0, 1, 2, 10, 100, 1e6, Infinity]) {
      let calls = 0;
      let seen = 0;
      let cursor = 0;
      do {
        let visited = 0;
        cursor = database.scan(cursor, count, () => visited++);
        t.true(visited <= Math.max(1, count));
        seen += visited;
        calls++;
      } while (cursor !== 0);
      t.is(seen, keys);
      // Every call gets on by `count` keys or segments; segments of 16 slots hold 2 keys at least.
      t.true(calls <= 1 + (keys * 1.5) / Math.max(1, count), `${calls} calls of ${count}`);
    }
  });
}

for (const cursor of [-1, 1, 0.5, 2 ** 31 - 2, 2 ** 31 - 1, 2 ** 31, 2 ** 53, 1e300]) {
  test(`cursor ${cursor}, never given out, is taken and the iteration ends`, (t) => {
    const database = newDatabase();
    for (let key = 0; key < 100; key++) putText(database, `k${key}`, '');
    let at = cursor;
    let calls = 0;
    do {
      at = database.scan(at, 10, () => {});
      calls++;
    } while (at !== 0 && calls < 1000);
    t.true(calls <= 100);
  });
}

test(`a flush between the calls ends the iteration (seed ${seed})`, (t) => {
  const database = newDatabase();
  insertSome(database, randomBelow(seed), 1000);
  const cursor = database.scan(0, 10, () => {});
  t.true(cursor > 0);
  database.flush();
  t.is(database.scan(cursor, 10, () => t.fail()), 0);
  putText(database, 'new', '');
  const position = database.positionOf(findKey(database, 'new'));
  const met: string[] = [];
  t.is(database.scan(cursor, 10, (entry) => met.push(keyText(database, entry))), 0);
  t.is(met.length, position >= cursor ? 1 : 0);
});

for (const [budget, many] of [[1, 200], [7, 1000], [100, 1500]] as const) {
  test(`walked already exactly if positionOf is less, budget ${budget} (seed ${seed})`, (t) => {
    const database = newDatabase();
    const random = randomBelow(seed + budget);
    insertSome(database, random, many);
    const walked = new Set<string>();
    let position = 0;
    let wrong = 0;
    while (position < endPosition) {
      position = database.walk(position, budget, (entry) => walked.add(keyText(database, entry)));
      // Whatever is there now and was there before the walk: its position tells.
      for (const key of contents(database, 1000).keys()) {
        const before = database.positionOf(findKey(database, key)) < position;
        if (before !== walked.has(key)) wrong++;
      }
      const fresh = `passing:${random(20_000)}`;
      putText(database, fresh, 'x'.repeat(random(5000)));
      if (database.positionOf(findKey(database, fresh)) < position) walked.add(fresh);
      removeSome(database, random, 1);
    }
    t.is(wrong, 0);
    t.true(walked.size > many / 2);
  });
}
