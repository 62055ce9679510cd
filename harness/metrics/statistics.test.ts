// Statistics against published and hand-computed values.

import test from 'ava';
import {
  bootstrapCi95, estimateMedian, median, quantile, ruleOfThreeUpperBound,
} from './statistics.ts';

// Efron and Tibshirani, An Introduction to the Bootstrap (1993), table 2.1: survival of mice, days.
const treatedMice = [94, 197, 16, 38, 99, 141, 23];
const controlMice = [52, 104, 146, 10, 51, 30, 40, 27, 46];

test('medians of the mouse data are the published ones', (t) => {
  t.is(median(treatedMice), 94);
  t.is(median(controlMice), 46);
});

test('quantiles are those of R and NumPy (type 7)', (t) => {
  t.is(quantile([1, 2, 3, 4], 0.25), 1.75);
  t.is(quantile([4, 1, 3, 2], 0.5), 2.5);
  t.is(quantile([15, 20, 35, 40, 50], 0.4), 29);
  t.is(quantile([7], 0.99), 7);
  t.is(quantile([1, 2], 0), 1);
  t.is(quantile([1, 2], 1), 2);
  t.is(quantile([10, 9, 100], 1), 100, 'sorted as numbers');
  t.true(Number.isNaN(quantile([], 0.5)));
  t.true(Number.isNaN(median([])));
});

test('the bootstrap interval of the mouse data is the exact one, whatever the seed', (t) => {
  // P(median* <= k-th of n) = P(Binomial(n, k/n) >= (n + 1) / 2).
  // n = 7: 0.0102 for the 1st and 0.108 for the 2nd value, so 2.5 % lies on the 2nd: 23; and 141.
  // n = 9: 0.0014, 0.029 for the 1st and 2nd: 27; and by symmetry the 8th: 104.
  for (const seed of [1, 7, 4711]) {
    t.deepEqual(bootstrapCi95(treatedMice, { seed, resamples: 4000 }), [23, 141]);
    t.deepEqual(bootstrapCi95(controlMice, { seed, resamples: 40_000 }), [27, 104]);
  }
});

test('the same seed gives the same interval, another seed need not', (t) => {
  const values = Array.from({ length: 40 }, (_, at) => (at * 7919) % 1000);
  const one = bootstrapCi95(values, { seed: 5, resamples: 200 });
  t.deepEqual(bootstrapCi95(values, { seed: 5, resamples: 200 }), one);
  const others = [6, 7, 8, 9].map((seed) => bootstrapCi95(values, { seed, resamples: 200 }));
  t.true(others.some(([low, high]) => low !== one[0] || high !== one[1]));
});

test('the interval covers the true median about as often as it says', (t) => {
  // 300 samples of 15 from the uniform distribution on 0..1; a fixed generator, so no flakiness.
  let state = 1;
  const uniform = (): number => {
    state = (Math.imul(state, 48_271) >>> 0) % 2_147_483_647;
    return state / 2_147_483_647;
  };
  let covered = 0;
  for (let round = 0; round < 300; round++) {
    const values = Array.from({ length: 15 }, uniform);
    const [low, high] = bootstrapCi95(values, { seed: round, resamples: 300 });
    if (low <= 0.5 && 0.5 <= high) covered++;
  }
  t.true(covered > 270 && covered <= 300, `${covered} of 300`);
});

test('one value has no interval', (t) => {
  t.deepEqual(estimateMedian([42], { seed: 1 }), { median: 42, ci95: null });
  t.deepEqual(estimateMedian([5, 5, 5], { seed: 1 }), { median: 5, ci95: [5, 5] });
});

test('rule of three', (t) => {
  t.is(ruleOfThreeUpperBound(100), 0.03);
  t.is(ruleOfThreeUpperBound(1), 1);
  t.is(ruleOfThreeUpperBound(0), 1);
  for (const trials of [10, 30, 100, 1000]) {
    const exact = 1 - 0.05 ** (1 / trials); // the bound it approximates, from above
    const bound = ruleOfThreeUpperBound(trials);
    t.true(bound >= exact && bound < exact * 1.17, `${trials}: ${bound} against ${exact}`);
  }
});
