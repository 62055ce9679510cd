// LZF, the compression of long strings in RDB files.
//
//   000LLLLL                     L + 1 literal bytes follow (1 … 32)
//   LLLooooo oooooooo            L = 1 … 6: copy L + 2 bytes from o + 1 bytes back (1 … 8192)
//   111ooooo LLLLLLLL oooooooo   copy L + 9 bytes (9 … 264) from o + 1 bytes back
//
// A copy may overlap what it writes: a run of one byte is a copy from one byte back.

const hashBits = 12;
const maxLiteralBytes = 32;
const maxDistanceBytes = 8192;
const maxCopyBytes = 264;
const minCopyBytes = 3;

/** Compressed strings are kept only when they are at least this much shorter, in bytes. */
export const minSavingBytes = 4;

/** Compresses strings; its table is reused from call to call without being cleared. */
export class LzfCompressor {
  // For each hash of three bytes the place where they were seen last, counted from the first
  // string on. What lies before `base`, the start of this string, is from earlier strings.
  private readonly seen: Int32Array = new Int32Array(1 << hashBits);
  private base = 1;
  private stop = 0;

  /**
   * Compresses `source[start … end)` to `target[at …]`, which needs as much room as the source.
   * Returns the compressed length in bytes, or 0 when it would not save minSavingBytes.
   */
  compress(
    source: Uint8Array, start: number, end: number, target: Uint8Array, at: number,
  ): number {
    const sourceBytes = end - start;
    if (sourceBytes <= minSavingBytes) return 0;
    if (this.base + sourceBytes > 0x3fffffff) this.forget();
    this.stop = at + sourceBytes - minSavingBytes;
    const seen = this.seen;
    const oldest = this.base;
    const shift = oldest - start;
    this.base += sourceBytes;
    const lastStart = end - minCopyBytes;
    let out = at;
    let literalStart = start;
    let from = start;
    while (from <= lastStart) {
      const three = ((source[from] as number) << 16) | ((source[from + 1] as number) << 8)
        | (source[from + 2] as number);
      const slot = Math.imul(three, 0x9e3779b1) >>> (32 - hashBits);
      const mark = seen[slot] as number;
      const match = mark - shift;
      seen[slot] = from + shift;
      if (mark < oldest || from - match > maxDistanceBytes || source[match] !== three >>> 16
        || source[match + 1] !== ((three >>> 8) & 255)
        || source[match + 2] !== (three & 255)) {
        from++;
        continue;
      }
      const length = matchLength(source, match, from, Math.min(end - from, maxCopyBytes));
      out = this.writeLiterals(source, literalStart, from, target, out);
      if (out < 0 || out + 3 > this.stop) return 0;
      out = writeCopy(target, out, from - match - 1, length);
      from += length;
      literalStart = from;
    }
    out = this.writeLiterals(source, literalStart, end, target, out);
    return out < 0 ? 0 : out - at;
  }

  private forget(): void {
    this.seen.fill(0);
    this.base = 1;
  }

  /** Returns where to go on writing, or -1 when there is no room before `stop`. */
  private writeLiterals(
    source: Uint8Array, start: number, end: number, target: Uint8Array, at: number,
  ): number {
    const bytes = end - start;
    if (at + bytes + Math.ceil(bytes / maxLiteralBytes) > this.stop) return -1;
    let from = start;
    let out = at;
    while (from < end) {
      const count = Math.min(end - from, maxLiteralBytes);
      target[out++] = count - 1;
      for (let i = 0; i < count; i++) target[out + i] = source[from + i] as number;
      out += count;
      from += count;
    }
    return out;
  }
}

function matchLength(source: Uint8Array, match: number, from: number, longest: number): number {
  let length = minCopyBytes;
  while (length < longest && source[match + length] === source[from + length]) length++;
  return length;
}

function writeCopy(target: Uint8Array, at: number, back: number, length: number): number {
  if (length < 9) {
    target[at] = ((length - 2) << 5) | (back >>> 8);
    target[at + 1] = back & 255;
    return at + 2;
  }
  target[at] = 0xe0 | (back >>> 8);
  target[at + 1] = length - 9;
  target[at + 2] = back & 255;
  return at + 3;
}

/** Where expanded bytes go: exactly `target[start … end)`. */
export class LzfExpander {
  /** The first byte to be written. */
  start = 0;
  /** One past the last byte to be written. */
  end = 0;

  /**
   * Expands `source[from … to)` into `target[start … end)`, filling it exactly.
   * Returns -1 when all is well, else the offset in `source` of the instruction that is wrong.
   */
  expand(source: Uint8Array, from: number, to: number, target: Uint8Array): number {
    const stop = this.end;
    let at = from;
    let out = this.start;
    while (at < to) {
      const instruction = at;
      const control = source[at++] as number;
      if (control < maxLiteralBytes) {
        const count = control + 1;
        if (at + count > to || out + count > stop) return instruction;
        for (let i = 0; i < count; i++) target[out + i] = source[at + i] as number;
        at += count;
        out += count;
        continue;
      }
      let count = (control >>> 5) + 2;
      if (count === 9) {
        if (at >= to) return instruction;
        count += source[at++] as number;
      }
      if (at >= to) return instruction;
      const back = out - (((control & 31) << 8) | (source[at++] as number)) - 1;
      if (back < this.start || out + count > stop) return instruction;
      for (let i = 0; i < count; i++) target[out + i] = target[back + i] as number;
      out += count;
    }
    return out === stop ? -1 : to;
  }
}
