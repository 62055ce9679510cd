// Planning: sizes by the noncentral t, the smallest p by counting, and the power by simulation.

import test from 'ava';
import { normalQuantile } from './distributions.ts';
import { trialsForDifference, trialsForLevel, tTestTrials } from './power.ts';
import type { Planned } from './power.ts';
import { mannWhitney, signedRank } from './rank-tests.ts';
import { uniformFloat64 } from 'pure-rand/distribution/uniformFloat64';
import { xoroshiro128plus } from 'pure-rand/generator/xoroshiro128plus';

test('trials of a t-test are those of the noncentral t, half a trial off at worst', (t) => {
  // What power.t.test solves, the noncentral t distribution for n, done with SciPy 1.17.1.
  for (const [effect, level, power, two, pairs] of [
    [0.5, 0.05, 0.8, 63.77, 33.37], [1, 0.05, 0.9, 22.02, 12.59], [1, 0.01, 0.8, 25.07, 15.08],
  ] as const) {
    const planned = { effect, level, power };
    t.true(Math.abs(tTestTrials({ ...planned, paired: false }) - two) < 0.5);
    t.true(Math.abs(tTestTrials({ ...planned, paired: true }) - pairs) < 0.5);
  }
});

test('a rank test needs π/3 as many: 67 a side for half a standard deviation', (t) => {
  // 2 · (1.96 + 0.84)² / 0.5² + 1.96² / 4 = 63.75; × π/3 = 66.8.
  const planned = { difference: Math.expm1(0.05), sdLog: 0.1, level: 0.05, power: 0.8 };
  t.is(trialsForDifference({ ...planned, paired: false }), 67);
  t.is(trialsForDifference({ ...planned, paired: true }), 35); // 33.3 × π/3 = 34.9
});

test('trials enough for a level are as many as its clearest example needs', (t) => {
  for (const level of [0.05, 0.01, 0.001, 0.0001]) {
    const low = (count: number): number[] => Array.from({ length: count }, (_, index) => index + 1);
    const high = (count: number): number[] => low(count).map((value) => value + 1000);
    const two = trialsForLevel(level, false);
    t.true(mannWhitney(low(two), high(two)).pValue <= level);
    t.true(mannWhitney(low(two - 1), high(two - 1)).pValue > level);
    const pairs = trialsForLevel(level, true);
    t.true(signedRank(low(pairs)).pValue <= level);
    t.true(signedRank(low(pairs - 1)).pValue > level);
  }
  t.deepEqual([trialsForLevel(0.05, false), trialsForLevel(0.05, true)], [4, 6]); // 2/70, 2/64
});

test('small differences need many trials, none infinitely many, a clear one the fewest', (t) => {
  const planned = { sdLog: 0.05, level: 0.01, power: 0.8, paired: false };
  const needed = [0.2, 0.1, 0.05, 0.02].map((difference) =>
    trialsForDifference({ ...planned, difference }));
  t.deepEqual(needed, needed.toSorted((one, other) => one - other));
  t.is(trialsForDifference({ ...planned, difference: 0 }), Infinity);
  const clear = trialsForDifference({ ...planned, difference: 9, sdLog: 0 });
  t.true(clear >= trialsForLevel(0.01, false) && clear < 10, `${clear}`);
});

test('with that many trials the power is about what was asked for', (t) => {
  const random = xoroshiro128plus(20_260_101);
  const normal = (): number => normalQuantile(uniformFloat64(random) * (1 - 2e-12) + 1e-12);
  const plans: Planned[] = [false, true].flatMap((paired) => [
    { difference: 0.05, sdLog: 0.05, level: 0.05, power: 0.8, paired },
    { difference: 0.05, sdLog: 0.06, level: 0.01, power: 0.9, paired },
    { difference: 0.05, sdLog: 0.12, level: 0.05, power: 0.8, paired },
  ]);
  for (const planned of plans) {
    const trials = trialsForDifference(planned);
    const sample = (shift: number): number[] =>
      Array.from({ length: trials }, () => shift + planned.sdLog * normal());
    const shift = Math.log1p(planned.difference);
    let found = 0;
    for (let round = 0; round < 200; round++) {
      const after = sample(shift);
      const { pValue } = planned.paired ? signedRank(after) : mannWhitney(sample(0), after);
      if (pValue <= planned.level) found++;
    }
    const share = found / 200;
    t.true(share > planned.power - 0.12 && share < planned.power + 0.12, `${trials}: ${share}`);
  }
});
