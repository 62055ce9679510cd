// Sets against a Set: intsets, packs and trees, in full arenas too.

import test from 'ava';
import * as fc from 'fast-check';
import {
  argument, everything, fillArena, freeze, holds, meetsFullArena, seen, texts, World,
} from './test-support/world.ts';

type Step = { op: 'add' | 'remove' | 'removeSeen' | 'has' | 'adopt'; at: number; text: string };

const steps: fc.Arbitrary<Step> = fc.record({
  op: fc.constantFrom('add', 'add', 'add', 'add', 'remove', 'removeSeen', 'has'),
  at: fc.nat(40), text: texts,
});
const integers: fc.Arbitrary<Step> = fc.record({
  op: fc.constantFrom('add', 'add', 'add', 'remove', 'removeSeen', 'has'),
  at: fc.nat(40),
  text: fc.oneof(
    fc.integer({ min: -40, max: 40 }), fc.integer({ min: -70_000, max: 70_000 }),
    fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }),
  ).map(String),
});

function expectSame(what: string, got: unknown, expected: unknown): void {
  if (got !== expected) throw new Error(`${what}: ${String(got)}, not ${String(expected)}`);
}

function apply(world: World, model: Set<string>, step: Step): void {
  const set = world.set();
  const bytes = argument(step.text);
  switch (step.op) {
    case 'add':
      expectSame(`add ${step.text}`, set.add(...bytes), !model.has(step.text));
      model.add(step.text);
      return;
    case 'remove':
      expectSame(`remove ${step.text}`, set.remove(...bytes), model.has(step.text));
      model.delete(step.text);
      return;
    case 'has':
      expectSame(`has ${step.text}`, set.has(...bytes), model.has(step.text));
      return;
    default: {
      const rank = model.size === 0 ? 0 : step.at % model.size;
      expectSame('seekRank', set.seekRank(rank), model.size > 0);
      if (model.size === 0) return;
      const member = seen(set);
      const following = set.next() ? seen(set) : null;
      set.seekRank(rank);
      set.removeSeen();
      expectSame('removed', seen(set), member);
      expectSame('known', model.delete(member), true);
      expectSame('following', set.entry !== 0 && set.next() ? seen(set) : null, following);
    }
  }
}

function compare(world: World, model: ReadonlySet<string>): void {
  const set = world.set();
  const held = everything(set, seen).toSorted();
  const expected = [...model].toSorted();
  if (JSON.stringify(held) !== JSON.stringify(expected) || set.length !== model.size ||
    (world.entry === 0) !== (model.size === 0)) {
    throw new Error(`holds ${JSON.stringify(held)}, not ${JSON.stringify(expected)}`);
  }
}

for (const [name, list] of [['any', steps], ['integer', integers]] as const) {
  for (const tiny of [true, false]) {
    test(`a set of ${name} members (${tiny ? 'tiny' : 'default'} limits)`, (t) => {
      holds(
        fc.property(fc.array(list, { maxLength: 120, size: 'max' }), (all) => {
          const world = new World();
          if (tiny) world.tiny();
          const model = new Set<string>();
          for (const step of all) {
            apply(world, model, step);
            compare(world, model);
          }
        }),
        50,
      );
      t.pass();
    });
  }
}

for (const frozen of [false, true]) {
  const title = 'a set in a full arena refuses changes and holds what it held';
  test(`${title}${frozen ? ' (snapshot)' : ''}`, (t) => {
    let refusals = 0;
    holds(
      fc.property(
        fc.array(fc.oneof(steps, integers), { minLength: 60, maxLength: 120, size: 'max' }),
        fc.nat(20),
        (all, full) => {
          const world = new World({ capacityBytes: 2 ** 20 }).tiny();
          const model = new Set<string>();
          for (const [at, step] of all.entries()) {
            if (at === full && frozen) freeze(world);
            if (at === full) fillArena(world.keyspace.arena);
            refusals += meetsFullArena(() => apply(world, model, step)) ? 1 : 0;
            compare(world, model);
          }
        },
      ),
      30,
    );
    t.true(refusals > 100, `only ${refusals} refusals`);
  });
}

test('what stays in a set throughout a scan is seen, whatever comes and goes', (t) => {
  holds(
    fc.property(fc.array(integers, { maxLength: 200, size: 'max' }), fc.nat(9), (all, count) => {
      const world = new World().tiny();
      const model = new Set<string>();
      for (let at = 0; at < 60; at++) {
        world.set().add(...argument(`stays${at}`));
        model.add(`stays${at}`);
      }
      const found = new Set<string>();
      let cursor = 0;
      const changes = all[Symbol.iterator]();
      do {
        const set = world.set();
        cursor = set.scan(cursor, count + 1, () => {
          found.add(seen(set));
        });
        for (let left = 3; left > 0; left--) {
          const step = changes.next();
          if (!step.done && step.value.op !== 'removeSeen') apply(world, model, step.value);
        }
      } while (cursor !== 0);
      for (let at = 0; at < 60; at++) {
        if (!found.has(`stays${at}`)) throw new Error(`stays${at} was not seen`);
      }
    }),
    30,
  );
  t.pass();
});
