// Replies → bytes, in one growing buffer. RESP2 and RESP3; what RESP2 lacks is written as Redis
// writes it (a map as a flat array, a double as a bulk, a null as an empty bulk's absence).
//
//   +text  -error  :integer  $length bytes  *count      both
//   _  ,double  #t/#f  (big  %count  ~count  >count  =length txt:…   RESP3 only
//
// No strings are made for numbers, and the common replies are copied from prepared bytes.
import { EngineError } from '../errors.ts';
import { doubleText } from './doubles.ts';

const carriageReturn = 13;
const lineFeed = 10;
const zero = 48;
const minus = 45;
/** Up to this length a byte loop beats a call into the runtime. */
const loopBytes = 32;
/** Of any bytes, not only of a Buffer; unlike `set` it needs no view of the part. */
const copyOf = Buffer.prototype.copy;
const smallestBuffer = 1024;
/** Nothing longer is written: whoever is meant to get it is cut off. */
const mostBytes = 2 ** 31;
/** Whole numbers below this are written digit by digit. */
const smallDouble = 1e9;
/** Numbers below this need no doubles. */
const smallNumber = 1e9;

const queuedBytes = Buffer.from('+QUEUED\r\n');
const pongBytes = Buffer.from('+PONG\r\n');
const nil2Bytes = Buffer.from('$-1\r\n');
const nilArray2Bytes = Buffer.from('*-1\r\n');
const nil3Bytes = Buffer.from('_\r\n');

/** The types' first bytes. */
const simpleMark = 43;
const errorMark = 45;
const integerMark = 58;
const bulkMark = 36;
const arrayMark = 42;
const mapMark = 37;
const setMark = 126;
const pushMark = 62;
const doubleMark = 44;
const booleanMark = 35;
const bigNumberMark = 40;
const verbatimMark = 61;

/** Encodes replies one after the other into `buffer[0 .. length)`. */
export class ReplyWriter {
  protocol: 2 | 3 = 2;
  buffer: Buffer;
  length = 0;
  /** Errors written so far; what INFO counts. */
  errors = 0;
  /** Set while a command runs that may end anywhere: what gets too long is thrown. */
  mayThrow = false;
  /** More was written than anybody can be sent; what `buffer` holds means nothing any more. */
  overflowed = false;
  private readonly mostBytes: number;

  /** `limitBytes` is what all replies together may take; tests make it small. */
  constructor(sizeBytes: number = smallestBuffer, limitBytes: number = mostBytes) {
    this.mostBytes = limitBytes;
    this.buffer = Buffer.allocUnsafeSlow(Math.max(sizeBytes, 64));
  }

  /** Forgets all replies; the buffer is kept. */
  clear(): void {
    this.length = 0;
  }

  /** Gives the buffer away (a socket still reads from it) and goes on in a new one. */
  detach(): void {
    this.buffer = Buffer.allocUnsafeSlow(smallestBuffer);
    this.length = 0;
  }

  ok(): void {
    // Written out: by far the commonest reply.
    if (this.length + 5 > this.buffer.length) this.grow(5);
    let at = this.length;
    const buffer = this.buffer;
    buffer[at++] = simpleMark;
    buffer[at++] = 79;
    buffer[at++] = 75;
    buffer[at++] = carriageReturn;
    buffer[at++] = lineFeed;
    this.length = at;
  }

  pong(): void {
    this.prepared(pongBytes);
  }

  queued(): void {
    this.prepared(queuedBytes);
  }

  /** A status such as OK. `text` must hold no line end. */
  simple(text: string): void {
    this.line(simpleMark, text);
  }

  /** An error with its code first: "ERR syntax error". Line ends become blanks, as in Redis. */
  error(text: string): void {
    this.errors++;
    this.line(errorMark, text.replace(/[\r\n]+$/, '').replace(/[\r\n]/g, ' '));
  }

  /** A safe integer. */
  integer(value: number): void {
    this.reserve(24);
    this.buffer[this.length++] = integerMark;
    this.number(value);
  }

  /** An integer that may be beyond 2^53. */
  bigInteger(value: bigint): void {
    this.line(integerMark, value.toString());
  }

  bulk(source: Uint8Array, start: number, end: number): void {
    const length = end - start;
    if (this.length + length + 24 > this.buffer.length) this.grow(length + 24);
    this.buffer[this.length++] = bulkMark;
    this.number(length);
    this.bytes(source, start, end);
    this.lineEnd();
  }

  bulkText(text: string): void {
    this.textWithLength(bulkMark, text, '');
  }

  /** A missing value. */
  nil(): void {
    this.prepared(this.protocol === 2 ? nil2Bytes : nil3Bytes);
  }

  /** A missing list (an EXEC that a WATCH cancelled). */
  nilArray(): void {
    this.prepared(this.protocol === 2 ? nilArray2Bytes : nil3Bytes);
  }

  array(count: number): void {
    this.header(arrayMark, count);
  }

  /** `pairs` keys and values follow. */
  map(pairs: number): void {
    if (this.protocol === 2) this.header(arrayMark, pairs * 2);
    else this.header(mapMark, pairs);
  }

  set(count: number): void {
    this.header(this.protocol === 2 ? arrayMark : setMark, count);
  }

  /** Out-of-band data in RESP3, a plain array in RESP2. */
  push(count: number): void {
    this.header(this.protocol === 2 ? arrayMark : pushMark, count);
  }

  double(value: number): void {
    if (value >= 0 && value < smallDouble && Math.floor(value) === value && !Object.is(value, -0)) {
      this.smallDouble(value);
      return;
    }
    const text = doubleText(value);
    if (this.protocol === 2) this.bulkText(text);
    else this.line(doubleMark, text);
  }

  /** Most scores: a whole number, written without a string. */
  private smallDouble(value: number): void {
    this.reserve(32);
    if (this.protocol === 2) {
      this.buffer[this.length++] = bulkMark;
      this.number(digitsOf(value));
    } else this.buffer[this.length++] = doubleMark;
    this.number(value);
  }

  boolean(value: boolean): void {
    if (this.protocol === 2) this.integer(value ? 1 : 0);
    else this.line(booleanMark, value ? 't' : 'f');
  }

  bigNumber(value: bigint): void {
    if (this.protocol === 2) this.bulkText(value.toString());
    else this.line(bigNumberMark, value.toString());
  }

  /** Text for people; `format` is three letters: txt or mkd. */
  verbatim(format: string, text: string): void {
    if (this.protocol === 2) this.bulkText(text);
    else this.textWithLength(verbatimMark, text, `${format}:`);
  }

  /** Bytes that are whole replies already. */
  raw(source: Uint8Array, start: number, end: number): void {
    this.reserve(end - start);
    this.bytes(source, start, end);
  }

  /**
   * Puts an array header before everything written since `mark` (a former `length`), for lists
   * whose count is known only at their end.
   */
  arrayBefore(mark: number, count: number): void {
    const bodyEnd = this.length;
    this.array(count);
    this.moveBefore(mark, bodyEnd);
  }

  /** As `arrayBefore` for a set. */
  setBefore(mark: number, count: number): void {
    const bodyEnd = this.length;
    this.set(count);
    this.moveBefore(mark, bodyEnd);
  }

  /** Moves what was written from `bodyEnd` on before what was written from `mark` on. */
  private moveBefore(mark: number, bodyEnd: number): void {
    if (mark > bodyEnd) return;
    const header = Buffer.from(this.buffer.subarray(bodyEnd, this.length));
    this.buffer.copyWithin(mark + header.length, mark, bodyEnd);
    this.buffer.set(header, mark);
  }

  private header(mark: number, count: number): void {
    this.reserve(24);
    this.buffer[this.length++] = mark;
    this.number(count);
  }

  private line(mark: number, text: string): void {
    this.reserve(text.length * 3 + 3);
    this.buffer[this.length++] = mark;
    this.length += this.buffer.write(text, this.length);
    this.lineEnd();
  }

  private textWithLength(mark: number, text: string, prefix: string): void {
    this.reserve((text.length + prefix.length) * 3 + 32);
    this.buffer[this.length++] = mark;
    this.number(Buffer.byteLength(text) + prefix.length);
    this.length += this.buffer.write(prefix + text, this.length);
    this.lineEnd();
  }

  private prepared(bytes: Buffer): void {
    const size = bytes.length;
    if (this.length + size > this.buffer.length) this.grow(size);
    let at = this.length;
    const buffer = this.buffer;
    for (let i = 0; i < size; i++) buffer[at++] = bytes[i] as number;
    this.length = at;
  }

  private bytes(source: Uint8Array, start: number, end: number): void {
    const buffer = this.buffer;
    let at = this.length;
    if (end - start <= loopBytes) {
      for (let i = start; i < end; i++) buffer[at++] = source[i] as number;
    } else {
      copyOf.call(source, buffer, at, start, end);
    }
    this.length += end - start;
  }

  /** Decimal digits and a line end; room for 22 bytes must be there. */
  private number(value: number): void {
    if (value >= 0 && value < 10) {
      // Most counts, and lengths of short elements.
      const { buffer, length } = this;
      buffer[length] = zero + value;
      buffer[length + 1] = carriageReturn;
      buffer[length + 2] = lineFeed;
      this.length = length + 3;
    } else if (value >= 0 && value < smallNumber) {
      this.smallNumber(value | 0);
    } else {
      this.largeNumber(value);
    }
  }

  /** As `number`, with arithmetic of 32 bits. */
  private smallNumber(value: number): void {
    const { buffer } = this;
    let digits = 2;
    for (let bound = 100; digits < 9 && value >= bound; bound = (bound * 10) | 0) digits++;
    const end = this.length + digits;
    let rest = value;
    for (let at = end - 1; at >= this.length; at--) {
      const quotient = (rest / 10) | 0;
      buffer[at] = zero + rest - quotient * 10;
      rest = quotient;
    }
    buffer[end] = carriageReturn;
    buffer[end + 1] = lineFeed;
    this.length = end + 2;
  }

  private largeNumber(value: number): void {
    const buffer = this.buffer;
    let rest = value;
    if (rest < 0) {
      buffer[this.length++] = minus;
      rest = -rest;
    }
    let at = this.length + digitsOf(rest);
    this.length = at;
    do {
      const quotient = Math.floor(rest / 10);
      buffer[--at] = zero + (rest - quotient * 10);
      rest = quotient;
    } while (rest > 0);
    this.lineEnd();
  }

  private lineEnd(): void {
    const at = this.length;
    this.buffer[at] = carriageReturn;
    this.buffer[at + 1] = lineFeed;
    this.length = at + 2;
  }

  private reserve(count: number): void {
    if (this.length + count > this.buffer.length) this.grow(count);
  }

  /** @throws {EngineError} REPLY_TOO_LONG when `mayThrow`; else what is there is dropped. */
  private grow(count: number): void {
    if (this.length + count > this.mostBytes) this.overflow();
    if (this.length + count <= this.buffer.length) return;
    const doubled = Math.min(this.buffer.length * 2, this.mostBytes);
    const wanted = Math.max(doubled, this.length + count);
    const larger = Buffer.allocUnsafeSlow(wanted);
    this.buffer.copy(larger, 0, 0, this.length);
    this.buffer = larger;
  }

  private overflow(): void {
    this.overflowed = true;
    if (this.mayThrow) {
      throw new EngineError('REPLY_TOO_LONG', `a reply may have ${this.mostBytes} bytes at most`);
    }
    this.length = 0;
  }
}

function digitsOf(value: number): number {
  let digits = 1;
  let bound = 10;
  while (value >= bound && digits < 16) {
    bound *= 10;
    digits++;
  }
  return digits;
}
