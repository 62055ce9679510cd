// A small hash: a listpack of field, value, … or, as soon as a field has a deadline, of field,
// value, deadline, … in order of the deadlines, those without one (0) last, as Redis 7.4 has them.

import { encodingPack, encodingPackWithDeadlines } from '../keyspace/entry.ts';
import { Integer64 } from './pack/integer64.ts';
import type { PackCursor } from './pack/cursor.ts';
import { ElementReader, ElementWriter, headerBytes, readInteger } from './pack/listpack.ts';

/** Reads and changes the pack of a hash; the place is the one in `pack`. */
export class HashPack {
  readonly value: ElementReader = new ElementReader();
  /** Of the field at the place, after `show`. */
  deadlineMs: number = 0;
  private readonly pack: PackCursor;
  private readonly integer: Integer64 = new Integer64();
  private readonly rebuilt: ElementWriter = new ElementWriter();
  /** The field sought, encoded, and then what is written with it. */
  private readonly writer: ElementWriter;

  constructor(pack: PackCursor, writer: ElementWriter) {
    this.pack = pack;
    this.writer = writer;
  }

  private get hasDeadlines(): boolean {
    return this.pack.stride === 3;
  }

  /** Reads value and deadline of the field at the place. */
  show(): void {
    const { pack } = this;
    const valueAt = pack.after(pack.at);
    this.value.read(pack.buffer, pack.base + valueAt);
    this.deadlineMs = this.hasDeadlines ? this.deadlineAt(pack.after(valueAt)) : 0;
  }

  /** The earliest deadline; 0: none. */
  get earliestMs(): number {
    const { pack } = this;
    return this.hasDeadlines && pack.count > 0 ? this.deadlineOf(headerBytes) : 0;
  }

  /** Fields with a deadline. */
  get fieldsWithDeadline(): number {
    const { pack } = this;
    let count = 0;
    if (this.hasDeadlines) {
      for (let at = headerBytes; at < pack.end && this.deadlineOf(at) !== 0; count++) {
        at = pack.afterEntry(at);
      }
    }
    return count;
  }

  /**
   * Adds the field sought in vain, with this value and no deadline.
   * @throws {EngineError} ARENA_FULL when there is no room; nothing has changed then.
   */
  insert(buffer: Buffer, start: number, end: number): void {
    const { pack, writer } = this;
    writer.add(buffer, start, end);
    if (this.hasDeadlines) {
      writer.addNumber(0);
    }
    pack.at = pack.end;
    pack.spliceEntries(pack.at, pack.at, writer, pack.count + 1);
  }

  /**
   * Gives the field at the place another value; its deadline stays.
   * @throws {EngineError} ARENA_FULL when there is no room; nothing has changed then.
   */
  replace(buffer: Buffer, start: number, end: number): void {
    const { pack, writer } = this;
    const valueAt = pack.after(pack.at);
    writer.length = 0;
    writer.add(buffer, start, end);
    pack.spliceEntries(valueAt, pack.after(valueAt), writer, pack.count);
  }

  /**
   * As `replace`, and the field, shown, loses its deadline.
   * @throws {EngineError} ARENA_FULL when there is no room; nothing has changed then.
   */
  replaceWithoutDeadline(buffer: Buffer, start: number, end: number): void {
    if (this.deadlineMs === 0) {
      this.replace(buffer, start, end);
      return;
    }
    const { writer } = this;
    writer.length = 0;
    this.addField();
    writer.add(buffer, start, end);
    this.rebuild(0);
  }

  /**
   * Gives the field at the place, shown, another deadline; 0: none.
   * @throws {EngineError} ARENA_FULL when there is no room; nothing has changed then.
   */
  setDeadline(deadlineMs: number): void {
    const { pack, writer } = this;
    writer.length = 0;
    const valueAt = pack.after(pack.at);
    const { buffer, base } = pack;
    writer.addEncoded(buffer, base + pack.at, base + pack.after(valueAt));
    this.rebuild(deadlineMs);
  }

  /** Removes the field at the place; without deadlines left it becomes a pack of pairs. */
  remove(): void {
    const { pack } = this;
    const had = this.hasDeadlines;
    pack.removeEntry();
    if (had && this.earliestMs === 0) {
      const at = this.pairsBefore(pack.at);
      this.writePairs();
      pack.at = at;
      pack.gap = true;
    }
  }

  // ---- inside ----------------------------------------------------------------------------------

  /** Deadline of the triple at `at`. */
  private deadlineOf(at: number): number {
    return this.deadlineAt(this.pack.after(this.pack.after(at)));
  }

  private deadlineAt(at: number): number {
    const { pack, integer } = this;
    return readInteger(pack.buffer, pack.base + at, integer) ? integer.value : 0;
  }

  private addField(): void {
    const { pack } = this;
    const { buffer, base } = pack;
    this.writer.addEncoded(buffer, base + pack.at, base + pack.after(pack.at));
  }

  /**
   * Writes all anew, the field at the place with field and value from the writer and this deadline
   * where it belongs. The place is on it.
   */
  private rebuild(deadlineMs: number): void {
    const { pack, rebuilt, writer } = this;
    const { buffer, base } = pack;
    let placed = -1;
    rebuilt.length = 0;
    for (let at = headerBytes; at < pack.end; at = pack.afterEntry(at)) {
      const deadlineStart = pack.after(pack.after(at));
      const other = this.hasDeadlines ? this.deadlineAt(deadlineStart) : 0;
      if (placed < 0 && deadlineMs !== 0 && (other === 0 || other > deadlineMs)) {
        placed = rebuilt.length;
        this.addTriple(deadlineMs);
      }
      if (at !== pack.at) {
        rebuilt.addEncoded(buffer, base + at, base + deadlineStart);
        rebuilt.addNumber(other);
      }
    }
    if (placed < 0) {
      placed = rebuilt.length;
      this.addTriple(deadlineMs);
    }
    writer.length = 0;
    pack.rewrite(rebuilt, pack.count * 3);
    pack.stride = 3;
    pack.at = headerBytes + placed;
    pack.gap = false;
    pack.database.setEncoding(pack.entry, encodingPackWithDeadlines);
    if (this.earliestMs === 0) {
      const at = this.pairsBefore(pack.at);
      this.writePairs();
      pack.at = at;
    }
  }

  private addTriple(deadlineMs: number): void {
    const { rebuilt, writer } = this;
    rebuilt.addEncoded(writer.bytes, 0, writer.length);
    rebuilt.addNumber(deadlineMs);
  }

  /** Where the triple at `at`, without deadlines before it, will be among pairs. */
  private pairsBefore(at: number): number {
    const { pack } = this;
    let bytes = 0;
    for (let before = headerBytes; before < at; before = pack.afterEntry(before)) {
      bytes += pack.afterEntry(before) - pack.after(pack.after(before));
    }
    return at - bytes;
  }

  /** Writes the triples, none of which has a deadline, as pairs; needs no memory. */
  private writePairs(): void {
    const { pack, rebuilt } = this;
    const { buffer, base } = pack;
    rebuilt.length = 0;
    for (let at = headerBytes; at < pack.end; at = pack.afterEntry(at)) {
      rebuilt.addEncoded(buffer, base + at, base + pack.after(pack.after(at)));
    }
    pack.rewrite(rebuilt, pack.count * 2);
    pack.stride = 2;
    pack.database.setEncoding(pack.entry, encodingPack);
  }
}
