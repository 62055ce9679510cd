// The directory of a dict: which segment serves which hashes, and how that changes as the dict
// grows and shrinks. Works on `root` alone, so it can serve any number of dicts.
//
//   root       i32 directory, i32 shift (31 - depth), i32 count of entries, i32 count of segments
//   directory  2^depth pairs: i32 segment, i32 its meta (segments.ts); chosen by the top hash bits
//
// A segment with less depth than the directory stands in several places of it: its span.

import { EngineError } from '../errors.ts';
import type { Address } from '../memory/arena.ts';
import { segmentCount, segmentMeta, segmentSlots } from './segments.ts';
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

/** Places of the directory. */
export function directorySize(i32: Int32Array, root: Address): number {
  return 2 ** (hashBits - (i32[root * 2 + rootShift] as number));
}

/** Top hash bits that all keys of a segment share. */
export function segmentDepth(i32: Int32Array, segment: Address): number {
  return ((i32[segment * 2 + segmentMeta] as number) & 31) - 1;
}

/** Places of the directory that a segment has. */
export function segmentSpan(i32: Int32Array, root: Address, segment: Address): number {
  const depth = hashBits - (i32[root * 2 + rootShift] as number);
  return 2 ** (depth - segmentDepth(i32, segment));
}

/** The segment that serves a hash. */
export function segmentOf(i32: Int32Array, root: Address, hash: number): Address {
  const index = hash >>> (i32[root * 2 + rootShift] as number);
  return i32[(i32[root * 2 + rootDirectory] as number) * 2 + index * 2] as number;
}

/**
 * Makes an empty dict and returns its root.
 * @throws {EngineError} ARENA_FULL when there is no room.
 */
export function createDirectory(segments: Segments): Address {
  const slots = segments.fewestSlots;
  const taken: [Address, number][] = [];
  try {
    for (const bytes of [rootBytes, 8, slots * 8]) {
      taken.push([segments.allocate(bytes), bytes]);
    }
  } catch (error) {
    for (const [address, bytes] of taken) {
      segments.free(address, bytes);
    }
    throw error;
  }
  const [root, directory, segment] = taken.map(([address]) => address) as [number, number, number];
  segments.beginCollect();
  const meta = segments.lay(segment, slots, 0, 0, 0);
  const i32 = segments.arena.i32;
  i32[root * 2 + rootDirectory] = directory;
  i32[root * 2 + rootShift] = hashBits;
  i32[root * 2 + rootCount] = 0;
  i32[root * 2 + rootSegments] = 1;
  i32[directory * 2] = segment;
  i32[directory * 2 + 1] = meta;
  return root;
}

/** Gives back segments, directory and root, but not the entries; O(segments). */
export function clearDirectory(segments: Segments, root: Address): void {
  const i32 = segments.arena.i32;
  const directory = i32[root * 2 + rootDirectory] as number;
  const size = directorySize(i32, root);
  for (let index = 0; index < size;) {
    const segment = i32[directory * 2 + index * 2] as number;
    index += segmentSpan(i32, root, segment);
    segments.free(segment, (i32[segment * 2 + segmentSlots] as number) * 8);
  }
  segments.free(directory, size * 8);
  segments.free(root, rootBytes);
}

/**
 * Makes room where `hash` belongs: a larger segment, or two instead of one.
 * @throws {EngineError} ARENA_FULL when there is no room; the dict holds what it held.
 */
export function expandDirectory(segments: Segments, root: Address, hash: number): void {
  const i32 = segments.arena.i32;
  const segment = segmentOf(i32, root, hash);
  const slots = i32[segment * 2 + segmentSlots] as number;
  if (slots < segments.mostSlots) {
    grow(segments, root, segment);
  } else if (maySplit(i32, root, segment)) {
    split(segments, root, hash);
  } else {
    crowd(segments, root, hash);
  }
}

/** Whether the segment can still be split; otherwise it fills up to its last slots. */
export function maySplit(i32: Int32Array, root: Address, segment: Address): boolean {
  const places = directorySize(i32, root);
  return segmentDepth(i32, segment) < mostDepth &&
    (segmentSpan(i32, root, segment) > 1 || places < fewPlaces ||
      places < (i32[root * 2 + rootSegments] as number) * mostPlaces);
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
  const i32 = segments.arena.i32;
  const slots = i32[segment * 2 + segmentSlots] as number;
  const larger = segments.allocate(slots * 2 * 8);
  segments.beginCollect();
  segments.collect(segment);
  const meta = segments.lay(larger, slots * 2, 0, 0, segments.collected);
  segments.free(segment, slots * 8);
  assign(i32, root, { index: 0, span: directorySize(i32, root), segment: larger, meta });
}

/** Moves the upper half of a segment's hashes to a new segment. */
function split(segments: Segments, root: Address, hash: number): void {
  const i32 = segments.arena.i32;
  const slots = segments.mostSlots;
  const lower = segmentOf(i32, root, hash);
  const depth = segmentDepth(i32, lower);
  const upper = segments.allocate(slots * 8);
  if (segmentSpan(i32, root, lower) === 1) {
    try {
      doubleDirectory(segments, root);
    } catch (error) {
      segments.free(upper, slots * 8);
      throw error;
    }
  }
  const half = segmentSpan(i32, root, lower) / 2;
  const width = 2 ** (hashBits - depth);
  const start = Math.floor(hash / width) * width;
  const index = start / 2 ** (i32[root * 2 + rootShift] as number);
  segments.beginCollect();
  segments.collect(lower);
  const middle = segments.firstFrom(start + width / 2);
  const upperMeta = segments.lay(upper, slots, depth + 1, middle, segments.collected);
  const lowerMeta = segments.lay(lower, slots, depth + 1, 0, middle);
  assign(i32, root, { index, span: half, segment: lower, meta: lowerMeta });
  assign(i32, root, { index: index + half, span: half, segment: upper, meta: upperMeta });
  i32[root * 2 + rootSegments] = (i32[root * 2 + rootSegments] as number) + 1;
}

/** Splitting would not help: lays the pairs closer, until the segment is really full. */
function crowd(segments: Segments, root: Address, hash: number): void {
  const i32 = segments.arena.i32;
  const slots = segments.mostSlots;
  const segment = segmentOf(i32, root, hash);
  segments.beginCollect();
  segments.collect(segment);
  if (segments.collected >= segments.fullAt(slots)) {
    throw new EngineError(
      'ARENA_FULL',
      `${segments.collected} keys have nearly the same hash, no room in the index for another; ` +
        'delete some of them, or restart for another hash seed',
    );
  }
  const depth = segmentDepth(i32, segment);
  const meta = segments.lay(segment, slots, depth, 0, segments.collected);
  const index = hash >>> (i32[root * 2 + rootShift] as number);
  assign(i32, root, { index, span: 1, segment, meta });
}

function doubleDirectory(segments: Segments, root: Address): void {
  const i32 = segments.arena.i32;
  const size = directorySize(i32, root);
  const old = i32[root * 2 + rootDirectory] as number;
  const directory = segments.allocate(size * 2 * 8);
  for (let index = 0; index < size; index++) {
    const from = old * 2 + index * 2;
    const to = directory * 2 + index * 4;
    i32[to] = i32[to + 2] = i32[from] as number;
    i32[to + 1] = i32[to + 3] = i32[from + 1] as number;
  }
  segments.free(old, size * 8);
  i32[root * 2 + rootDirectory] = directory;
  i32[root * 2 + rootShift] = (i32[root * 2 + rootShift] as number) - 1;
}

function mergeHalves(segments: Segments, root: Address, hash: number): boolean {
  const i32 = segments.arena.i32;
  const depth = segmentDepth(i32, segmentOf(i32, root, hash));
  if (depth === 0) {
    return false;
  }
  const width = 2 ** (hashBits - depth);
  const start = Math.floor(hash / (width * 2)) * width * 2;
  const lower = segmentOf(i32, root, start);
  const upper = segmentOf(i32, root, start + width);
  const together = (i32[lower * 2 + segmentCount] as number) +
    (i32[upper * 2 + segmentCount] as number);
  const alike = segmentDepth(i32, lower) === segmentDepth(i32, upper);
  if (!alike || together * 2 > segments.limit(segments.mostSlots)) {
    return false;
  }
  const span = segmentSpan(i32, root, lower) * 2;
  segments.beginCollect();
  segments.collect(lower);
  segments.collect(upper);
  const meta = segments.lay(lower, segments.mostSlots, depth - 1, 0, segments.collected);
  segments.free(upper, segments.mostSlots * 8);
  const index = start / 2 ** (i32[root * 2 + rootShift] as number);
  assign(i32, root, { index, span, segment: lower, meta });
  i32[root * 2 + rootSegments] = (i32[root * 2 + rootSegments] as number) - 1;
  return true;
}

/** Writes a segment into `span` places of the directory. */
function assign(
  i32: Int32Array,
  root: Address,
  places: { index: number; span: number; segment: Address; meta: number },
): void {
  const first = (i32[root * 2 + rootDirectory] as number) * 2 + places.index * 2;
  for (let at = first; at < first + places.span * 2; at += 2) {
    i32[at] = places.segment;
    i32[at + 1] = places.meta;
  }
}
