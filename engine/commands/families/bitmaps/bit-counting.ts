// Bits in ranges of bytes: how many are set, where the first one of a kind is. Bit 0 is the highest
// bit of byte 0, as Redis counts.

const table: Uint8Array = Uint8Array.from({ length: 256 }, (_, byte) => {
  let bits = 0;
  for (let rest = byte; rest > 0; rest >>>= 1) bits += rest & 1;
  return bits;
});

/** Set bits in `bytes[start … end)`. */
export function countBits(bytes: Buffer, start: number, end: number): number {
  let count = 0;
  let at = start;
  for (; at + 4 <= end; at += 4) {
    count += (table[bytes[at] as number] as number) + (table[bytes[at + 1] as number] as number)
      + (table[bytes[at + 2] as number] as number) + (table[bytes[at + 3] as number] as number);
  }
  for (; at < end; at++) count += table[bytes[at] as number] as number;
  return count;
}

/** A range of bits of a value: `first` and `last` are bit numbers, both included. */
export interface BitRange {
  readonly first: number;
  readonly last: number;
}

/** Set bits in a range of the value that begins at `base`. */
export function countBitRange(bytes: Buffer, base: number, range: BitRange): number {
  const firstByte = Math.floor(range.first / 8);
  const lastByte = Math.floor(range.last / 8);
  let count = countBits(bytes, base + firstByte, base + lastByte + 1);
  const before = (0xff00 >>> (range.first % 8)) & 0xff;
  const behind = 0xff >>> ((range.last % 8) + 1);
  count -= table[(bytes[base + firstByte] as number) & before] as number;
  count -= table[(bytes[base + lastByte] as number) & behind] as number;
  return count;
}

/** Number of the first bit in the range that is `bit` (0 or 1), or -1. */
export function findBit(bytes: Buffer, base: number, bit: number, range: BitRange): number {
  const dull = bit === 1 ? 0 : 255;
  let at = range.first;
  while (at <= range.last) {
    const byte = bytes[base + Math.floor(at / 8)] as number;
    if (at % 8 === 0 && byte === dull) {
      at += 8;
      continue;
    }
    if (((byte >>> (7 - (at % 8))) & 1) === bit) return at;
    at++;
  }
  return -1;
}
