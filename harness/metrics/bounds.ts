// Exact binomial bounds: of a share seen in trials, and of a quantile by order statistics.

import { betaCdf, binomialCdf, bisect } from './distributions.ts';
import { quantile } from './statistics.ts';

/**
 * Two-sided bounds, from 0 to 1, of the probability of what happened in `seen` of `trials`
 * independent trials: Clopper and Pearson 1934 (R: `binom.test(seen, trials)$conf.int`).
 */
export function shareBounds(
  seen: number,
  { trials, confidence = 0.95 }: { readonly trials: number; readonly confidence?: number },
): [low: number, high: number] {
  const tail = (1 - confidence) / 2;
  const high = shareUpperBound(seen, { trials, confidence: 1 - tail });
  return [1 - shareUpperBound(trials - seen, { trials, confidence: 1 - tail }), high];
}

/**
 * One-sided upper bound of the same probability. For none seen: 1 - (1 - confidence)^(1/trials), of
 * which the rule of three (3/trials at 95 %, Hanley and Lippman-Hand 1983) is the limit.
 */
export function shareUpperBound(
  seen: number,
  { trials, confidence = 0.95 }: { readonly trials: number; readonly confidence?: number },
): number {
  if (seen >= trials) return 1; // no trials included
  return bisect((share) => betaCdf(share, seen + 1, trials - seen) - confidence, 0, 1);
}

/** A median and how far it can be trusted. */
export interface Estimate {
  readonly median: number;
  /** Holds the true median in at least 95 % of cases; null below 6 values, which cannot. */
  readonly ci95: readonly [low: number, high: number] | null;
  /** Least and greatest value; null for one value. For 3 values it holds the median in 75 %. */
  readonly range: readonly [low: number, high: number] | null;
}

/** The median of at least one value with its exact interval, by order statistics. */
export function estimateMedian(values: readonly number[]): Estimate {
  const { value, low, high } = quantileWithBounds(values, { fraction: 0.5 });
  return {
    median: value,
    ci95: low === null || high === null ? null : [low, high],
    range: values.length < 2 ? null : [Math.min(...values), Math.max(...values)],
  };
}

/** A quantile of what was sampled, with bounds; a bound the sample is too small for is null. */
export interface BoundedQuantile {
  readonly value: number;
  readonly low: number | null;
  readonly high: number | null;
}

/**
 * The quantile at `fraction` (0 to 1, ends excluded; interpolated, type 7) between the two order
 * statistics that hold the true one with at least `confidence`, whatever the distribution: each
 * errs with at most half the rest (Conover 1971, section 3.2; Hahn and Meeker 1991, section 5.2).
 */
export function quantileWithBounds(
  values: readonly number[],
  { fraction, confidence = 0.95 }: { readonly fraction: number; readonly confidence?: number },
): BoundedQuantile {
  const sorted = Float64Array.from(values).sort();
  const tail = (1 - confidence) / 2;
  const low = lowRank(sorted.length, fraction, tail);
  const high = sorted.length + 1 - lowRank(sorted.length, 1 - fraction, tail);
  return {
    value: quantile(values, fraction),
    low: sorted[low - 1] ?? null,
    high: sorted[high - 1] ?? null,
  };
}

/**
 * Values needed for both bounds to exist: 6 for a median, 368 for p99, 3688 for p99.9 at 95 %.
 */
export function valuesForQuantileBounds(
  { fraction, confidence = 0.95 }: { readonly fraction: number; readonly confidence?: number },
): number {
  return Math.ceil(Math.log((1 - confidence) / 2) / Math.log(Math.max(fraction, 1 - fraction)));
}

/** The greatest rank (from 1; 0 for none) whose value exceeds the quantile with P ≤ `tail`. */
function lowRank(count: number, fraction: number, tail: number): number {
  let [good, bad] = [0, count + 1];
  while (bad - good > 1) {
    const rank = Math.floor((good + bad) / 2);
    // The rank-th value lies above the quantile when fewer than `rank` values lie below.
    if (binomialCdf(rank - 1, { trials: count, probability: fraction }) <= tail) good = rank;
    else bad = rank;
  }
  return good;
}
