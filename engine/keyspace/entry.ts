// One key with its value, as it lies in the arena (little-endian words, aligned to 8 bytes).
//
//   0   u32  header: bit 0 long key · 1 deadline · 2 value apart · 3-6 type · 7-10 encoding
//                    · 11-31 key length, all ones for a long key
//   4   u32  value length
//   8   u32  epoch: the snapshot epoch in which this version was born
//   ..  u32  key length                                                only with bit 0
//   ..  u32, i32  deadline: Unix ms, low and high word, 0 = none       only with bit 1
//   ..  u32  address of the value, u32 its room in bytes / 8           only with bit 2
//   ..  key bytes
//   ..  value bytes                                                    only without bit 2
//
// 12 bytes and not 16: a key of 16 bytes with a value of 100 is 128 bytes then, two cache lines.
// Big values lie apart, so that renaming or expiring never copies them. Collections will lie apart
// too: their address instead of the value's, their encoding in the header.

import type { Address, Arena } from '../memory/arena.ts';

/** Where an entry lies, in units of 8 bytes; 0 means none. Invalid once its own key is changed. */
export type EntryAddress = Address;

/** Types as Redis' object types number them. */
export const typeString = 0;
export const typeList = 1;
export const typeSet = 2;
export const typeSortedSet = 3;
export const typeHash = 4;

/** Values longer than this lie apart. */
export const inlineLimitBytes = 4096;

const fixedBytes = 12;
const longKeyBit = 1;
const deadlineBit = 2;
const apartBit = 4;
const flagBits = 7;
// Words of a record.
const valueLengthWord = 1;
const epochWord = 2;
const longKeyWord = 3;
const typeShift = 3;
const keyShift = 11;
/** Everything in the header but the key length. */
const plainMask = 2 ** keyShift - 1;
/** Value of the key length in the header when the real one follows it. */
const longKeyLength = 2 ** 21 - 1;
/** Below this many bytes a loop over words beats the call of Buffer.copy. */
const loopBytes = 32;

/** Bytes before the deadline, if there is one. */
function deadlineOffset(header: number): number {
  return fixedBytes + ((header & longKeyBit) << 2);
}

/** Bytes before the address of a value apart, if it is. */
function pointerOffset(header: number): number {
  return deadlineOffset(header) + ((header & deadlineBit) << 2);
}

/** Bytes before the key. */
function keyOffset(header: number): number {
  return (header & flagBits) === 0
    ? fixedBytes
    : pointerOffset(header) + ((header & apartBit) << 1);
}

/** Index into `arena.i32` of the address of a value apart; its room follows. */
function pointerWord(entry: EntryAddress, header: number): number {
  return entry * 2 + (pointerOffset(header) >> 2);
}

/** Whether the entry has the key of `length` bytes, few enough to be all in `KeyHash.words`. */
export function hasShortKey(
  i32: Int32Array, entry: EntryAddress, words: Int32Array, length: number,
): boolean {
  const header = i32[entry * 2] as number;
  if (header >>> keyShift !== length) {
    return false;
  }
  const first = entry * 2 + (keyOffset(header) >> 2);
  const whole = length >> 2;
  for (let word = 0; word < whole; word++) {
    if (i32[first + word] !== words[word]) {
      return false;
    }
  }
  // The last word of the record may begin with the end of the key and go on with the value.
  const mask = (1 << ((length & 3) * 8)) - 1;
  return (((i32[first + whole] as number) ^ (words[whole] as number)) & mask) === 0;
}

/** Whether the entry has the key `start` to `end` of `buffer`, of any length. */
export function hasLongKey(
  entries: Entries, entry: EntryAddress, buffer: Buffer, start: number, end: number,
): boolean {
  if (entries.keyLength(entry) !== end - start) {
    return false;
  }
  const from = entries.keyStart(entry);
  return entries.arena.u8.compare(buffer, start, end, from, from + end - start) === 0;
}

/** Copies bytes into the arena, to any byte offset; source and target may overlap. */
export function copyBytes(
  arena: Arena, target: number, buffer: Buffer, start: number, end: number,
): void {
  if (end - start > loopBytes || buffer === arena.u8) {
    buffer.copy(arena.u8, target, start, end);
    return;
  }
  const u8 = arena.u8;
  let to = target;
  for (let from = start; from < end; from++) {
    u8[to++] = buffer[from] as number;
  }
}

/** Reads and builds entries of one arena; knows nothing of dicts. */
export class Entries {
  readonly arena: Arena;

  constructor(arena: Arena) {
    this.arena = arena;
  }

  /** typeString, … */
  type(entry: EntryAddress): number {
    return ((this.arena.i32[entry * 2] as number) >>> typeShift) & 15;
  }

  /** Bytes of the key. */
  keyLength(entry: EntryAddress): number {
    const i32 = this.arena.i32;
    const header = i32[entry * 2] as number;
    return (header & longKeyBit) === 0
      ? header >>> keyShift
      : (i32[entry * 2 + longKeyWord] as number);
  }

  /** Byte offset of the key in `arena.u8`. */
  keyStart(entry: EntryAddress): number {
    return entry * 8 + keyOffset(this.arena.i32[entry * 2] as number);
  }

  /** Bytes of the value. */
  valueLength(entry: EntryAddress): number {
    return this.arena.i32[entry * 2 + valueLengthWord] as number;
  }

  /** Byte offset of the value in `arena.u8`. */
  valueStart(entry: EntryAddress): number {
    const i32 = this.arena.i32;
    const header = i32[entry * 2] as number;
    if ((header & apartBit) !== 0) {
      return (i32[pointerWord(entry, header)] as number) * 8;
    }
    return entry * 8 + keyOffset(header) + this.keyLength(entry);
  }

  /** Whether it is an inline string of `length` bytes without any optional field. */
  isPlain(entry: EntryAddress, length: number): boolean {
    const i32 = this.arena.i32;
    return ((i32[entry * 2] as number) & plainMask) === 0 &&
      i32[entry * 2 + valueLengthWord] === length;
  }

  /** `valueStart` of a plain entry. */
  plainValueStart(entry: EntryAddress): number {
    return entry * 8 + fixedBytes + ((this.arena.i32[entry * 2] as number) >>> keyShift);
  }

  /** Snapshot epoch in which this version was born. */
  epoch(entry: EntryAddress): number {
    return this.arena.i32[entry * 2 + epochWord] as number;
  }

  /** Unix time in ms at which the entry expires; 0 = never. */
  deadlineMs(entry: EntryAddress): number {
    const { i32, u32 } = this.arena;
    const header = i32[entry * 2] as number;
    if ((header & deadlineBit) === 0) {
      return 0;
    }
    const at = entry * 2 + (deadlineOffset(header) >> 2);
    return (i32[at + 1] as number) * 2 ** 32 + (u32[at] as number);
  }

  /** Whether a deadline can be written without moving the entry. */
  hasDeadlineRoom(entry: EntryAddress): boolean {
    return ((this.arena.i32[entry * 2] as number) & deadlineBit) !== 0;
  }

  /** Writes the deadline of an entry that has room for it. */
  setDeadlineMs(entry: EntryAddress, deadlineMs: number): void {
    const i32 = this.arena.i32;
    const at = entry * 2 + (deadlineOffset(i32[entry * 2] as number) >> 2);
    const high = Math.floor(deadlineMs / 2 ** 32);
    i32[at] = deadlineMs - high * 2 ** 32;
    i32[at + 1] = high;
  }

  /** Marks the version as born in `epoch`. */
  setEpoch(entry: EntryAddress, epoch: number): void {
    this.arena.i32[entry * 2 + epochWord] = epoch;
  }

  /** Makes it a string of `length` bytes; only where `roomFor` says that they fit. */
  setValueLength(entry: EntryAddress, length: number): void {
    const i32 = this.arena.i32;
    i32[entry * 2] = (i32[entry * 2] as number) & ~(plainMask & ~flagBits);
    i32[entry * 2 + valueLengthWord] = length;
  }

  /** Whether a string of `length` bytes fits where the present value is, without undue waste. */
  roomFor(entry: EntryAddress, length: number): boolean {
    const i32 = this.arena.i32;
    const header = i32[entry * 2] as number;
    const present = i32[entry * 2 + valueLengthWord] as number;
    if (length === present) {
      return true;
    }
    if ((header & apartBit) !== 0) {
      const room = (i32[pointerWord(entry, header) + 1] as number) * 8;
      return length > inlineLimitBytes && length <= room && room <= length * 2;
    }
    const before = keyOffset(header) + this.keyLength(entry);
    return length <= inlineLimitBytes &&
      this.arena.blockBytes(before + length) === this.arena.blockBytes(before + present);
  }

  /** As `roomFor`, for a value that grows: room kept for growth is no waste. */
  roomToGrow(entry: EntryAddress, length: number): boolean {
    const i32 = this.arena.i32;
    const header = i32[entry * 2] as number;
    return (header & apartBit) === 0
      ? this.roomFor(entry, length)
      : length <= (i32[pointerWord(entry, header) + 1] as number) * 8;
  }

  /**
   * Allocates a string entry for a key and a value of these lengths, whose bytes are undefined, as
   * is the epoch; `roomBytes` is what a value apart shall have room for.
   * @throws {EngineError} ARENA_FULL when there is no room; nothing has changed then.
   */
  create(
    keyLength: number, valueLength: number, deadlineMs: number, roomBytes: number,
  ): EntryAddress {
    const apart = valueLength > inlineLimitBytes;
    const flags = (deadlineMs === 0 ? 0 : deadlineBit) | (apart ? apartBit : 0);
    const entry = this.allocateRecord(flags, keyLength, valueLength);
    if (deadlineMs !== 0) {
      this.setDeadlineMs(entry, deadlineMs);
    }
    if (apart) {
      this.allocateApart(entry, roomBytes);
    }
    return entry;
  }

  /**
   * As `create`, with room for half as much again where the value lies apart.
   * @throws {EngineError} ARENA_FULL when there is no room even without that.
   */
  createWithSlack(keyLength: number, valueLength: number, deadlineMs: number): EntryAddress {
    try {
      const roomBytes = valueLength + (valueLength >>> 1);
      return this.create(keyLength, valueLength, deadlineMs, roomBytes);
    } catch {
      return this.create(keyLength, valueLength, deadlineMs, valueLength);
    }
  }

  /**
   * Allocates a copy of the entry for a key of `keyLength` bytes: same value, type and deadline,
   * key bytes undefined. A value apart is then shared: give back one of the two with
   * `releaseRecord`.
   * @throws {EngineError} ARENA_FULL when there is no room; nothing has changed then.
   */
  copyForKey(
    entry: EntryAddress, keyLength: number, withDeadlineRoom: boolean, epoch: number,
  ): EntryAddress {
    const i32 = this.arena.i32;
    const from = i32[entry * 2] as number;
    const kept = from & plainMask & ~(deadlineBit | longKeyBit);
    const valueLength = this.valueLength(entry);
    const bits = kept | (withDeadlineRoom ? deadlineBit : 0);
    const copy = this.allocateRecord(bits, keyLength, valueLength);
    this.setEpoch(copy, epoch);
    if (withDeadlineRoom) {
      this.setDeadlineMs(copy, this.deadlineMs(entry));
    }
    if ((from & apartBit) !== 0) {
      const source = pointerWord(entry, from);
      const target = pointerWord(copy, i32[copy * 2] as number);
      i32[target] = i32[source] as number;
      i32[target + 1] = i32[source + 1] as number;
    } else {
      const start = this.valueStart(entry);
      copyBytes(this.arena, this.valueStart(copy), this.arena.u8, start, start + valueLength);
    }
    return copy;
  }

  /** Gives back the entry and its value. */
  release(entry: EntryAddress): void {
    const i32 = this.arena.i32;
    const header = i32[entry * 2] as number;
    if ((header & apartBit) !== 0) {
      const pointer = pointerWord(entry, header);
      this.arena.free(i32[pointer] as number, (i32[pointer + 1] as number) * 8);
    }
    this.releaseRecord(entry);
  }

  /** Gives back the entry, but not a value apart. */
  releaseRecord(entry: EntryAddress): void {
    const header = this.arena.i32[entry * 2] as number;
    const inline = (header & apartBit) !== 0 ? 0 : this.valueLength(entry);
    this.arena.free(entry, keyOffset(header) + this.keyLength(entry) + inline);
  }

  /** Bytes that entry and value occupy, rounded to their blocks (MEMORY USAGE). */
  occupiedBytes(entry: EntryAddress): number {
    const header = this.arena.i32[entry * 2] as number;
    const apart = (header & apartBit) !== 0;
    const inline = apart ? 0 : this.valueLength(entry);
    const record = this.arena.blockBytes(keyOffset(header) + this.keyLength(entry) + inline);
    return apart ? record + (this.arena.i32[pointerWord(entry, header) + 1] as number) * 8 : record;
  }

  /** Allocates the record and writes lengths and bits (flags, type, encoding) into it. */
  private allocateRecord(bits: number, keyLength: number, valueLength: number): EntryAddress {
    const i32 = this.arena.i32;
    const long = keyLength >= longKeyLength;
    const header = long ? bits | longKeyBit | (longKeyLength << keyShift)
      : bits | (keyLength << keyShift);
    const inline = (bits & apartBit) !== 0 ? 0 : valueLength;
    const entry = this.arena.allocate(keyOffset(header) + keyLength + inline);
    i32[entry * 2] = header;
    i32[entry * 2 + valueLengthWord] = valueLength;
    if (long) {
      i32[entry * 2 + longKeyWord] = keyLength;
    }
    return entry;
  }

  private allocateApart(entry: EntryAddress, roomBytes: number): void {
    const i32 = this.arena.i32;
    const pointer = pointerWord(entry, i32[entry * 2] as number);
    try {
      const room = this.arena.blockBytes(roomBytes);
      i32[pointer] = this.arena.allocate(room);
      i32[pointer + 1] = room / 8;
    } catch (error) {
      this.releaseRecord(entry);
      throw error;
    }
  }
}
