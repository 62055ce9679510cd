// DEBUG DIGEST: 40 hex digits that are equal on two servers iff they hold the same data.
//
// Learned from Redis' answers: SHA-1 throughout; `mix` makes the order of its calls count, `xor`
// does not. A database that is not empty mixes its index into the total; each of its keys has a
// digest of its own, which is xored in. The type is mixed as a 32-bit number in network order; a
// deadline counts as a fact, not by its time.
//
//   total ← for each database: mix(index), for each key: xor(digest of key)
//   digest of key ← mix(key), then digest of value ← mix(type), elements, xor("!!expire!!")
//   elements      string: mix(bytes) · list: mix(element) in order · set: xor(member)
//                 sorted set: xor(mix(member), mix(score as %.17g))
//                 hash: xor(mix(field), mix(value), xor("!!hexpire!!") if it has a deadline)
import { hash as oneShotHash } from 'node:crypto';
import { Collections } from '../collections/collections.ts';
import { endPosition } from '../keyspace/database.ts';
import type { Database } from '../keyspace/database.ts';
import type { EntryAddress } from '../keyspace/entry.ts';
import { typeHash, typeList, typeSet, typeSortedSet, typeString } from '../keyspace/entry.ts';
import type { Keyspace } from '../keyspace/keyspace.ts';
import { doubleTextBytes, formatDouble } from '../resp/doubles.ts';

const digestBytes = 20;
const deadlineMark = Buffer.from('!!expire!!');
const fieldDeadlineMark = Buffer.from('!!hexpire!!');
const walkBudget = 1024;
const elementDigest = Buffer.alloc(digestBytes);
const scratch = Buffer.alloc(doubleTextBytes);

function sha1(bytes: Uint8Array): Buffer {
  return oneShotHash('sha1', bytes, 'buffer');
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

/** What digests are made of: the handles of slot 0 are used to walk collections. */
interface Walk {
  readonly database: Database;
  readonly collections: Collections;
  readonly scoreText: ((score: number) => string) | undefined;
}

function scoreBytes(score: number, { scoreText }: Walk): Buffer {
  if (scoreText !== undefined) return Buffer.from(scoreText(score), 'latin1');
  return scratch.subarray(0, formatDouble(scratch, 0, score));
}

function mixValue(digest: Buffer, walk: Walk, entry: EntryAddress): void {
  const { database } = walk;
  const type = database.type(entry);
  mixNumber(digest, type);
  if (type === typeString) {
    const start = database.valueStart(entry);
    const end = start + database.valueLength(entry);
    mix(digest, database.keyspace.arena.u8.subarray(start, end));
  } else if (type === typeList) mixList(digest, walk, entry);
  else if (type === typeSet) mixSet(digest, walk, entry);
  else if (type === typeSortedSet) mixSortedSet(digest, walk, entry);
  else if (type === typeHash) mixHash(digest, walk, entry);
  if (database.deadlineMs(entry) !== 0) xor(digest, deadlineMark);
}

function mixList(digest: Buffer, { collections, database }: Walk, entry: EntryAddress): void {
  const list = collections.list().open(database, entry);
  for (let more = list.first(); more; more = list.next()) {
    mix(digest, list.elementBuffer.subarray(list.elementStart, list.elementEnd));
  }
}

function mixSet(digest: Buffer, { collections, database }: Walk, entry: EntryAddress): void {
  const set = collections.set().open(database, entry);
  for (let more = set.first(); more; more = set.next()) {
    xor(digest, set.elementBuffer.subarray(set.elementStart, set.elementEnd));
  }
}

function mixSortedSet(digest: Buffer, walk: Walk, entry: EntryAddress): void {
  const { collections, database } = walk;
  const set = collections.sortedSet().open(database, entry);
  for (let more = set.first(); more; more = set.next()) {
    elementDigest.fill(0);
    mix(elementDigest, set.elementBuffer.subarray(set.elementStart, set.elementEnd));
    mix(elementDigest, scoreBytes(set.score, walk));
    xor(digest, elementDigest);
  }
}

function mixHash(digest: Buffer, { collections, database }: Walk, entry: EntryAddress): void {
  const hash = collections.hash().open(database, entry);
  for (let more = hash.first(); more; more = hash.next()) {
    elementDigest.fill(0);
    mix(elementDigest, hash.elementBuffer.subarray(hash.elementStart, hash.elementEnd));
    mix(elementDigest, hash.valueBuffer.subarray(hash.valueStart, hash.valueEnd));
    if (hash.deadlineMs !== 0) xor(elementDigest, fieldDeadlineMark);
    xor(digest, elementDigest);
  }
}

/** Whose handles of slot 0 are used; without them new ones are made. */
export interface DigestOptions {
  readonly collections?: Collections;
  /** How scores are written; `%.17g` when nothing is said. Redis since 7.2 and Valkey differ. */
  readonly scoreText?: (score: number) => string;
}

/** DEBUG DIGEST-VALUE: the digest of one value, without its key; 0 gives all zeros. */
export function valueDigest(
  database: Database, entry: EntryAddress, options: DigestOptions = {},
): string {
  const digest = Buffer.alloc(digestBytes);
  if (entry !== 0) mixValue(digest, walkOf(database, options), entry);
  return digest.toString('hex');
}

function walkOf(database: Database, options: DigestOptions): Walk {
  const { collections = new Collections(database.keyspace), scoreText } = options;
  return { database, collections, scoreText };
}

/** DEBUG DIGEST: all databases. */
export function keyspaceDigest(keyspace: Keyspace, options: DigestOptions = {}): string {
  const collections = options.collections ?? new Collections(keyspace);
  const total = Buffer.alloc(digestBytes);
  for (const database of keyspace.databases) {
    if (database.size === 0) continue;
    mixNumber(total, database.index);
    const walk = walkOf(database, { ...options, collections });
    let position = 0;
    const visit = (entry: EntryAddress): void => {
      const digest = Buffer.alloc(digestBytes);
      const start = database.keyStart(entry);
      mix(digest, keyspace.arena.u8.subarray(start, start + database.keyLength(entry)));
      mixValue(digest, walk, entry);
      xor(total, digest);
    };
    while (position !== endPosition) position = database.walk(position, walkBudget, visit);
  }
  return total.toString('hex');
}
