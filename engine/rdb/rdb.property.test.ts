// Round trips of random keyspaces, and every single damaged bit.
import test from 'ava';
import * as fc from 'fast-check';
import { contentsOf, encode, fill, load, newKeyspace } from './test-support/rdb-files.ts';
import type { Item } from './test-support/rdb-files.ts';

const digits = fc.oneof(
  fc.integer().map(String),
  fc.constantFrom('0', '-0', '00', '-', '', '127', '128', '-128', '-129', '32767', '32768',
    '-32768', '-32769', '2147483647', '2147483648', '-2147483648', '-2147483649', '+1', '1 '),
).map((text) => Buffer.from(text));

const repetitive = fc.tuple(fc.uint8Array({ minLength: 1, maxLength: 9 }), fc.nat(200))
  .map(([bytes, count]) => Buffer.concat(Array.from({ length: count }, () => bytes)));

const bytes = fc.oneof(digits, repetitive, fc.uint8Array({ maxLength: 120 }));

const item: fc.Arbitrary<Item> = fc.record({
  database: fc.constantFrom(0, 0, 1, 9, 15),
  key: bytes,
  value: bytes,
  deadlineMs: fc.oneof(
    fc.constant(0), fc.integer({ min: 1_800_000_000_000, max: Number.MAX_SAFE_INTEGER }),
  ),
});

const shape = fc.record({
  items: fc.array(item, { maxLength: 60 }),
  compress: fc.boolean(),
  checksum: fc.boolean(),
  chunkBytes: fc.constantFrom(64, 100, 4096),
  windowBytes: fc.constantFrom(64, 200, 65536),
  stepBytes: fc.constantFrom(1, 50, 1 << 20),
});

test('what is saved loads as it was, whatever the buffers are', (t) => {
  fc.assert(fc.property(shape, ({ items, ...options }) => {
    const keyspace = newKeyspace();
    fill(keyspace, items);
    const saved = encode(keyspace, options);
    const loaded = load(saved, options);
    const before = contentsOf(keyspace);
    t.is(loaded.decoder.keysLoaded, before.size);
    t.is(loaded.decoder.offset, saved.length);
    t.deepEqual(contentsOf(loaded.keyspace), before);
  }), { numRuns: 100 });
});

test('a value longer than the buffers', (t) => {
  const keyspace = newKeyspace();
  const random = Buffer.alloc(300_000).map((_, i) => Math.imul(i, 0x9e3779b1) >>> 24);
  fill(keyspace, [
    { database: 0, key: Buffer.from('noise'), value: random, deadlineMs: 0 },
    { database: 0, key: Buffer.alloc(100_000, 'k'), value: Buffer.alloc(70_000), deadlineMs: 0 },
  ]);
  for (const compress of [true, false]) {
    const saved = encode(keyspace, { compress, chunkBytes: 256 });
    t.deepEqual(contentsOf(load(saved, { windowBytes: 64 }).keyspace), contentsOf(keyspace));
  }
});

test('any single damaged bit is noticed, or changes nothing', (t) => {
  const keyspace = newKeyspace();
  fill(keyspace, [
    { database: 0, key: Buffer.from('a'), value: Buffer.from('17'), deadlineMs: 0 },
    { database: 0, key: Buffer.from('b'), value: Buffer.alloc(60, 'x'), deadlineMs: 2e12 },
    { database: 3, key: Buffer.from('c'), value: Buffer.from('value'), deadlineMs: 0 },
  ]);
  const saved = encode(keyspace);
  let refused = 0;
  for (let bit = 0; bit < saved.length * 8; bit++) {
    const damaged = Buffer.from(saved);
    damaged[bit >> 3] = (damaged[bit >> 3] as number) ^ (1 << (bit & 7));
    const error = t.throws(() => load(damaged), { name: 'EngineError' }, `bit ${bit}`) as
      { code?: string } | undefined;
    if (error?.code === 'RDB_BAD' || error?.code === 'RDB_UNSUPPORTED') refused++;
  }
  t.is(refused, saved.length * 8);
});
