// What a tree does when elements go: pages that have become small merge with a neighbour or shrink.
// All of it is for the sake of memory only: where the arena is full, it does not happen.

import { EngineError } from '../errors.ts';
import type { Address } from '../memory/arena.ts';
import { headerBytes } from './layout.ts';
import type { PageRef } from './page.ts';
import { TreeStructure } from './structure.ts';

/** A leaf with less than this part of a page in use looks for a neighbour. */
const smallShare = 4;
/** Blocks up to this size do not shrink. */
const smallestShrinkBytes = 512;

/** A tree that loses elements. */
export class TreeMerging extends TreeStructure {
  /** Merges or shrinks the leaf of the place, which lost elements; the place stays what it is. */
  protected tidyLeaf(): void {
    const leaf = this.old.point(this.leaf);
    const used = leaf.used(this.leafShape);
    if (used * smallShare >= this.host.pageBytes && used * 2 >= leaf.blockBytes) {
      return;
    }
    if (this.isBeingEmptied(leaf)) {
      return;
    }
    try {
      if (used * smallShare < this.host.pageBytes && this.mergeLeaf(used)) {
        return;
      }
      this.shrinkLeaf(used);
    } catch (error) {
      stayWhenFull(error);
    }
  }

  /** Takes the empty leaf of the place out of the tree; the place is lost. */
  protected dropLeaf(): void {
    const leaf = this.old.point(this.leaf);
    if (this.height === 1) {
      this.root = 0;
      this.height = 0;
      this.dropPage(leaf);
      return;
    }
    this.dropPage(leaf);
    this.tidyAbove(this.removeSlot(1));
  }

  /**
   * Whether elements go from an end of a tree of several leaves: the rest of this one is about to
   * follow, and is not worth copying.
   */
  private isBeingEmptied(leaf: PageRef): boolean {
    const { slot } = this;
    return this.height > 1 &&
      (slot === 0 ? this.isOutermost(1, -1) : slot === leaf.count && this.isOutermost(1, 1));
  }

  private shrinkLeaf(used: number): void {
    const leaf = this.old.point(this.leaf);
    const bytes = this.host.arena.blockBytes(this.roomyBytes(used));
    if (leaf.blockBytes > smallestShrinkBytes && used * 2 < leaf.blockBytes &&
      bytes < leaf.blockBytes) {
      this.relocate(0, bytes);
    }
  }

  private mergeLeaf(used: number): boolean {
    if (this.height === 1) {
      return false;
    }
    const { pageBytes } = this.host;
    const left = this.neighbour(1, used - headerBytes, pageBytes - (pageBytes >>> 2));
    if (left < 0) {
      return false;
    }
    const { rank } = this;
    this.mergeAt(1, left);
    this.tidyAbove(1);
    this.save();
    this.seekRank(rank);
    return true;
  }

  /** Merges small inner pages on the way down, from `lowest` upwards; the place is lost. */
  private tidyAbove(lowest: number): void {
    try {
      for (let level = lowest; level < this.height - 1; level++) {
        const page = this.old.point(this.pages[level] as number);
        const used = page.used(this.innerShape);
        if (page.count * smallShare >= this.mostSlots) {
          break;
        }
        const left = this.neighbour(level + 1, used, this.host.pageBytes - (used >>> 2));
        if (left < 0) {
          break;
        }
        this.mergeAt(level + 1, left);
      }
    } catch (error) {
      stayWhenFull(error);
    }
    this.lower();
  }

  /**
   * For the page below `level` of the way down: the left slot of it and a neighbour that together
   * take at most `limit` bytes, -1: there is none.
   */
  private neighbour(level: number, used: number, limit: number): number {
    const above = this.above.point(this.pages[level] as number);
    const slot = this.slots[level] as number;
    for (let left = slot; left >= slot - 1; left--) {
      const other = left === slot ? slot + 1 : left;
      if (other >= 0 && other < above.count && this.goesWith(level, other, limit - used)) {
        return left;
      }
    }
    return -1;
  }

  private goesWith(level: number, slot: number, bytes: number): boolean {
    const shape = this.shapeAt(level - 1);
    const page = this.right.point(this.above.view[this.above.at(slot, this.innerShape)] as Address);
    const own = this.old.point(this.above.view[
      this.above.at(this.slots[level] as number, this.innerShape)] as Address);
    const separatorBytes = level > 1 ? this.mostSlotBytes() : 0;
    const slots = page.count + own.count;
    return page.used(shape) + separatorBytes <= bytes &&
      (level === 1 || slots * smallShare <= this.mostSlots * (smallShare - 1));
  }

  /** Merges the pages below slots `left` and `left + 1` at `level`; the way below is lost. */
  private mergeAt(level: number, left: number): void {
    const shape = this.shapeAt(level - 1);
    const { innerShape } = this;
    const above = this.above.point(this.pages[level] as number);
    const first = this.old.point(above.view[above.at(left, innerShape)] as number);
    const second = this.right.point(above.view[above.at(left + 1, innerShape)] as number);
    const separatorBytes = level > 1 ? this.mostSlotBytes() : 0;
    const used = first.used(shape) + second.used(shape) + separatorBytes - headerBytes;
    const merged = this.newPage(this.fresh, this.roomyBytes(used));
    this.copier.append(first, merged, shape, 0, first.count);
    this.copier.append(second, merged, shape, 0, second.count);
    if (level > 1) {
      this.sinkSeparator(above, left + 1, merged, first.count);
    }
    const at = above.at(left, innerShape);
    above.view[at] = merged.address;
    above.view[at + 1] = (above.view[at + 1] as number) +
      (above.view[above.at(left + 1, innerShape) + 1] as number);
    this.dropPage(first);
    this.dropPage(second);
    this.closeSlot(above, left + 1, level > 1);
    this.slots[level] = left;
  }

  /** The separator between two inner pages becomes that of a slot of the merged one. */
  private sinkSeparator(above: PageRef, slot: number, merged: PageRef, to: number): void {
    const { innerShape } = this;
    const from = above.at(slot, innerShape);
    const at = merged.at(to, innerShape);
    for (let word = innerShape.key; word < innerShape.words; word++) {
      if (word === innerShape.element) {
        const own = merged.view[at + word] as number;
        this.dropApart(merged, own);
        merged.dropHeap(own);
        const sunk = above.view[from + word] as number;
        merged.view[at + word] = this.copier.copyElement(above, sunk, merged);
      } else {
        merged.view[at + word] = above.view[from + word] as number;
      }
    }
  }
}

/** No room to copy to: the pages stay as they are. */
function stayWhenFull(error: unknown): void {
  if (!(error instanceof EngineError && error.code === 'ARENA_FULL')) {
    throw error;
  }
}
