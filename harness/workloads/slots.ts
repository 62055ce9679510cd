// The keys of one client by number: which slot is of which type, and where each type begins.
//
//   plain keys | counters | lists | hashes | sets | sorted sets      the last four: mix `full` only

import type { WorkloadSpec } from './spec.ts';

/** What a slot holds. */
export const TYPE_PLAIN = 0;
export const TYPE_COUNTER = 1;
export const TYPE_LIST = 2;
export const TYPE_HASH = 3;
export const TYPE_SET = 4;
export const TYPE_SORTED_SET = 5;
export const typeCount = 6;

/** The first letter of a key by type. */
const letters = [107, 110, 108, 104, 115, 122]; // k n l h s z
const mostCounters = 16;
const mostCollections = 16; // of each type
const collectionTypes = 4;

/** The slots of every client of a workload. */
export interface Slots {
  readonly plain: number;
  readonly counters: number;
  /** Of each type. */
  readonly collections: number;
  /** The first collection. */
  readonly collectionsFrom: number;
  readonly count: number;
  typeOf(slot: number): number;
  /** Its number among those of its type. */
  indexOf(slot: number): number;
  /** The character code that its key begins with. */
  letterOf(slot: number): number;
}

/** The slots of a workload. */
export function slotsOf(
  { mix, keysPerClient }: Pick<WorkloadSpec, 'mix' | 'keysPerClient'>,
): Slots {
  const plain = keysPerClient;
  const counters = mix === 'set' ? 0 : Math.min(mostCounters, keysPerClient);
  const collections = mix === 'full' ? Math.min(mostCollections, keysPerClient) : 0;
  const collectionsFrom = plain + counters;
  const typeOf = (slot: number): number => {
    if (slot < plain) return TYPE_PLAIN;
    if (slot < collectionsFrom) return TYPE_COUNTER;
    return TYPE_LIST + Math.floor((slot - collectionsFrom) / collections);
  };
  return {
    plain, counters, collections, collectionsFrom,
    count: collectionsFrom + collectionTypes * collections,
    typeOf,
    indexOf: (slot) => {
      if (slot < plain) return slot;
      return slot < collectionsFrom ? slot - plain : (slot - collectionsFrom) % collections;
    },
    letterOf: (slot) => letters[typeOf(slot)] as number,
  };
}
