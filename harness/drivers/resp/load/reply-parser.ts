// Counts RESP2 replies in a stream of chunks without making anything of them: offsets only, any
// split. What matters to a load is where a reply ends and whether an error hides in it.
//
//   +text CRLF  -text CRLF  :number CRLF  _ CRLF      a line
//   $length CRLF bytes CRLF      $-1 CRLF              a bulk, the null bulk
//   *count CRLF reply…           *-1 CRLF              an array, the null array (both: EXEC)

const plus = 0x2b;
const minus = 0x2d;
const colon = 0x3a;
const underscore = 0x5f;
const dollar = 0x24;
const star = 0x2a;
const letterO = 0x4f;
const letterK = 0x4b;
const carriageReturn = 0x0d;
const lineFeed = 0x0a;

/** Bytes of `+OK` with its end. */
export const okBytes = 5;

const atType = 0;
const inLine = 1;
const inLength = 2;
const inBulk = 3;

const deepestNesting = 16;
const longestErrorText = 200;

/** Finds the ends of replies; one per connection. */
export class ReplyParser {
  /** Whether the reply just completed was an error or a null array: nothing of it happened. */
  failed = false;
  /** Whether it was an array (EXEC) with an error inside: something of it may have happened. */
  failedInside = false;
  /** Text of the first error seen, without the dash; null before. */
  firstError: string | null = null;
  /** Set when the bytes were not RESP2: nothing after that can be trusted. */
  broken = false;

  #state = atType;
  #type = 0;
  #negative = false;
  #left = 0; // digits read so far as a number, then bytes left of a bulk
  #depth = 0;
  readonly #elementsLeft = new Int32Array(deepestNesting + 1);
  #capturing = false;
  #captured = '';

  /**
   * Reads on at `start` until one outermost reply is complete.
   * Returns the offset after it, or -1 when all bytes up to `end` were taken and more are needed.
   */
  next(buffer: Uint8Array, start: number, end: number): number {
    if (this.#state === atType && this.#depth === 0) {
      this.failed = false;
      this.failedInside = false;
      if (
        start + okBytes <= end &&
        buffer[start] === plus &&
        buffer[start + 3] === carriageReturn &&
        buffer[start + 4] === lineFeed
      ) {
        return start + okBytes; // +OK, of reads and transactions too
      }
    }
    return this.#slow(buffer, start, end);
  }

  /** How many whole `+OK` lie between `start` and `end`; they need no `next`. Hot. */
  countOks(buffer: Uint8Array, start: number, end: number): number {
    if (this.#state !== atType || this.#depth !== 0) return 0;
    let at = start;
    while (
      at + okBytes <= end &&
      buffer[at] === plus &&
      buffer[at + 1] === letterO &&
      buffer[at + 2] === letterK &&
      buffer[at + 3] === carriageReturn &&
      buffer[at + 4] === lineFeed
    ) {
      at += okBytes;
    }
    return (at - start) / okBytes;
  }

  #slow(buffer: Uint8Array, start: number, end: number): number {
    let at = start;
    while (at < end && !this.broken) {
      let complete = false;
      if (this.#state === atType) {
        this.#open(buffer[at++] as number);
      } else if (this.#state === inBulk) {
        const taken = Math.min(this.#left, end - at);
        at += taken;
        this.#left -= taken;
        complete = this.#left === 0;
      } else {
        const byte = buffer[at++] as number;
        if (byte === lineFeed) complete = this.#endLine();
        else if (this.#state === inLength) this.#digit(byte);
        else if (this.#capturing && byte !== carriageReturn) this.#capture(byte);
      }
      if (complete && this.#close()) return at;
    }
    return -1;
  }

  #open(type: number): void {
    this.#type = type;
    this.#left = 0;
    this.#negative = false;
    if (type === dollar || type === star) {
      this.#state = inLength;
      return;
    }
    this.#state = inLine;
    if (type === minus) {
      this.#fail();
      this.#capturing = this.firstError === null;
      this.#captured = '';
    } else if (type !== plus && type !== colon && type !== underscore) {
      this.broken = true;
    }
  }

  #fail(): void {
    if (this.#depth === 0) this.failed = true;
    else this.failedInside = true;
  }

  #digit(byte: number): void {
    if (byte === minus) this.#negative = true;
    else if (byte >= 0x30 && byte <= 0x39) this.#left = this.#left * 10 + byte - 0x30;
    else if (byte !== carriageReturn) this.broken = true;
  }

  #capture(byte: number): void {
    if (this.#captured.length < longestErrorText) this.#captured += String.fromCharCode(byte);
  }

  /** True when the line ends a reply; false when a bulk or elements follow. */
  #endLine(): boolean {
    if (this.#capturing) {
      this.firstError = this.#captured;
      this.#capturing = false;
    }
    if (this.#state === inLine) return true;
    if (this.#type === dollar) {
      if (this.#negative) return true;
      this.#left += 2; // its CRLF
      this.#state = inBulk;
      return false;
    }
    return this.#endArrayHead();
  }

  #endArrayHead(): boolean {
    if (this.#negative) {
      this.#fail();
      this.firstError ??= 'EXEC was aborted (null array)';
      return true;
    }
    if (this.#left === 0) return true;
    if (this.#depth === deepestNesting) {
      this.broken = true;
      return false;
    }
    this.#depth++;
    this.#elementsLeft[this.#depth] = this.#left;
    this.#state = atType;
    return false;
  }

  /** Ends one reply and the arrays that it fills; true when the outermost is complete. */
  #close(): boolean {
    this.#state = atType;
    while (this.#depth > 0) {
      const left = (this.#elementsLeft[this.#depth] as number) - 1;
      this.#elementsLeft[this.#depth] = left;
      if (left > 0) return false;
      this.#depth--;
    }
    return true;
  }
}
