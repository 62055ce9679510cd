// Bytes ⇄ text, without loss: what is valid UTF-8 reads as such, and each byte that is not becomes
// a character of its own, U+DC80 … U+DCFF, which no valid UTF-8 decodes to (Python's
// "surrogateescape"). For values of directives: mostly words and paths, but a password may be any
// bytes.

const escapes = 0xdc00;

/** The text that stands for these bytes. */
export function textOfBytes(bytes: Buffer): string {
  const text = bytes.toString('utf8');
  // U+FFFD stands for what was no UTF-8, or for itself.
  if (!text.includes('\ufffd')) return text;
  let exact = '';
  for (let at = 0; at < bytes.length;) {
    const length = sequenceLength(bytes, at);
    exact += length === 0
      ? String.fromCharCode(escapes + (bytes[at] as number))
      : bytes.toString('utf8', at, at + length);
    at += Math.max(length, 1);
  }
  return exact;
}

/** The bytes that this text stands for. */
export function bytesOfText(text: string): Buffer {
  if (text.isWellFormed()) return Buffer.from(text, 'utf8');
  return Buffer.concat(Array.from(text, (character) => {
    const code = character.charCodeAt(0);
    const escaped = character.length === 1 && code >= escapes + 0x80 && code <= escapes + 0xff;
    return escaped ? Buffer.of(code - escapes) : Buffer.from(character, 'utf8');
  }));
}

/** How many bytes the valid UTF-8 sequence has that begins there; 0 when none does. */
function sequenceLength(bytes: Buffer, at: number): number {
  const first = bytes[at] as number;
  if (first < 0x80) return 1;
  const length = first >= 0xf0 ? 4 : first >= 0xe0 ? 3 : 2;
  const sequence = bytes.subarray(at, at + length);
  // Decoded and encoded again it must be the same: no overlong forms, no surrogates.
  return Buffer.from(sequence.toString('utf8'), 'utf8').equals(sequence)
    && sequence.length === length && sequence.toString('utf8').length === (length === 4 ? 2 : 1)
    ? length : 0;
}
