// The hash of keys: Marvin32, the keyed hash that .NET uses for strings, so that nobody who does
// not know the secret can choose keys that collide. It is as fast here as an unkeyed hash (half the
// time of HalfSipHash). 31 of its bits are used: always a small integer, and the top ones choose
// the dict segment.

/** Hashes end below this; it doubles as the mark of an empty slot and as the end of a walk. */
export const hashEnd = 0x7fffffff;
/** Keys up to this long leave their bytes in `words`: comparing need not gather them again. */
export const keptBytes = 64;
const keptWords = keptBytes / 4 + 1;

/** The hash function of one process. */
export class KeyHash {
  /** The bytes hashed last as words, the last one padded with zeros; at most `keptBytes`. */
  readonly words: Int32Array = new Int32Array(keptWords);
  private readonly low: number;
  private readonly high: number;

  /** The secret: 64 bits in two words. */
  constructor(low: number, high: number) {
    this.low = low | 0;
    this.high = high | 0;
  }

  /** Hash of the bytes `start` to `end`: 0 to hashEnd - 1. */
  of(buffer: Uint8Array, start: number, end: number): number {
    const words = this.words;
    let p0 = this.low;
    let p1 = this.high;
    let index = 0;
    let at = start;
    for (; at + 4 <= end; at += 4) {
      const word = (buffer[at] as number) | ((buffer[at + 1] as number) << 8) |
        ((buffer[at + 2] as number) << 16) | ((buffer[at + 3] as number) << 24);
      if (index < keptWords) {
        words[index++] = word;
      }
      p0 = (p0 + word) | 0;
      // One block of Marvin, written out because a function would have to return two words.
      p1 ^= p0; p0 = (p0 << 20) | (p0 >>> 12); p0 = (p0 + p1) | 0; p1 = (p1 << 9) | (p1 >>> 23);
      p1 ^= p0; p0 = (p0 << 27) | (p0 >>> 5); p0 = (p0 + p1) | 0; p1 = (p1 << 19) | (p1 >>> 13);
    }
    let tail = 0;
    let shift = 0;
    for (; at < end; at++, shift += 8) {
      tail |= (buffer[at] as number) << shift;
    }
    if (index < keptWords) {
      words[index] = tail;
    }
    p0 = (p0 + (tail | (0x80 << shift))) | 0;
    for (let block = 0; block < 2; block++) {
      p1 ^= p0; p0 = (p0 << 20) | (p0 >>> 12); p0 = (p0 + p1) | 0; p1 = (p1 << 9) | (p1 >>> 23);
      p1 ^= p0; p0 = (p0 << 27) | (p0 >>> 5); p0 = (p0 + p1) | 0; p1 = (p1 << 19) | (p1 >>> 13);
    }
    const hash = (p0 ^ p1) >>> 1;
    return hash === hashEnd ? hashEnd - 1 : hash;
  }
}
