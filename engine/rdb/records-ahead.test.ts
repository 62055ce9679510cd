// Looking ahead sees the keys that come, and never more than there is.
import test from 'ava';
import type { Database } from '../keyspace/database.ts';
import { RecordsAhead } from './records-ahead.ts';
import { encode, fill, newKeyspace } from './test-support/rdb-files.ts';

/** Longer than 63 bytes, and nothing in it comes twice. */
const longKey = String.fromCharCode(...Array.from({ length: 80 }, (_, i) => 40 + i));
const items = [
  ['short', '1'], ['number', '-77'], ['wide', '70000'], ['text', 'x'.repeat(15) + 'yz'],
  ['compressed', 'ab'.repeat(300)], [longKey, 'noise '.repeat(3)], ['mortal', 'v'],
] as const;

/** The snapshot without the facts at its start, and the keys in its order. */
function snapshot(): { bytes: Buffer; from: number; keys: string[] } {
  const keyspace = newKeyspace();
  fill(keyspace, items.map(([key, value]) => ({
    database: 0, key: Buffer.from(key), value: Buffer.from(value),
    deadlineMs: key === 'mortal' ? 2e12 : 0,
  })));
  const keys: string[] = [];
  keyspace.databases[0]?.walk(0, 100, (entry) => {
    const database = keyspace.databases[0] as Database;
    const start = database.keyOffset(entry);
    const bytes = database.keyBuffer(entry);
    keys.push(bytes.toString('latin1', start, start + database.keyLength(entry)));
  });
  const bytes = encode(keyspace);
  // RESIZEDB and its two counts come directly before the keys.
  return { bytes, from: bytes.lastIndexOf(Buffer.from([251, items.length, 1])) + 3, keys };
}

/** A database of which only the hashes asked for are kept. */
function watched(): { database: Database; hashes: number[] } {
  const hashes: number[] = [];
  const database = newKeyspace().databases[0] as Database;
  database.prefetch = (ahead, count): void => {
    hashes.push(...ahead.subarray(0, count));
  };
  return { database, hashes };
}

test('the keys of plain records are fetched, whatever their values', (t) => {
  const { bytes, from, keys } = snapshot();
  const { database, hashes } = watched();
  const end = new RecordsAhead(0).hint(database, bytes, from, bytes.length);
  const { keyHash } = database.keyspace;
  t.deepEqual(hashes, keys.map((key) => keyHash.of(Buffer.from(key), 0, key.length)));
  t.is(bytes[end], 255);
});

test('cut at any byte it fetches a prefix of them and goes on', (t) => {
  const { bytes, from } = snapshot();
  const whole = watched();
  new RecordsAhead(0).hint(whole.database, bytes, from, bytes.length);
  for (let end = from + 1; end < bytes.length; end++) {
    const { database, hashes } = watched();
    const next = new RecordsAhead(0).hint(database, bytes, from, end);
    t.true(next > from, `cut at ${end}`);
    t.deepEqual(hashes, whole.hashes.slice(0, hashes.length), `cut at ${end}`);
  }
});

test('a small database is left alone', (t) => {
  const { bytes, from } = snapshot();
  const { database, hashes } = watched();
  t.is(new RecordsAhead().hint(database, bytes, from, bytes.length), bytes.length);
  t.deepEqual(hashes, []);
});
