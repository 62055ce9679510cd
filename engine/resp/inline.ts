// Inline requests: words separated by blanks, with "…" (escapes \n \r \t \b \a \xHH, and any other
// escaped byte as itself) and '…' (only \' escapes). Unescaped words are written back over the
// line, since they never grow, and the arguments stay offsets into the same buffer.

/** Where the words are recorded: the decoder. */
export interface ArgumentOffsets {
  argStart: Int32Array;
  argEnd: Int32Array;
  growArguments(): void;
}

const doubleQuote = 34;
const singleQuote = 39;
const backslash = 92;
const lowerX = 120;

/**
 * Splits the line between `start` and `end` into words and records their offsets.
 * Returns the number of words, or -1 when a quote is not closed or followed by a letter.
 */
export function splitInline(
  target: ArgumentOffsets,
  line: Uint8Array,
  start: number,
  end: number,
): number {
  const cursor = new WordCursor(line, start, end);
  let count = 0;
  for (;;) {
    while (cursor.at < end && isBlank(line[cursor.at] as number)) cursor.at++;
    if (cursor.at >= end) return count;
    const wordStart = cursor.at;
    cursor.out = wordStart;
    if (!cursor.word()) return -1;
    if (count === target.argStart.length) target.growArguments();
    target.argStart[count] = wordStart;
    target.argEnd[count] = cursor.out;
    count++;
  }
}

class WordCursor {
  at: number;
  out: number;
  readonly line: Uint8Array;
  readonly end: number;

  constructor(line: Uint8Array, start: number, end: number) {
    this.line = line;
    this.at = start;
    this.out = start;
    this.end = end;
  }

  /** Copies one word to `out`; false when its quotes are unbalanced. */
  word(): boolean {
    while (this.at < this.end) {
      const byte = this.line[this.at] as number;
      if (endsWord(byte)) return true;
      this.at++;
      if (byte === doubleQuote) return this.doubleQuoted();
      if (byte === singleQuote) return this.singleQuoted();
      this.put(byte);
    }
    return true;
  }

  private doubleQuoted(): boolean {
    while (this.at < this.end) {
      const byte = this.line[this.at++] as number;
      if (byte === doubleQuote) return this.quoteClosed();
      if (byte === backslash && this.at < this.end) this.escape();
      else this.put(byte);
    }
    return false;
  }

  private singleQuoted(): boolean {
    while (this.at < this.end) {
      const byte = this.line[this.at++] as number;
      if (byte === singleQuote) return this.quoteClosed();
      if (byte === backslash && this.line[this.at] === singleQuote && this.at < this.end) {
        this.at++;
        this.put(singleQuote);
      } else {
        this.put(byte);
      }
    }
    return false;
  }

  /** A closing quote must be followed by a blank or by nothing; the word ends there. */
  private quoteClosed(): boolean {
    return this.at >= this.end || isBlank(this.line[this.at] as number);
  }

  private escape(): void {
    const byte = this.line[this.at++] as number;
    if (byte === lowerX && this.at + 1 < this.end) {
      const high = hexDigit(this.line[this.at] as number);
      const low = hexDigit(this.line[this.at + 1] as number);
      if (high >= 0 && low >= 0) {
        this.at += 2;
        this.put(high * 16 + low);
        return;
      }
    }
    this.put(escaped(byte));
  }

  private put(byte: number): void {
    this.line[this.out++] = byte;
  }
}

function isBlank(byte: number): boolean {
  return byte === 32 || (byte >= 9 && byte <= 13);
}

/** As Redis: inside a word only these end it; vertical tab and form feed belong to the word. */
function endsWord(byte: number): boolean {
  return byte === 32 || byte === 9 || byte === 10 || byte === 13;
}

function hexDigit(byte: number): number {
  if (byte >= 48 && byte <= 57) return byte - 48;
  const lower = byte | 32;
  return lower >= 97 && lower <= 102 ? lower - 87 : -1;
}

function escaped(byte: number): number {
  if (byte === 110) return 10;
  if (byte === 114) return 13;
  if (byte === 116) return 9;
  if (byte === 98) return 8;
  return byte === 97 ? 7 : byte;
}
