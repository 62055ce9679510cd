// Two runs, or two settings of one run, metric by metric: did it change, and is that more than
// noise? Only what was asked the same way on the same machine is compared.

import { compareMetrics } from '../../metrics/comparison.ts';
import type { ChangeVerdict, MetricComparison, MetricSamples } from '../../metrics/comparison.ts';
import { median } from '../../metrics/statistics.ts';
import { identityDifferences } from '../../metrics/testbed.ts';
import { recordLabel } from '../cell-label.ts';
import { askedDifferences } from '../cell-identity.ts';
import { comparedMetrics, metricNames } from '../cell-metrics.ts';
import type { Metric } from '../cell-metrics.ts';
import { noisesOf, widerNoise } from '../noise.ts';
import type { CellRecord, RunRecord, TestbedRecord } from '../record.ts';
import { samplesOf } from './samples.ts';
import type { CellPair } from './samples.ts';

/** One metric of one pair of cells. */
export interface ComparedMetric extends MetricComparison {
  /** Id of the cell, of the later one where they differ. */
  readonly cell: string;
  readonly unit: string;
  readonly beforeMedian: number;
  readonly afterMedian: number;
  readonly trials: number;
}

/** What became of everything between two runs. */
export interface Comparison {
  readonly before: string;
  readonly after: string;
  readonly metrics: readonly ComparedMetric[];
  /** Cells that break a promise afterwards: each a loss, whether it is new or not. */
  readonly broken: readonly { readonly cell: string; readonly isNew: boolean }[];
  /** Cells that cannot be compared, with the reason. */
  readonly left: readonly { readonly cell: string; readonly reason: string }[];
  /** What differs between the machines; empty for one testbed. */
  readonly testbed: readonly string[];
}

/**
 * Compares two runs cell by cell. `paired`: trial i of both met the same machine, because they ran
 * in turn.
 */
export function compareRuns(
  before: RunRecord, after: RunRecord, { paired = false }: { readonly paired?: boolean } = {},
): Comparison {
  const earlier = new Map(before.cells.map((cell) => [cell.id, cell]));
  const left: { cell: string; reason: string }[] = [];
  const noises = noisesBetween(before.cells, after.cells);
  const pairs = after.cells.flatMap((cell): CellPair[] => {
    const other = earlier.get(cell.id);
    earlier.delete(cell.id);
    const reason = other === undefined ? 'only in the later run' : loadDifference(other, cell);
    if (reason !== null) left.push({ cell: cell.id, reason });
    if (other === undefined || reason !== null) return [];
    return [{ before: other, after: cell, paired, noises }];
  });
  for (const id of earlier.keys()) left.push({ cell: id, reason: 'only in the earlier run' });
  return {
    before: before.id, after: after.id, left,
    metrics: metricsOf(pairs),
    broken: brokenOf(before.cells, after.cells),
    testbed: testbedDifferences(before.testbed, after.testbed),
  };
}

/** The noise of each metric, the larger of two runs. */
function noisesBetween(
  before: readonly CellRecord[], after: readonly CellRecord[],
): CellPair['noises'] {
  const [one, other] = [before, after].map((cells) => (
    new Map(noisesOf(cells).map((noise) => [noise.metric, noise]))));
  return new Map(metricNames.flatMap((metric) => {
    const wider = widerNoise(one?.get(metric) ?? null, other?.get(metric) ?? null);
    return wider === null ? [] : [[metric, wider] as const];
  }));
}

/** Compares two settings of one run; their trials ran in turn, so they are paired. */
export function compareSettings(
  { id, cells }: RunRecord, [before, after]: readonly [string, string],
): Comparison {
  const place = (cell: CellRecord): string => (
    cell.id.replace(`/${recordLabel(cell)}/`, '//'));
  const earlier = new Map(cells.filter((cell) => recordLabel(cell) === before)
    .map((cell) => [place(cell), cell]));
  const noises = noisesBetween(cells, []);
  const later = cells.filter((cell) => recordLabel(cell) === after);
  const pairs = later.flatMap((cell): CellPair[] => {
    const other = earlier.get(place(cell));
    return other === undefined ? []
      : [{ before: other, after: cell, paired: true, noises }];
  });
  return {
    before: `${id} ${before}`, after: `${id} ${after}`, left: [], testbed: [],
    metrics: metricsOf(pairs),
    broken: brokenOf([], later),
  };
}

/** All metrics of all pairs are one family: the more is compared, the less passes by chance. */
function metricsOf(pairs: readonly CellPair[]): ComparedMetric[] {
  const found = pairs.flatMap((pair) => comparedMetrics.flatMap((metric) => {
    const samples = samplesOf(pair, metric);
    return samples === null ? [] : [{ pair, metric, samples }];
  }));
  const compared = compareMetrics(found.map(({ samples }) => samples));
  return found.flatMap((each, at) => {
    const result = compared[at];
    return result === undefined ? [] : [describe(each, result)];
  });
}

function describe(
  { pair, metric, samples }: { pair: CellPair; metric: Metric; samples: MetricSamples },
  result: MetricComparison,
): ComparedMetric {
  const { before, after } = samples;
  return {
    ...result, cell: pair.after.id, unit: metric.unit,
    beforeMedian: median(before), afterMedian: median(after),
    trials: Math.min(before.length, after.length),
  };
}

function brokenOf(
  before: readonly CellRecord[], after: readonly CellRecord[],
): Comparison['broken'] {
  const failed = new Set(before.filter(({ verdict }) => verdict === 'fail').map(({ id }) => id));
  return after.filter(({ verdict }) => verdict === 'fail')
    .map(({ id }) => ({ cell: id, isNew: !failed.has(id) }));
}

/** Null when both were asked the same. */
function loadDifference(before: CellRecord, after: CellRecord): string | null {
  const differences = askedDifferences(before, after);
  return differences.length === 0 ? null : `asked differently: ${differences.join(', ')}`;
}

/** What keeps two machines from being compared; speed of the disk included when it doubled. */
export function testbedDifferences(before: TestbedRecord, after: TestbedRecord): string[] {
  const found = identityDifferences(
    { ...before, memoryBytes: before.memory }, { ...after, memoryBytes: after.memory });
  const [faster = 0, slower = 0] = [before, after].map((testbed) => testbed.fdatasyncUs.p50)
    .sort((a, b) => a - b);
  // Below this a probe measures the scheduler, not the disk.
  if (slower > 2 * Math.max(faster, 20)) {
    found.push(`fdatasync p50: ${before.fdatasyncUs.p50} → ${after.fdatasyncUs.p50} µs`);
  }
  return found;
}

/** From the one that matters most. */
export const verdictOrder: readonly ChangeVerdict[] = [
  'regression', 'improvement', 'inconclusive', 'within noise', 'no change',
];
