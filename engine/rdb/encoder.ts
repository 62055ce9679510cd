// Keyspace → RDB file, through one reused chunk: nothing is allocated for a key.
import { Collections } from '../collections/collections.ts';
import type { Database } from '../keyspace/database.ts';
import type { EntryAddress } from '../keyspace/entry.ts';
import type { Keyspace } from '../keyspace/keyspace.ts';
import type { LargeValues } from '../keyspace/entry-view.ts';
import { opcode, writtenVersion } from './format.ts';
import type { WrittenVersion } from './format.ts';
import { ValueEncoder } from './value-encoder.ts';
import { RdbWriter } from './writer.ts';
import type { RdbWriterOptions } from './writer.ts';

export type { ByteSink } from './writer.ts';

/** How to write a snapshot. */
export interface RdbEncoderOptions extends RdbWriterOptions {
  readonly keyspace: Keyspace;
  /** `rdb-target`; 10 when nothing is said. */
  readonly version?: WrittenVersion;
  /** How large values are read that may change meanwhile. */
  readonly largeValues?: LargeValues | null;
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

/** Writes one file: begin, then selectDatabase and entry as often as wanted, then finish. */
export class RdbEncoder {
  private readonly writer: RdbWriter;
  private readonly values: ValueEncoder;
  private readonly version: WrittenVersion;

  constructor(options: RdbEncoderOptions) {
    this.version = options.version ?? writtenVersion;
    this.writer = new RdbWriter(options);
    // Handles of its own: keys are encoded while commands hold theirs.
    const collections = new Collections(options.keyspace);
    const { largeValues = null } = options;
    const { version } = this;
    this.values = new ValueEncoder(this.writer, { version, collections, largeValues });
  }

  /** Bytes encoded so far. */
  get bytesEncoded(): number {
    return this.writer.bytesEncoded;
  }

  /** Writes magic and facts. */
  begin(header: RdbHeader): void {
    const magic = Buffer.from(`REDIS${String(this.version).padStart(4, '0')}`, 'latin1');
    this.writer.bytes(magic, 0, magic.length);
    this.aux('redis-ver', header.redisVersion);
    this.aux('redis-bits', '64');
    this.aux('ctime', String(header.createdSec));
    this.aux('used-mem', String(header.usedMemoryBytes));
    this.aux('aof-base', header.aofBase ? '1' : '0');
  }

  private aux(name: string, value: string): void {
    this.writer.byte(opcode.aux);
    const nameBytes = Buffer.from(name, 'latin1');
    this.writer.string(nameBytes, 0, nameBytes.length);
    const valueBytes = Buffer.from(value, 'latin1');
    this.writer.string(valueBytes, 0, valueBytes.length);
  }

  /** The keys that follow belong to this database. */
  selectDatabase(index: number): void {
    this.writer.byte(opcode.selectDatabase);
    this.writer.lengthField(index);
  }

  /** Says how many keys the selected database holds, so that the reader can make room. */
  resizeDatabase(keys: number, deadlines: number): void {
    this.writer.byte(opcode.resizeDatabase);
    this.writer.lengthField(keys);
    this.writer.lengthField(deadlines);
  }

  /**
   * Writes one key with its value and deadline.
   * @throws {EngineError} RDB_UNSUPPORTED when the value needs a later version: nothing is written.
   */
  entry(database: Database, entry: EntryAddress): void {
    const { values, writer } = this;
    const type = values.type(database, entry);
    const deadlineMs = database.deadlineMs(entry);
    if (deadlineMs !== 0) {
      writer.byte(opcode.deadlineMs);
      writer.int64(deadlineMs);
    }
    writer.byte(type);
    const keyStart = database.keyOffset(entry);
    writer.string(database.keyBuffer(entry), keyStart, keyStart + database.keyLength(entry));
    values.value(database, entry, type);
  }

  /** Writes the end and the checksum and hands over the last bytes. */
  finish(): void {
    this.writer.byte(opcode.end);
    this.writer.finish();
  }
}
