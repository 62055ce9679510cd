// Size classes of small blocks: every 8 bytes up to 512, then 32 steps to each doubling, so
// that a block is at most a 32nd larger than what was asked for. (What a slab of a class has not
// handed out yet was never touched and takes no memory.)

/** The classes of one arena, as tables. */
export interface SizeClasses {
  readonly count: number;
  /** Bytes of the largest class; more is served in whole units. */
  readonly maxBytes: number;
  /** Class by size in words of 8 bytes, rounded up. */
  readonly ofWords: Uint8Array;
  /** Block size of each class in bytes. */
  readonly bytes: Int32Array;
}

const smallestBytes = 16;
const finestUpToBytes = 512;
const stepsToDoubling = 32;

function blockSizes(maxBytes: number): number[] {
  const sizes: number[] = [];
  for (let bytes = smallestBytes; bytes <= finestUpToBytes; bytes += 8) {
    sizes.push(bytes);
  }
  for (let base = finestUpToBytes; base < maxBytes; base *= 2) {
    for (let step = 1; step <= stepsToDoubling; step++) {
      sizes.push(base + (base / stepsToDoubling) * step);
    }
  }
  return sizes;
}

/** Builds the tables for blocks up to `maxBytes`, a power of two of at least 512. */
export function sizeClasses(maxBytes: number): SizeClasses {
  const bytes = Int32Array.from(blockSizes(maxBytes));
  const ofWords = new Uint8Array(maxBytes / 8 + 1);
  let next = 0;
  for (let words = 0; words < ofWords.length; words++) {
    while ((bytes[next] as number) < words * 8) {
      next++;
    }
    ofWords[words] = next;
  }
  return { count: bytes.length, maxBytes, ofWords, bytes };
}
