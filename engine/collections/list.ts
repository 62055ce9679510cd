// Lists: a pack of elements while small, a tree by position when large.

import { encodingPack, encodingTree, typeList } from '../keyspace/entry.ts';
import type { Keyspace } from '../keyspace/keyspace.ts';
import { rootBytes } from '../tree/reader.ts';
import { copyBytes, misfits, newScratch, sameBytes } from './bytes.ts';
import { CollectionHandle, encodingNone } from './handle.ts';
import { listPackBytes } from './limits.ts';
import type { PackLimits } from './limits.ts';
import { ListTree } from './list-tree.ts';
import { PackCheck } from './pack/check.ts';
import { elementBytes, emptyBytes, headerBytes } from './pack/listpack.ts';

const kind = { type: typeList, encoding: encodingPack };
/** Bytes of encoding and back length that an element may have beside its own. */
const elementOverheadBytes = 10;
const atTheHead = -1;
const atTheTail = -2;

/** The list of a key. */
export class ListHandle extends CollectionHandle {
  protected readonly type: number = typeList;
  private readonly check: PackCheck = new PackCheck();
  private readonly roots: Buffer = Buffer.alloc(rootBytes);
  private readonly large: ListTree;
  /** Copy of the element popped last. */
  private popped: Buffer = newScratch(0);

  constructor(keyspace: Keyspace, limits: PackLimits) {
    super(keyspace, limits);
    this.large = new ListTree(keyspace);
  }

  override get length(): number {
    return this.encoding === encodingTree ? this.large.count : this.pack.count;
  }

  override adoptPack(buffer: Buffer, start: number, end: number): boolean {
    const count = this.check.count(buffer, start, end);
    if (count <= 0 || end - start > listPackBytes(this.limits.listSize) ||
      !this.countFits(count)) {
      return false;
    }
    this.pack.copyFrom(kind, buffer, start, end);
    this.encoding = encodingPack;
    this.pack.openPack(this.pack.database, this.pack.entry, 1);
    return true;
  }

  /**
   * Adds an element at the head or the tail.
   * @throws {EngineError} ARENA_FULL when there is no room; nothing has changed then.
   */
  push(atHead: boolean, buffer: Buffer, start: number, end: number): void {
    if (this.encoding !== encodingTree && this.staysPack(end - start)) {
      this.packInsert(atHead ? headerBytes : this.pack.end, buffer, start, end);
    } else {
      this.treeInsert(atHead ? atTheHead : atTheTail, buffer, start, end);
    }
  }

  /**
   * Removes the element at the head or the tail and shows a copy of it, which stays readable until
   * the next `pop` of this handle (pushing it with this or another handle is fine).
   */
  pop(atHead: boolean): boolean {
    if (!(atHead ? this.first() : this.last())) {
      return false;
    }
    const bytes = this.elementEnd - this.elementStart;
    if (misfits(this.popped.length, bytes)) {
      this.popped = newScratch(bytes);
    }
    copyBytes(this.popped, 0, this.elementBuffer, this.elementStart, this.elementEnd);
    this.removeSeen();
    this.elementBuffer = this.popped;
    this.elementStart = 0;
    this.elementEnd = bytes;
    return true;
  }

  /** Shows the element at `index`; negative ones count from the tail (-1 is the last). */
  at(index: number): boolean {
    return this.seekRank(index < 0 ? index + this.length : index);
  }

  /**
   * Replaces the element at `index` (as `at`); false when there is none. The new bytes must not lie
   * in this list.
   * @throws {EngineError} ARENA_FULL when there is no room; nothing has changed then.
   */
  replace(index: number, buffer: Buffer, start: number, end: number): boolean {
    if (!this.at(index)) {
      return false;
    }
    const { pack, writer, large } = this;
    const rank = index < 0 ? index + this.length : index;
    const small = this.encoding !== encodingTree;
    if (small && !this.staysPack(end - start, -1)) {
      this.convert();
      large.seekRank(rank);
    }
    writer.length = 0;
    writer.add(buffer, start, end);
    if (this.encoding !== encodingTree) {
      pack.spliceEntries(pack.at, pack.afterEntry(pack.at), writer, pack.count);
    } else {
      pack.touch();
      large.replace(writer.bytes, 0, writer.bodyBytes);
    }
    return true;
  }

  /**
   * Inserts an element so that it gets `index`, 0 to length.
   * @throws {EngineError} ARENA_FULL when there is no room; nothing has changed then.
   */
  insert(index: number, buffer: Buffer, start: number, end: number): void {
    if (this.encoding !== encodingTree && this.staysPack(end - start)) {
      this.pack.seekRank(index);
      this.packInsert(this.pack.at, buffer, start, end);
    } else {
      this.treeInsert(index, buffer, start, end);
    }
  }

  /** Removes `count` elements from `from` on (both clamped); LTRIM is two of these. */
  removeRange(from: number, count: number): void {
    const first = Math.max(0, from);
    const end = Math.min(this.length, from + count);
    if (first >= end) {
      return;
    }
    if (end - first === this.length) {
      this.removeKey();
      return;
    }
    const { pack } = this;
    if (this.encoding === encodingTree) {
      pack.touch();
      this.large.removeRange(first, end - first, this.keyspace.treeHost.frozenBelow !== 0);
      return;
    }
    pack.seekRank(end);
    const cutEnd = pack.at;
    pack.seekRank(first);
    pack.count -= end - first;
    pack.cut(pack.at, cutEnd, pack.count);
  }

  /**
   * Removes the element seen last (LREM). Then `next` shows the one that followed it, `previous`
   * the one before it.
   */
  removeSeen(): void {
    if (this.length === 1) {
      this.removeKey();
    } else if (this.encoding === encodingTree) {
      this.pack.touch();
      this.large.remove();
    } else {
      this.pack.removeEntry();
    }
  }

  /** Whether the element seen last has these bytes (LREM, LPOS, LINSERT). */
  seenEquals(buffer: Buffer, start: number, end: number): boolean {
    return this.elementEnd - this.elementStart === end - start &&
      sameBytes(this.elementBuffer, this.elementStart, buffer, start, end);
  }

  // ---- inside ----------------------------------------------------------------------------------

  /** Whether a pack with one more element (`change` 0; -1: another one) is within the limits. */
  private staysPack(bytes: number, change: number = 0): boolean {
    const { pack } = this;
    const total = (this.encoding === encodingNone ? emptyBytes : pack.bytes) + bytes;
    return total + elementOverheadBytes <= listPackBytes(this.limits.listSize) &&
      this.countFits(pack.count + 1 + change);
  }

  private countFits(count: number): boolean {
    return this.limits.listSize < 0 || count <= this.limits.listSize;
  }

  private packInsert(at: number, buffer: Buffer, start: number, end: number): void {
    const { pack, writer } = this;
    writer.length = 0;
    writer.add(buffer, start, end);
    if (this.encoding !== encodingNone) {
      pack.spliceEntries(at, at, writer, pack.count + 1);
      return;
    }
    pack.create(kind, writer, 1);
    this.encoding = encodingPack;
    pack.openPack(pack.database, pack.entry, 1);
  }

  /** `index`: 0 to length, or one of the ends. */
  private treeInsert(index: number, buffer: Buffer, start: number, end: number): void {
    const { pack, large, writer } = this;
    if (this.encoding !== encodingTree) {
      this.convert();
    }
    pack.touch();
    writer.length = 0;
    writer.add(buffer, start, end);
    try {
      if (index < 0) {
        large.push(index === atTheHead, writer.bytes, 0, writer.bodyBytes);
      } else {
        large.insert(index, writer.bytes, 0, writer.bodyBytes);
      }
    } catch (error) {
      if (large.count === 0) {
        this.removeKey();
      }
      throw error;
    }
  }

  /**
   * Makes the pack, or nothing, a tree.
   * @throws {EngineError} ARENA_FULL when there is no room; nothing has changed then.
   */
  private convert(): void {
    const { pack, large, roots, keyspace } = this;
    const packed = this.encoding !== encodingNone;
    large.tree.createGroups(roots, 0);
    try {
      for (let more = packed && pack.first(); more; more = pack.next()) {
        const start = pack.base + pack.at;
        const end = start + elementBytes(pack.buffer, start);
        large.insert(large.count, pack.buffer, start, end);
      }
    } catch (error) {
      keyspace.treeHost.release(roots, 0);
      throw error;
    }
    this.installTrees(roots, 1);
  }

  // ---- the tree --------------------------------------------------------------------------------

  protected override openTree(): void {
    this.large.open(this.pack.buffer, this.pack.base);
  }

  override first(): boolean {
    return this.encoding === encodingTree ? this.showLarge(this.large.seekFirst()) : super.first();
  }

  override last(): boolean {
    return this.encoding === encodingTree ? this.showLarge(this.large.seekLast()) : super.last();
  }

  override next(): boolean {
    return this.encoding === encodingTree ? this.showLarge(this.large.next()) : super.next();
  }

  override previous(): boolean {
    return this.encoding === encodingTree
      ? this.showLarge(this.large.previous())
      : super.previous();
  }

  override seekRank(rank: number): boolean {
    return this.encoding === encodingTree
      ? rank >= 0 && rank < this.large.count && this.showLarge(this.large.seekRank(rank))
      : super.seekRank(rank);
  }

  private showLarge(found: boolean): boolean {
    if (found) {
      const { large, reader } = this;
      const { elementBuffer } = large.tree;
      const start = large.elementStart;
      const first = elementBuffer[start] as number;
      if (first >= 0x80 && first < 0xc0) {
        // A short string, by far the commonest, needs no reader.
        if (this.elementBuffer !== elementBuffer) {
          this.elementBuffer = elementBuffer;
        }
        this.elementStart = start + 1;
        this.elementEnd = start + 1 + (first & 0x3f);
        return true;
      }
      reader.read(elementBuffer, start);
      this.showReader();
    }
    return found;
  }
}
