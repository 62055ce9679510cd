// Round trips of random collections of all types and sizes, through every version and buffer size.
import test from 'ava';
import * as fc from 'fast-check';
import { Collections } from '../collections/collections.ts';
import type { Database } from '../keyspace/database.ts';
import { contentsOf, encode, load, newKeyspace } from './test-support/rdb-files.ts';

const element = fc.oneof(
  fc.string({ maxLength: 12 }), fc.integer().map(String), fc.bigInt({
    min: -(2n ** 63n), max: 2n ** 63n - 1n,
  }).map(String),
  fc.constantFrom('', '-', '-0', '007', 'x'.repeat(64), 'y'.repeat(65), 'z'.repeat(2000),
    'w'.repeat(9000)),
).map((text) => Buffer.from(text));
const integer = fc.oneof(fc.integer({ min: -300, max: 300 }), fc.integer())
  .map((value) => Buffer.from(String(value)));
const score = fc.oneof(fc.integer(), fc.double({ noNaN: true }), fc.constantFrom(0, 1, 1.5));
const deadline = fc.oneof(
  fc.constant(0), fc.integer({ min: 1_800_000_000_000, max: 2 ** 48 - 2 }),
);
const repeated = fc.integer({ min: 0, max: 700 });

interface Made {
  readonly type: 'list' | 'set' | 'sorted set' | 'hash';
  readonly elements: readonly Buffer[];
  readonly scores: readonly number[];
  readonly deadlines: readonly number[];
  /** So many short elements besides, to make it large. */
  readonly more: number;
  readonly deadlineMs: number;
}

const made: fc.Arbitrary<Made> = fc.record({
  type: fc.constantFrom('list', 'set', 'sorted set', 'hash'),
  elements: fc.oneof(fc.array(element, { minLength: 1, maxLength: 12 }),
    fc.array(integer, { minLength: 1, maxLength: 12 })),
  scores: fc.array(score, { minLength: 1, maxLength: 5 }),
  deadlines: fc.oneof(fc.constant([0]), fc.array(deadline, { minLength: 1, maxLength: 5 })),
  more: fc.oneof({ weight: 3, arbitrary: fc.constant(0) }, { weight: 1, arbitrary: repeated }),
  deadlineMs: deadline,
});

function add(database: Database, collections: Collections, key: Buffer, what: Made): void {
  const extra = Array.from({ length: what.more }, (_, i) => Buffer.from(`more ${i % 650}`));
  const all = [...what.elements, ...extra];
  const old = database.find(key, 0, key.length);
  if (old !== 0) return;
  const list = collections.list();
  const set = collections.set();
  const hash = collections.hash();
  const sortedSet = collections.sortedSet();
  const handle = { list, set, hash, 'sorted set': sortedSet }[what.type].create(database);
  for (const [i, bytes] of all.entries()) {
    if (what.type === 'list') list.push(false, bytes, 0, bytes.length);
    else if (what.type === 'set') set.add(bytes, 0, bytes.length);
    else if (what.type === 'sorted set') {
      sortedSet.find(bytes, 0, bytes.length);
      sortedSet.put(what.scores[i % what.scores.length] as number);
    } else {
      hash.find(bytes, 0, bytes.length);
      const value = all[(i * 7) % all.length] as Buffer;
      hash.put(value, 0, value.length);
      const deadlineMs = what.deadlines[i % what.deadlines.length] as number;
      if (deadlineMs !== 0) hash.setDeadline(deadlineMs);
    }
  }
  if (what.deadlineMs !== 0) database.setDeadline(handle.entry, what.deadlineMs);
}

const shape = fc.record({
  keys: fc.array(made, { maxLength: 8 }),
  compress: fc.boolean(),
  chunkBytes: fc.constantFrom(64, 100, 65536),
  windowBytes: fc.constantFrom(64, 200, 65536),
  stepBytes: fc.constantFrom(1, 1 << 20),
});

test('collections load as they were saved, whatever the buffers and the version are', (t) => {
  const keyspace = newKeyspace();
  const collections = new Collections(keyspace);
  const target = newKeyspace();
  const targetCollections = new Collections(target);
  fc.assert(fc.property(shape, ({ keys, ...options }) => {
    keyspace.flushAll();
    const mortal = keys.some(({ type, deadlines }) =>
      type === 'hash' && deadlines.some((deadlineMs) => deadlineMs !== 0));
    for (const [i, what] of keys.entries()) {
      add(keyspace.databases[i % 3] as Database, collections, Buffer.from(`key ${i}`), what);
    }
    const before = contentsOf(keyspace);
    for (const version of mortal ? [12] as const : [10, 11, 12] as const) {
      target.flushAll();
      const saved = encode(keyspace, { ...options, version });
      const loaded = load(saved, { ...options, keyspace: target, collections: targetCollections });
      t.is(loaded.decoder.keysLoaded, before.size);
      const after = contentsOf(target);
      if (JSON.stringify([...after].sort()) === JSON.stringify([...before].sort())) continue;
      t.deepEqual(after, before);
    }
  }), { numRuns: 60 });
});
