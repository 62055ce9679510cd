// Decimal integers in bytes, as strictly as Redis reads them: no blanks, no plus sign, no leading
// zeros, no "-0". Numbers serve within ±(2^53 − 1); beyond that up to int64 BigInt takes over.

export const int64Max: bigint = 2n ** 63n - 1n;
export const int64Min: bigint = -(2n ** 63n);

const minus = 45;
const zero = 48;
const million = 1e6;

/** The integer, or NaN when the bytes are no integer within ±(2^53 − 1). */
export function parseSafeInteger(bytes: Uint8Array, start: number, end: number): number {
  const negative = end > start && bytes[start] === minus;
  let at = negative ? start + 1 : start;
  const digits = end - at;
  if (digits <= 0 || digits > 16) return NaN;
  const first = bytes[at] as number;
  if (first === zero) return digits === 1 && !negative ? 0 : NaN;
  let value = 0;
  while (at < end) {
    const digit = (bytes[at] as number) - zero;
    if (digit < 0 || digit > 9) return NaN;
    value = value * 10 + digit;
    at++;
  }
  if (value > Number.MAX_SAFE_INTEGER) return NaN;
  return negative ? -value : value;
}

/** The integer as a BigInt, or null when the bytes are no int64. */
export function parseInt64(bytes: Uint8Array, start: number, end: number): bigint | null {
  const length = end - start;
  if (length < 1 || length > 20) return null;
  const text = Buffer.from(bytes.subarray(start, end)).toString('latin1');
  if (!/^(?:0|-?[1-9][0-9]*)$/.test(text)) return null;
  const value = BigInt(text);
  return value < int64Min || value > int64Max ? null : value;
}

/** Writes a safe integer in decimal at `at`; returns the position behind it. */
export function formatSafeInteger(target: Uint8Array, at: number, value: number): number {
  let position = at;
  let rest = value;
  if (rest < 0) {
    target[position++] = minus;
    rest = -rest;
  }
  if (rest < million) return formatSmall(target, position, rest);
  const high = Math.floor(rest / million);
  if (high < million) {
    position = formatSmall(target, position, high);
  } else {
    position = formatSmall(target, position, Math.floor(high / million));
    position = formatSixDigits(target, position, high % million);
  }
  return formatSixDigits(target, position, rest % million);
}

/** A non-negative integer below a million, without leading zeros. */
function formatSmall(target: Uint8Array, at: number, value: number): number {
  let digits = 1;
  for (let limit = 10; value >= limit && digits < 6; limit *= 10) digits++;
  let rest = value | 0;
  for (let i = at + digits - 1; i >= at; i--) {
    const next = (rest / 10) | 0;
    target[i] = zero + rest - next * 10;
    rest = next;
  }
  return at + digits;
}

function formatSixDigits(target: Uint8Array, at: number, value: number): number {
  let rest = value | 0;
  for (let i = at + 5; i >= at; i--) {
    const next = (rest / 10) | 0;
    target[i] = zero + rest - next * 10;
    rest = next;
  }
  return at + 6;
}
