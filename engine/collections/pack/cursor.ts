// A place in a listpack whose entries are of one, two or three elements each: member; field, value;
// member, score; field, value, deadline.

import type { Database } from '../../keyspace/database.ts';
import type { EntryAddress } from '../../keyspace/entry.ts';
import {
  countElements, findElement, headerBytes, nextElement, packCount,
  previousElement, skipElements,
} from './listpack.ts';
import type { ElementWriter } from './listpack.ts';
import { PackValue } from './value.ts';

/** The pack of one key and a place in it; reused. */
export class PackCursor extends PackValue {
  /** Elements of an entry. */
  stride: number = 1;
  /** Entries. */
  count: number = 0;
  /** Offset of the entry at the place. */
  at: number = 0;
  /** The place is just before the entry at `at`: what was there is removed. */
  gap: boolean = false;

  /** Points to a listpack with entries of `stride` elements. */
  openPack(database: Database, entry: EntryAddress, stride: number): void {
    this.open(database, entry);
    this.stride = stride;
    const elements = packCount(this.buffer, this.base);
    this.count = stride === 1 ? elements : elements / stride;
    this.at = headerBytes;
    this.gap = true;
  }

  /** Points to a value that is no pack but the roots of trees. */
  openOther(database: Database, entry: EntryAddress): void {
    this.openValue(database, entry);
    this.count = 0;
  }

  /** Points to `bytes` bytes of roots that are no value, but a copy of one. */
  openCopy(database: Database, buffer: Buffer, base: number, bytes: number): void {
    this.database = database;
    this.entry = 0;
    this.buffer = buffer;
    this.base = base;
    this.bytes = bytes;
    this.count = 0;
  }

  /** Points to nothing. */
  closePack(database: Database): void {
    this.close(database);
    this.count = 0;
  }

  /** Offset of the element after the one at `at`. */
  after(at: number): number {
    return nextElement(this.buffer, this.base + at) - this.base;
  }

  /** Offset of the entry after the one at `at`. */
  afterEntry(at: number): number {
    return skipElements(this.buffer, this.base + at, this.stride) - this.base;
  }

  /** Offset of the end mark. */
  get end(): number {
    return this.bytes - 1;
  }

  /** To the first entry, or the end mark. */
  first(): boolean {
    this.at = headerBytes;
    this.gap = false;
    return this.count > 0;
  }

  /** To the last entry. */
  last(): boolean {
    this.at = this.end;
    this.gap = false;
    return this.previous();
  }

  /** To the next entry; false at the end. */
  next(): boolean {
    if (this.gap) {
      this.gap = false;
    } else if (this.at < this.end) {
      this.at = this.afterEntry(this.at);
    }
    return this.at < this.end;
  }

  /** To the entry before; false at the start. */
  previous(): boolean {
    if (this.at <= headerBytes) {
      return false;
    }
    this.gap = false;
    let at = this.base + this.at;
    for (let left = this.stride; left > 0; left--) {
      at = previousElement(this.buffer, at);
    }
    this.at = at - this.base;
    return true;
  }

  /** To the entry of this rank; false when there is none: to the end. */
  seekRank(rank: number): boolean {
    this.gap = false;
    if (rank < 0 || rank >= this.count) {
      this.at = this.end;
      return false;
    }
    const { buffer, base, stride } = this;
    if (rank * 2 <= this.count) {
      this.at = skipElements(buffer, base + headerBytes, rank * stride) - base;
      return true;
    }
    let at = base + this.end;
    for (let left = (this.count - rank) * stride; left > 0; left--) {
      at = previousElement(buffer, at);
    }
    this.at = at - base;
    return true;
  }

  /** Rank of the entry at the place. */
  rank(): number {
    const following = countElements(this.buffer, this.base + this.at);
    return this.count - (this.stride === 1 ? following : following / this.stride);
  }

  /** To the entry whose first element is the one at the start of the writer; else to the end. */
  find(wanted: ElementWriter): boolean {
    const { buffer, base } = this;
    const from = base + headerBytes;
    const at = findElement(buffer, from, wanted.bytes, wanted.bodyBytes, this.stride - 1);
    this.gap = false;
    this.at = at < 0 ? this.end : at - base;
    return at >= 0;
  }

  /** Removes the entry at the place, which is then before the one that followed. */
  removeEntry(): void {
    const end = this.afterEntry(this.at);
    this.count--;
    this.cut(this.at, end, this.count * this.stride);
    this.gap = true;
  }

  /**
   * Replaces bytes as `splice` does, when there are `entries` entries then.
   * @throws {EngineError} ARENA_FULL when there is no room; nothing has changed then.
   */
  spliceEntries(at: number, end: number, source: ElementWriter, entries: number): void {
    this.splice(at, end, source, 0, source.length, entries * this.stride);
    this.count = entries;
  }
}

