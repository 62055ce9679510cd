// Statistics of repeated trials: pure, seeded, checked against published and hand-computed values.

import { uniformInt } from 'pure-rand/distribution/uniformInt';
import { xoroshiro128plus } from 'pure-rand/generator/xoroshiro128plus';

/** A median with its 95 % interval; the interval is null for fewer than two values. */
export interface Estimate {
  readonly median: number;
  readonly ci95: readonly [low: number, high: number] | null;
}

/** The middle value; the mean of the two middle ones for an even count; NaN for none. */
export function median(values: readonly number[]): number {
  return quantile(values, 0.5);
}

/**
 * The value below which a share of `fraction` (0 to 1) lies, linearly interpolated between
 * neighbours (type 7 of Hyndman and Fan, the default of R and NumPy); NaN for no values.
 */
export function quantile(values: readonly number[], fraction: number): number {
  const sorted = Float64Array.from(values).sort();
  return sortedQuantile(sorted, fraction);
}

function sortedQuantile(sorted: Float64Array, fraction: number): number {
  if (sorted.length === 0) return Number.NaN;
  const position = (sorted.length - 1) * Math.min(Math.max(fraction, 0), 1);
  const below = Math.floor(position);
  const low = sorted[below] as number;
  const high = sorted[Math.min(below + 1, sorted.length - 1)] as number;
  return low + (high - low) * (position - below);
}

/**
 * The median with a percentile bootstrap interval: the middle 95 % of the medians of `resamples`
 * samples drawn with replacement. The same seed gives the same interval.
 */
export function estimateMedian(
  values: readonly number[],
  options: { readonly seed: number; readonly resamples?: number },
): Estimate {
  const ci95 = values.length < 2 ? null : bootstrapCi95(values, options);
  return { median: median(values), ci95 };
}

/** The 95 % percentile bootstrap interval of the median; both ends NaN for no values. */
export function bootstrapCi95(
  values: readonly number[],
  options: { readonly seed: number; readonly resamples?: number },
): [low: number, high: number] {
  const resamples = options.resamples ?? 2000;
  const random = xoroshiro128plus(options.seed);
  const sample = new Float64Array(values.length);
  const medians = new Float64Array(resamples);
  for (let round = 0; round < resamples; round++) {
    for (let at = 0; at < sample.length; at++) {
      sample[at] = values[uniformInt(random, 0, values.length - 1)] as number;
    }
    sample.sort();
    medians[round] = sortedQuantile(sample, 0.5);
  }
  medians.sort();
  return [sortedQuantile(medians, 0.025), sortedQuantile(medians, 0.975)];
}

/**
 * Upper bound at 95 % confidence of the probability of an event not seen in `trials` independent
 * trials: 3 / n (Hanley and Lippman-Hand 1983), at most 1.
 */
export function ruleOfThreeUpperBound(trials: number): number {
  return trials < 1 ? 1 : Math.min(1, 3 / trials);
}
