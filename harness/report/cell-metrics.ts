// What is measured of a cell: one value a trial for each metric, and what all trials come to.

import { estimateMedian } from '../metrics/bounds.ts';
import type { Estimate } from '../metrics/bounds.ts';
import { median } from '../metrics/statistics.ts';
import type { CellRecord, CutRecord, LossRecord, TrialRecord } from './record.ts';

/** The words of records for the metrics. */
export const metricNames = [
  'qps', 'latencyUsP99', 'cpuUsPerOp', 'recoveryMs', 'lossWindowMs',
  'latencyUsP50', 'latencyUsP999', 'outageMs', 'lostWrites',
] as const;
export type MetricName = (typeof metricNames)[number];

/** A metric of trials. */
export interface Metric {
  readonly id: MetricName;
  /** For people. */
  readonly name: string;
  readonly unit: string;
  readonly better: 'higher' | 'lower';
  /** Share from which a change matters. */
  readonly minimumEffect: number;
  /** Whether it is that of the generator where that was the limit. */
  readonly isOfLoad: boolean;
  /**
   * Whose A/A pairs tell its noise. Of most all cells of a run; a loss depends on the setting far
   * more than on the machine, so `none` must not say what is noise of `always`.
   */
  readonly noiseOf: 'run' | 'cell';
  /** Null where the trial did not measure it. */
  readonly read: (trial: TrialRecord) => number | null;
}

const ofLoad = { isOfLoad: true, noiseOf: 'run' } as const;
const ofServer = { isOfLoad: false, noiseOf: 'run' } as const;
const ofLoss = { isOfLoad: false, noiseOf: 'cell' } as const;

/** Everything that is compared, most wanted first. */
export const comparedMetrics: readonly Metric[] = [
  { id: 'qps', name: 'write rate', unit: 'writes/s', better: 'higher', minimumEffect: 0.05,
    ...ofLoad, read: (trial) => trial.qps },
  { id: 'latencyUsP99', name: 'p99 of replies', unit: 'µs', better: 'lower', minimumEffect: 0.1,
    ...ofLoad, read: (trial) => trial.latencyUs?.p99 ?? null },
  { id: 'cpuUsPerOp', name: 'server CPU a write', unit: 'µs', better: 'lower',
    minimumEffect: 0.05, ...ofServer, read: (trial) => trial.serverCpuUsPerOp },
  { id: 'recoveryMs', name: 'serving again after', unit: 'ms', better: 'lower',
    minimumEffect: 0.1, ...ofServer,
    read: (trial) => medianOf(trial.cuts.flatMap((cut) => cut.recovery?.firstWriteMs ?? [])) },
  { id: 'lossWindowMs', name: 'loss window', unit: 'ms', better: 'lower', minimumEffect: 0.1,
    ...ofLoss, read: worstWindowMs },
];

/** All metrics: what is not compared says the same as one that is, and would ask more of it. */
export const cellMetrics: readonly Metric[] = [
  ...comparedMetrics,
  { id: 'latencyUsP50', name: 'p50 of replies', unit: 'µs', better: 'lower', minimumEffect: 0.1,
    ...ofLoad, read: (trial) => trial.latencyUs?.p50 ?? null },
  { id: 'latencyUsP999', name: 'p99.9 of replies', unit: 'µs', better: 'lower',
    minimumEffect: 0.1, ...ofLoad, read: (trial) => trial.latencyUs?.p999 ?? null },
  { id: 'outageMs', name: 'outage', unit: 'ms', better: 'lower', minimumEffect: 0.1,
    ...ofServer, read: (trial) => trial.outageMs },
  { id: 'lostWrites', name: 'writes lost', unit: 'writes', better: 'lower', minimumEffect: 0.1,
    ...ofLoss, read: usualLostWrites },
];

/** Values by trial. */
export function valuesOf(cell: TrialsOfCell, { read }: Metric): Map<number, number> {
  return new Map(cell.perTrial.filter((trial) => trial.error === null).flatMap((trial) => {
    const value = read(trial);
    return value === null ? [] : [[trial.index, value] as const];
  }));
}

type TrialsOfCell = Pick<CellRecord, 'perTrial'>;

/** The median of each metric that was measured, with its exact interval. */
export type Estimates = Readonly<Partial<Record<MetricName, Estimate>>>;

/** The estimates of a cell. */
export function estimatesOf(cell: TrialsOfCell): Estimates {
  return Object.fromEntries(cellMetrics.flatMap((metric) => {
    const values = [...valuesOf(cell, metric).values()];
    return values.length === 0 ? [] : [[metric.id, estimateMedian(values)] as const];
  }));
}

function medianOf(values: readonly number[]): number | null {
  return values.length === 0 ? null : median(values);
}

function judgedLosses(cuts: readonly CutRecord[]): LossRecord[] {
  return cuts.filter((cut) => cut.verdict !== 'inconclusive').flatMap((cut) => cut.loss ?? []);
}

/** Worst instant of the trial; instants of one trial are not independent. */
function worstWindowMs({ cuts }: TrialRecord): number | null {
  const losses = judgedLosses(cuts);
  if (losses.length === 0) return null;
  return losses.reduce((worst, loss) => Math.max(worst, loss.windowMs), 0);
}

/** Middle instant of the trial: of all that its curve knows, else of those that were booted. */
function usualLostWrites({ cuts, curve }: TrialRecord): number | null {
  const losses = judgedLosses(cuts);
  if (losses.length === 0) return null;
  return curve === null ? median(losses.map(({ writes }) => writes)) : curve.p50.writes;
}
