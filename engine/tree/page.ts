// Pages: copying slots with their elements from one to another, which also closes the holes.

import { windowMask, windowShift } from '../memory/arena.ts';
import type { Address, Arena } from '../memory/arena.ts';
import {
  apartFlag, blockShift, countWord, epochWord, headerBytes, headerWords, heapWord, lengthOf,
  lengthShift, liveMask, offsetMask, sizeWord,
} from './layout.ts';
import type { SlotShape } from './layout.ts';

/**
 * Below this many words a loop beats copyWithin; always where words move by an odd number of them:
 * copyWithin goes byte by byte then, since the memory is shared.
 */
const loopWords = 64;
/** Below this many bytes a loop beats the call of Buffer.copy. */
const loopBytes = 32;
const scratchBytes = 8192;
// One for all: what is in it is of no account outside of a call.
const scratchMemory = new SharedArrayBuffer(scratchBytes);
const scratchWords = new Int32Array(scratchMemory);
const scratchView = Buffer.from(scratchMemory);

/** Points at a page, in the arena or in a scratch of its own. Reused. */
export class PageRef {
  address: Address = 0;
  view: Int32Array;
  /** Index of the first word in `view`. */
  base: number = 0;
  bytes: Buffer;
  private readonly words: readonly Int32Array[];
  private readonly windows: readonly Buffer[];

  constructor(arena: Arena) {
    this.words = arena.words;
    this.windows = arena.windows;
    this.view = arena.words[0] as Int32Array;
    this.bytes = arena.windows[0] as Buffer;
  }

  /** Points at a page of the arena. */
  point(address: Address): this {
    this.address = address;
    this.base = (address & windowMask) * 2;
    const view = this.words[address >>> windowShift] as Int32Array;
    // Nearly always the same window: then no reference need be stored.
    if (this.view !== view) {
      this.view = view;
      this.bytes = this.windows[address >>> windowShift] as Buffer;
    }
    return this;
  }

  get epoch(): number {
    return this.view[this.base + epochWord] as number;
  }

  get count(): number {
    return this.view[this.base + countWord] as number;
  }

  /** Bytes of elements in use. */
  get live(): number {
    return (this.view[this.base + sizeWord] as number) & liveMask;
  }

  get blockBytes(): number {
    return ((this.view[this.base + sizeWord] as number) >>> blockShift) * 8;
  }

  /** Bytes in use, header included, holes not. */
  used(shape: SlotShape): number {
    return headerBytes + this.count * shape.words * 4 + this.live;
  }

  /** Bytes free in one piece. */
  free(shape: SlotShape): number {
    return (this.view[this.base + heapWord] as number) - headerBytes - this.count * shape.words * 4;
  }

  /** Makes it an empty page. */
  init(blockBytes: number, epoch: number): this {
    const { view, base } = this;
    view[base + epochWord] = epoch;
    view[base + countWord] = 0;
    view[base + heapWord] = blockBytes;
    view[base + sizeWord] = (blockBytes >>> 3) << blockShift;
    return this;
  }

  /** Index in `view` of a word of a slot. */
  at(slot: number, shape: SlotShape): number {
    return this.base + headerWords + slot * shape.words;
  }

  /** Opens a slot; its words are undefined. There must be room. */
  openSlot(slot: number, shape: SlotShape): number {
    const { view, base } = this;
    const count = view[base + countWord] as number;
    const at = base + headerWords + slot * shape.words;
    moveWords(view, at, base + headerWords + count * shape.words, shape.words);
    view[base + countWord] = count + 1;
    return at;
  }

  /** Takes `length` bytes of the heap and returns the element word for them. */
  takeHeap(length: number): number {
    const { view, base } = this;
    const heap = (view[base + heapWord] as number) - length;
    view[base + heapWord] = heap;
    view[base + sizeWord] = (view[base + sizeWord] as number) + length;
    return heap | (length << lengthShift);
  }

  /** Gives bytes of the heap back. */
  dropHeap(word: number): void {
    const { view, base } = this;
    const length = lengthOf(word);
    view[base + sizeWord] = (view[base + sizeWord] as number) - length;
    if ((word & offsetMask) === view[base + heapWord]) {
      view[base + heapWord] = (view[base + heapWord] as number) + length;
    }
  }

  /** Keeps only the first `length` bytes of the heap bytes; returns the word for them. */
  shrinkHeap(word: number, length: number): number {
    const size = this.base + sizeWord;
    this.view[size] = (this.view[size] as number) - lengthOf(word) + length;
    return (word & offsetMask) | (length << lengthShift);
  }

  /** Closes `count` slots from `slot` on, whose elements are gone already. */
  closeSlots(slot: number, count: number, shape: SlotShape): void {
    const { view, base } = this;
    const slots = view[base + countWord] as number;
    const from = base + headerWords + (slot + count) * shape.words;
    moveWords(view, from, base + headerWords + slots * shape.words, -count * shape.words);
    view[base + countWord] = slots - count;
    if (slots === count) {
      view[base + heapWord] = this.blockBytes;
    }
  }
}

/** Pages of one arena: what to copy between them needs. */
export class PageCopier {
  private readonly scratch: PageRef;

  constructor(arena: Arena) {
    this.scratch = new PageRef(arena);
    this.scratch.view = scratchWords;
    this.scratch.bytes = scratchView;
  }

  /** Closes the holes between the elements of a page. */
  compact(page: PageRef, shape: SlotShape): void {
    const { scratch } = this;
    const { blockBytes, epoch } = page;
    page.bytes.copy(scratch.bytes, 0, page.base * 4, page.base * 4 + blockBytes);
    page.init(blockBytes, epoch);
    this.append(scratch, page, shape, 0, scratch.count);
  }

  /** Copies a page as a whole to an empty one. */
  copy(source: PageRef, target: PageRef, shape: SlotShape): void {
    const heap = source.view[source.base + heapWord] as number;
    const sourceBytes = source.blockBytes;
    if (sourceBytes - heap !== source.live) {
      this.append(source, target, shape, 0, source.count);
      return;
    }
    const delta = target.blockBytes - sourceBytes;
    const from = source.base * 4;
    const to = target.base * 4 + heap + delta;
    source.bytes.copy(target.bytes, to, from + heap, from + sourceBytes);
    const words = source.count * shape.words;
    copyWords(source.view, source.at(0, shape), target.view, target.at(0, shape), words);
    target.view[target.base + countWord] = source.count;
    target.view[target.base + heapWord] = heap + delta;
    target.view[target.base + sizeWord] =
      (target.view[target.base + sizeWord] as number) + source.live;
    if (delta !== 0 && shape.element >= 0) {
      shiftElements(target, shape, delta);
    }
  }

  /** Appends the slots `from` to `to` of a page to another one, with their elements. */
  append(source: PageRef, target: PageRef, shape: SlotShape, from: number, to: number): void {
    const count = target.count;
    const at = target.at(count, shape);
    const words = (to - from) * shape.words;
    copyWords(source.view, source.at(from, shape), target.view, at, words);
    target.view[target.base + countWord] = count + to - from;
    if (shape.element >= 0) {
      for (let slot = at + shape.element; slot < at + words; slot += shape.words) {
        target.view[slot] = this.copyElement(source, target.view[slot] as number, target);
      }
    }
  }

  /** Copies the bytes in the page of an element and returns the element word for them. */
  copyElement(source: PageRef, word: number, target: PageRef): number {
    const length = lengthOf(word);
    const copy = target.takeHeap(length);
    const from = source.base * 4 + (word & offsetMask);
    const to = target.base * 4 + (copy & offsetMask);
    copyBytes(source.bytes, from, target.bytes, to, length);
    return copy | (word & apartFlag);
  }
}

/** Copies bytes; the stretches do not overlap. */
export function copyBytes(
  source: Buffer, from: number, target: Buffer, to: number, length: number,
): void {
  if (length > loopBytes) {
    source.copy(target, to, from, from + length);
    return;
  }
  for (let at = 0; at < length; at++) {
    target[to + at] = source[from + at] as number;
  }
}

function copyWords(
  source: Int32Array, from: number, target: Int32Array, to: number, count: number,
): void {
  for (let at = 0; at < count; at++) {
    target[to + at] = source[from + at] as number;
  }
}

/** Moves the words `from` to `end` by `distance` words. */
function moveWords(view: Int32Array, from: number, end: number, distance: number): void {
  if (end - from > loopWords && (distance & 1) === 0) {
    view.copyWithin(from + distance, from, end);
  } else if (distance > 0) {
    for (let at = end - 1; at >= from; at--) {
      view[at + distance] = view[at] as number;
    }
  } else {
    for (let at = from; at < end; at++) {
      view[at + distance] = view[at] as number;
    }
  }
}

function shiftElements(page: PageRef, shape: SlotShape, delta: number): void {
  const { view } = page;
  const end = page.at(page.count, shape);
  for (let at = page.at(0, shape) + shape.element; at < end; at += shape.words) {
    view[at] = (view[at] as number) + delta;
  }
}
