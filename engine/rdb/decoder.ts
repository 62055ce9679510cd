// RDB bytes → keyspace, in steps, through a window over the file.
import { Collections } from '../collections/collections.ts';
import { EngineError } from '../errors.ts';
import type { Disk } from '../io/disk.ts';
import type { Database } from '../keyspace/database.ts';
import type { EntryAddress } from '../keyspace/entry.ts';
import type { Keyspace } from '../keyspace/keyspace.ts';
import { FileWindow } from './file-window.ts';
import {
  checksumBytes,
  magicBytes,
  newestValkeyVersion,
  newestVersion,
  oldestValkeyVersion,
  oldestVersion,
  opcode,
  typeName,
  valueType,
} from './format.ts';
import { quote } from './quote.ts';
import { RecordsAhead } from './records-ahead.ts';
import { RdbStrings } from './strings.ts';
import { ValueDecoder } from './values.ts';

/** Keys that are shorter with their values are not made room for before they come. */
const likelyRecordBytes = 16;

/** How to load a snapshot. */
export interface RdbDecoderOptions {
  readonly disk: Disk;
  readonly path: string;
  readonly keyspace: Keyspace;
  /** Those whose limits say what stays a pack; not in use while this loads. */
  readonly collections?: Collections;
  /** DEBUG RELOAD MERGE: a key that is there already is replaced instead of refused. */
  readonly replace?: boolean;
  /** `rdbchecksum`: compare the checksum, unless it is eight zero bytes. */
  readonly checksum: boolean;
  /** The base of a log keeps keys past their deadline: the log that follows assumes them. */
  readonly keepExpired: boolean;
  /** Unix time in ms that deadlines are compared with. */
  readonly nowMs: number;
  /** Bytes of the file seen at a time. */
  readonly windowBytes?: number;
}

/** Loads one file: call `step` until it returns true, then `close`; after an error only `close`. */
export class RdbDecoder {
  /** Keys put into the keyspace. */
  keysLoaded = 0;
  /** Keys left out because their deadline had passed. */
  keysExpired = 0;
  /** Keys left out because their collections were empty. */
  keysEmpty = 0;
  /** Eight zeros stand for the checksum: nothing tells whether the bytes are what was saved. */
  unchecked = false;
  /** Version of the file, 0 before the first step. */
  version = 0;
  /** Whether it has Valkey's magic, where some numbers mean something else. */
  valkey = false;
  /** Facts about the writer. */
  readonly aux: Map<string, string> = new Map();
  private readonly window: FileWindow;
  private readonly strings: RdbStrings;
  private readonly values: ValueDecoder;
  private readonly keyspace: Keyspace;
  private readonly options: RdbDecoderOptions;
  private database: Database;
  private deadlineMs = 0;
  private readonly ahead = new RecordsAhead();
  /** Up to here of the file was looked ahead. */
  private hintedTo = 0;
  // The key of a collection, in a place of its own.
  private key: Buffer = Buffer.allocUnsafeSlow(64);
  private keyBytes = 0;

  /** @throws {EngineError} RDB_BAD when the file cannot be opened. */
  constructor(options: RdbDecoderOptions) {
    this.options = options;
    this.keyspace = options.keyspace;
    this.database = this.databaseAt(0);
    this.window = new FileWindow(options);
    this.strings = new RdbStrings(this.window);
    const collections = options.collections ?? new Collections(options.keyspace);
    this.values = new ValueDecoder(this.window, this.strings, collections);
  }

  /** Bytes of the file read so far: progress, and after the last step where the snapshot ends. */
  get offset(): number {
    return this.window.offset;
  }

  /** Length of the file in bytes. */
  get sizeBytes(): number {
    return this.window.sizeBytes;
  }

  /**
   * Loads about `budgetBytes` more; true when the whole snapshot is loaded and its checksum fits.
   * @throws {EngineError} RDB_BAD when the file is damaged, RDB_UNSUPPORTED when it is whole but
   * holds what this engine does not know, ARENA_FULL when the keys do not fit.
   */
  step(budgetBytes: number): boolean {
    if (this.version === 0) this.readMagic();
    const stopAt = this.window.offset + budgetBytes;
    while (this.window.offset < stopAt) {
      if (this.window.offset >= this.hintedTo) this.lookAhead();
      if (this.record()) {
        this.verifyChecksum();
        return true;
      }
    }
    return false;
  }

  close(): void {
    this.window.close();
  }

  private lookAhead(): void {
    const { window } = this;
    const end = this.ahead.hint(this.database, window.buffer, window.at, window.end);
    this.hintedTo = window.offset + end - window.at;
  }

  private readMagic(): void {
    const window = this.window;
    this.strings.need(magicBytes, "the magic 'REDIS' with a version of four digits");
    const magic = window.buffer.toString('latin1', window.at, window.at + magicBytes);
    const match = /^(?:REDIS(\d{4})|VALKEY(\d{3}))$/.exec(magic);
    if (match === null) {
      throw this.strings.bad(0, "the magic 'REDIS' with a version of four digits",
        JSON.stringify(magic));
    }
    this.valkey = match[2] !== undefined;
    const version = Number(match[1] ?? match[2]);
    const oldest = this.valkey ? oldestValkeyVersion : oldestVersion;
    const newest = this.valkey ? newestValkeyVersion : newestVersion;
    if (version < oldest || version > newest) {
      throw this.unsupported(magicBytes - (this.valkey ? 3 : 4), "can't handle RDB format version"
        + ` ${version}, only ${oldest} to ${newest} of ${this.valkey ? 'Valkey' : 'Redis'}`);
    }
    this.version = version;
    window.at += magicBytes;
  }

  /** Reads one record; true at the end of the snapshot. */
  private record(): boolean {
    const window = this.window;
    this.strings.need(1, 'a record or the end mark');
    const offset = window.offset;
    const kind = window.buffer[window.at++] as number;
    switch (kind) {
      case valueType.string:
        this.loadString();
        return false;
      case opcode.deadlineMs:
        this.deadlineMs = this.readDeadlineMs();
        return false;
      case opcode.deadlineSec:
        this.strings.need(4, 'a deadline of 4 bytes');
        this.deadlineMs = Math.max(1, window.buffer.readInt32LE(window.at) * 1000);
        window.at += 4;
        return false;
      case opcode.frequency:
        this.strings.need(1, 'an access frequency of 1 byte');
        window.at++;
        return false;
      case opcode.idle:
        this.strings.plainLength('an idle time');
        return false;
      case opcode.selectDatabase:
        this.database = this.databaseAt(this.strings.plainLength('a database number'), offset);
        return false;
      case opcode.resizeDatabase:
        this.expectKeys(this.strings.plainLength('a count of keys'));
        this.strings.plainLength('a count of keys with a deadline');
        return false;
      case opcode.slotInfo:
        for (let i = 0; i < 3; i++) this.strings.plainLength('a fact about a slot');
        return false;
      case opcode.aux:
        this.readAux();
        return false;
      case opcode.end:
        return true;
      default:
        this.loadCollection(kind, offset);
        return false;
    }
  }

  /** Makes room for keys, as far as the file can hold as many as it says. */
  private expectKeys(keys: number): void {
    const { window } = this;
    this.database.expect(Math.min(keys, (window.sizeBytes - window.offset) / likelyRecordBytes));
  }

  private loadCollection(type: number, offset: number): void {
    const { database, values } = this;
    if (typeName(type, this.valkey) === null) throw this.refuse(type, offset);
    this.keepKey();
    const old = database.find(this.key, 0, this.keyBytes);
    if (old !== 0) this.met(old, offset);
    const entry = values.load(type, database, this.valkey);
    const { deadlineMs } = this;
    this.deadlineMs = 0;
    if (entry === -1) throw this.refuse(type, offset);
    if (entry === 0) {
      this.keysEmpty++;
    } else if (this.isExpired(deadlineMs)) {
      this.keysExpired++;
      database.remove(entry);
    } else {
      if (deadlineMs !== 0) database.setDeadline(entry, deadlineMs);
      this.keysLoaded++;
    }
  }

  /** Reads a key and copies it to where it stays while its value is read. */
  private keepKey(): void {
    const { strings } = this;
    const length = strings.read('a key', strings.keyScratch);
    if (this.key.length < length) this.key = Buffer.allocUnsafeSlow(2 * length);
    strings.buffer.copy(this.key, 0, strings.start, strings.end);
    this.keyBytes = length;
  }

  /** The key last given to `find` is there already. */
  private met(old: EntryAddress, offset: number): void {
    const { database } = this;
    if (this.options.replace === true) {
      database.remove(old);
      return;
    }
    const start = database.keyOffset(old);
    const shown = quote(database.keyBuffer(old), start, start + database.keyLength(old));
    throw this.strings.bad(offset, 'a key that did not occur before',
      `${shown} again in database ${database.index}`);
  }

  private isExpired(deadlineMs: number): boolean {
    return deadlineMs !== 0 && deadlineMs < this.options.nowMs && !this.options.keepExpired;
  }

  private loadString(): void {
    const { window, strings, database } = this;
    const offset = window.offset - 1;
    window.pin = window.at;
    const keyBytes = strings.read('a key', strings.keyScratch);
    const rawKey = strings.buffer === window.buffer;
    // A plain key stays in the window: the pin moves along when the value brings more bytes in.
    window.pin = rawKey ? strings.start : -1;
    strings.read('a value', strings.valueScratch);
    const keyBuffer = rawKey ? window.buffer : strings.keyScratch;
    const keyStart = rawKey ? window.pin : 0;
    window.pin = -1;
    const deadlineMs = this.deadlineMs;
    this.deadlineMs = 0;
    if (this.isExpired(deadlineMs)) {
      this.keysExpired++;
      return;
    }
    const old = database.find(keyBuffer, keyStart, keyStart + keyBytes);
    if (old !== 0) this.met(old, offset);
    database.put(strings.buffer, strings.start, strings.end, deadlineMs);
    this.keysLoaded++;
  }

  private readDeadlineMs(): number {
    const window = this.window;
    this.strings.need(8, 'a deadline of 8 bytes');
    const low = window.buffer.readUInt32LE(window.at);
    const high = window.buffer.readInt32LE(window.at + 4);
    window.at += 8;
    // 0 means none in the keyspace; a deadline of 0 or before is one that has passed.
    return Math.max(1, high * 0x100000000 + low);
  }

  private readAux(): void {
    const name = this.strings.readText('the name of a fact');
    this.aux.set(name, this.strings.readText(`the fact ${JSON.stringify(name)}`));
  }

  private databaseAt(index: number, offset = 0): Database {
    const database = this.keyspace.databases[index];
    if (database === undefined) {
      throw this.unsupported(offset, `it holds database ${index}, but only`
        + ` ${this.keyspace.databases.length} are configured: raise 'databases'`);
    }
    return database;
  }

  /** The error for a record that cannot be loaded; names the key when one was read. */
  private refuse(kind: number, offset: number): EngineError {
    const name = typeName(kind, this.valkey);
    if (name !== null) {
      const key = quote(this.key, 0, this.keyBytes);
      return this.unsupported(offset, `key ${key} in database ${this.database.index} is a ${name},`
        + ` type ${kind}, which this engine lacks`);
    }
    const what = recordName(kind, this.valkey);
    return what === null
      ? this.strings.bad(offset, 'a record, a key or the end mark', `the byte ${kind}`)
      : this.unsupported(offset, `it holds ${what}, which this engine lacks`);
  }

  private verifyChecksum(): void {
    const window = this.window;
    window.settle();
    this.strings.need(checksumBytes, 'a checksum of 8 bytes');
    const stored = window.buffer.subarray(window.at, window.at + checksumBytes);
    this.unchecked = stored.every((byte) => byte === 0);
    if (window.crc !== null && !this.unchecked) {
      const computed = Buffer.alloc(checksumBytes);
      window.crc.writeTo(computed, 0);
      if (!computed.equals(stored)) {
        const found = Buffer.from(stored).reverse().toString('hex');
        throw this.strings.bad(window.offset, `the checksum ${window.crc.hex()}`,
          `${found}: bytes before it have changed`);
      }
    }
    window.at += checksumBytes;
  }

  private unsupported(offset: number, what: string): EngineError {
    const path = this.options.path;
    return new EngineError('RDB_UNSUPPORTED', `${path}: offset ${offset}: ${what}.`
      + ' The file is left as it is; load it with a server that knows it');
  }
}

/** What else a file may hold that is not loaded; null when the byte begins nothing known. */
function recordName(kind: number, valkey: boolean): string | null {
  if (kind === opcode.function || kind === opcode.functionOld) return 'a library of functions';
  if (kind === opcode.moduleAux) return 'data of a module';
  if (valkey && kind === opcode.valkeyUpdate) return 'commands of a save without fork';
  if (valkey && kind === opcode.valkeySlotImport) return 'the import of a cluster slot';
  return null;
}
