// When a series of nights changed its level: E-divisive (Matteson and James 2014, α = 1) proposes a
// place, a t-test decides, as in Hunter (Fleming and others 2023). And whether the last two nights
// stand out from those before, which can be said long before ten nights have passed.

import { betaCdf } from './distributions.ts';
import { median, robustSd } from './statistics.ts';

/** A place where the level changed. */
export interface ChangePoint {
  /** First value of the new level. */
  readonly index: number;
  readonly beforeMedian: number;
  readonly afterMedian: number;
  /** Of Welch's t-test between the stretches on both sides. */
  readonly pValue: number;
}

/** How strict the search is. */
export interface ChangePointOptions {
  /** A place is taken when the test's p is at most this: 0.001 unless given. */
  readonly level?: number;
  /** Values that must lie on each side: 10 unless given. */
  readonly sideMin?: number;
}

/** The changes of level, in order. */
export function changePoints(
  values: readonly number[], { level = 0.001, sideMin = 10 }: ChangePointOptions = {},
): ChangePoint[] {
  const cuts: number[] = [];
  const search = (from: number, to: number): void => {
    const at = bestSplit(values.slice(from, to), sideMin);
    if (at === null) return;
    if (welch(values.slice(from, from + at), values.slice(from + at, to)) > level) return;
    search(from, from + at);
    cuts.push(from + at);
    search(from + at, to);
  };
  search(0, values.length);
  return cuts.map((index, at) => {
    const before = values.slice(cuts[at - 1] ?? 0, index);
    const after = values.slice(index, cuts[at + 1] ?? values.length);
    return {
      index, beforeMedian: median(before), afterMedian: median(after),
      pValue: welch(before, after),
    };
  });
}

/**
 * Where the energy distance between the two sides is greatest, weighted by their sizes; null when
 * there is no room for two sides. All splits in O(n²) by moving one value at a time.
 */
function bestSplit(values: readonly number[], sideMin: number): number | null {
  const count = values.length;
  let [within, left] = [0, 0]; // sums of distances: left to right, and within the left
  let right = 0;
  for (let i = 0; i < count; i++) right += distancesTo(values, i, [i + 1, count]);
  let best: { at: number; statistic: number } | null = null;
  for (let at = 1; at <= count - sideMin; at++) {
    const toLeft = distancesTo(values, at - 1, [0, at - 1]);
    const toRight = distancesTo(values, at - 1, [at, count]);
    left += toLeft;
    right -= toRight;
    within += toRight - toLeft;
    if (at < sideMin) continue;
    const other = count - at;
    const energy = (2 * within) / (at * other)
      - left / ((at * (at - 1)) / 2) - right / ((other * (other - 1)) / 2);
    const statistic = ((at * other) / count) * energy;
    if (best === null || statistic > best.statistic) best = { at, statistic };
  }
  return best === null ? null : best.at;
}

function distancesTo(
  values: readonly number[], index: number, [from, to]: readonly [number, number],
): number {
  const value = values[index] as number;
  let sum = 0;
  for (let i = from; i < to; i++) sum += Math.abs((values[i] as number) - value);
  return sum;
}

/** Two-sided p of Welch's t-test; R: `t.test(first, second)$p.value`. 1 for fewer than 2 values. */
export function welch(first: readonly number[], second: readonly number[]): number {
  if (first.length < 2 || second.length < 2) return 1;
  const [one, other] = [meanAndVariance(first), meanAndVariance(second)];
  const [a, b] = [one.variance / first.length, other.variance / second.length];
  const difference = one.mean - other.mean;
  // Equal values may have means that differ in their last bits.
  if (Math.abs(difference) <= 1e-9 * Math.abs(one.mean)) return 1;
  if (a + b === 0) return 0;
  const t2 = (difference * difference) / (a + b);
  const freedom = ((a + b) * (a + b))
    / ((a * a) / (first.length - 1) + (b * b) / (second.length - 1));
  return betaCdf(freedom / (freedom + t2), freedom / 2, 0.5);
}

function meanAndVariance(values: readonly number[]): { mean: number; variance: number } {
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  const squares = values.reduce((sum, value) => sum + (value - mean) ** 2, 0);
  return { mean, variance: squares / (values.length - 1) };
}

/** How the newest values lie beside the level before them. */
export interface LatestShift {
  readonly direction: 'up' | 'down';
  /** How many of the newest values in a row stand out to the same side; 2 are an alert. */
  readonly nights: 1 | 2;
  readonly level: number;
}

/** A value stands out beyond so many standard deviations of its level. */
const standsOut = 2.5;

/**
 * Whether the last value, or the last two, stand out from their level by more than its scatter and
 * by at least `minimumEffect`, a share. Null when not, or with fewer than ten values before them.
 */
export function latestShift(
  values: readonly number[], { minimumEffect }: { readonly minimumEffect: number },
): LatestShift | null {
  const last = changePoints(values).at(-1)?.index ?? 0;
  const level = values.slice(last, -2);
  if (level.length < 10) return null;
  const centre = median(level);
  const spread = robustSd(level) * Math.sqrt(1 + 1 / level.length);
  const sides = values.slice(-2).map((value) => {
    const far = Math.abs(value - centre);
    const counts = far > standsOut * spread && far >= minimumEffect * Math.abs(centre) && far > 0;
    return counts ? Math.sign(value - centre) : 0;
  });
  const [previous = 0, newest = 0] = sides;
  if (newest === 0) return null;
  return {
    direction: newest > 0 ? 'up' : 'down', nights: previous === newest ? 2 : 1, level: centre,
  };
}
