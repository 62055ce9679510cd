// The hot calls leave nothing for the garbage collector, in packs as in trees: V8 counts the bytes
// it allocates.

import { getHeapStatistics } from 'node:v8';
import test from 'ava';
import { World } from './test-support/world.ts';

const count = 10_000;
/** Asking V8 costs up to 200 kB itself: a round is long. */
const cycles = 10;
/** The best of so many rounds counts: until everything is compiled, there is garbage. */
const mostRounds = 12;
/** One boxed number for each operation would be 16. */
const mostBytesEach = 4;
const width = 12;

/** `count` members: letters and digits, and integers in between. */
const members = Buffer.alloc(count * width);
for (let at = 0; at < count; at++) {
  const digits = String(at * 7).padStart(6, '0');
  const text = at % 3 === 0 ? String(10 ** 11 + at * 7_919) : `member${digits}`;
  members.write(text, at * width, 'latin1');
}

type Operation = (world: World, start: number, turn: number) => void;

const operations: Readonly<Record<string, Operation>> = {
  'HSET': (world, start, turn) => {
    const hash = world.hash();
    hash.find(members, start, start + width);
    hash.put(members, 0, 5 + (turn & 7));
  },
  'HGET': (world, start) => {
    world.hash().find(members, start, start + width);
  },
  'HDEL': (world, start) => {
    const hash = world.hash();
    if (hash.find(members, start, start + width)) hash.remove();
  },
  'SADD': (world, start) => {
    world.set().add(members, start, start + width);
  },
  'SPOP': (world, _, turn) => {
    const set = world.set();
    if (set.entry !== 0 && set.seekRank(turn % set.length)) set.removeSeen();
  },
  'ZADD': (world, start, turn) => {
    const set = world.sortedSet();
    set.find(members, start, start + width);
    set.put(turn % 977);
  },
  'ZSCORE': (world, start) => {
    world.sortedSet().find(members, start, start + width);
  },
  'ZRANGE': (world, _, turn) => {
    const set = world.sortedSet();
    for (let more = set.seekRank(turn % set.length), left = 5; more && left > 0; left--) {
      more = set.next();
    }
  },
  'ZPOPMIN': (world) => {
    const set = world.sortedSet();
    if (set.entry !== 0 && set.first()) set.remove();
  },
  'LPUSH': (world, start) => {
    world.list().push(true, members, start, start + width);
  },
  'RPUSH': (world, start) => {
    world.list().push(false, members, start, start + width);
  },
  'LRANGE': (world, _, turn) => {
    const list = world.list();
    for (let more = list.seekRank(turn % list.length), left = 5; more && left > 0; left--) {
      more = list.next();
    }
  },
  'LPOP': (world) => {
    world.list().pop(true);
  },
  'RPOP': (world) => {
    world.list().pop(false);
  },
};

const families = [
  ['HSET', 'HGET', 'HDEL'], ['SADD', 'SPOP'], ['ZADD', 'ZSCORE', 'ZRANGE', 'ZPOPMIN'],
  ['LPUSH', 'RPUSH', 'LRANGE', 'LPOP', 'RPOP'],
];

for (const [form, elements] of [['packs', 50], ['trees', count]] as const) {
  for (const names of families) {
    test(`no garbage for each of ${names.join(', ')} (${form})`, (t) => {
      const world = new World({ capacityBytes: 2 ** 24 }, 4096);
      // Another key: the first one of a database costs its index.
      world.database.find(members, 0, 3);
      world.database.put(members, 0, 3, 0);
      const family = names.map((name) => operations[name] as Operation);
      let best = Infinity;
      for (let round = 0; round < mostRounds && best > mostBytesEach; round++) {
        const before = getHeapStatistics().total_allocated_bytes;
        for (let cycle = 0; cycle < (cycles * count) / elements; cycle++) {
          for (const operation of family) {
            for (let at = 0; at < elements; at++) {
              operation(world, at * width, at + round);
            }
          }
        }
        const bytes = getHeapStatistics().total_allocated_bytes - before;
        best = Math.min(best, bytes / (cycles * count * names.length));
      }
      t.true(best <= mostBytesEach, `${best.toFixed(1)} bytes of garbage`);
    });
  }
}
