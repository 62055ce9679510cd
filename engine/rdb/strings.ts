// Lengths and strings of an RDB file, in all their encodings.
import { EngineError } from '../errors.ts';
import type { ByteWindow } from './byte-window.ts';
import { length32, length64, stringInt16, stringInt32, stringInt8, stringLzf } from './format.ts';
import { LzfExpander } from './lzf.ts';

// Three bytes of LZF make at most 264: a claim beyond that is a lie, and not worth the memory.
const maxExpansion = 88;

/** Reads from a window; the string read last is `buffer[start … end)` until the next read. */
export class RdbStrings {
  buffer: Buffer;
  start = 0;
  end = 0;
  /** Where strings that do not stand in the file as they are get built: one for keys … */
  keyScratch: Buffer = Buffer.allocUnsafeSlow(64);
  /** … and one for values. */
  valueScratch: Buffer = Buffer.allocUnsafeSlow(4096);
  private readonly window: ByteWindow;
  private readonly expander = new LzfExpander();

  constructor(window: ByteWindow) {
    this.window = window;
    this.buffer = window.buffer;
  }

  /** @throws {EngineError} RDB_BAD unless so many bytes lie ahead; `what` says of what. */
  need(bytes: number, what: string): void {
    const window = this.window;
    if (window.end - window.at >= bytes || window.ensure(bytes)) return;
    const offset = window.offset;
    throw this.bad(offset, what,
      `the end of the file after ${Math.max(0, window.sizeBytes - offset)} of ${bytes} bytes`);
  }

  /** A length that is no special string. */
  plainLength(what: string): number {
    const offset = this.window.offset;
    const length = this.length(what);
    if (length < 0) throw this.bad(offset, what, `the byte ${-1 - length}`);
    return length;
  }

  /**
   * Reads a string and returns its length in bytes. Encoded ones are built in `scratch`, or in a
   * larger buffer that replaces it: look at `buffer`.
   */
  read(what: string, scratch: Buffer): number {
    const window = this.window;
    const length = this.length(what);
    if (length < 0) {
      this.special(-1 - length, what, scratch);
      return this.end - this.start;
    }
    this.need(length, what);
    this.buffer = window.buffer;
    this.start = window.at;
    this.end = window.at + length;
    window.at += length;
    return length;
  }

  /** Reads a string as latin1 text. */
  readText(what: string): string {
    this.read(what, this.valueScratch);
    return this.buffer.toString('latin1', this.start, this.end);
  }

  /** A length, or -1 - b for the special string whose first byte is b. */
  private length(what: string): number {
    const window = this.window;
    this.need(1, what);
    const offset = window.offset;
    const first = window.buffer[window.at++] as number;
    if (first < 0x40) return first;
    if (first < 0x80) {
      this.need(1, what);
      return ((first & 0x3f) << 8) | (window.buffer[window.at++] as number);
    }
    if (first === length32) {
      this.need(4, what);
      window.at += 4;
      return window.buffer.readUInt32BE(window.at - 4);
    }
    if (first === length64) {
      this.need(8, what);
      window.at += 8;
      const high = window.buffer.readUInt32BE(window.at - 8);
      return high * 0x100000000 + window.buffer.readUInt32BE(window.at - 4);
    }
    if (first >= stringInt8 && first <= stringLzf) return -1 - first;
    throw this.bad(offset, `the length of ${what}`, `the byte ${first}`);
  }

  private special(first: number, what: string, scratch: Buffer): void {
    if (first === stringLzf) {
      this.compressed(what, scratch);
      return;
    }
    const window = this.window;
    const bytes = first === stringInt8 ? 1 : first === stringInt16 ? 2 : 4;
    this.need(bytes, what);
    const { buffer, at } = window;
    let value = 0;
    if (first === stringInt32) value = buffer.readInt32LE(at);
    else value = bytes === 1 ? buffer.readInt8(at) : buffer.readInt16LE(at);
    window.at += bytes;
    this.buffer = scratch;
    this.start = 0;
    this.end = writeDecimal(scratch, value);
  }

  private compressed(what: string, scratch: Buffer): void {
    const window = this.window;
    const offset = window.offset - 1;
    const length = this.plainLength(what);
    const expanded = this.plainLength(what);
    this.need(length, what);
    if (expanded > length * maxExpansion) {
      throw this.bad(offset, what, `${length} compressed bytes that claim to hold ${expanded}`);
    }
    const target = scratch.length >= expanded
      ? scratch
      : Buffer.allocUnsafeSlow(Math.max(expanded, 2 * scratch.length));
    if (scratch === this.keyScratch) this.keyScratch = target;
    else this.valueScratch = target;
    this.expander.start = 0;
    this.expander.end = expanded;
    const wrong = this.expander.expand(window.buffer, window.at, window.at + length, target);
    if (wrong >= 0) {
      throw this.bad(window.offset + wrong - window.at, `${expanded} bytes of ${what} in LZF`,
        'an instruction that leads outside of them');
    }
    window.at += length;
    this.buffer = target;
    this.start = 0;
    this.end = expanded;
  }

  /** The error for damage; `found` is what stands there instead. */
  bad(offset: number, expected: string, found: string): EngineError {
    return new EngineError('RDB_BAD', `${this.window.path} is damaged at offset ${offset}:`
      + ` expected ${expected}, found ${found}. Restore another copy, or move it away to start`
      + ' without it');
  }
}

/** Writes an int32 in decimal digits to the start of the target; returns the length. */
function writeDecimal(target: Buffer, value: number): number {
  let rest = Math.abs(value);
  let digits = 1;
  for (let limit = 10; rest >= limit; limit *= 10) digits++;
  const length = value < 0 ? digits + 1 : digits;
  for (let i = length - 1; i >= length - digits; i--) {
    target[i] = 48 + (rest % 10);
    rest = Math.floor(rest / 10);
  }
  if (value < 0) target[0] = 45;
  return length;
}
