// What of a cell can be compared with another: one value a trial for each metric.

import type { MetricSamples } from '../../metrics/comparison.ts';
import { median } from '../../metrics/statistics.ts';
import { noiseShare } from '../comparisons.ts';
import type { CellRecord, NoiseRecord, TrialRecord } from '../record.ts';
import { isOffered, limitDoubt } from '../verdicts.ts';

/** A metric of trials. */
export interface Metric {
  readonly name: string;
  readonly unit: string;
  readonly better: 'higher' | 'lower';
  /** Share from which a change matters. */
  readonly minimumEffect: number;
  /** Whether it is that of the generator where that was the limit. */
  readonly isOfLoad: boolean;
  /** Null where the trial did not measure it. */
  readonly read: (trial: TrialRecord) => number | null;
}

/** Everything that is compared, most wanted first. */
export const comparedMetrics: readonly Metric[] = [
  { name: 'write rate', unit: 'writes/s', better: 'higher', minimumEffect: 0.05,
    isOfLoad: true, read: (trial) => trial.qps },
  { name: 'p99 of replies', unit: 'µs', better: 'lower', minimumEffect: 0.1,
    isOfLoad: true, read: (trial) => trial.latencyUs?.p99 ?? null },
  { name: 'server CPU a write', unit: 'µs', better: 'lower', minimumEffect: 0.05,
    isOfLoad: false, read: (trial) => trial.serverCpuUsPerOp },
  { name: 'serving again after', unit: 'ms', better: 'lower', minimumEffect: 0.1,
    isOfLoad: false,
    read: (trial) => medianOf(trial.cuts.flatMap((cut) => cut.recovery?.firstWriteMs ?? [])) },
  { name: 'loss window', unit: 'ms', better: 'lower', minimumEffect: 0.1,
    isOfLoad: false, read: worstWindowMs },
];

function medianOf(values: readonly number[]): number | null {
  return values.length === 0 ? null : median(values);
}

/** Worst instant of the trial; instants of one trial are not independent. */
function worstWindowMs(trial: TrialRecord): number | null {
  const losses = trial.cuts.filter((cut) => cut.verdict !== 'inconclusive')
    .flatMap((cut) => cut.loss ?? []);
  if (losses.length === 0) return null;
  return losses.reduce((worst, loss) => Math.max(worst, loss.windowMs), 0);
}

/** Two cells that ask the same; `paired` when their trials ran in turn within one run. */
export interface CellPair {
  readonly before: CellRecord;
  readonly after: CellRecord;
  readonly paired: boolean;
  /** What the write rate of the same cell differs from itself by; null: not measured. */
  readonly noise: NoiseRecord | null;
}

/**
 * The samples of one metric of two cells; null when one side did not measure it, or was given what
 * would be compared.
 */
export function samplesOf(pair: CellPair, metric: Metric): MetricSamples | null {
  const { name, better, minimumEffect, isOfLoad } = metric;
  const isRate = name === 'write rate';
  if (isRate && (isOffered(pair.before) || isOffered(pair.after))) return null;
  const [before, after] = [valuesOf(pair.before, metric), valuesOf(pair.after, metric)];
  if (before.size === 0 || after.size === 0) return null;
  // A/A pairs are of the write rate only; how much the others differ by themselves is not known.
  const floor = (trials: number): number | null => (isRate ? noiseShare(pair.noise, trials) : null);
  const doubt = isOfLoad ? limitDoubt(pair.before, pair.after) : null;
  const rest = { name, better, minimumEffect, doubt };
  if (!pair.paired) {
    return {
      ...rest, noiseFloor: floor(Math.min(before.size, after.size)), paired: false,
      before: [...before.values()], after: [...after.values()],
    };
  }
  const both = [...before.keys()].filter((index) => after.has(index));
  return {
    ...rest, noiseFloor: floor(both.length), paired: true,
    before: both.map((index) => before.get(index) ?? 0),
    after: both.map((index) => after.get(index) ?? 0),
  };
}

/** Values by trial. */
function valuesOf(cell: CellRecord, { read }: Metric): Map<number, number> {
  return new Map(cell.perTrial.filter((trial) => trial.error === null).flatMap((trial) => {
    const value = read(trial);
    return value === null ? [] : [[trial.index, value] as const];
  }));
}
