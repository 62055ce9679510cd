// Ratios of what ran side by side: drift of the machine hits both of a pair and cancels out.

import { estimateMedian } from './bounds.ts';
import type { Estimate } from './bounds.ts';
import { quantile } from './statistics.ts';

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
  /** How far the middle of the pairs may be from 1 by bias: 0.03 for 3 %. */
  readonly share: number;
  /** 19 of 20 pairs differ by at most this share: their spread, however many they are. */
  readonly pairShare: number;
  /** The ratio of the A/A pairs themselves: 1 but for noise and for the order of running. */
  readonly ratio: Estimate;
  readonly pairs: number;
}

/**
 * The noise by A/A pairs, the same cell run twice in a block. `share` is the end of their own 95 %
 * ratio interval that is farther from 1: it holds systematic bias, such as the second of a pair
 * always finding a warm disk, and shrinks with the number of pairs. Below 6 pairs the widest pair.
 * `pairShare` is the 95th percentile of |ln ratio|: it does not shrink. Null for no pairs.
 */
export function noiseFloor(pairs: readonly Pair[]): NoiseFloor | null {
  if (pairs.length === 0) return null;
  const ratio = pairedRatio(pairs);
  const ends = ratio.ci95 ?? pairs.map(([before, after]) => after / before);
  const spread = quantile(logRatios(pairs).map(Math.abs), 0.95);
  return {
    share: Math.max(...ends.map(shareOf)), pairShare: Math.expm1(spread), ratio,
    pairs: pairs.length,
  };
}

/**
 * The share up to which a comparison of so many trials (or pairs of them) may be noise: the bias of
 * the A/A pairs, and what is left of the spread of a pair in the mean of so many (÷ √trials),
 * whichever is more. It depends on the comparison, and not on how many A/A pairs there were.
 */
export function floorFor(
  { share, pairShare }: Pick<NoiseFloor, 'share' | 'pairShare'>, trials: number,
): number {
  return Math.max(share, Math.expm1(Math.log1p(pairShare) / Math.sqrt(Math.max(1, trials))));
}

/** What two runs of the same thing differ by, in the unit of what was measured. */
export interface DifferenceNoise {
  /** How far the middle of the pairs may be from 0 by bias. */
  readonly bias: number;
  /** 19 of 20 pairs differ by at most this. */
  readonly pairDifference: number;
}

/** The same by A/A pairs of which some are 0 and have no ratio, such as losses: at least one. */
export function differenceNoise(pairs: readonly Pair[]): DifferenceNoise {
  const differences = pairs.map(([before, after]) => after - before);
  const ends = estimateMedian(differences).ci95 ?? differences;
  return {
    bias: Math.max(...ends.map(Math.abs)),
    pairDifference: quantile(differences.map(Math.abs), 0.95),
  };
}

/** The difference up to which a comparison of so many trials may be noise, as `floorFor`. */
export function differenceFloorFor(
  { bias, pairDifference }: DifferenceNoise, trials: number,
): number {
  return Math.max(bias, pairDifference / Math.sqrt(Math.max(1, trials)));
}

/** How far a ratio is from 1, the same for its inverse: 0.25 for 1.25 and for 0.8. */
export function shareOf(ratio: number): number {
  return Math.max(ratio, 1 / ratio) - 1;
}
