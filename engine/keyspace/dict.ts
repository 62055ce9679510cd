// A dict: extendible hashing from key hashes to entries, all of it in the arena. It grows by
// splitting one segment at a time, so there is never a pause to rehash, and it is in hash order,
// so a position in that order stays meaningful whatever is added or removed.
// A Dict object is only a handle: `root` is all that has to be kept. Layout: directory.ts and
// segments.ts.

import { windowMask, windowShift } from '../memory/arena.ts';
import type { Address, Arena } from '../memory/arena.ts';
import {
  clearDirectory, createDirectory, depthFor, directorySize, expandDirectory, maySplit, rootCount,
  rootDirectory, rootShift, segmentAt, segmentSpan, shrinkDirectory, wordAt,
} from './directory.ts';
import type { Entries, EntryAddress } from './entry.ts';
import { hashEnd, keptBytes } from './hash.ts';
import type { KeyHash } from './hash.ts';
import { hasShortKey, keyOffset, keyShift } from './record.ts';
import {
  homeOffset, segmentCount, segmentHeaderWords, segmentMeta, segmentSlots, windowOf, wordOf,
} from './segments.ts';
import type { Segments } from './segments.ts';

/** Words of 64 bytes. */
const cacheLineWords = 16;
/** Hashes that `prefetch` takes at most. */
const prefetchMost = 64;
const ahead = new Int32Array(prefetchMost);
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
  private readonly arena: Arena;
  private readonly segments: Segments;
  private readonly entries: Entries;
  private readonly keyHash: KeyHash;
  private readonly windows: readonly Int32Array[];
  private readonly bytes: readonly Buffer[];
  private readonly keyWords: Int32Array;
  /** The entry found last, whose hash is `hash`; 0: none was, or the dict has changed since. */
  private found: EntryAddress = 0;
  /** It was found twice running: the next search is likely to be for it, too. */
  private again: boolean = false;
  // The directory that the root names: its window, its first word there, and its shift.
  private places: Int32Array;
  private firstPlace: number = 0;
  private shift: number = 0;
  // The segment looked at last: its window and first word there; and for `insert` two slots of it.
  private words: Int32Array;
  private base: number = 0;
  private slot: number = 0;
  private gap: number = 0;

  constructor(parts: DictParts) {
    this.arena = parts.segments.arena;
    this.segments = parts.segments;
    this.entries = parts.entries;
    this.keyHash = parts.keyHash;
    this.windows = this.arena.words;
    this.bytes = this.arena.windows;
    this.keyWords = parts.keyHash.words;
    this.places = this.words = this.windows[0] as Int32Array;
  }

  /** Number of entries. */
  get count(): number {
    return this.root === 0 ? 0 : wordAt(this.arena, this.root, rootCount);
  }

  /** The entry with this key, or 0; its hash is in `hash` then. */
  find(buffer: Buffer, start: number, end: number): EntryAddress {
    if (this.again && this.isKeyOf(this.found, buffer, start, end)) {
      return this.found;
    }
    const hash = this.keyHash.of(buffer, start, end);
    const entry = this.root === 0 ? 0 : this.search(hash, buffer, start, end);
    this.hash = hash;
    this.again = entry !== 0 && entry === this.found;
    this.found = entry;
    return entry;
  }

  /** The entry with this key, whose hash was the last one made, or 0. */
  private search(hash: number, buffer: Buffer, start: number, end: number): EntryAddress {
    const length = end - start;
    const isShort = length <= keptBytes;
    const windows = this.windows;
    const place = this.firstPlace + (hash >>> this.shift) * 2;
    const segment = this.places[place] as number;
    const words = windows[segment >>> windowShift] as Int32Array;
    let slot = (segment & windowMask) * 2 + homeOffset(hash, this.places[place + 1] as number);
    for (;;) {
      const found = words[slot] as number;
      if (found >= hash) {
        if (found !== hash) {
          return 0;
        }
        const entry = words[slot + 1] as number;
        const record = windows[entry >>> windowShift] as Int32Array;
        if (isShort
          ? hasShortKey(record, (entry & windowMask) * 2, this.keyWords, length)
          : this.hasLongKey(entry, buffer, start, end)) {
          return entry;
        }
      }
      slot += 2;
    }
  }

  /**
   * Loads what `find` will look at for each of these hashes, at most `prefetchMost`. No load of a
   * pass depends on another, so the processor waits for all of them at once; that is why there are
   * three. The result means nothing: it keeps the loads alive.
   */
  prefetch(hashes: Int32Array, count: number): number {
    if (this.root === 0) {
      return 0;
    }
    const { windows, places, firstPlace, shift } = this;
    let sum = 0;
    for (let index = 0; index < count; index++) {
      const hash = hashes[index] as number;
      const place = firstPlace + (hash >>> shift) * 2;
      const segment = places[place] as number;
      const slot = (segment & windowMask) * 2 + homeOffset(hash, places[place + 1] as number);
      ahead[index] = slot;
      sum ^= (windows[segment >>> windowShift] as Int32Array)[slot] as number;
    }
    let found = 0;
    for (let index = 0; index < count; index++) {
      const hash = hashes[index] as number;
      const segment = places[firstPlace + (hash >>> shift) * 2] as number;
      const words = windows[segment >>> windowShift] as Int32Array;
      let slot = ahead[index] as number;
      while ((words[slot] as number) < hash) {
        slot += 2;
      }
      if (words[slot] === hash) {
        ahead[found++] = words[slot + 1] as number;
      }
    }
    for (let index = 0; index < found; index++) {
      const entry = ahead[index] as number;
      const record = windows[entry >>> windowShift] as Int32Array;
      const at = (entry & windowMask) * 2;
      // Header and key, and the two cache lines after them, which hold most values.
      sum ^= (record[at] as number) ^ (record[at + cacheLineWords] as number) ^
        (record[at + 2 * cacheLineWords - 1] as number);
    }
    return sum;
  }

  /** Whether the pair of `entry` is there. */
  has(hash: number, entry: EntryAddress): boolean {
    return this.slotOf(hash, entry) >= 0;
  }

  /** Points the pair of `entry` to another entry with the same hash; false when there is none. */
  readdress(hash: number, entry: EntryAddress, replacement: EntryAddress): boolean {
    const slot = this.slotOf(hash, entry);
    if (slot < 0) {
      return false;
    }
    this.words[slot + 1] = replacement;
    this.touch();
    return true;
  }

  /**
   * A hint: so many keys are about to come. An empty dict gets the segments for them, which saves
   * dividing them again and again.
   */
  expect(keys: number): void {
    const depth = depthFor(this.segments, keys);
    if (this.root !== 0 || depth === 0) return;
    try {
      this.open(createDirectory(this.segments, depth));
    } catch {
      // No room for that many at once: the index grows as they come, if they do.
    }
  }

  /**
   * Makes sure that `insert(hash, …)`, called next, finds room.
   * @throws {EngineError} ARENA_FULL when there is no room; the dict holds what it held.
   */
  makeRoom(hash: number): void {
    if (this.root === 0) {
      this.open(createDirectory(this.segments));
    }
    while (!this.hasRoom(hash)) {
      expandDirectory(this.segments, this.root, hash);
      this.open(this.root);
    }
  }

  /** Adds a pair; `makeRoom(hash)` must have been the last change or search. */
  insert(hash: number, entry: EntryAddress): void {
    const words = this.words;
    const slot = this.slot;
    for (let at = this.gap; at > slot; at -= 2) {
      words[at] = words[at - 2] as number;
      words[at + 1] = words[at - 1] as number;
    }
    words[slot] = hash;
    words[slot + 1] = entry;
    this.addToCounts(1);
  }

  /** Removes the pair of `entry`, needs no memory; false when there is none. */
  remove(hash: number, entry: EntryAddress): boolean {
    const slot = this.slotOf(hash, entry);
    if (slot < 0) {
      return false;
    }
    this.closeHole(slot);
    this.addToCounts(-1);
    const slots = this.words[this.base + segmentSlots] as number;
    if (this.count === 0) {
      this.clear();
    } else if ((this.words[this.base + segmentCount] as number) * 8 < this.segments.limit(slots)) {
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
    let from = Math.max(0, position);
    let left = Math.max(1, budget);
    while (from < hashEnd && this.root !== 0) {
      let at = this.startOf(from);
      const { words, base } = this;
      const depth = ((words[base + segmentMeta] as number) & 31) - 1;
      const end = base + (words[base + segmentSlots] as number) * 2;
      let last = -1;
      for (; at < end; at += 2) {
        const hash = words[at] as number;
        if (hash === hashEnd || hash < from) {
          continue;
        }
        if (left <= 0 && hash !== last) {
          return hash;
        }
        visit(words[at + 1] as number);
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
    const { arena, root } = this;
    for (let draw = 0; draw < randomDraws; draw++) {
      // A segment spans as many directory places as it has less depth: counting only its first
      // place makes all segments, and so all slots, equally likely.
      const place = random.uint32() % directorySize(arena, root);
      const segment = segmentAt(arena, root, place);
      if (place % segmentSpan(arena, root, segment) !== 0) {
        continue;
      }
      const slots = wordAt(arena, segment, segmentSlots) - segmentHeaderWords / 2;
      const word = segmentHeaderWords + (random.uint32() % slots) * 2;
      if (wordAt(arena, segment, word) !== hashEnd) {
        return wordAt(arena, segment, word + 1);
      }
    }
    return this.firstFrom(random.uint32() % hashEnd);
  }

  // ---- inside ----------------------------------------------------------------------------------

  /** Makes this the handle of the dict at `root`. */
  private open(root: Address): void {
    const directory = wordAt(this.arena, root, rootDirectory);
    this.root = root;
    this.places = windowOf(this.arena, directory);
    this.firstPlace = wordOf(directory);
    this.shift = wordAt(this.arena, root, rootShift);
  }

  private touch(): void {
    this.version = (this.version + 1) | 0;
    this.found = 0;
    this.again = false;
  }

  /** Whether this short key is that of `entry`. Keys that differ mostly do so at their ends. */
  private isKeyOf(entry: EntryAddress, buffer: Buffer, start: number, end: number): boolean {
    const index = entry >>> windowShift;
    const at = (entry & windowMask) * 2;
    const header = (this.windows[index] as Int32Array)[at] as number;
    if (header >>> keyShift !== end - start || end - start > keptBytes) {
      return false;
    }
    const bytes = this.bytes[index] as Buffer;
    const shift = at * 4 + keyOffset(header) - start;
    let last = end - 1;
    while (last >= start && buffer[last] === bytes[last + shift]) {
      last--;
    }
    return last < start;
  }

  private addToCounts(change: number): void {
    const segment = this.base + segmentCount;
    this.words[segment] = (this.words[segment] as number) + change;
    const root = windowOf(this.arena, this.root);
    const count = wordOf(this.root) + rootCount;
    root[count] = (root[count] as number) + change;
    this.touch();
  }

  /** Looks at the segment for `hash` and returns the slot in it at which a search begins. */
  private startOf(hash: number): number {
    const place = this.firstPlace + (hash >>> this.shift) * 2;
    const segment = this.places[place] as number;
    this.words = this.windows[segment >>> windowShift] as Int32Array;
    this.base = (segment & windowMask) * 2;
    return this.base + homeOffset(hash, this.places[place + 1] as number);
  }

  /** The slot of the pair of `entry`; -1 when there is none. */
  private slotOf(hash: number, entry: EntryAddress): number {
    if (this.root === 0) {
      return -1;
    }
    let slot = this.startOf(hash);
    const words = this.words;
    for (;;) {
      const found = words[slot] as number;
      if (found > hash) {
        return -1;
      }
      if (found === hash && words[slot + 1] === entry) {
        return slot;
      }
      slot += 2;
    }
  }

  /** Whether the segment takes another pair for `hash` as it is; if so, remembers where. */
  private hasRoom(hash: number): boolean {
    let slot = this.startOf(hash);
    const { words, base } = this;
    const slots = words[base + segmentSlots] as number;
    if ((words[base + segmentCount] as number) >= this.segments.limit(slots) &&
      (slots < this.segments.mostSlots || this.maySplit(hash))) {
      return false;
    }
    while ((words[slot] as number) < hash) {
      slot += 2;
    }
    let gap = slot;
    while (words[gap] !== hashEnd) {
      gap += 2;
    }
    this.slot = slot;
    this.gap = gap;
    return gap < base + slots * 2 - 2;
  }

  private maySplit(hash: number): boolean {
    const segment = segmentAt(this.arena, this.root, hash >>> this.shift);
    return maySplit(this.arena, this.root, segment);
  }

  /** Moves the pairs behind a hole to the left, each at most to its home. */
  private closeHole(slot: number): void {
    const { words, base } = this;
    const meta = words[base + segmentMeta] as number;
    let hole = slot;
    for (;;) {
      const next = words[hole + 2] as number;
      if (next === hashEnd || base + homeOffset(next, meta) > hole) {
        break;
      }
      words[hole] = next;
      words[hole + 1] = words[hole + 3] as number;
      hole += 2;
    }
    words[hole] = hashEnd;
    words[hole + 1] = hashEnd;
  }

  private hasLongKey(entry: EntryAddress, buffer: Buffer, start: number, end: number): boolean {
    const { entries } = this;
    if (entries.keyLength(entry) !== end - start) {
      return false;
    }
    const from = entries.keyOffset(entry);
    const key = entries.keyBuffer(entry);
    return key.compare(buffer, start, end, from, from + end - start) === 0;
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
