// Runs of units: which free run is taken, how runs merge, and what a reset leaves in the table.

import test from 'ava';
import { Runs } from './runs.ts';
import { unitWords } from './unit-table.ts';

const first = 3;
const limit = 5000;

function fresh(): Runs {
  return new Runs(new Int32Array(limit * unitWords), first, limit);
}

test('runs come from the top until something is given back', (t) => {
  const runs = fresh();
  t.deepEqual([runs.take(10), runs.take(1), runs.take(100)], [3, 13, 14]);
  runs.give(13, 1);
  t.is(runs.take(1), 13);
  t.is(runs.take(1), 114);
  t.is(runs.peak, 115);
});

test('a run that fits is preferred to a longer one, a longer one to the top', (t) => {
  const runs = fresh();
  const taken = [30, 1, 20, 1, 300, 1, 200, 1].map((units) => runs.take(units));
  for (const [which, units] of [[0, 30], [2, 20], [4, 300], [6, 200]] as const) {
    runs.give(taken[which] as number, units);
  }
  t.is(runs.take(20), taken[2] as number);
  t.is(runs.take(25), taken[0] as number);
  t.is(runs.take(190), taken[6] as number);
  t.is(runs.take(250), taken[4] as number);
  t.is(runs.freeUnits(), 5 + 10 + 50);
});

test('a run is found behind shorter ones of its list when nothing else is left', (t) => {
  const runs = fresh();
  const lengths = [...Array.from({ length: 12 }, () => 513), 570];
  const taken = [570, ...lengths.slice(0, 7)].map((units) => [runs.take(units), units] as const);
  const fences = taken.map(() => runs.take(1));
  t.true(fences.length === 8);
  runs.take(limit - runs.top);
  for (const [unit, units] of taken.filter((_, which) => which % 2 === 0)) {
    runs.give(unit, units);
  }
  t.is(runs.take(571), 0);
  t.is(runs.take(560), taken[0]?.[0] as number);
});

test('what a reset left in the table does no harm', (t) => {
  const runs = fresh();
  const [a, b, c] = [runs.take(20), runs.take(20), runs.take(20)];
  runs.give(a, 20);
  runs.give(c, 20);
  runs.reset();
  t.is(runs.top, first);
  const whole = runs.take(60);
  const fence = runs.take(5);
  runs.give(whole, 60);
  const front = runs.take(20);
  const rest = runs.take(40);
  t.deepEqual([front, rest], [a, b], 'the front ends where a free run ended before the reset');
  runs.give(rest, 40);
  t.is(runs.freeUnits(), 40);
  t.is(runs.take(41), fence + 5, 'the front is not free');
});

test('more than there is, is not there', (t) => {
  for (const units of [limit - first + 1, 2 ** 31, 2 ** 32 + 1, 2 ** 40, Infinity]) {
    t.is(fresh().take(units), 0);
  }
  t.is(fresh().take(limit - first), first);
});
