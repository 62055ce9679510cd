// Lists against an array: packs and trees, in full arenas too.

import test from 'ava';
import * as fc from 'fast-check';
import {
  argument, everything, fillArena, freeze, holds, meetsFullArena, seen, texts, World,
} from './test-support/world.ts';

type Step = {
  op: 'push' | 'pop' | 'replace' | 'insert' | 'removeRange' | 'removeValue' | 'at';
  atHead: boolean; at: number; count: number; text: string;
};

const steps: fc.Arbitrary<Step> = fc.record({
  op: fc.constantFrom(
    'push', 'push', 'push', 'push', 'pop', 'replace', 'insert', 'insert', 'removeRange',
    'removeValue', 'at',
  ),
  atHead: fc.boolean(), at: fc.nat(40), count: fc.nat(5), text: texts,
});

/** Does the step to both; the model only when `take` has gone through. */
function apply(world: World, model: string[], step: Step): void {
  const list = world.list();
  const bytes = argument(step.text);
  const at = model.length === 0 ? 0 : step.at % model.length;
  switch (step.op) {
    case 'push':
      list.push(step.atHead, ...bytes);
      model[step.atHead ? 'unshift' : 'push'](step.text);
      return;
    case 'pop': {
      const popped = list.pop(step.atHead) ? seen(list) : undefined;
      const expected = step.atHead ? model.shift() : model.pop();
      if (popped !== expected) throw new Error(`popped ${popped}, not ${expected}`);
      return;
    }
    case 'replace':
      if (list.replace(step.atHead ? at : at - model.length, ...bytes)) model[at] = step.text;
      return;
    case 'insert':
      list.insert(at, ...bytes);
      model.splice(at, 0, step.text);
      return;
    case 'removeRange':
      list.removeRange(at, step.count);
      model.splice(at, step.count);
      return;
    case 'removeValue':
      for (let more = list.entry !== 0 && list.first(); more; more = list.next()) {
        if (!list.seenEquals(...bytes)) continue;
        list.removeSeen(); // one by one: a full arena may end it in the middle
        model.splice(model.indexOf(step.text), 1);
        if (list.entry === 0) break;
      }
      return;
    case 'at':
      if (list.at(at) !== model.length > 0) throw new Error(`at ${at} of ${model.length}`);
      if (model.length > 0 && seen(list) !== model[at]) throw new Error(`at ${at}: ${seen(list)}`);
  }
}

function compare(world: World, model: readonly string[]): void {
  const list = world.list();
  const held = everything(list, seen);
  if (JSON.stringify(held) !== JSON.stringify(model) || list.length !== model.length ||
    (world.entry === 0) !== (model.length === 0)) {
    throw new Error(`holds ${JSON.stringify(held)} (${list.length}), not ${JSON.stringify(model)}`);
  }
}

for (const tiny of [true, false]) {
  test(`a list holds what an array holds (${tiny ? 'tiny' : 'default'} limits)`, (t) => {
    holds(
      fc.property(fc.array(steps, { maxLength: 120, size: 'max' }), (list) => {
        const world = new World();
        if (tiny) world.tiny();
        const model: string[] = [];
        for (const step of list) {
          apply(world, model, step);
          compare(world, model);
        }
      }),
      60,
    );
    t.pass();
  });
}

for (const pageBytes of [256, 1024, 4096]) {
  test(`a long list of groups holds what an array holds (pages of ${pageBytes})`, (t) => {
    holds(
      fc.property(
        fc.array(steps, { minLength: 40, maxLength: 120, size: 'max' }), fc.nat(1000), fc.boolean(),
        (list, before, frozen) => {
          const world = new World({ capacityBytes: 2 ** 22 }, pageBytes).tiny();
          const model: string[] = [];
          for (let at = 0; at < before; at++) {
            const text = at % 7 === 0 ? String(at * 1000) : `${at}${'y'.repeat(at % 40)}`;
            apply(world, model, { op: 'push', atHead: at % 3 === 0, at: 0, count: 0, text });
          }
          if (frozen) freeze(world);
          for (const [at, step] of list.entries()) {
            const far = { ...step, at: step.at * 29, count: step.count * (at % 20) };
            apply(world, model, far);
            if (at % 8 === 0 || at === list.length - 1) compare(world, model);
          }
        },
      ),
      25,
    );
    t.pass();
  });
}

for (const frozen of [false, true]) {
  const title = 'a list in a full arena refuses changes and holds what it held';
  test(`${title}${frozen ? ' (snapshot)' : ''}`, (t) => {
    let refusals = 0;
    holds(
      fc.property(fc.array(steps, { minLength: 60, maxLength: 120, size: 'max' }), (list) => {
        const world = new World({ capacityBytes: 2 ** 20 }).tiny();
        const model: string[] = [];
        for (const [at, step] of list.entries()) {
          if (at === 20 && frozen) freeze(world);
          if (at === 20) fillArena(world.keyspace.arena);
          refusals += meetsFullArena(() => apply(world, model, step)) ? 1 : 0;
          compare(world, model);
        }
      }),
      30,
    );
    t.true(refusals > 100, `only ${refusals} refusals`);
  });
}

test('what is taken from the tails of two lists is what was there, whatever changes', (t) => {
  const moves = fc.array(fc.record({
    which: fc.nat(1), taken: fc.nat(6), step: steps, frozen: fc.nat(9),
  }), { minLength: 30, maxLength: 60, size: 'max' });
  holds(
    fc.property(moves, (list) => {
      const world = new World({ capacityBytes: 2 ** 21 }, 256).tiny();
      const models: string[][] = [[], []];
      const turnTo = (which: number): string[] => {
        world.key = Buffer.from(`list ${which}`);
        return models[which] as string[];
      };
      for (let at = 0; at < 200; at++) {
        const step = { op: 'push', atHead: false, at: 0, count: 0, text: `${at % 50}` } as const;
        apply(world, turnTo(at & 1), step);
      }
      let isFrozen = false;
      for (const { which, taken, step, frozen } of list) {
        if (frozen === 0 && !isFrozen) {
          freeze(world);
          isFrozen = true;
        }
        apply(world, turnTo(1 - which), { ...step, at: step.at * 5 });
        const model = turnTo(which);
        for (let left = Math.min(taken, model.length); left > 0; left--) {
          apply(world, model, { ...step, op: 'pop', atHead: false });
        }
      }
      for (const which of [0, 1]) compare(world, turnTo(which));
    }),
    30,
  );
  t.pass();
});
