// Scores as elements of a pack: an integer where it is one, else its decimal digits, as Redis does
// (7.2 and later: the shortest digits that read back the same). In memory those of a few digits are
// an integer and the place of the point: 1.5 takes 4 bytes instead of 5, 1234.5 4 instead of 8.

import { Integer64, renderInteger } from './integer64.ts';
import {
  ElementReader, isScaled, mostPlaces, nextElement, placesOf, readInteger, readScaled,
} from './listpack.ts';
import type { ElementWriter } from './listpack.ts';

/** Beyond it not every integer is a double. */
const exactLimit = 2 ** 52;
/** Powers of ten up to here are exact, and so is a quotient of two exact doubles rounded once. */
const powers: Float64Array = Float64Array.from({ length: 23 }, (_, exponent) => 10 ** exponent);
const exactDigits = 15;
/** Scores below this and with so many decimals have at most 15 digits. */
const mostShort = 1e9;
const mostDecimals = 6;
const minus = 0x2d;
const point = 0x2e;
const zero = 0x30;

/** Reads and writes scores; reused. */
export class ScoreCodec {
  private readonly integer: Integer64 = new Integer64();
  private readonly reader: ElementReader = new ElementReader();
  private readonly text: Buffer = Buffer.alloc(32);
  // What was read last: a double that a call returns, or in a plain field, would be garbage.
  private readonly value: Float64Array = new Float64Array(1);
  private readonly bound: Float64Array = new Float64Array(1);

  /** The score in the element at `at`; NaN when it is none. */
  read(buffer: Buffer, at: number): number {
    this.load(buffer, at);
    return this.value[0] as number;
  }

  /** What `compare` compares with. */
  setBound(score: number): void {
    this.bound[0] = score;
  }

  /** Order of the score in the element at `at` and the bound: negative, 0, positive. */
  compare(buffer: Buffer, at: number): number {
    this.load(buffer, at);
    const value = this.value[0] as number;
    const bound = this.bound[0] as number;
    return value === bound ? 0 : value > bound ? 1 : -1;
  }

  private load(buffer: Buffer, at: number): void {
    const first = buffer[at] as number;
    if (first < 0x80) {
      this.value[0] = first;
      return;
    }
    if (isScaled(first)) {
      this.value[0] = readScaled(buffer, at) / (powers[placesOf(first)] as number);
      return;
    }
    const { integer, reader } = this;
    if (readInteger(buffer, at, integer)) {
      this.value[0] = integer.value;
      return;
    }
    reader.read(buffer, at);
    this.parse(reader.buffer, reader.start, reader.end);
  }

  /** Adds a score as an element. */
  write(writer: ElementWriter, score: number): void {
    if (score >= -exactLimit && score <= exactLimit && score === Math.floor(score)) {
      writer.addNumber(score === 0 ? 0 : score);
      return;
    }
    const places = placesAfterPoint(score);
    const scaled = Math.round(score * (powers[places] as number));
    if (places > 0 && places <= mostPlaces && scaled === (scaled | 0)) {
      writer.addScaled(scaled | 0, places);
    } else {
      this.writeDigits(writer, score, places);
    }
  }

  /** Adds the score in the element at `at` as Redis would write it. */
  writePlain(writer: ElementWriter, buffer: Buffer, at: number): void {
    if (isScaled(buffer[at] as number)) {
      const score = this.read(buffer, at);
      this.writeDigits(writer, score, placesAfterPoint(score));
    } else {
      writer.addEncoded(buffer, at, nextElement(buffer, at));
    }
  }

  private writeDigits(writer: ElementWriter, score: number, places: number): void {
    if (places > 0) {
      writer.addString(this.text, 0, writeShort(this.text, score, places));
      return;
    }
    const digits = score === Infinity ? 'inf' : score === -Infinity ? '-inf' : String(score);
    writer.addString(this.text, 0, this.text.write(digits, 0, 'latin1'));
  }

  /** The double that these digits are; NaN when they are none. */
  private parse(buffer: Buffer, start: number, end: number): void {
    const negative = buffer[start] === minus;
    let mantissa = 0;
    let digits = 0;
    let decimals = -1;
    for (let at = negative ? start + 1 : start; at < end; at++) {
      const byte = buffer[at] as number;
      if (byte === point && decimals < 0) {
        decimals = 0;
        continue;
      }
      const digit = byte - zero;
      if (digit < 0 || digit > 9 || ++digits > exactDigits) {
        this.value[0] = parseText(buffer, start, end);
        return;
      }
      mantissa = mantissa * 10 + digit;
      if (decimals >= 0) {
        decimals++;
      }
    }
    // Through the array at each step: a double that has two origins would be boxed.
    const { value } = this;
    value[0] = mantissa;
    if (digits === 0) {
      value[0] = NaN;
    }
    if (decimals > 0) {
      value[0] = (value[0] as number) / (powers[decimals] as number);
    }
    if (negative) {
      value[0] = -(value[0] as number);
    }
  }
}

/**
 * How many places after the point a score of at most 15 digits has: 0 when there are more than six,
 * or it is too large. (At most 15 digits that read back the same are the shortest ones that do.)
 */
function placesAfterPoint(score: number): number {
  const size = Math.abs(score);
  if (!(size < mostShort)) {
    return 0;
  }
  for (let places = 1; places <= mostDecimals; places++) {
    const power = powers[places] as number;
    if (Math.round(size * power) / power === size) {
      return places;
    }
  }
  return 0;
}

/** Writes a score with so many places after the point without making a string of it; its length. */
function writeShort(target: Buffer, score: number, places: number): number {
  const size = Math.abs(score);
  const power = powers[places] as number;
  const scaled = Math.round(size * power);
  const whole = Math.floor(size);
  return writeDecimal(target, score < 0, whole | 0, (scaled - whole * power) | 0, places);
}

/** Writes `whole`, a point and the digits of `fraction`, so many of them; returns the length. */
function writeDecimal(
  target: Buffer, negative: boolean, whole: number, fraction: number, decimals: number,
): number {
  let start = 0;
  if (negative) {
    target[start++] = minus;
  }
  const dot = renderInteger(0, whole, target, start);
  target[dot] = point;
  let rest = fraction;
  for (let at = dot + decimals; at > dot; at--) {
    const tenth = (rest / 10) | 0;
    target[at] = zero + rest - tenth * 10;
    rest = tenth;
  }
  return dot + 1 + decimals;
}

function parseText(buffer: Buffer, start: number, end: number): number {
  const text = buffer.toString('latin1', start, end);
  switch (text) {
    case 'inf':
    case '+inf':
      return Infinity;
    case '-inf':
      return -Infinity;
    default:
      return Number(text);
  }
}
