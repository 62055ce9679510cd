// Which trials may run beside each other, and that no more do than may.

import test from 'ava';
import os from 'node:os';
import { defineScenario } from '../plan/define-scenario.ts';
import { planRun } from '../plan/plan.ts';
import type { Plan } from '../plan/plan.ts';
import { groupsOf, inLanes } from './side-by-side.ts';
import type { PlacedTrial } from './side-by-side.ts';

function planOf(change: object, load: object = {}): Plan {
  const scenario = defineScenario({
    name: 'some', question: 'How many at a time?', measures: ['loss'], crash: ['process'],
    settings: ['aof/always'], trials: 5, ...change,
    load: { durationMs: 300, warmupMs: 0, mix: 'chaos', ...load },
  });
  return planRun({ scenarios: [{ scenario, source: 'some' }], seed: 3 });
}

const sizes = (plan: Plan, isAlone = false): number[] => (
  groupsOf(plan.trials, isAlone).map(({ length }) => length));

test('repetitions of kills that are asked for their loss alone run together', (t) => {
  t.deepEqual(sizes(planOf({})), [5]);
  t.deepEqual(sizes(planOf({}), true), [1, 1, 1, 1, 1], 'not where arms are compared');
  t.deepEqual(sizes(planOf({ measures: ['loss', 'recovery'] })), [1, 1, 1, 1, 1]);
  t.deepEqual(sizes(planOf({ crash: ['power'] })), [1, 1, 1, 1, 1]);
  t.deepEqual(sizes(planOf({ faults: ['disk-slow'] })), [1, 1, 1, 1, 1]);
  t.deepEqual(sizes(planOf({}, { ratePerSecond: 100 })), [1, 1, 1, 1, 1]);
  const two = sizes(planOf({ settings: ['aof/always', 'aof/no'] }));
  t.is(two.reduce((sum, size) => sum + size), 10, 'cells in turn, each trial once');
  t.deepEqual(groupsOf(planOf({}).trials, false).flat().map(({ position }) => position),
    [0, 1, 2, 3, 4]);
});

const placed = groupsOf(planOf({}).trials, false).flat();

test('as many at a time as there are cores, each once', async (t) => {
  let [running, most] = [0, 0];
  const seen: number[] = [];
  await inLanes(placed, async ({ position }) => {
    most = Math.max(most, ++running);
    await new Promise((soon) => setImmediate(soon));
    seen.push(position);
    running--;
  });
  t.deepEqual(seen.toSorted(), [0, 1, 2, 3, 4]);
  t.is(most, Math.min(5, os.availableParallelism()));
});

test('an error ends it when what was begun has ended', async (t) => {
  const ended: number[] = [];
  const work = async ({ position }: PlacedTrial): Promise<void> => {
    await new Promise((soon) => setImmediate(soon));
    ended.push(position);
    if (position === 0) throw new Error('no disk');
  };
  await t.throwsAsync(inLanes(placed, work), { message: 'no disk' });
  t.is(ended.length, Math.min(5, os.availableParallelism()));
});
