// DEBUG DIGEST: 40 hex digits that are equal on two servers iff they hold the same data.
//
// Learned from Redis' answers: SHA-1 throughout; `mix` makes the order of its calls count, `xor`
// does not. A database that is not empty mixes its index into the total; each of its keys has a
// digest of its own, which is xored in. The type is mixed as a 32-bit number in network order; a
// deadline counts as a fact, not by its time.
//
//   total ← for each database: mix(index), for each key: xor(digest of key)
//   digest of key ← mix(key), then digest of value ← mix(type), mix(bytes), xor("!!expire!!")
import { createHash } from 'node:crypto';
import { endPosition } from '../keyspace/database.ts';
import type { Database } from '../keyspace/database.ts';
import type { EntryAddress } from '../keyspace/entry.ts';
import { typeString } from '../keyspace/entry.ts';
import type { Keyspace } from '../keyspace/keyspace.ts';

const digestBytes = 20;
const deadlineMark = Buffer.from('!!expire!!');
const walkBudget = 1024;

function sha1(bytes: Uint8Array): Buffer {
  return createHash('sha1').update(bytes).digest();
}

function xor(digest: Buffer, bytes: Uint8Array): void {
  const hash = sha1(bytes);
  for (let i = 0; i < digestBytes; i++) {
    digest[i] = (digest[i] as number) ^ (hash[i] as number);
  }
}

function mix(digest: Buffer, bytes: Uint8Array): void {
  xor(digest, bytes);
  digest.set(sha1(digest));
}

function mixNumber(digest: Buffer, value: number): void {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(value);
  mix(digest, bytes);
}

function mixValue(digest: Buffer, database: Database, entry: EntryAddress): void {
  const type = database.type(entry);
  mixNumber(digest, type);
  if (type === typeString) {
    const start = database.valueStart(entry);
    const end = start + database.valueLength(entry);
    mix(digest, database.keyspace.arena.u8.subarray(start, end));
  }
  if (database.deadlineMs(entry) !== 0) xor(digest, deadlineMark);
}

/** DEBUG DIGEST-VALUE: the digest of one value, without its key; 0 gives all zeros. */
export function valueDigest(database: Database, entry: EntryAddress): string {
  const digest = Buffer.alloc(digestBytes);
  if (entry !== 0) mixValue(digest, database, entry);
  return digest.toString('hex');
}

/** DEBUG DIGEST: all databases. */
export function keyspaceDigest(keyspace: Keyspace): string {
  const total = Buffer.alloc(digestBytes);
  for (const database of keyspace.databases) {
    if (database.size === 0) continue;
    mixNumber(total, database.index);
    let position = 0;
    const visit = (entry: EntryAddress): void => {
      const digest = Buffer.alloc(digestBytes);
      const start = database.keyStart(entry);
      mix(digest, keyspace.arena.u8.subarray(start, start + database.keyLength(entry)));
      mixValue(digest, database, entry);
      xor(total, digest);
    };
    while (position !== endPosition) position = database.walk(position, walkBudget, visit);
  }
  return total.toString('hex');
}
