// What the same cell differs from itself by in one run, metric by metric: repetitions in
// neighbouring blocks are A/A pairs, and give each metric a noise floor of its own.

import { differenceFloorFor, differenceNoise, floorFor, noiseFloor }
  from '../metrics/paired-ratio.ts';
import type { Pair } from '../metrics/paired-ratio.ts';
import { cellMetrics, valuesOf } from './cell-metrics.ts';
import type { Metric } from './cell-metrics.ts';
import type { CellRecord, MetricNoiseRecord, NoiseRecord } from './record.ts';
import { isOffered } from './verdicts.ts';

/** The noise of each metric that has a pair, by the cells given. */
export function noisesOf(cells: readonly CellRecord[]): MetricNoiseRecord[] {
  return cellMetrics.flatMap((metric) => noiseOfMetric(cells, metric) ?? []);
}

/** The noise of one metric by the cells given; null without a pair. */
export function noiseOfMetric(
  cells: readonly CellRecord[], metric: Metric,
): MetricNoiseRecord | null {
  // A rate that was given says nothing of the server.
  const own = metric.id === 'qps' ? cells.filter((cell) => !isOffered(cell)) : cells;
  const pairs = own.flatMap((cell) => neighbours(valuesOf(cell, metric)));
  if (pairs.length === 0) return null;
  const ratio = noiseFloor(pairs.filter(([one, other]) => one > 0 && other > 0));
  return {
    metric: metric.id, pairs: pairs.length,
    share: ratio?.share ?? null, pairShare: ratio?.pairShare ?? null, ...differenceNoise(pairs),
  };
}

/** The same of the write rate alone; null where no cell has two rates of its own. */
export function rateNoiseOf(noises: readonly MetricNoiseRecord[]): NoiseRecord | null {
  const found = noises.find(({ metric }) => metric === 'qps');
  if (found === undefined || found.share === null) return null;
  const { share, pairShare, pairs } = found;
  return { metric: 'qps', share, pairShare, pairs };
}

/** The larger noise of two runs: it may hide a change of either. */
export function widerNoise(
  one: MetricNoiseRecord | null, other: MetricNoiseRecord | null,
): MetricNoiseRecord | null {
  if (one === null || other === null) return one ?? other;
  const wider = (name: 'share' | 'pairShare'): number | null => (
    one[name] === null ? other[name] : Math.max(one[name], other[name] ?? 0));
  return {
    ...one, pairs: one.pairs + other.pairs, share: wider('share'), pairShare: wider('pairShare'),
    bias: Math.max(one.bias, other.bias),
    pairDifference: Math.max(one.pairDifference, other.pairDifference),
  };
}

/** Trials 0 and 1, 2 and 3 and so on: each trial is in one pair, so the pairs are independent. */
function neighbours(values: ReadonlyMap<number, number>): Pair[] {
  return [...values].flatMap(([index, value]): Pair[] => {
    const next = index % 2 === 0 ? values.get(index + 1) : undefined;
    return next === undefined ? [] : [[value, next]];
  });
}

/** The share up to which a difference of so many trials may be noise; null: not measured. */
export function noiseShare(
  noise: Pick<MetricNoiseRecord, 'share' | 'pairShare'> | null, trials: number,
): number | null {
  if (noise === null || noise.share === null) return null;
  // Records of earlier versions know the bias alone.
  return floorFor({ share: noise.share, pairShare: noise.pairShare ?? noise.share }, trials);
}

/** The same as a difference, in the unit of the metric. */
export function noiseDifference(noise: MetricNoiseRecord | null, trials: number): number | null {
  return noise === null ? null : differenceFloorFor(noise, trials);
}
