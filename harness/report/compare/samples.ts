// What of a cell is compared with another, and which noise is held against it.

import type { MetricSamples } from '../../metrics/comparison.ts';
import { valuesOf } from '../cell-metrics.ts';
import type { Metric, MetricName } from '../cell-metrics.ts';
import { noiseDifference, noiseOfMetric, noiseShare } from '../noise.ts';
import type { CellRecord, MetricNoiseRecord } from '../record.ts';
import { isOffered, limitDoubt } from '../verdicts.ts';

/** Two cells that ask the same; `paired` when their trials ran in turn within one run. */
export interface CellPair {
  readonly before: CellRecord;
  readonly after: CellRecord;
  readonly paired: boolean;
  /** What each metric differs from itself by in all cells of the runs. */
  readonly noises: ReadonlyMap<MetricName, MetricNoiseRecord>;
}

/**
 * The samples of one metric of two cells; null when one side did not measure it, or was given what
 * would be compared.
 */
export function samplesOf(pair: CellPair, metric: Metric): MetricSamples | null {
  const { id, name, better, minimumEffect, isOfLoad } = metric;
  if (id === 'qps' && (isOffered(pair.before) || isOffered(pair.after))) return null;
  const [before, after] = [valuesOf(pair.before, metric), valuesOf(pair.after, metric)];
  if (before.size === 0 || after.size === 0) return null;
  const noise = metric.noiseOf === 'run' ? pair.noises.get(id) ?? null
    : noiseOfMetric([pair.before, pair.after], metric);
  const floors = (trials: number): Pick<MetricSamples, 'noiseFloor' | 'differenceFloor'> => (
    { noiseFloor: noiseShare(noise, trials), differenceFloor: noiseDifference(noise, trials) });
  const doubt = isOfLoad ? limitDoubt(pair.before, pair.after) : null;
  const rest = { name, better, minimumEffect, doubt };
  if (!pair.paired) {
    return {
      ...rest, ...floors(Math.min(before.size, after.size)), paired: false,
      before: [...before.values()], after: [...after.values()],
    };
  }
  const both = [...before.keys()].filter((index) => after.has(index));
  return {
    ...rest, ...floors(both.length), paired: true,
    before: both.map((index) => before.get(index) ?? 0),
    after: both.map((index) => after.get(index) ?? 0),
  };
}
