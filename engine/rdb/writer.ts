// Lengths, strings and numbers of an RDB file, written through one reused chunk.
import { Crc64 } from './crc64.ts';
import {
  checksumBytes, length32, length64, maxIntegerDigits, minCompressBytes, stringInt16, stringInt32,
  stringInt8, stringLzf,
} from './format.ts';
import { LzfCompressor } from './lzf.ts';

/** Takes the bytes of a file in order; may throw what the disk throws. */
export interface ByteSink {
  write(bytes: Buffer, start: number, end: number): void;
}

/** How bytes are written. */
export interface RdbWriterOptions {
  readonly sink: ByteSink;
  /** `rdbcompression` */
  readonly compress: boolean;
  /** `rdbchecksum`; without it eight zero bytes stand at the end. */
  readonly checksum: boolean;
  /** Bytes gathered before the sink is called; tests make it small. */
  readonly chunkBytes?: number;
}

const defaultChunkBytes = 1024 * 1024;
// Longer values are not compressed: the second buffer would be as long as they are.
const maxCompressBytes = 8 * 1024 * 1024;
// Deadline, type byte and the longest length: what may precede a string.
const recordHeadBytes = 32;
// Below this a loop is faster than a call into native code.
const loopCopyBytes = 40;
const word = 0x100000000;

/** Writes the pieces of a file; whoever uses it knows their order. */
export class RdbWriter {
  private readonly sink: ByteSink;
  private readonly crc: Crc64 | null;
  private readonly chunk: Buffer;
  private length = 0;
  private flushedBytes = 0;
  private readonly compressor: LzfCompressor | null;
  private compressed: Buffer = Buffer.alloc(0);
  private readonly number: DataView = new DataView(new ArrayBuffer(8));

  constructor(options: RdbWriterOptions) {
    this.sink = options.sink;
    this.crc = options.checksum ? new Crc64() : null;
    this.chunk = Buffer.allocUnsafeSlow(
      Math.max(options.chunkBytes ?? defaultChunkBytes, 2 * recordHeadBytes),
    );
    this.compressor = options.compress ? new LzfCompressor() : null;
  }

  /** Bytes encoded so far. */
  get bytesEncoded(): number {
    return this.flushedBytes + this.length;
  }

  byte(value: number): void {
    if (this.length === this.chunk.length) this.flush();
    this.chunk[this.length++] = value;
  }

  /** Eight bytes, least significant first: Unix times in ms, whole numbers of up to 53 bits. */
  int64(value: number): void {
    if (this.chunk.length - this.length < 8) this.flush();
    const { chunk } = this;
    let at = this.length;
    const high = Math.floor(value / word);
    const low = value - high * word;
    for (let shift = 0; shift < 32; shift += 8) chunk[at++] = low >>> shift;
    for (let shift = 0; shift < 32; shift += 8) chunk[at++] = high >> shift;
    this.length = at;
  }

  /** Eight bytes, as the machine has them: little-endian. */
  double(value: number): void {
    if (this.chunk.length - this.length < 8) this.flush();
    const { number, chunk } = this;
    number.setFloat64(0, value, true);
    for (let i = 0; i < 8; i++) chunk[this.length + i] = number.getUint8(i);
    this.length += 8;
  }

  /** A length, of up to 53 bits. */
  lengthField(value: number): void {
    if (this.chunk.length - this.length < recordHeadBytes) this.flush();
    const chunk = this.chunk;
    if (value < 64) {
      chunk[this.length++] = value;
    } else if (value < 16384) {
      chunk[this.length++] = 0x40 | (value >> 8);
      chunk[this.length++] = value;
    } else if (value < word) {
      chunk[this.length++] = length32;
      this.length = chunk.writeUInt32BE(value, this.length);
    } else {
      chunk[this.length++] = length64;
      const high = Math.floor(value / word);
      this.length = chunk.writeUInt32BE(high, this.length);
      this.length = chunk.writeUInt32BE(value - high * word, this.length);
    }
  }

  /** A string as an integer, compressed, or as it is. */
  string(source: Buffer, start: number, end: number): void {
    const bytes = end - start;
    if (this.chunk.length - this.length < recordHeadBytes) this.flush();
    if (bytes <= maxIntegerDigits) {
      if (this.integer(source, start, end)) return;
    } else if (bytes > minCompressBytes && this.lzf(source, start, end)) {
      return;
    }
    this.lengthField(bytes);
    this.bytes(source, start, end);
  }

  /** Writes canonical decimal digits of an int32 as a number; false when they are not that. */
  private integer(source: Buffer, start: number, end: number): boolean {
    const negative = source[start] === 45;
    let at = negative ? start + 1 : start;
    const first = source[at] as number;
    if (at >= end || (first === 48 && (negative || end - at > 1))) return false;
    let value = 0;
    for (; at < end; at++) {
      const digit = (source[at] as number) - 48;
      if (digit < 0 || digit > 9) return false;
      value = value * 10 + digit;
    }
    if (negative) value = -value;
    if (value < -0x80000000 || value > 0x7fffffff) return false;
    const chunk = this.chunk;
    let out = this.length;
    let widthBits = 32;
    if (value >= -0x80 && value <= 0x7f) widthBits = 8;
    else if (value >= -0x8000 && value <= 0x7fff) widthBits = 16;
    chunk[out++] = widthBits === 8 ? stringInt8 : widthBits === 16 ? stringInt16 : stringInt32;
    for (let shift = 0; shift < widthBits; shift += 8) chunk[out++] = value >> shift;
    this.length = out;
    return true;
  }

  /** Whether compressing a string of this length is tried. */
  compresses(bytes: number): boolean {
    return this.compressor !== null && bytes > minCompressBytes && bytes <= maxCompressBytes;
  }

  private lzf(source: Buffer, start: number, end: number): boolean {
    const bytes = end - start;
    if (this.compressor === null || !this.compresses(bytes)) return false;
    if (this.compressed.length < bytes) {
      this.compressed = Buffer.allocUnsafeSlow(Math.max(bytes, 2 * this.compressed.length, 4096));
    }
    const length = this.compressor.compress(source, start, end, this.compressed, 0);
    if (length === 0) return false;
    this.chunk[this.length++] = stringLzf;
    this.lengthField(length);
    this.lengthField(bytes);
    this.bytes(this.compressed, 0, length);
    return true;
  }

  /** Bytes as they are. */
  bytes(source: Buffer, start: number, end: number): void {
    const bytes = end - start;
    const chunk = this.chunk;
    if (bytes <= loopCopyBytes && this.length + bytes <= chunk.length) {
      const out = this.length;
      for (let i = 0; i < bytes; i++) chunk[out + i] = source[start + i] as number;
      this.length = out + bytes;
      return;
    }
    let from = start;
    while (from < end) {
      if (this.length === chunk.length) this.flush();
      const count = Math.min(end - from, chunk.length - this.length);
      source.copy(chunk, this.length, from, from + count);
      this.length += count;
      from += count;
    }
  }

  /** Hands over the last bytes and the checksum of all. */
  finish(): void {
    this.flush();
    this.chunk.fill(0, 0, checksumBytes);
    if (this.crc !== null) this.crc.writeTo(this.chunk, 0);
    this.handOver(this.chunk, 0, checksumBytes);
  }

  /** Hands over what was gathered. */
  flush(): void {
    if (this.length === 0) return;
    if (this.crc !== null) this.crc.update(this.chunk, 0, this.length);
    this.handOver(this.chunk, 0, this.length);
    this.length = 0;
  }

  private handOver(bytes: Buffer, start: number, end: number): void {
    this.sink.write(bytes, start, end);
    this.flushedBytes += end - start;
  }
}
