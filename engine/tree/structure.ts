// The shape of a tree: pages that are copied, grow, split, merge and go. Every step allocates
// before it changes anything, leaves the same elements in the same order, and writes the root: so a
// change that takes several steps may fail between any two of them.

import { windowMask, windowShift } from '../memory/arena.ts';
import type { Address } from '../memory/arena.ts';
import type { TreeHost } from './host.ts';
import { apartFlag, headerWords, lengthOf, pointerBytes, writeWord } from './layout.ts';
import type { SlotShape } from './layout.ts';
import { copyBytes, PageCopier, PageRef } from './page.ts';
import { TreeReader } from './reader.ts';
import { giveUpApart } from './release.ts';

/** Slots of an inner page: pageBytes / this. Counts of ranks are added up one by one. */
const bytesPerInnerSlot = 32;
/** What is compacted in place must have this part of the block free afterwards. */
const compactedShare = 16;

/** A key between two slots, for the page above: score and element of `buffer`, or a hash. */
export interface Separator {
  high: number;
  low: number;
  buffer: Buffer;
  start: number;
  length: number;
}

/** A tree whose pages can be changed. */
export class TreeStructure extends TreeReader {
  protected readonly copier: PageCopier;
  protected readonly mostSlots: number;
  /** Separators longer than this lie apart. */
  protected readonly mostSeparatorBytes: number;
  // Pages at hand in the method that pointed them; never across calls.
  protected readonly old: PageRef;
  protected readonly above: PageRef;
  protected readonly fresh: PageRef;
  protected readonly right: PageRef;
  protected readonly separator: Separator = {
    high: 0, low: 0, buffer: Buffer.alloc(0), start: 0, length: 0,
  };

  constructor(host: TreeHost) {
    super(host);
    this.copier = new PageCopier(host.arena);
    this.mostSlots = host.pageBytes / bytesPerInnerSlot;
    this.mostSeparatorBytes = host.pageBytes / 16;
    this.old = new PageRef(host.arena);
    this.above = new PageRef(host.arena);
    this.fresh = new PageRef(host.arena);
    this.right = new PageRef(host.arena);
  }

  /** Writes the root. */
  protected save(): void {
    const { rootBuffer, rootOffset } = this;
    writeWord(rootBuffer, rootOffset, this.root);
    writeWord(rootBuffer, rootOffset + 4, this.height | (this.kind << 8));
    writeWord(rootBuffer, rootOffset + 8, this.count);
    writeWord(rootBuffer, rootOffset + 12, this.units);
  }

  /** Writes the root's count, all that has changed of it. */
  protected saveCount(): void {
    writeWord(this.rootBuffer, this.rootOffset + 8, this.count);
  }

  /** Bytes of elements change or move. */
  protected edited(): void {
    this.host.edits = (this.host.edits + 1) | 0;
  }

  protected shapeAt(level: number): SlotShape {
    return level === 0 ? this.leafShape : this.innerShape;
  }

  protected pageAt(level: number): Address {
    return level === 0 ? this.leaf : (this.pages[level] as number);
  }

  // ---- blocks ----------------------------------------------------------------------------------

  /**
   * Allocates an empty page for at least `bytes` bytes.
   * @throws {EngineError} ARENA_FULL when there is no room.
   */
  protected newPage(page: PageRef, bytes: number): PageRef {
    const { arena, epoch } = this.host;
    const blockBytes = arena.blockBytes(bytes);
    this.edited();
    page.point(arena.allocate(blockBytes)).init(blockBytes, epoch);
    this.units += blockBytes >>> 3;
    return page;
  }

  protected dropPage(page: PageRef): void {
    this.units -= page.blockBytes >>> 3;
    this.host.giveUp(page.address, page.blockBytes, page.epoch);
  }

  /**
   * Allocates a block for an element apart.
   * @throws {EngineError} ARENA_FULL when there is no room.
   */
  protected newApart(bytes: number): Address {
    this.edited();
    const address = this.host.arena.allocate(bytes);
    this.units += this.host.arena.blockBytes(bytes) / 8;
    return address;
  }

  /** Frees a block of `newApart` that was never linked. */
  protected undoApart(address: Address, bytes: number): void {
    if (address !== 0) {
      this.units -= this.host.arena.blockBytes(bytes) / 8;
      this.host.arena.free(address, bytes);
      this.save();
    }
  }

  /** Gives up the block of the element if it lies apart. */
  protected dropApart(page: PageRef, word: number): void {
    if (word < 0) {
      this.units -= giveUpApart(this.host, page, word) / 8;
    }
  }

  /** Makes the heap bytes of `word` name a block of `newApart`; returns the element word. */
  protected writePointer(page: PageRef, word: number, address: Address, bytes: number): number {
    const at = page.base * 4 + (word & 0x1fff);
    writeWord(page.bytes, at, address);
    writeWord(page.bytes, at + 4, bytes);
    writeWord(page.bytes, at + 8, this.host.epoch);
    return word | apartFlag;
  }

  /** A block size for a page with `used` bytes, with room for more. */
  protected roomyBytes(used: number): number {
    return Math.min(this.host.pageBytes, used + Math.min(used >>> 1, this.host.pageBytes >>> 4));
  }

  // ---- the way down ----------------------------------------------------------------------------

  /** Makes the page above name another page at `level` of the way down. */
  protected setPage(level: number, address: Address): void {
    if (level === this.height - 1) {
      this.root = address;
    } else {
      const above = this.above.point(this.pages[level + 1] as number);
      above.view[above.at(this.slots[level + 1] as number, this.innerShape)] = address;
    }
    if (level === 0) {
      this.setLeaf(address);
    } else {
      this.pages[level] = address;
    }
  }

  /** Adds to the counts of elements all the way down. */
  protected addCounts(change: number): void {
    const { height, pages, slots, words, innerWords } = this;
    for (let level = 1; level < height; level++) {
      const page = pages[level] as number;
      const view = words[page >>> windowShift] as Int32Array;
      const slot = (page & windowMask) * 2 + headerWords + (slots[level] as number) * innerWords;
      view[slot + 1] = (view[slot + 1] as number) + change;
    }
  }

  /** Copies what is frozen of the way down to `lowest`, so that it may be changed. */
  protected thaw(lowest: number): void {
    const { frozenBelow } = this.host;
    if (frozenBelow === 0) {
      return;
    }
    for (let level = this.height - 1; level >= lowest; level--) {
      const page = this.old.point(this.pageAt(level));
      if (page.epoch < frozenBelow) {
        this.relocate(level, page.blockBytes);
      }
    }
  }

  /** Moves the page at `level` to another block, without the holes. */
  protected relocate(level: number, bytes: number): void {
    const fresh = this.newPage(this.fresh, bytes);
    const old = this.old.point(this.pageAt(level));
    this.copier.copy(old, fresh, this.shapeAt(level));
    this.setPage(level, fresh.address);
    this.dropPage(old);
    this.save();
  }

  /**
   * Makes `bytes` contiguous free bytes in the page at `level` without splitting it; false when it
   * had to be split.
   */
  protected makeSpace(level: number, bytes: number): boolean {
    const shape = this.shapeAt(level);
    const page = this.old.point(this.pageAt(level));
    if (page.free(shape) >= bytes) {
      return true;
    }
    const total = page.used(shape) + bytes;
    const { blockBytes } = page;
    if (total <= blockBytes - blockBytes / compactedShare) {
      this.edited();
      this.copier.compact(page, shape);
      return true;
    }
    const fits = total <= this.host.pageBytes;
    if (fits && (level > 0 || blockBytes < this.host.pageBytes)) {
      this.relocate(level, this.roomyBytes(total));
    }
    return fits && (level > 0 || blockBytes < this.host.pageBytes);
  }

  // ---- inner pages -----------------------------------------------------------------------------

  /** Makes sure that the page above the leaf takes another slot, splitting whatever is full. */
  protected makeRoomAbove(): void {
    let level = 1;
    while (level < this.height && this.isFull(level)) {
      level++;
    }
    if (level === this.height) {
      this.raise();
    }
    for (; level >= 1; level--) {
      this.makeSpace(level, this.mostSlotBytes());
      if (level > 1) {
        this.splitInner(level - 1);
      }
    }
  }

  /** Puts a page beside `left`, which the way down has at `level`, to its right. */
  protected insertSlot(level: number, right: PageRef, apart: Address): void {
    const { separator, innerShape } = this;
    const above = this.above.point(this.pages[level] as number);
    const slot = (this.slots[level] as number) + 1;
    const at = above.openSlot(slot, innerShape);
    above.view[at] = right.address;
    if (innerShape.words > 2) {
      above.view[at + 2] = separator.high;
    }
    if (innerShape.element >= 0) {
      above.view[at + 3] = separator.low;
      above.view[at + 4] = this.writeSeparator(above, apart);
    }
  }

  /**
   * Removes the slot of the way down in the inner page at `lowest`, and pages left empty by it;
   * returns the level of the page that is not.
   */
  protected removeSlot(lowest: number): number {
    for (let level = lowest; level < this.height; level++) {
      const page = this.old.point(this.pages[level] as number);
      this.closeSlot(page, this.slots[level] as number, false);
      if (page.count > 0) {
        return level;
      }
      this.dropPage(page);
    }
    this.root = 0;
    this.height = 0;
    return 1;
  }

  /** Takes off top pages with one child only. */
  protected lower(): void {
    while (this.height > 1) {
      const page = this.old.point(this.root);
      if (page.count > 1) {
        return;
      }
      this.root = page.view[page.at(0, this.innerShape)] as number;
      this.height--;
      // The page may be frozen: it is not touched.
      if (this.innerShape.element >= 0) {
        this.dropApart(page, page.view[page.at(0, this.innerShape) + 4] as number);
      }
      this.dropPage(page);
    }
  }

  /** Closes a slot of an inner page; `kept`: another page has the separator's block now. */
  protected closeSlot(page: PageRef, slot: number, kept: boolean): void {
    const { element } = this.innerShape;
    if (element >= 0) {
      const word = page.view[page.at(slot, this.innerShape) + element] as number;
      if (!kept) {
        this.dropApart(page, word);
      }
      page.dropHeap(word);
    }
    page.closeSlots(slot, 1, this.innerShape);
  }

  protected mostSlotBytes(): number {
    const separatorBytes = Math.max(this.mostSeparatorBytes, pointerBytes);
    return this.innerWords * 4 + (this.innerShape.element < 0 ? 0 : separatorBytes);
  }

  private isFull(level: number): boolean {
    const page = this.above.point(this.pages[level] as number);
    return page.count >= this.mostSlots ||
      page.used(this.innerShape) + this.mostSlotBytes() > this.host.pageBytes;
  }

  /** Puts a page with one slot on top. */
  private raise(): void {
    const { height, innerShape } = this;
    const fresh = this.newPage(this.fresh, 16 + innerShape.words * 4 * 4);
    const at = fresh.openSlot(0, innerShape);
    fresh.view.fill(0, at, at + innerShape.words);
    fresh.view[at] = this.root;
    fresh.view[at + 1] = this.count;
    if (innerShape.element >= 0) {
      fresh.view[at + innerShape.element] = fresh.takeHeap(0);
    }
    this.root = fresh.address;
    this.height = height + 1;
    this.pages[height] = fresh.address;
    this.slots[height] = 0;
    this.save();
  }

  /** Splits the inner page at `level`; the page above has room. */
  private splitInner(level: number): void {
    const { innerShape } = this;
    const count = this.old.point(this.pages[level] as number).count;
    const slot = this.slots[level] as number;
    const middle = this.isOutermost(level, 1)
      ? count - (count >>> 3) - 1
      : this.isOutermost(level, -1) ? (count >>> 3) + 1 : count >>> 1;
    this.takeTwoPages(level, middle);
    const { old, fresh, right } = this;
    this.copier.append(old, fresh, innerShape, 0, middle);
    this.copier.append(old, right, innerShape, middle, count);
    this.liftSeparator(level + 1);
    this.splitCounts(level + 1);
    if (slot >= middle) {
      this.pages[level] = right.address;
      this.slots[level] = slot - middle;
      this.slots[level + 1] = (this.slots[level + 1] as number) + 1;
    } else {
      this.pages[level] = fresh.address;
    }
    this.dropPage(old);
    this.save();
  }

  /** Allocates `fresh` and `right` for the parts of the page at `level`, which becomes `old`. */
  private takeTwoPages(level: number, middle: number): void {
    const shape = this.shapeAt(level);
    const old = this.old.point(this.pageAt(level));
    let leftBytes = 16;
    let rightBytes = 16;
    for (let slot = 0; slot < old.count; slot++) {
      const bytes = this.slotBytes(old, slot, shape);
      if (slot < middle) {
        leftBytes += bytes;
      } else {
        rightBytes += bytes;
      }
    }
    this.allocatePair(this.roomyBytes(leftBytes), this.roomyBytes(rightBytes));
  }

  /** Allocates `fresh` and `right`, or neither. */
  protected allocatePair(leftBytes: number, rightBytes: number): void {
    this.newPage(this.fresh, leftBytes);
    try {
      this.newPage(this.right, rightBytes);
    } catch (error) {
      this.dropPage(this.fresh);
      throw error;
    }
  }

  /** Whether the way down from `level` up is along the right (1) or the left (-1) edge. */
  protected isOutermost(level: number, side: number): boolean {
    for (let at = Math.max(1, level); at < this.height; at++) {
      const slot = this.slots[at] as number;
      const last = side < 0 ? 0 : this.above.point(this.pages[at] as number).count - 1;
      if (slot !== last) {
        return false;
      }
    }
    return true;
  }

  protected slotBytes(page: PageRef, slot: number, shape: SlotShape): number {
    const bytes = shape.words * 4;
    return shape.element < 0
      ? bytes
      : bytes + lengthOf(page.view[page.at(slot, shape) + shape.element] as number);
  }

  /** Moves the separator of the first slot of `right` to a new slot above; block apart and all. */
  private liftSeparator(level: number): void {
    const { innerShape, right } = this;
    const above = this.above.point(this.pages[level] as number);
    const from = right.at(0, innerShape);
    const at = above.openSlot((this.slots[level] as number) + 1, innerShape);
    for (let word = innerShape.key; word < innerShape.words; word++) {
      above.view[at + word] = right.view[from + word] as number;
    }
    above.view[at] = right.address;
    if (innerShape.element >= 0) {
      const word = right.view[from + innerShape.element] as number;
      above.view[at + innerShape.element] = this.copier.copyElement(right, word, above);
      right.dropHeap(word);
      right.view[from + innerShape.element] = right.takeHeap(0);
    }
  }

  /** The slots above of `fresh` and `right`, side by side, get their pages and counts. */
  protected splitCounts(level: number): void {
    const { innerShape, above } = this;
    const slot = this.slots[level] as number;
    above.point(this.pages[level] as number);
    const left = above.at(slot, innerShape);
    const right = above.at(slot + 1, innerShape);
    const total = above.view[left + 1] as number;
    const counted = this.countBelow(this.fresh, level - 1);
    above.view[left] = this.fresh.address;
    above.view[left + 1] = counted;
    above.view[right] = this.right.address;
    above.view[right + 1] = total - counted;
  }

  protected countBelow(page: PageRef, level: number): number {
    if (level === 0) {
      return page.count;
    }
    const { innerShape } = this;
    let count = 0;
    const end = page.at(page.count, innerShape);
    for (let at = page.at(0, innerShape) + 1; at < end; at += innerShape.words) {
      count += page.view[at] as number;
    }
    return count;
  }

  /** Writes the bytes of `separator` into a page; `apart`: a block for them, or 0. */
  private writeSeparator(page: PageRef, apart: Address): number {
    const { buffer, start, length } = this.separator;
    if (apart !== 0) {
      buffer.copy(this.host.arena.u8, apart * 8, start, start + length);
      return this.writePointer(page, page.takeHeap(pointerBytes), apart, length);
    }
    const word = page.takeHeap(length);
    copyBytes(buffer, start, page.bytes, page.base * 4 + (word & 0x1fff), length);
    return word;
  }
}
