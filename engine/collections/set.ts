// Sets: an intset while all members are integers, a pack while small, else a tree by the member's
// hash.

import { encodingIntPack, encodingPack, encodingTree, typeSet } from '../keyspace/entry.ts';
import type { Database } from '../keyspace/database.ts';
import type { EntryAddress } from '../keyspace/entry.ts';
import { orderHash, rootBytes } from '../tree/reader.ts';
import { copyBytes, misfits, newScratch, sameBytes } from './bytes.ts';
import { CollectionHandle } from './handle.ts';
import { PackCheck } from './pack/check.ts';
import { Integer64 } from './pack/integer64.ts';
import {
  checkIntSet, integerWidth, intSetCount, intSetHeaderBytes, intSetWidth, readIntSetAt,
  searchIntSet, writeIntSetAt, writeIntSetHeader,
} from './pack/intset.ts';

const packKind = { type: typeSet, encoding: encodingPack };
const intSetKind = { type: typeSet, encoding: encodingIntPack };

/** The set of a key. */
export class SetHandle extends CollectionHandle {
  protected readonly type: number = typeSet;
  private readonly check: PackCheck = new PackCheck();
  private readonly roots: Buffer = Buffer.alloc(rootBytes);
  /** The argument, where it is an integer. */
  private readonly wanted: Integer64 = new Integer64();
  private readonly scratch: Integer64 = new Integer64();
  private readonly other: Integer64 = new Integer64();
  /** The place in an intset: an index, and whether it is just before it. */
  private index: number = 0;
  private indexGap: boolean = false;
  /** Copy of the member removed last. */
  private removed: Buffer = newScratch(0);

  /** Listpack of members. */
  override adoptPack(buffer: Buffer, start: number, end: number): boolean {
    const count = this.check.count(buffer, start, end);
    if (count <= 0 || count > this.limits.setEntries ||
      this.check.longest(buffer, start) > this.limits.setValueBytes ||
      this.check.hasDuplicates(buffer, start, 1)) {
      return false;
    }
    this.pack.copyFrom(packKind, buffer, start, end);
    this.encoding = encodingPack;
    this.pack.openPack(this.pack.database, this.pack.entry, 1);
    return true;
  }

  /** As `adoptPack` for the bytes of Redis' intset. */
  adoptIntSet(buffer: Buffer, start: number, end: number): boolean {
    const count = checkIntSet(buffer, start, end, [this.scratch, this.other]);
    if (count <= 0 || count > this.limits.intSetEntries) {
      return false;
    }
    this.pack.copyFrom(intSetKind, buffer, start, end);
    this.encoding = encodingIntPack;
    this.openPack(this.pack.database, this.pack.entry);
    return true;
  }

  /** Whether the pack is an intset: `packBuffer`… are Redis' intset bytes then. */
  get isIntSet(): boolean {
    return this.encoding === encodingIntPack;
  }

  /** Whether it is a member; shows it. */
  has(buffer: Buffer, start: number, end: number): boolean {
    const found = this.seek(buffer, start, end);
    if (found) {
      this.showFound();
    }
    return found;
  }

  /**
   * Adds a member; false when it is one already.
   * @throws {EngineError} ARENA_FULL when there is no room; nothing has changed then.
   */
  add(buffer: Buffer, start: number, end: number): boolean {
    const known = this.seek(buffer, start, end);
    if (known) {
      return false;
    }
    switch (this.encoding) {
      case encodingTree:
        this.insertHere(buffer, start, end);
        break;
      case encodingPack:
        this.addToPack(buffer, start, end);
        break;
      case encodingIntPack:
        this.addToIntSet(buffer, start, end);
        break;
      default:
        this.addFirst(buffer, start, end);
    }
    return true;
  }

  /** Removes a member; false when it is none. `next` then shows the one that followed it. */
  remove(buffer: Buffer, start: number, end: number): boolean {
    const known = this.seek(buffer, start, end);
    if (known) {
      this.removeHere();
    }
    return known;
  }

  /**
   * Removes the member seen last and leaves a copy of it in element…, which stays readable until
   * the next `removeSeen` (SPOP: `seekRank(random)`, `removeSeen()`); `next` then shows the one
   * that followed.
   */
  removeSeen(): void {
    const bytes = this.elementEnd - this.elementStart;
    if (misfits(this.removed.length, bytes)) {
      this.removed = newScratch(bytes);
    }
    copyBytes(this.removed, 0, this.elementBuffer, this.elementStart, this.elementEnd);
    this.removeHere();
    this.elementBuffer = this.removed;
    this.elementStart = 0;
    this.elementEnd = bytes;
  }

  // ---- iterate an intset -----------------------------------------------------------------------

  override first(): boolean {
    if (this.encoding !== encodingIntPack) {
      return super.first();
    }
    this.index = 0;
    this.indexGap = false;
    return this.showInteger();
  }

  override last(): boolean {
    if (this.encoding !== encodingIntPack) {
      return super.last();
    }
    this.index = this.pack.count - 1;
    this.indexGap = false;
    return this.showInteger();
  }

  override next(): boolean {
    if (this.encoding !== encodingIntPack) {
      return super.next();
    }
    if (!this.indexGap && this.index < this.pack.count) {
      this.index++;
    }
    this.indexGap = false;
    return this.index < this.pack.count && this.showInteger();
  }

  override previous(): boolean {
    if (this.encoding !== encodingIntPack) {
      return super.previous();
    }
    if (this.index <= 0) {
      return false;
    }
    this.index--;
    this.indexGap = false;
    return this.showInteger();
  }

  override seekRank(rank: number): boolean {
    if (this.encoding !== encodingIntPack) {
      return super.seekRank(rank);
    }
    if (rank < 0 || rank >= this.pack.count) {
      return false;
    }
    this.index = rank;
    this.indexGap = false;
    return this.showInteger();
  }

  protected override openPack(database: Database, entry: EntryAddress): void {
    const { pack } = this;
    if (this.encoding !== encodingIntPack) {
      pack.openPack(database, entry, 1);
      return;
    }
    pack.openIntSet(database, entry);
    pack.count = intSetCount(pack.buffer, pack.base);
    this.index = 0;
    this.indexGap = true;
  }

  // ---- inside ----------------------------------------------------------------------------------

  /** Goes to the member, without showing it, or to where it would be added. */
  private seek(buffer: Buffer, start: number, end: number): boolean {
    const { pack, writer } = this;
    switch (this.encoding) {
      case encodingTree:
        return this.seekTree(buffer, start, end);
      case encodingPack:
        writer.length = 0;
        writer.add(buffer, start, end);
        return pack.find(writer);
      case encodingIntPack: {
        if (!this.wanted.parse(buffer, start, end)) {
          return false;
        }
        const index = searchIntSet(pack.buffer, pack.base, this.wanted, this.scratch);
        this.index = index < 0 ? -1 - index : index;
        this.indexGap = false;
        return index >= 0;
      }
      default:
        return false;
    }
  }

  private seekTree(buffer: Buffer, start: number, end: number): boolean {
    const { tree } = this;
    this.treeGap = false;
    const hash = this.keyspace.keyHash.of(buffer, start, end);
    for (let more = tree.seekHash(hash); more; more = tree.nextSameHash()) {
      if (tree.elementEnd - tree.elementStart === end - start &&
        sameBytes(tree.elementBuffer, tree.elementStart, buffer, start, end)) {
        return true;
      }
    }
    return false;
  }

  private showFound(): void {
    if (this.encoding === encodingTree) {
      this.showTree();
    } else if (this.encoding === encodingIntPack) {
      this.showInteger();
    } else {
      this.showPack();
    }
  }

  private showInteger(): boolean {
    const { pack, scratch } = this;
    const width = intSetWidth(pack.buffer, pack.base);
    const at = pack.base + intSetHeaderBytes + this.index * width;
    readIntSetAt(pack.buffer, at, width, scratch);
    this.reader.showInteger(scratch.high, scratch.low);
    this.showReader();
    return true;
  }

  /** The first member: an integer makes an intset. */
  private addFirst(buffer: Buffer, start: number, end: number): void {
    const { pack, wanted, limits } = this;
    if (limits.intSetEntries > 0 && wanted.parse(buffer, start, end)) {
      const width = integerWidth(wanted);
      pack.reserve(typeSet, encodingIntPack, intSetHeaderBytes + width);
      writeIntSetHeader(pack.buffer, pack.base, width, 1);
      writeIntSetAt(pack.buffer, pack.base + intSetHeaderBytes, width, wanted);
      this.encoding = encodingIntPack;
    } else if (limits.setEntries > 0 && end - start <= limits.setValueBytes) {
      this.writer.length = 0;
      this.writer.add(buffer, start, end);
      pack.create(packKind, this.writer, 1);
      this.encoding = encodingPack;
    } else {
      this.growTree(buffer, start, end);
      return;
    }
    this.openPack(pack.database, pack.entry);
  }

  /** Adds what was sought last, in vain. */
  private addToIntSet(buffer: Buffer, start: number, end: number): void {
    const { wanted, limits } = this;
    const isInteger = wanted.parse(buffer, start, end);
    const count = this.pack.count + 1;
    if (isInteger && count <= limits.intSetEntries) {
      this.insertInteger();
    } else if (!isInteger && count <= limits.setEntries && end - start <= limits.setValueBytes) {
      this.convertToPack(buffer, start, end);
    } else {
      this.growTree(buffer, start, end);
    }
  }

  /** Adds `wanted` at `index`, widening all when it needs that. */
  private insertInteger(): void {
    const { pack, wanted } = this;
    const width = intSetWidth(pack.buffer, pack.base);
    const needed = integerWidth(wanted);
    const at = intSetHeaderBytes + this.index * width;
    if (needed > width) {
      this.widen(width, needed);
    } else {
      pack.replace(at, at, width);
      writeIntSetAt(pack.buffer, pack.base + at, width, wanted);
    }
    pack.count++;
    writeIntSetHeader(pack.buffer, pack.base, Math.max(width, needed), pack.count);
  }

  /** Widens all integers and adds `wanted`, which is below or above all others then. */
  private widen(width: number, needed: number): void {
    const { pack, wanted, scratch, index } = this;
    const { count } = pack;
    pack.replace(pack.bytes, pack.bytes, (count + 1) * needed - count * width);
    const from = pack.base + intSetHeaderBytes;
    for (let place = count - 1; place >= 0; place--) {
      readIntSetAt(pack.buffer, from + place * width, width, scratch);
      const target = place < index ? place : place + 1;
      writeIntSetAt(pack.buffer, from + target * needed, needed, scratch);
    }
    writeIntSetAt(pack.buffer, from + index * needed, needed, wanted);
  }

  /** Makes the intset a pack with another member. */
  private convertToPack(buffer: Buffer, start: number, end: number): void {
    const { pack, writer, scratch } = this;
    writer.length = 0;
    const width = intSetWidth(pack.buffer, pack.base);
    for (let index = 0; index < pack.count; index++) {
      const at = pack.base + intSetHeaderBytes + index * width;
      readIntSetAt(pack.buffer, at, width, scratch);
      writer.addInteger(scratch);
    }
    writer.add(buffer, start, end);
    pack.rewrite(writer, pack.count + 1);
    pack.database.setEncoding(pack.entry, encodingPack);
    this.encoding = encodingPack;
    this.openPack(pack.database, pack.entry);
  }

  private addToPack(buffer: Buffer, start: number, end: number): void {
    const { pack, limits } = this;
    if (pack.count < limits.setEntries && end - start <= limits.setValueBytes) {
      pack.spliceEntries(pack.end, pack.end, this.writer, pack.count + 1);
      return;
    }
    this.growTree(buffer, start, end);
  }

  /** Makes it a tree and adds a member that it does not hold. */
  private growTree(buffer: Buffer, start: number, end: number): void {
    this.convertToTree();
    this.seekTree(buffer, start, end);
    this.insertHere(buffer, start, end);
  }

  /** Adds a member at the place in the tree, where it was sought in vain. */
  private insertHere(buffer: Buffer, start: number, end: number): void {
    const { pack, tree } = this;
    pack.touch();
    try {
      tree.insert(end - start);
    } catch (error) {
      if (tree.count === 0) {
        this.removeKey();
      }
      throw error;
    }
    copyBytes(tree.elementBuffer, tree.elementStart, buffer, start, end);
  }

  /** Makes what there is, if anything, a tree. */
  private convertToTree(): void {
    const { tree, roots, keyspace } = this;
    tree.create(roots, 0, orderHash);
    try {
      for (let more = this.length > 0 && this.first(); more; more = this.next()) {
        this.seekTree(this.elementBuffer, this.elementStart, this.elementEnd);
        tree.insert(this.elementEnd - this.elementStart);
        copyBytes(
          tree.elementBuffer, tree.elementStart,
          this.elementBuffer, this.elementStart, this.elementEnd,
        );
      }
    } catch (error) {
      keyspace.treeHost.release(roots, 0);
      throw error;
    }
    this.installTrees(roots, 1);
  }

  /** Removes the member at the place. */
  private removeHere(): void {
    const { pack } = this;
    if (this.length === 1) {
      this.removeKey();
    } else if (this.encoding === encodingTree) {
      pack.touch();
      this.tree.remove();
      this.treeGap = true;
    } else if (this.encoding === encodingPack) {
      pack.removeEntry();
    } else {
      const width = intSetWidth(pack.buffer, pack.base);
      const at = intSetHeaderBytes + this.index * width;
      pack.replace(at, at + width, 0);
      pack.count--;
      writeIntSetHeader(pack.buffer, pack.base, width, pack.count);
      pack.shrink();
      this.indexGap = true;
    }
  }
}
