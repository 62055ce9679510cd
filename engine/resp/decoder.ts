// Request bytes → offsets of arguments. No strings and no objects are made: a request is the
// numbers argStart[i], argEnd[i] into the buffer that was given to `decode`.
//
//   multibulk:  '*' count CRLF ( '$' length CRLF bytes CRLF ){count}
//   inline:     words with quotes, ended by LF or CRLF
//
// Empty requests ('*0', '*-1', blank lines) are skipped. As in Redis the byte after a count's CR
// and the two bytes after a bulk are taken without being looked at.
//
// A request that is not whole yet leaves its progress in fields, so that a big bulk or a long
// list of arguments that comes in many pieces is parsed once. All positions of the hot loop are
// locals or fields: variables captured by closures are miscompiled by V8 14.6.

import { splitInline } from './inline.ts';
import {
  defaultMaxBulkBytes, maxArguments, maxLineBytes, strangerArguments, strangerBulkBytes,
} from './limits.ts';

/** 0: more bytes are needed; 1: a request is ready; 2: the stream is broken for good. */
export type DecodeStatus = 0 | 1 | 2;

export const needMore = 0;
export const requestReady = 1;
export const protocolError = 2;

export interface DecoderOptions {
  /** Are inline requests understood? Not in an append only file. Default true. */
  readonly inlineAllowed?: boolean;
  /** Longest bulk accepted, in bytes. Default 512 MiB. */
  readonly maxBulkBytes?: number;
}

/** Redis looks for the end of a line with strchr: behind a NUL it finds none, and waits. */
const nul = 0;
const carriageReturn = 13;
const lineFeed = 10;
const asterisk = 42;
const dollar = 36;
const minus = 45;
const zero = 48;
const nine = 57;

/** No number is less; one that is does not count as a number. */
const leastNumber = Buffer.from('-9223372036854775808');

const lineEndBytes = Buffer.from('\r\n');

/** Results of reading a number that ends with CR: its value (≥ -2^31), or one of these. */
const lineOpen = -0x100000000;
const lineTooLong = -0x100000001;
const notANumber = -0x100000002;

interface Progress {
  /** Arguments read so far. */
  readonly done: number;
  /** End of the bytes at hand. */
  readonly end: number;
}

/**
 * Decodes the requests of one connection or file.
 *
 * Call `decode(buffer, start, end)` with `start` at the first unread byte. After `requestReady`
 * go on at `requestEnd`. After `needMore` keep the bytes from `requestStart` and call again with
 * those bytes first and more behind them; `needBytes` says how many (counted from `requestStart`)
 * must be there before another call can get any further.
 */
export class RequestDecoder {
  argc = 0;
  argStart: Int32Array = new Int32Array(16);
  argEnd: Int32Array = new Int32Array(16);
  requestStart = 0;
  requestEnd = 0;
  needBytes = 0;
  /** Did the last request come as an inline line? */
  inline = false;
  /** Are the bytes of the last request the one valid multibulk spelling, fit for a log? */
  canonical = true;
  /** Text of the protocol error without "ERR ", for example "Protocol error: …". */
  errorText = '';
  maxBulkBytes: number;
  /** The client has not given the password yet: its requests must be short. */
  stranger = false;
  readonly inlineAllowed: boolean;

  // Progress inside an unfinished multibulk: arguments announced (0: none begun), read so far,
  // and where to go on, relative to requestStart.
  private announced = 0;
  private done = 0;
  private resumeAt = 0;
  // Where the last number read by readNumber ended: just behind its CR LF.
  private lineEnd = 0;

  constructor(options: DecoderOptions = {}) {
    this.inlineAllowed = options.inlineAllowed ?? true;
    this.maxBulkBytes = options.maxBulkBytes ?? defaultMaxBulkBytes;
  }

  /** Forgets an unfinished request. */
  reset(): void {
    this.announced = 0;
    this.done = 0;
    this.resumeAt = 0;
    this.needBytes = 0;
  }

  /** Decodes the next request of `buffer` between `start` and `end`. */
  decode(buffer: Uint8Array, start: number, end: number): DecodeStatus {
    if (this.announced !== 0) {
      const shift = start - this.requestStart;
      if (shift !== 0) this.shiftArguments(shift);
      this.requestStart = start;
      if (end - start < this.needBytes) return needMore;
      return this.decodeArguments(buffer, start + this.resumeAt, end);
    }
    let at = start;
    for (;;) {
      this.requestStart = at;
      if (at >= end) {
        this.needBytes = 1;
        return needMore;
      }
      if (buffer[at] !== asterisk) {
        const status = this.decodeInline(buffer, at, end);
        if (status !== requestReady || this.argc !== 0) return status;
        at = this.requestEnd;
        continue;
      }
      this.canonical = true;
      // The common case first: a count of one digit that is all there.
      const digit = at + 3 < end ? (buffer[at + 1] as number) - zero : 0;
      if (digit > 0 && digit <= 9 && buffer[at + 2] === carriageReturn &&
        buffer[at + 3] === lineFeed) {
        this.begin(digit);
        return this.decodeArguments(buffer, at + 4, end);
      }
      const count = this.readNumber(buffer, at + 1, end);
      if (count === lineOpen) return this.waitForLine(at, end);
      if (count === lineTooLong) return this.fail('too big mbulk count string');
      if (count === notANumber || count > maxArguments) {
        return this.fail('invalid multibulk length');
      }
      if (this.stranger && count > strangerArguments) {
        return this.fail('unauthenticated multibulk length');
      }
      at = this.lineEnd;
      if (count <= 0) continue;
      this.begin(count);
      return this.decodeArguments(buffer, at, end);
    }
  }

  /** A request of so many arguments begins. */
  private begin(count: number): void {
    this.inline = false;
    this.announced = count;
    this.done = 0;
  }

  private decodeArguments(buffer: Uint8Array, from: number, end: number): DecodeStatus {
    const announced = this.announced;
    let { argStart, argEnd } = this;
    let at = from;
    let done = this.done;
    while (done < announced) {
      if (at >= end) return this.suspend(at, done, at + 1);
      if (buffer[at] !== dollar) return this.refuseMarker(buffer, at, { done, end });
      // The common cases first: a length of one digit or two that is all there.
      const first = at + 4 < end ? (buffer[at + 1] as number) - zero : 0;
      const second = (buffer[at + 2] as number) - zero;
      const isDigit = second >= 0 && second <= 9;
      let length = isDigit ? first * 10 + second : first;
      let next = isDigit ? at + 5 : at + 4;
      const plain = buffer[next - 2] === carriageReturn && buffer[next - 1] === lineFeed;
      if (first <= 0 || first > 9 || !plain || (isDigit && length > this.maxBulkBytes)) {
        length = this.readNumber(buffer, at + 1, end);
        if (length < 0 || length > (this.stranger ? strangerBulkBytes : this.maxBulkBytes)) {
          return this.refuseLength(length, at, { done, end });
        }
        next = this.lineEnd;
      }
      const bulkEnd = next + length;
      if (bulkEnd + 2 > end) return this.suspend(at, done, bulkEnd + 2);
      if (buffer[bulkEnd] !== carriageReturn || buffer[bulkEnd + 1] !== lineFeed) {
        this.canonical = false;
      }
      if (done === argStart.length) {
        this.growArguments();
        argStart = this.argStart;
        argEnd = this.argEnd;
      }
      argStart[done] = next;
      argEnd[done] = bulkEnd;
      done++;
      at = bulkEnd + 2;
    }
    this.argc = announced;
    this.announced = 0;
    this.requestEnd = at;
    return requestReady;
  }

  /** Where '$' must stand is something else: an error once its line has ended, as in Redis. */
  private refuseMarker(buffer: Uint8Array, at: number, state: Progress): DecodeStatus {
    const found = this.readOddNumber(buffer, at, state.end);
    if (found === lineOpen) return this.suspend(at, state.done, state.end + 1);
    if (found === lineTooLong) return this.fail('too big bulk count string');
    const byte = buffer[at] as number;
    const shown = byte === carriageReturn || byte === lineFeed ? ' ' : String.fromCharCode(byte);
    return this.fail(`expected '$', got '${shown}'`);
  }

  private refuseLength(length: number, at: number, state: Progress): DecodeStatus {
    if (length === lineOpen) return this.suspend(at, state.done, state.end + 1);
    if (length === lineTooLong) return this.fail('too big bulk count string');
    const within = length >= 0 && length <= this.maxBulkBytes;
    return this.fail(within ? 'unauthenticated bulk length' : 'invalid bulk length');
  }

  private suspend(at: number, done: number, needEnd: number): DecodeStatus {
    this.done = done;
    this.resumeAt = at - this.requestStart;
    this.needBytes = needEnd - this.requestStart;
    return needMore;
  }

  private decodeInline(buffer: Uint8Array, at: number, end: number): DecodeStatus {
    if (!this.inlineAllowed) {
      const shown = String.fromCharCode(buffer[at] as number);
      return this.fail(`expected '*', got '${shown}'`);
    }
    const limit = Math.min(end, at + maxLineBytes + 1);
    let newline = at;
    while (newline < limit && buffer[newline] !== lineFeed && buffer[newline] !== nul) newline++;
    if (newline === limit || buffer[newline] === nul) {
      if (limit < end || end - at > maxLineBytes) return this.fail('too big inline request');
      return this.waitForLine(at, end);
    }
    const lineEnd = newline > at && buffer[newline - 1] === carriageReturn ? newline - 1 : newline;
    const count = splitInline(this, buffer, at, lineEnd);
    if (count < 0) return this.fail('unbalanced quotes in request');
    this.argc = count;
    this.inline = true;
    this.canonical = false;
    this.requestEnd = newline + 1;
    return requestReady;
  }

  private waitForLine(at: number, end: number): DecodeStatus {
    this.needBytes = end - at + 1;
    return needMore;
  }

  /** Reads a decimal number as strictly as Redis; sets lineEnd behind the CR and one byte more. */
  private readNumber(buffer: Uint8Array, start: number, end: number): number {
    let at = start;
    let value = 0;
    while (at < end) {
      const digit = (buffer[at] as number) - zero;
      if (digit < 0 || digit > 9) break;
      value = value * 10 + digit;
      at++;
      if (at - start > 15) break;
    }
    if (at + 1 < end && buffer[at] === carriageReturn && at > start) {
      this.lineEnd = at + 2;
      if (buffer[at + 1] !== lineFeed) this.canonical = false;
      return buffer[start] === zero && at - start > 1 ? notANumber : value;
    }
    return this.readOddNumber(buffer, start, end);
  }

  /** The rest of readNumber: negative, malformed, unfinished and endless lines. */
  private readOddNumber(buffer: Uint8Array, start: number, end: number): number {
    const limit = Math.min(end, start + maxLineBytes);
    let at = start;
    while (at < limit && buffer[at] !== carriageReturn && buffer[at] !== nul) at++;
    if (at === limit || buffer[at] === nul) {
      return end < start + maxLineBytes ? lineOpen : lineTooLong;
    }
    if (at + 1 >= end) return lineOpen;
    this.lineEnd = at + 2;
    const length = at - start;
    const first = buffer[start + 1] as number;
    if (length < 2 || length > leastNumber.length || buffer[start] !== minus) return notANumber;
    if (first === zero) return notANumber;
    // Equally long texts of digits are in the order of their numbers.
    if (length === leastNumber.length
      && leastNumber.compare(buffer, start, at) < 0) return notANumber;
    let value = 0;
    for (let i = start + 1; i < at; i++) {
      const byte = buffer[i] as number;
      if (byte < zero || byte > nine) return notANumber;
      value = value * 10 + byte - zero;
    }
    return Math.max(-value, -0x7fffffff);
  }

  private fail(text: string): DecodeStatus {
    this.errorText = `Protocol error: ${text}`;
    this.reset();
    return protocolError;
  }

  private shiftArguments(shift: number): void {
    for (let i = 0; i < this.done; i++) {
      this.argStart[i] = (this.argStart[i] as number) + shift;
      this.argEnd[i] = (this.argEnd[i] as number) + shift;
    }
  }

  /**
   * Writes the last request as the one valid multibulk spelling and makes all offsets point into
   * the bytes returned; requestStart becomes 0.
   */
  canonicalise(buffer: Uint8Array): Buffer {
    const parts: Uint8Array[] = [Buffer.from(`*${this.argc}\r\n`)];
    let at = (parts[0] as Uint8Array).length;
    for (let i = 0; i < this.argc; i++) {
      const bytes = buffer.subarray(this.argStart[i], this.argEnd[i]);
      const header = Buffer.from(`$${bytes.length}\r\n`);
      parts.push(header, bytes, lineEndBytes);
      this.argStart[i] = at + header.length;
      at += header.length + bytes.length;
      this.argEnd[i] = at;
      at += 2;
    }
    this.requestStart = 0;
    this.requestEnd = at;
    return Buffer.concat(parts);
  }

  /** Makes room for twice as many arguments. */
  growArguments(): void {
    const starts = new Int32Array(this.argStart.length * 2);
    const ends = new Int32Array(starts.length);
    starts.set(this.argStart);
    ends.set(this.argEnd);
    this.argStart = starts;
    this.argEnd = ends;
  }
}
