// A snapshot taken in slices, with preserve-before-write, is exactly the state at its start,
// whatever changes meanwhile: overwrites, moves, renames, removals, SWAPDB, FLUSHALL.

import test from 'ava';
import * as fc from 'fast-check';
import { endPosition } from './database.ts';
import type { Database } from './database.ts';
import type { EntryAddress } from './entry.ts';
import type { Keyspace, Preserver } from './keyspace.ts';
import { changes, held, keyText, ModelledKeyspace, smallKeyspace } from './test-support/model.ts';
import type { Change, Held } from './test-support/model.ts';

/** Takes a snapshot into Maps, slice by slice, as a saver would. */
class MapSnapshot implements Preserver {
  readonly taken: Map<string, Held>[];
  readonly twice: string[] = [];
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
    const walked = index < this.index ||
      (index === this.index && database.positionOf(entry) < this.position);
    if (!walked) {
      this.preserved++;
      this.take(index, entry);
    }
  }

  flushed(): void {
    // Flushed contents stay readable: nothing to do.
  }

  /** Walks on; false when everything was walked. */
  walk(budget: number): boolean {
    if (this.index === this.keyspace.databases.length) {
      return false;
    }
    const database = this.keyspace.snapshotDatabase(this.index);
    this.position = database.walk(this.position, budget, (entry) => {
      if (this.keyspace.inSnapshot(entry)) {
        this.take(this.index, entry);
      }
    });
    if (this.position === endPosition) {
      this.index++;
      this.position = 0;
    }
    return true;
  }

  private take(index: number, entry: EntryAddress): void {
    const database = this.keyspace.databases[0] as Database;
    const key = keyText(database, entry);
    const map = this.taken[index] as Map<string, Held>;
    if (map.has(key)) {
      this.twice.push(key);
    }
    map.set(key, held(database, entry));
  }
}

/** How many keys to walk after each change; 0: no slice there. */
const slices = fc.array(fc.constantFrom(0, 0, 0, 1, 1, 2, 5), { minLength: 1, maxLength: 20 });
const many = (maxLength: number): fc.Arbitrary<Change[]> =>
  fc.array(changes, { maxLength, size: 'max' });

/** Changes both while a snapshot is taken in slices, and returns it. */
function snapshotDuring(
  both: ModelledKeyspace, during: readonly Change[], budgets: readonly number[],
): MapSnapshot {
  const snapshot = new MapSnapshot(both.keyspace);
  for (const [at, change] of during.entries()) {
    both.apply(change);
    const budget = budgets[at % budgets.length] ?? 0;
    if (budget > 0) {
      snapshot.walk(budget);
    }
  }
  while (snapshot.walk(10));
  both.keyspace.endSnapshot();
  return snapshot;
}

for (const [name, options] of [
  ['1 MiB', { capacityBytes: 2 ** 20 }],
  ['past 2 GiB', { capacityBytes: 2 ** 33, startBytes: 2 ** 31 - 100_000 }],
] as const) {
  test(`walk and preserve give the state at the start (${name})`, (t) => {
    let preserved = 0;
    fc.assert(
      fc.property(many(150), many(200), slices, (before, during, budgets) => {
        const both = new ModelledKeyspace(smallKeyspace(options));
        for (let at = 0; at < 60; at++) {
          const change = { key: `key:${at}`, value: 'old', deadlineMs: at % 3 } as const;
          both.apply({ op: 'put', database: at % 5 === 0 ? 1 : 0, ...change });
        }
        before.forEach((change) => both.apply(change));
        for (let round = 0; round < 2; round++) {
          const expected = both.models.map((model) => new Map(model));
          const snapshot = snapshotDuring(both, during, budgets);
          preserved += snapshot.preserved;
          assertEqual(snapshot, expected);
        }
        const difference = both.difference();
        if (difference !== null) {
          throw new Error(`after the snapshots: ${difference}`);
        }
      }),
      { numRuns: 40 },
    );
    t.true(preserved > 100, `only ${preserved} entries were preserved: the test tests nothing`);
  });
}

function assertEqual(snapshot: MapSnapshot, expected: readonly Map<string, Held>[]): void {
  if (snapshot.twice.length > 0) {
    throw new Error(`taken twice: ${snapshot.twice.join()}`);
  }
  for (const [index, map] of expected.entries()) {
    const taken = snapshot.taken[index] as Map<string, Held>;
    if (taken.size !== map.size) {
      throw new Error(`database ${index}: ${taken.size} keys taken of ${map.size}`);
    }
    for (const [key, { value, deadlineMs }] of map) {
      if (taken.get(key)?.value !== value || taken.get(key)?.deadlineMs !== deadlineMs) {
        throw new Error(`database ${index}: key ${key} was taken in another state`);
      }
    }
  }
}
