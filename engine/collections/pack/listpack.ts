// Redis' listpack, byte for byte: the pack that small collections are.
//
//   u32 bytes in all · u16 elements (65535: count them) · element … · ff
//
// element = encoding and data, then how many bytes these are, to be read backwards (1 to 5 bytes of
// 7 bits each; all but the one met last, the first in memory, have the top bit set).
//
//   0xxxxxxx                     integer 0 to 127
//   10xxxxxx data                string of up to 63 bytes
//   110xxxxx xxxxxxxx            integer of 13 bits, big-endian
//   1110xxxx xxxxxxxx data       string of up to 4095 bytes, big-endian
//   f0 u32 data                  string, little-endian
//   f1 i16 · f2 i24 · f3 i32 · f4 i64   integer, little-endian
//
// Scores of sorted sets have nine more, which no other server knows: they never leave memory.
//
//   f5 i16 · f6 i24 · f7 i32     tenths, little-endian: 15 is 1.5
//   f8 i16 · f9 i24 · fa i32     hundredths
//   fb i16 · fc i24 · fd i32     thousandths
//
// Redis always takes the shortest form, and stores whatever is the canonical digits of a 64-bit
// integer as one. So equal elements have equal bytes, and finding one compares encoded bytes.

import { copyBytes, misfits, newScratch } from '../bytes.ts';
import { Integer64, renderInteger } from './integer64.ts';

export const headerBytes = 6;
export const endMark = 0xff;
/** In the header: too many elements to say. */
export const countUnknown = 65535;
/** A pack without elements: header and end mark. */
export const emptyBytes: number = headerBytes + 1;

const string12 = 0xe0;
const string32 = 0xf0;
const integer16 = 0xf1;
const integer24 = 0xf2;
const integer32 = 0xf3;
const integer64 = 0xf4;
/** Scores with up to so many places after the point … */
export const mostPlaces = 3;
/** … are integers of 2, 3 or 4 bytes behind one of these. */
const firstScaled = 0xf5;
const scaledWidths = 3;
const lastScaled = firstScaled + mostPlaces * scaledWidths - 1;

/** Bytes of an element with its back length where the first byte says them; else 0. */
const steps: Uint8Array = Uint8Array.from({ length: 256 }, (_, first) => {
  if (first < 0x80) return 2;
  if (first < 0xc0) return 2 + (first & 0x3f);
  if (first < string12) return 3;
  if (first < integer16) return 0;
  if (first <= integer64) return [4, 5, 6, 10][first - integer16] ?? 0;
  return isScaled(first) ? 4 + ((first - firstScaled) % scaledWidths) : 0;
});

/** Whether an element that begins so is a score with a point. */
export function isScaled(first: number): boolean {
  return first >= firstScaled && first <= lastScaled;
}

/** Whether an element that begins so is a string. */
export function isString(first: number): boolean {
  return (first >= 0x80 && first < 0xc0) || (first >= string12 && first <= string32);
}

/** Bytes of encoding and data of the element at `at`; 0 for the end mark and unknown encodings. */
export function elementBytes(buffer: Buffer, at: number): number {
  const first = buffer[at] as number;
  if (first < 0x80) {
    return 1;
  }
  if (first < 0xc0) {
    return 1 + (first & 0x3f);
  }
  if (first < string12) {
    return 2;
  }
  if (first < string32) {
    return 2 + (((first & 0x0f) << 8) | (buffer[at + 1] as number));
  }
  switch (first) {
    case string32:
      return 5 + readUnsigned32(buffer, at + 1);
    case integer16:
      return 3;
    case integer24:
      return 4;
    case integer32:
      return 5;
    case integer64:
      return 9;
    default:
      return isScaled(first) ? 3 + ((first - firstScaled) % scaledWidths) : 0;
  }
}

/** Bytes of the length that follows `bytes` bytes of encoding and data. */
export function backLengthBytes(bytes: number): number {
  return bytes <= 127 ? 1 : bytes < 16383 ? 2 : bytes < 2097151 ? 3 : bytes < 268435455 ? 4 : 5;
}

/** Where the element after the one at `at` begins. */
export function nextElement(buffer: Buffer, at: number): number {
  const step = steps[buffer[at] as number] as number;
  if (step !== 0) {
    return at + step;
  }
  const bytes = elementBytes(buffer, at);
  return at + bytes + backLengthBytes(bytes);
}

/** Where the element before `at`, an element or the end mark, begins. */
export function previousElement(buffer: Buffer, at: number): number {
  let place = at - 1;
  let byte = buffer[place] as number;
  let bytes = byte & 127;
  for (let scale = 128; byte >= 128; scale *= 128) {
    place--;
    byte = buffer[place] as number;
    bytes += (byte & 127) * scale;
  }
  return place - bytes;
}

/**
 * Looks for an element with the encoding and data `wanted[0..wantedBytes)`, from the element at
 * `from` on, comparing one and passing over `skip` elements in turn; -1: none up to the end mark.
 */
export function findElement(
  buffer: Buffer, from: number, wanted: Buffer, wantedBytes: number, skip: number,
): number {
  const first = wanted[0] as number;
  let at = from;
  for (;;) {
    const byte = buffer[at] as number;
    if (byte === first) {
      // From behind: fields that look alike mostly differ at the end.
      let index = wantedBytes - 1;
      while (index > 0 && buffer[at + index] === wanted[index]) {
        index--;
      }
      if (index === 0) {
        return at;
      }
    } else if (byte === endMark) {
      return -1;
    }
    at = nextElement(buffer, at);
    for (let left = skip; left > 0; left--) {
      at = nextElement(buffer, at);
    }
  }
}

/** The offset of the element `index` places after the one at `from`. */
export function skipElements(buffer: Buffer, from: number, index: number): number {
  let at = from;
  for (let left = index; left > 0; left--) {
    at = nextElement(buffer, at);
  }
  return at;
}

/** Elements from the one at `from` up to the end mark. */
export function countElements(buffer: Buffer, from: number): number {
  let count = 0;
  for (let at = from; buffer[at] !== endMark; at = nextElement(buffer, at)) {
    count++;
  }
  return count;
}

/** Elements of the pack at `base`: from its header, or counted when that cannot say. */
export function packCount(buffer: Buffer, base: number): number {
  const count = (buffer[base + 4] as number) | ((buffer[base + 5] as number) << 8);
  return count === countUnknown ? countElements(buffer, base + headerBytes) : count;
}

/** Writes the header of a pack. */
export function writeHeader(buffer: Buffer, base: number, bytes: number, count: number): void {
  writeUnsigned32(buffer, base, bytes);
  const shown = Math.min(count, countUnknown);
  buffer[base + 4] = shown;
  buffer[base + 5] = shown >> 8;
}

/** The integer at `at`; false when it is a string. */
export function readInteger(buffer: Buffer, at: number, integer: Integer64): boolean {
  const first = buffer[at] as number;
  if (first < 0x80) {
    integer.high = 0;
    integer.low = first;
    return true;
  }
  if (first < 0xc0 || (first >= string12 && first <= string32)) {
    return false;
  }
  if (first === integer64) {
    integer.low = readSigned32(buffer, at + 1);
    integer.high = readSigned32(buffer, at + 5);
    return true;
  }
  const value = readSmall(buffer, at);
  integer.high = value >> 31;
  integer.low = value;
  return true;
}

/** The number at `at`, a score with a point, without it. */
export function readScaled(buffer: Buffer, at: number): number {
  const width = ((buffer[at] as number) - firstScaled) % scaledWidths;
  const low = (buffer[at + 1] as number) | ((buffer[at + 2] as number) << 8);
  if (width === 0) {
    return (low << 16) >> 16;
  }
  const upper = (buffer[at + 3] as number) << 16;
  return width === 1
    ? ((low | upper) << 8) >> 8
    : low | upper | ((buffer[at + 4] as number) << 24);
}

/** How many places after the point a score that begins so has. */
export function placesOf(first: number): number {
  return 1 + (((first - firstScaled) / scaledWidths) | 0);
}

/** The integer at `at`, one of 32 bits or less, longer than one byte. */
function readSmall(buffer: Buffer, at: number): number {
  const first = buffer[at] as number;
  const low = buffer[at + 1] as number;
  if (first < string12) {
    return ((((first & 0x1f) << 8) | low) << 19) >> 19;
  }
  const middle = (buffer[at + 2] as number) << 8;
  if (first === integer16) {
    return ((low | middle) << 16) >> 16;
  }
  const upper = (buffer[at + 3] as number) << 16;
  return first === integer24
    ? ((low | middle | upper) << 8) >> 8
    : low | middle | upper | ((buffer[at + 4] as number) << 24);
}

/** Shows elements as bytes: in place, or an integer's digits in a scratch of its own. */
export class ElementReader {
  buffer: Buffer;
  start: number = 0;
  end: number = 0;
  private readonly digits: Buffer = Buffer.alloc(24);
  private readonly integer: Integer64 = new Integer64();

  constructor() {
    this.buffer = this.digits;
  }

  /** Shows the element at `at`. */
  read(buffer: Buffer, at: number): void {
    const first = buffer[at] as number;
    if (first >= 0x80 && first < 0xc0) {
      this.buffer = buffer;
      this.start = at + 1;
      this.end = at + 1 + (first & 0x3f);
    } else if (readInteger(buffer, at, this.integer)) {
      this.showInteger(this.integer.high, this.integer.low);
    } else {
      this.buffer = buffer;
      this.start = at + (first === string32 ? 5 : 2);
      this.end = at + elementBytes(buffer, at);
    }
  }

  /** Shows the digits of an integer. */
  showInteger(high: number, low: number): void {
    this.buffer = this.digits;
    this.start = 0;
    this.end = renderInteger(high, low, this.digits, 0);
  }
}

/** Encodes elements one after the other into a scratch. */
export class ElementWriter {
  bytes: Buffer = newScratch(0);
  /** Bytes written. */
  length: number = 0;
  /** Encoding and data of the element added last, without its back length. */
  bodyBytes: number = 0;
  private readonly integer: Integer64 = new Integer64();

  /** Adds an element: an integer if the bytes are one's canonical digits, else a string. */
  add(buffer: Buffer, start: number, end: number): void {
    if (this.integer.parse(buffer, start, end)) {
      this.addInteger(this.integer);
    } else {
      this.addString(buffer, start, end);
    }
  }

  /** Adds an integer of at most 2^53. */
  addNumber(value: number): void {
    this.integer.set(value);
    this.addInteger(this.integer);
  }

  /** Adds bytes as a string, whatever they are. */
  addString(buffer: Buffer, start: number, end: number): void {
    const bytes = end - start;
    this.reserve(bytes + 10);
    const target = this.bytes;
    const from = this.length;
    let at = from;
    if (bytes < 64) {
      target[at++] = 0x80 | bytes;
    } else if (bytes < 4096) {
      target[at++] = string12 | (bytes >> 8);
      target[at++] = bytes;
    } else {
      target[at++] = string32;
      writeUnsigned32(target, at, bytes);
      at += 4;
    }
    copyBytes(target, at, buffer, start, end);
    this.close(from, at + bytes);
  }

  /** Adds whole elements, already encoded. */
  addEncoded(buffer: Buffer, start: number, end: number): void {
    this.reserve(end - start);
    copyBytes(this.bytes, this.length, buffer, start, end);
    this.length += end - start;
  }

  /** Adds an integer in its shortest form. */
  addInteger(integer: Integer64): void {
    this.reserve(16);
    const target = this.bytes;
    const from = this.length;
    const { high, low: value } = integer;
    let at = from;
    if (high !== value >> 31) {
      target[at] = integer64;
      writeUnsigned32(target, at + 1, value);
      writeUnsigned32(target, at + 5, high);
      at += 9;
    } else if (value >= 0 && value < 128) {
      target[at++] = value;
    } else if (value >= -4096 && value < 4096) {
      target[at++] = 0xc0 | ((value >> 8) & 0x1f);
      target[at++] = value;
    } else {
      at = this.signed(at, integer16, value);
    }
    this.close(from, at);
  }

  /** Adds a score: `value`, of 32 bits, with so many `places` after its point, 1 to mostPlaces. */
  addScaled(value: number, places: number): void {
    this.reserve(16);
    const from = this.length;
    this.close(from, this.signed(from, firstScaled + (places - 1) * scaledWidths, value));
  }

  /** Writes 2, 3 or 4 bytes of a number behind their encoding, the `first` of three; the end. */
  private signed(from: number, first: number, value: number): number {
    const target = this.bytes;
    const bytes = value === (value << 16) >> 16 ? 2 : value === (value << 8) >> 8 ? 3 : 4;
    target[from] = first + bytes - 2;
    for (let index = 0; index < bytes; index++) {
      target[from + 1 + index] = value >> (8 * index);
    }
    return from + 1 + bytes;
  }

  /** Adds the back length of what lies between `from` and `end`. */
  private close(from: number, end: number): void {
    const bytes = end - from;
    this.bodyBytes = bytes;
    if (bytes <= 127) {
      this.bytes[end] = bytes;
      this.length = end + 1;
    } else {
      this.length = writeBackLength(this.bytes, end, bytes);
    }
  }

  private reserve(bytes: number): void {
    if (this.length + bytes > this.bytes.length) {
      const larger = Buffer.alloc(Math.max(this.bytes.length * 2, this.length + bytes));
      this.bytes.copy(larger, 0, 0, this.length);
      this.bytes = larger;
    } else if (this.length === 0 && misfits(this.bytes.length, bytes)) {
      this.bytes = newScratch(bytes);
    }
  }
}

/** Writes how many bytes an element has, and returns the end. */
function writeBackLength(target: Buffer, at: number, bytes: number): number {
  const count = backLengthBytes(bytes);
  let rest = bytes;
  for (let place = at + count - 1; place >= at; place--) {
    // A byte that has others before it, to be read after it, says so.
    target[place] = place === at ? rest : (rest & 127) | 128;
    rest = Math.floor(rest / 128);
  }
  return at + count;
}

/** Little-endian, unsigned. */
export function readUnsigned32(buffer: Buffer, at: number): number {
  return readSigned32(buffer, at) >>> 0;
}

/** Little-endian, signed. */
export function readSigned32(buffer: Buffer, at: number): number {
  return (buffer[at] as number) | ((buffer[at + 1] as number) << 8) |
    ((buffer[at + 2] as number) << 16) | ((buffer[at + 3] as number) << 24);
}

/** Little-endian. */
export function writeUnsigned32(buffer: Buffer, at: number, value: number): void {
  buffer[at] = value;
  buffer[at + 1] = value >>> 8;
  buffer[at + 2] = value >>> 16;
  buffer[at + 3] = value >>> 24;
}
