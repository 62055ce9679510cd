// One key with its value: reading, building and releasing the records of record.ts.

import { windowMask, windowShift } from '../memory/arena.ts';
import type { Address, Arena } from '../memory/arena.ts';
import type { TreeHost } from '../tree/host.ts';
import { rootBytes } from '../tree/reader.ts';
import { Pins } from './pins.ts';
import {
  apartBit, deadlineBit, encodingShift, epochWord, fixedBytes, flagBits, keyLength, keyOffset,
  keyShift, longKeyBit, longKeyLength, longKeyWord, plainMask, pointerOffset, readDeadline,
  recordBytes, typeShift, valueLengthWord, writeDeadline,
} from './record.ts';
import type { ValuePlace } from './record.ts';

/** Where an entry lies, in units of 8 bytes; 0 means none. Invalid once its own key is changed. */
export type EntryAddress = Address;

/** Types as Redis' object types number them. */
export const typeString = 0;
export const typeList = 1;
export const typeSet = 2;
export const typeSortedSet = 3;
export const typeHash = 4;

/** Encodings, the four bits of the header: how the bytes of the value are to be read. */
export const encodingRaw = 0;
export const encodingPack = 1;
export const encodingTree = 2;
/** Sets of integers only. */
export const encodingIntPack = 3;
/** Hashes: triples of field, value, deadline. */
export const encodingPackWithDeadlines = 4;

/** Values longer than this lie apart. */
export const inlineLimitBytes = 4096;
/** Below this many bytes a loop beats the call of Buffer.copy. */
const loopBytes = 24;
/** As above, for whole words. */
const loopRecordBytes = 256;

/** Sizes of an entry to build. */
export interface EntryShape {
  keyLength: number;
  valueLength: number;
  /** 0 = none, and no room for one. */
  deadlineMs: number;
  /** Bytes that a value apart shall have room for. */
  roomBytes: number;
}

/** Reads and builds entries of one arena; knows nothing of dicts. */
export class Entries {
  readonly arena: Arena;
  /** Values apart that a snapshot reads: given back when it has, and what changes is kept. */
  readonly pins: Pins;
  private readonly trees: TreeHost;
  private readonly words: readonly Int32Array[];
  private readonly windows: readonly Buffer[];

  constructor(arena: Arena, trees: TreeHost) {
    this.arena = arena;
    this.trees = trees;
    this.pins = new Pins(arena);
    this.words = arena.words;
    this.windows = arena.windows;
  }

  // ---- read ------------------------------------------------------------------------------------

  /** typeString, … */
  type(entry: EntryAddress): number {
    return (this.header(entry) >>> typeShift) & 15;
  }

  /** encodingRaw, … */
  encoding(entry: EntryAddress): number {
    return (this.header(entry) >>> encodingShift) & 15;
  }

  /** Bytes of the key. */
  keyLength(entry: EntryAddress): number {
    return keyLength(this.wordsOf(entry), wordOf(entry));
  }

  /** Bytes of arena that hold the key, from `keyOffset` on. */
  keyBuffer(entry: EntryAddress): Buffer {
    return this.windows[entry >>> windowShift] as Buffer;
  }

  /** Offset of the key in `keyBuffer`. */
  keyOffset(entry: EntryAddress): number {
    return (entry & windowMask) * 8 + keyOffset(this.header(entry));
  }

  /** Byte offset of the key in `arena.u8`. */
  keyStart(entry: EntryAddress): number {
    return entry * 8 + keyOffset(this.header(entry));
  }

  /** Bytes of the value. */
  valueLength(entry: EntryAddress): number {
    return this.wordsOf(entry)[wordOf(entry) + valueLengthWord] as number;
  }

  /** Bytes of arena that hold the value, from `valueOffset` on. */
  valueBuffer(entry: EntryAddress): Buffer {
    return this.windows[this.valueBlock(entry) >>> windowShift] as Buffer;
  }

  /** Offset of the value in `valueBuffer`. */
  valueOffset(entry: EntryAddress): number {
    const header = this.header(entry);
    // Most entries have none of the optional fields.
    if ((header & flagBits) === 0) {
      return (entry & windowMask) * 8 + fixedBytes + (header >>> keyShift);
    }
    return (this.valueBlock(entry) & windowMask) * 8 + this.valueSkip(entry);
  }

  /** Says where the value lies, all at once; returns its encoding. */
  locateValue(entry: EntryAddress, place: ValuePlace): number {
    const header = this.header(entry);
    const plain = (header & flagBits) === 0;
    const block = plain ? entry : this.valueBlock(entry);
    const buffer = this.windows[block >>> windowShift] as Buffer;
    // Storing a reference costs more than comparing it, and it is mostly the same.
    if (place.buffer !== buffer) place.buffer = buffer;
    place.base = (block & windowMask) * 8 +
      (plain ? fixedBytes + (header >>> keyShift) : this.valueSkip(entry));
    place.bytes = this.valueLength(entry);
    return (header >>> encodingShift) & 15;
  }

  /** Byte offset of the value in `arena.u8`. */
  valueStart(entry: EntryAddress): number {
    return this.valueBlock(entry) * 8 + this.valueSkip(entry);
  }

  /** Snapshot epoch in which this version was born. */
  epoch(entry: EntryAddress): number {
    return this.wordsOf(entry)[wordOf(entry) + epochWord] as number;
  }

  /** Unix time in ms at which the entry expires; 0 = never. */
  deadlineMs(entry: EntryAddress): number {
    return readDeadline(this.wordsOf(entry), wordOf(entry));
  }

  /** Whether a deadline can be written without moving the entry. */
  hasDeadlineRoom(entry: EntryAddress): boolean {
    return (this.header(entry) & deadlineBit) !== 0;
  }

  /** Whether it is an inline string of `length` bytes without any optional field. */
  isPlain(entry: EntryAddress, length: number): boolean {
    const words = this.wordsOf(entry);
    const at = wordOf(entry);
    return ((words[at] as number) & plainMask) === 0 && words[at + valueLengthWord] === length;
  }

  /** Bytes that entry and value occupy, rounded up to their blocks. */
  occupiedBytes(entry: EntryAddress): number {
    const record = this.arena.blockBytes(recordBytes(this.wordsOf(entry), wordOf(entry)));
    const own = (this.header(entry) & apartBit) === 0 ? record : record + this.roomBytes(entry);
    return this.encoding(entry) === encodingTree ? own + this.treeBytes(entry) : own;
  }

  // ---- change in place -------------------------------------------------------------------------

  /** Writes the deadline of an entry that has room for it. */
  setDeadlineMs(entry: EntryAddress, deadlineMs: number): void {
    writeDeadline(this.wordsOf(entry), wordOf(entry), deadlineMs);
  }

  /** Marks the version as born in `epoch`. */
  setEpoch(entry: EntryAddress, epoch: number): void {
    this.wordsOf(entry)[wordOf(entry) + epochWord] = epoch;
  }

  /** Makes it a string of `length` bytes; only where `fits` says that they fit. */
  setValueLength(entry: EntryAddress, length: number): void {
    const words = this.wordsOf(entry);
    const at = wordOf(entry);
    words[at] = (words[at] as number) & ~(plainMask & ~flagBits);
    words[at + valueLengthWord] = length;
  }

  /** Gives the value another length, for which there is room: `fitsResized`. */
  changeValueLength(entry: EntryAddress, length: number): void {
    this.wordsOf(entry)[wordOf(entry) + valueLengthWord] = length;
  }

  /** Sets type and encoding. */
  setKind(entry: EntryAddress, type: number, encoding: number): void {
    const words = this.wordsOf(entry);
    const at = wordOf(entry);
    const kept = (words[at] as number) & ~(plainMask & ~flagBits);
    words[at] = kept | (type << typeShift) | (encoding << encodingShift);
  }

  /** Whether a string of `length` bytes fits where the present value is, without undue waste. */
  fits(entry: EntryAddress, length: number): boolean {
    if (this.encoding(entry) === encodingTree) {
      return false;
    }
    const present = this.valueLength(entry);
    if (length === present) {
      return true;
    }
    if ((this.header(entry) & apartBit) !== 0) {
      const room = this.roomBytes(entry);
      return length > inlineLimitBytes && length <= room && room <= length * 2;
    }
    const bytes = recordBytes(this.wordsOf(entry), wordOf(entry));
    return length <= inlineLimitBytes &&
      this.arena.blockBytes(bytes - present + length) === this.arena.blockBytes(bytes);
  }

  /** As `fits`, for a value that grows: room kept for growth is no waste. */
  fitsGrowing(entry: EntryAddress, length: number): boolean {
    return (this.header(entry) & apartBit) === 0
      ? this.fits(entry, length)
      : length <= this.roomBytes(entry);
  }

  /** As `fits`, for a value that goes up and down: it moves when a third of its room is enough. */
  fitsResized(entry: EntryAddress, length: number): boolean {
    if (length === this.valueLength(entry)) {
      return true;
    }
    if ((this.header(entry) & apartBit) === 0) {
      return this.fits(entry, length);
    }
    const room = this.roomBytes(entry);
    return length <= room && length * 2 > inlineLimitBytes && room <= length * 3;
  }

  // ---- copy bytes ------------------------------------------------------------------------------

  /** Copies a key into the entry. */
  writeKey(entry: EntryAddress, buffer: Buffer, start: number, end: number): void {
    copyBytes(this.keyBuffer(entry), this.keyOffset(entry), buffer, start, end);
  }

  /** Copies bytes into the value, from its byte `offset` on. */
  writeValue(
    entry: EntryAddress, offset: number, buffer: Buffer, start: number, end: number,
  ): void {
    const target = this.valueOffset(entry) + offset;
    copyBytes(this.valueBuffer(entry), target, buffer, start, end);
  }

  /** As `writeValue` from the start of a plain entry. */
  writePlainValue(entry: EntryAddress, buffer: Buffer, start: number, end: number): void {
    const offset = (entry & windowMask) * 8 + fixedBytes + (this.header(entry) >>> keyShift);
    copyBytes(this.windows[entry >>> windowShift] as Buffer, offset, buffer, start, end);
  }

  /** Fills bytes of the value with zeros. */
  clearValue(entry: EntryAddress, from: number, to: number): void {
    const start = this.valueOffset(entry);
    this.valueBuffer(entry).fill(0, start + from, start + to);
  }

  // ---- build and release -----------------------------------------------------------------------

  /**
   * Allocates a string entry for a key and a value of these lengths; their bytes are undefined, and
   * so is the epoch.
   * @throws {EngineError} ARENA_FULL when there is no room; nothing has changed then.
   */
  create(shape: EntryShape): EntryAddress {
    const apart = shape.valueLength > inlineLimitBytes;
    const bits = (shape.deadlineMs === 0 ? 0 : deadlineBit) | (apart ? apartBit : 0);
    const entry = this.allocateRecord(bits, shape.keyLength, shape.valueLength);
    if (shape.deadlineMs !== 0) {
      this.setDeadlineMs(entry, shape.deadlineMs);
    }
    if (apart) {
      this.allocateApart(entry, shape.roomBytes);
    }
    return entry;
  }

  /**
   * Allocates an entry with the same value, type and deadline for a key of `length` bytes, whose
   * bytes are undefined, as is the epoch. A value apart then belongs to both: give back one of the
   * two with `releaseRecord`.
   * @throws {EngineError} ARENA_FULL when there is no room; nothing has changed then.
   */
  copyForKey(entry: EntryAddress, length: number, withDeadlineRoom: boolean): EntryAddress {
    const kept = this.header(entry) & plainMask & ~(deadlineBit | longKeyBit);
    const bits = kept | (withDeadlineRoom ? deadlineBit : 0);
    const valueLength = this.valueLength(entry);
    const copy = this.allocateRecord(bits, length, valueLength);
    if (withDeadlineRoom) {
      this.setDeadlineMs(copy, this.deadlineMs(entry));
    }
    if ((bits & apartBit) !== 0) {
      this.setPointer(copy, this.valueBlock(entry), this.roomBytes(entry));
    } else {
      const start = this.valueOffset(entry);
      this.writeValue(copy, 0, this.valueBuffer(entry), start, start + valueLength);
    }
    return copy;
  }

  /** Gives back the entry and its value, trees included. */
  release(entry: EntryAddress): void {
    if (this.encoding(entry) === encodingTree) {
      const buffer = this.valueBuffer(entry);
      for (let tree = 0; tree < this.treeCount(entry); tree++) {
        this.trees.release(buffer, this.valueOffset(entry) + tree * rootBytes);
      }
    }
    this.releaseBlocks(entry);
  }

  /** Gives back the entry and its value, but not the trees whose roots the value is. */
  releaseBlocks(entry: EntryAddress): void {
    if ((this.header(entry) & apartBit) !== 0) {
      this.releaseApart(entry);
    }
    this.releaseRecord(entry);
  }

  /** Gives back the entry, but not a value apart. */
  releaseRecord(entry: EntryAddress): void {
    this.arena.free(entry, recordBytes(this.wordsOf(entry), wordOf(entry)));
  }

  // ---- while a snapshot runs -------------------------------------------------------------------

  /** Whether the value is one that must not change. */
  isPinned(entry: EntryAddress): boolean {
    return this.pins.size !== 0 && this.pins.has(this.valueApart(entry));
  }

  /** The block of a value apart; 0: it is not. */
  valueApart(entry: EntryAddress): Address {
    return (this.header(entry) & apartBit) === 0 ? 0 : this.valueBlock(entry);
  }

  /** Bytes of the block of a value apart. */
  roomBytes(entry: EntryAddress): number {
    const pointer = wordOf(entry) + (pointerOffset(this.header(entry)) >> 2);
    return (this.wordsOf(entry)[pointer + 1] as number) * 8;
  }

  /** Bytes of the record, without a value apart. */
  recordBytes(entry: EntryAddress): number {
    return recordBytes(this.wordsOf(entry), wordOf(entry));
  }

  /**
   * Copies the record, bit by bit: a value apart belongs to both then.
   * @throws {EngineError} ARENA_FULL when there is no room; nothing has changed then.
   */
  copyRecord(entry: EntryAddress): EntryAddress {
    const bytes = this.recordBytes(entry);
    const copy = this.arena.allocate(bytes);
    if (bytes > loopRecordBytes) {
      const start = (entry & windowMask) * 8;
      this.keyBuffer(entry).copy(this.keyBuffer(copy), (copy & windowMask) * 8, start,
        start + bytes);
      return copy;
    }
    const source = this.wordsOf(entry);
    const target = this.wordsOf(copy);
    const end = wordOf(entry) + ((bytes + 3) >> 2);
    for (let from = wordOf(entry), to = wordOf(copy); from < end; from++, to++) {
      target[to] = source[from] as number;
    }
    return copy;
  }

  /**
   * Gives the entry a copy of its value apart, which somebody else has, too.
   * @throws {EngineError} ARENA_FULL when there is no room; nothing has changed then.
   */
  copyApart(entry: EntryAddress): void {
    const roomBytes = this.roomBytes(entry);
    const value = this.arena.allocate(roomBytes);
    const start = this.valueOffset(entry);
    const from = this.valueBuffer(entry);
    from.copy(this.windows[value >>> windowShift] as Buffer, (value & windowMask) * 8, start,
      start + this.valueLength(entry));
    this.setPointer(entry, value, roomBytes);
  }

  /**
   * Makes the value one that may change: a copy, when it is pinned.
   * @throws {EngineError} ARENA_FULL when there is no room; nothing has changed then.
   */
  unpin(entry: EntryAddress): void {
    if (this.isPinned(entry)) {
      const pinned = this.valueApart(entry);
      this.copyApart(entry);
      this.pins.drop(pinned);
    }
  }

  // ---- inside ----------------------------------------------------------------------------------

  private releaseApart(entry: EntryAddress): void {
    const value = this.valueBlock(entry);
    if (this.pins.size === 0 || !this.pins.drop(value)) {
      this.arena.free(value, this.roomBytes(entry));
    }
  }

  /** Trees whose roots the value is: two of a sorted set, one or two of a hash, else one. */
  private treeCount(entry: EntryAddress): number {
    return Math.floor(this.valueLength(entry) / rootBytes);
  }

  private treeBytes(entry: EntryAddress): number {
    const buffer = this.valueBuffer(entry);
    let bytes = 0;
    for (let tree = 0; tree < this.treeCount(entry); tree++) {
      bytes += this.trees.occupiedBytes(buffer, this.valueOffset(entry) + tree * rootBytes);
    }
    return bytes;
  }

  private wordsOf(entry: EntryAddress): Int32Array {
    return this.words[entry >>> windowShift] as Int32Array;
  }

  private header(entry: EntryAddress): number {
    return this.wordsOf(entry)[wordOf(entry)] as number;
  }

  /** The block that holds the value: the entry, or one of its own. */
  private valueBlock(entry: EntryAddress): Address {
    const header = this.header(entry);
    return (header & apartBit) === 0
      ? entry
      : (this.wordsOf(entry)[wordOf(entry) + (pointerOffset(header) >> 2)] as number);
  }

  /** Bytes before the value in its block. */
  private valueSkip(entry: EntryAddress): number {
    const header = this.header(entry);
    return (header & apartBit) === 0 ? keyOffset(header) + this.keyLength(entry) : 0;
  }

  private setPointer(entry: EntryAddress, value: Address, roomBytes: number): void {
    const words = this.wordsOf(entry);
    const pointer = wordOf(entry) + (pointerOffset(this.header(entry)) >> 2);
    words[pointer] = value;
    words[pointer + 1] = roomBytes / 8;
  }

  /** Allocates the record and writes lengths and bits (flags, type, encoding) into it. */
  private allocateRecord(bits: number, length: number, valueLength: number): EntryAddress {
    const long = length >= longKeyLength;
    const header = long
      ? bits | longKeyBit | (longKeyLength << keyShift)
      : bits | (length << keyShift);
    const inline = (bits & apartBit) !== 0 ? 0 : valueLength;
    const entry = this.arena.allocate(keyOffset(header) + length + inline);
    const words = this.wordsOf(entry);
    const at = wordOf(entry);
    words[at] = header;
    words[at + valueLengthWord] = valueLength;
    if (long) {
      words[at + longKeyWord] = length;
    }
    return entry;
  }

  private allocateApart(entry: EntryAddress, wantedBytes: number): void {
    try {
      const roomBytes = this.arena.blockBytes(wantedBytes);
      this.setPointer(entry, this.arena.allocate(roomBytes), roomBytes);
    } catch (error) {
      this.releaseRecord(entry);
      throw error;
    }
  }
}

/** Index of the first word of a block in its window. */
function wordOf(address: Address): number {
  return (address & windowMask) * 2;
}

function copyBytes(
  target: Buffer, at: number, buffer: Buffer, start: number, end: number,
): void {
  if (end - start > loopBytes) {
    buffer.copy(target, at, start, end);
    return;
  }
  for (let from = start, to = at; from < end; from++, to++) {
    target[to] = buffer[from] as number;
  }
}
