// For tests: one key of a small keyspace with tiny limits and pages, opened anew for every step as
// commands do, and what a collection holds as plain values. Texts are latin1.

import * as fc from 'fast-check';
import { EngineError, reasonOf } from '../../errors.ts';
import type { Database } from '../../keyspace/database.ts';
import { Keyspace } from '../../keyspace/keyspace.ts';
import { Arena } from '../../memory/arena.ts';
import type { ArenaOptions } from '../../memory/arena.ts';
import { Collections } from '../collections.ts';
import type { CollectionHandle } from '../handle.ts';
import type { HashHandle } from '../hash.ts';
import type { ListHandle } from '../list.ts';
import type { SetHandle } from '../set.ts';
import type { SortedSetHandle } from '../sorted-set.ts';

/** A keyspace, its collections, and bytes to pass on. */
export class World {
  readonly keyspace: Keyspace;
  readonly database: Database;
  readonly collections: Collections;
  /** The key that the handles are for. */
  key: Buffer = Buffer.from('the key');

  constructor(arena: ArenaOptions = { capacityBytes: 2 ** 21 }, treePageBytes: number = 256) {
    this.keyspace = new Keyspace({
      arena: new Arena(arena), databaseCount: 1, hashSeed: 20_260_101, segmentSlots: 16,
      treePageBytes,
    });
    this.database = this.keyspace.databases[0] as Database;
    this.collections = new Collections(this.keyspace);
  }

  /** Makes packs give way to trees soon. */
  tiny(): this {
    Object.assign(this.collections.limits, {
      hashEntries: 8, hashValueBytes: 12, sortedSetEntries: 8, sortedSetValueBytes: 12,
      intSetEntries: 6, setEntries: 8, setValueBytes: 12, listSize: 10,
    });
    return this;
  }

  get entry(): number {
    return this.database.find(this.key, 0, this.key.length);
  }

  list(): ListHandle {
    return this.point(this.collections.list());
  }

  hash(): HashHandle {
    return this.point(this.collections.hash());
  }

  set(): SetHandle {
    return this.point(this.collections.set());
  }

  sortedSet(): SortedSetHandle {
    return this.point(this.collections.sortedSet());
  }

  private point<Handle extends CollectionHandle>(handle: Handle): Handle {
    const { entry } = this;
    return entry === 0 ? handle.create(this.database) : handle.open(this.database, entry);
  }
}

/** The element seen last. */
export function seen(handle: CollectionHandle): string {
  return handle.elementBuffer.toString('latin1', handle.elementStart, handle.elementEnd);
}

/** The value of the field seen last. */
export function seenValue(handle: HashHandle): string {
  return handle.valueBuffer.toString('latin1', handle.valueStart, handle.valueEnd);
}

/** Everything in iteration order, as `show` sees each. */
export function everything<Handle extends CollectionHandle, Shown>(
  handle: Handle, show: (handle: Handle) => Shown,
): Shown[] {
  const all: Shown[] = [];
  if (handle.entry === 0) {
    return all;
  }
  for (let more = handle.first(); more; more = handle.next()) {
    all.push(show(handle));
  }
  const backwards: Shown[] = [];
  for (let more = handle.last(); more; more = handle.previous()) {
    backwards.push(show(handle));
  }
  if (JSON.stringify(backwards.toReversed()) !== JSON.stringify(all)) {
    throw new Error(`forwards ${JSON.stringify(all)}, backwards ${JSON.stringify(backwards)}`);
  }
  return all;
}

/** Runs a step; true when it met a full arena. */
export function meetsFullArena(step: () => void): boolean {
  try {
    step();
    return false;
  } catch (error) {
    if (error instanceof EngineError && error.code === 'ARENA_FULL') {
      return true;
    }
    throw error;
  }
}

/** Fills the arena up to a few hundred bytes of every size. */
export function fillArena(arena: Arena): void {
  for (let bytes = arena.capacityBytes; bytes >= 256; bytes = Math.floor(bytes / 2)) {
    while (!meetsFullArena(() => arena.allocate(bytes))) {
      // Goes on until there is no block of this size.
    }
  }
}

/** Begins a snapshot that keeps nothing: from now on trees are copied before they change. */
export function freeze(world: World): void {
  world.keyspace.beginSnapshot({ preserve() {}, flushed() {} });
}

/** Texts that meet every encoding of a listpack, mostly small ones. */
export const texts: fc.Arbitrary<string> = fc.oneof(
  { weight: 8, arbitrary: fc.integer({ min: -3, max: 40 }).map(String) },
  { weight: 4, arbitrary: fc.integer({ min: 0, max: 40 }).map((at) => `f${at}`) },
  { weight: 2, arbitrary: fc.integer({ min: -(2 ** 31), max: 2 ** 31 }).map(String) },
  {
    weight: 2,
    arbitrary: fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }).map(String),
  },
  { weight: 1, arbitrary: fc.constantFrom('', '-', '-0', '00', '+1', '1.5', '\xff\x00', '127') },
  {
    weight: 1,
    arbitrary: fc.constantFrom(5, 63, 64, 70, 300, 4095, 4096, 9000).map((n) => 'x'.repeat(n)),
  },
);

/** A text as (buffer, start, end), not at the start of its buffer. */
export function argument(text: string): [Buffer, number, number] {
  const bytes = Buffer.from(`>>${text}<`, 'latin1');
  return [bytes, 2, bytes.length - 1];
}

/** Memcmp order of latin1 texts. */
export function byBytes(left: string, right: string): number {
  return Buffer.compare(Buffer.from(left, 'latin1'), Buffer.from(right, 'latin1'));
}

/** As fc.assert, with the error of the shrunk run first and a counterexample one can read. */
export function holds<Value>(property: fc.IProperty<Value>, numRuns: number): void {
  const result = fc.check(property, { numRuns });
  if (result.failed) {
    const shown = shortened(JSON.stringify(result.counterexample)).slice(0, 2500);
    const cause = result.errorInstance;
    const text = shortened(reasonOf(cause));
    throw new Error(`${text.slice(0, 1000)}\nseed ${result.seed}: ${shown}`, { cause });
  }
}

/** Runs of a letter as their length. */
function shortened(text: string): string {
  return text.replaceAll(/(.)\1{20,}/g, (run, letter) => `(${run.length} × ${letter})`);
}
