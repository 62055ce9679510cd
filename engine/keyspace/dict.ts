// A dict: extendible hashing from key hashes to entries, all of it in the arena. It grows by
// splitting one segment at a time, so there is never a pause to rehash, and it is in hash order,
// so a position in that order stays meaningful whatever is added or removed.
// A Dict object is only a handle: `root` is all that has to be kept. Layout: directory.ts and
// segments.ts.

import type { Address } from '../memory/arena.ts';
import { hasLongKey, hasShortKey } from './entry.ts';
import type { Entries, EntryAddress } from './entry.ts';
import {
  clearDirectory, createDirectory, directorySize, expandDirectory, maySplit, rootCount,
  rootDirectory, rootShift, segmentDepth, segmentSpan, shrinkDirectory,
} from './directory.ts';
import { hashEnd, keptBytes } from './hash.ts';
import type { KeyHash } from './hash.ts';
import {
  homeOffset, segmentCount, segmentHeaderWords, segmentMeta, segmentSlots,
} from './segments.ts';
import type { Segments } from './segments.ts';

/** Draws before the random search settles for a walk. */
const randomDraws = 1000;

/** A source of random numbers; `Entropy` of engine/io fits. */
export interface RandomSource {
  uint32(): number;
}

/** What the dicts of one keyspace share. */
export interface DictParts {
  readonly segments: Segments;
  readonly entries: Entries;
  readonly keyHash: KeyHash;
}

/** A handle on one dict. */
export class Dict {
  /** Where the dict lies; 0 = empty, no memory used. */
  root: Address = 0;
  /** Changes whenever a pair is added, removed or readdressed: what `find` found may be stale. */
  version: number = 0;
  /** Hash of the key that `find` was given last. */
  hash: number = 0;
  private readonly segments: Segments;
  private readonly entries: Entries;
  private readonly keyHash: KeyHash;
  private readonly i32: Int32Array;
  private readonly words: Int32Array;
  // What the root says, at hand.
  private directory: Address = 0;
  private shift: number = 0;
  // The segment looked at last, and for `insert` where in it, in words: apart, since their sum may
  // leave the range of small integers.
  private segment: Address = 0;
  private offset: number = 0;
  private gap: number = 0;

  constructor(parts: DictParts) {
    this.segments = parts.segments;
    this.entries = parts.entries;
    this.keyHash = parts.keyHash;
    this.words = parts.keyHash.words;
    this.i32 = parts.segments.arena.i32;
  }

  /** Number of entries. */
  get count(): number {
    const root = this.root;
    return root === 0 ? 0 : (this.i32[root * 2 + rootCount] as number);
  }

  /** The entry with this key, or 0; its hash is in `hash` then. */
  find(buffer: Buffer, start: number, end: number): EntryAddress {
    const hash = this.keyHash.of(buffer, start, end);
    this.hash = hash;
    if (this.root === 0) {
      return 0;
    }
    const i32 = this.i32;
    const place = (this.directory + (hash >>> this.shift)) * 2;
    const length = end - start;
    const isShort = length <= keptBytes;
    let slot = (i32[place] as number) * 2 + homeOffset(hash, i32[place + 1] as number);
    for (;;) {
      const found = i32[slot] as number;
      if (found >= hash) {
        if (found !== hash) {
          return 0;
        }
        const entry = i32[slot + 1] as number;
        if (isShort
          ? hasShortKey(i32, entry, this.words, length)
          : hasLongKey(this.entries, entry, buffer, start, end)) {
          return entry;
        }
      }
      slot += 2;
    }
  }

  /** Points the pair of `entry` to another entry with the same hash; false when there is none. */
  readdress(hash: number, entry: EntryAddress, replacement: EntryAddress): boolean {
    const offset = this.offsetOf(hash, entry);
    if (offset === 0) {
      return false;
    }
    this.i32[this.segment * 2 + offset + 1] = replacement;
    this.touch();
    return true;
  }

  /**
   * Makes sure that `insert(hash, …)`, called next, finds room.
   * @throws {EngineError} ARENA_FULL when there is no room; the dict holds what it held.
   */
  makeRoom(hash: number): void {
    const i32 = this.i32;
    if (this.root === 0) {
      this.open(createDirectory(this.segments));
    }
    for (;;) {
      let offset = this.startOf(hash);
      const base = this.segment * 2;
      const slots = i32[base + segmentSlots] as number;
      const full = (i32[base + segmentCount] as number) >= this.segments.limit(slots);
      if (!full || (slots === this.segments.mostSlots && !maySplit(i32, this.root, this.segment))) {
        while ((i32[base + offset] as number) < hash) {
          offset += 2;
        }
        let gap = offset;
        while (i32[base + gap] !== hashEnd) {
          gap += 2;
        }
        if (gap < slots * 2 - 2) {
          this.offset = offset;
          this.gap = gap;
          return;
        }
      }
      expandDirectory(this.segments, this.root, hash);
      this.open(this.root);
    }
  }

  /** Adds a pair; `makeRoom(hash)` must have been the last change or search. */
  insert(hash: number, entry: EntryAddress): void {
    const i32 = this.i32;
    const base = this.segment * 2;
    const target = base + this.offset;
    for (let at = base + this.gap; at > target; at -= 2) {
      i32[at] = i32[at - 2] as number;
      i32[at + 1] = i32[at - 1] as number;
    }
    i32[target] = hash;
    i32[target + 1] = entry;
    i32[base + segmentCount] = (i32[base + segmentCount] as number) + 1;
    i32[this.root * 2 + rootCount] = (i32[this.root * 2 + rootCount] as number) + 1;
    this.touch();
  }

  /** Removes the pair of `entry`, needs no memory; false when there is none. */
  remove(hash: number, entry: EntryAddress): boolean {
    const i32 = this.i32;
    const offset = this.offsetOf(hash, entry);
    if (offset === 0) {
      return false;
    }
    const base = this.segment * 2;
    this.closeHole(base, offset, i32[base + segmentMeta] as number);
    const count = (i32[base + segmentCount] as number) - 1;
    i32[base + segmentCount] = count;
    i32[this.root * 2 + rootCount] = (i32[this.root * 2 + rootCount] as number) - 1;
    this.touch();
    if (this.count === 0) {
      this.clear();
    } else if (count * 8 < this.segments.limit(i32[base + segmentSlots] as number)) {
      shrinkDirectory(this.segments, this.root, hash);
    }
    return true;
  }

  /** Gives back all memory of the dict, but not its entries; O(segments). */
  clear(): void {
    if (this.root !== 0) {
      clearDirectory(this.segments, this.root);
      this.forget();
    }
  }

  /** Drops the handle without giving anything back: after the whole arena was reset. */
  forget(): void {
    this.root = 0;
    this.touch();
  }

  /** Visits entries in hash order from `position` on; see Database.walk. */
  walk(position: number, budget: number, visit: (entry: EntryAddress) => void): number {
    const i32 = this.i32;
    let from = Math.max(0, position);
    let left = Math.max(1, budget);
    while (from < hashEnd && this.root !== 0) {
      let at = this.startOf(from);
      const base = this.segment * 2;
      const slots = i32[base + segmentSlots] as number;
      const depth = segmentDepth(i32, this.segment);
      let last = -1;
      for (; at < slots * 2; at += 2) {
        const hash = i32[base + at] as number;
        if (hash === hashEnd || hash < from) {
          continue;
        }
        if (left <= 0 && hash !== last) {
          return hash;
        }
        visit(i32[base + at + 1] as number);
        last = hash;
        left--;
      }
      from = ((from >>> (31 - depth)) + 1) * 2 ** (31 - depth);
      left--;
      if (left <= 0) {
        break;
      }
    }
    return this.root === 0 ? hashEnd : Math.min(from, hashEnd);
  }

  /** An entry, all equally likely; 0 when there is none. */
  randomEntry(random: RandomSource): EntryAddress {
    if (this.count === 0) {
      return 0;
    }
    const i32 = this.i32;
    for (let draw = 0; draw < randomDraws; draw++) {
      // A segment spans as many directory places as it has less depth: counting only its first
      // place makes all segments, and so all slots, equally likely.
      const index = random.uint32() % directorySize(i32, this.root);
      const place = (this.directory + index) * 2;
      const base = (i32[place] as number) * 2;
      if (index % segmentSpan(i32, this.root, i32[place] as number) !== 0) {
        continue;
      }
      const slots = i32[base + segmentSlots] as number;
      const at = segmentHeaderWords + (random.uint32() % (slots - segmentHeaderWords / 2)) * 2;
      if (i32[base + at] !== hashEnd) {
        return i32[base + at + 1] as number;
      }
    }
    return this.firstFrom(random.uint32() % hashEnd);
  }

  /** Moves the pairs behind a hole to the left, each at most to its home. */
  private closeHole(base: number, offset: number, meta: number): void {
    const i32 = this.i32;
    let hole = offset;
    for (;;) {
      const next = i32[base + hole + 2] as number;
      if (next === hashEnd || homeOffset(next, meta) > hole) {
        break;
      }
      i32[base + hole] = next;
      i32[base + hole + 1] = i32[base + hole + 3] as number;
      hole += 2;
    }
    i32[base + hole] = hashEnd;
    i32[base + hole + 1] = hashEnd;
  }

  /** Makes this the handle of the dict at `root`. */
  private open(root: Address): void {
    this.root = root;
    this.directory = this.i32[root * 2 + rootDirectory] as number;
    this.shift = this.i32[root * 2 + rootShift] as number;
  }

  private touch(): void {
    this.version = (this.version + 1) | 0;
  }

  /** Sets `segment` to the one for `hash` and returns where in it a search begins. */
  private startOf(hash: number): number {
    const place = (this.directory + (hash >>> this.shift)) * 2;
    this.segment = this.i32[place] as number;
    return homeOffset(hash, this.i32[place + 1] as number);
  }

  /** Where the pair of `entry` is in `segment`; 0 when there is none. */
  private offsetOf(hash: number, entry: EntryAddress): number {
    if (this.root === 0) {
      return 0;
    }
    const i32 = this.i32;
    let offset = this.startOf(hash);
    const base = this.segment * 2;
    for (;;) {
      const found = i32[base + offset] as number;
      if (found > hash) {
        return 0;
      }
      if (found === hash && i32[base + offset + 1] === entry) {
        return offset;
      }
      offset += 2;
    }
  }

  /** The first entry at or after a position, else the first of all. */
  private firstFrom(position: number): EntryAddress {
    const found: EntryAddress[] = [];
    const keep = (entry: EntryAddress): void => {
      found.push(entry);
    };
    for (let at = position; found.length === 0 && at < hashEnd;) {
      at = this.walk(at, 1, keep);
    }
    for (let at = 0; found.length === 0 && at < hashEnd;) {
      at = this.walk(at, 1, keep);
    }
    return found[0] ?? 0;
  }
}
