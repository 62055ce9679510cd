// A pack as the value of a key: opening, creating, and splicing bytes in and out of it.
//
// Offsets are relative to the value, since it may move when it grows. A change that needs room
// asks for it first (ARENA_FULL then leaves all as it was); a change that gives room back makes the
// value ready for changes in place, changes it, and then shrinks it.

import { EngineError } from '../../errors.ts';
import type { Database } from '../../keyspace/database.ts';
import type { EntryAddress } from '../../keyspace/entry.ts';
import { copyBytes, moveBytes } from '../bytes.ts';
import { intSetCount, intSetHeaderBytes, intSetWidth } from './intset.ts';
import { emptyBytes, endMark, headerBytes, readUnsigned32, writeHeader } from './listpack.ts';
import type { ElementWriter } from './listpack.ts';

const nothing = Buffer.alloc(0);

/** The pack of one key; reused. */
export class PackValue {
  database: Database;
  /** 0: none. */
  entry: EntryAddress = 0;
  /** The window that holds the pack, and where it begins there. */
  buffer: Buffer = nothing;
  base: number = 0;
  /** Bytes of the pack; the value may be longer where it could not shrink. */
  bytes: number = 0;

  constructor(database: Database) {
    this.database = database;
  }

  /** Points to a listpack. */
  open(database: Database, entry: EntryAddress): void {
    this.openValue(database, entry);
    this.bytes = readUnsigned32(this.buffer, this.base);
  }

  /** Points to an intset. */
  openIntSet(database: Database, entry: EntryAddress): void {
    this.openValue(database, entry);
    const { buffer, base } = this;
    this.bytes = intSetHeaderBytes + intSetWidth(buffer, base) * intSetCount(buffer, base);
  }

  /** Points to nothing, in this database. */
  close(database: Database): void {
    this.database = database;
    this.entry = 0;
    this.buffer = nothing;
    this.base = this.bytes = 0;
  }

  /**
   * Gives the key last given to `find` a value of `bytes` undefined bytes.
   * @throws {EngineError} ARENA_FULL when there is no room.
   */
  reserve(type: number, encoding: number, bytes: number): void {
    this.entry = this.database.reserveTyped(type, encoding, bytes, 0);
    this.locate();
    this.bytes = bytes;
  }

  /**
   * As `reserve`, and copies the bytes there.
   * @throws {EngineError} ARENA_FULL when there is no room.
   */
  copyFrom(
    kind: { type: number; encoding: number }, buffer: Buffer, start: number, end: number,
  ): void {
    this.reserve(kind.type, kind.encoding, end - start);
    buffer.copy(this.buffer, this.base, start, end);
  }

  /**
   * As `reserve`, with the elements of a writer as a listpack.
   * @throws {EngineError} ARENA_FULL when there is no room.
   */
  create(
    kind: { type: number; encoding: number }, elements: ElementWriter, count: number,
  ): void {
    this.reserve(kind.type, kind.encoding, emptyBytes + elements.length);
    const { buffer, base, bytes } = this;
    writeHeader(buffer, base, bytes, count);
    elements.bytes.copy(buffer, base + headerBytes, 0, elements.length);
    buffer[base + bytes - 1] = endMark;
  }

  /**
   * Replaces a listpack's bytes from `at` to `end` by `from` to `to` of the writer's; `count` is
   * how many elements there are then.
   * @throws {EngineError} ARENA_FULL when there is no room; nothing has changed then.
   */
  splice(
    at: number, end: number, source: ElementWriter, from: number, to: number, count: number,
  ): void {
    this.replace(at, end, to - from);
    copyBytes(this.buffer, this.base + at, source.bytes, from, to);
    writeHeader(this.buffer, this.base, this.bytes, count);
    this.shrink();
  }

  /**
   * Makes the value a listpack of the writer's elements.
   * @throws {EngineError} ARENA_FULL when there is no room; nothing has changed then.
   */
  rewrite(elements: ElementWriter, count: number): void {
    const present = this.database.valueLength(this.entry);
    const bytes = emptyBytes + elements.length;
    this.entry = this.database.resizeValue(this.entry, Math.max(bytes, present));
    this.bytes = bytes;
    this.locate();
    const { buffer, base } = this;
    writeHeader(buffer, base, bytes, count);
    elements.bytes.copy(buffer, base + headerBytes, 0, elements.length);
    buffer[base + bytes - 1] = endMark;
    this.shrink();
  }

  /** Removes a listpack's bytes from `at` to `end`. */
  cut(at: number, end: number, count: number): void {
    this.replace(at, end, 0);
    writeHeader(this.buffer, this.base, this.bytes, count);
    this.shrink();
  }

  /**
   * Makes `length` undefined bytes of what lies from `at` to `end` and moves what follows; call
   * `shrink` when all is written.
   * @throws {EngineError} ARENA_FULL when there is no room; nothing has changed then.
   */
  replace(at: number, end: number, length: number): void {
    const bytes = this.bytes + length - (end - at);
    if (bytes > this.bytes) {
      this.entry = this.database.resizeValue(this.entry, bytes);
    } else {
      this.touch();
    }
    this.locate();
    const { buffer, base } = this;
    if (bytes !== this.bytes && end < this.bytes) {
      moveBytes(buffer, base + at + length, base + end, base + this.bytes);
    }
    this.bytes = bytes;
  }

  /** Makes the value ready for changes in place. */
  touch(): void {
    this.database.touch(this.entry);
  }

  /** Gives back what the value has more than the pack needs. */
  shrink(): void {
    if (this.database.valueLength(this.entry) === this.bytes) {
      return;
    }
    try {
      this.entry = this.database.resizeValue(this.entry, this.bytes);
      this.locate();
    } catch (error) {
      // Moving to a smaller block needs one; the value stays longer than its pack.
      if (!(error instanceof EngineError && error.code === 'ARENA_FULL')) {
        throw error;
      }
    }
  }

  /** Points to the value, whatever it is; returns its encoding. */
  protected openValue(database: Database, entry: EntryAddress): number {
    if (this.database !== database) {
      this.database = database;
    }
    this.entry = entry;
    return database.locateValue(entry, this);
  }

  private locate(): void {
    this.buffer = this.database.valueBuffer(this.entry);
    this.base = this.database.valueOffset(this.entry);
  }
}
