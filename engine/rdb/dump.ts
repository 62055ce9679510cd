// What DUMP answers and RESTORE takes: one value, without its key.
//
//   payload   type · value (values.ts) · version, 2 bytes LE · CRC-64 of all before, 8 bytes LE
//
// From version 80 on it is Valkey's, where some types mean something else.
import type { Collections } from '../collections/collections.ts';
import { EngineError } from '../errors.ts';
import type { Database } from '../keyspace/database.ts';
import type { EntryAddress } from '../keyspace/entry.ts';
import { ByteWindow } from './byte-window.ts';
import { Crc64 } from './crc64.ts';
import {
  checksumBytes, newestValkeyVersion, newestVersion, oldestValkeyVersion, valueType,
} from './format.ts';
import type { WrittenVersion } from './format.ts';
import { RdbStrings } from './strings.ts';
import { ValueEncoder } from './value-encoder.ts';
import { ValueDecoder } from './values.ts';
import { RdbWriter } from './writer.ts';

const versionBytes = 2;
const footerBytes = versionBytes + checksumBytes;
const chunkBytes = 64 * 1024;

/** Bytes of a payload besides the value: type, version and checksum. */
export const dumpFrameBytes: number = 1 + footerBytes;

/** How DUMP writes. */
export interface DumpOptions {
  /** `rdbcompression` */
  readonly compress: boolean;
  readonly version: WrittenVersion;
}

/**
 * The value of an entry as a payload.
 * @throws {EngineError} RDB_UNSUPPORTED when the version cannot hold it.
 */
export function dumpValue(
  database: Database, entry: EntryAddress, options: DumpOptions & { collections: Collections },
): Buffer {
  const pieces: Buffer[] = [];
  const sink = {
    write: (bytes: Buffer, start: number, end: number): void => {
      pieces.push(Buffer.from(bytes.subarray(start, end)));
    },
  };
  const { collections, compress, version } = options;
  const writer = new RdbWriter({ sink, compress, checksum: true, chunkBytes });
  const values = new ValueEncoder(writer, { version, collections, largeValues: null });
  const type = values.type(database, entry);
  writer.byte(type);
  values.value(database, entry, type);
  writer.byte(version);
  writer.byte(0);
  writer.finish();
  return Buffer.concat(pieces);
}

/** Whether the version of a payload is known and its checksum fits. */
export function isPayloadSound(buffer: Buffer, start: number, end: number): boolean {
  if (end - start < footerBytes) return false;
  const version = versionOf(buffer, end);
  const known = version <= newestVersion
    || (version >= oldestValkeyVersion && version <= newestValkeyVersion);
  if (!known) return false;
  const crc = new Crc64();
  crc.update(buffer, start, end - checksumBytes);
  const computed = Buffer.alloc(checksumBytes);
  crc.writeTo(computed, 0);
  return computed.compare(buffer, end - checksumBytes, end) === 0;
}

function versionOf(buffer: Buffer, end: number): number {
  return buffer.readUInt16LE(end - footerBytes);
}

/** A payload to load, sound by isPayloadSound. */
export interface Payload {
  readonly buffer: Buffer;
  readonly start: number;
  readonly end: number;
}

/**
 * Makes the value of a payload that of the key last given to `database.find`, which has none, and
 * returns its entry. After an error the key may have a part of the value.
 * @throws {EngineError} RDB_BAD, RDB_UNSUPPORTED, ARENA_FULL
 */
export function loadPayload(
  database: Database, payload: Payload, collections: Collections,
): EntryAddress {
  const { buffer, start, end } = payload;
  const window = new ByteWindow('the payload', buffer, start, end - footerBytes);
  const strings = new RdbStrings(window);
  strings.need(1, 'the type of a value');
  const type = buffer[window.at++] as number;
  let entry: EntryAddress;
  if (type === valueType.string) {
    strings.read('a value', strings.valueScratch);
    entry = database.put(strings.buffer, strings.start, strings.end, 0);
  } else {
    const values = new ValueDecoder(window, strings, collections);
    entry = values.load(type, database, versionOf(buffer, end) >= oldestValkeyVersion);
  }
  if (entry === -1) {
    throw new EngineError('RDB_UNSUPPORTED', `a value of type ${type} in ${window.path}`);
  }
  if (entry === 0) throw strings.bad(window.offset, 'an element', 'an empty collection');
  if (window.at !== window.end) {
    const more = `${window.end - window.at} more bytes`;
    throw strings.bad(window.offset, 'the end of the value', more);
  }
  return entry;
}
