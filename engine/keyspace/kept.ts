// What is kept of old versions until the writer of the running snapshot has read them: copies of
// small ones, and big values themselves, pinned where they are.
//
// A copy is a record of its own in the arena. A value apart of up to `copyBytes` is copied, too; a
// bigger one is pinned (pins.ts).

import type { Address } from '../memory/arena.ts';
import type { Entries, EntryAddress } from './entry.ts';

/** Values apart up to this many bytes are copied; longer ones are pinned. */
export const copyBytes: number = 2 ** 17;

// What a kept version consists of besides its record.
const recordOnly = 0;
const withCopy = 1;
const withPin = 2;
/** No record: the value of an entry that is being read. */
const pinOnly = 3;
const itemWords = 4;
const chunkItems = 4096;
const chunkMask: number = chunkItems - 1;

/** Kept versions, first in, first out. */
export class KeptVersions {
  /** Bytes kept now. */
  bytes: number = 0;
  /** The most since `begin`. */
  peakBytes: number = 0;
  /** All since `begin`. */
  totalBytes: number = 0;
  private readonly entries: Entries;
  // A queue of (sequence, address, kind, units) in chunks, so that it never has to move as a whole:
  // items `first` to `end`, of which those before `unread` were read; `base` is item 0 of chunk 0.
  private readonly chunks: Int32Array[] = [];
  private base: number = 0;
  private first: number = 0;
  private unread: number = 0;
  private end: number = 0;
  private copyKind: number = recordOnly;
  /** Of the value pinned last: where the pieces of it that change are found; 0: none was. */
  table: Address = 0;

  constructor(entries: Entries) {
    this.entries = entries;
    entries.pins.grown = (bytes): void => this.grow(bytes);
  }

  /** Versions kept. */
  get count(): number {
    return this.end - this.first;
  }

  /** A snapshot begins: figures start anew. */
  begin(): void {
    this.totalBytes = 0;
    this.peakBytes = this.bytes;
  }

  /**
   * Copies a version that is about to change. `add` or `discard` must follow.
   * @throws {EngineError} ARENA_FULL when there is no room.
   */
  copy(entry: EntryAddress): EntryAddress {
    const { entries } = this;
    const copy = entries.copyRecord(entry);
    this.copyKind = recordOnly;
    this.table = 0;
    if (entries.valueApart(copy) !== 0) {
      try {
        this.copyKind = this.hold(copy) ? withPin : withCopy;
        if (this.copyKind === withCopy) entries.copyApart(copy);
      } catch (error) {
        entries.releaseRecord(copy);
        throw error;
      }
    }
    return copy;
  }

  /** Pins the value apart of an entry if it is big; says whether it is. */
  private hold(entry: EntryAddress): boolean {
    const { entries } = this;
    const roomBytes = entries.roomBytes(entry);
    if (roomBytes <= copyBytes) return false;
    const lengthBytes = entries.valueLength(entry);
    this.table = entries.pins.hold(entries.valueApart(entry), { roomBytes, lengthBytes });
    return true;
  }

  /** Keeps the copy made last until `acknowledge` has come to `sequence`. */
  add(sequence: number, copy: EntryAddress): void {
    const { entries, copyKind: kind } = this;
    const bytes = entries.recordBytes(copy) + (kind === withCopy ? entries.roomBytes(copy) : 0);
    this.push(sequence, copy, kind, bytes);
  }

  /** Gives back the copy made last: it was not needed. */
  discard(copy: EntryAddress): void {
    this.free(copy, this.copyKind);
  }

  /**
   * Keeps the big value of an entry that is being read, if it has one, in the same way.
   * @throws {EngineError} ARENA_FULL when there is no room.
   */
  pin(sequence: number, entry: EntryAddress): void {
    const { entries } = this;
    this.table = 0;
    const value = entries.valueApart(entry);
    if (value !== 0 && this.hold(entry)) {
      this.push(sequence, value, pinOnly, 0);
    }
  }

  /** Everything kept for sequences below this was read. */
  acknowledge(sequence: number): void {
    while (this.unread < this.end) {
      const at = (this.unread & chunkMask) * itemWords;
      if ((this.chunkOf(this.unread)[at] as number) >= sequence) {
        return;
      }
      this.unread++;
    }
  }

  /** The snapshot is over: nothing is read any more. */
  acknowledgeAll(): void {
    this.unread = this.end;
    this.entries.pins.retire();
  }

  /** Gives back at most so many versions that were read; true when none of those is left. */
  release(most: number): boolean {
    for (let left = most; left > 0 && this.first < this.unread; left--) {
      const chunk = this.chunkOf(this.first);
      const at = (this.first & chunkMask) * itemWords;
      const pinned = this.pinnedBy(chunk[at + 1] as number, chunk[at + 2] as number);
      if (pinned !== 0) {
        left -= this.entries.pins.trim(pinned, left);
        if (left <= 0) return false;
      }
      this.grow((chunk[at + 3] as number) * -8);
      this.first++;
      if ((this.first & chunkMask) === 0) {
        this.chunks.shift();
        this.base = this.first;
      }
      this.free(chunk[at + 1] as number, chunk[at + 2] as number);
    }
    return this.first === this.unread;
  }

  /** Forgets everything: the arena was reset. */
  forget(): void {
    this.chunks.length = 0;
    this.base = this.first = this.unread = this.end = this.bytes = 0;
    this.entries.pins.forget();
  }

  private free(address: Address, kind: number): void {
    const { entries } = this;
    if (kind === pinOnly) {
      entries.pins.release(address);
      return;
    }
    const value = this.pinnedBy(address, kind);
    if (kind === withCopy) {
      entries.releaseBlocks(address);
    } else {
      entries.releaseRecord(address);
    }
    if (value !== 0) {
      entries.pins.release(value);
    }
  }

  /** The value that a kept version holds; 0: none. */
  private pinnedBy(address: Address, kind: number): Address {
    if (kind === pinOnly) return address;
    return kind === withPin ? this.entries.valueApart(address) : 0;
  }

  private grow(bytes: number): void {
    this.bytes += bytes;
    if (bytes > 0) this.totalBytes += bytes;
    if (this.bytes > this.peakBytes) this.peakBytes = this.bytes;
  }

  private push(sequence: number, address: Address, kind: number, bytes: number): void {
    const units = Math.ceil(bytes / 8);
    if (this.end - this.base === this.chunks.length * chunkItems) {
      this.chunks.push(new Int32Array(chunkItems * itemWords));
    }
    const chunk = this.chunkOf(this.end);
    const at = (this.end & chunkMask) * itemWords;
    chunk[at] = sequence;
    chunk[at + 1] = address;
    chunk[at + 2] = kind;
    chunk[at + 3] = units;
    this.end++;
    this.grow(units * 8);
  }

  private chunkOf(item: number): Int32Array {
    return this.chunks[Math.floor((item - this.base) / chunkItems)] as Int32Array;
  }
}
