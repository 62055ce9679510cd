// How an entry lies in the arena (little-endian words, aligned to 8 bytes).
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
// Big values lie apart, so that renaming or expiring never copies them. The value of a collection
// is a pack, or the roots of the trees that it consists of (engine/tree), as its encoding says.
//
// The functions take `words`, the window of the arena that holds the record, and `at`, the index of
// its first word there.

/** Where a value lies: `bytes` bytes of `buffer` from `base` on. */
export interface ValuePlace {
  buffer: Buffer;
  base: number;
  bytes: number;
}

export const longKeyBit = 1;
export const deadlineBit = 2;
export const apartBit = 4;
export const typeShift = 3;
export const encodingShift = 7;
export const keyShift = 11;
/** The optional fields. */
export const flagBits = 7;
/** Everything in the header but the key length. */
export const plainMask: number = 2 ** keyShift - 1;
/** Value of the key length in the header when the real one follows it. */
export const longKeyLength: number = 2 ** 21 - 1;

export const valueLengthWord = 1;
export const epochWord = 2;
export const longKeyWord = 3;
/** Bytes without any optional field. */
export const fixedBytes = 12;

/** Bytes before the deadline, if there is one. */
export function deadlineOffset(header: number): number {
  return fixedBytes + ((header & longKeyBit) << 2);
}

/** Bytes before the address of a value apart, if it is. */
export function pointerOffset(header: number): number {
  return deadlineOffset(header) + ((header & deadlineBit) << 2);
}

/** Bytes before the key. */
export function keyOffset(header: number): number {
  return (header & flagBits) === 0
    ? fixedBytes
    : pointerOffset(header) + ((header & apartBit) << 1);
}

/** Bytes of the key. */
export function keyLength(words: Int32Array, at: number): number {
  const header = words[at] as number;
  return (header & longKeyBit) === 0 ? header >>> keyShift : (words[at + longKeyWord] as number);
}

/** Bytes of the record itself, without a value apart. */
export function recordBytes(words: Int32Array, at: number): number {
  const header = words[at] as number;
  const inline = (header & apartBit) !== 0 ? 0 : (words[at + valueLengthWord] as number);
  return keyOffset(header) + keyLength(words, at) + inline;
}

/** The deadline in Unix ms, 0 = none. */
export function readDeadline(words: Int32Array, at: number): number {
  const header = words[at] as number;
  if ((header & deadlineBit) === 0) {
    return 0;
  }
  const low = at + (deadlineOffset(header) >> 2);
  return (words[low + 1] as number) * 2 ** 32 + ((words[low] as number) >>> 0);
}

/** Writes the deadline of a record that has room for it. */
export function writeDeadline(words: Int32Array, at: number, deadlineMs: number): void {
  const low = at + (deadlineOffset(words[at] as number) >> 2);
  const high = Math.floor(deadlineMs / 2 ** 32);
  words[low] = deadlineMs - high * 2 ** 32;
  words[low + 1] = high;
}

/**
 * Whether the key is the one of `length` bytes whose words are `keyWords` (KeyHash.words); hot, so
 * four bytes at a time, none of them gathered again.
 */
export function hasShortKey(
  words: Int32Array, at: number, keyWords: Int32Array, length: number,
): boolean {
  const header = words[at] as number;
  if (header >>> keyShift !== length) {
    return false;
  }
  const first = at + (keyOffset(header) >> 2);
  const whole = length >> 2;
  for (let word = 0; word < whole; word++) {
    if (words[first + word] !== keyWords[word]) {
      return false;
    }
  }
  // The last word may begin with the end of the key and go on with the value.
  const mask = (1 << ((length & 3) * 8)) - 1;
  return (((words[first + whole] as number) ^ (keyWords[whole] as number)) & mask) === 0;
}
