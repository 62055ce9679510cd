// The look ahead reads only: whatever it is given, it ends within the bytes and changes nothing.
import test from 'ava';
import { array, assert, constantFrom, oneof, property, uint8Array } from 'fast-check';
import { Arena } from '../memory/arena.ts';
import { Keyspace } from '../keyspace/keyspace.ts';
import { Prefetcher } from './prefetch.ts';
import { encodeRequest } from './test-support/replies.ts';

const keyspace = new Keyspace({
  arena: new Arena({ capacityBytes: 2 ** 22 }), databaseCount: 1, hashSeed: 42,
});
const database = keyspace.databases[0];
if (database === undefined) throw new Error('no database');
const key = Buffer.from('key');
database.find(key, 0, key.length);
database.put(key, 0, key.length, 0);
const hint = (bytes: Buffer, start = 0): number =>
  new Prefetcher(0).hint(database, bytes, start, bytes.length);

test('it stops after sixteen requests, and at the end of fewer', (t) => {
  const one = encodeRequest(['SET', 'key', 'value']);
  const other = encodeRequest(['GET', 'none']);
  t.is(hint(Buffer.concat(Array.from({ length: 20 }, () => one))), one.length * 16);
  const both = Buffer.concat([one, other]);
  t.is(hint(both), both.length);
  t.is(hint(both, one.length), both.length);
});

test('a small database is left alone', (t) => {
  const bytes = Buffer.concat(Array.from({ length: 20 }, () => encodeRequest(['GET', 'key'])));
  t.is(new Prefetcher(2).hint(database, bytes, 0, bytes.length), bytes.length);
  t.is(new Prefetcher(1).hint(database, bytes, 0, bytes.length), bytes.length / 20 * 16);
});

test('what is no plain request, or only a part of one, is left alone', (t) => {
  const whole = encodeRequest(['SET', 'key', 'value']);
  for (let length = 1; length < whole.length; length++) {
    const bytes = Buffer.concat([whole, whole.subarray(0, length)]);
    t.is(hint(bytes), bytes.length);
  }
  for (const odd of ['PING\r\n', '*1\r\n$4\r\nPING\r\n', '*2\r\n$3\r\nGET\r\n$-1\r\n', '*x\r\n']) {
    const bytes = Buffer.concat([Buffer.from(odd), whole]);
    t.is(hint(bytes), bytes.length);
  }
});

const seed = 20_261_122;
test(`any bytes: it goes forward and not beyond the end (seed ${seed})`, (t) => {
  const request = array(constantFrom('SET', 'key', '', 'v'.repeat(99999)), { minLength: 1 })
    .map((parts) => encodeRequest(parts));
  const noise = uint8Array({ maxLength: 40 }).map((bytes) => Buffer.from(bytes));
  assert(property(array(oneof(request, noise), { minLength: 1 }), (pieces) => {
    const bytes = Buffer.concat(pieces);
    if (bytes.length === 0) return;
    const end = hint(bytes);
    t.true(end > 0 && end <= bytes.length);
  }), { seed, numRuns: 300 });
});
