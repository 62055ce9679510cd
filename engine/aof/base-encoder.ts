// Keyspace → the base of a log in commands: `aof-use-rdb-preamble no`.
import type { Database } from '../keyspace/database.ts';
import type { EntryAddress } from '../keyspace/entry.ts';
import { LogBuffer } from './log-buffer.ts';

/** Takes the bytes of a file in order; may throw what the disk throws. */
export interface ByteSink {
  write(bytes: Buffer, start: number, end: number): void;
}

const asterisk = 42;
const defaultChunkBytes = 1024 * 1024;
const setBytes: Buffer = Buffer.from('SET', 'latin1');

/** Writes SELECT, SET and PEXPIREAT, as Redis does: every version can read them. */
export class BaseEncoder {
  private readonly sink: ByteSink;
  private readonly chunkBytes: number;
  private readonly log = new LogBuffer();
  private flushedBytes = 0;

  constructor(sink: ByteSink, chunkBytes: number = defaultChunkBytes) {
    this.sink = sink;
    this.chunkBytes = chunkBytes;
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
    const log = this.log;
    const arena = database.keyspace.arena.u8;
    const keyStart = database.keyStart(entry);
    const keyEnd = keyStart + database.keyLength(entry);
    const valueStart = database.valueStart(entry);
    log.head(asterisk, 3);
    log.bulk(setBytes, 0, setBytes.length);
    log.bulk(arena, keyStart, keyEnd);
    log.bulk(arena, valueStart, valueStart + database.valueLength(entry));
    const deadlineMs = database.deadlineMs(entry);
    if (deadlineMs !== 0) {
      log.command(['PEXPIREAT', arena.subarray(keyStart, keyEnd), String(deadlineMs)]);
    }
    if (log.length >= this.chunkBytes) this.flush();
  }

  /** Hands over the last bytes. */
  finish(): void {
    this.flush();
  }

  private flush(): void {
    const { log } = this;
    if (log.length === 0) return;
    this.sink.write(log.bytes, 0, log.length);
    this.flushedBytes += log.length;
    log.consume(log.length);
  }
}
