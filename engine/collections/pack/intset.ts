// Redis' intset, byte for byte: a small set of integers, sorted, all of one width.
//
//   u32 bytes of an integer: 2, 4 or 8 · u32 integers · integer …      all little-endian

import type { Integer64 } from './integer64.ts';
import { readSigned32, readUnsigned32, writeUnsigned32 } from './listpack.ts';

export const intSetHeaderBytes = 8;

/** Bytes that an integer needs in an intset. */
export function integerWidth(integer: Integer64): number {
  const { low } = integer;
  if (integer.high !== low >> 31) {
    return 8;
  }
  return low === (low << 16) >> 16 ? 2 : 4;
}

/** Bytes of each integer. */
export function intSetWidth(buffer: Buffer, base: number): number {
  return buffer[base] as number;
}

/** Integers in the set. */
export function intSetCount(buffer: Buffer, base: number): number {
  return readUnsigned32(buffer, base + 4);
}

/** Writes width and count. */
export function writeIntSetHeader(
  buffer: Buffer, base: number, width: number, count: number,
): void {
  writeUnsigned32(buffer, base, width);
  writeUnsigned32(buffer, base + 4, count);
}

/** Reads the integer of `width` bytes at `at`. */
export function readIntSetAt(buffer: Buffer, at: number, width: number, into: Integer64): void {
  if (width === 8) {
    into.low = readSigned32(buffer, at);
    into.high = readSigned32(buffer, at + 4);
    return;
  }
  const low = (buffer[at] as number) | ((buffer[at + 1] as number) << 8);
  const value = width === 2
    ? (low << 16) >> 16
    : low | ((buffer[at + 2] as number) << 16) | ((buffer[at + 3] as number) << 24);
  into.low = value;
  into.high = value >> 31;
}

/** Writes an integer into `width` bytes at `at`. */
export function writeIntSetAt(
  buffer: Buffer, at: number, width: number, integer: Integer64,
): void {
  buffer[at] = integer.low;
  buffer[at + 1] = integer.low >>> 8;
  if (width > 2) {
    buffer[at + 2] = integer.low >>> 16;
    buffer[at + 3] = integer.low >>> 24;
  }
  if (width === 8) {
    writeUnsigned32(buffer, at + 4, integer.high);
  }
}

/**
 * Index of the integer, or, when it is not there, -1 - index of the first one above it. `scratch`
 * is overwritten.
 */
export function searchIntSet(
  buffer: Buffer, base: number, wanted: Integer64, scratch: Integer64,
): number {
  const width = intSetWidth(buffer, base);
  let lower = 0;
  let upper = intSetCount(buffer, base);
  while (lower < upper) {
    const middle = (lower + upper) >>> 1;
    readIntSetAt(buffer, base + intSetHeaderBytes + middle * width, width, scratch);
    const order = scratch.compare(wanted.high, wanted.low);
    if (order === 0) {
      return middle;
    }
    if (order < 0) {
      lower = middle + 1;
    } else {
      upper = middle;
    }
  }
  return -1 - lower;
}

/** Integers of the intset that fills `start` to `end`; -1 when malformed or out of order. */
export function checkIntSet(
  buffer: Buffer, start: number, end: number, scratch: readonly [Integer64, Integer64],
): number {
  const total = end - start;
  if (total < intSetHeaderBytes) {
    return -1;
  }
  const width = readUnsigned32(buffer, start);
  const count = intSetCount(buffer, start);
  const known = width === 2 || width === 4 || width === 8;
  if (!known || total !== intSetHeaderBytes + count * width) {
    return -1;
  }
  const [integer, before] = scratch;
  for (let index = 0; index < count; index++) {
    readIntSetAt(buffer, start + intSetHeaderBytes + index * width, width, integer);
    if (index > 0 && before.compare(integer.high, integer.low) >= 0) {
      return -1;
    }
    before.high = integer.high;
    before.low = integer.low;
  }
  return count;
}
