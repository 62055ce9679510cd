// The bytes of a snapshot or of a base → how many operations of each client it holds. What a base
// stands for is read from it, not assumed from when it was begun.

import { RdbDecoder } from '../../../engine/rdb/decoder.ts';
import { MemoryDisk } from '../../../engine/io/memory-disk.ts';
import { Keyspace } from '../../../engine/keyspace/keyspace.ts';
import { endPosition } from '../../../engine/keyspace/database.ts';
import type { Database, Position } from '../../../engine/keyspace/database.ts';
import { typeString } from '../../../engine/keyspace/entry.ts';
import type { EntryAddress } from '../../../engine/keyspace/entry.ts';
import { Arena } from '../../../engine/memory/arena.ts';
import {
  briefNameBytes, clientDigits, keyNameBytes, sequenceDigits,
} from '../../workloads/keys.ts';
import { reasonOf } from '../../errors.ts';
import { readDigits } from '../../workloads/value.ts';
import { LOG_WHOLE, LogDecoder } from './log-decoder.ts';
import { Positions } from './positions.ts';

/** Last operation of each client that a snapshot holds, or why it cannot be read. */
export type SnapshotContent =
  | { readonly kind: 'whole'; readonly prefixes: Float64Array }
  | { readonly kind: 'bad'; readonly why: string };

const stepBytes = 4 * 1024 * 1024;
const leastArenaBytes = 64 * 1024 * 1024;
const databaseCount = 16;
const path = '/snapshot';
const magic = 'REDIS';
const valkeyMagic = 'VALKEY';

/** Reads a snapshot in Redis' format, or a base that is made of commands. */
export function readSnapshotPrefixes(bytes: Uint8Array, clients: number): SnapshotContent {
  const head = Buffer.from(bytes.subarray(0, 6)).toString('latin1');
  const isRdb = head.startsWith(magic) || head.startsWith(valkeyMagic);
  return isRdb ? readRdb(bytes, clients) : readCommands(bytes, clients);
}

function readRdb(bytes: Uint8Array, clients: number): SnapshotContent {
  const disk = MemoryDisk.from({ directories: ['/'], files: new Map([[path, bytes]]) });
  // Not the largest one: what is reserved counts when a process is started.
  const capacityBytes = leastArenaBytes + 8 * bytes.length;
  const keyspace = new Keyspace({
    arena: new Arena({ capacityBytes }), databaseCount, hashSeed: 1,
  });
  const prefixes = new Float64Array(clients);
  try {
    const decoder = new RdbDecoder({
      disk, path, keyspace, checksum: true, keepExpired: true, nowMs: 0, replace: true,
    });
    try {
      for (let isDone = false; !isDone;) {
        isDone = decoder.step(stepBytes);
        for (const database of keyspace.databases) note(database, prefixes);
        keyspace.flushAll();
      }
    } finally {
      decoder.close();
    }
    return { kind: 'whole', prefixes };
  } catch (error) {
    return { kind: 'bad', why: reasonOf(error) };
  }
}

function note(database: Database, prefixes: Float64Array): void {
  let position: Position = 0;
  while (position !== endPosition) {
    position = database.walk(position, 10_000, (entry) => noteEntry(database, entry, prefixes));
  }
}

const [letterK, letterW, letterX, colon] = [107, 119, 120, 58];

function noteEntry(database: Database, entry: EntryAddress, prefixes: Float64Array): void {
  if (database.type(entry) !== typeString) return;
  const [keys, key] = [database.keyBuffer(entry), database.keyOffset(entry)];
  const [values, value] = [database.valueBuffer(entry), database.valueOffset(entry)];
  if (keys[key + 1] !== colon) return;
  const kind = keys[key];
  const keyBytes = database.keyLength(entry);
  const valueBytes = database.valueLength(entry);
  if (kind === letterW && valueBytes === sequenceDigits) {
    const sequence = readDigits(values, value, sequenceDigits);
    raise(prefixes, readDigits(keys, key + 2, clientDigits), sequence);
  } else if ((kind === letterK && keyBytes === keyNameBytes)
    || (kind === letterX && keyBytes === briefNameBytes)) {
    if (valueBytes <= clientDigits + sequenceDigits) return;
    const sequence = readDigits(values, value + clientDigits + 1, sequenceDigits);
    raise(prefixes, readDigits(values, value, clientDigits), sequence);
  }
}

function readCommands(bytes: Uint8Array, clients: number): SnapshotContent {
  const positions = new Positions();
  const decoder = new LogDecoder(positions);
  if (decoder.run(bytes, bytes.length) !== LOG_WHOLE) {
    return { kind: 'bad', why: `its commands cannot be read from byte ${decoder.cursor} on` };
  }
  const prefixes = new Float64Array(clients);
  for (let at = 0; at < positions.count; at++) {
    raise(prefixes, positions.client[at] as number, positions.sequence[at] as number);
  }
  return { kind: 'whole', prefixes };
}

function raise(prefixes: Float64Array, client: number, sequence: number): void {
  if (client < 0 || client >= prefixes.length) return;
  if (sequence > (prefixes[client] as number)) prefixes[client] = sequence;
}
