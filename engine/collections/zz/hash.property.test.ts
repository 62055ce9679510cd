// Hashes against a Map: packs of pairs and of triples, and trees, in full arenas too.

import test from 'ava';
import * as fc from 'fast-check';
import {
  argument, everything, fillArena, freeze, holds, meetsFullArena, seen, seenValue, texts, World,
} from '../test-support/world.ts';

interface Held {
  readonly value: string;
  readonly deadlineMs: number;
}

type Step = {
  op: 'put' | 'keep' | 'remove' | 'removeAt' | 'deadline' | 'due' | 'find';
  at: number; field: string; value: string; deadlineMs: number;
};

const steps = (withDeadlines: boolean): fc.Arbitrary<Step> => fc.record({
  op: withDeadlines
    ? fc.constantFrom(
      'put', 'put', 'put', 'put', 'keep', 'remove', 'removeAt', 'deadline', 'deadline', 'deadline',
      'due', 'find',
    )
    : fc.constantFrom('put', 'put', 'put', 'put', 'keep', 'remove', 'removeAt', 'find'),
  at: fc.nat(40), field: texts, value: texts,
  deadlineMs: fc.oneof(fc.constantFrom(0, 1, 2 ** 45 + 3), fc.integer({ min: 1, max: 9 })),
});

function expectSame(what: string, got: unknown, expected: unknown): void {
  if (got !== expected) throw new Error(`${what}: ${String(got)}, not ${String(expected)}`);
}

function apply(world: World, model: Map<string, Held>, step: Step): void {
  const hash = world.hash();
  const held = model.get(step.field);
  const found = hash.find(...argument(step.field));
  expectSame(`find ${step.field}`, found, held !== undefined);
  if (held !== undefined) {
    expectSame(`value of ${step.field}`, seenValue(hash), held.value);
    expectSame(`deadline of ${step.field}`, hash.deadlineMs, held.deadlineMs);
  }
  switch (step.op) {
    case 'put':
      expectSame('put', hash.put(...argument(step.value)), held === undefined);
      model.set(step.field, { value: step.value, deadlineMs: 0 });
      return;
    case 'keep':
      expectSame('keep', hash.putKeepingDeadline(...argument(step.value)), held === undefined);
      model.set(step.field, { value: step.value, deadlineMs: held?.deadlineMs ?? 0 });
      return;
    case 'remove':
      if (found) hash.remove();
      model.delete(step.field);
      return;
    case 'deadline':
      if (held === undefined) return;
      hash.setDeadline(step.deadlineMs);
      model.set(step.field, { value: held.value, deadlineMs: step.deadlineMs });
      return;
    case 'due':
      while (hash.seekDue(step.deadlineMs)) {
        const field = seen(hash);
        expectSame('due', (model.get(field)?.deadlineMs ?? 0) <= step.deadlineMs, true);
        hash.remove();
        model.delete(field);
      }
      for (const [field, { deadlineMs }] of model) {
        if (deadlineMs !== 0 && deadlineMs <= step.deadlineMs) throw new Error(`${field} is due`);
      }
      return;
    case 'removeAt':
      removeAt(world, model, step.at);
      return;
    case 'find':
  }
}

function removeAt(world: World, model: Map<string, Held>, at: number): void {
  const hash = world.hash();
  const rank = model.size === 0 ? 0 : at % model.size;
  expectSame('seekRank', hash.seekRank(rank), model.size > 0);
  if (model.size === 0) return;
  const following = hash.next() ? seen(hash) : null;
  hash.seekRank(rank);
  const field = seen(hash);
  hash.remove();
  expectSame('known', model.delete(field), true);
  expectSame('following', hash.entry !== 0 && hash.next() ? seen(hash) : null, following);
}

function compare(world: World, model: ReadonlyMap<string, Held>): void {
  const hash = world.hash();
  const show = (): [string, string, number] => [seen(hash), seenValue(hash), hash.deadlineMs];
  const byField = (left: [string, ...unknown[]], right: [string, ...unknown[]]): number =>
    left[0] < right[0] ? -1 : 1;
  const held = everything(hash, show).toSorted(byField);
  const expected = [...model].map(([field, { value, deadlineMs }]) =>
    [field, value, deadlineMs] as [string, string, number]).toSorted(byField);
  if (JSON.stringify(held) !== JSON.stringify(expected)) {
    throw new Error(`holds ${JSON.stringify(held)}, not ${JSON.stringify(expected)}`);
  }
  expectSame('key', world.entry === 0, model.size === 0);
  const deadlines = [...model.values()].map(({ deadlineMs }) => deadlineMs).filter((ms) => ms > 0);
  if (world.entry !== 0) {
    expectSame('length', hash.length, model.size);
    expectSame('with deadlines', hash.fieldsWithDeadline, deadlines.length);
    const earliest = deadlines.length === 0 ? 0 : Math.min(...deadlines);
    expectSame('earliest', hash.earliestDeadlineMs, earliest);
    expectSame('triples', hash.packHasDeadlines, hash.isPack && deadlines.length > 0);
  }
  expectSame('noted', world.database.fieldDeadlineCount, deadlines.length > 0 ? 1 : 0);
}

for (const tiny of [true, false]) {
  for (const withDeadlines of [true, false]) {
    const limits = `${tiny ? 'tiny' : 'default'} limits`;
    test(`a hash ${withDeadlines ? 'with' : 'without'} deadlines holds (${limits})`, (t) => {
      holds(
        fc.property(fc.array(steps(withDeadlines), { maxLength: 100, size: 'max' }), (all) => {
          const world = new World();
          if (tiny) world.tiny();
          const model = new Map<string, Held>();
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
  const title = 'a hash in a full arena refuses changes and holds what it held';
  test(`${title}${frozen ? ' (snapshot)' : ''}`, (t) => {
    let refusals = 0;
    holds(
      fc.property(
        fc.array(steps(true), { minLength: 60, maxLength: 120, size: 'max' }), fc.nat(30),
        (all, full) => {
          const world = new World({ capacityBytes: 2 ** 20 }).tiny();
          const model = new Map<string, Held>();
          for (const [at, step] of all.entries()) {
            if (at === full && frozen) freeze(world);
            if (at === full) fillArena(world.keyspace.arena);
            refusals += meetsFullArena(() => apply(world, model, step)) ? 1 : 0;
            compare(world, model);
          }
        },
      ),
      2000,
    );
    t.true(refusals > 100, `only ${refusals} refusals`);
  });
}
