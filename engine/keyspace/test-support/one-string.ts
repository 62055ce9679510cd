// A keyspace with a single key, a string: for tests of what happens to one entry.

import { Arena } from '../../memory/arena.ts';
import type { Database } from '../database.ts';
import type { EntryAddress } from '../entry.ts';
import { Keyspace } from '../keyspace.ts';

/** The keyspace, its entry, and the bytes of key and value. */
export interface OneString {
  readonly arena: Arena;
  readonly keyspace: Keyspace;
  readonly database: Database;
  readonly entry: EntryAddress;
  readonly bytes: Buffer;
}

/** What may be other than usual. */
export interface OneStringOptions {
  /** Of the arena. */
  readonly capacityBytes?: number;
  readonly keyBytes?: number;
  readonly deadlineMs?: number;
}

/** Puts a value of "old" repeated; the key goes on in the same way before it. */
export function oneString(
  valueBytes: number,
  { capacityBytes = 2 ** 24, keyBytes = 1, deadlineMs = 0 }: OneStringOptions = {},
): OneString {
  const arena = new Arena({ capacityBytes });
  const keyspace = new Keyspace({ arena, databaseCount: 1, hashSeed: 1 });
  const database = keyspace.databases[0];
  if (database === undefined) throw new Error('no database');
  const bytes = Buffer.alloc(keyBytes + valueBytes, 'old');
  database.find(bytes, 0, keyBytes);
  const entry = database.put(bytes, keyBytes, bytes.length, deadlineMs);
  return { arena, keyspace, database, entry, bytes };
}
