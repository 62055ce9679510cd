// The collections of a keyspace: handles to reuse, four of each type, so that set operations over
// several keys work. Code that runs while a command holds handles (Preserver) makes its own
// Collections over the same keyspace; they share nothing but the limits.

import type { Database } from '../keyspace/database.ts';
import type { EntryAddress } from '../keyspace/entry.ts';
import type { Keyspace } from '../keyspace/keyspace.ts';
import type { CollectionHandle } from './handle.ts';
import { HashHandle } from './hash.ts';
import { defaultPackLimits } from './limits.ts';
import type { PackLimits } from './limits.ts';
import { ListHandle } from './list.ts';
import { SetHandle } from './set.ts';
import { SortedSetHandle } from './sorted-set.ts';

const slotCount = 4;
/** The limits belong to the keyspace, whoever made the handles. */
const sharedLimits = new WeakMap<Keyspace, PackLimits>();

/** Handles to the collections of one keyspace. */
export class Collections {
  readonly limits: PackLimits;
  private readonly lists: readonly ListHandle[];
  private readonly hashes: readonly HashHandle[];
  private readonly sets: readonly SetHandle[];
  private readonly sortedSets: readonly SortedSetHandle[];
  /** By type. */
  private readonly inspectors: readonly (CollectionHandle | null)[];

  constructor(keyspace: Keyspace) {
    const limits = limitsOf(keyspace);
    this.limits = limits;
    const slots = Array.from({ length: slotCount });
    this.lists = slots.map(() => new ListHandle(keyspace, limits));
    this.hashes = slots.map(() => new HashHandle(keyspace, limits));
    this.sets = slots.map(() => new SetHandle(keyspace, limits));
    this.sortedSets = slots.map(() => new SortedSetHandle(keyspace, limits));
    this.inspectors = [
      null, new ListHandle(keyspace, limits), new SetHandle(keyspace, limits),
      new SortedSetHandle(keyspace, limits), new HashHandle(keyspace, limits),
    ];
  }

  /** The list handle of a slot, 0 to 3. */
  list(slot: number = 0): ListHandle {
    return this.lists[slot] as ListHandle;
  }

  /** The hash handle of a slot, 0 to 3. */
  hash(slot: number = 0): HashHandle {
    return this.hashes[slot] as HashHandle;
  }

  /** The set handle of a slot, 0 to 3. */
  set(slot: number = 0): SetHandle {
    return this.sets[slot] as SetHandle;
  }

  /** The sorted set handle of a slot, 0 to 3. */
  sortedSet(slot: number = 0): SortedSetHandle {
    return this.sortedSets[slot] as SortedSetHandle;
  }

  /** Elements of a collection of any type; no handle in use is disturbed. */
  length(database: Database, entry: EntryAddress): number {
    return this.inspect(database, entry).length;
  }

  /** A handle of the entry's type, open, for a look; the next `inspect` or `length` may take it. */
  inspect(database: Database, entry: EntryAddress): CollectionHandle {
    return (this.inspectors[database.type(entry)] as CollectionHandle).open(database, entry);
  }
}

function limitsOf(keyspace: Keyspace): PackLimits {
  let limits = sharedLimits.get(keyspace);
  if (limits === undefined) {
    limits = defaultPackLimits();
    sharedLimits.set(keyspace, limits);
  }
  return limits;
}
