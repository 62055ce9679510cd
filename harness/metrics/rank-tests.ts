// Tests by rank: no assumption about how a metric is distributed, exact for small samples even with
// ties. Two samples: Mann and Whitney's; pairs: Wilcoxon's signed ranks.

import { normalCdf, normalQuantile } from './distributions.ts';

/** What a rank test found. */
export interface RankTest {
  /** U of the first sample (W in R), or V: the sum of the ranks of the positive differences. */
  readonly statistic: number;
  /** The statistic less its expectation: above 0 when the first sample, or plus, is the greater. */
  readonly lean: number;
  /** Two-sided: twice the smaller tail, at most 1. */
  readonly pValue: number;
  /** Counted over all permutations, rather than by the normal approximation. */
  readonly exact: boolean;
}

/** Up to so many values in all, permutations are counted: their numbers stay whole in a double. */
const exactValuesMax = 50;

/**
 * Whether values of one sample tend to be greater than those of the other: Mann and Whitney 1947.
 * Exact given the ties up to 50 values together, else normal with tie and continuity correction.
 * R: `wilcox.test(first, second)`, which gives up exactness where there are ties.
 */
export function mannWhitney(first: readonly number[], second: readonly number[]): RankTest {
  const [m, n] = [first.length, second.length];
  const ranks = midRanks([...first, ...second]);
  const rankSum = sum(ranks.slice(0, m));
  const statistic = rankSum - (m * (m + 1)) / 2;
  const lean = statistic - (m * n) / 2;
  if (m === 0 || n === 0) return { statistic, lean, pValue: 1, exact: true };
  if (m + n <= exactValuesMax) {
    const counts = subsetSumCounts(ranks.map((rank) => 2 * rank), m);
    return { statistic, lean, pValue: twoSided(counts, 2 * rankSum), exact: true };
  }
  const all = m + n;
  const variance = ((m * n) / 12) * (all + 1 - tieTerm(ranks) / (all * (all - 1)));
  return { statistic, lean, pValue: normalP(lean, variance), exact: false };
}

/**
 * Whether differences lean to one side of 0: Wilcoxon 1945. Differences of 0 are left out, as he
 * did. Exact given the ties up to 50 differences, else normal with tie and continuity correction.
 * R: `wilcox.test(differences)`.
 */
export function signedRank(differences: readonly number[]): RankTest {
  const left = differences.filter((difference) => difference !== 0);
  const ranks = midRanks(left.map(Math.abs));
  const statistic = sum(ranks.filter((_, index) => (left[index] as number) > 0));
  const n = left.length;
  const lean = statistic - (n * (n + 1)) / 4;
  if (n <= exactValuesMax) {
    const counts = subsetSumCounts(ranks.map((rank) => 2 * rank), null);
    return { statistic, lean, pValue: twoSided(counts, 2 * statistic), exact: true };
  }
  const variance = (n * (n + 1) * (2 * n + 1)) / 24 - tieTerm(ranks) / 48;
  return { statistic, lean, pValue: normalP(lean, variance), exact: false };
}

/** A shift between two samples, in their unit. */
export interface Shift {
  readonly shift: number;
  /** Of at least the confidence asked for; null when there are too few values for it. */
  readonly interval: readonly [low: number, high: number] | null;
}

/**
 * How much greater the values of `after` are: the median of all differences (Hodges and Lehmann
 * 1963), with the interval that inverts the Mann-Whitney test (Moses; Hollander and Wolfe 1973,
 * section 4.3; R: `wilcox.test(after, before, conf.int = TRUE)`). Ties make it wider than needed.
 */
export function hodgesLehmannShift(
  before: readonly number[],
  after: readonly number[],
  confidence: number = 0.95,
): Shift {
  const differences = Float64Array.from(after.flatMap((one) => before.map((other) => one - other)));
  differences.sort();
  const count = differences.length;
  if (count === 0) return { shift: Number.NaN, interval: null };
  const at = (rank: number): number => differences[rank - 1] as number; // from 1, as in the books
  const shift = (at(Math.ceil(count / 2)) + at(Math.floor(count / 2) + 1)) / 2;
  const outer = criticalU([before.length, after.length], (1 - confidence) / 2);
  return { shift, interval: outer < 1 ? null : [at(outer), at(count + 1 - outer)] };
}

/** The greatest u with P(U < u) ≤ `tail` when there is no difference and no tie; 0 for none. */
function criticalU([m, n]: readonly [number, number], tail: number): number {
  if (m + n > exactValuesMax) {
    const sd = Math.sqrt((m * n * (m + n + 1)) / 12);
    return Math.floor((m * n) / 2 + normalQuantile(tail) * sd);
  }
  const counts = subsetSumCounts(Array.from({ length: m + n }, (_, index) => index + 1), m);
  const most = tail * sum(counts) * (1 + 1e-12); // so that 0.05 of 20 is 1, whatever the rounding
  const lowest = (m * (m + 1)) / 2;
  let below = 0;
  for (let u = 0; u <= m * n; u++) {
    below += counts[lowest + u] as number;
    if (below > most) return u;
  }
  return m * n;
}

/** Ranks from 1 upwards; equal values share the mean of theirs. */
function midRanks(values: readonly number[]): number[] {
  const order = values.map((_, index) => index)
    .sort((one, other) => (values[one] as number) - (values[other] as number));
  const ranks = values.map(() => 0);
  for (let start = 0, end = 0; start < order.length; start = end) {
    const value = values[order[start] as number];
    while (end < order.length && values[order[end] as number] === value) end++;
    for (const index of order.slice(start, end)) ranks[index] = (start + 1 + end) / 2;
  }
  return ranks;
}

/** Σ(t³ − t) over groups of t equal ranks. */
function tieTerm(ranks: readonly number[]): number {
  const sizes = new Map<number, number>();
  for (const rank of ranks) sizes.set(rank, (sizes.get(rank) ?? 0) + 1);
  return sum([...sizes.values()].map((size) => size ** 3 - size));
}

/**
 * How many subsets of `weights` (whole numbers) have each sum; only those of `size` members, or of
 * any size for null.
 */
function subsetSumCounts(weights: readonly number[], size: number | null): Float64Array {
  const width = sum(weights) + 1;
  const rows = size === null ? 1 : size + 1;
  const step = size === null ? 0 : 1; // taking a member moves a subset to the next row, or to none
  const counts = Array.from({ length: rows }, () => new Float64Array(width));
  (counts[0] as Float64Array)[0] = 1;
  for (const weight of weights) {
    for (let row = rows - 1; row >= step; row--) {
      const to = counts[row] as Float64Array;
      const from = counts[row - step] as Float64Array;
      for (let total = width - 1; total >= weight; total--) {
        (to[total] as number) += from[total - weight] as number;
      }
    }
  }
  return counts[rows - 1] as Float64Array;
}

function twoSided(counts: Float64Array, observed: number): number {
  const all = sum(counts);
  const lower = sum(counts.subarray(0, observed + 1));
  const upper = sum(counts.subarray(observed));
  return Math.min(1, (2 * Math.min(lower, upper)) / all);
}

function normalP(distance: number, variance: number): number {
  if (variance <= 0) return 1; // everything is tied
  return Math.min(1, 2 * normalCdf(-Math.max(0, Math.abs(distance) - 0.5) / Math.sqrt(variance)));
}

function sum(values: readonly number[] | Float64Array): number {
  let total = 0;
  for (const value of values) total += value;
  return total;
}
