// A tree by position whose elements are groups: each counts as several in every rank, so that a
// large list is a sequence of small packs and has the memory of packs.
//
// How many a group stands for is the second word of its slot. The pages above count whatever lies
// below them already; here it is the groups' sizes instead of ones.

import { countWord, headerWords, orderGroups } from '../tree/layout.ts';
import type { PageRef } from '../tree/page.ts';
import { Tree } from '../tree/tree.ts';

const slotWords = 2;
const sizeWord = headerWords + 1;

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
    return this.view[this.base + sizeWord + this.slot * slotWords] as number;
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
   * group), `seekEnd` or `next`; it stands for `size`.
   * @throws {EngineError} ARENA_FULL when there is no room; nothing has changed then.
   */
  insertGroup(length: number, size: number): void {
    // What a new slot gets as its key, and the pages above add.
    this.high = 1;
    this.insert(length);
    this.resize(size);
  }

  /** Changes what the group at the place stands for; its page must be ready for changes. */
  resize(size: number): void {
    const at = this.base + sizeWord + this.slot * slotWords;
    const change = size - (this.view[at] as number);
    this.view[at] = size;
    this.addCounts(change);
    this.count += change;
    this.save();
  }

  /**
   * Removes the group at the place, ready for changes if it stands for several; the place is before
   * the next one.
   * @throws {EngineError} ARENA_FULL only while a snapshot runs, and if it was not made ready.
   */
  removeGroup(): void {
    if (this.size !== 1) {
      this.resize(1);
    }
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
    while (slot < count && left >= (view[base + sizeWord + slot * slotWords] as number)) {
      left -= view[base + sizeWord + slot * slotWords] as number;
      slot++;
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

  private sizesBefore(base: number, view: Int32Array, slot: number): number {
    let size = 0;
    for (let at = 0; at < slot; at++) {
      size += view[base + sizeWord + at * slotWords] as number;
    }
    return size;
  }
}
