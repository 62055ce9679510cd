// Ratios of what ran side by side: drift of the machine hits both of a pair and cancels out.

import { estimateMedian } from './bounds.ts';
import type { Estimate } from './bounds.ts';

/** Two values above 0 of one metric, from the same block of an interleaved run. */
export type Pair = readonly [before: number, after: number];

/**
 * The median of after ÷ before with its exact 95 % interval: two of the ratios themselves, by the
 * binomial distribution (the sign test turned round); null below 6 pairs, where even the interval
 * from the least to the greatest holds the true median with only 1 - 2^(1 - pairs).
 *
 * Not by bootstrap, since pairs are few: for 7 of them the percentile interval of a median is the
 * 2nd to the 6th, which holds the true one in 87.5 % of cases, and a `no change` built on it is
 * wrong too often. BCa does no better: its acceleration comes from the jackknife, which fails for
 * medians (Efron and Tibshirani 1993, chapter 11). Medians are taken of logarithms, so swapping
 * before and after gives the inverse of every figure.
 */
export function pairedRatio(pairs: readonly Pair[]): Estimate {
  const { median, ci95, range } = estimateMedian(logRatios(pairs));
  return {
    median: Math.exp(median),
    ci95: ci95 && [Math.exp(ci95[0]), Math.exp(ci95[1])],
    range: range && [Math.exp(range[0]), Math.exp(range[1])],
  };
}

/** ln(after ÷ before) of each pair. */
export function logRatios(pairs: readonly Pair[]): number[] {
  return pairs.map(([before, after]) => Math.log(after / before));
}

/** What two runs of the same thing differ by on this machine. */
export interface NoiseFloor {
  /** Ratios between 1 / (1 + share) and 1 + share may be noise: 0.03 for 3 %. */
  readonly share: number;
  /** The ratio of the A/A pairs themselves: 1 but for noise and for the order of running. */
  readonly ratio: Estimate;
  readonly pairs: number;
}

/**
 * The noise floor by A/A pairs, the same cell run twice in a block: the end of their own 95 % ratio
 * interval that is farther from 1, so that it holds both scatter and systematic bias, such as the
 * second of a pair always finding a warm disk. Below 6 pairs the widest pair; null for none.
 * For floors as wide as the comparison's own scatter, take as many A/A pairs as trials of a cell.
 */
export function noiseFloor(pairs: readonly Pair[]): NoiseFloor | null {
  if (pairs.length === 0) return null;
  const ratio = pairedRatio(pairs);
  const ends = ratio.ci95 ?? pairs.map(([before, after]) => after / before);
  return { share: Math.max(...ends.map(shareOf)), ratio, pairs: pairs.length };
}

/** How far a ratio is from 1, the same for its inverse: 0.25 for 1.25 and for 0.8. */
export function shareOf(ratio: number): number {
  return Math.max(ratio, 1 / ratio) - 1;
}
