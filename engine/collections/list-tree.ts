// A large list: a tree of groups, each a few elements as a listpack has them, but without their
// back lengths and without header. A group has room for more (pushing costs no allocation) until
// it is full; elements as large as a group are alone in theirs.

import { copyBytes, moveBytes } from './bytes.ts';
import { GroupTree } from './group-tree.ts';
import type { Keyspace } from '../keyspace/keyspace.ts';
import { elementBytes } from './pack/listpack.ts';

/** Bytes of a group of several elements. */
const groupBytes = 256;
/** Elements of a group: what a walk inside it costs at most. */
const groupElements = 64;

/** Reads and changes the tree of a list, and a place in it. */
export class ListTree {
  readonly tree: GroupTree;
  /** Of the element at the place: how many come before it in its group, and in how many bytes. */
  private index: number = 0;
  private at: number = 0;
  /** The place is before this element, or this group: what was there is removed. */
  private gap: boolean = false;
  private groupGap: boolean = false;
  private scratch: Buffer = Buffer.alloc(groupBytes);

  constructor(keyspace: Keyspace) {
    this.tree = new GroupTree(keyspace.treeHost);
  }

  get count(): number {
    return this.tree.count;
  }

  /** Opens the tree with this root; the place is before the first element. */
  open(buffer: Buffer, base: number): void {
    this.tree.open(buffer, base);
    this.index = this.at = 0;
    this.gap = this.groupGap = true;
  }

  // ---- the place -------------------------------------------------------------------------------

  /** The element at the place, encoded, is at `elementStart` in `tree.elementBuffer`. */
  get elementStart(): number {
    return this.tree.elementStart + this.at;
  }

  seekRank(rank: number): boolean {
    const found = this.tree.seekRank(rank);
    this.gap = this.groupGap = false;
    if (found) {
      this.enter(this.tree.within);
    }
    return found;
  }

  seekLast(): boolean {
    const found = this.tree.seekLast();
    this.gap = this.groupGap = false;
    if (found) {
      this.enter(this.tree.size - 1);
    }
    return found;
  }

  next(): boolean {
    const { tree, gap, groupGap } = this;
    this.gap = this.groupGap = false;
    if (!groupGap) {
      if (!gap) {
        this.at += this.bytesAt(this.at);
        this.index++;
      }
      if (this.index < tree.size) {
        return true;
      }
    }
    if (groupGap ? tree.settle() : tree.next()) {
      return this.enter(0);
    }
    this.groupGap = true;
    return false;
  }

  previous(): boolean {
    const { tree } = this;
    if (this.groupGap || this.index === 0) {
      if (!tree.previous()) {
        return false;
      }
      this.enter(tree.size - 1);
    } else {
      this.enter(this.index - 1);
    }
    this.gap = this.groupGap = false;
    return true;
  }

  // ---- change ----------------------------------------------------------------------------------
  // All of it with the value ready for changes in place, and elements encoded, without back length.

  /**
   * Inserts an element so that it gets this rank.
   * @throws {EngineError} ARENA_FULL when there is no room; nothing has changed then.
   */
  insert(rank: number, buffer: Buffer, start: number, end: number): void {
    const { tree } = this;
    const bytes = end - start;
    if (rank < tree.count) {
      this.seekRank(rank);
    } else if (this.seekLast()) {
      this.index = tree.size;
      this.at = this.usedBytes();
    } else {
      tree.seekEnd();
      this.insertGroup(buffer, start, end);
      return;
    }
    if (!this.fits(bytes) && this.index > 0 && this.index < tree.size) {
      this.split();
    }
    if (this.fits(bytes)) {
      this.insertHere(buffer, start, end);
      return;
    }
    if (this.index > 0) {
      tree.prepare();
      this.trim();
      tree.next();
    }
    this.insertGroup(buffer, start, end);
  }

  /**
   * Replaces the element at the place.
   * @throws {EngineError} ARENA_FULL when there is no room; nothing has changed then.
   */
  replace(buffer: Buffer, start: number, end: number): void {
    const { tree } = this;
    const bytes = end - start;
    const old = this.bytesAt(this.at);
    if (tree.size > 1 && this.usedBytes() - old + bytes > Math.max(this.capacity, groupBytes)) {
      this.isolate();
    }
    const used = this.usedBytes();
    if (tree.size === 1) {
      tree.replace(bytes);
    } else {
      this.makeRoom(used - old + bytes);
      const from = this.elementStart;
      const { elementBuffer, elementStart } = tree;
      moveBytes(elementBuffer, from + bytes, from + old, elementStart + used);
    }
    copyBytes(tree.elementBuffer, this.elementStart, buffer, start, end);
  }

  /**
   * Removes the element at the place, which is then before the next.
   * @throws {EngineError} ARENA_FULL only while a snapshot runs; nothing has changed then.
   */
  remove(): void {
    if (this.tree.size > 1) {
      this.tree.prepare();
    }
    this.removeSome(1);
  }

  /**
   * Removes `count` elements from `rank` on; there are more. `frozen`: a snapshot runs.
   * @throws {EngineError} ARENA_FULL only while a snapshot runs; nothing has changed then.
   */
  removeRange(rank: number, count: number, frozen: boolean): void {
    const { tree } = this;
    for (let at = frozen ? rank : rank + count; at < rank + count;) {
      this.seekRank(at);
      at += tree.size - this.index;
      tree.prepare();
    }
    for (let left = count; left > 0;) {
      this.seekRank(rank);
      const removed = Math.min(left, tree.size - this.index);
      tree.prepare();
      this.removeSome(removed);
      left -= removed;
    }
  }

  // ---- inside ----------------------------------------------------------------------------------

  private get capacity(): number {
    return this.tree.elementEnd - this.tree.elementStart;
  }

  /** Bytes of the element at this offset in the group. */
  private bytesAt(at: number): number {
    return elementBytes(this.tree.elementBuffer, this.tree.elementStart + at);
  }

  /** Offset after `count` elements of the group. */
  private offsetOf(count: number): number {
    const { elementBuffer, elementStart } = this.tree;
    let at = elementStart;
    for (let left = count; left > 0; left--) {
      const first = elementBuffer[at] as number;
      at += first < 0x80
        ? 1
        : first < 0xc0 ? 1 + (first & 0x3f) : elementBytes(elementBuffer, at);
    }
    return at - elementStart;
  }

  private usedBytes(): number {
    return this.offsetOf(this.tree.size);
  }

  private enter(index: number): boolean {
    this.index = index;
    this.at = this.offsetOf(index);
    return true;
  }

  /** Whether the group at the place takes so many bytes more. */
  private fits(bytes: number): boolean {
    return this.tree.size < groupElements &&
      this.usedBytes() + bytes <= Math.max(groupBytes, this.tree.size > 1 ? 0 : this.capacity);
  }

  /** Inserts a new group with one element where the tree's place is. */
  private insertGroup(buffer: Buffer, start: number, end: number): void {
    const { tree } = this;
    tree.insertGroup(end - start > groupBytes / 2 ? end - start : groupBytes, 1);
    copyBytes(tree.elementBuffer, tree.elementStart, buffer, start, end);
    this.index = this.at = 0;
    this.gap = this.groupGap = false;
  }

  private insertHere(buffer: Buffer, start: number, end: number): void {
    const { tree, at } = this;
    const used = this.usedBytes();
    this.makeRoom(used + end - start);
    const { elementBuffer, elementStart } = tree;
    const from = elementStart + at;
    moveBytes(elementBuffer, from + end - start, from, elementStart + used);
    copyBytes(elementBuffer, from, buffer, start, end);
    tree.resize(tree.size + 1);
  }

  /**
   * Makes the group at the place ready for `bytes` bytes; those in use stay.
   * @throws {EngineError} ARENA_FULL when there is no room; nothing has changed then.
   */
  private makeRoom(bytes: number): void {
    if (bytes <= this.capacity) {
      this.tree.prepare();
    } else {
      this.setCapacity(Math.max(bytes, Math.min(groupBytes, bytes * 2)));
    }
  }

  private setCapacity(bytes: number): void {
    const { tree } = this;
    const used = this.usedBytes();
    this.keep(0, used);
    tree.replace(bytes);
    copyBytes(tree.elementBuffer, tree.elementStart, this.scratch, 0, used);
  }

  /** Gives back what the group at the place, ready for changes, has and does not use. */
  private trim(): void {
    const used = this.usedBytes();
    if (used < this.capacity && this.tree.shrinksInPlace) {
      this.setCapacity(used);
    }
  }

  /** Copies bytes `from` to `to` of the group into the scratch. */
  private keep(from: number, to: number): void {
    const { elementBuffer, elementStart } = this.tree;
    if (to - from > this.scratch.length) {
      this.scratch = Buffer.alloc((to - from) * 2);
    }
    copyBytes(this.scratch, 0, elementBuffer, elementStart + from, elementStart + to);
  }

  /**
   * Makes two groups of one; the place, not at its ends, is behind the first one's last element.
   * @throws {EngineError} ARENA_FULL when there is no room; the list is the same then.
   */
  private split(): void {
    const { tree, index, at } = this;
    const used = this.usedBytes();
    const size = tree.size - index;
    tree.prepare();
    this.keep(at, used);
    if (!tree.next()) {
      tree.seekEnd();
    }
    tree.insertGroup(used - at, size);
    copyBytes(tree.elementBuffer, tree.elementStart, this.scratch, 0, used - at);
    tree.previous();
    tree.resize(index);
    this.index = index;
    this.at = at;
    this.trim();
  }

  /**
   * Makes the element at the place the only one of its group.
   * @throws {EngineError} ARENA_FULL when there is no room; the list is the same then.
   */
  private isolate(): void {
    const { tree } = this;
    if (this.index < tree.size - 1) {
      const { index, at } = this;
      this.at += this.bytesAt(at);
      this.index++;
      this.split();
      this.index = index;
      this.at = at;
    }
    if (this.index > 0) {
      this.split();
      tree.next();
      this.index = this.at = 0;
    }
  }

  /** Removes elements of the group at the place, ready for changes, from the place on. */
  private removeSome(count: number): void {
    const { tree, at } = this;
    this.gap = true;
    if (count === tree.size) {
      this.groupGap = true;
      tree.removeGroup();
      return;
    }
    const used = this.usedBytes();
    const end = this.offsetOf(this.index + count);
    const { elementBuffer, elementStart } = tree;
    moveBytes(elementBuffer, elementStart + at, elementStart + end, elementStart + used);
    tree.resize(tree.size - count);
    if ((used - end + at) * 4 < this.capacity && tree.shrinksInPlace) {
      this.setCapacity((used - end + at) * 2);
    }
  }
}
