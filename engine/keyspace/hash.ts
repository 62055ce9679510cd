// The hash of keys: HalfSipHash-1-3 (J.-P. Aumasson, D. J. Bernstein; the Linux kernel's hsiphash),
// on 32-bit words, with a secret key, so that nobody can choose keys that collide. 31 bits of it
// are used: always a small integer, and its top bits choose the dict segment.

/** Hashes end below this; it doubles as the mark of an empty slot and as the end of a walk. */
export const hashEnd = 0x7fffffff;

/** The hash function of one process. */
export class KeyHash {
  private readonly k0: number;
  private readonly k1: number;

  /** `seed`: any integer up to 2^53, the secret. */
  constructor(seed: number) {
    const low = seed % 2 ** 32 | 0;
    const high = Math.floor(seed / 2 ** 32) | 0;
    this.k0 = Math.imul(low ^ 0x5bd1e995, 0x9e3779b1);
    this.k1 = Math.imul(high ^ Math.imul(low, 0x85ebca6b) ^ 0x27d4eb2f, 0xc2b2ae35);
  }

  /** Hash of the bytes `start` to `end`: 0 to hashEnd - 1. */
  of(buffer: Uint8Array, start: number, end: number): number {
    let v0 = this.k0;
    let v1 = this.k1;
    let v2 = v0 ^ 0x6c796765;
    let v3 = v1 ^ 0x74656462;
    let at = start;
    for (; at + 4 <= end; at += 4) {
      const word = (buffer[at] as number) | ((buffer[at + 1] as number) << 8) |
        ((buffer[at + 2] as number) << 16) | ((buffer[at + 3] as number) << 24);
      v3 ^= word;
      // One SipRound; written out three times because a function would have to return four words.
      v0 = (v0 + v1) | 0; v1 = ((v1 << 5) | (v1 >>> 27)) ^ v0; v0 = (v0 << 16) | (v0 >>> 16);
      v2 = (v2 + v3) | 0; v3 = ((v3 << 8) | (v3 >>> 24)) ^ v2;
      v0 = (v0 + v3) | 0; v3 = ((v3 << 7) | (v3 >>> 25)) ^ v0;
      v2 = (v2 + v1) | 0; v1 = ((v1 << 13) | (v1 >>> 19)) ^ v2; v2 = (v2 << 16) | (v2 >>> 16);
      v0 ^= word;
    }
    let last = (end - start) << 24;
    for (let shift = 0; at < end; at++, shift += 8) {
      last |= (buffer[at] as number) << shift;
    }
    v3 ^= last;
    v0 = (v0 + v1) | 0; v1 = ((v1 << 5) | (v1 >>> 27)) ^ v0; v0 = (v0 << 16) | (v0 >>> 16);
    v2 = (v2 + v3) | 0; v3 = ((v3 << 8) | (v3 >>> 24)) ^ v2;
    v0 = (v0 + v3) | 0; v3 = ((v3 << 7) | (v3 >>> 25)) ^ v0;
    v2 = (v2 + v1) | 0; v1 = ((v1 << 13) | (v1 >>> 19)) ^ v2; v2 = (v2 << 16) | (v2 >>> 16);
    v0 ^= last;
    v2 ^= 0xff;
    for (let round = 0; round < 3; round++) {
      v0 = (v0 + v1) | 0; v1 = ((v1 << 5) | (v1 >>> 27)) ^ v0; v0 = (v0 << 16) | (v0 >>> 16);
      v2 = (v2 + v3) | 0; v3 = ((v3 << 8) | (v3 >>> 24)) ^ v2;
      v0 = (v0 + v3) | 0; v3 = ((v3 << 7) | (v3 >>> 25)) ^ v0;
      v2 = (v2 + v1) | 0; v1 = ((v1 << 13) | (v1 >>> 19)) ^ v2; v2 = (v2 << 16) | (v2 >>> 16);
    }
    const hash = (v1 ^ v3) >>> 1;
    return hash === hashEnd ? hashEnd - 1 : hash;
  }
}
