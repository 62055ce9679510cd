// Packs that Redis wrote before listpacks, and the sets of integers that it writes still.
//
//   ziplist   u32 LE bytes of all · u32 LE offset of the last element · u16 LE count
//             (65535: unknown) · element* · FF
//   element   length of the element before (1 byte below 254, else FE and u32 LE) · encoding · data
//
//   00llllll bytes               string of up to 63 bytes
//   01llllll 1 byte · bytes      string of up to 16383 bytes
//   10000000 u32 BE · bytes      string
//   11000000 11010000 11100000   int16, int32, int64, LE
//   11110000                     int24, LE
//   11111110                     int8
//   1111vvvv                     v − 1, for v = 1 … 13
//
//   intset    u32 LE bytes of an integer (2, 4, 8) · u32 LE count · integers LE, ascending
//
//   zipmap    count (254 and more: unknown) · { length field · length unused value ·
//             unused bytes }* · FF
//   length    1 byte below 254, else FE and u32 LE; `unused` is 1 byte
import { PackReader } from './packs.ts';

const endMark = 0xff;
const longMark = 0xfe;
const unknownCount = 65535;
const ziplistHeaderBytes = 10;
const intsetHeaderBytes = 8;

/** Lists, hashes and sorted sets of Redis up to 6.2. */
export class ZiplistReader extends PackReader {
  private count = 0;
  private seen = 0;
  private begin = 0;
  private last = 0;
  private previousBytes = 0;

  protected header(): boolean {
    const { source, at, stop } = this;
    const length = stop - at;
    if (length < ziplistHeaderBytes + 1) return this.fail(at, 'shorter than a ziplist can be');
    if (source.readUInt32LE(at) !== length) {
      return this.fail(at, `a ziplist of ${length} bytes that says ${source.readUInt32LE(at)}`);
    }
    if (source[stop - 1] !== endMark) return this.fail(stop - 1, 'a ziplist without its end mark');
    this.begin = at;
    this.last = at + ziplistHeaderBytes;
    this.previousBytes = 0;
    this.count = source.readUInt16LE(at + 8);
    this.seen = 0;
    this.at += ziplistHeaderBytes;
    this.stop--;
    return true;
  }

  next(): boolean {
    const { source, at, stop } = this;
    if (at === stop) return this.finish();
    const long = source[at] === longMark;
    const head = long ? 5 : 1;
    if (source[at] === endMark || at + head >= stop) return this.fail(at, 'an element cut off');
    const previous = long ? source.readUInt32LE(at + 1) : (source[at] as number);
    if (previous !== this.previousBytes) {
      return this.fail(at, `an element after one of ${this.previousBytes} bytes that says`
        + ` ${previous}`);
    }
    const length = this.element(at + head);
    if (length === 0) return false;
    this.last = at;
    this.previousBytes = head + length;
    this.at = at + head + length;
    this.seen++;
    return true;
  }

  private finish(): boolean {
    const { begin, count, last, seen, source } = this;
    if (count !== unknownCount && count !== seen) {
      return this.fail(begin + 8, `a ziplist that says ${count} elements and holds ${seen}`);
    }
    const tail = source.readUInt32LE(begin + 4);
    if (tail !== last - begin) {
      const found = last - begin;
      return this.fail(begin + 4, `a ziplist that ends with the element at ${found}, not ${tail}`);
    }
    return false;
  }

  /** Reads what follows the length of the element before; its bytes, or 0 after a problem. */
  private element(at: number): number {
    const { source, stop } = this;
    const first = source[at] as number;
    if (first < 0x40) return this.string(at, 1, first);
    if (first < 0x80) {
      if (at + 2 > stop) return this.outside(at);
      return this.string(at, 2, ((first & 0x3f) << 8) | (source[at + 1] as number));
    }
    if (first === 0x80) {
      if (at + 5 > stop) return this.outside(at);
      return this.string(at, 5, source.readUInt32BE(at + 1));
    }
    return this.number(at, first);
  }

  private number(at: number, first: number): number {
    if (first > 0xf0 && first < 0xfe) {
      this.integer((first & 15) - 1);
      return 1;
    }
    const width = integerWidth(first);
    if (width === 0) {
      this.fail(at, `the byte ${first}, which begins no element`);
      return 0;
    }
    if (at + 1 + width > this.stop) return this.outside(at);
    if (width === 8) this.integer64(at + 1);
    else this.integer(this.source.readIntLE(at + 1, width));
    return 1 + width;
  }

  private string(at: number, head: number, length: number): number {
    if (at + head + length > this.stop) return this.outside(at);
    this.bytes(at + head, at + head + length);
    return head + length;
  }

  private outside(at: number): 0 {
    this.fail(at, 'an element that leads outside');
    return 0;
  }
}

function integerWidth(first: number): number {
  switch (first) {
    case 0xc0: return 2;
    case 0xd0: return 4;
    case 0xe0: return 8;
    case 0xf0: return 3;
    case 0xfe: return 1;
    default: return 0;
  }
}

/** Sets of integers. */
export class IntsetReader extends PackReader {
  private width = 0;
  private first = false;

  protected header(): boolean {
    const { source, at, stop } = this;
    if (stop - at < intsetHeaderBytes) return this.fail(at, 'shorter than an intset can be');
    this.width = source.readUInt32LE(at);
    if (this.width !== 2 && this.width !== 4 && this.width !== 8) {
      return this.fail(at, `an intset of integers of ${this.width} bytes`);
    }
    const count = source.readUInt32LE(at + 4);
    if (count * this.width !== stop - at - intsetHeaderBytes) {
      return this.fail(at + 4, `an intset of ${stop - at} bytes that says ${count} integers of`
        + ` ${this.width} bytes`);
    }
    this.first = true;
    this.at += intsetHeaderBytes;
    return true;
  }

  next(): boolean {
    const { source, at, width } = this;
    if (at === this.stop) return false;
    if (!this.first && this.compare(at - width, at) >= 0) {
      return this.fail(at, 'an integer that is not larger than the one before');
    }
    this.first = false;
    if (width === 8) this.integer64(at);
    else this.integer(width === 2 ? source.readInt16LE(at) : source.readInt32LE(at));
    this.at = at + width;
    return true;
  }

  private compare(left: number, right: number): number {
    const { source, width } = this;
    if (width < 8) return source.readIntLE(left, width) - source.readIntLE(right, width);
    const high = source.readInt32LE(left + 4) - source.readInt32LE(right + 4);
    return high === 0 ? source.readUInt32LE(left) - source.readUInt32LE(right) : high;
  }
}

/** Hashes of Redis 2.4 and before: field, value, field, … */
export class ZipmapReader extends PackReader {
  private count = 0;
  private seen = 0;
  private atField = true;

  protected header(): boolean {
    const { source, at, stop } = this;
    if (stop - at < 2) return this.fail(at, 'shorter than a zipmap can be');
    if (source[stop - 1] !== endMark) return this.fail(stop - 1, 'a zipmap without its end mark');
    this.count = source[at] as number;
    this.seen = 0;
    this.atField = true;
    this.at++;
    this.stop--;
    return true;
  }

  next(): boolean {
    const { at, source, stop } = this;
    if (at === stop && this.atField) {
      const { count, seen } = this;
      return count >= longMark || count === seen
        ? false
        : this.fail(at, `a zipmap that says ${count} fields and holds ${seen}`);
    }
    const long = source[at] === longMark;
    let from = at + (long ? 5 : 1);
    if (at >= stop || source[at] === endMark || from > stop) {
      return this.fail(at, 'a zipmap that ends inside of a field');
    }
    const length = long ? source.readUInt32LE(at + 1) : (source[at] as number);
    let unused = 0;
    if (!this.atField) {
      if (from >= stop) return this.fail(at, 'a zipmap that ends inside of a value');
      unused = source[from++] as number;
    }
    if (from + length + unused > stop) return this.fail(at, 'an element that leads outside');
    this.bytes(from, from + length);
    this.at = from + length + unused;
    if (this.atField) this.seen++;
    this.atField = !this.atField;
    return true;
  }
}
