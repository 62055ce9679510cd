// Keyspace → RDB bytes, through one reused chunk: nothing is allocated for a key.
import type { Database } from '../keyspace/database.ts';
import type { EntryAddress } from '../keyspace/entry.ts';
import { Crc64 } from './crc64.ts';
import {
  checksumBytes,
  length32,
  maxIntegerDigits,
  minCompressBytes,
  opcode,
  stringInt16,
  stringInt32,
  stringInt8,
  stringLzf,
  typeStringValue,
  writtenVersion,
} from './format.ts';
import { LzfCompressor } from './lzf.ts';

/** Takes the bytes of a file in order; may throw what the disk throws. */
export interface ByteSink {
  write(bytes: Buffer, start: number, end: number): void;
}

/** How to write a snapshot. */
export interface RdbEncoderOptions {
  readonly sink: ByteSink;
  /** `rdbcompression` */
  readonly compress: boolean;
  /** `rdbchecksum`; without it eight zero bytes stand at the end. */
  readonly checksum: boolean;
  /** Bytes gathered before the sink is called; tests make it small. */
  readonly chunkBytes?: number;
}

/** Facts about the writer that stand at the start of the file. */
export interface RdbHeader {
  /** `redis-ver`: what the file claims to be compatible with. */
  readonly redisVersion: string;
  /** `ctime`, Unix time in seconds. */
  readonly createdSec: number;
  /** `used-mem`, bytes. */
  readonly usedMemoryBytes: number;
  /** `aof-base`: is this the base of an append only log? */
  readonly aofBase: boolean;
}

const defaultChunkBytes = 1024 * 1024;
// Longer values are not compressed: the second buffer would be as long as they are.
const maxCompressBytes = 8 * 1024 * 1024;
// Deadline, type byte and the longest length: what may precede a string.
const recordHeadBytes = 32;
// Below this a loop is faster than a call into native code.
const loopCopyBytes = 40;

/** Writes one file: begin, then selectDatabase and entry as often as wanted, then finish. */
export class RdbEncoder {
  /** Bytes encoded so far. */
  get bytesEncoded(): number {
    return this.flushedBytes + this.length;
  }

  private readonly sink: ByteSink;
  private readonly compress: boolean;
  private readonly crc: Crc64 | null;
  private readonly chunk: Buffer;
  private length = 0;
  private flushedBytes = 0;
  private readonly compressor: LzfCompressor | null;
  private compressed: Buffer = Buffer.alloc(0);

  constructor(options: RdbEncoderOptions) {
    this.sink = options.sink;
    this.compress = options.compress;
    this.crc = options.checksum ? new Crc64() : null;
    this.chunk = Buffer.allocUnsafeSlow(
      Math.max(options.chunkBytes ?? defaultChunkBytes, 2 * recordHeadBytes),
    );
    this.compressor = options.compress ? new LzfCompressor() : null;
  }

  /** Writes magic and facts. */
  begin(header: RdbHeader): void {
    const magic = Buffer.from(`REDIS${String(writtenVersion).padStart(4, '0')}`, 'latin1');
    this.bytes(magic, 0, magic.length);
    this.aux('redis-ver', header.redisVersion);
    this.aux('redis-bits', '64');
    this.aux('ctime', String(header.createdSec));
    this.aux('used-mem', String(header.usedMemoryBytes));
    this.aux('aof-base', header.aofBase ? '1' : '0');
  }

  private aux(name: string, value: string): void {
    this.ensure(recordHeadBytes);
    this.chunk[this.length++] = opcode.aux;
    const nameBytes = Buffer.from(name, 'latin1');
    this.string(nameBytes, 0, nameBytes.length);
    const valueBytes = Buffer.from(value, 'latin1');
    this.string(valueBytes, 0, valueBytes.length);
  }

  /** The keys that follow belong to this database. */
  selectDatabase(index: number): void {
    this.ensure(recordHeadBytes);
    this.chunk[this.length++] = opcode.selectDatabase;
    this.lengthField(index);
  }

  /** Says how many keys the selected database holds, so that the reader can make room. */
  resizeDatabase(keys: number, deadlines: number): void {
    this.ensure(recordHeadBytes);
    this.chunk[this.length++] = opcode.resizeDatabase;
    this.lengthField(keys);
    this.lengthField(deadlines);
  }

  /** Writes one key with its value and deadline. */
  entry(database: Database, entry: EntryAddress): void {
    const arena = database.keyspace.arena.u8;
    this.ensure(recordHeadBytes);
    const deadlineMs = database.deadlineMs(entry);
    if (deadlineMs !== 0) this.deadline(deadlineMs);
    this.chunk[this.length++] = typeStringValue;
    const keyStart = database.keyStart(entry);
    this.string(arena, keyStart, keyStart + database.keyLength(entry));
    const valueStart = database.valueStart(entry);
    this.string(arena, valueStart, valueStart + database.valueLength(entry));
  }

  /** Writes the end and the checksum and hands over the last bytes. */
  finish(): void {
    this.ensure(recordHeadBytes);
    this.chunk[this.length++] = opcode.end;
    this.flush();
    this.chunk.fill(0, 0, checksumBytes);
    if (this.crc !== null) this.crc.writeTo(this.chunk, 0);
    this.handOver(this.chunk, 0, checksumBytes);
  }

  private deadline(deadlineMs: number): void {
    const chunk = this.chunk;
    let at = this.length;
    chunk[at++] = opcode.deadlineMs;
    const high = Math.floor(deadlineMs / 0x100000000);
    const low = deadlineMs - high * 0x100000000;
    for (let shift = 0; shift < 32; shift += 8) chunk[at++] = low >>> shift;
    for (let shift = 0; shift < 32; shift += 8) chunk[at++] = high >> shift;
    this.length = at;
  }

  /** A string as an integer, compressed, or as it is. */
  private string(source: Buffer, start: number, end: number): void {
    const bytes = end - start;
    if (this.chunk.length - this.length < recordHeadBytes) this.flush();
    if (bytes <= maxIntegerDigits) {
      if (this.integer(source, start, end)) return;
    } else if (this.compress && bytes > minCompressBytes && this.lzf(source, start, end)) {
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

  private lzf(source: Buffer, start: number, end: number): boolean {
    const bytes = end - start;
    if (this.compressor === null || bytes > maxCompressBytes) return false;
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

  /** Room for it must be there. */
  private lengthField(value: number): void {
    const chunk = this.chunk;
    if (value < 64) {
      chunk[this.length++] = value;
    } else if (value < 16384) {
      chunk[this.length++] = 0x40 | (value >> 8);
      chunk[this.length++] = value;
    } else {
      // Strings stay below 2^32 bytes and databases below 2^32 keys: the arena is 16 GiB at most.
      chunk[this.length++] = length32;
      this.length = chunk.writeUInt32BE(value, this.length);
    }
  }

  private bytes(source: Buffer, start: number, end: number): void {
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

  private ensure(bytes: number): void {
    if (this.chunk.length - this.length < bytes) this.flush();
  }

  /** Hands over what was gathered. */
  private flush(): void {
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
