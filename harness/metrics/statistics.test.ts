// Statistics against published and hand-computed values.

import test from 'ava';
import { estimateMedian } from './bounds.ts';
import { adjustHolm, flagOutliers, median, quantile, robustSd } from './statistics.ts';
import { bootstrapCi95 } from './test-support/bootstrap.ts';

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

test('the exact intervals of the mouse data are order statistics of the tables', (t) => {
  // Conover 1971, table A3, p = 1/2: of 7 values the least and the greatest (98.4 %), of 9 the 2nd
  // and the 8th (96.1 %); 5 values have none: even least to greatest holds the median in 93.75 %.
  t.deepEqual(estimateMedian(treatedMice), { median: 94, ci95: [16, 197], range: [16, 197] });
  t.deepEqual(estimateMedian(controlMice), { median: 46, ci95: [27, 104], range: [10, 146] });
  t.deepEqual(estimateMedian(treatedMice.slice(0, 5)).ci95, null);
});

test('the interval holds the true median as often as it says, for few values too', (t) => {
  // Samples of the uniform distribution on 0..1; a fixed generator, so always the same.
  let state = 1;
  const uniform = (): number => {
    state = (Math.imul(state, 48_271) >>> 0) % 2_147_483_647;
    return state / 2_147_483_647;
  };
  for (const count of [6, 7, 10, 15]) {
    let [held, bootstrapHeld] = [0, 0];
    for (let round = 0; round < 400; round++) {
      const values = Array.from({ length: count }, uniform);
      const [low, high] = estimateMedian(values).ci95 ?? [1, 0];
      if (low <= 0.5 && 0.5 <= high) held++;
      const [from, to] = bootstrapCi95(values, { seed: round, resamples: 200 });
      if (from <= 0.5 && 0.5 <= to) bootstrapHeld++;
    }
    // Two standard errors of 400 rounds are 2 %.
    t.true(held / 400 >= 0.93, `${held} of 400 for ${count}`);
    if (count === 7) t.true(bootstrapHeld / 400 < 0.93, `the bootstrap: ${bootstrapHeld} of 400`);
  }
});

test('one value has no interval', (t) => {
  t.deepEqual(estimateMedian([42]), { median: 42, ci95: null, range: null });
  t.deepEqual(estimateMedian([5, 5, 5]), { median: 5, ci95: null, range: [5, 5] });
});

test('the median absolute deviation is the one in the examples of R’s `mad`', (t) => {
  const inSds = (mad: number): number => mad * 1.482602218505602;
  t.is(robustSd([1, 2, 3, 4, 5, 6, 7, 8, 9]), inSds(2)); // mad(1:9) = 2.965204
  t.is(robustSd([1, 2, 3, 4, 5, 6, 7, 8, 100]), inSds(2)); // "# = 2 2": untouched by the outlier
});

test('the wild value of a NIST example is flagged, with the score worked out by hand', (t) => {
  // Uranium isotope by mass spectrometer: Tietjen and Moore 1972, in the NIST/SEMATECH e-Handbook
  // under Grubbs’ test (1.3.5.17.1). Median 201.37, median deviation (0.81 + 1.18) / 2 = 0.995.
  const uranium = [199.31, 199.53, 200.19, 200.82, 201.92, 201.95, 202.18, 245.57];
  const flagged = flagOutliers(uranium);
  t.deepEqual(flagged.map(({ index, value }) => [index, value]), [[7, 245.57]]);
  t.true(Math.abs((flagged[0]?.score ?? 0) - (0.674489750196 * 44.2) / 0.995) < 1e-9);
  t.deepEqual(flagOutliers(uranium.slice(0, 7)), []);
});

test('outliers among mostly equal values are found, and among equal ones there are none', (t) => {
  const mostly = [...Array.from({ length: 9 }, () => 5), 6];
  t.deepEqual(flagOutliers(mostly).map(({ index }) => index), [9]); // 1 / (0.1 × 1.2533) = 7.98
  t.deepEqual(flagOutliers([5, 5, 5]), []);
  t.deepEqual(flagOutliers([]), []);
});

/** Holm’s method is the closed test by Bonferroni: the worst intersection a member belongs to. */
function closedBonferroni(pValues: readonly number[]): number[] {
  return pValues.map((_, member) => {
    let worst = 0;
    for (let subset = 1; subset < 2 ** pValues.length; subset++) {
      if (((subset >> member) & 1) === 0) continue;
      const inside = pValues.filter((_p, index) => ((subset >> index) & 1) === 1);
      worst = Math.max(worst, inside.length * Math.min(...inside));
    }
    return Math.min(1, worst);
  });
}

test('Holm’s adjustment is that of the closed test, and of the textbook', (t) => {
  // Wikipedia, Holm–Bonferroni method: of these four, 0.05 rejects the first and the last.
  t.deepEqual(adjustHolm([0.01, 0.04, 0.03, 0.005]), [0.03, 0.06, 0.06, 0.02]);
  for (const family of [
    [0.2], [0.01, 0.02, 0.03, 0.04, 0.05], [0.04, 0.04, 0.001, 1, 0.5, 0.04], [0.9, 0.8, 0.7],
  ]) t.deepEqual(adjustHolm(family), closedBonferroni(family));
  t.deepEqual(adjustHolm([]), []);
});
