// A tree by position whose elements are groups: each counts as several in every rank, so that a
// large list is a sequence of small packs and has the memory of packs.
//
// The second word of a group's slot says how many it stands for, and which of its bytes are in use:
//
//   size (8 bits) | from << 8 (12 bits) | to << 20 (12 bits; 0: all of them, from 0 on)
//
// The pages above count whatever lies below them already; here it is the groups' sizes instead of
// ones.

import { countWord, headerWords, orderGroups } from '../tree/layout.ts';
import type { PageRef } from '../tree/page.ts';
import { Tree } from '../tree/tree.ts';

const slotWords = 2;
const sizeWord = headerWords + 1;
const sizeMask = 0xff;
const fromShift = 8;
const toShift = 20;
const offsetMask = 0xfff;

/** Tree of groups; `count`, `rank` and `seekRank` speak of what the groups stand for. */
export class GroupTree extends Tree {
  /** After `seekRank`: how far inside its group the rank is. */
  within: number = 0;

  /** Writes the root of an empty tree and opens it. */
  createGroups(buffer: Buffer, offset: number): void {
    this.create(buffer, offset, orderGroups);
  }

  /** What the group at the place stands for. */
  get size(): number {
    return this.word & sizeMask;
  }

  /** Offset of the first byte in use of the group at the place. */
  get from(): number {
    return (this.word >>> fromShift) & offsetMask;
  }

  /** Offset behind the last byte in use of the group at the place. */
  get to(): number {
    const to = this.word >>> toShift;
    return to === 0 ? this.elementEnd - this.elementStart : to;
  }

  /** What the groups before the place stand for. */
  override get rank(): number {
    return super.rank - this.slot + this.sizesBefore(this.base, this.view, this.slot);
  }

  /** Whether the group at the place, ready for changes, can become smaller without any room. */
  get shrinksInPlace(): boolean {
    return this.elementEnd - this.elementStart <= this.host.inlineBytes;
  }

  /**
   * Inserts a group of `length` undefined bytes at the place, after `seekRank` (to the start of a
   * group), `seekEnd` or `next`; it stands for `size`, and all its bytes are in use.
   * @throws {EngineError} ARENA_FULL when there is no room; nothing has changed then.
   */
  insertGroup(length: number, size: number): void {
    // What a new slot gets as its key, and the pages above add.
    this.high = 1;
    this.insert(length);
    this.setGroup(size, 0, length);
  }

  /**
   * Changes what the group at the place stands for, and which of its bytes are in use: beyond
   * 4095, all of them. Its page must be ready for changes.
   */
  setGroup(size: number, from: number, to: number): void {
    const at = this.base + sizeWord + this.slot * slotWords;
    const change = size - ((this.view[at] as number) & sizeMask);
    const end = to > offsetMask ? 0 : to;
    this.view[at] = size | (from << fromShift) | (end << toShift);
    this.edited();
    if (change !== 0) {
      this.addCounts(change);
      this.count += change;
      this.saveCount();
    }
  }

  /**
   * Adds one to what the group at the place stands for, and `bytes` bytes at its head or tail to
   * those in use, where there are so many; its page must be ready for changes. Returns where they
   * are in `elementBuffer`, -1: there are not.
   */
  extend(atHead: boolean, bytes: number): number {
    const { view, elementStart } = this;
    const at = this.base + sizeWord + this.slot * slotWords;
    const word = view[at] as number;
    const to = word >>> toShift;
    const from = (word >>> fromShift) & offsetMask;
    if (atHead ? from < bytes : to === 0 || to + bytes > this.elementEnd - elementStart) {
      return -1;
    }
    this.edited();
    view[at] = word + 1 + (atHead ? -(bytes << fromShift) : bytes << toShift);
    this.addCounts(1);
    this.count++;
    this.saveCount();
    return elementStart + (atHead ? from - bytes : to);
  }

  /** Removes the group at the place, ready for changes; the place is before the next one. */
  removeGroup(): void {
    this.setGroup(1, 0, 0);
    this.remove();
  }

  /** From a rank inside a page to a slot; steps from page to page come with 0. */
  protected override enterLeaf(page: number, rank: number): boolean {
    this.slot = this.within = 0;
    if (this.height === 0) {
      return false;
    }
    this.setLeaf(page);
    const { view, base } = this;
    const count = view[base + countWord] as number;
    let left = rank;
    let slot = 0;
    for (; slot < count; slot++) {
      const size = (view[base + sizeWord + slot * slotWords] as number) & sizeMask;
      if (left < size) {
        break;
      }
      left -= size;
    }
    this.slot = slot;
    this.within = left;
    if (slot === count) {
      return false;
    }
    this.load();
    return true;
  }

  protected override countBelow(page: PageRef, level: number): number {
    return level === 0
      ? this.sizesBefore(page.base, page.view, page.count)
      : super.countBelow(page, level);
  }

  private get word(): number {
    return this.view[this.base + sizeWord + this.slot * slotWords] as number;
  }

  private sizesBefore(base: number, view: Int32Array, slot: number): number {
    let size = 0;
    for (let at = 0; at < slot; at++) {
      size += (view[base + sizeWord + at * slotWords] as number) & sizeMask;
    }
    return size;
  }
}
