// A place in a tree: it moves by rank and step by step, without allocating.

import { windowMask, windowShift } from '../memory/arena.ts';
import type { Address } from '../memory/arena.ts';
import type { TreeHost } from './host.ts';
import {
  countWord, headerWords, innerShapes, leafShapes, lengthShift, mostLevels, offsetMask,
  orderPosition, readWord,
} from './layout.ts';
import type { SlotShape } from './layout.ts';

const nothing = Buffer.alloc(0);

/**
 * A tree open for reading, and a place in it. Reused: `open` another one any time. Anything but
 * this object changing the tree makes place and element invalid; a frozen root never changes.
 */
export class TreePlace {
  /** Elements of the tree. */
  count: number = 0;
  /** Bytes of the element at the place: set by every seek and step that returned true. */
  elementBuffer: Buffer = nothing;
  elementStart: number = 0;
  elementEnd: number = 0;
  protected readonly host: TreeHost;
  protected readonly words: readonly Int32Array[];
  protected readonly windows: readonly Buffer[];
  // The root and where it lies.
  protected rootBuffer: Buffer = nothing;
  protected rootOffset: number = 0;
  protected root: Address = 0;
  protected height: number = 0;
  protected kind: number = orderPosition;
  protected units: number = 0;
  protected leafShape: SlotShape = leafShapes[0] as SlotShape;
  protected innerShape: SlotShape = innerShapes[0] as SlotShape;
  protected leafWords: number = 1;
  protected innerWords: number = 2;
  // The place: for each level above the leaf a page and a slot, and those of the leaf.
  protected readonly pages: Int32Array = new Int32Array(mostLevels);
  protected readonly slots: Int32Array = new Int32Array(mostLevels);
  protected leaf: Address = 0;
  protected view: Int32Array;
  protected base: number = 0;
  protected bytes: Buffer;
  protected slot: number = 0;

  constructor(host: TreeHost) {
    this.host = host;
    this.words = host.arena.words;
    this.windows = host.arena.windows;
    this.view = this.words[0] as Int32Array;
    this.bytes = this.windows[0] as Buffer;
  }

  /** Opens the tree with the root at `offset`; there is no place yet. Copies of a root work. */
  open(buffer: Buffer, offset: number): this {
    this.rootBuffer = buffer;
    this.rootOffset = offset;
    const kind = readWord(buffer, offset + 4);
    this.root = readWord(buffer, offset);
    this.height = kind & 0xff;
    this.count = readWord(buffer, offset + 8) >>> 0;
    this.units = readWord(buffer, offset + 12);
    this.slot = 0;
    if (kind >>> 8 !== this.kind) {
      this.setOrder(kind >>> 8);
    }
    return this;
  }

  /** Bytes of arena that the tree occupies, without the root. */
  get occupiedBytes(): number {
    return this.units * 8;
  }

  /** orderPosition, orderHash or orderScore. */
  get order(): number {
    return this.kind;
  }

  /** Hash of the element at the place (orderHash): the one that the element was inserted with. */
  get hash(): number {
    return this.view[this.base + headerWords + this.slot * this.leafWords + 1] as number;
  }

  /** Elements before the place: 0 to count. O(height). */
  get rank(): number {
    if (this.height === 0) {
      return 0;
    }
    const width = this.innerWords;
    let rank = this.slot;
    for (let level = 1; level < this.height; level++) {
      const page = this.pages[level] as number;
      const view = this.words[page >>> windowShift] as Int32Array;
      const first = (page & windowMask) * 2 + headerWords + 1;
      const end = first + (this.slots[level] as number) * width;
      for (let at = first; at < end; at += width) {
        rank += view[at] as number;
      }
    }
    return rank;
  }

  // ---- seek ------------------------------------------------------------------------------------

  /** To the element of this rank; false at `count`, the end, where `insert` appends. */
  seekRank(rank: number): boolean {
    const width = this.innerWords;
    let left = Math.max(0, Math.min(rank, this.count));
    let page = this.root;
    for (let level = this.height - 1; level > 0; level--) {
      const view = this.words[page >>> windowShift] as Int32Array;
      const base = (page & windowMask) * 2;
      const first = base + headerWords;
      const last = first + ((view[base + countWord] as number) - 1) * width;
      let at = first;
      let slot = 0;
      while (at < last && left >= (view[at + 1] as number)) {
        left -= view[at + 1] as number;
        at += width;
        slot++;
      }
      this.pages[level] = page;
      this.slots[level] = slot;
      page = view[at] as number;
    }
    return this.enterLeaf(page, left);
  }

  /** To the first element; false when the tree is empty. */
  seekFirst(): boolean {
    this.slot = 0;
    if (this.height === 0) {
      return false;
    }
    this.setLeaf(this.descend(this.root, this.height - 1, false));
    this.load();
    return true;
  }

  /** To the last element; false when the tree is empty. */
  seekLast(): boolean {
    this.seekEnd();
    return this.previous();
  }

  /** To the end, behind the last element: where `insert` appends. */
  seekEnd(): void {
    this.slot = 0;
    if (this.height > 0) {
      this.setLeaf(this.descend(this.root, this.height - 1, true));
      this.slot = this.view[this.base + countWord] as number;
    }
  }

  // ---- step ------------------------------------------------------------------------------------

  /** To the element at or after the place, after a seek in vain or `remove`; false at the end. */
  settle(): boolean {
    if (this.height === 0) {
      return false;
    }
    if (this.slot < (this.view[this.base + countWord] as number)) {
      this.load();
      return true;
    }
    return this.hop(1) && this.enterLeaf(this.leaf, 0);
  }

  /** To the next element; false at the end. */
  next(): boolean {
    if (this.height === 0) {
      return false;
    }
    if (this.slot < (this.view[this.base + countWord] as number)) {
      this.slot++;
    }
    return this.settle();
  }

  /** To the element before the place; false at the start, and the place is as it was. */
  previous(): boolean {
    if (this.height === 0) {
      return false;
    }
    if (this.slot === 0) {
      if (!this.hop(-1)) {
        return false;
      }
      this.setLeaf(this.leaf);
      this.slot = this.view[this.base + countWord] as number;
    }
    this.slot--;
    this.load();
    return true;
  }

  // ---- inside ----------------------------------------------------------------------------------

  protected setOrder(order: number): void {
    this.kind = order;
    this.leafShape = leafShapes[order] as SlotShape;
    this.innerShape = innerShapes[order] as SlotShape;
    this.leafWords = this.leafShape.words;
    this.innerWords = this.innerShape.words;
  }

  protected setLeaf(page: Address): void {
    this.leaf = page;
    this.base = (page & windowMask) * 2;
    const view = this.words[page >>> windowShift] as Int32Array;
    // Nearly always the same window: then no reference need be stored.
    if (this.view !== view) {
      this.view = view;
      this.bytes = this.windows[page >>> windowShift] as Buffer;
    }
  }

  /** Points to the bytes of the element at the place. */
  protected load(): void {
    const word = this.view[this.base + headerWords + this.slot * this.leafWords] as number;
    const start = this.base * 4 + (word & offsetMask);
    if (word < 0) {
      const address = readWord(this.bytes, start);
      this.elementBuffer = this.windows[address >>> windowShift] as Buffer;
      this.elementStart = (address & windowMask) * 8;
      this.elementEnd = this.elementStart + readWord(this.bytes, start + 4);
    } else {
      if (this.elementBuffer !== this.bytes) {
        this.elementBuffer = this.bytes;
      }
      this.elementStart = start;
      this.elementEnd = start + (word >>> lengthShift);
    }
  }

  /** The place becomes a slot of a leaf, or the end of the last leaf. */
  protected enterLeaf(page: Address, slot: number): boolean {
    this.slot = slot;
    if (this.height === 0) {
      return false;
    }
    this.setLeaf(page);
    if (slot >= (this.view[this.base + countWord] as number)) {
      return false;
    }
    this.load();
    return true;
  }

  /** Goes down from a page at `level` to its first or last leaf, which it returns. */
  protected descend(page: Address, level: number, toLast: boolean): Address {
    let down = page;
    for (let at = level; at > 0; at--) {
      const view = this.words[down >>> windowShift] as Int32Array;
      const base = (down & windowMask) * 2;
      const slot = toLast ? (view[base + countWord] as number) - 1 : 0;
      this.pages[at] = down;
      this.slots[at] = slot;
      down = view[base + headerWords + slot * this.innerWords] as number;
    }
    return down;
  }

  /** Makes `leaf` the next (1) or the previous (-1) leaf; false when there is none. */
  protected hop(step: number): boolean {
    for (let level = 1; level < this.height; level++) {
      const page = this.pages[level] as number;
      const view = this.words[page >>> windowShift] as Int32Array;
      const base = (page & windowMask) * 2;
      const slot = (this.slots[level] as number) + step;
      if (slot >= 0 && slot < (view[base + countWord] as number)) {
        this.slots[level] = slot;
        const child = view[base + headerWords + slot * this.innerWords] as number;
        this.leaf = this.descend(child, level - 1, step < 0);
        return true;
      }
    }
    return false;
  }
}
