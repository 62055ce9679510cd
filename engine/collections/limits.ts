// When a collection stops being a pack: the limits that CONFIG SET may change, and the names under
// which OBJECT ENCODING shows the encodings.

import {
  encodingIntPack, encodingPack, encodingPackWithDeadlines, typeHash, typeList, typeSet,
  typeSortedSet, typeString,
} from '../keyspace/entry.ts';

/** Limits of packs; one mutable object per Collections, read at each insertion. */
export interface PackLimits {
  /** `hash-max-listpack-entries`: fields of a hash. */
  hashEntries: number;
  /** `hash-max-listpack-value`: bytes of a field or value. */
  hashValueBytes: number;
  /** `zset-max-listpack-entries`: members of a sorted set. */
  sortedSetEntries: number;
  /** `zset-max-listpack-value`: bytes of a member. */
  sortedSetValueBytes: number;
  /** `set-max-intset-entries`: members of a set of integers. */
  intSetEntries: number;
  /** Members of any other set (`set-max-listpack-entries` since 7.2). */
  setEntries: number;
  /** Bytes of a member of any other set (`set-max-listpack-value` since 7.2). */
  setValueBytes: number;
  /** `list-max-listpack-size`: elements, or -1 … -5 for 4, 8, 16, 32, 64 KiB. */
  listSize: number;
}

/** The limits that redis-server has by default. */
export function defaultPackLimits(): PackLimits {
  return {
    hashEntries: 512,
    hashValueBytes: 64,
    sortedSetEntries: 128,
    sortedSetValueBytes: 64,
    intSetEntries: 512,
    setEntries: 128,
    setValueBytes: 64,
    listSize: -2,
  };
}

/** Bytes that a list pack may have. */
export function listPackBytes(listSize: number): number {
  return listSize >= 0 ? 8192 : 2048 << Math.min(5, -listSize);
}

/**
 * What OBJECT ENCODING says of a collection in 7.0.15; a string is not for here: ''. Sets that are
 * neither packs of integers nor large are `hashtable` as there, although they are packs here.
 */
export function encodingName(type: number, encoding: number): string {
  switch (type) {
    case typeString:
      return '';
    case typeList:
      return 'quicklist';
    case typeSet:
      return encoding === encodingIntPack ? 'intset' : 'hashtable';
    case typeHash:
      return encoding === encodingPack || encoding === encodingPackWithDeadlines
        ? 'listpack'
        : 'hashtable';
    case typeSortedSet:
      return encoding === encodingPack ? 'listpack' : 'skiplist';
    default:
      return 'unknown';
  }
}
