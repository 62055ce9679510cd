// What the trees of one arena share: which of their blocks a snapshot still reads, and what became
// of the blocks that were given up.
//
// A block carries the epoch in which it was born. While a snapshot runs, blocks of earlier epochs
// are frozen: changes copy them, and what they would free is retired until the snapshot ends.

import type { Address, Arena } from '../memory/arena.ts';
import { readRoot } from './layout.ts';
import { Releaser } from './release.ts';

const defaultPageBytes = 4096;
/** A tree up to this size is released at once. */
const smallTreeBytes = 2 ** 16;

/** The owner of all trees of an arena. */
export class TreeHost {
  readonly arena: Arena;
  /** Bytes of a page at most. */
  readonly pageBytes: number;
  /** Elements longer than this lie apart. */
  readonly inlineBytes: number;
  /** Born into every block. */
  epoch: number = 1;
  /** Blocks born before this belong to a snapshot: never changed nor freed. 0: none does. */
  frozenBelow: number = 0;
  /** Frozen blocks that no tree has any more. */
  private retired: BlockList = new BlockList();
  /** Retired blocks of snapshots that have ended. */
  private garbage: BlockList = new BlockList();
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
  }

  /** The snapshot is over: what was kept for it can be reclaimed. */
  thaw(): void {
    this.frozenBelow = 0;
    if (this.garbage.length === 0) {
      const empty = this.garbage;
      this.garbage = this.retired;
      this.retired = empty;
    } else {
      this.retired.moveTo(this.garbage);
    }
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
    for (; left > 0 && this.garbage.length > 0; left--) {
      this.garbage.freeLast(this.arena);
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
      this.retired.push(address, bytes);
    } else {
      this.arena.free(address, bytes);
    }
  }

  /** Forgets everything: the arena was reset. */
  forget(): void {
    this.retired = new BlockList();
    this.garbage = new BlockList();
    this.releaser.forget();
  }
}

/** Blocks with their sizes in units of 8 bytes. */
class BlockList {
  length: number = 0;
  private pairs: Int32Array = new Int32Array(64);

  push(address: Address, bytes: number): void {
    this.pushUnits(address, Math.ceil(bytes / 8));
  }

  freeLast(arena: Arena): void {
    this.length--;
    const address = this.pairs[this.length * 2] as number;
    arena.free(address, (this.pairs[this.length * 2 + 1] as number) * 8);
  }

  moveTo(other: BlockList): void {
    for (let pair = 0; pair < this.length; pair++) {
      other.pushUnits(this.pairs[pair * 2] as number, this.pairs[pair * 2 + 1] as number);
    }
    this.length = 0;
  }

  private pushUnits(address: Address, units: number): void {
    if (this.length * 2 === this.pairs.length) {
      const larger = new Int32Array(this.pairs.length * 2);
      larger.set(this.pairs);
      this.pairs = larger;
    }
    this.pairs[this.length * 2] = address;
    this.pairs[this.length * 2 + 1] = units;
    this.length++;
  }
}
