// The directory of a dict: which segment serves which hashes, and how that changes as the dict
// grows and shrinks. Works on `root` alone, so it can serve any number of dicts.
//
//   root       i32 directory, i32 shift (31 - depth), i32 count of entries, i32 count of segments
//   directory  2^depth pairs: i32 segment, i32 its meta (segments.ts); chosen by the top hash bits
//
// A segment with less depth than the directory stands in several places of it: its span.

import { EngineError } from '../errors.ts';
import type { Address, Arena } from '../memory/arena.ts';
import { segmentCount, segmentMeta, segmentSlots, windowOf, wordOf } from './segments.ts';
import type { Segments } from './segments.ts';

export const rootDirectory = 0;
export const rootShift = 1;
export const rootCount = 2;
const rootSegments = 3;
const rootBytes = 16;
const hashBits = 31;
/**
 * Places of the directory for each segment at most: with hashes that are any good it is a few;
 * hashes that agree must not make the directory explode.
 */
const mostPlaces = 64;
const fewPlaces = 2 ** 14;
/** All hash bits but the one that must remain to find a home. */
const mostDepth = 30;

/** One word of a block, wherever the block lies. */
export function wordAt(arena: Arena, block: Address, word: number): number {
  return windowOf(arena, block)[wordOf(block) + word] as number;
}

function setWord(arena: Arena, block: Address, word: number, value: number): void {
  windowOf(arena, block)[wordOf(block) + word] = value;
}

/** Places of the directory. */
export function directorySize(arena: Arena, root: Address): number {
  return 2 ** (hashBits - wordAt(arena, root, rootShift));
}

/** Top hash bits that all keys of a segment share. */
export function segmentDepth(arena: Arena, segment: Address): number {
  return (wordAt(arena, segment, segmentMeta) & 31) - 1;
}

/** Places of the directory that a segment has. */
export function segmentSpan(arena: Arena, root: Address, segment: Address): number {
  const depth = hashBits - wordAt(arena, root, rootShift);
  return 2 ** (depth - segmentDepth(arena, segment));
}

/** The segment that serves a hash. */
export function segmentOf(arena: Arena, root: Address, hash: number): Address {
  return segmentAt(arena, root, hash >>> wordAt(arena, root, rootShift));
}

/** The segment at a place of the directory. */
export function segmentAt(arena: Arena, root: Address, place: number): Address {
  return wordAt(arena, wordAt(arena, root, rootDirectory), place * 2);
}

/**
 * Makes an empty dict of 2^depth segments and returns its root; without depth its only segment is
 * a small one.
 * @throws {EngineError} ARENA_FULL when there is no room; nothing has changed then.
 */
export function createDirectory(segments: Segments, depth: number = 0): Address {
  const slots = depth === 0 ? segments.fewestSlots : segments.mostSlots;
  const count = 2 ** depth;
  const sizes = [rootBytes, count * 8, ...Array.from({ length: count }, () => slots * 8)];
  const [root, directory, ...blocks] = allocateAll(segments, sizes) as [Address, Address];
  const { arena } = segments;
  setWord(arena, root, rootDirectory, directory);
  setWord(arena, root, rootShift, hashBits - depth);
  setWord(arena, root, rootCount, 0);
  setWord(arena, root, rootSegments, count);
  segments.beginCollect();
  for (const [index, segment] of (blocks as Address[]).entries()) {
    const meta = segments.lay(segment, slots, depth, 0, 0);
    assign(arena, root, { index, span: 1, segment, meta });
  }
  return root;
}

/** Depth of a dict in which so many keys find room without a split, if they are spread evenly. */
export function depthFor(segments: Segments, keys: number): number {
  const full = segments.limit(segments.mostSlots) * 0.9;
  return Math.max(0, Math.ceil(Math.log2(keys / full)));
}

/** All of these blocks, or none. */
function allocateAll(segments: Segments, sizes: readonly number[]): Address[] {
  const taken: Address[] = [];
  try {
    for (const bytes of sizes) {
      taken.push(segments.allocate(bytes));
    }
  } catch (error) {
    for (const [index, address] of taken.entries()) {
      segments.free(address, sizes[index] as number);
    }
    throw error;
  }
  return taken;
}

/** Gives back segments, directory and root, but not the entries; O(segments). */
export function clearDirectory(segments: Segments, root: Address): void {
  const { arena } = segments;
  const directory = wordAt(arena, root, rootDirectory);
  const size = directorySize(arena, root);
  for (let index = 0; index < size;) {
    const segment = segmentAt(arena, root, index);
    index += segmentSpan(arena, root, segment);
    segments.free(segment, wordAt(arena, segment, segmentSlots) * 8);
  }
  segments.free(directory, size * 8);
  segments.free(root, rootBytes);
}

/**
 * Makes room where `hash` belongs: a larger segment, or two instead of one.
 * @throws {EngineError} ARENA_FULL when there is no room; the dict holds what it held.
 */
export function expandDirectory(segments: Segments, root: Address, hash: number): void {
  const { arena } = segments;
  const segment = segmentOf(arena, root, hash);
  const slots = wordAt(arena, segment, segmentSlots);
  if (slots < segments.mostSlots) {
    grow(segments, root, segment);
  } else if (maySplit(arena, root, segment)) {
    split(segments, root, hash);
  } else {
    crowd(segments, root, hash);
  }
}

/** Whether the segment can still be split; otherwise it fills up to its last slots. */
export function maySplit(arena: Arena, root: Address, segment: Address): boolean {
  const places = directorySize(arena, root);
  return segmentDepth(arena, segment) < mostDepth &&
    (segmentSpan(arena, root, segment) > 1 || places < fewPlaces ||
      places < wordAt(arena, root, rootSegments) * mostPlaces);
}

/** Merges the segment of `hash` with its other half as long as both are nearly empty. */
export function shrinkDirectory(segments: Segments, root: Address, hash: number): void {
  let merged = true;
  while (merged) {
    merged = mergeHalves(segments, root, hash);
  }
}

/** Doubles the slots of the only segment. */
function grow(segments: Segments, root: Address, segment: Address): void {
  const { arena } = segments;
  const slots = wordAt(arena, segment, segmentSlots);
  const larger = segments.allocate(slots * 2 * 8);
  segments.beginCollect();
  segments.collect(segment);
  const meta = segments.lay(larger, slots * 2, 0, 0, segments.collected);
  segments.free(segment, slots * 8);
  assign(arena, root, { index: 0, span: directorySize(arena, root), segment: larger, meta });
}

/** Moves the upper half of a segment's hashes to a new segment. */
function split(segments: Segments, root: Address, hash: number): void {
  const { arena } = segments;
  const slots = segments.mostSlots;
  const lower = segmentOf(arena, root, hash);
  const depth = segmentDepth(arena, lower);
  const upper = segments.allocate(slots * 8);
  if (segmentSpan(arena, root, lower) === 1) {
    try {
      doubleDirectory(segments, root);
    } catch (error) {
      segments.free(upper, slots * 8);
      throw error;
    }
  }
  const half = segmentSpan(arena, root, lower) / 2;
  const width = 2 ** (hashBits - depth);
  const start = Math.floor(hash / width) * width;
  const index = start / 2 ** wordAt(arena, root, rootShift);
  segments.beginCollect();
  segments.collect(lower);
  const middle = segments.firstFrom(start + width / 2);
  const upperMeta = segments.lay(upper, slots, depth + 1, middle, segments.collected);
  const lowerMeta = segments.lay(lower, slots, depth + 1, 0, middle);
  assign(arena, root, { index, span: half, segment: lower, meta: lowerMeta });
  assign(arena, root, { index: index + half, span: half, segment: upper, meta: upperMeta });
  setWord(arena, root, rootSegments, wordAt(arena, root, rootSegments) + 1);
}

/** Splitting would not help: lays the pairs closer, until the segment is really full. */
function crowd(segments: Segments, root: Address, hash: number): void {
  const { arena } = segments;
  const slots = segments.mostSlots;
  const segment = segmentOf(arena, root, hash);
  segments.beginCollect();
  segments.collect(segment);
  if (segments.collected >= segments.fullAt(slots)) {
    throw new EngineError(
      'ARENA_FULL',
      `${segments.collected} keys have nearly the same hash, no room in the index for another; ` +
        'delete some of them, or restart for another hash seed',
    );
  }
  const depth = segmentDepth(arena, segment);
  const meta = segments.lay(segment, slots, depth, 0, segments.collected);
  const index = hash >>> wordAt(arena, root, rootShift);
  assign(arena, root, { index, span: 1, segment, meta });
}

function doubleDirectory(segments: Segments, root: Address): void {
  const { arena } = segments;
  const size = directorySize(arena, root);
  const old = wordAt(arena, root, rootDirectory);
  const directory = segments.allocate(size * 2 * 8);
  for (let place = 0; place < size; place++) {
    for (const word of [0, 1]) {
      const value = wordAt(arena, old, place * 2 + word);
      setWord(arena, directory, place * 4 + word, value);
      setWord(arena, directory, place * 4 + 2 + word, value);
    }
  }
  segments.free(old, size * 8);
  setWord(arena, root, rootDirectory, directory);
  setWord(arena, root, rootShift, wordAt(arena, root, rootShift) - 1);
}

function mergeHalves(segments: Segments, root: Address, hash: number): boolean {
  const { arena } = segments;
  const depth = segmentDepth(arena, segmentOf(arena, root, hash));
  if (depth === 0) {
    return false;
  }
  const width = 2 ** (hashBits - depth);
  const start = Math.floor(hash / (width * 2)) * width * 2;
  const lower = segmentOf(arena, root, start);
  const upper = segmentOf(arena, root, start + width);
  const together = wordAt(arena, lower, segmentCount) + wordAt(arena, upper, segmentCount);
  const alike = segmentDepth(arena, lower) === segmentDepth(arena, upper);
  if (!alike || together * 2 > segments.limit(segments.mostSlots)) {
    return false;
  }
  const span = segmentSpan(arena, root, lower) * 2;
  segments.beginCollect();
  segments.collect(lower);
  segments.collect(upper);
  const meta = segments.lay(lower, segments.mostSlots, depth - 1, 0, segments.collected);
  segments.free(upper, segments.mostSlots * 8);
  const index = start / 2 ** wordAt(arena, root, rootShift);
  assign(arena, root, { index, span, segment: lower, meta });
  setWord(arena, root, rootSegments, wordAt(arena, root, rootSegments) - 1);
  return true;
}

/** Writes a segment into `span` places of the directory. */
function assign(
  arena: Arena,
  root: Address,
  places: { index: number; span: number; segment: Address; meta: number },
): void {
  const directory = wordAt(arena, root, rootDirectory);
  for (let place = places.index; place < places.index + places.span; place++) {
    setWord(arena, directory, place * 2, places.segment);
    setWord(arena, directory, place * 2 + 1, places.meta);
  }
}
