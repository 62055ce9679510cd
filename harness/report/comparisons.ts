// What the cells of one run say of each other. They ran interleaved, in seeded blocks: trial i of
// two cells met the same machine, so comparisons are paired ratios.

import { compareMetrics } from '../metrics/comparison.ts';
import type { MetricSamples } from '../metrics/comparison.ts';
import { trialsForDifference } from '../metrics/power.ts';
import { flagOutliers, robustSd } from '../metrics/statistics.ts';
import { recordLabel } from './cell-label.ts';
import type {
  CellRecord, ComparisonRecord, NoiseRecord, OutlierRecord, RunRecord, TrialRecord,
} from './record.ts';
import { noiseShare, noisesOf, rateNoiseOf } from './noise.ts';
import { growthsOf } from './study-growth.ts';
import { isOffered, limitDoubt } from './verdicts.ts';

/** Share from which a change of the write rate matters. */
export const minimumEffect = 0.05;
const familyLevel = 0.01;
const power = 0.8;

/** What the cells of a run say together. */
export function acrossCells(
  cells: readonly CellRecord[],
): Pick<RunRecord, 'comparisons' | 'noise' | 'noises' | 'growths'> {
  const noises = noisesOf(cells);
  const noise = rateNoiseOf(noises);
  const growths = growthsOf(cells);
  return {
    comparisons: comparisonsOf(cells, noise), noise,
    ...(noises.length === 0 ? {} : { noises }), ...(growths.length === 0 ? {} : { growths }),
  };
}

/**
 * Each cell with a rate against the first of its scenario and target, and across targets. Cells
 * that were given their rate are left out: it says nothing of them.
 */
function comparisonsOf(
  cells: readonly CellRecord[], noise: NoiseRecord | null,
): ComparisonRecord[] {
  const pairs = pairsOf(cells.filter((cell) => cell.qps !== null && !isOffered(cell)));
  const family = pairs.map(([before, after]) => samplesOf(before, after, noise));
  return compareMetrics(family, { familyLevel, power }).map((found, index) => {
    const [before, after] = pairs[index] as readonly [CellRecord, CellRecord];
    const { verdict, reason, ratio, adjustedP, furtherTrials } = found;
    return {
      metric: 'qps', before: before.id, after: after.id,
      verdict, reason, ratio, adjustedP, furtherTrials,
    };
  });
}

function pairsOf(cells: readonly CellRecord[]): (readonly [CellRecord, CellRecord])[] {
  return cells.flatMap((cell) => {
    const alike = cells.filter((other) => (
      other.scenario === cell.scenario && other.crash === cell.crash
      && other.preloadKeys === cell.preloadKeys
    ));
    const base = alike.find((other) => other.target.name === cell.target.name);
    const other = alike.find((each) => recordLabel(each) === recordLabel(cell));
    return [base, other].flatMap((before) => (
      before === undefined || before === cell ? [] : [[before, cell] as const]
    ));
  });
}

function samplesOf(
  before: CellRecord, after: CellRecord, noise: NoiseRecord | null,
): MetricSamples {
  const [one, other] = [ratesByTrial(before), ratesByTrial(after)];
  const common = [...one.keys()].filter((index) => other.has(index));
  return {
    name: `${before.id} → ${after.id}`, better: 'higher', paired: true,
    before: common.map((index) => one.get(index) as number),
    after: common.map((index) => other.get(index) as number),
    noiseFloor: noiseShare(noise, common.length), minimumEffect,
    doubt: limitDoubt(before, after),
  };
}

function ratesByTrial({ perTrial }: CellRecord): Map<number, number> {
  return new Map(perTrial.flatMap(({ index, qps, error }) => (
    qps === null || qps <= 0 || error !== null ? [] : [[index, qps] as const]
  )));
}

/** Trials to add to find a change of `minimumEffect`; null when there is no scatter to go by. */
export function furtherTrialsOf(rates: readonly number[]): number | null {
  if (rates.length < 2 || rates.some((rate) => rate <= 0)) return null;
  // Two cells of the same scatter make the ratio of a pair √2 times as wide.
  const sdLog = robustSd(rates.map(Math.log)) * Math.SQRT2;
  const needed = trialsForDifference({
    difference: minimumEffect, sdLog, level: familyLevel, power, paired: true,
  });
  return Math.max(0, needed - rates.length);
}

/** The rates of a cell that lie far from the others. */
export function outliersOf(trials: readonly TrialRecord[]): OutlierRecord[] {
  const rated = trials.filter((trial) => trial.qps !== null);
  return flagOutliers(rated.map((trial) => trial.qps as number)).map(({ index, value, score }) => ({
    metric: 'qps', trial: (rated[index] as TrialRecord).index, value,
    score: Math.round(score * 10) / 10,
  }));
}
