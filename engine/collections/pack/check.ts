// Checks the bytes of packs that come from outside (RDB, RESTORE): every length before it is used,
// and that they are what Redis would have written, since finding relies on that.

import { Integer64 } from './integer64.ts';
import {
  ElementReader, ElementWriter, backLengthBytes, countUnknown, elementBytes, emptyBytes, endMark,
  headerBytes, nextElement, readInteger, readUnsigned32, skipElements,
} from './listpack.ts';

const longestHeader = 9;

/** Looks at packs before they are taken; reused. */
export class PackCheck {
  private readonly reader: ElementReader = new ElementReader();
  private readonly writer: ElementWriter = new ElementWriter();
  private readonly integer: Integer64 = new Integer64();
  private table: Int32Array = new Int32Array(256);

  /**
   * Elements of the listpack that fills `start` to `end`; -1 when it is malformed, when there are
   * 65535 or more, or when an element is not in its shortest form.
   */
  count(buffer: Buffer, start: number, end: number): number {
    const total = end - start;
    if (total < emptyBytes || readUnsigned32(buffer, start) !== total ||
      buffer[end - 1] !== endMark) {
      return -1;
    }
    const stated = (buffer[start + 4] as number) | ((buffer[start + 5] as number) << 8);
    let count = 0;
    for (let at = start + headerBytes; at < end - 1; count++) {
      const bytes = this.wholeElement(buffer, at, end - 1);
      if (bytes === 0 || count >= stated) {
        return -1;
      }
      at += bytes;
    }
    return count === stated && stated !== countUnknown ? count : -1;
  }

  /**
   * Whether two of the elements at every `step`-th place of a checked pack, from the first one on,
   * are the same.
   */
  hasDuplicates(buffer: Buffer, start: number, step: number): boolean {
    this.clear(buffer, start);
    const mask = this.table.length - 1;
    for (let at = start + headerBytes; buffer[at] !== endMark;) {
      const bytes = elementBytes(buffer, at);
      let slot = hashOf(buffer, at, bytes) & mask;
      for (; this.table[slot] !== 0; slot = (slot + 1) & mask) {
        const other = start + (this.table[slot] as number);
        if (elementBytes(buffer, other) === bytes &&
          buffer.compare(buffer, other, other + bytes, at, at + bytes) === 0) {
          return true;
        }
      }
      this.table[slot] = at - start;
      for (let left = step; left > 0; left--) {
        at = nextElement(buffer, at);
      }
    }
    return false;
  }

  /** Bytes of the longest element of a checked pack, integers as digits. */
  longest(buffer: Buffer, start: number): number {
    return this.longestOf(buffer, start, 1);
  }

  /** As `longest`, of every `step`-th element. */
  longestOf(buffer: Buffer, start: number, step: number): number {
    const { reader } = this;
    let bytes = 0;
    for (let at = start + headerBytes; buffer[at] !== endMark;) {
      reader.read(buffer, at);
      bytes = Math.max(bytes, reader.end - reader.start);
      at = skipElements(buffer, at, step);
    }
    return bytes;
  }

  /** Bytes of the element with its back length; 0 when it is not whole or not as Redis writes. */
  private wholeElement(buffer: Buffer, at: number, end: number): number {
    const header = headerOf(buffer[at] as number);
    if (header === 0 || at + header > end) {
      return 0;
    }
    const body = elementBytes(buffer, at);
    const bytes = body + backLengthBytes(body);
    if (body > end - at || bytes > end - at) {
      return 0;
    }
    const writer = this.writer;
    writer.length = 0;
    if (readInteger(buffer, at, this.integer)) {
      writer.addInteger(this.integer);
    } else {
      this.reader.read(buffer, at);
      writer.add(this.reader.buffer, this.reader.start, this.reader.end);
    }
    const alike = writer.length === bytes &&
      buffer.compare(writer.bytes, 0, bytes, at, at + bytes) === 0;
    return alike ? bytes : 0;
  }

  private clear(buffer: Buffer, start: number): void {
    const count = (buffer[start + 4] as number) | ((buffer[start + 5] as number) << 8);
    if (this.table.length < count * 2) {
      this.table = new Int32Array(2 ** Math.ceil(Math.log2(count * 2)));
    } else {
      this.table.fill(0);
    }
  }
}

/** Bytes needed to know an element's length; 0: no element begins so. */
function headerOf(first: number): number {
  if (first < 0xc0) {
    return 1;
  }
  return first < 0xf0 ? 2 : first === 0xf0 ? 5 : first <= 0xf4 ? longestHeader - 4 : 0;
}

/** FNV-1a; the table is small and short-lived, so that nobody gains from collisions. */
function hashOf(buffer: Buffer, at: number, bytes: number): number {
  let hash = 0x811c9dc5;
  for (let index = at; index < at + bytes; index++) {
    hash = Math.imul(hash ^ (buffer[index] as number), 0x01000193);
  }
  return hash ^ (hash >>> 15);
}
