// How trees lie in the arena (little-endian; pages aligned to 8 bytes, the root is not).
//
//   root     u32 address of the top page, 0 = empty · u32 height | order << 8
//            · u32 elements · u32 units of 8 bytes in blocks of this tree
//
//   page     u32 epoch in which it was born
//            u32 count of slots
//            u32 heap: offset of the first byte of elements
//            u32 live bytes of elements | (bytes of the block / 8) << 16
//            slots, in order                 from the front
//            … free …
//            bytes of elements, unordered    from the back, with holes
//
//   slot of a leaf     element word [hash]  [score: high, low]  [orderGroups: see GroupTree]
//   slot of an inner   child, elements below it [hash] [score: high, low, element word]
//   element word       offset in the page (13 bits) | bytes in the page << 13 | apart << 31
//   element apart      in the page: u32 address, u32 bytes, u32 epoch of its block
//
// Keys lie in the slots, not in the elements: a search reads nothing else, and the bytes need no
// alignment. The key in an inner slot separates: what lies below it is not less, what lies below
// the slots before it is not greater (orderHash: equal hashes may lie on both sides) or less
// (orderScore: its element is the shortest prefix that separates). That of slot 0 means nothing.
//
// A score is kept as two signed words that order as the scores do.

import type { Address } from '../memory/arena.ts';

/** Bytes of the record that is a tree: the root. It lies in the entry's value, unaligned. */
export const rootBytes = 16;

/** Elements lie where they are put. */
export const orderPosition = 0;
/** Elements are in order of a hash of 31 bits; equal ones lie side by side in any order. */
export const orderHash = 1;
/** Elements are in order of a score and, where it is equal, of their bytes; no two are equal. */
export const orderScore = 2;
/** As orderPosition, each element standing for several, as its slot says (GroupTree of lists). */
export const orderGroups = 3;

export const epochWord = 0;
export const countWord = 1;
export const heapWord = 2;
export const sizeWord = 3;
/** Words before the first slot. */
export const headerWords = 4;
export const headerBytes = 16;

export const liveMask = 0xffff;
export const blockShift = 16;
export const offsetMask = 0x1fff;
export const lengthShift = 13;
export const apartFlag: number = 1 << 31;
/** Bytes in the page of an element apart. */
export const pointerBytes = 12;

/** More levels than any tree has. */
export const mostLevels = 32;

/** How the slots of leaves or of inner pages look. */
export interface SlotShape {
  readonly words: number;
  /** The element word in the slot; -1: there is none. */
  readonly element: number;
  /** The first word of the key. */
  readonly key: number;
}

/** By order. */
export const leafShapes: readonly SlotShape[] = [
  { words: 1, element: 0, key: 1 }, { words: 2, element: 0, key: 1 },
  { words: 3, element: 0, key: 1 }, { words: 2, element: 0, key: 2 },
];
/** By order. */
export const innerShapes: readonly SlotShape[] = [
  { words: 2, element: -1, key: 2 }, { words: 3, element: -1, key: 2 },
  { words: 5, element: 4, key: 2 }, { words: 2, element: -1, key: 2 },
];

/** Bytes that an element word says are in the page. */
export function lengthOf(word: number): number {
  return (word >>> lengthShift) & 0x3ffff;
}

/** Reads an unaligned word. */
export function readWord(bytes: Buffer, at: number): number {
  return (bytes[at] as number) | ((bytes[at + 1] as number) << 8) |
    ((bytes[at + 2] as number) << 16) | ((bytes[at + 3] as number) << 24);
}

/** Writes an unaligned word. */
export function writeWord(bytes: Buffer, at: number, word: number): void {
  bytes[at] = word;
  bytes[at + 1] = word >>> 8;
  bytes[at + 2] = word >>> 16;
  bytes[at + 3] = word >>> 24;
}

/** The root as it lies in a buffer. */
export interface RootFields {
  readonly page: Address;
  readonly height: number;
  readonly order: number;
  readonly units: number;
}

/** Reads a root. */
export function readRoot(bytes: Buffer, at: number): RootFields {
  const kind = readWord(bytes, at + 4);
  return {
    page: readWord(bytes, at), height: kind & 0xff, order: kind >>> 8,
    units: readWord(bytes, at + 12),
  };
}
