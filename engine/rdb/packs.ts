// Small collections in one string, element after element: the reader that all four formats share,
// and the one that Redis writes today.
//
//   listpack  u32 LE bytes of all · u16 LE count (65535: unknown) · element* · FF
//   element   encoding with data · length of both, backwards (1 … 5 bytes)
//
//   0vvvvvvv                     0 … 127
//   10llllll bytes               string of up to 63 bytes
//   110vvvvv 1 byte              13 bits, signed
//   1110llll 1 byte · bytes      string of up to 4095 bytes
//   11110000 u32 LE · bytes      string
//   11110001 … 11110100          int16, int24, int32, int64, LE
//
// The backward length is in groups of 7 bits, the highest first; all but the first byte carry 80.

import { mostDigits, renderInteger } from '../collections/pack/integer64.ts';
import {
  backLengthBytes, countUnknown, emptyBytes, endMark, headerBytes,
} from '../collections/pack/listpack.ts';

/** Walks the elements of a pack. After `next` has said false look whether there is a `problem`. */
export abstract class PackReader {
  /** The element seen last is `buffer[start … end)`; integers come as digits. */
  buffer: Buffer;
  start = 0;
  end = 0;
  /** What is wrong with the pack, or ''. */
  problem = '';
  /** Where, as an offset into the buffer given to `open`. */
  problemAt = 0;
  protected source: Buffer;
  /** The next byte to be read, and one past the last. */
  protected at = 0;
  protected stop = 0;
  // Two, in turn: a field that is an integer outlives the value that follows it.
  private digits: Buffer = Buffer.alloc(mostDigits);
  private otherDigits: Buffer = Buffer.alloc(mostDigits);

  constructor() {
    this.buffer = this.digits;
    this.source = this.digits;
  }

  /** Begins with the pack `source[from … to)`; false when its header is wrong. */
  open(source: Buffer, from: number, to: number): boolean {
    this.source = source;
    this.at = from;
    this.stop = to;
    this.problem = '';
    return this.header();
  }

  /** Goes to the next element; false at the end, or at a problem. */
  abstract next(): boolean;

  protected abstract header(): boolean;

  protected fail(at: number, problem: string): false {
    this.problem = problem;
    this.problemAt = at;
    return false;
  }

  protected bytes(from: number, to: number): void {
    this.buffer = this.source;
    this.start = from;
    this.end = to;
  }

  /** An integer of up to 32 bits as the element. */
  protected integer(value: number): void {
    this.render(value >> 31, value);
  }

  /** The little-endian int64 at `from` as the element. */
  protected integer64(from: number): void {
    this.render(this.source.readInt32LE(from + 4), this.source.readInt32LE(from));
  }

  /** Both words are signed. */
  private render(high: number, low: number): void {
    const digits = this.otherDigits;
    this.otherDigits = this.digits;
    this.digits = digits;
    this.buffer = digits;
    this.start = 0;
    this.end = renderInteger(high, low, digits, 0);
  }
}

/** Listpacks. */
export class ListpackReader extends PackReader {
  private count = 0;
  private seen = 0;

  protected header(): boolean {
    const { source, at, stop } = this;
    if (stop - at < emptyBytes) return this.fail(at, 'shorter than a listpack can be');
    if (source.readUInt32LE(at) !== stop - at) {
      return this.fail(at, `a listpack of ${stop - at} bytes that says ${source.readUInt32LE(at)}`);
    }
    if (source[stop - 1] !== endMark) return this.fail(stop - 1, 'a listpack without its end mark');
    this.count = source.readUInt16LE(at + 4);
    this.seen = 0;
    this.at += headerBytes;
    this.stop--;
    return true;
  }

  next(): boolean {
    const { at } = this;
    if (at === this.stop) {
      const { count, seen } = this;
      return count === countUnknown || count === seen
        ? false
        : this.fail(at, `a listpack that says ${count} elements and holds ${seen}`);
    }
    const length = this.element(at);
    if (length === 0) return false;
    const backBytes = backLengthBytes(length);
    if (at + length + backBytes > this.stop) return this.fail(at, 'an element that leads outside');
    for (let i = 0, rest = length; i < backBytes; i++) {
      const mark = i === backBytes - 1 ? 0 : 0x80;
      if (this.source[at + length + backBytes - 1 - i] !== ((rest & 0x7f) | mark)) {
        return this.fail(at + length, `another length behind an element of ${length} bytes`);
      }
      rest = Math.floor(rest / 128);
    }
    this.at = at + length + backBytes;
    this.seen++;
    return true;
  }

  /** Reads the element at `at`; the bytes of its encoding and data, or 0 after a problem. */
  private element(at: number): number {
    const { source, stop } = this;
    const first = source[at] as number;
    if (first < 0x80) {
      this.integer(first);
      return 1;
    }
    if (first < 0xc0) return this.string(at, 1, first & 0x3f);
    if (at + 1 >= stop) return this.outside(at);
    if (first < 0xe0) {
      const value = ((first & 0x1f) << 8) | (source[at + 1] as number);
      this.integer(value < 4096 ? value : value - 8192);
      return 2;
    }
    if (first < 0xf0) return this.string(at, 2, ((first & 15) << 8) | (source[at + 1] as number));
    return first === 0xf0 ? this.longString(at) : this.wideInteger(at, first);
  }

  private longString(at: number): number {
    if (at + 5 > this.stop) return this.outside(at);
    return this.string(at, 5, this.source.readUInt32LE(at + 1));
  }

  private string(at: number, head: number, length: number): number {
    if (at + head + length > this.stop) return this.outside(at);
    this.bytes(at + head, at + head + length);
    return head + length;
  }

  private wideInteger(at: number, first: number): number {
    const width = first === 0xf4 ? 8 : first - 0xef;
    if (first > 0xf4) {
      this.fail(at, `the byte ${first}, which begins no element`);
      return 0;
    }
    if (at + 1 + width > this.stop) return this.outside(at);
    if (width === 8) this.integer64(at + 1);
    else this.integer(this.source.readIntLE(at + 1, width));
    return 1 + width;
  }

  private outside(at: number): 0 {
    this.fail(at, 'an element that leads outside');
    return 0;
  }
}
