// Keyspaces and RDB files for tests.
import { readFileSync } from 'node:fs';
import { MemoryDisk } from '../../io/memory-disk.ts';
import { Collections } from '../../collections/collections.ts';
import { endPosition } from '../../keyspace/database.ts';
import { Keyspace } from '../../keyspace/keyspace.ts';
import { Arena } from '../../memory/arena.ts';
import { Crc64 } from '../crc64.ts';
import { RdbDecoder } from '../decoder.ts';
import { RdbEncoder } from '../encoder.ts';
import type { RdbHeader } from '../encoder.ts';
import type { WrittenVersion } from '../format.ts';
import { describeValue } from './describe.ts';

/** One key; deadlineMs 0: none. */
export interface Item {
  readonly database: number;
  readonly key: Uint8Array;
  readonly value: Uint8Array;
  readonly deadlineMs: number;
}

export const header: RdbHeader = {
  redisVersion: '7.0.15', createdSec: 1_700_000_000, usedMemoryBytes: 123_456, aofBase: false,
};

export function newKeyspace(databaseCount = 16): Keyspace {
  const arena = new Arena({ capacityBytes: 8 * 2 ** 20 });
  return new Keyspace({ arena, databaseCount, hashSeed: 3, segmentSlots: 64 });
}

export function fill(keyspace: Keyspace, items: Iterable<Item>): void {
  for (const item of items) {
    const key = Buffer.from(item.key);
    const value = Buffer.from(item.value);
    const database = keyspace.databases[item.database];
    database?.find(key, 0, key.length);
    database?.put(value, 0, value.length, item.deadlineMs);
  }
}

/** `db:key` → `value@deadline`, in latin1; collections as describeValue tells them. */
export function contentsOf(keyspace: Keyspace): Map<string, string> {
  const found = new Map<string, string>();
  const { u8 } = keyspace.arena;
  const collections = new Collections(keyspace);
  for (const database of keyspace.databases) {
    let position = 0;
    while (position < endPosition) {
      position = database.walk(position, 1000, (entry) => {
        const keyStart = database.keyStart(entry);
        const key = u8.toString('latin1', keyStart, keyStart + database.keyLength(entry));
        const value = describeValue(database, entry, collections);
        found.set(`${database.index}:${key}`, `${value}@${database.deadlineMs(entry)}`);
      });
    }
  }
  return found;
}

/** A snapshot of a keyspace as bytes. */
export function encode(
  keyspace: Keyspace,
  options: {
    compress?: boolean; checksum?: boolean; chunkBytes?: number; version?: WrittenVersion;
  } = {},
): Buffer {
  const pieces: Buffer[] = [];
  const encoder = new RdbEncoder({
    keyspace,
    version: options.version ?? 10,
    sink: { write: (bytes, start, end) => pieces.push(Buffer.from(bytes.subarray(start, end))) },
    compress: options.compress ?? true,
    checksum: options.checksum ?? true,
    chunkBytes: options.chunkBytes ?? 4096,
  });
  encoder.begin(header);
  for (const database of keyspace.databases) {
    if (database.size === 0) continue;
    encoder.selectDatabase(database.index);
    encoder.resizeDatabase(database.size, database.deadlineCount);
    let position = 0;
    while (position < endPosition) {
      position = database.walk(position, 1000, (entry) => encoder.entry(database, entry));
    }
  }
  encoder.finish();
  const bytes = Buffer.concat(pieces);
  if (bytes.length !== encoder.bytesEncoded) throw new Error('bytesEncoded is wrong');
  return bytes;
}

export interface Loaded {
  readonly keyspace: Keyspace;
  readonly decoder: RdbDecoder;
  /** Steps taken. */
  readonly steps: number;
}

/** Loads bytes as /data/dump.rdb; throws what the decoder throws. */
export function load(
  bytes: Uint8Array,
  options: {
    keyspace?: Keyspace;
    collections?: Collections;
    windowBytes?: number;
    stepBytes?: number;
    keepExpired?: boolean;
    nowMs?: number;
    checksum?: boolean;
  } = {},
): Loaded {
  const keyspace = options.keyspace ?? newKeyspace();
  const disk = MemoryDisk.from({
    files: new Map([['/data/dump.rdb', bytes]]), directories: ['/data'],
  });
  const decoder = new RdbDecoder({
    disk,
    path: '/data/dump.rdb',
    keyspace,
    collections: options.collections ?? new Collections(keyspace),
    checksum: options.checksum ?? true,
    keepExpired: options.keepExpired ?? false,
    nowMs: options.nowMs ?? 1_700_000_000_000,
    windowBytes: options.windowBytes ?? 4096,
  });
  let steps = 1;
  try {
    while (!decoder.step(options.stepBytes ?? 1 << 20)) steps++;
  } finally {
    decoder.close();
  }
  return { keyspace, decoder, steps };
}

/** A file by hand: the records between magic and end, given in hex and text. */
export function handMade(records: string, version = '0010'): Buffer {
  return fileOf(`REDIS${version}`, Buffer.from(records.replaceAll(' ', ''), 'hex'));
}

/** A file of a magic and records, with end mark and checksum. */
export function fileOf(magic: string, ...records: readonly Uint8Array[]): Buffer {
  const body = Buffer.concat([Buffer.from(magic), ...records, Buffer.from([255])]);
  return Buffer.concat([body, checksumOf(body)]);
}

/** The bytes of a checksum. */
export function checksumOf(bytes: Uint8Array): Buffer {
  const crc = new Crc64();
  crc.update(bytes, 0, bytes.length);
  const target = Buffer.alloc(8);
  crc.writeTo(target, 0);
  return target;
}

/** A file of testdata/. */
export function fixture(name: string): Buffer {
  return readFileSync(new URL(`../testdata/${name}`, import.meta.url));
}
