// Releasing whole trees, block by block, in slices: children before their parents.

import type { Address, Arena } from '../memory/arena.ts';
import { innerShapes, leafShapes, mostLevels, pointerBytes, readWord } from './layout.ts';
import { offsetMask } from './layout.ts';
import type { SlotShape } from './layout.ts';
import { PageRef } from './page.ts';

/** Whose blocks they are. */
export interface BlockOwner {
  readonly arena: Arena;
  /** Gives a block back, or keeps it while a snapshot reads it. */
  giveUp(address: Address, bytes: number, epoch: number): void;
}

interface Buried {
  readonly page: Address;
  readonly height: number;
  readonly order: number;
}

/** Releases the trees that were buried. */
export class Releaser {
  private readonly host: BlockOwner;
  private readonly buried: Buried[] = [];
  /** The way down to where the release of the newest buried tree has come. */
  private readonly pages: Int32Array = new Int32Array(mostLevels);
  private readonly slots: Int32Array = new Int32Array(mostLevels);
  private current: Buried | null = null;
  private level: number = 0;
  private readonly page: PageRef;

  constructor(host: BlockOwner) {
    this.host = host;
    this.page = new PageRef(host.arena);
  }

  /** Adds a tree that nobody else has any more. */
  bury(page: Address, height: number, order: number): void {
    this.buried.push({ page, height, order });
  }

  /** Releases the tree buried last, unless another one is under way. */
  releaseNewest(): void {
    if (this.current === null) {
      this.begin();
      while (this.current !== null) {
        this.step();
      }
    }
  }

  /** Releases about `budget` blocks; true when nothing is left. */
  run(budget: number): boolean {
    let left = budget;
    while (left > 0 && (this.current !== null || this.begin())) {
      left -= this.step();
    }
    return this.current === null && this.buried.length === 0;
  }

  /** Forgets everything: the arena was reset. */
  forget(): void {
    this.buried.length = 0;
    this.current = null;
  }

  private begin(): boolean {
    const next = this.buried.pop() ?? null;
    this.current = next;
    if (next !== null) {
      this.level = next.height - 1;
      this.pages[this.level] = next.page;
      this.slots[this.level] = 0;
    }
    return next !== null;
  }

  /** Goes down to a child, or releases the page whose children are gone; returns blocks freed. */
  private step(): number {
    const { pages, slots, page } = this;
    const { height, order } = this.current as Buried;
    const { level } = this;
    page.point(pages[level] as number);
    const slot = slots[level] as number;
    if (level > 0 && slot < page.count) {
      const shape = innerShapes[order] as SlotShape;
      slots[level] = slot + 1;
      this.level = level - 1;
      pages[this.level] = page.view[page.at(slot, shape)] as number;
      slots[this.level] = 0;
      return 0;
    }
    const freed = releasePage(this.host, page, (level > 0 ? innerShapes : leafShapes)[order]);
    this.level = level + 1;
    if (this.level === height) {
      this.current = null;
    }
    return freed;
  }
}

/** Gives up a page and the elements apart that it names; returns how many blocks that were. */
function releasePage(host: BlockOwner, page: PageRef, shape: SlotShape | undefined): number {
  let blocks = 1;
  if (shape !== undefined && shape.element >= 0) {
    const end = page.at(page.count, shape);
    for (let at = page.at(0, shape) + shape.element; at < end; at += shape.words) {
      const word = page.view[at] as number;
      if (word < 0) {
        giveUpApart(host, page, word);
        blocks++;
      }
    }
  }
  host.giveUp(page.address, page.blockBytes, page.epoch);
  return blocks;
}

/** Gives up the block of an element apart; returns its bytes. */
export function giveUpApart(host: BlockOwner, page: PageRef, word: number): number {
  const at = page.base * 4 + (word & offsetMask);
  const bytes = readWord(page.bytes, at + 4);
  host.giveUp(readWord(page.bytes, at), bytes, readWord(page.bytes, at + pointerBytes - 4));
  return host.arena.blockBytes(bytes);
}
