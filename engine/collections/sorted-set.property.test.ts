// Sorted sets against a Map that is sorted for each question: packs and trees.

import test from 'ava';
import * as fc from 'fast-check';
import {
  argument, byBytes, everything, fillArena, freeze, holds, meetsFullArena, seen, texts, World,
} from './test-support/world.ts';

type Step = {
  op: 'put' | 'remove' | 'removeAt' | 'removeRange' | 'rank' | 'seek' | 'find';
  at: number; count: number; member: string; score: number; exclusive: boolean; fromEnd: boolean;
};
type Pair = [member: string, score: number];

const scores = fc.oneof(
  { weight: 6, arbitrary: fc.integer({ min: -3, max: 6 }) },
  {
    weight: 3,
    arbitrary: fc.constantFrom(
      0.5, 0.1, -0, Infinity, -Infinity, 1e300, 5e-324, 0.1 + 0.2, 2 ** 53, -(2 ** 31), 1e21,
    ),
  },
  { weight: 2, arbitrary: fc.double({ noNaN: true }) },
);
const members = fc.oneof(
  { weight: 8, arbitrary: texts },
  { weight: 1, arbitrary: fc.nat(3).map((at) => `${'long'.repeat(20)}${at}`) },
  { weight: 1, arbitrary: fc.constantFrom(62, 63, 64, 65).map((length) => 'z'.repeat(length)) },
);
const steps: fc.Arbitrary<Step> = fc.record({
  op: fc.constantFrom(
    'put', 'put', 'put', 'put', 'put', 'remove', 'removeAt', 'removeRange', 'rank', 'seek', 'seek',
    'find',
  ),
  at: fc.nat(40), count: fc.nat(4), member: members, score: scores, exclusive: fc.boolean(),
  fromEnd: fc.boolean(),
});

function expectSame(what: string, got: unknown, expected: unknown): void {
  if (!Object.is(got, expected)) {
    throw new Error(`${what}: ${String(got)}, not ${String(expected)}`);
  }
}

function sorted(model: ReadonlyMap<string, number>): Pair[] {
  return [...model].toSorted(([a, x], [b, y]) => (x === y ? byBytes(a, b) : x < y ? -1 : 1));
}

function apply(world: World, model: Map<string, number>, step: Step): void {
  const set = world.sortedSet();
  const { member } = step;
  const score = step.score === 0 ? 0 : step.score;
  const found = set.find(...argument(member));
  expectSame(`find ${member}`, found, model.has(member));
  if (found) expectSame(`score of ${member}`, set.score, model.get(member));
  switch (step.op) {
    case 'put':
      set.put(step.score);
      model.set(member, score);
      return;
    case 'remove':
      if (found) set.remove();
      if (found) expectSame('removed', seen(set), member);
      model.delete(member);
      return;
    case 'rank':
      if (found) expectSame('rank', set.rank(), sorted(model).findIndex(([m]) => m === member));
      return;
    case 'removeRange': {
      const from = model.size === 0 ? 0 : step.at % model.size;
      set.removeRange(from, step.count);
      for (const [gone] of sorted(model).slice(from, from + step.count)) model.delete(gone);
      return;
    }
    case 'removeAt':
      removeAt(world, model, step.at);
      return;
    case 'seek':
      seek(world, model, { ...step, score });
      return;
    case 'find':
  }
}

function removeAt(world: World, model: Map<string, number>, at: number): void {
  const set = world.sortedSet();
  const all = sorted(model);
  const rank = all.length === 0 ? 0 : at % all.length;
  const pair = all[rank];
  expectSame('seekRank', set.seekRank(rank), pair !== undefined);
  if (pair === undefined) return;
  expectSame('rank of seen', set.rank(), rank);
  set.remove();
  expectSame('removed', seen(set), pair[0]);
  expectSame('its score', set.score, pair[1]);
  model.delete(pair[0]);
  const following = set.entry !== 0 && set.next() ? seen(set) : undefined;
  expectSame('following', following, all[rank + 1]?.[0]);
  if (all.length > 1 && rank + 1 < all.length) {
    expectSame('before', set.previous() ? seen(set) : undefined, all[rank - 1]?.[0]);
  }
}

function seek(world: World, model: ReadonlyMap<string, number>, step: Step): void {
  const set = world.sortedSet();
  const { score, exclusive, fromEnd } = step;
  const all = sorted(model);
  const inside = ([, other]: Pair): boolean => {
    const order = other - score;
    if (other === score) return !exclusive;
    return fromEnd ? !(order > 0 || other > score) : other > score;
  };
  const expected = fromEnd ? all.findLast(inside) : all.find(inside);
  const reached = set.seekScore(score, exclusive, fromEnd);
  expectSame('seekScore', reached ? seen(set) : undefined, expected?.[0]);
  if (expected !== undefined) {
    const at = all.indexOf(expected);
    expectSame('next', set.next() ? seen(set) : undefined, all[at + 1]?.[0]);
    set.seekScore(score, exclusive, fromEnd);
    expectSame('previous', set.previous() ? seen(set) : undefined, all[at - 1]?.[0]);
  }
  const below = all.filter(([, other]) => other < score || (exclusive && other === score)).length;
  expectSame('rankOfScore', set.rankOfScore(score, exclusive), below);
}

function compare(world: World, model: ReadonlyMap<string, number>): void {
  const set = world.sortedSet();
  const held = everything(set, (): Pair => [seen(set), set.score]);
  const show = (pairs: readonly Pair[]): string =>
    pairs.map(([member, score]) => `${JSON.stringify(member)} ${score}`).join(' · ');
  expectSame('holds', show(held), show(sorted(model)));
  expectSame('length', set.length, model.size);
  expectSame('key', world.entry === 0, model.size === 0);
}

for (const tiny of [true, false]) {
  test(`a sorted set holds what a map holds (${tiny ? 'tiny' : 'default'} limits)`, (t) => {
    holds(
      fc.property(fc.array(steps, { maxLength: 120, size: 'max' }), (all) => {
        const world = new World();
        if (tiny) world.tiny();
        const model = new Map<string, number>();
        for (const step of all) {
          apply(world, model, step);
          compare(world, model);
        }
      }),
      60,
    );
    t.pass();
  });
}

for (const tiny of [true, false]) {
  test(`members of one score are sought by their bytes (${tiny ? 'tree' : 'pack'})`, (t) => {
    holds(
      fc.property(
        fc.uniqueArray(members, { maxLength: 40 }), fc.array(members, { maxLength: 20 }),
        (all, others) => {
          const world = new World();
          if (tiny) world.tiny();
          for (const member of all) {
            const set = world.sortedSet();
            set.find(...argument(member));
            set.put(7);
          }
          for (const member of [...all, ...others]) {
            seekLexEveryWay(world, all.toSorted(byBytes), member);
          }
        },
      ),
      40,
    );
    t.pass();
  });
}

function seekLexEveryWay(world: World, all: readonly string[], member: string): void {
  const set = world.sortedSet();
  for (const exclusive of [true, false]) {
    const after = (other: string): boolean =>
      byBytes(other, member) > 0 || (!exclusive && other === member);
    const before = (other: string): boolean =>
      byBytes(other, member) < 0 || (!exclusive && other === member);
    const first = set.seekLex(...argument(member), exclusive, false) ? seen(set) : undefined;
    expectSame('first', first, all.find(after));
    const last = set.seekLex(...argument(member), exclusive, true) ? seen(set) : undefined;
    expectSame('last', last, all.findLast(before));
    const below = all.filter((other) =>
      byBytes(other, member) < 0 || (exclusive && other === member)).length;
    expectSame('rankOfLex', set.rankOfLex(...argument(member), exclusive), below);
  }
}

for (const frozen of [false, true]) {
  const title = 'a sorted set in a full arena refuses changes and holds what it held';
  test(`${title}${frozen ? ' (snapshot)' : ''}`, (t) => {
    let refusals = 0;
    holds(
      fc.property(
        fc.array(steps, { minLength: 60, maxLength: 120, size: 'max' }), fc.nat(30),
        (all, full) => {
          const world = new World({ capacityBytes: 2 ** 20 }).tiny();
          const model = new Map<string, number>();
          for (const [at, step] of all.entries()) {
            if (at === full && frozen) freeze(world);
            if (at === full) fillArena(world.keyspace.arena);
            refusals += meetsFullArena(() => apply(world, model, step)) ? 1 : 0;
            compare(world, model);
          }
        },
      ),
      40,
    );
    t.true(refusals > 100, `only ${refusals} refusals`);
  });
}

test('a scan sees what stays throughout, long members with one score too', (t) => {
  holds(
    fc.property(fc.array(steps, { maxLength: 100, size: 'max' }), fc.nat(9), (all, count) => {
      const world = new World().tiny();
      const model = new Map<string, number>();
      const names = Array.from({ length: 40 }, (_, at) => `${'stays'.repeat(at % 2 * 14)}!${at}`);
      for (const name of names) {
        const set = world.sortedSet();
        set.find(...argument(name));
        set.put(3);
        model.set(name, 3);
      }
      const found = new Set<string>();
      const changes = all.filter(({ op }) => op === 'put' || op === 'remove').values();
      let cursor = 0;
      do {
        const set = world.sortedSet();
        cursor = set.scan(cursor, count + 1, () => {
          if (names.includes(seen(set))) expectSame(seen(set), set.score, 3);
          found.add(seen(set));
        });
        for (const step of [changes.next(), changes.next()]) {
          if (!step.done) apply(world, model, step.value);
        }
      } while (cursor !== 0);
      for (const name of names) {
        if (!found.has(name)) throw new Error(`${name} was not seen`);
      }
    }),
    30,
  );
  t.pass();
});
