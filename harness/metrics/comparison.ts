// The verdict of `compare`, metric by metric: did it change, and is that more than noise?

import assert from 'node:assert';
import { logRatios, pairedRatio, shareOf } from './paired-ratio.ts';
import { trialsForDifference, trialsForLevel } from './power.ts';
import { hodgesLehmannShift, mannWhitney, signedRank } from './rank-tests.ts';
import { adjustHolm, flagOutliers, median, robustSd } from './statistics.ts';
import type { RankTest } from './rank-tests.ts';
import { estimateMedian } from './bounds.ts';
import type { Estimate } from './bounds.ts';
import type { Outlier } from './statistics.ts';

/**
 * What a comparison says of a metric.
 * - `regression`, `improvement`: significant within the family, beyond the noise floor, and not
 *   less than the minimum effect.
 * - `no change`: the 95 % interval lies within the minimum effect.
 * - `within noise`: no more than identical cells differ by on this machine; more trials won't help.
 * - `inconclusive`: none of these can be said yet; more trials help.
 */
export const changeVerdicts = [
  'regression', 'improvement', 'no change', 'within noise', 'inconclusive',
] as const;
export type ChangeVerdict = (typeof changeVerdicts)[number];

/** One metric of one cell, before and after; one value a trial, in any unit. */
export interface MetricSamples {
  readonly name: string;
  /** QPS is better when higher, latency when lower. */
  readonly better: 'higher' | 'lower';
  readonly before: readonly number[];
  readonly after: readonly number[];
  /** Whether trial i of both ran in the same block of one interleaved run. */
  readonly paired: boolean;
  /** Share, from `floorFor`; null when no A/A pairs were run. */
  readonly noiseFloor: number | null;
  /** The same in the unit of the values, for those that have no ratio; null or absent as above. */
  readonly differenceFloor?: number | null;
  /** Why the values say nothing of the server, so that no number of trials helps; else left out. */
  readonly doubt?: string | null;
  /** Share from which a change matters, above 0: 0.05 for ratios beyond 1.05 or 1/1.05. */
  readonly minimumEffect: number;
}

/** How strict a comparison is. */
export interface ComparisonOptions {
  /** Highest probability of any false change in the whole family of metrics: 0.01 unless given. */
  readonly familyLevel?: number;
  /** Probability at which `furtherTrials` is to find a change worth finding: 0.8 unless given. */
  readonly power?: number;
}

/** What became of one metric. */
export interface MetricComparison {
  readonly name: string;
  readonly verdict: ChangeVerdict;
  /** One sentence with the figures that decided. */
  readonly reason: string;
  /**
   * After ÷ before: the median of the paired ratios, else Hodges and Lehmann's shift of logarithms.
   * Null when a value is 0 or less, or there are none; ci95 is null for too few trials.
   */
  readonly ratio: Estimate | null;
  /**
   * After − before where there is no ratio, in the unit of the values: the median of the pairs'
   * differences, else Hodges and Lehmann's shift. Null beside a ratio, and for no values.
   */
  readonly difference: Estimate | null;
  /** What was held against it: a share, or a difference where there is no ratio; null: none. */
  readonly noiseFloor: number | null;
  /** Two-sided, of the metric alone. */
  readonly pValue: number;
  /** The same among its family, by Holm. */
  readonly adjustedP: number;
  /** Values that count in full and ought to be looked at. */
  readonly outliers: { readonly before: readonly Outlier[]; readonly after: readonly Outlier[] };
  /** Trials to add to each side when inconclusive: an estimate from the scatter seen; else null. */
  readonly furtherTrials: number | null;
}

/**
 * Compares metrics as one family, in their order. Paired samples are of equal length. What is in
 * doubt is inconclusive, and no member of the family: it asks no more of the others.
 */
export function compareMetrics(
  family: readonly MetricSamples[],
  options: ComparisonOptions = {},
): MetricComparison[] {
  family.forEach(check);
  const { familyLevel = 0.01, power = 0.8 } = options;
  const tests = family.map(testOf);
  const isOpen = family.map(({ doubt }) => (doubt ?? null) === null);
  const members = tests.filter((_, index) => isOpen[index]).map(({ pValue }) => pValue);
  const holm = adjustHolm(members).values();
  const adjusted = isOpen.map((open) => (open ? holm.next().value ?? 1 : 1));
  return family.map((samples, index) => {
    const test = tests[index] as RankTest;
    const adjustedP = adjusted[index] as number;
    const ratio = hasRatio(samples) ? ratioOf(samples) : null;
    const difference = ratio === null ? differenceOf(samples) : null;
    const significant = adjustedP <= familyLevel;
    const judged = judge(samples, { ratio, difference, test, significant });
    const plan = { level: familyLevel / Math.max(1, members.length), power, ratio };
    const asksMore = isOpen[index] === true && judged.verdict === 'inconclusive';
    return {
      name: samples.name,
      ...judged,
      ratio,
      difference,
      noiseFloor: (ratio === null ? samples.differenceFloor : samples.noiseFloor) ?? null,
      pValue: test.pValue,
      adjustedP,
      outliers: { before: flagOutliers(samples.before), after: flagOutliers(samples.after) },
      furtherTrials: asksMore ? furtherTrials(samples, plan) : null,
    };
  });
}

function check({ name, before, after, paired, minimumEffect }: MetricSamples): void {
  assert([...before, ...after].every(Number.isFinite), `${name}: a value is not a number`);
  assert(!paired || before.length === after.length, `${name}: paired samples differ in length`);
  assert(minimumEffect > 0, `${name}: the minimum effect is not above 0`);
}

function hasRatio({ before, after }: MetricSamples): boolean {
  const filled = before.length > 0 && after.length > 0;
  return filled && before.every((value) => value > 0) && after.every((value) => value > 0);
}

function pairsOf({ before, after }: MetricSamples): [number, number][] {
  return before.map((value, index) => [value, after[index] as number]);
}

function testOf(samples: MetricSamples): RankTest {
  if (!samples.paired) return mannWhitney(samples.after, samples.before);
  const pairs = pairsOf(samples);
  return signedRank(
    hasRatio(samples) ? logRatios(pairs) : pairs.map(([before, after]) => after - before),
  );
}

function ratioOf(samples: MetricSamples): Estimate {
  if (samples.paired) return pairedRatio(pairsOf(samples));
  const logs = [samples.before, samples.after].map((values) => values.map(Math.log));
  const { shift, interval } = hodgesLehmannShift(logs[0] as number[], logs[1] as number[]);
  const ci95 = interval && [Math.exp(interval[0]), Math.exp(interval[1])] as const;
  return { median: Math.exp(shift), ci95, range: null };
}

function differenceOf({ before, after, paired }: MetricSamples): Estimate | null {
  if (before.length === 0 || after.length === 0) return null;
  if (paired) return estimateMedian(before.map((value, at) => (after[at] as number) - value));
  const { shift, interval } = hodgesLehmannShift(before, after);
  return { median: shift, ci95: interval, range: null };
}

type Judged = Pick<MetricComparison, 'verdict' | 'reason'>;

interface Found {
  readonly ratio: Estimate | null;
  readonly difference: Estimate | null;
  readonly test: RankTest;
  readonly significant: boolean;
}

function judge(samples: MetricSamples, found: Found): Judged {
  const { ratio, significant } = found;
  const doubt = samples.doubt ?? null;
  if (doubt !== null) return { verdict: 'inconclusive', reason: doubt };
  if (ratio === null) return judgeByRank(samples, found);
  if (ratio.ci95 === null) {
    return { verdict: 'inconclusive', reason: 'too few trials for a 95 % interval' };
  }
  const [low, high] = ratio.ci95;
  const changed = significant && (low > 1 || high < 1);
  const verdict = verdictOf(samples, { ratio: ratio.median, ci95: ratio.ci95, changed });
  const chance = significant ? 'not chance' : 'may be chance';
  const seen = `× ${figure(ratio.median)} [${figure(low)}, ${figure(high)}], ${chance}`;
  const { noiseFloor, minimumEffect } = samples;
  const floor = `noise floor ${noiseFloor === null ? 'not measured' : percent(noiseFloor)}`;
  // The same thing differed from itself by more: that says nothing against a change of this size.
  const isHidden = changed && verdict === 'within noise';
  const again = isHidden ? '; a run on a quieter machine could tell' : '';
  return { verdict, reason: `${seen}; ${floor}; ${percent(minimumEffect)} would matter${again}` };
}

function verdictOf(
  samples: MetricSamples,
  { ratio, ci95, changed }: { ratio: number; ci95: readonly [number, number]; changed: boolean },
): ChangeVerdict {
  const { minimumEffect, noiseFloor } = samples;
  const noise = noiseFloor ?? 0;
  const size = shareOf(ratio);
  const reach = Math.max(...ci95.map(shareOf)); // how far from 1 the truth may be
  if (reach < minimumEffect) return 'no change';
  if (changed && size > noise && size >= minimumEffect) return direction(samples, ratio - 1);
  return (changed ? size : reach) <= noise ? 'within noise' : 'inconclusive';
}

/** Without a ratio, such as losses of which some are 0, only their order can be judged. */
function judgeByRank(
  samples: MetricSamples, { significant, test, difference }: Found,
): Judged {
  const { before, after, paired } = samples;
  const floor = samples.differenceFloor ?? null;
  const trials = Math.min(before.length, after.length);
  if (trials === 0) return { verdict: 'inconclusive', reason: 'nothing was measured on one side' };
  const medians = `median ${figure(median(before))} → ${figure(median(after))}`;
  const [low, high] = difference?.ci95 ?? [];
  const between = low === undefined || high === undefined ? ''
    : ` (by ${figure(difference?.median ?? 0)} [${figure(low)}, ${figure(high)}])`;
  const noise = floor === null ? 'not measured' : figure(floor);
  const reason = `${medians}${between}; no ratio, since a value is 0 or less; noise floor `
    + `${noise}; by rank`;
  // A loss that is new and rare leaves the median at 0: noise is only a shift, all of it small.
  const isShift = low !== undefined && high !== undefined && low * high > 0;
  const isNoise = floor !== null && isShift && Math.max(Math.abs(low), Math.abs(high)) <= floor;
  if (significant) {
    const verdict = isNoise ? 'within noise' : direction(samples, test.lean);
    return { verdict, reason: `${reason} not chance` };
  }
  const same = [...before, ...after].every((value) => value === before[0]);
  if (same && trials >= trialsForLevel(0.05, paired)) {
    return { verdict: 'no change', reason: `every value is ${figure(before[0] as number)}` };
  }
  return { verdict: 'inconclusive', reason: `${reason} may be chance` };
}

function direction({ better }: MetricSamples, rise: number): 'improvement' | 'regression' {
  return (rise > 0) === (better === 'higher') ? 'improvement' : 'regression';
}

/**
 * Trials to reach the power for the smallest change that would count. Where the plan is already met
 * and luck was bad, half as many again: adding one at a time until it fits would be testing often.
 */
function furtherTrials(
  samples: MetricSamples,
  { level, power, ratio }: { level: number; power: number; ratio: Estimate | null },
): number {
  const { before, after, paired } = samples;
  const have = Math.min(before.length, after.length);
  const difference = Math.max(samples.minimumEffect, samples.noiseFloor ?? 0);
  const needed = ratio === null || have < 2
    ? trialsForLevel(level, paired)
    : trialsForDifference({ difference, sdLog: scatter(samples), level, power, paired });
  return Math.max(needed - have, Math.ceil(have / 2));
}

function scatter(samples: MetricSamples): number {
  if (samples.paired) return plannedSd(logRatios(pairsOf(samples)));
  const [before, after] = [samples.before, samples.after].map((values) => values.map(Math.log));
  return Math.hypot(plannedSd(before as number[]), plannedSd(after as number[])) / Math.SQRT2;
}

/** Of few values the median deviation comes out small, by (n - 0.8) / n: Croux, Rousseeuw 1992. */
function plannedSd(values: readonly number[]): number {
  return robustSd(values) * (values.length / (values.length - 0.8));
}

function figure(value: number): string {
  return Number(value.toPrecision(4)).toString();
}

function percent(share: number): string {
  return `${Number((share * 100).toPrecision(2))} %`;
}
