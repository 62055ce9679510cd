// Keyspace → the base of a log in commands: `aof-use-rdb-preamble no`.
//
// As Redis writes it: SELECT; SET, RPUSH, SADD, ZADD or HMSET with up to 64 elements a command;
// PEXPIREAT; and for fields with deadlines HPEXPIREAT, which only Redis 7.4 and later know. The
// last line is an annotation with the checksum of all before it, which Redis passes over.
import { crc32 } from 'node:zlib';
import { Collections } from '../collections/collections.ts';
import type { Database } from '../keyspace/database.ts';
import { typeHash, typeList, typeSet, typeSortedSet } from '../keyspace/entry.ts';
import type { EntryAddress } from '../keyspace/entry.ts';
import type { Keyspace } from '../keyspace/keyspace.ts';
import { pieceBytes } from '../keyspace/pins.ts';
import type { LargeValues } from '../keyspace/entry-view.ts';
import { doubleTextBytes, formatDouble } from '../resp/doubles.ts';
import { sumLine } from './block-header.ts';
import { LogBuffer } from './log-buffer.ts';

/** Takes the bytes of a file in order; may throw what the disk throws. */
export interface ByteSink {
  write(bytes: Buffer, start: number, end: number): void;
}

const asterisk = 42;
const dollar = 36;
const lineEnd: Buffer = Buffer.from('\r\n', 'latin1');
const defaultChunkBytes = 1024 * 1024;
const elementsPerCommand = 64;
const setBytes: Buffer = Buffer.from('SET', 'latin1');
const rpushBytes: Buffer = Buffer.from('RPUSH', 'latin1');
const saddBytes: Buffer = Buffer.from('SADD', 'latin1');
const zaddBytes: Buffer = Buffer.from('ZADD', 'latin1');
const hmsetBytes: Buffer = Buffer.from('HMSET', 'latin1');

/** What is written, and how. */
export interface BaseEncoderOptions {
  readonly keyspace: Keyspace;
  /** How large values are read that may change meanwhile. */
  readonly largeValues?: LargeValues | null;
  /** Bytes gathered before the sink is called. */
  readonly chunkBytes?: number;
}

/** Writes commands that every version can read. */
export class BaseEncoder {
  private readonly sink: ByteSink;
  private readonly chunkBytes: number;
  private readonly largeValues: LargeValues | null;
  private readonly log = new LogBuffer();
  // Its own: keys are encoded while commands hold handles.
  private readonly collections: Collections;
  private readonly score: Buffer = Buffer.alloc(doubleTextBytes);
  private flushedBytes = 0;
  private checksum = 0;
  // The key that is written.
  private keyBuffer: Buffer = this.score;
  private keyStart = 0;
  private keyEnd = 0;

  constructor(sink: ByteSink, options: BaseEncoderOptions) {
    this.sink = sink;
    this.collections = new Collections(options.keyspace);
    this.largeValues = options.largeValues ?? null;
    this.chunkBytes = options.chunkBytes ?? defaultChunkBytes;
  }

  /** Bytes encoded so far. */
  get bytesEncoded(): number {
    return this.flushedBytes + this.log.length;
  }

  /** The keys that follow belong to this database. */
  selectDatabase(index: number): void {
    this.log.select(index);
  }

  /** Writes one key with its value and deadline. */
  entry(database: Database, entry: EntryAddress): void {
    const { log } = this;
    this.keyBuffer = database.keyBuffer(entry);
    this.keyStart = database.keyOffset(entry);
    this.keyEnd = this.keyStart + database.keyLength(entry);
    this.value(database, entry);
    const deadlineMs = database.deadlineMs(entry);
    if (deadlineMs !== 0) {
      const key = this.keyBuffer.subarray(this.keyStart, this.keyEnd);
      log.command(['PEXPIREAT', key, String(deadlineMs)]);
    }
    if (log.length >= this.chunkBytes) this.flush();
  }

  /** Hands over the last bytes, and the checksum of them all. */
  finish(): void {
    this.flush();
    const sum = sumLine(this.checksum);
    this.log.part(sum, 0, sum.length);
    this.flush();
  }

  private value(database: Database, entry: EntryAddress): void {
    switch (database.type(entry)) {
      case typeList:
        this.list(database, entry);
        return;
      case typeSet:
        this.set(database, entry);
        return;
      case typeSortedSet:
        this.sortedSet(database, entry);
        return;
      case typeHash:
        this.hash(database, entry);
        return;
      default:
        this.string(database, entry);
    }
  }

  private string(database: Database, entry: EntryAddress): void {
    const { largeValues, log } = this;
    const bytes = database.valueLength(entry);
    this.begin(setBytes, 1);
    if (largeValues === null || !database.isLarge(entry)) {
      const start = database.valueOffset(entry);
      log.bulk(database.valueBuffer(entry), start, start + bytes);
      return;
    }
    log.head(dollar, bytes);
    for (let number = 0; number * pieceBytes < bytes; number++) {
      const piece = largeValues.piece(database, entry, number);
      log.part(piece, 0, piece.length);
      if (log.length >= this.chunkBytes) this.flush();
    }
    log.part(lineEnd, 0, lineEnd.length);
  }

  /** Begins a command for the key, with so many arguments after it. */
  private begin(name: Buffer, rest: number): void {
    const { log } = this;
    if (log.length >= this.chunkBytes) this.flush();
    log.head(asterisk, 2 + rest);
    log.bulk(name, 0, name.length);
    log.bulk(this.keyBuffer, this.keyStart, this.keyEnd);
  }

  private list(database: Database, entry: EntryAddress): void {
    const list = this.collections.list().open(database, entry);
    let left = list.length;
    for (let more = list.first(), i = 0; more; more = list.next(), i++) {
      if (i % elementsPerCommand === 0) this.begin(rpushBytes, Math.min(left, elementsPerCommand));
      this.log.bulk(list.elementBuffer, list.elementStart, list.elementEnd);
      left--;
    }
  }

  private set(database: Database, entry: EntryAddress): void {
    const set = this.collections.set().open(database, entry);
    let left = set.length;
    for (let more = set.first(), i = 0; more; more = set.next(), i++) {
      if (i % elementsPerCommand === 0) this.begin(saddBytes, Math.min(left, elementsPerCommand));
      this.log.bulk(set.elementBuffer, set.elementStart, set.elementEnd);
      left--;
    }
  }

  private sortedSet(database: Database, entry: EntryAddress): void {
    const { score } = this;
    const sortedSet = this.collections.sortedSet().open(database, entry);
    let left = sortedSet.length;
    for (let more = sortedSet.first(), i = 0; more; more = sortedSet.next(), i++) {
      if (i % elementsPerCommand === 0) {
        this.begin(zaddBytes, 2 * Math.min(left, elementsPerCommand));
      }
      this.log.bulk(score, 0, formatDouble(score, 0, sortedSet.score));
      this.log.bulk(sortedSet.elementBuffer, sortedSet.elementStart, sortedSet.elementEnd);
      left--;
    }
  }

  private hash(database: Database, entry: EntryAddress): void {
    const hash = this.collections.hash().open(database, entry);
    let left = hash.length;
    for (let more = hash.first(), i = 0; more; more = hash.next(), i++) {
      if (i % elementsPerCommand === 0) {
        this.begin(hmsetBytes, 2 * Math.min(left, elementsPerCommand));
      }
      this.log.bulk(hash.elementBuffer, hash.elementStart, hash.elementEnd);
      this.log.bulk(hash.valueBuffer, hash.valueStart, hash.valueEnd);
      left--;
    }
    if (hash.fieldsWithDeadline === 0) return;
    for (let more = hash.first(); more; more = hash.next()) {
      if (hash.deadlineMs === 0) continue;
      const field = hash.elementBuffer.subarray(hash.elementStart, hash.elementEnd);
      const key = this.keyBuffer.subarray(this.keyStart, this.keyEnd);
      this.log.command(['HPEXPIREAT', key, String(hash.deadlineMs), 'FIELDS', '1', field]);
      if (this.log.length >= this.chunkBytes) this.flush();
    }
  }

  private flush(): void {
    const { log } = this;
    if (log.length === 0) return;
    this.checksum = crc32(log.bytes.subarray(0, log.length), this.checksum);
    this.sink.write(log.bytes, 0, log.length);
    this.flushedBytes += log.length;
    log.consume(log.length);
  }
}
