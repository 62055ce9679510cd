// Effects → bytes of the log, in one buffer that is filled during a tick and used again.
import { blockHeaderBytes, emptyHeader, sealBlock } from './block-header.ts';
import type { BlockHeader } from './block-header.ts';

/** A request as it came: raw bytes with the offsets of its arguments. CommandContext is one. */
export interface RequestBytes {
  readonly buffer: Buffer;
  readonly argc: number;
  readonly argStart: Int32Array;
  readonly argEnd: Int32Array;
  readonly requestStart: number;
  readonly requestEnd: number;
}

/** An element of a collection as its handle shows it. */
export interface ElementBytes {
  readonly elementBuffer: Buffer;
  readonly elementStart: number;
  readonly elementEnd: number;
}

const carriageReturn = 13;
const lineFeed = 10;
const asterisk = 42;
const dollar = 36;

const multiBytes: Buffer = Buffer.from('*1\r\n$5\r\nMULTI\r\n', 'latin1');
const execBytes: Buffer = Buffer.from('*1\r\n$4\r\nEXEC\r\n', 'latin1');

const initialBytes = 1024 * 1024;
// A buffer that grew beyond this for one huge value is not kept.
const keptBytes = 32 * 1024 * 1024;
// Below this a loop is faster than a call into native code.
const loopCopyBytes = 40;
// '*' or '$', at most ten digits, CR LF.
const maxHeadBytes = 13;

/** Bytes waiting for the disk: `bytes[0 … length)`. */
export class LogBuffer {
  bytes: Buffer = Buffer.allocUnsafeSlow(initialBytes);
  length = 0;
  /** Where the header of the block that is being filled will stand; -1: none is. */
  blockStart = -1;

  /** What follows, up to `seal`, is one block. */
  beginBlock(): void {
    this.reserve(blockHeaderBytes);
    this.blockStart = this.length;
    emptyHeader.copy(this.bytes, this.length);
    this.length += blockHeaderBytes;
  }

  /** Ends the block, if there is one; the buffer's first byte stands at `offset` of the file. */
  seal(offset: number, header: Pick<BlockHeader, 'continues' | 'syncedBytes'>): void {
    const start = this.blockStart;
    if (start < 0) return;
    this.blockStart = -1;
    sealBlock(this.bytes, { start, end: this.length, offset: offset + start }, header);
  }

  /** Appends an annotation: `text` begins with '#' and has no line end. */
  annotation(text: string): void {
    const bytes = Buffer.from(`${text}\r\n`, 'latin1');
    this.part(bytes, 0, bytes.length);
  }

  /**
   * Appends a request with its own bytes, in one copy; the decoder has seen to it that they are
   * the one valid spelling. Only an inline line is encoded anew.
   */
  request(source: RequestBytes): void {
    if (source.buffer[source.requestStart] === asterisk) {
      this.part(source.buffer, source.requestStart, source.requestEnd);
      return;
    }
    this.head(asterisk, source.argc);
    for (let i = 0; i < source.argc; i++) {
      this.bulk(source.buffer, source.argStart[i] as number, source.argEnd[i] as number);
    }
  }

  /** Appends a command made of these parts; text is UTF-8. */
  command(parts: readonly (string | Uint8Array)[]): void {
    this.head(asterisk, parts.length);
    for (const part of parts) {
      const bytes = typeof part === 'string' ? Buffer.from(part, 'utf8') : part;
      this.bulk(bytes, 0, bytes.length);
    }
  }

  /** Appends a command made of a name, the first argument of a request, and an element. */
  element(name: Uint8Array, source: RequestBytes, seen: ElementBytes): void {
    this.head(asterisk, 3);
    this.bulk(name, 0, name.length);
    this.bulk(source.buffer, source.argStart[1] as number, source.argEnd[1] as number);
    this.bulk(seen.elementBuffer, seen.elementStart, seen.elementEnd);
  }

  select(database: number): void {
    this.command(['SELECT', String(database)]);
  }

  multi(): void {
    this.part(multiBytes, 0, multiBytes.length);
  }

  exec(): void {
    this.part(execBytes, 0, execBytes.length);
  }

  /** Appends one argument. */
  bulk(source: Uint8Array, start: number, end: number): void {
    this.head(dollar, end - start);
    this.part(source, start, end);
    this.bytes[this.length++] = carriageReturn;
    this.bytes[this.length++] = lineFeed;
  }

  /** Appends `*<count>` or `$<length>`. */
  head(mark: number, value: number): void {
    this.reserve(maxHeadBytes);
    const bytes = this.bytes;
    bytes[this.length++] = mark;
    let digits = 1;
    for (let limit = 10; value >= limit; limit *= 10) digits++;
    let rest = value;
    for (let at = this.length + digits - 1; at >= this.length; at--) {
      bytes[at] = 48 + (rest % 10);
      rest = Math.floor(rest / 10);
    }
    this.length += digits;
    bytes[this.length++] = carriageReturn;
    bytes[this.length++] = lineFeed;
  }

  /** Removes the first bytes: they are on disk. */
  consume(count: number): void {
    if (count < this.length) {
      this.bytes.copyWithin(0, count, this.length);
      this.length -= count;
      return;
    }
    this.length = 0;
    this.blockStart = -1;
    if (this.bytes.length > keptBytes) this.bytes = Buffer.allocUnsafeSlow(initialBytes);
  }

  /** Appends bytes as they are: a part of an argument. */
  part(source: Uint8Array, start: number, end: number): void {
    const count = end - start;
    this.reserve(count + 2);
    const at = this.length;
    const bytes = this.bytes;
    if (count <= loopCopyBytes) {
      for (let i = 0; i < count; i++) bytes[at + i] = source[start + i] as number;
    } else if (Buffer.isBuffer(source)) {
      source.copy(bytes, at, start, end);
    } else {
      bytes.set(source.subarray(start, end), at);
    }
    this.length = at + count;
  }

  private reserve(count: number): void {
    const needed = this.length + count;
    if (needed <= this.bytes.length) return;
    const larger = Buffer.allocUnsafeSlow(Math.max(needed, 2 * this.bytes.length));
    this.bytes.copy(larger, 0, 0, this.length);
    this.bytes = larger;
  }
}
