// Scores as elements of a pack: an integer where it is one, else its decimal digits, as Redis does
// (7.2 and later: the shortest digits that read back the same).

import { Integer64 } from './integer64.ts';
import { ElementReader, readInteger } from './listpack.ts';
import type { ElementWriter } from './listpack.ts';

/** Beyond it not every integer is a double. */
const exactLimit = 2 ** 52;
/** Powers of ten up to here are exact, and so is a quotient of two exact doubles rounded once. */
const powers: readonly number[] = Array.from({ length: 23 }, (_, exponent) => 10 ** exponent);
const exactDigits = 15;
const minus = 0x2d;
const point = 0x2e;
const zero = 0x30;

/** Reads and writes scores; reused. */
export class ScoreCodec {
  private readonly integer: Integer64 = new Integer64();
  private readonly reader: ElementReader = new ElementReader();
  private readonly text: Buffer = Buffer.alloc(32);

  /** The score in the element at `at`; NaN when it is none. */
  read(buffer: Buffer, at: number): number {
    const first = buffer[at] as number;
    if (first < 0x80) {
      return first;
    }
    const { integer, reader } = this;
    if (readInteger(buffer, at, integer)) {
      return integer.value;
    }
    reader.read(buffer, at);
    return parseScore(reader.buffer, reader.start, reader.end);
  }

  /** Adds a score as an element. */
  write(writer: ElementWriter, score: number): void {
    if (score >= -exactLimit && score <= exactLimit && score === Math.floor(score)) {
      writer.addNumber(score === 0 ? 0 : score);
      return;
    }
    const digits = score === Infinity ? 'inf' : score === -Infinity ? '-inf' : String(score);
    writer.addString(this.text, 0, this.text.write(digits, 0, 'latin1'));
  }
}

/** The double that these digits are; NaN when they are none. */
function parseScore(buffer: Buffer, start: number, end: number): number {
  let at = start;
  const negative = buffer[at] === minus;
  if (negative) {
    at++;
  }
  let mantissa = 0;
  let digits = 0;
  let decimals = -1;
  for (; at < end; at++) {
    const byte = buffer[at] as number;
    if (byte === point && decimals < 0) {
      decimals = 0;
      continue;
    }
    const digit = byte - zero;
    if (digit < 0 || digit > 9 || ++digits > exactDigits) {
      return parseText(buffer, start, end);
    }
    mantissa = mantissa * 10 + digit;
    if (decimals >= 0) {
      decimals++;
    }
  }
  if (digits === 0) {
    return NaN;
  }
  const value = decimals > 0 ? mantissa / (powers[decimals] as number) : mantissa;
  return negative ? -value : value;
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
