// The dict alone, with hashes made by hand: order, growth, splits, merges, crowded hashes, memory.

import test from 'ava';
import { EngineError } from '../errors.ts';
import { Arena } from '../memory/arena.ts';
import { TreeHost } from '../tree/host.ts';
import { Dict } from './dict.ts';
import { Entries } from './entry.ts';
import { hashEnd, KeyHash } from './hash.ts';
import { Segments } from './segments.ts';

interface Fixture {
  readonly arena: Arena;
  readonly segments: Segments;
  readonly dict: Dict;
}

function fixture(slots: number): Fixture {
  const arena = new Arena({ capacityBytes: 2 ** 24 });
  const segments = new Segments(arena, slots);
  const entries = new Entries(arena, new TreeHost(arena));
  const dict = new Dict({ segments, entries, keyHash: new KeyHash(1, 2) });
  return { arena, segments, dict };
}

function insert(dict: Dict, hash: number, entry: number): void {
  dict.makeRoom(hash);
  dict.insert(hash, entry);
}

function walked(dict: Dict, budget: number): number[] {
  const entries: number[] = [];
  for (let position = 0; position < hashEnd;) {
    position = dict.walk(position, budget, (entry) => entries.push(entry));
  }
  return entries;
}

const eighth = 2 ** 28;
const patterns: readonly (readonly [string, number, (at: number) => number])[] = [
  ['spread', 3000, (at) => (Math.imul(at, 0x9e3779b1) >>> 1) % hashEnd],
  ['ascending in an eighth', 3000, (at) => at * Math.floor(eighth / 3001)],
  ['descending from the end', 3000, (at) => hashEnd - at * Math.floor(eighth / 3001)],
  ['two clusters', 3000, (at) => (at % 2) * 5 * eighth + at * Math.floor(eighth / 3001)],
  ['ten of each hash', 600, (at) => Math.floor(at / 10) * 30_000_001],
];

for (const slots of [16, 64, 4096]) {
  for (const [name, count, hashAt] of patterns) {
    if (name === 'ten of each hash' && slots === 16) {
      continue;
    }
    test(`walks in hash order and finds all, ${slots} slots, hashes ${name}`, (t) => {
      const { arena, dict } = fixture(slots);
      const hashes = new Map<number, number>();
      for (let at = 1; at <= count; at++) {
        hashes.set(at, hashAt(at));
        insert(dict, hashAt(at), at);
      }
      t.is(dict.count, count);
      for (const budget of [1, 10, Infinity]) {
        const met = walked(dict, budget);
        t.is(new Set(met).size, count);
        t.is(met.length, count);
        const order = met.map((entry) => hashes.get(entry) as number);
        t.true(order.every((hash, at) => at === 0 || (order[at - 1] as number) <= hash));
      }
      for (const [entry, hash] of hashes) {
        t.true(dict.readdress(hash, entry, entry + 1_000_000));
        t.false(dict.readdress(hash, entry, 5));
      }
      for (const [entry, hash] of hashes) {
        t.false(dict.remove(hash, entry));
        t.true(dict.remove(hash, entry + 1_000_000));
      }
      t.is(dict.count, 0);
      t.is(dict.root, 0);
      t.is(arena.usedBytes, 0, 'an empty dict takes no memory');
    });
  }
}

test('segments merge again when most entries are gone', (t) => {
  const { segments, dict } = fixture(64);
  const hashOf = (at: number): number => Math.imul(at, 0x9e3779b1) >>> 1;
  for (let at = 1; at <= 5000; at++) {
    insert(dict, hashOf(at), at);
  }
  const full = segments.bytes;
  for (let at = 1; at <= 4950; at++) {
    dict.remove(hashOf(at), at);
  }
  t.true(segments.bytes < full / 4, `${segments.bytes} of ${full} bytes remain`);
  t.deepEqual(
    walked(dict, 3).sort((a, b) => a - b),
    Array.from({ length: 50 }, (_, at) => 4951 + at),
  );
});

test('hashes that agree in all bits fill one segment and then are refused, unchanged', (t) => {
  const { segments, dict } = fixture(64);
  let held = 0;
  const error = t.throws(() => {
    for (let at = 1; at <= 100; at++) {
      insert(dict, 12_345, at);
      held = at;
    }
  }, { code: 'ARENA_FULL' });
  t.regex(error?.message ?? '', /keys have nearly the same hash/);
  t.true(held >= 50);
  t.true(segments.bytes < 500_000, 'neither does the directory explode');
  t.is(walked(dict, 5).length, held);
  t.true(dict.remove(12_345, 7));
  t.notThrows(() => insert(dict, 12_345, 7));
});

test('a random entry is any entry, about equally often', (t) => {
  const { dict } = fixture(16);
  let state = 1;
  const random = {
    uint32: () => {
      state = Math.imul(state ^ (state >>> 15), 0x2c1b3c6d) + 0x9e3779b9 | 0;
      return (Math.imul(state ^ (state >>> 13), 0x297a2d39) ^ state) >>> 0;
    },
  };
  t.is(dict.randomEntry(random), 0);
  for (let at = 1; at <= 40; at++) {
    // Uneven on purpose: most of the entries in one eighth of the hashes.
    insert(dict, at <= 30 ? at * 5_000_011 : at * 50_000_017, at);
  }
  const draws = 40_000;
  const times = new Map<number, number>();
  for (let at = 0; at < draws; at++) {
    const entry = dict.randomEntry(random);
    times.set(entry, (times.get(entry) ?? 0) + 1);
  }
  t.is(times.size, 40);
  for (const [entry, n] of times) {
    t.true(n > draws / 40 * 0.8 && n < draws / 40 * 1.2, `entry ${entry} came ${n} times`);
  }
});

test('a random entry is found among very few, too', (t) => {
  const { dict } = fixture(4096);
  for (let at = 1; at <= 3000; at++) {
    insert(dict, at * 700_001, at);
  }
  for (let at = 1; at < 3000; at++) {
    dict.remove(at * 700_001, at);
  }
  for (let draw = 0; draw < 20; draw++) {
    t.is(dict.randomEntry({ uint32: () => draw * 97 + 5 }), 3000);
  }
});

test('walking from any number is possible', (t) => {
  const { dict } = fixture(16);
  t.is(dict.walk(0, 10, () => t.fail()), hashEnd);
  insert(dict, 500, 1);
  insert(dict, hashEnd - 1, 2);
  for (const [position, expected] of [
    [-5, [1, 2]], [0, [1, 2]], [500, [1, 2]], [501, [2]], [hashEnd - 1, [2]], [hashEnd, []],
    [2 ** 31, []], [2 ** 53, []], [Infinity, []],
  ] as const) {
    const met: number[] = [];
    t.is(dict.walk(position, 100, (entry) => met.push(entry)), hashEnd);
    t.deepEqual(met, [...expected]);
  }
});

test('a dict that cannot grow leaves the index as large as it was, wherever it failed', (t) => {
  for (let count = 1; count < 300; count++) {
    for (let nth = 0, done = false; !done; nth++) {
      const { arena, segments, dict } = fixture(16);
      for (let at = 1; at <= count; at++) {
        insert(dict, Math.imul(at, 0x9e3779b1) >>> 1, at);
      }
      const before = segments.bytes;
      const allocate = arena.allocate.bind(arena);
      let left = nth;
      let failed = false;
      arena.allocate = (bytes) => {
        failed ||= left === 0;
        left--;
        if (failed) {
          throw new EngineError('ARENA_FULL', 'injected');
        }
        return allocate(bytes);
      };
      try {
        dict.makeRoom(Math.imul(count + 1, 0x9e3779b1) >>> 1);
      } catch {
        t.true(failed);
      }
      done = !failed;
      if (failed && nth === 0 && segments.bytes !== before) {
        t.fail(`${count} entries: ${segments.bytes} bytes of index and not ${before}`);
      }
      if (segments.bytes !== arena.usedBytes || walked(dict, 9).length !== count) {
        t.fail(`${count} entries, allocation ${nth}: something was lost`);
      }
      dict.clear();
      if (arena.usedBytes !== 0) {
        t.fail(`${count} entries, allocation ${nth}: ${arena.usedBytes} bytes leaked`);
      }
    }
  }
  t.pass();
});

test('a dict that was told how many keys come divides nothing and holds the same', (t) => {
  const count = 3000;
  const hashAt = (at: number): number => (Math.imul(at, 0x9e3779b1) >>> 1) % hashEnd;
  const grown = fixture(64);
  const told = fixture(64);
  told.dict.expect(count);
  const before = told.segments.bytes;
  for (let at = 1; at <= count; at++) {
    insert(grown.dict, hashAt(at), at);
    insert(told.dict, hashAt(at), at);
  }
  t.is(told.dict.count, count);
  t.deepEqual(walked(told.dict, 100), walked(grown.dict, 100));
  t.true(told.segments.bytes <= before * 1.1, `${before} to ${told.segments.bytes} bytes`);
  t.true(told.segments.bytes <= grown.segments.bytes * 2);
  for (let at = 1; at <= count; at++) t.true(told.dict.remove(hashAt(at), at));
  t.is(told.segments.bytes, 0);
});

test('a dict that expects more than there is room for takes none of it', (t) => {
  const { arena, dict, segments } = fixture(4096);
  const before = arena.usedBytes;
  dict.expect(1e9);
  t.is(arena.usedBytes, before);
  t.is(segments.bytes, 0);
  insert(dict, 5, 1);
  dict.expect(100_000);
  t.is(dict.count, 1);
  t.deepEqual(walked(dict, 10), [1]);
});
