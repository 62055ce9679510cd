// For tests: a tree beside an array of its elements, driven by the same changes, while snapshots
// begin and end; all compared whole.

import * as fc from 'fast-check';
import { EngineError } from '../../errors.ts';
import { Arena } from '../../memory/arena.ts';
import { TreeHost } from '../host.ts';
import { orderHash, orderPosition, orderScore, rootBytes, Tree, TreeReader } from '../tree.ts';
import { checkTree } from './check.ts';

/** An element: its key and its bytes as latin1. */
export interface Element {
  readonly key: number;
  readonly text: string;
}

/** One change; ranks as parts of 1000 of the count. */
export type Change =
  | { op: 'insert'; place: number; key: number; text: string }
  | { op: 'append'; text: string }
  | { op: 'replace'; place: number; text: string }
  | { op: 'remove'; place: number }
  | { op: 'range'; place: number; count: number }
  | { op: 'freeze' } | { op: 'thaw' } | { op: 'clear' }
  | { op: 'reclaim'; budget: number };

const texts = fc.oneof(
  { weight: 12, arbitrary: fc.string({ unit: fc.constantFrom('a', 'b'), maxLength: 8 }) },
  { weight: 3, arbitrary: fc.string({ unit: fc.constantFrom('a', 'b', 'c'), maxLength: 70 }) },
  { weight: 1, arbitrary: fc.integer({ min: 60, max: 400 }).map((at) => 'a'.repeat(at)) },
);
const places = fc.integer({ min: 0, max: 1000 });
const keys = fc.oneof(fc.constantFrom(0, 1, 2, 7), fc.integer({ min: 0, max: 2 ** 31 - 2 }));

/** Any change; many more insertions than removals. */
export const changes: fc.Arbitrary<Change> = fc.oneof(
  {
    weight: 100,
    arbitrary: fc.record({
      op: fc.constant('insert' as const), place: places, key: keys, text: texts,
    }),
  },
  { weight: 50, arbitrary: fc.record({ op: fc.constant('append' as const), text: texts }) },
  {
    weight: 30,
    arbitrary: fc.record({ op: fc.constant('replace' as const), place: places, text: texts }),
  },
  { weight: 50, arbitrary: fc.record({ op: fc.constant('remove' as const), place: places }) },
  {
    weight: 2,
    arbitrary: fc.record({
      op: fc.constant('range' as const), place: places, count: fc.nat(40),
    }),
  },
  { weight: 6, arbitrary: fc.constant({ op: 'freeze' as const }) },
  { weight: 6, arbitrary: fc.constant({ op: 'thaw' as const }) },
  { weight: 1, arbitrary: fc.constant({ op: 'clear' as const }) },
  {
    weight: 3,
    arbitrary: fc.record({ op: fc.constant('reclaim' as const), budget: fc.nat(20) }),
  },
);

/** An arena that refuses the allocations it is told to. */
export class FailingArena extends Arena {
  /** Allocations that still succeed. */
  allowed: number = Infinity;

  override allocate(bytes: number): number {
    if (this.allowed-- <= 0) {
      throw new EngineError('ARENA_FULL', 'refused by the test');
    }
    return super.allocate(bytes);
  }
}

/** A tree and what it should hold. */
export class ModelledTree {
  readonly arena: FailingArena = new FailingArena({ capacityBytes: 2 ** 22 });
  readonly host: TreeHost;
  readonly tree: Tree;
  readonly root: Buffer = Buffer.alloc(rootBytes + 3);
  readonly order: number;
  model: Element[] = [];
  leavesMost: number = 0;
  refusals: number = 0;
  private readonly reader: TreeReader;
  private frozen: { root: Buffer; model: Element[] } | null = null;

  constructor(order: number, pageBytes: number = 256) {
    this.host = new TreeHost(this.arena, pageBytes);
    this.tree = new Tree(this.host);
    this.reader = new TreeReader(this.host);
    this.order = order;
    // The root is unaligned, as in an entry.
    this.tree.create(this.root, 3, order);
  }

  /** Makes the change in both; in neither when the arena refuses. */
  apply(change: Change): void {
    const rank = 'place' in change ? Math.floor((change.place * this.model.length) / 1000) : 0;
    const before = this.model;
    this.model = [...before];
    try {
      this.change(change, rank);
    } catch (error) {
      if (!(error instanceof EngineError && error.code === 'ARENA_FULL')) {
        throw error;
      }
      this.refusals++;
      this.model = before;
    }
  }

  /** Throws at the first difference between both, or between a frozen root and its model. */
  verify(): void {
    this.leavesMost = Math.max(this.leavesMost, checkTree(this.arena, this.root, 3));
    this.compare(this.root, 3, this.model);
    if (this.frozen !== null) {
      this.compare(this.frozen.root, 0, this.frozen.model);
    }
  }

  /** Ends the snapshot, releases the tree: nothing may be left. */
  finish(): void {
    this.arena.allowed = Infinity;
    this.thaw();
    this.verify();
    this.host.release(this.root, 3);
    while (!this.host.reclaim(7));
    if (this.arena.usedBytes !== 0) {
      throw new Error(`${this.arena.usedBytes} bytes are lost`);
    }
  }

  private change(change: Change, rank: number): void {
    const { tree, model } = this;
    tree.open(this.root, 3);
    if (change.op === 'insert') {
      this.insert({ key: change.key, text: change.text }, rank);
    } else if (change.op === 'append') {
      const last = model.at(-1);
      const key = last === undefined ? 5 : last.key;
      this.insert({ key, text: this.order === orderScore ? `${last?.text ?? ''}x` : change.text },
        model.length);
    } else if (change.op === 'range') {
      // Equal hashes have no order of their own: the tree decides which ones go.
      this.model = this.order === orderHash ? this.elements(this.reader.open(this.root, 3)) : model;
      this.model.splice(rank, change.count);
      tree.removeRange(rank, change.count);
    } else if (change.op === 'clear') {
      this.model = [];
      tree.clear();
    } else if (change.op === 'replace' || change.op === 'remove') {
      this.changeAt(change, rank);
    } else if (change.op === 'freeze' && this.frozen === null) {
      this.host.freeze(this.host.epoch + 1);
      this.frozen = { root: Buffer.from(this.root.subarray(3)), model: this.model };
    } else if (change.op === 'thaw') {
      this.thaw();
    } else if (change.op === 'reclaim') {
      this.host.reclaim(change.budget);
    }
  }

  private thaw(): void {
    this.verify();
    if (this.frozen !== null) {
      this.host.thaw();
      this.frozen = null;
    }
  }

  private insert(element: Element, rank: number): void {
    const { tree, model } = this;
    const bytes = Buffer.from(element.text, 'latin1');
    if (this.order === orderPosition) {
      tree.seekRank(rank);
      model.splice(rank, 0, { ...element, key: 0 });
    } else if (this.order === orderHash) {
      for (let found = tree.seekHash(element.key); found;) {
        found = tree.nextSameHash();
      }
      model.push(element);
    } else {
      if (tree.seekScore(element.key - 1e9, bytes, 0, bytes.length)) {
        return;
      }
      model.splice(rankIn(model, element), 0, element);
    }
    tree.insert(bytes.length);
    this.write(element.text);
  }

  private changeAt(change: Change & { op: 'replace' | 'remove' }, rank: number): void {
    const { tree, model } = this;
    if (!tree.seekRank(rank)) {
      return;
    }
    const key = this.order === orderHash ? tree.hash : 0;
    const at = this.order === orderHash
      ? model.findIndex((one) => one.key === key && one.text === this.text(tree))
      : rank;
    if (change.op === 'remove') {
      model.splice(at, 1);
      tree.remove();
      const follows = tree.settle();
      if (follows !== rank < tree.count || tree.rank !== rank) {
        throw new Error('the place after a removal');
      }
    } else if (this.order !== orderScore) {
      model[at] = { key, text: change.text };
      tree.replace(change.text.length);
      this.write(change.text);
      if (tree.rank !== rank) {
        throw new Error('the place after a replacement');
      }
    }
  }

  private write(text: string): void {
    if (this.tree.elementEnd - this.tree.elementStart !== text.length) {
      throw new Error('the room for an element');
    }
    this.tree.elementBuffer.write(text, this.tree.elementStart, 'latin1');
  }

  private text(reader: TreeReader): string {
    return reader.elementBuffer.toString('latin1', reader.elementStart, reader.elementEnd);
  }

  private compare(root: Buffer, offset: number, model: readonly Element[]): void {
    const reader = this.reader.open(root, offset);
    const found = this.elements(reader);
    const back: Element[] = [];
    for (let more = reader.seekLast(); more; more = reader.previous()) {
      back.unshift({ key: this.keyOf(reader), text: this.text(reader) });
    }
    if (JSON.stringify(found) !== JSON.stringify(back)) {
      throw new Error('backwards is not forwards');
    }
    const inOrder = this.order !== orderHash || found.every(
      ({ key }, at) => at === 0 || (found[at - 1] as Element).key <= key);
    const expected = sortModel([...model], this.order);
    const actual = this.order === orderHash ? sortModel([...found], this.order) : found;
    if (!inOrder || JSON.stringify(actual) !== JSON.stringify(expected)) {
      throw new Error(`the tree holds ${JSON.stringify(found)} and not ${JSON.stringify(model)}`);
    }
    this.seekAll(reader, found);
  }

  private elements(reader: TreeReader): Element[] {
    const found: Element[] = [];
    for (let more = reader.seekRank(0); more; more = reader.next()) {
      found.push({ key: this.keyOf(reader), text: this.text(reader) });
    }
    return found;
  }

  /** Finds every element by rank and by key, and the places between them. */
  private seekAll(reader: TreeReader, found: readonly Element[]): void {
    for (let rank = 0; rank < found.length; rank += 1 + (found.length >> 5)) {
      const { key, text } = found[rank] as Element;
      reader.seekRank(rank);
      must(reader.rank === rank && this.text(reader) === text, 'seekRank');
      const bytes = Buffer.from(text, 'latin1');
      if (this.order === orderHash) {
        must(reader.seekHash(key), 'seekHash');
        must(reader.rank === found.findIndex((one) => one.key === key), 'the first of its hash');
      } else if (this.order === orderScore) {
        must(reader.seekScore(key - 1e9, bytes, 0, bytes.length), 'seekScore');
        must(reader.rank === rank, 'the rank of a member');
        reader.seekScore(key - 1e9, bytes, 0, 0);
        reader.settle();
        must(reader.rank === found.findIndex((one) => one.key >= key), 'the first of a score');
        reader.seekAfterScore(key - 1e9);
        must(reader.rank === found.filter((one) => one.key <= key).length, 'after a score');
      }
    }
  }

  private keyOf(reader: TreeReader): number {
    return this.order === orderPosition ? 0
      : this.order === orderHash ? reader.hash : reader.score + 1e9;
  }
}

function must(holds: boolean, problem: string): void {
  if (!holds) {
    throw new Error(problem);
  }
}

/** Texts are ASCII: they order as their bytes do. */
function compare(a: Element, b: Element): number {
  return a.key - b.key || (a.text < b.text ? -1 : a.text > b.text ? 1 : 0);
}

function sortModel(model: Element[], order: number): Element[] {
  return order === orderPosition ? model : model.sort(compare);
}

function rankIn(model: readonly Element[], element: Element): number {
  let low = 0;
  for (let high = model.length; low < high;) {
    const middle = (low + high) >>> 1;
    if (compare(model[middle] as Element, element) < 0) {
      low = middle + 1;
    } else {
      high = middle;
    }
  }
  return low;
}
