// A file of the log → commands, in steps. Finds out how far the file is whole; changes nothing.
import { crc32 } from 'node:zlib';
import { EngineError, reasonOf } from '../errors.ts';
import { fetchNext, readFully } from '../io/disk.ts';
import type { Disk, ReadAt } from '../io/disk.ts';
import { RequestDecoder, needMore, protocolError } from '../resp/decoder.ts';
import { logMaxBulkBytes } from '../resp/limits.ts';
import {
  blockHeaderBytes, checksumOf, checksumText, looksLikeHeader, parseHeader, parseSum,
} from './block-header.ts';

/** Takes the commands of a log in order. */
export interface LogTarget {
  /** Applies the command that `decoder` found in `buffer`; returns why it cannot, or null. */
  apply(decoder: RequestDecoder, buffer: Buffer): string | null;
  /** Sees a line that starts with '#', once, without its line end; `offset` is where it stands. */
  annotate?(text: string, offset: number): void;
  /** Sees a block of the file whose checksum is right, before its commands; maybe twice. */
  block?(start: number, end: number): void;
}

/** What to read. */
export interface AofReaderOptions {
  readonly disk: Disk;
  readonly path: string;
  readonly target: LogTarget;
  /** Where the commands begin: behind a snapshot that precedes them. Default 0. */
  readonly startOffset?: number;
  /** Bytes of the file seen at a time; it grows for larger commands. */
  readonly windowBytes?: number;
}

/**
 * How a file ended: whole; inside a command or block; inside MULTI … EXEC; with zeros behind its
 * last byte that is none; or at bytes that are no log.
 */
export type LogEnd = 'whole' | 'in-command' | 'in-transaction' | 'zeros' | 'damaged';

const defaultWindowBytes = 4 * 1024 * 1024;
const hash = 35;
const lineFeed = 10;

/** Trailing zeros are looked for in pieces of this size. */
const zeroScanBytes = 64 * 1024;
const sumPieceBytes = 1024 * 1024;

/**
 * Reads one file: call `step` until it returns true, look at `end`, then `close`.
 *
 * Commands between MULTI and EXEC are decoded twice: once to find EXEC, then to be applied. So
 * half a transaction never reaches the target, and none has to be kept in memory. Of a block
 * nothing is decoded before its checksum is seen to be right.
 */
export class AofReader {
  /** Where the last whole command (or transaction) ended: what may be kept of a broken file. */
  validBytes: number;
  end: LogEnd = 'whole';
  /** What is wrong where a damaged file ends. */
  damage: EngineError | null = null;
  /** Commands applied. */
  commands = 0;
  /** Blocks whose checksums were right. */
  blocks = 0;
  /** Length of the file without the zeros at its end: no command or annotation ends in one. */
  readonly sizeBytes: number;
  /** Zeros at the end of the file. */
  readonly zeroBytes: number;
  private readonly disk: Disk;
  private readonly path: string;
  private readonly target: LogTarget;
  private readonly fd: number;
  private readonly decoder = new RequestDecoder({
    inlineAllowed: false, maxBulkBytes: logMaxBulkBytes,
  });
  private buffer: Buffer;
  private at = 0;
  private filled = 0;
  private bufferOffset: number;
  // Inside MULTI: where it began and its first command. While `execOffset` is 0, EXEC is sought.
  private multiOffset = -1;
  private firstOffset = 0;
  private execOffset = 0;
  /** Where the last block ended, with the annotations directly behind it; -1: nowhere. */
  private contiguousTo = -1;
  private contiguousToAtMulti = -1;
  /** The last block. */
  private blockStart = -1;
  private blockEnd = -1;
  private blockStartAtMulti = -1;
  private blockEndAtMulti = -1;

  /** @throws {EngineError} AOF_BAD when the file cannot be opened. */
  constructor(options: AofReaderOptions) {
    this.disk = options.disk;
    this.path = options.path;
    this.target = options.target;
    this.bufferOffset = options.startOffset ?? 0;
    this.validBytes = this.bufferOffset;
    let sizeBytes: number;
    try {
      sizeBytes = this.disk.stat(this.path)?.sizeBytes ?? 0;
      this.fd = this.disk.open(this.path, 'read');
    } catch (cause) {
      throw this.unreadable(cause);
    }
    try {
      this.sizeBytes = this.withoutZeros(sizeBytes);
    } catch (error) {
      this.close();
      throw error;
    }
    this.zeroBytes = sizeBytes - this.sizeBytes;
    const windowBytes = options.windowBytes ?? Math.min(defaultWindowBytes, sizeBytes);
    this.buffer = Buffer.allocUnsafeSlow(Math.max(64, windowBytes));
  }

  /** Bytes of the file read so far. */
  get offset(): number {
    return this.bufferOffset + this.at;
  }

  /**
   * Reads about `budgetBytes` more; true at the end of the file, or of what is whole of it.
   * @throws {EngineError} AOF_BAD when the file cannot be read or a command cannot be applied,
   * ARENA_FULL.
   */
  step(budgetBytes: number): boolean {
    try {
      return this.read(budgetBytes);
    } catch (error) {
      if (error !== this.damage || error === null) throw error;
      this.end = 'damaged';
      return true;
    }
  }

  private read(budgetBytes: number): boolean {
    const stopAt = this.offset + budgetBytes;
    while (this.offset < stopAt) {
      if (this.at === this.filled && !this.refill(1)) return this.finish();
      if (this.buffer[this.at] === hash) {
        if (!this.annotation()) return this.cut('in-command');
        continue;
      }
      if (!this.command()) return this.cut('in-command');
    }
    return false;
  }

  /** Whether what is not whole begins where a block ends. */
  get followsBlock(): boolean {
    return this.contiguousTo >= this.validBytes;
  }

  /** Where the block begins that ends only behind `validBytes`; -1: there is none. */
  get cutBlockStart(): number {
    const { multiOffset, validBytes } = this;
    const start = multiOffset < 0 ? this.blockStart : this.blockStartAtMulti;
    const end = multiOffset < 0 ? this.blockEnd : this.blockEndAtMulti;
    return validBytes > start && validBytes < end ? start : -1;
  }

  close(): void {
    this.disk.close(this.fd);
  }

  /** Decodes and handles one command; false when the file ends inside it. */
  private command(): boolean {
    const decoder = this.decoder;
    for (;;) {
      const status = decoder.decode(this.buffer, this.at, this.filled);
      if (decoder.requestStart !== this.at) {
        throw this.damaged('a command', 'one without arguments');
      }
      if (status === protocolError) {
        // The byte that it found may be any.
        const found = JSON.stringify(decoder.errorText).slice(1, -1);
        throw this.damaged("a command that starts with '*'", found);
      }
      if (status !== needMore) break;
      if (!this.refill(decoder.needBytes)) return false;
    }
    if (this.multiOffset < 0 && decoder.argc > 1) {
      this.apply();
      this.validBytes = this.bufferOffset + this.at;
    } else {
      this.maybeTransaction();
    }
    return true;
  }

  private apply(): void {
    const reason = this.target.apply(this.decoder, this.buffer);
    if (reason !== null) throw this.bad('a command of this engine', reason);
    this.at = this.decoder.requestEnd;
    this.commands++;
  }

  /** Handles a command inside MULTI, or one that may begin it. */
  private maybeTransaction(): void {
    const offset = this.bufferOffset + this.at;
    if (this.isNamed('multi')) {
      if (this.multiOffset >= 0) throw this.damaged('EXEC', 'another MULTI');
      this.multiOffset = offset;
      this.at = this.decoder.requestEnd;
      this.firstOffset = this.bufferOffset + this.at;
      this.contiguousToAtMulti = this.contiguousTo;
      this.blockStartAtMulti = this.blockStart;
      this.blockEndAtMulti = this.blockEnd;
    } else if (this.isNamed('exec')) {
      if (this.multiOffset < 0) throw this.damaged('MULTI first', 'EXEC');
      this.at = this.decoder.requestEnd;
      if (this.execOffset === 0) {
        this.execOffset = offset;
        this.seek(this.firstOffset);
        return;
      }
      this.multiOffset = -1;
      this.execOffset = 0;
      this.validBytes = this.bufferOffset + this.at;
    } else if (this.multiOffset >= 0 && this.execOffset === 0) {
      this.at = this.decoder.requestEnd;
    } else {
      this.apply();
      if (this.multiOffset < 0) this.validBytes = this.bufferOffset + this.at;
    }
  }

  private isNamed(name: 'multi' | 'exec'): boolean {
    const { decoder, buffer } = this;
    if (decoder.argc !== 1) return false;
    const start = decoder.argStart[0] as number;
    if ((decoder.argEnd[0] as number) - start !== name.length) return false;
    for (let i = 0; i < name.length; i++) {
      if (((buffer[start + i] as number) | 32) !== name.charCodeAt(i)) return false;
    }
    return true;
  }

  /** Passes a line that starts with '#'; false when the file ends inside it or its block. */
  private annotation(): boolean {
    const end = this.lineEnd();
    if (end < 0) return false;
    const isHeader = end - this.at >= blockHeaderBytes - 1 && looksLikeHeader(this.buffer, this.at);
    if (isHeader) {
      if (!this.block(end + 1 - this.at)) return false;
      this.at += blockHeaderBytes;
      return true;
    }
    // The start of a torn header, up to the next line end that happens to come after a hole.
    if (this.buffer.subarray(this.at, end).includes(0)) {
      throw this.damaged('a line of text', 'zeros in it');
    }
    const sum = parseSum(this.buffer, this.at, end + 1);
    if (sum !== null) this.checkSum(sum);
    if (this.contiguousTo === this.offset) this.contiguousTo += end + 1 - this.at;
    if (this.target.annotate !== undefined) this.annotate(end);
    this.at = end + 1;
    if (this.multiOffset < 0) this.validBytes = this.bufferOffset + this.at;
    return true;
  }

  /** Where the line at `at` ends in the buffer; -1 when the file ends before. */
  private lineEnd(): number {
    let from = this.at;
    for (;;) {
      const end = this.buffer.subarray(0, this.filled).indexOf(lineFeed, from);
      if (end >= 0) return end;
      const seenBytes = this.filled - this.at;
      if (!this.refill(seenBytes + 1)) return -1;
      from = this.at + seenBytes;
    }
  }

  /** Reads the block whose header stands at `at` and checks it; false when the file ends inside. */
  private block(lineBytes: number): boolean {
    const header = parseHeader(this.buffer, this.at, this.at + lineBytes);
    if (header === null) throw this.damaged('the header of a block', 'a damaged one');
    const blockBytes = blockHeaderBytes + header.lengthBytes;
    if (this.offset < this.contiguousTo) throw this.damaged('the end of the block', 'another one');
    if (header.continues && this.contiguousTo !== this.offset) {
      throw this.damaged('a block directly before this one', 'none whose header is whole');
    }
    if (!this.refill(blockBytes)) return false;
    const place = { start: this.at, end: this.at + blockBytes, offset: this.offset };
    const checksum = checksumOf(this.buffer, place);
    if (checksum !== header.checksum) {
      throw this.damaged(`a block of ${header.lengthBytes} bytes with CRC-32`
        + ` ${checksumText(header.checksum)}`, `bytes with ${checksumText(checksum)}`);
    }
    this.contiguousTo = this.offset + blockBytes;
    this.blockStart = this.offset;
    this.blockEnd = this.contiguousTo;
    this.blocks++;
    this.target.block?.(place.offset, this.contiguousTo);
    return true;
  }

  /** Checks all before `offset`; nothing of a file that was changed may be kept. */
  private checkSum(expected: number): void {
    const piece = Buffer.allocUnsafe(Math.min(sumPieceBytes, this.offset));
    let checksum = 0;
    for (let position = 0; position < this.offset;) {
      const length = Math.min(piece.length, this.offset - position);
      const count = this.readAt(piece, { offset: 0, length, position });
      checksum = crc32(piece.subarray(0, count), checksum);
      if (count < length) break;
      position += length;
    }
    if (checksum === expected) return;
    throw this.bad(`${this.offset} bytes before it with CRC-32 ${checksumText(expected)}`,
      `bytes with ${checksumText(checksum)}`);
  }

  private annotate(end: number): void {
    // Inside MULTI the first pass only seeks EXEC: what stands there is seen in the second.
    if (this.multiOffset >= 0 && this.execOffset === 0) return;
    const text = this.buffer.toString('latin1', this.at, end).replace(/\r$/, '');
    this.target.annotate?.(text, this.offset);
  }

  private finish(): boolean {
    if (this.multiOffset >= 0) return this.cut('in-transaction');
    if (this.zeroBytes > 0) this.end = 'zeros';
    return true;
  }

  private cut(end: LogEnd): boolean {
    this.end = this.multiOffset >= 0 ? 'in-transaction' : end;
    return true;
  }

  /** Goes to another offset; what the buffer holds of it is used. */
  private seek(offset: number): void {
    this.decoder.reset();
    this.contiguousTo = this.contiguousToAtMulti;
    this.blockStart = this.blockStartAtMulti;
    this.blockEnd = this.blockEndAtMulti;
    const inBuffer = offset - this.bufferOffset;
    if (inBuffer >= 0) {
      this.at = inBuffer;
      return;
    }
    this.bufferOffset = offset;
    this.at = 0;
    this.filled = 0;
  }

  /** Makes `bytes` bytes available from `at` on; false when the file ends before. */
  private refill(bytes: number): boolean {
    if (this.filled - this.at >= bytes) return true;
    if (bytes > this.sizeBytes - this.offset) return false;
    const target = bytes > this.buffer.length
      ? Buffer.allocUnsafeSlow(Math.max(bytes, 2 * this.buffer.length))
      : this.buffer;
    this.buffer.copy(target, 0, this.at, this.filled);
    this.buffer = target;
    this.bufferOffset += this.at;
    this.filled -= this.at;
    this.at = 0;
    const position = this.bufferOffset + this.filled;
    const length = Math.min(target.length - this.filled, this.sizeBytes - position);
    this.filled += this.readAt(target, { offset: this.filled, length, position },
      bytes - this.filled);
    if (this.filled < bytes) return false;
    const next = { position: this.bufferOffset + this.filled, length: target.length };
    fetchNext(this.disk, this.fd, next, this.sizeBytes);
    return true;
  }

  /** The size of the file without the zeros at its end, which may belong to no snapshot. */
  private withoutZeros(sizeBytes: number): number {
    const piece = Buffer.alloc(Math.min(zeroScanBytes, sizeBytes));
    for (let end = sizeBytes; end > this.bufferOffset;) {
      const position = Math.max(this.bufferOffset, end - piece.length);
      const count = this.readAt(piece, { offset: 0, length: end - position, position });
      if (count < end - position) return end;
      for (let i = count - 1; i >= 0; i--) {
        if (piece[i] !== 0) return position + i + 1;
      }
      end = position;
    }
    return Math.min(sizeBytes, this.bufferOffset);
  }

  private readAt(target: Buffer, at: ReadAt, leastBytes = at.length): number {
    try {
      return readFully(this.disk, this.fd, target, at, leastBytes);
    } catch (cause) {
      throw this.unreadable(cause);
    }
  }

  /** What follows is no log, as far as can be seen: `step` ends the file here. */
  private damaged(expected: string, found: string): EngineError {
    this.damage = this.bad(expected, found);
    return this.damage;
  }

  private bad(expected: string, found: string): EngineError {
    return new EngineError('AOF_BAD', `Bad file format reading the append only file ${this.path}:`
      + ` at offset ${this.offset} expected ${expected}, found: ${found}. Make a backup, then use`
      + ' plugpull check-aof --fix on the manifest, or on the file where there is none');
  }

  private unreadable(cause: unknown): EngineError {
    const reason = reasonOf(cause);
    return new EngineError('AOF_BAD', `${this.path} cannot be read: ${reason}`, { cause });
  }
}
