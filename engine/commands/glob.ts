// Redis' glob patterns over bytes: * ? [set] [^set] [a-z] and \ to take the next byte as itself.
//
// Every token but * takes one byte, so it is enough to come back to the last * on a mismatch:
// the time is at most pattern × text, never exponential.

const star = 42;
const question = 63;
const open = 91;
const close = 93;
const caret = 94;
const dash = 45;
const backslash = 92;

/** Whether the pattern covers the whole text; `fold` compares letters without case. */
export function globMatches(pattern: Uint8Array, text: Uint8Array, fold = false): boolean {
  return globMatchesRange(pattern, text, 0, text.length, fold);
}

/** The same over the bytes from `start` to `end` of a larger buffer. */
export function globMatchesRange(
  pattern: Uint8Array,
  text: Uint8Array,
  start: number,
  end: number,
  fold: boolean,
): boolean {
  let at = start;
  let p = 0;
  let starAt = -1; // where the pattern goes on after the last *
  let starText = 0; // the text position that * has swallowed up to
  while (at < end) {
    if (p < pattern.length && pattern[p] === star) {
      starAt = ++p;
      starText = at;
      continue;
    }
    if (p < pattern.length && tokenMatches(pattern, p, text[at] as number, fold)) {
      p = tokenEnd(pattern, p);
      at++;
      continue;
    }
    if (starAt < 0) return false;
    p = starAt;
    at = ++starText;
  }
  while (p < pattern.length && pattern[p] === star) p++;
  return p === pattern.length;
}

function tokenMatches(pattern: Uint8Array, p: number, byte: number, fold: boolean): boolean {
  const token = pattern[p] as number;
  if (token === question) return true;
  if (token === open) return setMatches(pattern, p, byte, fold);
  const escaped = token === backslash && p + 1 < pattern.length;
  const literal = escaped ? (pattern[p + 1] as number) : token;
  return lower(literal, fold) === lower(byte, fold);
}

function tokenEnd(pattern: Uint8Array, p: number): number {
  const token = pattern[p];
  if (token === open) return setEnd(pattern, p);
  return token === backslash && p + 1 < pattern.length ? p + 2 : p + 1;
}

/** A set that is never closed ends with the pattern. */
function setEnd(pattern: Uint8Array, p: number): number {
  let at = p + 1;
  if (pattern[at] === caret) at++;
  while (at < pattern.length && pattern[at] !== close) at += memberLength(pattern, at);
  return Math.min(at + 1, pattern.length);
}

function memberLength(pattern: Uint8Array, at: number): number {
  const left = pattern.length - at;
  if (pattern[at] === backslash && left >= 2) return 2;
  return left >= 3 && pattern[at + 1] === dash ? 3 : 1;
}

function setMatches(pattern: Uint8Array, p: number, byte: number, fold: boolean): boolean {
  let at = p + 1;
  const negated = pattern[at] === caret;
  if (negated) at++;
  const wanted = lower(byte, fold);
  let found = false;
  while (at < pattern.length && pattern[at] !== close) {
    const length = memberLength(pattern, at);
    const first = lower(pattern[length === 2 ? at + 1 : at] as number, fold && length !== 2);
    if (length === 3) {
      const last = lower(pattern[at + 2] as number, fold);
      found ||= wanted >= Math.min(first, last) && wanted <= Math.max(first, last);
    } else {
      found ||= first === (length === 2 ? byte : wanted);
    }
    at += length;
  }
  return found !== negated;
}

function lower(byte: number, fold: boolean): number {
  return fold && byte >= 65 && byte <= 90 ? byte + 32 : byte;
}
