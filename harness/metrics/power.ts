// How many trials a verdict needs.

import { normalQuantile } from './distributions.ts';

/** What is asked of a comparison. */
export interface Planned {
  /** Share to be found: 0.1 for a ratio of 1.1 or 1/1.1. */
  readonly difference: number;
  /** Standard deviation of ln(value), or of ln(after ÷ before) when paired: about its share. */
  readonly sdLog: number;
  /** Two-sided level of the test: for Holm's adjustment, that of the family ÷ its members. */
  readonly level: number;
  /** Probability to find the difference: 0.8, say. */
  readonly power: number;
  readonly paired: boolean;
}

/** How many trials of a t-test do the work of one of a rank test, for normal values: 3/π. */
const efficiency = 3 / Math.PI;

/**
 * Trials of each side (pairs, when paired) that find a difference with the power asked for, taking
 * logarithms as normal: the trials of a t-test (`tTestTrials`) over the relative efficiency of rank
 * tests (Hodges and Lehmann 1956), and never fewer than
 * `trialsForLevel`. Infinite for no difference.
 */
export function trialsForDifference(planned: Planned): number {
  const { difference, sdLog, level, paired } = planned;
  if (difference <= 0) return Infinity;
  const trials = tTestTrials({ ...planned, effect: Math.log1p(difference) / sdLog });
  return Math.max(Math.ceil(trials / efficiency), trialsForLevel(level, paired));
}

/**
 * Trials of each side (or pairs) of a t-test, as a fraction, for an effect in standard deviations:
 * Guenther 1981, within 0.2 of R's `power.t.test`.
 */
export function tTestTrials(
  { effect, level, power, paired }:
  Pick<Planned, 'level' | 'power' | 'paired'> & { readonly effect: number },
): number {
  const z = normalQuantile(1 - level / 2);
  const normal = ((z + normalQuantile(power)) / effect) ** 2;
  return paired ? normal + z ** 2 / 2 : 2 * normal + z ** 2 / 4;
}

/** Trials of each side (or pairs) with which the clearest difference reaches the level at all. */
export function trialsForLevel(level: number, paired: boolean): number {
  let trials = 1;
  while (smallestP(trials, paired) > level) trials++;
  return trials;
}

/** The smallest two-sided p of a rank test: 2 ÷ the number of permutations. */
function smallestP(trials: number, paired: boolean): number {
  if (paired) return 2 ** (1 - trials);
  let permutations = 1; // 2 · trials over trials
  for (let one = 1; one <= trials; one++) permutations *= (trials + one) / one;
  return 2 / permutations;
}
