// Strong exception safety: each change is tried with the arena failing at its first allocation, its
// second, and so on, until it succeeds; a change that failed must have left everything as it was.

import test from 'ava';
import { EngineError } from '../errors.ts';
import type { Arena } from '../memory/arena.ts';
import type { Database } from './database.ts';
import type { Preserver } from './keyspace.ts';
import { findKey, ModelledKeyspace, putText, smallKeyspace } from './test-support/model.ts';
import type { Change } from './test-support/model.ts';

const big = 'b'.repeat(50_000);
const larger = 'v'.repeat(99);
const rows: readonly (readonly [string, Change])[] = [
  ['a new key', { op: 'put', database: 0, key: 'new', value: 'v', deadlineMs: 0 }],
  ['a new key with deadline', { op: 'put', database: 0, key: 'new', value: 'v', deadlineMs: 5 }],
  ['a new big key', { op: 'put', database: 0, key: 'new', value: big, deadlineMs: 5 }],
  ['a first key', { op: 'put', database: 1, key: 'new', value: big, deadlineMs: 5 }],
  ['a larger value', { op: 'put', database: 0, key: 'key:5', value: larger, deadlineMs: 0 }],
  ['a big value', { op: 'put', database: 0, key: 'key:5', value: big, deadlineMs: 7 }],
  ['another big value', { op: 'put', database: 0, key: 'big', value: big + big, deadlineMs: 7 }],
  ['a value for a mortal', { op: 'put', database: 0, key: 'mortal', value: big, deadlineMs: 0 }],
  ['an appended value', { op: 'append', database: 0, key: 'key:7', value: 'x'.repeat(300) }],
  ['an appended big value', { op: 'append', database: 0, key: 'big', value: big }],
  ['a gap', { op: 'overwrite', database: 0, key: 'mortal', value: 'x', offset: 30_000 }],
  ['a deadline', { op: 'deadline', database: 0, key: 'key:9', deadlineMs: 77 }],
  ['a deadline for a big one', { op: 'deadline', database: 0, key: 'big', deadlineMs: 77 }],
  ['another name', { op: 'rename', database: 0, key: 'key:3', to: 'renamed' }],
  ['a name in use', { op: 'rename', database: 0, key: 'key:3', to: 'big' }],
  ['another name for a mortal key', { op: 'rename', database: 0, key: 'mortal', to: 'renamed' }],
  ['a mortal name for another', { op: 'rename', database: 0, key: 'mortal', to: 'key:1' }],
];

/** Makes the n-th allocation from now on fail; returns how to end that. */
function failAt(arena: Arena, nth: number): () => boolean {
  const original = arena.allocate.bind(arena);
  let left = nth;
  arena.allocate = (bytes) => {
    if (left === 0) {
      throw new EngineError('ARENA_FULL', 'injected');
    }
    left--;
    return original(bytes);
  };
  return () => {
    arena.allocate = original;
    return left === 0;
  };
}

/** A keyspace with `count` keys, some of them special, and its model. */
function filled(count: number): ModelledKeyspace {
  const both = new ModelledKeyspace(smallKeyspace());
  for (let at = 0; at < count; at++) {
    const deadlineMs = at % 7 === 6 ? 1000 + at : 0;
    both.apply({ op: 'put', database: 0, key: `key:${at}`, value: 'old', deadlineMs });
  }
  both.apply({ op: 'put', database: 0, key: 'mortal', value: 'old', deadlineMs: 99 });
  both.apply({ op: 'put', database: 0, key: 'big', value: big.toUpperCase(), deadlineMs: 0 });
  return both;
}

for (const [name, change] of rows) {
  test(`when the arena is full at any allocation, nothing has changed: ${name}`, (t) => {
    let failures = 0;
    // Sizes around those at which the small segments of tests are full: splits are among them.
    for (let count = 10; count < 60; count++) {
      for (let nth = 0, done = false; !done; nth++) {
        const both = filled(count);
        both.refusals = 0;
        const end = failAt(both.keyspace.arena, nth);
        both.apply(change);
        end();
        done = both.refusals === 0;
        failures += both.refusals;
        const difference = both.difference();
        if (difference !== null) {
          t.fail(`${count} keys, allocation ${nth}: ${difference}`);
          return;
        }
      }
    }
    t.true(failures >= 50, `only ${failures} failures`);
  });
}

test('what needs no memory works when the arena is full', (t) => {
  const both = filled(40);
  const end = failAt(both.keyspace.arena, 0);
  both.apply({ op: 'put', database: 0, key: 'key:1', value: 'new', deadlineMs: 0 });
  both.apply({ op: 'deadline', database: 0, key: 'mortal', deadlineMs: 0 });
  both.apply({ op: 'deadline', database: 0, key: 'mortal', deadlineMs: 0 });
  for (let at = 2; at < 40; at++) {
    both.apply({ op: 'remove', database: 0, key: `key:${at}` });
  }
  t.is(both.refusals, 0);
  end();
  t.is(both.difference(), null);
});

test('a refused change tells the preserver nothing', (t) => {
  const both = filled(30);
  const told: number[] = [];
  const preserver: Preserver = {
    preserve: (_, entry) => told.push(entry),
    flushed: () => undefined,
  };
  both.keyspace.beginSnapshot(preserver);
  const end = failAt(both.keyspace.arena, 0);
  const database = both.keyspace.databases[0] as Database;
  t.throws(() => putText(database, 'key:5', big), { code: 'ARENA_FULL' });
  t.throws(() => database.setDeadline(findKey(database, 'key:5'), 5), { code: 'ARENA_FULL' });
  t.throws(() => database.append(findKey(database, 'key:5'), Buffer.from(big), 0, 50_000), {
    code: 'ARENA_FULL',
  });
  t.deepEqual(told, []);
  end();
  const entry = findKey(database, 'key:5');
  putText(database, 'key:5', big);
  t.deepEqual(told, [entry]);
});

test('memory of a flushed database is found when it is needed, without a call of reclaim', (t) => {
  const keyspace = smallKeyspace();
  const [first, second] = keyspace.databases as [Database, Database];
  putText(second, 'kept', 'value');
  for (let at = 0; at < 5000; at++) {
    putText(first, `key:${at}`, 'v'.repeat(100));
  }
  first.flush();
  t.is(first.size, 0);
  t.true(keyspace.arena.usedBytes > 300_000, 'not all is given back at once');
  for (let at = 0; at < 5000; at++) {
    putText(first, `other:${at}`, 'v'.repeat(120));
  }
  t.is(first.size, 5000);
  t.not(findKey(second, 'kept'), 0);
});
