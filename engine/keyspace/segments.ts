// Segments of dicts: sorted runs of (hash, address) pairs, and how they grow, split and merge.
//
//   segment  | count, meta | slots, - | pair 0 | pair 1 | … | always empty |     2^k pairs in all
//   pair     i32 hash, i32 entry address; hashEnd in both when empty
//   meta     homes << 8 | depth + 1
//
// `depth` top bits of a hash chose the segment; its next 16 bits, scaled to `homes`, say where the
// pair wants to be. It lies there or a little to the right, so that pairs are in hash order with
// gaps between them: a search begins at home and ends at the first hash that is greater.

import { windowMask, windowShift } from '../memory/arena.ts';
import type { Address, Arena } from '../memory/arena.ts';
import { hashEnd } from './hash.ts';

/** Words of the header. */
export const segmentCount = 0;
export const segmentMeta = 1;
export const segmentSlots = 2;
/** Words before the first pair. */
export const segmentHeaderWords = 4;
const smallestSlots = 16;
const headerSlots = 2;

/** Word offset in its segment at which the search for `hash` begins. */
export function homeOffset(hash: number, meta: number): number {
  return segmentHeaderWords +
    ((((hash << (meta & 31)) >>> 16) * (meta >>> 8)) >>> 16) * 2;
}

/** The window of the arena that holds a block. */
export function windowOf(arena: Arena, block: Address): Int32Array {
  return arena.words[block >>> windowShift] as Int32Array;
}

/** Index in its window of the first word of a block. */
export function wordOf(block: Address): number {
  return (block & windowMask) * 2;
}

/** Builds segments of one arena. */
export class Segments {
  readonly arena: Arena;
  /** Slots of a segment at most; beyond, it splits. */
  readonly mostSlots: number;
  /** Bytes of all segments and directories. */
  bytes: number = 0;
  /** Pairs on their way from one layout to another. */
  private readonly scratch: Int32Array;
  private scratchPairs: number = 0;

  /** `mostSlots`: a power of two, at least 16. */
  constructor(arena: Arena, mostSlots: number) {
    this.arena = arena;
    this.mostSlots = mostSlots;
    this.scratch = new Int32Array(mostSlots * 4);
  }

  /** Slots of a new dict's only segment. */
  get fewestSlots(): number {
    return smallestSlots;
  }

  /** How many pairs a segment may hold before it grows or splits. */
  limit(slots: number): number {
    return ((slots - headerSlots) * 13) >>> 4;
  }

  /** How many pairs fit at most, in the worst layout. */
  fullAt(slots: number): number {
    return slots - headerSlots - 2;
  }

  /**
   * Allocates a block that counts as index.
   * @throws {EngineError} ARENA_FULL when there is no room.
   */
  allocate(bytes: number): Address {
    const address = this.arena.allocate(bytes);
    this.bytes += this.arena.blockBytes(bytes);
    return address;
  }

  /** Gives back a block of `allocate`. */
  free(address: Address, bytes: number): void {
    this.arena.free(address, bytes);
    this.bytes -= this.arena.blockBytes(bytes);
  }

  /** Empties the scratch pad. */
  beginCollect(): void {
    this.scratchPairs = 0;
  }

  /** Adds the pairs of a segment to the scratch pad; collect lower hashes first. */
  collect(segment: Address): void {
    const words = windowOf(this.arena, segment);
    const base = wordOf(segment);
    const scratch = this.scratch;
    const end = base + (words[base + segmentSlots] as number) * 2;
    let to = this.scratchPairs * 2;
    for (let at = base + segmentHeaderWords; at < end; at += 2) {
      if (words[at] !== hashEnd) {
        scratch[to] = words[at] as number;
        scratch[to + 1] = words[at + 1] as number;
        to += 2;
      }
    }
    this.scratchPairs = to / 2;
  }

  /** Index in the scratch pad of the first pair whose hash is not below `hash`. */
  firstFrom(hash: number): number {
    let pair = 0;
    while (pair < this.scratchPairs && (this.scratch[pair * 2] as number) < hash) {
      pair++;
    }
    return pair;
  }

  /** Pairs in the scratch pad. */
  get collected(): number {
    return this.scratchPairs;
  }

  /**
   * Writes a segment of `slots` slots from the pairs `from` to `to` of the scratch pad and returns
   * its meta. Where many hashes crowd at the end, fewer homes leave more room behind them; at least
   * one more pair fits afterwards, whatever its hash. There must be slots for them: `fullAt`.
   */
  lay(segment: Address, slots: number, depth: number, from: number, to: number): number {
    let homes = slots - headerSlots - Math.max(2, slots >>> 6);
    while (!this.place(segment, slots, (homes << 8) | (depth + 1), from, to)) {
      homes >>>= 1;
    }
    const words = windowOf(this.arena, segment);
    const base = wordOf(segment);
    const meta = (homes << 8) | (depth + 1);
    words[base + segmentCount] = to - from;
    words[base + segmentMeta] = meta;
    words[base + segmentSlots] = slots;
    return meta;
  }

  /** Writes pairs of the scratch pad to their places; false when they do not fit that way. */
  private place(segment: Address, slots: number, meta: number, from: number, to: number): boolean {
    const words = windowOf(this.arena, segment);
    const base = wordOf(segment);
    const scratch = this.scratch;
    const end = slots * 2 - 4;
    words.fill(hashEnd, base + segmentHeaderWords, base + slots * 2);
    let next = segmentHeaderWords;
    for (let at = from * 2; at < to * 2; at += 2) {
      const hash = scratch[at] as number;
      const home = homeOffset(hash, meta);
      const offset = home > next ? home : next;
      if (offset >= end) {
        return false;
      }
      words[base + offset] = hash;
      words[base + offset + 1] = scratch[at + 1] as number;
      next = offset + 2;
    }
    return true;
  }
}
