// An arena of 1 MiB that is really full, not by injection (full.test.ts): each kind of change is
// repeated until it is refused, then memory is freed and everything works again.
import test from 'ava';
import { EngineError } from '../errors.ts';
import type { Database } from './database.ts';
import type { Keyspace } from './keyspace.ts';
import {
  contents, findKey, held, keyText, ModelledKeyspace, putText, smallKeyspace,
} from './test-support/model.ts';
import type { Change, Held } from './test-support/model.ts';

const big = 'b'.repeat(20_000);

function databaseOf(keyspace: Keyspace, index: number = 0): Database {
  const database = keyspace.databases[index];
  if (database === undefined) throw new Error(`no database ${index}`);
  return database;
}

/** Numbered changes of one kind; `step` counts up until one is refused. */
const kinds: readonly (readonly [string, (step: number) => Change])[] = [
  ['small keys', (step) => ({
    op: 'put', database: 0, key: `new:${step}`, value: 'v'.repeat(60), deadlineMs: 0,
  })],
  ['empty keys with deadlines', (step) => ({
    op: 'put', database: 0, key: `new:${step}`.padEnd(50), value: '', deadlineMs: step + 1,
  })],
  ['middling keys', (step) => ({
    op: 'put', database: 1, key: `new:${step}`, value: 'v'.repeat(step % 3000), deadlineMs: 0,
  })],
  ['big keys', (step) => ({
    op: 'put', database: 0, key: `new:${step}`, value: big, deadlineMs: step % 2,
  })],
  ['one value that is appended to', (step) => ({
    op: 'append', database: 0, key: 'key:0', value: 'v'.repeat(1 + (step % 700)),
  })],
  ['one value with ever greater gaps', (step) => ({
    op: 'overwrite', database: 0, key: 'key:0', value: 'v', offset: step * 999,
  })],
  ['every value that grows by turns', (step) => ({
    op: 'append', database: 0, key: `key:${step % 40}`, value: 'v'.repeat(100),
  })],
];

/** Enough keys of all sorts to change. */
function started(): ModelledKeyspace {
  const both = new ModelledKeyspace(smallKeyspace());
  for (let key = 0; key < 40; key++) {
    both.apply({
      op: 'put', database: 0, key: `key:${key}`, value: 'old'.repeat(key * key),
      deadlineMs: (key % 2) * 5,
    });
  }
  return both;
}

/** Repeats changes until one is refused; returns how many were made. */
function fill(both: ModelledKeyspace, changeAt: (step: number) => Change): number {
  const before = both.refusals;
  for (let step = 0; ; step++) {
    both.apply(changeAt(step));
    if (both.refusals > before) return step;
    if (step > 100_000) throw new Error('the arena is never full');
  }
}

/** One change of each kind, some of which may be refused. */
const others: readonly Change[] = [
  { op: 'deadline', database: 0, key: 'key:2', deadlineMs: 99 },
  { op: 'deadline', database: 0, key: 'key:3', deadlineMs: 99 },
  { op: 'rename', database: 0, key: 'key:4', to: 'a name that no key has had so far' },
  { op: 'rename', database: 0, key: 'key:5', to: 'key:6' },
  { op: 'append', database: 0, key: 'key:7', value: big },
  { op: 'overwrite', database: 0, key: 'key:8', value: big, offset: 100 },
  { op: 'put', database: 0, key: 'key:9', value: big, deadlineMs: 3 },
  { op: 'put', database: 2, key: 'first of its database', value: '', deadlineMs: 3 },
];

for (const [title, changeAt] of kinds) {
  test(`full of ${title}: all is kept, and what is freed is found again`, (t) => {
    const both = started();
    const steps = fill(both, changeAt);
    // A value that moves needs room for the old and the new one at once.
    t.true(both.keyspace.arena.usedBytes > 0.3 * 2 ** 20, `full after ${steps}`);
    const many = both.keyspace.size > 1000;
    for (const change of others) {
      both.apply(change);
      if (!many) t.is(both.difference(), null, `${change.op} in a full arena`);
    }
    t.is(both.difference(), null);
    // Removing always works, and then so does what was refused.
    const fresh = [...(both.models[0]?.keys() ?? [])].slice(10);
    for (const key of fresh) both.apply({ op: 'remove', database: 0, key });
    both.apply({ op: 'flush', database: 1 });
    const refused = both.refusals;
    both.apply({ op: 'put', database: 0, key: 'key:0', value: 'small', deadlineMs: 0 });
    for (const change of others) both.apply(change);
    both.apply({ op: 'put', database: 0, key: 'after', value: big, deadlineMs: 4 });
    t.is(both.refusals, refused);
    t.is(both.difference(), null);
    // As often as before: nothing of the arena was lost on the way.
    both.apply({ op: 'flushAll' });
    t.is(both.keyspace.arena.usedBytes, 0);
    const again = started();
    both.models = again.models;
    for (const [key, { value, deadlineMs }] of again.models[0] ?? []) {
      putText(databaseOf(both.keyspace), key, value, deadlineMs);
    }
    t.true(fill(both, changeAt) >= steps - 1);
    if (!many) t.is(both.difference(), null);
  });
}

test('a full arena during a snapshot: refused changes change neither present nor past', (t) => {
  const both = started();
  const { keyspace } = both;
  const expected = contents(databaseOf(keyspace), 100);
  const taken = new Map<string, Held>();
  const take = (entry: number): void => {
    const key = keyText(keyspace.snapshotDatabase(0), entry);
    if (taken.has(key)) throw new Error(`${key} twice`);
    taken.set(key, held(keyspace.snapshotDatabase(0), entry));
  };
  keyspace.beginSnapshot({ preserve: (_, entry) => take(entry), flushed: () => {} });
  for (const [, changeAt] of kinds) fill(both, changeAt);
  for (const change of others) both.apply(change);
  both.apply({ op: 'flush', database: 0 });
  t.is(fill(both, (step) => ({
    op: 'put', database: 0, key: `k${step}`, value: big, deadlineMs: 0,
  })) < 50, true, 'what the snapshot needs is not given back');
  t.is(both.difference(), null);
  keyspace.snapshotDatabase(0).walk(0, Infinity, (entry) => {
    if (keyspace.inSnapshot(entry)) take(entry);
  });
  keyspace.endSnapshot();
  t.is(taken.size, expected.size);
  const wrong = [...expected].filter(([key, { value, deadlineMs }]) =>
    taken.get(key)?.value !== value || taken.get(key)?.deadlineMs !== deadlineMs);
  t.deepEqual(wrong.map(([key]) => key), []);
  t.is(both.difference(), null);
});

test('refusals say how much, and name what to do', (t) => {
  const keyspace = smallKeyspace();
  const database = databaseOf(keyspace);
  putText(database, 'k', 'v');
  for (const act of [
    () => database.overwrite(findKey(database, 'k'), 2 ** 29, Buffer.from('v'), 0, 1),
    () => {
      findKey(database, 'k');
      return database.reserve(2 ** 29, 0);
    },
    () => {
      findKey(database, 'other');
      return database.reserve(2 ** 40, 1);
    },
  ]) {
    const error = t.throws(act, { instanceOf: EngineError });
    t.is(error?.code, 'ARENA_FULL');
    t.regex(error?.message ?? '', /no room in the arena for \d+ bytes: \d+ of 1048576 bytes/);
    t.regex(error?.message ?? '', /delete keys or raise arena-bytes/);
    t.deepEqual(contents(database), new Map([['k', { value: 'v', deadlineMs: 0 }]]));
  }
});
