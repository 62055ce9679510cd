// Size classes of small blocks: every 8 bytes up to 256, then eight steps to each doubling,
// so that a block is at most an eighth larger than what was asked for.

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
const finestUpToBytes = 256;

function blockSizes(maxBytes: number): number[] {
  const sizes: number[] = [];
  for (let bytes = smallestBytes; bytes <= finestUpToBytes; bytes += 8) {
    sizes.push(bytes);
  }
  for (let base = finestUpToBytes; base < maxBytes; base *= 2) {
    for (let step = 1; step <= 8; step++) {
      sizes.push(base + (base / 8) * step);
    }
  }
  return sizes;
}

/** Builds the tables for blocks up to `maxBytes`, a power of two of at least 256. */
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
