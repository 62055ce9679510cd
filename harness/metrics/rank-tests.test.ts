// Rank tests against published examples, SciPy 1.17.1, and counting every permutation.

import test from 'ava';
import type { ExecutionContext } from 'ava';
import { hodgesLehmannShift, mannWhitney, signedRank } from './rank-tests.ts';

// Hollander and Wolfe 1973, p. 69f: permeability of the chorioamnion, at term and before; the data
// of the example in R's documentation of wilcox.test, which prints W = 35, p = 0.1272 (one-sided).
const term = [0.80, 0.83, 1.89, 1.04, 1.45, 1.38, 1.91, 1.64, 0.73, 1.46];
const early = [1.15, 0.88, 0.90, 0.74, 1.21];

// Hollander and Wolfe 1973, p. 29f: depression scale at two visits; same documentation: V = 40,
// p = 0.03906 (two-sided).
const firstVisit = [1.83, 0.50, 1.62, 2.48, 1.68, 1.88, 1.55, 3.06, 1.30];
const secondVisit = [0.878, 0.647, 0.598, 2.05, 1.06, 1.29, 1.06, 3.14, 1.29];

// R's data set airquality, ozone in May and August; same documentation: W = 127.5, p = 0.0001208.
const may = [
  41, 36, 12, 18, 28, 23, 19, 8, 7, 16, 11, 14, 18, 14, 34, 6, 30, 11, 1, 11, 4, 32, 23, 45, 115,
  37,
];
const august = [
  39, 9, 16, 78, 35, 66, 122, 89, 110, 44, 28, 65, 22, 59, 23, 31, 44, 21, 9, 45, 168, 73, 76, 118,
  84, 85,
];

function near(t: ExecutionContext, found: number, expected: number): void {
  t.true(Math.abs(found - expected) <= 1e-11 * Math.abs(expected), `${found}, not ${expected}`);
}

test('Mann-Whitney: exact, the example of R and of Hollander and Wolfe', (t) => {
  const found = mannWhitney(term, early);
  t.deepEqual([found.statistic, found.lean, found.exact], [35, 10, true]);
  near(t, found.pValue, 2 * 0.1272061272061272); // SciPy mannwhitneyu(method='exact')
  t.is(mannWhitney(early, term).pValue, found.pValue);
});

test('Mann-Whitney: normal, with ties and continuity, the example of R', (t) => {
  const found = mannWhitney(may, august);
  t.deepEqual([found.statistic, found.exact], [127.5, false]);
  near(t, found.pValue, 0.00012080783076877434); // SciPy mannwhitneyu(method='asymptotic')
});

test('Mann-Whitney: all tied, or nothing there, is no difference', (t) => {
  t.is(mannWhitney([1, 1], [1, 1, 1]).pValue, 1);
  t.is(mannWhitney(may.map(() => 3), may.map(() => 3)).pValue, 1);
  t.is(mannWhitney([], [1, 2]).pValue, 1);
});

/** Every way to choose `size` of `values`, as bits. */
function* choices(count: number, size: number | null): Generator<number> {
  for (let bits = 0; bits < 2 ** count; bits++) {
    let members = 0;
    for (let index = 0; index < count; index++) members += (bits >> index) & 1;
    if (size === null || members === size) yield bits;
  }
}

/** Twice the smaller tail of `statistic` over all choices; a slack for rounding. */
function enumerated(
  ways: Iterable<number>,
  statistic: (bits: number) => number,
  seen: number,
): number {
  let [all, lower, upper] = [0, 0, 0];
  for (const bits of ways) {
    const value = statistic(bits);
    all++;
    if (value <= seen + 1e-9) lower++;
    if (value >= seen - 1e-9) upper++;
  }
  return Math.min(1, (2 * Math.min(lower, upper)) / all);
}

test('Mann-Whitney: the exact p is that of counting every split, with and without ties', (t) => {
  const rows: [number[], number[]][] = [
    [[1, 2, 2, 3, 5], [2, 3, 3, 4, 5, 6]], // SciPy PermutationMethod: 0.21212121212121213
    [[1, 2, 3, 4], [5, 6, 7, 8]], [[7, 1, 3], [2, 9, 4, 8, 5, 6]],
    [[1, 1, 1, 2], [1, 1, 3, 3, 3, 3]],
    [[4], [1, 2, 3]], [[10, 30, 20, 20, 10], [20, 20, 40, 10, 30, 30, 30]],
  ];
  for (const [first, second] of rows) {
    const values = [...first, ...second];
    const u = (bits: number): number => {
      const inside = values.filter((_, index) => ((bits >> index) & 1) === 1);
      const outside = values.filter((_, index) => ((bits >> index) & 1) === 0);
      const wins = inside.map((one) => outside.map((other) => (Math.sign(one - other) + 1) / 2));
      return wins.flat().reduce((sum, win) => sum + win, 0);
    };
    const seen = u(2 ** first.length - 1);
    const found = mannWhitney(first, second);
    t.is(found.statistic, seen);
    near(t, found.pValue, enumerated(choices(values.length, first.length), u, seen));
  }
  near(t, mannWhitney([1, 2, 2, 3, 5], [2, 3, 3, 4, 5, 6]).pValue, 0.21212121212121213);
});

test('signed ranks: exact, the example of R and of Hollander and Wolfe', (t) => {
  const found = signedRank(firstVisit.map((value, index) => value - (secondVisit[index] ?? 0)));
  t.deepEqual([found.statistic, found.lean, found.exact], [40, 17.5, true]);
  t.is(found.pValue, 0.0390625);
});

test('signed ranks: the exact p is that of counting every choice of signs', (t) => {
  for (const differences of [
    [1, -2, 3, 4, 5, 6, -7], [1, 1, 2, -2, 3, 3, 3, -1], [5, 5, 5, 5, 5, 5], [2, -2],
    [0, 0, 3, -1, 4],
  ]) {
    const sizes = differences.filter((one) => one !== 0).map(Math.abs);
    const ranks = sizes.map((size) =>
      sizes.reduce((rank, other) => rank + (Math.sign(size - other) + 1) / 2, 0.5));
    const v = (bits: number): number =>
      ranks.reduce((sum, rank, index) => sum + ((bits >> index) & 1) * rank, 0);
    const signs = differences.filter((one) => one !== 0).map((one) => (one > 0 ? 1 : 0));
    const seen = v(signs.reduce((bits: number, sign, index) => bits | (sign << index), 0));
    const found = signedRank(differences);
    t.is(found.statistic, seen);
    near(t, found.pValue, enumerated(choices(sizes.length, null), v, seen));
  }
  t.is(signedRank([0, 0]).pValue, 1);
});

test('signed ranks: normal, with ties and zeros, as SciPy has it', (t) => {
  const differences = [
    4, 0, 0, 0, 7, -1, 0, 2, 1, 0, -3, 1, -1, 6, 4, 1, 4, 0, 5, 1, 3, -4, 2, -6, -7, 0, -3, 2, 10,
    -2, -1, 2, 3, 0, 0, 4, 3, -3, 1, 1, -3, 2, -2, 5, 2, 1, -1, 1, -7, -4, 2, -8, 4, -6, 4, -2, 4,
    2, -5, 6,
  ];
  const found = signedRank(differences);
  t.deepEqual([found.exact, signedRank(differences.slice(0, 40)).exact], [false, true]);
  // wilcoxon(method='asymptotic', correction=True, zero_method='wilcox'): the lesser sum is 534
  t.is(found.statistic, (51 * 52) / 2 - 534);
  near(t, found.pValue, 0.22660623271013325);
});

test('Hodges-Lehmann: the shift of the membranes and its interval of 96 %', (t) => {
  // Median and ordered differences, and P(U ≤ 8) = 0.01998, by a separate Python script with the
  // recursion of Mann and Whitney: shift 0.305, from the 9th to the 42nd of 50 differences.
  const found = hodgesLehmannShift(early, term);
  near(t, found.shift, 0.305);
  const [low, high] = found.interval ?? [0, 0];
  t.deepEqual([low.toFixed(6), high.toFixed(6)], ['-0.150000', '0.760000']);
});

test('Hodges-Lehmann: the interval holds exactly the shifts that the test does not reject', (t) => {
  for (let shift = -1.005; shift < 1.5; shift += 0.01) { // never on a difference: no ties
    const shifted = mannWhitney(term.map((value) => value - shift), early);
    const [low, high] = hodgesLehmannShift(early, term).interval ?? [0, 0];
    t.is(shifted.pValue > 0.05, low < shift && shift < high, `at ${shift}`);
  }
});

test('Hodges-Lehmann: an interval needs values enough for its confidence', (t) => {
  t.is(hodgesLehmannShift([1, 2, 3], [4, 5, 6]).interval, null); // at most 1 - 2/20
  t.deepEqual(hodgesLehmannShift([1, 2, 3, 4], [5, 6, 7, 9]).interval, [1, 8]); // 1 - 2/70
  t.deepEqual(hodgesLehmannShift([1, 2, 3], [4, 5, 6], 0.9).interval, [1, 5]);
  t.deepEqual(hodgesLehmannShift([], [1]), { shift: Number.NaN, interval: null });
});

test('Hodges-Lehmann: many values go by the normal approximation', (t) => {
  const values = Array.from({ length: 40 }, (_, index) => (index * 17) % 40);
  const { shift, interval } = hodgesLehmannShift(values, values.map((value) => value + 3));
  t.is(shift, 3);
  const [low, high] = interval ?? [0, 0];
  t.is(low + high, 6); // 40 values from 0 to 39: ±5.1 by √(3/80)·1.96·… of the normal theory
  t.true(low < 3 - 3 && low > 3 - 7);
});
