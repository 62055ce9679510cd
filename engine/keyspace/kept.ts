// What is kept of old versions until the writer of the running snapshot has read them: copies of
// small ones, and the blocks of big values themselves, pinned where they are.
//
// A copy is a record of its own in the arena. A value apart of up to `copyBytes` is copied, too; a
// bigger one is pinned: as long as a snapshot may read it, it is neither changed nor given back,
// and a change of the key makes a value of its own.

import type { Address, Arena } from '../memory/arena.ts';
import type { Entries, EntryAddress } from './entry.ts';

/** Values apart up to this many bytes are copied; longer ones are pinned. */
export const copyBytes: number = 2 ** 17;

interface Pin {
  readonly roomBytes: number;
  /** Kept versions that have this value. */
  holders: number;
  /** No key has the value any more: it goes with the last holder. */
  dropped: boolean;
}

/** Values apart that must stay as they are. */
export class Pins {
  private readonly arena: Arena;
  private readonly pins: Map<Address, Pin> = new Map();

  constructor(arena: Arena) {
    this.arena = arena;
  }

  get size(): number {
    return this.pins.size;
  }

  has(value: Address): boolean {
    return this.pins.has(value);
  }

  /** Adds a holder. */
  hold(value: Address, roomBytes: number): void {
    const pin = this.pins.get(value);
    if (pin === undefined) {
      this.pins.set(value, { roomBytes, holders: 1, dropped: false });
    } else {
      pin.holders++;
    }
  }

  /** One holder less. */
  release(value: Address): void {
    const pin = this.pins.get(value);
    if (pin !== undefined && --pin.holders === 0) {
      this.pins.delete(value);
      if (pin.dropped) {
        this.arena.free(value, pin.roomBytes);
      }
    }
  }

  /** Forgets everything: the arena was reset. */
  forget(): void {
    this.pins.clear();
  }

  /** No key has the value any more; true when it is pinned, and so not to be given back now. */
  drop(value: Address): boolean {
    const pin = this.pins.get(value);
    if (pin !== undefined) {
      pin.dropped = true;
    }
    return pin !== undefined;
  }
}

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

  constructor(entries: Entries) {
    this.entries = entries;
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
    const value = entries.valueApart(copy);
    if (value !== 0) {
      const roomBytes = entries.roomBytes(copy);
      if (roomBytes > copyBytes) {
        entries.pins.hold(value, roomBytes);
        this.copyKind = withPin;
      } else {
        try {
          entries.copyApart(copy);
        } catch (error) {
          entries.releaseRecord(copy);
          throw error;
        }
        this.copyKind = withCopy;
      }
    }
    return copy;
  }

  /** Keeps the copy made last until `acknowledge` has come to `sequence`. */
  add(sequence: number, copy: EntryAddress): void {
    const { entries, copyKind: kind } = this;
    const bytes = entries.recordBytes(copy) + (kind === recordOnly ? 0 : entries.roomBytes(copy));
    this.push(sequence, copy, kind, bytes);
  }

  /** Gives back the copy made last: it was not needed. */
  discard(copy: EntryAddress): void {
    this.free(copy, this.copyKind);
  }

  /** Keeps the big value of an entry that is being read, if it has one, in the same way. */
  pin(sequence: number, entry: EntryAddress): void {
    const { entries } = this;
    const value = entries.valueApart(entry);
    const roomBytes = value === 0 ? 0 : entries.roomBytes(entry);
    if (roomBytes > copyBytes) {
      entries.pins.hold(value, roomBytes);
      this.push(sequence, value, pinOnly, roomBytes);
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
  }

  /** Gives back at most so many versions that were read; true when none of those is left. */
  release(most: number): boolean {
    for (let left = most; left > 0 && this.first < this.unread; left--) {
      const chunk = this.chunkOf(this.first);
      const at = (this.first & chunkMask) * itemWords;
      this.bytes -= (chunk[at + 3] as number) * 8;
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
    const value = kind === withPin ? entries.valueApart(address) : 0;
    if (kind === withCopy) {
      entries.releaseBlocks(address);
    } else {
      entries.releaseRecord(address);
    }
    if (value !== 0) {
      entries.pins.release(value);
    }
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
    this.bytes += units * 8;
    this.totalBytes += units * 8;
    if (this.bytes > this.peakBytes) {
      this.peakBytes = this.bytes;
    }
  }

  private chunkOf(item: number): Int32Array {
    return this.chunks[Math.floor((item - this.base) / chunkItems)] as Int32Array;
  }
}
