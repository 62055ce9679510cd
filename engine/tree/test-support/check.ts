// For tests: everything that must hold inside a tree, read from the arena page by page.

import type { Arena } from '../../memory/arena.ts';
import {
  headerBytes, heapWord, innerShapes, leafShapes, lengthOf, offsetMask, orderPosition, readRoot,
  readWord,
} from '../layout.ts';
import type { RootFields, SlotShape } from '../layout.ts';
import { PageRef } from '../page.ts';

interface Sums {
  count: number;
  bytes: number;
  leaves: number;
}

/** Walks a tree and throws at the first thing that is wrong. */
class Checker {
  private readonly arena: Arena;
  private readonly root: RootFields;
  private readonly sums: Sums = { count: 0, bytes: 0, leaves: 0 };

  constructor(arena: Arena, root: RootFields) {
    this.arena = arena;
    this.root = root;
  }

  run(): Sums {
    if (this.root.height > 0) {
      this.page(this.root.page, this.root.height - 1);
    }
    return this.sums;
  }

  private page(address: number, level: number): number {
    const page = new PageRef(this.arena).point(address);
    const shape = (level > 0 ? innerShapes : leafShapes)[this.root.order] as SlotShape;
    must(page.count > 0, 'an empty page');
    this.sums.bytes += page.blockBytes;
    if (shape.element >= 0) {
      this.heap(page, shape);
    }
    if (level === 0) {
      this.sums.leaves++;
      this.sums.count += page.count;
      return page.count;
    }
    let below = 0;
    for (let slot = 0; slot < page.count; slot++) {
      const at = page.at(slot, shape);
      const found = this.page(page.view[at] as number, level - 1);
      must(found === page.view[at + 1], `a count of ${page.view[at + 1]} and not ${found}`);
      below += found;
    }
    return below;
  }

  /** Elements do not overlap, lie in the heap, and add up to the live bytes. */
  private heap(page: PageRef, shape: SlotShape): void {
    const spans: [number, number][] = [];
    for (let slot = 0; slot < page.count; slot++) {
      const word = page.view[page.at(slot, shape) + shape.element] as number;
      spans.push([word & offsetMask, lengthOf(word)]);
      if (word < 0) {
        const at = page.base * 4 + (word & offsetMask);
        this.sums.bytes += this.arena.blockBytes(readWord(page.bytes, at + 4));
      }
    }
    spans.sort((a, b) => a[0] - b[0]);
    let end = page.view[page.base + heapWord] as number;
    must(end >= headerBytes + page.count * shape.words * 4, 'slots reach into the heap');
    for (const [start, length] of spans.filter((span) => span[1] > 0)) {
      must(start >= end, 'elements overlap');
      end = start + length;
    }
    must(end <= page.blockBytes, 'an element beyond the block');
    const live = spans.reduce((sum, [, length]) => sum + length, 0);
    must(live === page.live, `${page.live} live bytes and not ${live}`);
  }
}

function must(holds: boolean, problem: string): void {
  if (!holds) {
    throw new Error(`tree: ${problem}`);
  }
}

/** Checks the tree with this root and returns how many leaves it has. */
export function checkTree(arena: Arena, buffer: Buffer, offset: number): number {
  const root = readRoot(buffer, offset);
  const { count, bytes, leaves } = new Checker(arena, root).run();
  const noted = readWord(buffer, offset + 8);
  must(count === noted, `${noted} elements noted and not ${count}`);
  must(bytes === root.units * 8, `${root.units * 8} bytes noted and not ${bytes}`);
  must(root.height > 0 || root.page === 0, 'a page without height');
  must(root.order >= orderPosition, 'an order');
  return leaves;
}
