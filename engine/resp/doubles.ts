// Doubles as text, both ways, as C does it: printed like %.17g, read like strtod. Scores of sorted
// sets, RESP3 doubles and the float elements of packs are written like this.
//
// Integers and short decimals, nearly all there is, are read and written without making a string.

const zero = 48;
const point = 46;
const plus = 43;
const minus = 45;
const significantDigits = 17;
/** Up to here every integer is exact, and so is every power of ten up to 10^22. */
const maxExactDigits = 15;

const powersOfTen: Float64Array = Float64Array.from({ length: 23 }, (_, i) => Number(`1e${i}`));

/**
 * A double that lies half-way between two of 17 digits has 18: an odd multiple of 5^m below 10^18
 * over 2^m, so m is at most 25.
 */
const halvesAbove = 2 ** 25;

/** Room that `formatDouble` may need, in bytes. */
export const doubleTextBytes = 32;

/** The double as `%.17g` prints it: `3.2999999999999998`, `1e+20`, `inf`, `-0`. */
export function doubleText(value: number): string {
  if (Number.isNaN(value)) return 'nan';
  if (!Number.isFinite(value)) return value > 0 ? 'inf' : '-inf';
  if (value === 0) return Object.is(value, -0) ? '-0' : '0';
  const magnitude = Math.abs(value);
  if (magnitude < 1e17 && Number.isInteger(value)) return value.toFixed(0);
  const mayBeHalf = Number.isInteger(magnitude * halvesAbove);
  if (magnitude >= 1e-4 && magnitude < 1e17) {
    const text = value.toPrecision(significantDigits);
    return withoutZeros(mayBeHalf ? halfToEven(value, text, 0) : text);
  }
  const [digits = '', exponent = ''] = value.toExponential(significantDigits - 1).split('e');
  const mantissa = mayBeHalf ? halfToEven(value, digits, Number(exponent)) : digits;
  const short = exponent.length === 2 ? `${exponent[0]}0${exponent[1]}` : exponent;
  return `${withoutZeros(mantissa)}e${short}`;
}

/** Of two texts that are equally near C takes the one with the even last digit, JavaScript up. */
function halfToEven(value: number, text: string, exponent: number): string {
  const further = exponent === 0
    ? value.toPrecision(significantDigits + 1)
    : value.toExponential(significantDigits).replace(/e.*/, '');
  if (!further.endsWith('5') || !isExactly(value, further, exponent)) return text;
  const cut = further.slice(0, -1);
  return (cut.charCodeAt(cut.length - 1) - zero) % 2 === 0 ? cut : text;
}

/** Whether the double is this decimal times 10^exponent, and not only nearest to it. */
function isExactly(value: number, decimalText: string, exponent: number): boolean {
  const decimals = decimalText.length - 1 - decimalText.indexOf('.') - exponent;
  if (decimals <= 0) return false;
  let mantissa = value;
  let halvings = 0n;
  for (; !Number.isInteger(mantissa); halvings++) mantissa *= 2;
  const digits = BigInt(decimalText.replace('.', ''));
  return BigInt(mantissa) * 10n ** BigInt(decimals) === digits << halvings;
}

function withoutZeros(text: string): string {
  return text.includes('.') ? text.replace(/\.?0+$/, '') : text;
}

/** Writes the text of the double at `at`; returns the position behind it. */
export function formatDouble(target: Buffer, at: number, value: number): number {
  if (value >= 0 && value < 1e6 && Math.floor(value) === value && !Object.is(value, -0)) {
    return formatDigits(target, at, value);
  }
  return at + target.write(doubleText(value), at, 'latin1');
}

function formatDigits(target: Buffer, at: number, value: number): number {
  let digits = 1;
  for (let limit = 10; value >= limit; limit *= 10) digits++;
  let rest = value | 0;
  for (let i = at + digits - 1; i >= at; i--) {
    const next = (rest / 10) | 0;
    target[i] = zero + rest - next * 10;
    rest = next;
  }
  return at + digits;
}

/**
 * The double that the bytes spell, all of them, or NaN: decimal or hexadecimal, `inf` and
 * `infinity` in any case; no blanks, no `nan`, nothing that overflows or vanishes.
 */
export function parseDouble(bytes: Uint8Array, start: number, end: number): number {
  const value = parseSimple(bytes, start, end);
  if (!Number.isNaN(value) || end === start) return value;
  let text = '';
  for (let i = start; i < end; i++) text += String.fromCharCode(bytes[i] as number);
  return parseStrictText(text);
}

/** `[+-]digits[.digits]` with at most 15 digits; NaN for all else, which may be a number still. */
function parseSimple(bytes: Uint8Array, start: number, end: number): number {
  let at = start;
  const sign = bytes[at] as number;
  if (sign === minus || sign === plus) at++;
  let value = 0;
  let digits = 0;
  let fraction = -1;
  if (end - at > maxExactDigits + 1) return NaN;
  for (; at < end; at++) {
    const byte = bytes[at] as number;
    if (byte === point && fraction < 0) {
      fraction = 0;
      continue;
    }
    if (byte < zero || byte > zero + 9) return NaN;
    value = value * 10 + byte - zero;
    digits++;
    if (fraction >= 0) fraction++;
  }
  if (digits === 0 || digits > maxExactDigits) return NaN;
  if (fraction > 0) value /= powersOfTen[fraction] as number;
  return sign === minus ? -value : value;
}

function parseStrictText(text: string): number {
  if (/^\s/.test(text)) return NaN;
  const read = readDouble(text);
  return read.length === text.length && !read.outOfRange ? read.value : NaN;
}

/** What strtod makes of a text: the value, and how many characters it took (0: no number). */
export interface ReadDouble {
  readonly value: number;
  readonly length: number;
  /** ERANGE: infinite, or nothing left of it. */
  readonly outOfRange: boolean;
}

const decimal = /^([ \t\n\v\f\r]*)([+-]?)(\d+\.?\d*|\.\d+)(?:e[+-]?\d+)?/i;
const hexadecimal = /^([ \t\n\v\f\r]*)([+-]?)0x([\da-f]+\.?[\da-f]*|\.[\da-f]+)(?:p([+-]?\d+))?/i;
const named = /^([ \t\n\v\f\r]*)([+-]?)(infinity|inf|nan)/i;

/** As strtod: leading blanks are skipped, what follows the number is left. */
export function readDouble(text: string): ReadDouble {
  const hex = hexadecimal.exec(text);
  if (hex !== null) return { ...readHexadecimal(hex), length: hex[0].length };
  const word = named.exec(text);
  if (word !== null) {
    const size = (word[3] ?? '').toLowerCase() === 'nan' ? NaN : Infinity;
    return { value: word[2] === '-' ? -size : size, length: word[0].length, outOfRange: false };
  }
  const found = decimal.exec(text);
  if (found === null) return { value: 0, length: 0, outOfRange: false };
  const value = Number(found[0].trim());
  const vanished = value === 0 && /[1-9]/.test(found[3] ?? '');
  return { value, length: found[0].length, outOfRange: vanished || !Number.isFinite(value) };
}

function readHexadecimal(found: RegExpExecArray): { value: number; outOfRange: boolean } {
  const [whole = '', fraction = ''] = (found[3] ?? '').split('.');
  const mantissa = BigInt(`0x0${whole}${fraction}`);
  const exponent = Number(found[4] ?? 0) - fraction.length * 4;
  const size = scaled(mantissa, exponent);
  const value = found[2] === '-' ? -size : size;
  return { value, outOfRange: !Number.isFinite(value) || (size === 0 && mantissa !== 0n) };
}

/** mantissa × 2^exponent, rounded once, half to even. */
function scaled(mantissa: bigint, exponent: number): number {
  if (mantissa === 0n) return 0;
  const bits = mantissa.toString(2).length;
  const top = bits + exponent;
  if (top > 1024) return Infinity;
  if (top < -1080) return 0;
  // Bits that the double can hold at this height; below 2^-1022 they become fewer.
  const kept = Math.min(53, top + 1074);
  const drop = bits - Math.max(kept, 0);
  if (drop <= 0) return Number(mantissa) * 2 ** Math.max(exponent, -1074);
  const shift = BigInt(drop);
  let rest = mantissa >> shift;
  const half = 1n << (shift - 1n);
  const tail = mantissa & ((1n << shift) - 1n);
  if (tail > half || (tail === half && (rest & 1n) === 1n)) rest++;
  // Two factors: 2^-1074 is a double, 2^1024 is none.
  const power = exponent + drop;
  return power > 970 ? Number(rest) * 2 ** 970 * 2 ** (power - 970) : Number(rest) * 2 ** power;
}
