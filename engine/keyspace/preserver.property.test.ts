// What a preserver is promised, beyond a snapshot that is right (snapshot.property.test.ts): it is
// told before the change, of what the snapshot holds, at the position where `walk` would meet it;
// one that gives up leaves nothing behind.
import test from 'ava';
import * as fc from 'fast-check';
import { endPosition } from './database.ts';
import type { EntryAddress } from './entry.ts';
import type { Keyspace, Preserver } from './keyspace.ts';
import {
  changes, contents, held, keyText, ModelledKeyspace, smallKeyspace,
} from './test-support/model.ts';
import type { Held } from './test-support/model.ts';

const seed = 20261122;

/** Walks as a saver would: databases by index, each in hash order. */
class Snapshot implements Preserver {
  readonly taken: Map<string, Held>[];
  readonly flushes: number[] = [];
  preserved: number = 0;
  private readonly keyspace: Keyspace;
  private index: number = 0;
  private position: number = 0;

  constructor(keyspace: Keyspace) {
    this.keyspace = keyspace;
    this.taken = keyspace.databases.map(() => new Map<string, Held>());
    keyspace.beginSnapshot(this);
  }

  preserve(index: number, entry: EntryAddress): void {
    const database = this.keyspace.snapshotDatabase(index);
    if (!this.keyspace.inSnapshot(entry)) throw new Error('preserved what is younger');
    const walked = index < this.index ||
      (index === this.index && database.positionOf(entry) < this.position);
    const key = keyText(database, entry);
    if (walked !== this.taken[index]?.has(key)) {
      throw new Error(`key ${key} of ${index} is ${walked ? '' : 'not '}at a walked position`);
    }
    if (walked) return;
    this.preserved++;
    this.take(index, entry);
  }

  flushed(index: number): void {
    this.flushes.push(index);
  }

  /** Walks on; false when it is done. */
  slice(budget: number): boolean {
    const { index } = this;
    if (index === this.taken.length) return false;
    const database = this.keyspace.snapshotDatabase(index);
    this.position = database.walk(this.position, budget, (entry) => {
      if (this.keyspace.inSnapshot(entry)) this.take(index, entry);
    });
    if (this.position === endPosition) {
      this.index++;
      this.position = 0;
    }
    return true;
  }

  private take(index: number, entry: EntryAddress): void {
    const database = this.keyspace.snapshotDatabase(index);
    const key = keyText(database, entry);
    const taken = this.taken[index];
    if (taken === undefined || taken.has(key)) throw new Error(`key ${key} of ${index} twice`);
    taken.set(key, held(database, entry));
  }
}

function stateOf(keyspace: Keyspace): Map<string, Held>[] {
  return keyspace.databases.map((database) => contents(database, 100));
}

/** The first difference between two states, or null; in words, since states are long. */
function differenceOf(actual: Map<string, Held>[], expected: Map<string, Held>[]): string | null {
  for (const [index, map] of expected.entries()) {
    const other = actual[index] ?? new Map<string, Held>();
    for (const key of new Set([...map.keys(), ...other.keys()])) {
      const [a, b] = [other.get(key), map.get(key)];
      if (a?.value !== b?.value || a?.deadlineMs !== b?.deadlineMs) {
        return `key ${key} of ${index}: ${JSON.stringify(a)?.slice(0, 80)} and not ` +
          `${JSON.stringify(b)?.slice(0, 80)}`;
      }
    }
  }
  return null;
}

const history = fc.record({
  before: fc.array(changes, { maxLength: 100, size: 'max' }),
  during: fc.array(fc.record({
    change: changes, slices: fc.constantFrom(0, 0, 0, 0, 1), budget: fc.constantFrom(1, 1, 2, 9),
  }), { maxLength: 120, size: 'max' }),
});

type History = typeof history extends fc.Arbitrary<infer T> ? T : never;

interface Totals {
  preserved: number;
  flushes: number;
}

function fill(both: ModelledKeyspace): void {
  for (let at = 0; at < 60; at++) {
    const rest = { key: `key:${at}`, value: `old${at}`, deadlineMs: at % 3 };
    both.apply({ op: 'put', database: at % 4 === 0 ? 1 : 0, ...rest });
  }
}

function runSnapshots(both: ModelledKeyspace, drawn: History, totals: Totals): void {
  const { before, during } = drawn;
  fill(both);
  for (const change of before) both.apply(change);
  const expected = stateOf(both.keyspace);
  const snapshot = new Snapshot(both.keyspace);
  for (const { change, slices, budget } of during) {
    both.apply(change);
    for (let slice = 0; slice < slices; slice++) snapshot.slice(budget);
  }
  const unlike = both.difference();
  if (unlike !== null) throw new Error(`the present: ${unlike}`);
  while (snapshot.slice(20));
  both.keyspace.endSnapshot();
  const difference = differenceOf(snapshot.taken, expected);
  if (difference !== null) throw new Error(`the snapshot: ${difference}`);
  const later = both.difference();
  if (later !== null) throw new Error(`after the snapshot: ${later}`);
  totals.preserved += snapshot.preserved;
  totals.flushes += snapshot.flushes.length;
}

for (const [title, options] of [
  ['1 MiB', { capacityBytes: 2 ** 20 }],
  ['16 MiB', { capacityBytes: 2 ** 24 }],
  ['past 8 GiB', { capacityBytes: 2 ** 34, startBytes: 2 ** 33 - 100_000 }],
] as const) {
  test(`walked and preserved are the state at the start, ${title} (seed ${seed})`, (t) => {
    const totals = { preserved: 0, flushes: 0 };
    fc.assert(fc.property(history, history, (one, two) => {
      const both = new ModelledKeyspace(smallKeyspace(options));
      runSnapshots(both, one, totals);
      // A second one in the same keyspace: nothing of the first is left.
      runSnapshots(both, two, totals);
      both.keyspace.flushAll();
      if (both.keyspace.arena.usedBytes !== 0) throw new Error('bytes are left after a flush');
    }), { seed, numRuns: 25 });
    t.true(totals.preserved > 150, `only ${totals.preserved} were preserved`);
    t.true(totals.flushes > 20, `only ${totals.flushes} flushes`);
  });
}

test(`a snapshot given up in the middle leaves nothing behind (seed ${seed})`, (t) => {
  fc.assert(fc.property(history, ({ before, during }) => {
    const both = new ModelledKeyspace(smallKeyspace({ capacityBytes: 2 ** 24 }));
    fill(both);
    for (const change of before) both.apply(change);
    const snapshot = new Snapshot(both.keyspace);
    for (const { change, budget } of during) {
      both.apply(change);
      snapshot.slice(budget);
    }
    both.keyspace.endSnapshot();
    const difference = both.difference();
    if (difference !== null) throw new Error(difference);
    both.keyspace.flushAll();
    if (both.keyspace.arena.usedBytes !== 0) throw new Error('bytes are left after a flush');
  }), { seed, numRuns: 30 });
  t.pass();
});

test('a saver may end the snapshot when it hears of a flush', (t) => {
  for (const all of [true, false]) {
    const both = new ModelledKeyspace(smallKeyspace());
    const { keyspace } = both;
    both.apply({ op: 'put', database: 0, key: 'a', value: '1', deadlineMs: 0 });
    both.apply({ op: 'put', database: 1, key: 'b', value: '2'.repeat(9000), deadlineMs: 5 });
    const heard: number[] = [];
    keyspace.beginSnapshot({
      preserve: () => t.fail(),
      flushed: (index) => {
        heard.push(index);
        keyspace.endSnapshot();
      },
    });
    both.apply(all ? { op: 'flushAll' } : { op: 'flush', database: 1 });
    t.deepEqual(heard, [all ? -1 : 1]);
    t.is(keyspace.preserver, null);
    t.is(both.difference(), null);
    t.is(keyspace.arena.usedBytes === 0, all);
  }
});

test('one snapshot at a time, and none to walk when none runs', (t) => {
  const keyspace = smallKeyspace();
  t.throws(() => keyspace.snapshotDatabase(0), { message: /no snapshot of database 0/ });
  const snapshot = new Snapshot(keyspace);
  t.throws(() => keyspace.beginSnapshot(snapshot), { message: /running already/ });
  t.throws(() => keyspace.snapshotDatabase(3), { message: /no snapshot of database 3/ });
  keyspace.endSnapshot();
  t.throws(() => keyspace.snapshotDatabase(0), { message: /no snapshot of database 0/ });
});
