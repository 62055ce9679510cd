// What the trees of one arena share: which of their blocks a snapshot still reads, and what became
// of the blocks that were given up.
//
// A block carries the epoch in which it was born. While a snapshot runs, blocks of earlier epochs
// are frozen: changes copy them, and what they would free is retired until the snapshot ends.

import type { Address, Arena } from '../memory/arena.ts';
import { readRoot } from './layout.ts';
import { Releaser } from './release.ts';

const defaultPageBytes = 4096;
const blocksOfList = 4096;
/** A tree up to this size is released at once. */
const smallTreeBytes = 2 ** 16;

/** The owner of all trees of an arena. */
export class TreeHost {
  readonly arena: Arena;
  /** Bytes of a page at most. */
  readonly pageBytes: number;
  /** Elements longer than this lie apart. */
  readonly inlineBytes: number;
  /**
   * Grows whenever bytes of a group of a list may have changed or moved: while it stays the same,
   * what was seen of them holds. Wraps.
   */
  edits: number = 0;
  /** Born into every block. */
  epoch: number = 1;
  /** Blocks born before this belong to a snapshot: never changed nor freed. 0: none does. */
  frozenBelow: number = 0;
  /** Frozen blocks that no tree has any more. */
  private retired: BlockList[] = [];
  /** Bytes of frozen blocks that were given up since the snapshot began. */
  retiredBytes: number = 0;
  /** Retired blocks of snapshots that have ended. */
  private garbage: BlockList[] = [];
  private readonly releaser: Releaser;

  /** `pageBytes`: 256 to 4096; tests make it small so that pages split. */
  constructor(arena: Arena, pageBytes: number = defaultPageBytes) {
    this.arena = arena;
    this.pageBytes = pageBytes;
    this.inlineBytes = pageBytes / 4;
    this.releaser = new Releaser(this);
  }

  /** Fixes all trees as they are for a snapshot: copies of their roots stay readable. */
  freeze(epoch: number): void {
    this.epoch = epoch;
    this.frozenBelow = epoch;
    this.retiredBytes = 0;
  }

  /** The snapshot is over: what was kept for it can be reclaimed. */
  thaw(): void {
    this.frozenBelow = 0;
    for (const list of this.retired) this.garbage.push(list);
    this.retired = [];
  }

  /**
   * Releases the tree whose root is at `offset`: a small one at once, a large one by slices
   * (`reclaim`). Needs no memory.
   */
  release(buffer: Buffer, offset: number): void {
    const { page, height, order, units } = readRoot(buffer, offset);
    if (height === 0) {
      return;
    }
    this.releaser.bury(page, height, order);
    if (units * 8 <= smallTreeBytes) {
      this.releaser.releaseNewest();
    }
  }

  /** Gives back about `budget` blocks; true when nothing is left to reclaim. */
  reclaim(budget: number): boolean {
    let left = budget;
    for (let list = this.garbage.at(-1); left > 0 && list !== undefined; left--) {
      list.freeLast(this.arena);
      if (list.length === 0) {
        this.garbage.pop();
        list = this.garbage.at(-1);
      }
    }
    return this.releaser.run(left) && this.garbage.length === 0;
  }

  /** Bytes of arena that the tree with the root at `offset` occupies. */
  occupiedBytes(buffer: Buffer, offset: number): number {
    return readRoot(buffer, offset).units * 8;
  }

  /** Gives a block back, or keeps it until `thaw` when it belongs to the snapshot. */
  giveUp(address: Address, bytes: number, epoch: number): void {
    if (epoch < this.frozenBelow) {
      this.retire(address, bytes);
    } else {
      this.arena.free(address, bytes);
    }
  }

  /** Forgets everything: the arena was reset. */
  forget(): void {
    this.retired = [];
    this.garbage = [];
    this.releaser.forget();
  }

  private retire(address: Address, bytes: number): void {
    let list = this.retired.at(-1);
    if (list === undefined || list.isFull) {
      list = new BlockList();
      this.retired.push(list);
    }
    list.push(address, bytes);
    this.retiredBytes += bytes;
  }
}

/** Some blocks with their sizes in units of 8 bytes. Never grows: that would be a pause. */
class BlockList {
  length: number = 0;
  private readonly pairs: Int32Array = new Int32Array(2 * blocksOfList);

  get isFull(): boolean {
    return this.length === blocksOfList;
  }

  push(address: Address, bytes: number): void {
    this.pairs[this.length * 2] = address;
    this.pairs[this.length * 2 + 1] = Math.ceil(bytes / 8);
    this.length++;
  }

  freeLast(arena: Arena): void {
    this.length--;
    const address = this.pairs[this.length * 2] as number;
    arena.free(address, (this.pairs[this.length * 2 + 1] as number) * 8);
  }
}
