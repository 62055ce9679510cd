// Reading entries: what every database offers for any entry address.

import type { Entries, EntryAddress } from './entry.ts';
import { copyBytes } from './kept.ts';
import type { ValuePlace } from './record.ts';

/** Accessors of entries, the same for all databases. */
export class EntryView {
  protected readonly entries: Entries;

  constructor(entries: Entries) {
    this.entries = entries;
  }

  /** The entry's type: typeString, … */
  type(entry: EntryAddress): number {
    return this.entries.type(entry);
  }

  /** The entry's encoding: encodingRaw, … */
  encoding(entry: EntryAddress): number {
    return this.entries.encoding(entry);
  }

  /** Bytes of the key. */
  keyLength(entry: EntryAddress): number {
    return this.entries.keyLength(entry);
  }

  /** Byte offset of the key in `arena.u8`. For native calls; past 2 GiB not for indexing. */
  keyStart(entry: EntryAddress): number {
    return this.entries.keyStart(entry);
  }

  /** A window of the arena with the key at `keyOffset`: always fast, also for indexing. */
  keyBuffer(entry: EntryAddress): Buffer {
    return this.entries.keyBuffer(entry);
  }

  /** Offset of the key in `keyBuffer`. */
  keyOffset(entry: EntryAddress): number {
    return this.entries.keyOffset(entry);
  }

  /** Bytes of the value. */
  valueLength(entry: EntryAddress): number {
    return this.entries.valueLength(entry);
  }

  /** Whether the value lies where it is while a snapshot reads it, and so may change under it. */
  isLarge(entry: EntryAddress): boolean {
    return this.entries.valueApart(entry) !== 0 && this.entries.roomBytes(entry) > copyBytes;
  }

  /** Byte offset of the value in `arena.u8`. For native calls; past 2 GiB not for indexing. */
  valueStart(entry: EntryAddress): number {
    return this.entries.valueStart(entry);
  }

  /** A window of the arena with the value at `valueOffset`: always fast, also for indexing. */
  valueBuffer(entry: EntryAddress): Buffer {
    return this.entries.valueBuffer(entry);
  }

  /** Offset of the value in `valueBuffer`. */
  valueOffset(entry: EntryAddress): number {
    return this.entries.valueOffset(entry);
  }

  /** Says where the value lies, all at once; returns its encoding. */
  locateValue(entry: EntryAddress, place: ValuePlace): number {
    return this.entries.locateValue(entry, place);
  }

  /** Whether the entry may have a deadline: false for most, and quicker than `deadlineMs`. */
  isMortal(entry: EntryAddress): boolean {
    return this.entries.hasDeadlineRoom(entry);
  }

  /** Unix time in ms at which the entry expires; 0 = never. */
  deadlineMs(entry: EntryAddress): number {
    return this.entries.deadlineMs(entry);
  }

  /** Bytes of arena that key and value occupy, trees included (MEMORY USAGE). */
  occupiedBytes(entry: EntryAddress): number {
    return this.entries.occupiedBytes(entry);
  }
}

/** Reads values that may change meanwhile as they were when the picture was taken. */
export interface LargeValues {
  /** Piece `number` of the value, all bytes of it that there are; valid until the next call. */
  piece(view: EntryView, entry: EntryAddress, number: number): Buffer;
}
