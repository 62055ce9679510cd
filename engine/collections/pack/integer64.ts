// Signed 64-bit integers without BigInt: two 32-bit halves, parsed from digits and rendered as
// digits. Element bytes that are an integer's canonical digits are stored as that integer.

const minus = 0x2d;
const zero = 0x30;
const two32 = 2 ** 32;
/** "-9223372036854775808" */
export const mostDigits = 20;
/** With at most so many digits a double is exact. */
const exactDigits = 15;

/** One 64-bit integer; reused. */
export class Integer64 {
  /** Upper half, signed. */
  high: number = 0;
  /** Lower half, signed too: both are small integers to V8, which doubles would not be. */
  low: number = 0;

  /** The integer as a double; exact up to 2^53. */
  get value(): number {
    return this.high * two32 + (this.low >>> 0);
  }

  /** Takes an integer of at most 2^53. */
  set(value: number): void {
    this.high = Math.floor(value / two32) | 0;
    this.low = value | 0;
  }

  /** Reads canonical digits (no +, no leading zero, no -0, in range); false: it is no such. */
  parse(buffer: Uint8Array, start: number, end: number): boolean {
    let at = start;
    if (end - start > mostDigits || end === start) {
      return false;
    }
    const negative = buffer[at] === minus;
    if (negative) {
      at++;
    }
    const first = (buffer[at] as number) - zero;
    if (at === end || !(first >= 0 && first <= 9)) {
      return false;
    }
    if (first === 0) {
      this.high = this.low = 0;
      return end - start === 1;
    }
    return end - at <= exactDigits
      ? this.parseShort(buffer, at, end, negative)
      : this.parseLong(buffer, at, end, negative);
  }

  /** -1, 0 or 1 as this is below, at or above the other. */
  compare(high: number, low: number): number {
    if (this.high !== high) {
      return this.high < high ? -1 : 1;
    }
    return this.low === low ? 0 : this.low >>> 0 < low >>> 0 ? -1 : 1;
  }

  private parseShort(
    buffer: Uint8Array, start: number, end: number, negative: boolean,
  ): boolean {
    let value = 0;
    for (let at = start; at < end; at++) {
      const digit = (buffer[at] as number) - zero;
      if (digit < 0 || digit > 9) {
        return false;
      }
      value = value * 10 + digit;
    }
    this.set(negative ? -value : value);
    return true;
  }

  private parseLong(
    buffer: Uint8Array, start: number, end: number, negative: boolean,
  ): boolean {
    let high = 0;
    let low = 0;
    if (end - start >= mostDigits) {
      return false;
    }
    for (let at = start; at < end; at++) {
      const digit = (buffer[at] as number) - zero;
      if (digit < 0 || digit > 9) {
        return false;
      }
      low = low * 10 + digit;
      const carry = Math.floor(low / two32);
      low -= carry * two32;
      high = high * 10 + carry;
    }
    if (high > 0x7fffffff && !(negative && high === 0x80000000 && low === 0)) {
      return false;
    }
    this.low = (negative ? -low : low) | 0;
    this.high = (negative ? (low === 0 ? -high : ~high) : high) | 0;
    return true;
  }
}

/** Writes the digits of a 64-bit integer at `at` and returns where they end (at most 20 bytes). */
export function renderInteger(high: number, low: number, target: Buffer, at: number): number {
  if (high === low >> 31) {
    return renderSmall(low, target, at);
  }
  const negative = high < 0;
  let lower = low >>> 0;
  let upper = high;
  let start = at;
  if (negative) {
    lower = -low >>> 0;
    upper = low === 0 ? -high : ~high;
    target[start++] = minus;
  }
  if (upper < 0 || upper >= 0x200000) {
    return renderLarge(upper, lower | 0, target, start);
  }
  const value = upper * two32 + lower;
  const digits = Math.floor(value / 1e8);
  return renderPair(digits | 0, (value - digits * 1e8) | 0, target, start);
}

/** Writes the digits of a 32-bit integer. */
function renderSmall(value: number, target: Buffer, at: number): number {
  let start = at;
  let rest = value;
  if (value < 0) {
    target[start++] = minus;
    rest = -value;
  }
  let end = start + 1;
  for (let bound = 10; rest >= bound; bound *= 10) {
    end++;
  }
  for (let to = end - 1; to >= start; to--) {
    const tenth = Math.floor(rest / 10);
    target[to] = zero + rest - tenth * 10;
    rest = tenth;
  }
  return end;
}

/**
 * Writes the digits of upper × 10^8 + lower. Both are small: a double that is passed on would cost
 * an object.
 */
function renderPair(upper: number, lower: number, target: Buffer, at: number): number {
  return upper === 0
    ? renderSmall(lower, target, at)
    : renderPadded(lower, target, renderSmall(upper, target, at));
}

/** Writes exactly eight digits. */
function renderPadded(value: number, target: Buffer, at: number): number {
  let rest = value;
  for (let to = at + 7; to >= at; to--) {
    const tenth = Math.floor(rest / 10);
    target[to] = zero + rest - tenth * 10;
    rest = tenth;
  }
  return at + 8;
}

/**
 * Writes a magnitude of 2^53 up to 2^63, two unsigned words: 8 digits at a time, by long division
 * over 16-bit limbs; 10^8 × 2^16 stays well below 2^53.
 */
function renderLarge(high: number, low: number, target: Buffer, at: number): number {
  const q3 = Math.floor((high >>> 16) / 1e8);
  let rest = ((high >>> 16) - q3 * 1e8) * 65536 + (high & 0xffff);
  const q2 = Math.floor(rest / 1e8);
  rest = (rest - q2 * 1e8) * 65536 + (low >>> 16);
  const q1 = Math.floor(rest / 1e8);
  rest = (rest - q1 * 1e8) * 65536 + (low & 0xffff);
  const q0 = Math.floor(rest / 1e8);
  const digits = (q3 * 65536 + q2) * two32 + q1 * 65536 + q0;
  const top = Math.floor(digits / 1e8);
  const end = renderPair(top | 0, (digits - top * 1e8) | 0, target, at);
  return renderPadded((rest - q0 * 1e8) | 0, target, end);
}
