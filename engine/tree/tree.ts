// Changing a tree: elements come, change and go.

import { windowMask, windowShift } from '../memory/arena.ts';
import type { Address } from '../memory/arena.ts';
import {
  apartFlag, headerBytes, lengthOf, offsetMask, orderHash, orderPosition, orderScore, pointerBytes,
  readWord,
} from './layout.ts';
import { TreeMerging } from './merge.ts';
import type { PageRef } from './page.ts';

export { orderHash, orderPosition, orderScore, rootBytes } from './layout.ts';
export { TreeReader } from './reader.ts';

/**
 * A tree open for reading and changing. Changes write the root at once, so the entry that holds it
 * must have been made ready: `entry = database.resizeValue(entry, database.valueLength(entry))`
 * ("touch"), then `open(database.valueBuffer(entry), database.valueOffset(entry))`. Every change
 * allocates first: where it throws ARENA_FULL, the tree holds what it held, and there is no place.
 */
export class Tree extends TreeMerging {
  /** The leaf of the place, for the methods below. */
  private readonly page: PageRef = this.old;
  // What compareBytes needs of two elements beside a gap; set by `bytesOf`.
  private sideBuffer: Buffer = this.bytes;
  private sideStart: number = 0;
  private sideEnd: number = 0;

  /**
   * Writes the root of an empty tree and opens it. It may lie in any Buffer: build under a scratch
   * Buffer, and copy the `rootBytes` into the entry's value in the end.
   */
  create(buffer: Buffer, offset: number, order: number): this {
    this.rootBuffer = buffer;
    this.rootOffset = offset;
    this.root = this.height = this.count = this.units = this.slot = 0;
    this.setOrder(order);
    this.save();
    return this;
  }

  /**
   * Inserts an element of `length` undefined bytes at the place, with the key last sought: after
   * `seekRank`/`seekEnd` (orderPosition), `seekHash` (and `nextSameHash` in vain), or `seekScore`
   * in vain, whose bytes must still be there. Write its bytes at once, from `elementStart` in
   * `elementBuffer`. The place is on it.
   * @throws {EngineError} ARENA_FULL when there is no room.
   */
  insert(length: number): void {
    if (length > this.host.inlineBytes) {
      const apart = this.newApart(length);
      try {
        this.openElement(pointerBytes);
      } catch (error) {
        this.undoApart(apart, length);
        throw error;
      }
      this.linkApart(apart, length);
    } else {
      this.openElement(length);
    }
    this.save();
    this.load();
  }

  /**
   * Gives the element at the place `length` bytes, to be written as after `insert`. The same length
   * keeps the bytes and makes them ready for changes in place; otherwise they are undefined. Not
   * for orderScore, whose bytes are the key.
   * @throws {EngineError} ARENA_FULL when there is no room; never for the same length unless a
   * snapshot runs.
   */
  replace(length: number): void {
    this.thaw(0);
    this.load();
    if (length === this.elementEnd - this.elementStart && this.isOwn()) {
      return;
    }
    const { elementBuffer, elementStart, elementEnd } = this;
    const apart = length > this.host.inlineBytes ? this.newApart(length) : 0;
    try {
      this.resizeElement(apart === 0 ? length : pointerBytes);
    } catch (error) {
      this.undoApart(apart, length);
      throw error;
    }
    if (apart !== 0) {
      this.linkApart(apart, length);
      if (length === elementEnd - elementStart) {
        elementBuffer.copy(this.host.arena.u8, apart * 8, elementStart, elementEnd);
      }
    }
    this.save();
    this.load();
  }

  /**
   * Makes the element at the place ready for changes in place, and so for being removed.
   * @throws {EngineError} ARENA_FULL only while a snapshot runs.
   */
  prepare(): void {
    if (this.host.frozenBelow !== 0) {
      this.replace(this.elementEnd - this.elementStart);
    }
  }

  /**
   * Removes the element at the place; the place is before the next one (`settle`).
   * @throws {EngineError} ARENA_FULL only while a snapshot runs.
   */
  remove(): void {
    this.thaw(0);
    this.removeFromLeaf(1);
    this.save();
  }

  /**
   * Removes `count` elements from `rank` on, or as many as there are; there is no place then.
   * @throws {EngineError} ARENA_FULL only while a snapshot runs.
   */
  removeRange(rank: number, count: number): void {
    let left = Math.min(count, this.count - rank);
    if (left === this.count) {
      this.clear();
      return;
    }
    if (this.host.frozenBelow !== 0) {
      this.thawRange(rank, rank + left);
    }
    while (left > 0) {
      this.seekRank(rank);
      const removed = Math.min(left, this.page.point(this.leaf).count - this.slot);
      this.removeFromLeaf(removed);
      left -= removed;
    }
    this.save();
  }

  /** Removes every element. Needs no memory: large trees are given back by slices. */
  clear(): void {
    this.host.release(this.rootBuffer, this.rootOffset);
    this.create(this.rootBuffer, this.rootOffset, this.kind);
  }

  // ---- inside ----------------------------------------------------------------------------------

  /** Opens a slot at the place with `bytes` bytes in the page and the key last sought. */
  private openElement(bytes: number): void {
    const needed = this.leafWords * 4 + bytes;
    if (this.height === 0) {
      this.plant(needed);
    } else {
      this.thaw(0);
      if (!this.makeSpace(0, needed)) {
        this.splitLeaf(needed, true);
        this.makeSpace(0, needed);
      }
    }
    const page = this.page.point(this.leaf);
    const at = page.openSlot(this.slot, this.leafShape);
    page.view[at] = page.takeHeap(bytes);
    if (this.kind !== orderPosition) {
      page.view[at + 1] = this.high;
      if (this.kind === orderScore) {
        page.view[at + 2] = this.low;
      }
    }
    this.addCounts(1);
    this.count++;
  }

  /** Gives the element at the place `bytes` other bytes in the page; its old block is given up. */
  private resizeElement(bytes: number): void {
    let page = this.page.point(this.leaf);
    if (bytes > lengthOf(page.view[page.at(this.slot, this.leafShape)] as number)) {
      if (!this.makeSpace(0, bytes)) {
        this.splitLeaf(bytes, false);
        this.makeSpace(0, bytes);
      }
    }
    page = this.page.point(this.leaf);
    const at = page.at(this.slot, this.leafShape);
    const word = page.view[at] as number;
    this.dropApart(page, word);
    if (bytes > lengthOf(word)) {
      page.dropHeap(word);
      page.view[at] = page.takeHeap(bytes);
    } else {
      page.view[at] = page.shrinkHeap(word & ~apartFlag, bytes);
    }
  }

  /** Whether the element at the place, in a page that is, may itself be changed in place. */
  private isOwn(): boolean {
    const page = this.page.point(this.leaf);
    const word = page.view[page.at(this.slot, this.leafShape)] as number;
    const at = page.base * 4 + (word & offsetMask) + pointerBytes - 4;
    return word >= 0 || readWord(page.bytes, at) >= this.host.frozenBelow;
  }

  private linkApart(address: Address, bytes: number): void {
    const page = this.page.point(this.leaf);
    const at = page.at(this.slot, this.leafShape);
    page.view[at] = this.writePointer(page, page.view[at] as number, address, bytes);
  }

  /** Makes the first leaf. */
  private plant(bytes: number): void {
    const page = this.newPage(this.fresh, this.roomyBytes(headerBytes + bytes));
    this.root = page.address;
    this.height = 1;
    this.slot = 0;
    this.setLeaf(page.address);
  }

  /** Removes elements from the place on, all in its leaf: not frozen, or to go as a whole. */
  private removeFromLeaf(removed: number): void {
    const page = this.page.point(this.leaf);
    const { slot, leafShape } = this;
    const whole = removed === page.count;
    for (let at = slot; at < slot + removed; at++) {
      const word = page.view[page.at(at, leafShape)] as number;
      this.dropApart(page, word);
      if (!whole) {
        page.dropHeap(word);
      }
    }
    this.addCounts(-removed);
    this.count -= removed;
    if (!whole) {
      page.closeSlots(slot, removed, leafShape);
      this.tidyLeaf();
      return;
    }
    const { rank } = this;
    this.dropLeaf();
    this.seekRank(rank);
  }

  /** Copies what `removeRange` is going to change of a frozen tree: only this may throw. */
  private thawRange(from: number, to: number): void {
    for (let rank = from; rank < to;) {
      this.seekRank(rank);
      const { count } = this.page.point(this.leaf);
      const whole = this.slot === 0 && count <= to - rank;
      rank += count - this.slot;
      this.thaw(whole ? 1 : 0);
    }
  }

  // ---- split -----------------------------------------------------------------------------------

  /**
   * Splits the leaf of the place where that makes room for an element of `bytes`, slot included, to
   * be inserted there; or else for the element at the place to become that much larger.
   */
  private splitLeaf(bytes: number, inserting: boolean): void {
    this.makeRoomAbove();
    const count = this.page.point(this.leaf).count;
    let middle = this.chooseMiddle(bytes, inserting);
    if (inserting && this.slot === count && this.isOutermost(1, 1)) {
      middle = count;
    } else if (inserting && this.slot === 0 && this.isOutermost(1, -1)) {
      middle = 1;
    }
    // The new element counts as one of them: those from `middle` on go to the right.
    const toRight = this.slot >= middle;
    const split = inserting && !toRight ? middle - 1 : middle;
    this.chooseSeparator(split, inserting ? this.slot - middle : 1);
    const { length } = this.separator;
    const apart = length > this.mostSeparatorBytes ? this.newApart(length) : 0;
    const filled = split > 0 && split < count;
    try {
      if (filled) {
        this.takeLeaves(split, bytes, toRight);
      } else {
        this.takeOuterLeaf(split);
      }
    } catch (error) {
      this.undoApart(apart, length);
      throw error;
    }
    const page = this.old.point(this.leaf);
    if (filled) {
      this.copier.append(page, this.fresh, this.leafShape, 0, split);
      this.copier.append(page, this.right, this.leafShape, split, count);
    }
    this.insertSlot(1, this.right, apart);
    this.splitCounts(1);
    if (filled) {
      this.dropPage(page);
    }
    this.setLeaf(toRight ? this.right.address : this.fresh.address);
    if (toRight) {
      this.slot -= split;
      this.slots[1] = (this.slots[1] as number) + 1;
    }
    this.save();
  }

  /** Allocates `fresh` and `right` for the halves. */
  private takeLeaves(split: number, bytes: number, toRight: boolean): void {
    const page = this.old.point(this.leaf);
    let left = headerBytes + (toRight ? 0 : bytes);
    let right = headerBytes + (toRight ? bytes : 0);
    for (let slot = 0; slot < page.count; slot++) {
      const size = this.slotBytes(page, slot, this.leafShape);
      left += slot < split ? size : 0;
      right += slot < split ? 0 : size;
    }
    this.allocatePair(this.roomyBytes(left), this.roomyBytes(right));
  }

  /** What is filled in order gets a whole page, in front (0) or behind; the full one stays. */
  private takeOuterLeaf(split: number): void {
    this.newPage(split === 0 ? this.fresh : this.right, this.host.pageBytes);
    (split === 0 ? this.right : this.fresh).point(this.leaf);
  }

  /** How many elements, the new one among them, are to go to the left for halves of like size. */
  private chooseMiddle(bytes: number, inserting: boolean): number {
    const page = this.old.point(this.leaf);
    const { slot, leafShape } = this;
    const total = page.count + (inserting ? 1 : 0);
    const half = (page.used(leafShape) - headerBytes + bytes) / 2;
    let left = 0;
    let middle = 0;
    for (; middle < total - 1; middle++) {
      const own = inserting && middle > slot ? middle - 1 : middle;
      const isNew = middle === slot && inserting;
      const size = (isNew ? 0 : this.slotBytes(page, own, leafShape)) +
        (middle === slot ? bytes : 0);
      if (middle > 0 && left + size / 2 > half) {
        break;
      }
      left += size;
    }
    return middle;
  }

  /**
   * Sets `separator` to what separates the slots before `split` from the others. `gap`: where the
   * new element is, 0: just behind the split, -1: just before it.
   */
  private chooseSeparator(split: number, gap: number): void {
    const page = this.old.point(this.leaf);
    const { separator, leafShape } = this;
    const at = page.at(split, leafShape);
    separator.length = 0;
    if (this.innerShape.key === this.innerShape.words) {
      return;
    }
    separator.high = gap === 0 ? this.high : (page.view[at + 1] as number);
    if (this.kind === orderHash) {
      return;
    }
    separator.low = gap === 0 ? this.low : (page.view[at + 2] as number);
    const before = at - leafShape.words;
    const highBefore = gap === -1 ? this.high : (page.view[before + 1] as number);
    const lowBefore = gap === -1 ? this.low : (page.view[before + 2] as number);
    if (highBefore === separator.high && lowBefore === separator.low) {
      this.chooseBytes(page, split, gap);
    }
  }

  /** The shortest bytes that are greater than what is before the split, but not than the rest. */
  private chooseBytes(page: PageRef, split: number, gap: number): void {
    const { separator } = this;
    this.bytesOf(page, gap === -1 ? -1 : split - 1);
    const { sideBuffer, sideStart, sideEnd } = this;
    this.bytesOf(page, gap === 0 ? -1 : split);
    const most = this.sideEnd - this.sideStart;
    let same = 0;
    while (same < most && sideStart + same < sideEnd &&
      sideBuffer[sideStart + same] === this.sideBuffer[this.sideStart + same]) {
      same++;
    }
    separator.buffer = this.sideBuffer;
    separator.start = this.sideStart;
    separator.length = Math.min(same + 1, most);
  }

  /** Points `sideBuffer`, … to the bytes of an element of the page; -1: to those sought. */
  private bytesOf(page: PageRef, slot: number): void {
    if (slot < 0) {
      this.sideBuffer = this.soughtBuffer;
      this.sideStart = this.soughtStart;
      this.sideEnd = this.soughtEnd;
      return;
    }
    const word = page.view[page.at(slot, this.leafShape)] as number;
    const start = page.base * 4 + (word & offsetMask);
    if (word >= 0) {
      this.sideBuffer = page.bytes;
      this.sideStart = start;
      this.sideEnd = start + lengthOf(word);
      return;
    }
    const address = readWord(page.bytes, start);
    this.sideBuffer = this.windows[address >>> windowShift] as Buffer;
    this.sideStart = (address & windowMask) * 8;
    this.sideEnd = this.sideStart + readWord(page.bytes, start + 4);
  }
}
