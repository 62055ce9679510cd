// Hashes: a pack of field, value, … while small, a tree by the hash of the field when large; fields
// may have deadlines.

import {
  encodingPack, encodingPackWithDeadlines, encodingTree, typeHash,
} from '../keyspace/entry.ts';
import type { Database } from '../keyspace/database.ts';
import type { EntryAddress } from '../keyspace/entry.ts';
import type { Keyspace } from '../keyspace/keyspace.ts';
import { rootBytes } from '../tree/reader.ts';
import { CollectionHandle, encodingNone } from './handle.ts';
import { HashPack } from './hash-pack.ts';
import { HashTree } from './hash-tree.ts';
import type { PackLimits } from './limits.ts';
import { PackCheck } from './pack/check.ts';
import { Integer64 } from './pack/integer64.ts';
import { headerBytes, nextElement, readInteger } from './pack/listpack.ts';

const nothing = Buffer.alloc(0);
const pairs = { type: typeHash, encoding: encodingPack };
const triples = { type: typeHash, encoding: encodingPackWithDeadlines };

/** The hash of a key. Iteration, scan and `find` show field (element…), value and deadline. */
export class HashHandle extends CollectionHandle {
  /** The value of the field seen last; valid until the next call on the handle. */
  valueBuffer: Buffer = nothing;
  valueStart: number = 0;
  valueEnd: number = 0;
  /** Deadline of the field seen last, Unix ms; 0 = none. Whether it has passed is not looked at. */
  deadlineMs: number = 0;
  protected readonly type: number = typeHash;
  private readonly check: PackCheck = new PackCheck();
  private readonly roots: Buffer = Buffer.alloc(2 * rootBytes);
  private readonly small: HashPack;
  private readonly large: HashTree;
  // What `find` looked for, and whether it was there.
  private soughtBuffer: Buffer = nothing;
  private soughtStart: number = 0;
  private soughtEnd: number = 0;
  private found: boolean = false;

  constructor(keyspace: Keyspace, limits: PackLimits) {
    super(keyspace, limits);
    this.small = new HashPack(this.pack, this.writer);
    this.large = new HashTree(keyspace, this.tree, this.pack);
  }

  /** Listpack of field, value, … */
  override adoptPack(buffer: Buffer, start: number, end: number): boolean {
    const fields = this.check.count(buffer, start, end) / 2;
    if (!this.mayAdopt(fields) || !this.isGood(buffer, start, 2)) {
      return false;
    }
    this.pack.copyFrom(pairs, buffer, start, end);
    this.encoding = encodingPack;
    this.openPack(this.pack.database, this.pack.entry);
    return true;
  }

  /** As `adoptPack` for triples of field, value, deadline (0 = none) in Redis' order. */
  adoptPackWithDeadlines(buffer: Buffer, start: number, end: number): boolean {
    const fields = this.check.count(buffer, start, end) / 3;
    if (!this.mayAdopt(fields) || !this.isGood(buffer, start, 3)) {
      return false;
    }
    const { pack } = this;
    pack.copyFrom(triples, buffer, start, end);
    this.encoding = encodingPackWithDeadlines;
    this.openPack(pack.database, pack.entry);
    try {
      pack.database.noteFieldDeadline(pack.entry, this.earliestDeadlineMs);
    } catch (error) {
      this.removeKey();
      throw error;
    }
    return true;
  }

  /** Whether the pack consists of triples with deadlines: as long as any field has one. */
  get packHasDeadlines(): boolean {
    return this.encoding === encodingPackWithDeadlines;
  }

  /** Finds a field and shows its value and deadline; remembers it for `put`. */
  find(buffer: Buffer, start: number, end: number): boolean {
    // Storing a reference costs more than comparing it, and it is mostly the same.
    if (this.soughtBuffer !== buffer) this.soughtBuffer = buffer;
    this.soughtStart = start;
    this.soughtEnd = end;
    this.found = false;
    if (this.encoding === encodingTree) {
      this.treeGap = false;
      this.found = this.large.find(buffer, start, end);
      if (this.found) {
        this.showLarge();
      }
      return this.found;
    }
    this.writer.length = 0;
    this.writer.add(buffer, start, end);
    this.found = this.encoding !== encodingNone && this.pack.find(this.writer);
    if (this.found) {
      this.showPack();
    }
    return this.found;
  }

  /**
   * Sets the field last given to `find` (right before, with nothing else on this handle in between)
   * and takes its deadline away; true when it is new. The value must not lie in this hash.
   * @throws {EngineError} ARENA_FULL when there is no room; nothing has changed then.
   */
  put(buffer: Buffer, start: number, end: number): boolean {
    const { found } = this;
    const mortal = found && this.deadlineMs !== 0;
    this.set(buffer, start, end);
    this.deadlineMs = 0;
    if (mortal) {
      this.noteIfNone();
    }
    return !found;
  }

  /**
   * As `put`, but the field keeps its deadline (HINCRBY).
   * @throws {EngineError} ARENA_FULL when there is no room; nothing has changed then.
   */
  putKeepingDeadline(buffer: Buffer, start: number, end: number): boolean {
    if (!this.found || this.deadlineMs === 0) {
      return this.put(buffer, start, end);
    }
    if (this.encoding !== encodingTree) {
      if (end - start <= this.limits.hashValueBytes) {
        this.small.replace(buffer, start, end);
        return false;
      }
      this.convert();
    }
    this.pack.touch();
    this.large.replace(this.deadlineMs, buffer, start, end);
    return false;
  }

  /** Removes the field found or seen last; `next` then shows the one that followed it. */
  remove(): void {
    const mortal = this.deadlineMs !== 0;
    this.found = false;
    if (this.length === 1) {
      this.removeKey();
      return;
    }
    if (this.encoding === encodingTree) {
      this.pack.touch();
      this.large.remove();
      this.treeGap = true;
    } else {
      this.small.remove();
      this.followPack();
    }
    if (mortal) {
      this.noteIfNone();
    }
  }

  /**
   * Sets the deadline of the field found or seen last, Unix ms; 0 = none. Shows nothing: call
   * `find` again for its bytes.
   * @throws {EngineError} ARENA_FULL when there is no room; nothing has changed then.
   */
  setDeadline(deadlineMs: number): void {
    if (deadlineMs === this.deadlineMs) {
      return;
    }
    const { database, entry } = this.pack;
    const first = this.fieldsWithDeadline === 0;
    if (first) {
      database.noteFieldDeadline(entry, deadlineMs);
    }
    try {
      if (this.encoding === encodingTree) {
        this.pack.touch();
        this.large.setDeadline(deadlineMs);
      } else {
        this.small.setDeadline(deadlineMs);
        this.followPack();
      }
    } catch (error) {
      if (first) {
        database.noteFieldDeadline(this.pack.entry, 0);
      }
      throw error;
    }
    this.deadlineMs = deadlineMs;
    if (deadlineMs === 0) {
      this.noteIfNone();
    }
  }

  /** The earliest deadline of any field, Unix ms; 0 = none. */
  get earliestDeadlineMs(): number {
    return this.encoding === encodingTree ? this.large.earliestMs : this.small.earliestMs;
  }

  /** Fields with a deadline. */
  get fieldsWithDeadline(): number {
    return this.encoding === encodingTree
      ? this.large.fieldsWithDeadline
      : this.small.fieldsWithDeadline;
  }

  /** Shows the field with the earliest deadline if that is not after `nowMs` (then `remove`). */
  seekDue(nowMs: number): boolean {
    this.found = false;
    if (this.encoding === encodingTree) {
      this.treeGap = false;
      return this.large.seekDue(nowMs) && this.showLarge();
    }
    return this.encoding === encodingPackWithDeadlines && this.first() && this.deadlineMs !== 0 &&
      this.deadlineMs <= nowMs;
  }

  // ---- shown -----------------------------------------------------------------------------------

  protected override showPack(): boolean {
    super.showPack();
    const { small } = this;
    small.show();
    this.valueBuffer = small.value.buffer;
    this.valueStart = small.value.start;
    this.valueEnd = small.value.end;
    this.deadlineMs = small.deadlineMs;
    return true;
  }

  protected override showTree(): boolean {
    this.large.show();
    return this.showLarge();
  }

  private showLarge(): boolean {
    const { large, tree } = this;
    const { elementBuffer } = tree;
    if (this.elementBuffer !== elementBuffer) this.elementBuffer = elementBuffer;
    if (this.valueBuffer !== elementBuffer) this.valueBuffer = elementBuffer;
    this.elementStart = large.fieldStart;
    this.elementEnd = this.valueStart = large.fieldEnd;
    this.valueEnd = tree.elementEnd;
    this.deadlineMs = large.deadlineMs;
    return true;
  }

  // ---- inside ----------------------------------------------------------------------------------

  protected override openPack(database: Database, entry: EntryAddress): void {
    const stride = this.encoding === encodingPackWithDeadlines ? 3 : 2;
    this.pack.openPack(database, entry, stride);
    this.found = false;
  }

  protected override openTree(): void {
    this.large.open();
    this.treeGap = true;
    this.found = false;
  }

  /** The pack may have gained or lost its deadlines. */
  private followPack(): void {
    this.encoding = this.pack.stride === 3 ? encodingPackWithDeadlines : encodingPack;
  }

  private noteIfNone(): void {
    if (this.fieldsWithDeadline === 0) {
      this.pack.database.noteFieldDeadline(this.pack.entry, 0);
    }
  }

  private set(buffer: Buffer, start: number, end: number): void {
    const { limits, pack, large, found } = this;
    if (this.encoding !== encodingTree) {
      const longest = Math.max(end - start, this.soughtEnd - this.soughtStart);
      if (longest <= limits.hashValueBytes && (found || this.length < limits.hashEntries)) {
        this.setSmall(buffer, start, end);
        return;
      }
      this.convert();
    }
    pack.touch();
    if (found) {
      large.replace(0, buffer, start, end);
      return;
    }
    try {
      large.insert(0, buffer, start, end);
    } catch (error) {
      if (this.length === 0) {
        this.removeKey();
      }
      throw error;
    }
  }

  private setSmall(buffer: Buffer, start: number, end: number): void {
    const { pack, small, writer } = this;
    if (this.found) {
      small.replaceWithoutDeadline(buffer, start, end);
      this.followPack();
    } else if (this.encoding !== encodingNone) {
      small.insert(buffer, start, end);
    } else {
      writer.add(buffer, start, end);
      pack.create(pairs, writer, 2);
      this.encoding = encodingPack;
      this.openPack(pack.database, pack.entry);
    }
  }

  /**
   * Makes what there is, if anything, a tree, and goes to the field sought again.
   * @throws {EngineError} ARENA_FULL when there is no room; nothing has changed then.
   */
  private convert(): void {
    const { pack, large, roots, keyspace, found } = this;
    const { soughtBuffer, soughtStart, soughtEnd } = this;
    const count = this.packHasDeadlines ? 2 : 1;
    large.create(roots, count);
    try {
      for (let more = this.length > 0 && pack.first(); more; more = pack.next()) {
        this.showPack();
        large.find(this.elementBuffer, this.elementStart, this.elementEnd);
        large.insert(this.deadlineMs, this.valueBuffer, this.valueStart, this.valueEnd);
      }
    } catch (error) {
      for (let root = 0; root < count; root++) {
        keyspace.treeHost.release(roots, root * rootBytes);
      }
      throw error;
    }
    this.installTrees(roots, count);
    if (large.find(soughtBuffer, soughtStart, soughtEnd)) {
      this.showLarge();
    }
    this.found = found;
  }

  private mayAdopt(fields: number): boolean {
    return fields > 0 && fields === Math.floor(fields) && fields <= this.limits.hashEntries;
  }

  /** Whether a pack checked already is within the limits, without duplicates and in order. */
  private isGood(buffer: Buffer, start: number, stride: number): boolean {
    const { check } = this;
    return check.longest(buffer, start) <= this.limits.hashValueBytes &&
      !check.hasDuplicates(buffer, start, stride) &&
      (stride === 2 || deadlinesInOrder(buffer, start));
  }
}

/** Whether deadlines ascend, those that are none (0) are last, and there is any. */
function deadlinesInOrder(buffer: Buffer, start: number): boolean {
  const integer = new Integer64();
  let before = 0;
  let at = start + headerBytes;
  for (let index = 0; buffer[at] !== 0xff; index++) {
    const deadlineAt = nextElement(buffer, nextElement(buffer, at));
    if (!readInteger(buffer, deadlineAt, integer)) {
      return false;
    }
    const deadlineMs = integer.value === 0 ? Infinity : integer.value;
    if (deadlineMs < before || deadlineMs <= 0 || (index === 0 && deadlineMs === Infinity)) {
      return false;
    }
    before = deadlineMs;
    at = nextElement(buffer, deadlineAt);
  }
  return true;
}
