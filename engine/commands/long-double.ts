// The arithmetic of INCRBYFLOAT: Redis adds in the 80-bit long double of x86 and prints 17 decimals
// without trailing zeros. 64-bit doubles would print 10.59999999999999964 where Redis prints 10.6,
// so that format is computed here: integer mantissa × 2^exponent, in BigInt. Not a hot path.
//
//   value = mantissa × 2^exponent,  |mantissa| < 2^64,  exponent ≥ −16445 (the denormals' end)

/** A long double; `mantissa` null: an infinity with the sign of `exponent`, or NaN if that is. */
export interface LongDouble {
  readonly mantissa: bigint | null;
  readonly exponent: number;
}

const mantissaBits = 64;
const exponentMin = -16445;
const exponentMax = 16383 - 63;
const textMax = 5 * 1024;
/** Decimal exponents beyond these are certain to overflow or to vanish. */
const decimalExponentMax = 5000;
const decimalExponentMin = -5100;
const decimals = 17;

const decimalPattern = /^([+-]?)(\d*)(?:\.(\d*))?(?:e([+-]?\d+))?$/i;
const hexPattern = /^([+-]?)0x([\da-f]*)(?:\.([\da-f]*))?(?:p([+-]?\d+))?$/i;
const infinityPattern = /^([+-]?)inf(?:inity)?$/i;

/** Reads what C's strtold reads, as a whole; null when that fails, overflows or vanishes. */
export function parseLongDouble(text: string): LongDouble | null {
  if (text.length === 0 || text.length >= textMax) return null;
  const infinite = infinityPattern.exec(text);
  if (infinite !== null) return { mantissa: null, exponent: infinite[1] === '-' ? -1 : 1 };
  const decimal = decimalPattern.exec(text);
  if (decimal !== null) return fromParts(decimal, decimalNotation);
  const hex = hexPattern.exec(text);
  return hex === null ? null : fromParts(hex, hexNotation);
}

/** As `parseLongDouble`, of bytes, which may be very many. */
export function readLongDouble(bytes: Buffer, start: number, end: number): LongDouble | null {
  return end - start < textMax ? parseLongDouble(bytes.toString('latin1', start, end)) : null;
}

interface Notation {
  readonly digitBase: bigint;
  readonly exponentBase: bigint;
  readonly prefix: string;
}

const decimalNotation: Notation = { digitBase: 10n, exponentBase: 10n, prefix: '' };
const hexNotation: Notation = { digitBase: 16n, exponentBase: 2n, prefix: '0x' };

function fromParts(parts: RegExpExecArray, notation: Notation): LongDouble | null {
  const whole = parts[2] ?? '';
  const fraction = parts[3] ?? '';
  if (whole === '' && fraction === '') return null;
  const digits = BigInt(`${notation.prefix}${whole}${fraction}`);
  if (digits === 0n) return { mantissa: 0n, exponent: 0 };
  const exponent = Number(parts[4] ?? '0');
  if (notation.prefix === '') {
    const magnitude = exponent - fraction.length + digits.toString().length;
    if (magnitude > decimalExponentMax || magnitude < decimalExponentMin) return null;
  } else if (Math.abs(exponent) > 40000) return null;
  let numerator = digits;
  let denominator = notation.digitBase ** BigInt(fraction.length);
  const scale = notation.exponentBase ** BigInt(Math.abs(exponent));
  if (exponent >= 0) numerator *= scale;
  else denominator *= scale;
  const rounded = roundQuotient(numerator, denominator);
  if (rounded.mantissa === null || rounded.mantissa === 0n) return null;
  return parts[1] === '-' ? { ...rounded, mantissa: -rounded.mantissa } : rounded;
}

/** numerator / denominator (both positive) to the nearest long double, ties to even. */
function roundQuotient(numerator: bigint, denominator: bigint): LongDouble {
  let exponent = bitLength(numerator) - bitLength(denominator) - mantissaBits;
  // One bit too many at most: the quotient has 64 or 65 bits with this exponent.
  if (bitLength(scaled(numerator, denominator, exponent)) > mantissaBits) exponent++;
  exponent = Math.max(exponent, exponentMin);
  const top = exponent < 0 ? numerator << BigInt(-exponent) : numerator;
  const bottom = exponent > 0 ? denominator << BigInt(exponent) : denominator;
  return normalize(divideToEven(top, bottom), exponent);
}

function scaled(numerator: bigint, denominator: bigint, exponent: number): bigint {
  return exponent < 0
    ? (numerator << BigInt(-exponent)) / denominator
    : numerator / (denominator << BigInt(exponent));
}

function divideToEven(top: bigint, bottom: bigint): bigint {
  const quotient = top / bottom;
  const twice = (top - quotient * bottom) * 2n;
  const up = twice > bottom || (twice === bottom && (quotient & 1n) === 1n);
  return up ? quotient + 1n : quotient;
}

function normalize(mantissa: bigint, exponent: number): LongDouble {
  if (bitLength(mantissa) > mantissaBits) return normalize(mantissa >> 1n, exponent + 1);
  if (exponent > exponentMax) return { mantissa: null, exponent: 1 };
  return { mantissa, exponent };
}

function bitLength(value: bigint): number {
  return value === 0n ? 0 : value.toString(2).length;
}

/** The sum, rounded once. */
export function addLongDoubles(a: LongDouble, b: LongDouble): LongDouble {
  if (a.mantissa === null || b.mantissa === null) return addInfinities(a, b);
  const exponent = Math.min(a.exponent, b.exponent);
  const sum = (a.mantissa << BigInt(a.exponent - exponent))
    + (b.mantissa << BigInt(b.exponent - exponent));
  if (sum === 0n) return { mantissa: 0n, exponent: 0 };
  const magnitude = sum < 0n ? -sum : sum;
  const rounded = exponent < 0
    ? roundQuotient(magnitude, 1n << BigInt(-exponent))
    : roundQuotient(magnitude << BigInt(exponent), 1n);
  if (sum > 0n) return rounded;
  return rounded.mantissa === null
    ? { mantissa: null, exponent: -1 }
    : { ...rounded, mantissa: -rounded.mantissa };
}

function addInfinities(a: LongDouble, b: LongDouble): LongDouble {
  if (a.mantissa !== null) return b;
  if (b.mantissa !== null || a.exponent === b.exponent) return a;
  return { mantissa: null, exponent: NaN };
}

export function isFiniteLongDouble(value: LongDouble): boolean {
  return value.mantissa !== null;
}

/** A finite value with at most 17 decimals and no trailing zeros; never `-0`. */
export function formatLongDouble(value: LongDouble): string {
  const mantissa = value.mantissa ?? 0n;
  const magnitude = mantissa < 0n ? -mantissa : mantissa;
  const wanted = magnitude * 10n ** BigInt(decimals);
  const shifted = value.exponent >= 0
    ? wanted << BigInt(value.exponent)
    : divideToEven(wanted, 1n << BigInt(-value.exponent));
  const digits = shifted.toString().padStart(decimals + 1, '0');
  const whole = digits.slice(0, -decimals);
  const fraction = digits.slice(-decimals).replace(/0+$/, '');
  const text = fraction === '' ? whole : `${whole}.${fraction}`;
  return mantissa < 0n && text !== '0' ? `-${text}` : text;
}
