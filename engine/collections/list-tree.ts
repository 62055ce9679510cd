// A large list: a tree of groups, each a few elements as a listpack has them, but without their
// back lengths and without header. A group has room for more at one end or the other, so pushing
// there moves nothing, until it is full; elements as large as a group are alone in theirs.

import { copyBytes, misfits, moveBytes, newScratch } from './bytes.ts';
import { GroupTree } from './group-tree.ts';
import type { Keyspace } from '../keyspace/keyspace.ts';
import type { TreeHost } from '../tree/host.ts';
import { elementBytes } from './pack/listpack.ts';

/** Bytes of a group of several elements. */
const groupBytes = 256;
/** Bytes of a group made for one of several elements, at least. */
const leastGroupBytes = 64;
/** Elements of a group: what a walk inside it costs at most. */
const groupElements = 32;

/** Reads and changes the tree of a list, and a place in it. */
export class ListTree {
  readonly tree: GroupTree;
  /** Of the element at the place: how many come before it in its group, and its offset there. */
  private index: number = 0;
  private at: number = 0;
  /** Elements of its group, for `next`. */
  private size: number = 0;
  /** The place is before this element, or this group: what was there is removed. */
  private gap: boolean = false;
  private groupGap: boolean = false;
  private scratch: Buffer = Buffer.alloc(groupBytes);
  private readonly host: TreeHost;
  // Where the elements of the group walked last are in it, while `host.edits` is what it was then.
  private readonly offsets: Int32Array = new Int32Array(groupElements);
  private walkedBuffer: Buffer = this.scratch;
  private walkedStart: number = 0;
  private walkedEdits: number = -1;

  constructor(keyspace: Keyspace) {
    this.host = keyspace.treeHost;
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

  seekFirst(): boolean {
    const found = this.tree.seekFirst();
    this.gap = this.groupGap = false;
    if (found) {
      this.index = 0;
      this.size = this.tree.size;
      this.at = this.tree.from;
    }
    return found;
  }

  seekLast(): boolean {
    const found = this.seekTail();
    if (found) {
      this.size = this.tree.size;
      this.index = this.size - 1;
      this.at = this.lastOffset();
    }
    return found;
  }

  next(): boolean {
    if (this.gap || this.groupGap) {
      return this.leaveGap();
    }
    this.at += this.bytesAt(this.at);
    this.index++;
    return this.index < this.size || this.toNextGroup(this.tree.next());
  }

  /** To the element behind the gap that the place is. */
  private leaveGap(): boolean {
    const { tree, groupGap } = this;
    this.gap = this.groupGap = false;
    if (groupGap) {
      return this.toNextGroup(tree.settle());
    }
    this.size = tree.size;
    return this.index < tree.size || this.toNextGroup(tree.next());
  }

  private toNextGroup(found: boolean): boolean {
    if (found) {
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
   * Adds an element at the head or the tail; there is no place then.
   * @throws {EngineError} ARENA_FULL when there is no room; nothing has changed then.
   */
  push(atHead: boolean, buffer: Buffer, start: number, end: number): void {
    const { tree } = this;
    if ((atHead ? tree.seekFirst() : tree.seekLast()) && tree.size < groupElements) {
      tree.prepare();
      const at = tree.extend(atHead, end - start);
      if (at >= 0) {
        copyBytes(tree.elementBuffer, at, buffer, start, end);
        return;
      }
    }
    this.insert(atHead ? 0 : tree.count, buffer, start, end);
  }

  /**
   * Inserts an element so that it gets this rank.
   * @throws {EngineError} ARENA_FULL when there is no room; nothing has changed then.
   */
  insert(rank: number, buffer: Buffer, start: number, end: number): void {
    const { tree } = this;
    const bytes = end - start;
    if (rank < tree.count) {
      this.seekRank(rank);
    } else if (!this.seekTail()) {
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
    tree.prepare();
    this.trim();
    if (this.index > 0) {
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
    const old = this.bytesAt(this.at);
    const change = end - start - old;
    if (tree.size > 1 && this.usedBytes + change > Math.max(this.capacity, groupBytes)) {
      this.isolate();
    }
    if (tree.size === 1) {
      tree.replace(end - start);
      tree.setGroup(1, 0, end - start);
      this.at = 0;
    } else {
      this.makeRoom(this.usedBytes + change);
      if (tree.to + change > this.capacity) {
        this.slide(0);
      }
      const { elementBuffer, elementStart, from, to } = tree;
      const behind = this.elementStart + old;
      moveBytes(elementBuffer, behind + change, behind, elementStart + to);
      tree.setGroup(tree.size, from, to + change);
    }
    this.size = tree.size;
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
    const { elementBuffer, elementStart } = this.tree;
    const first = elementBuffer[elementStart + at] as number;
    return first < 0x80
      ? 1
      : first < 0xc0 ? 1 + (first & 0x3f) : elementBytes(elementBuffer, elementStart + at);
  }

  /** Offset of what comes `count` elements after the one at offset `at` in the group. */
  private offsetAfter(at: number, count: number): number {
    const { elementBuffer, elementStart } = this.tree;
    let place = elementStart + at;
    for (let left = count; left > 0; left--) {
      const first = elementBuffer[place] as number;
      place += first < 0x80
        ? 1
        : first < 0xc0 ? 1 + (first & 0x3f) : elementBytes(elementBuffer, place);
    }
    return place - elementStart;
  }

  /**
   * Offset of the last of `size` elements in the group at the place. Without back lengths only a
   * walk finds it, so that is done once for all that are taken from this end.
   */
  private lastOffset(): number {
    const { tree, offsets, host, size } = this;
    const { elementBuffer, elementStart } = tree;
    if (size > groupElements) {
      return this.offsetAfter(tree.from, size - 1);
    }
    if (this.walkedEdits !== host.edits || this.walkedStart !== elementStart ||
      this.walkedBuffer !== elementBuffer) {
      let at = tree.from;
      for (let index = 0; index < size; index++) {
        offsets[index] = at;
        at = index + 1 < size ? at + this.bytesAt(at) : at;
      }
      this.walkedBuffer = elementBuffer;
      this.walkedStart = elementStart;
      this.walkedEdits = host.edits;
    }
    return offsets[size - 1] as number;
  }

  private get usedBytes(): number {
    return this.tree.to - this.tree.from;
  }

  private enter(index: number): boolean {
    this.index = index;
    this.size = this.tree.size;
    this.at = this.offsetAfter(this.tree.from, index);
    return true;
  }

  /** To behind the last element; false: there is none. */
  private seekTail(): boolean {
    const { tree } = this;
    this.gap = this.groupGap = false;
    if (!tree.seekLast()) {
      return false;
    }
    this.index = tree.size;
    this.at = tree.to;
    return true;
  }

  /** Whether the group at the place takes so many bytes more. */
  private fits(bytes: number): boolean {
    return this.tree.size < groupElements && this.usedBytes + bytes <= groupBytes;
  }

  /** Inserts a new group with one element where the tree's place is. */
  private insertGroup(buffer: Buffer, start: number, end: number): void {
    const { tree } = this;
    const bytes = end - start;
    // At the head it is filled from the end.
    const atHead = this.index === 0 && tree.count > 0;
    const capacity = bytes > groupBytes / 2
      ? bytes
      : Math.min(groupBytes, Math.max(leastGroupBytes, bytes * groupElements));
    tree.insertGroup(capacity, 1);
    this.index = 0;
    this.size = 1;
    this.at = atHead ? capacity - bytes : 0;
    this.gap = this.groupGap = false;
    if (bytes < capacity) {
      tree.setGroup(1, this.at, this.at + bytes);
    }
    copyBytes(tree.elementBuffer, this.elementStart, buffer, start, end);
  }

  private insertHere(buffer: Buffer, start: number, end: number): void {
    const { tree, index } = this;
    const bytes = end - start;
    this.makeRoom(this.usedBytes + bytes);
    if (index === 0) {
      if (tree.from < bytes) {
        this.slide(this.capacity - this.usedBytes);
      }
      this.at = tree.from - bytes;
      tree.setGroup(tree.size + 1, this.at, tree.to);
    } else {
      if (tree.to + bytes > this.capacity) {
        this.slide(0);
      }
      const from = this.elementStart;
      const { elementBuffer, elementStart, to } = tree;
      moveBytes(elementBuffer, from + bytes, from, elementStart + to);
      tree.setGroup(tree.size + 1, tree.from, to + bytes);
    }
    this.size = tree.size;
    copyBytes(tree.elementBuffer, this.elementStart, buffer, start, end);
  }

  /** Moves what the group at the place, ready for changes, holds so that it begins at `from`. */
  private slide(from: number): void {
    const { tree } = this;
    const { elementBuffer, elementStart, from: old, to } = tree;
    moveBytes(elementBuffer, elementStart + from, elementStart + old, elementStart + to);
    tree.setGroup(tree.size, from, from + to - old);
    this.at += from - old;
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
    const { size, from, to } = tree;
    this.keep(from, to);
    tree.replace(bytes);
    copyBytes(tree.elementBuffer, tree.elementStart, this.scratch, 0, to - from);
    tree.setGroup(size, 0, to - from);
    this.at -= from;
  }

  /** Gives back what the group at the place, ready for changes, has and does not use. */
  private trim(): void {
    const used = this.usedBytes;
    if (used < this.capacity && this.tree.shrinksInPlace) {
      this.setCapacity(used);
    }
  }

  /** Copies bytes `from` to `to` of the group into the scratch. */
  private keep(from: number, to: number): void {
    const { elementBuffer, elementStart } = this.tree;
    if (misfits(this.scratch.length, to - from)) {
      this.scratch = newScratch(to - from);
    }
    copyBytes(this.scratch, 0, elementBuffer, elementStart + from, elementStart + to);
  }

  /**
   * Makes two groups of one; the place, not at its ends, is behind the first one's last element.
   * @throws {EngineError} ARENA_FULL when there is no room; the list is the same then.
   */
  private split(): void {
    const { tree, index, at } = this;
    const { from, to } = tree;
    const size = tree.size - index;
    tree.prepare();
    this.keep(at, to);
    if (!tree.next()) {
      tree.seekEnd();
    }
    tree.insertGroup(to - at, size);
    copyBytes(tree.elementBuffer, tree.elementStart, this.scratch, 0, to - at);
    tree.previous();
    tree.setGroup(index, from, at);
    this.index = index;
    this.at = at;
    this.trim();
  }

  /**
   * Makes the element at the place the only one of its group.
   * @throws {EngineError} ARENA_FULL when there is no room; the list is the same then.
   */
  private isolate(): void {
    const { tree, index } = this;
    const before = this.at - tree.from;
    if (index < tree.size - 1) {
      this.at += this.bytesAt(this.at);
      this.index++;
      this.split();
      this.index = index;
      this.at = tree.from + before;
    }
    if (index > 0) {
      this.split();
      tree.next();
      this.index = 0;
      this.at = tree.from;
    }
  }

  /** Removes elements of the group at the place, ready for changes, from the place on. */
  private removeSome(count: number): void {
    const { tree, at } = this;
    const { from, to, size } = tree;
    const isWalked = this.walkedEdits === this.host.edits;
    this.gap = true;
    if (count === size) {
      this.groupGap = true;
      tree.removeGroup();
      return;
    }
    const end = this.offsetAfter(at, count);
    if (at === from) {
      this.at = end;
      tree.setGroup(size - count, end, to);
    } else {
      const { elementBuffer, elementStart } = tree;
      moveBytes(elementBuffer, elementStart + at, elementStart + end, elementStart + to);
      tree.setGroup(size - count, from, to - end + at);
      if (isWalked && end === to) {
        this.walkedEdits = this.host.edits;
      }
    }
    const used = to - from - end + at;
    if (used * 4 < this.capacity && tree.shrinksInPlace) {
      this.setCapacity(used * 2);
    }
  }
}
