// A large hash: a tree by the hash of the field, and as soon as fields have deadlines a second one
// by (deadline, field), so that the earliest is at hand.
//
// An element of the first tree:
//
//   u8   field length, 127: it follows; top bit: there is a deadline
//   ..   u32 field length                      only for 127
//   ..   u32, u32 deadline, low and high       only with the top bit
//   ..   field · value

import type { KeyHash } from '../keyspace/hash.ts';
import type { Keyspace } from '../keyspace/keyspace.ts';
import { orderHash, orderScore, rootBytes } from '../tree/reader.ts';
import { Tree } from '../tree/tree.ts';
import { copyBytes, misfits, newScratch, sameBytes } from './bytes.ts';
import type { PackCursor } from './pack/cursor.ts';
import { readUnsigned32, writeUnsigned32 } from './pack/listpack.ts';

const longField = 127;
const deadlineFlag = 0x80;
const deadlineBytes = 8;

/** Reads and changes the trees of a hash; the place is the one in `tree`. */
export class HashTree {
  /** Of the element at the place, after `show`. */
  fieldStart: number = 0;
  fieldEnd: number = 0;
  deadlineMs: number = 0;
  readonly tree: Tree;
  private readonly value: PackCursor;
  private readonly keyHash: KeyHash;
  /** Fields by deadline; there only when the value has a second root. */
  private readonly deadlines: Tree;
  private hasDeadlines: boolean = false;
  private readonly root: Buffer = Buffer.alloc(rootBytes);
  private scratch: Buffer = newScratch(0);
  // What `find` looked for.
  private soughtBuffer: Buffer;
  private soughtStart: number = 0;
  private soughtEnd: number = 0;

  constructor(keyspace: Keyspace, tree: Tree, value: PackCursor) {
    this.keyHash = keyspace.keyHash;
    this.tree = tree;
    this.value = value;
    this.deadlines = new Tree(keyspace.treeHost);
    this.soughtBuffer = this.scratch;
  }

  /** Opens the trees whose roots are the value. */
  open(): void {
    const { buffer, base, bytes } = this.value;
    this.tree.open(buffer, base);
    this.hasDeadlines = bytes > rootBytes;
    if (this.hasDeadlines) {
      this.deadlines.open(buffer, base + rootBytes);
    }
  }

  /** Writes the roots of one or two empty trees and opens them. */
  create(roots: Buffer, count: number): void {
    this.tree.create(roots, 0, orderHash);
    this.hasDeadlines = count > 1;
    if (this.hasDeadlines) {
      this.deadlines.create(roots, rootBytes, orderScore);
    }
  }

  /** Fields with a deadline. */
  get fieldsWithDeadline(): number {
    return this.hasDeadlines ? this.deadlines.count : 0;
  }

  /** The earliest deadline; 0: none. */
  get earliestMs(): number {
    return this.hasDeadlines && this.deadlines.seekRank(0) ? this.deadlines.score : 0;
  }

  /** Reads the header of the element at the place. */
  show(): void {
    const { elementBuffer: buffer, elementStart } = this.tree;
    const first = buffer[elementStart] as number;
    let at = elementStart + 1;
    let length = first & longField;
    if (length === longField) {
      length = readUnsigned32(buffer, at);
      at += 4;
    }
    this.deadlineMs = 0;
    if ((first & deadlineFlag) !== 0) {
      this.deadlineMs = readUnsigned32(buffer, at) + readUnsigned32(buffer, at + 4) * 2 ** 32;
      at += deadlineBytes;
    }
    this.fieldStart = at;
    this.fieldEnd = at + length;
  }

  /** Goes to a field and shows it; false: to where it would be added. */
  find(buffer: Buffer, start: number, end: number): boolean {
    const { tree } = this;
    if (this.soughtBuffer !== buffer) this.soughtBuffer = buffer;
    this.soughtStart = start;
    this.soughtEnd = end;
    const hash = this.keyHash.of(buffer, start, end);
    for (let more = tree.seekHash(hash); more; more = tree.nextSameHash()) {
      this.show();
      if (this.fieldEnd - this.fieldStart === end - start &&
        sameBytes(tree.elementBuffer, this.fieldStart, buffer, start, end)) {
        return true;
      }
    }
    return false;
  }

  /**
   * Adds the field sought in vain. The value may lie anywhere but in this hash. A deadline only
   * after `create` with two roots.
   * @throws {EngineError} ARENA_FULL when there is no room; nothing has changed then.
   */
  insert(deadlineMs: number, buffer: Buffer, start: number, end: number): void {
    const field = this.soughtEnd - this.soughtStart;
    if (deadlineMs !== 0) {
      this.addDeadline(deadlineMs);
    }
    try {
      this.tree.insert(headerBytes(field, deadlineMs) + field + end - start);
    } catch (error) {
      if (deadlineMs !== 0) {
        this.removeDeadline(deadlineMs);
      }
      throw error;
    }
    this.write(deadlineMs, buffer, start, end);
  }

  /**
   * Gives the field found this value and its deadline (0: none).
   * @throws {EngineError} ARENA_FULL when there is no room; nothing has changed then.
   */
  replace(deadlineMs: number, buffer: Buffer, start: number, end: number): void {
    const { tree } = this;
    const dropped = deadlineMs === 0 ? this.deadlineMs : 0;
    const field = this.soughtEnd - this.soughtStart;
    if (deadlineMs === this.deadlineMs && tree.elementEnd - this.fieldEnd === end - start) {
      // A value of the same length: header and field are there.
      tree.prepare();
      this.show();
      copyBytes(tree.elementBuffer, this.fieldEnd, buffer, start, end);
      return;
    }
    this.reachDeadline(dropped);
    tree.replace(headerBytes(field, deadlineMs) + field + end - start);
    this.write(deadlineMs, buffer, start, end);
    if (dropped !== 0) {
      this.deadlines.remove();
    }
  }

  /**
   * Removes the field at the place, shown.
   * @throws {EngineError} ARENA_FULL only while a snapshot runs; nothing has changed then.
   */
  remove(): void {
    const { tree } = this;
    this.soughtBuffer = tree.elementBuffer;
    this.soughtStart = this.fieldStart;
    this.soughtEnd = this.fieldEnd;
    this.reachDeadline(this.deadlineMs);
    tree.remove();
    if (this.deadlineMs !== 0) {
      this.deadlines.remove();
    }
  }

  /**
   * Gives the field at the place, shown, another deadline; 0: none.
   * @throws {EngineError} ARENA_FULL when there is no room; nothing has changed then.
   */
  setDeadline(deadlineMs: number): void {
    const old = this.deadlineMs;
    if (old === deadlineMs) {
      return;
    }
    this.keepElement();
    if (deadlineMs !== 0) {
      this.ensureDeadlines();
      this.addDeadline(deadlineMs);
    }
    try {
      this.changeDeadline(old, deadlineMs);
    } catch (error) {
      if (deadlineMs !== 0) {
        this.removeDeadline(deadlineMs);
      }
      throw error;
    }
  }

  /** Goes to the field with the earliest deadline, if that is not after `nowMs`. */
  seekDue(nowMs: number): boolean {
    const { deadlines } = this;
    return this.hasDeadlines && deadlines.seekRank(0) && deadlines.score <= nowMs &&
      this.find(deadlines.elementBuffer, deadlines.elementStart, deadlines.elementEnd);
  }

  // ---- inside ----------------------------------------------------------------------------------

  /** Writes the element at the place: the field sought, a deadline, a value. */
  private write(deadlineMs: number, buffer: Buffer, start: number, end: number): void {
    const { elementBuffer: target, elementStart } = this.tree;
    const { soughtBuffer, soughtStart, soughtEnd } = this;
    const at = writeHeader(target, elementStart, soughtEnd - soughtStart, deadlineMs);
    copyBytes(target, at, soughtBuffer, soughtStart, soughtEnd);
    copyBytes(target, at + soughtEnd - soughtStart, buffer, start, end);
    this.deadlineMs = deadlineMs;
    this.fieldStart = at;
    this.fieldEnd = at + soughtEnd - soughtStart;
  }

  /** Copies field and value of the element at the place; the field becomes the one sought. */
  private keepElement(): void {
    const { tree } = this;
    const bytes = tree.elementEnd - this.fieldStart;
    if (misfits(this.scratch.length, bytes)) {
      this.scratch = newScratch(bytes);
    }
    copyBytes(this.scratch, 0, tree.elementBuffer, this.fieldStart, tree.elementEnd);
    this.soughtBuffer = this.scratch;
    this.soughtStart = 0;
    this.soughtEnd = this.fieldEnd - this.fieldStart;
  }

  /** After `keepElement`: the new deadline is noted in the other tree, the old one still is. */
  private changeDeadline(old: number, deadlineMs: number): void {
    const { tree, soughtEnd } = this;
    const end = soughtEnd + tree.elementEnd - this.fieldEnd;
    this.reachDeadline(old);
    tree.replace(headerBytes(soughtEnd, deadlineMs) + end);
    if (old !== 0) {
      this.deadlines.remove();
    }
    this.write(deadlineMs, this.scratch, soughtEnd, end);
  }

  /** Adds (deadline, field sought); not twice, should it be there. */
  private addDeadline(deadlineMs: number): void {
    const { deadlines, soughtBuffer, soughtStart, soughtEnd } = this;
    if (!deadlines.seekScore(deadlineMs, soughtBuffer, soughtStart, soughtEnd)) {
      deadlines.insert(soughtEnd - soughtStart);
      copyBytes(
        deadlines.elementBuffer, deadlines.elementStart, soughtBuffer, soughtStart, soughtEnd,
      );
    }
  }

  /**
   * The place in the other tree goes to (deadline, field sought), ready to be removed; 0: nowhere.
   * @throws {EngineError} ARENA_FULL only while a snapshot runs.
   */
  private reachDeadline(deadlineMs: number): void {
    const { deadlines, soughtBuffer, soughtStart, soughtEnd } = this;
    if (deadlineMs !== 0 && deadlines.seekScore(deadlineMs, soughtBuffer, soughtStart, soughtEnd)) {
      deadlines.prepare();
    }
  }

  private removeDeadline(deadlineMs: number): void {
    const { deadlines, soughtBuffer, soughtStart, soughtEnd } = this;
    if (deadlines.seekScore(deadlineMs, soughtBuffer, soughtStart, soughtEnd)) {
      deadlines.remove();
    }
  }

  /** Makes room for the second root and comes back to the field sought. */
  private ensureDeadlines(): void {
    if (this.hasDeadlines) {
      return;
    }
    const { value, root, deadlines } = this;
    const { database } = value;
    const entry = database.resizeValue(value.entry, 2 * rootBytes);
    value.openOther(database, entry);
    deadlines.create(root, 0, orderScore);
    root.copy(value.buffer, value.base + rootBytes);
    this.open();
    this.find(this.soughtBuffer, this.soughtStart, this.soughtEnd);
  }
}

/** Bytes before the field. */
function headerBytes(field: number, deadlineMs: number): number {
  return (field < longField ? 1 : 5) + (deadlineMs === 0 ? 0 : deadlineBytes);
}

/** Writes what comes before the field and returns where that begins. */
function writeHeader(target: Buffer, at: number, field: number, deadlineMs: number): number {
  const flag = deadlineMs === 0 ? 0 : deadlineFlag;
  let next = at + 1;
  target[at] = flag | Math.min(field, longField);
  if (field >= longField) {
    writeUnsigned32(target, next, field);
    next += 4;
  }
  if (flag !== 0) {
    const high = Math.floor(deadlineMs / 2 ** 32);
    writeUnsigned32(target, next, deadlineMs - high * 2 ** 32);
    writeUnsigned32(target, next + 4, high);
    next += deadlineBytes;
  }
  return next;
}
