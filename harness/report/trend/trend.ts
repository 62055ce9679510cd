// The history as series, one for each testbed, cell and metric, with the places where it changed
// and whether the last two nights stand out.

import { changePoints, latestShift } from '../../metrics/change-points.ts';
import type { ChangePoint } from '../../metrics/change-points.ts';
import { significant } from '../../plan/units.ts';
import { comparedMetrics } from '../cell-metrics.ts';
import type { Metric } from '../cell-metrics.ts';
import type { History, HistoryRun } from './history.ts';

/** One metric of one cell that was asked the same, on one testbed, night by night. */
export interface TrendSeries {
  readonly testbed: string;
  readonly cell: string;
  /** What the cell was asked, as in the history; null: it was not told. */
  readonly asked: string | null;
  readonly metric: Metric;
  readonly runs: readonly HistoryRun[];
  readonly values: readonly number[];
  readonly changes: readonly TrendChange[];
  readonly alert: TrendAlert | null;
}

/** A change of level. */
export interface TrendChange extends ChangePoint {
  readonly isWorse: boolean;
  /** The run that is the first of the new level. */
  readonly run: HistoryRun;
}

/** The last night stands out; confirmed when the one before it, or its rerun, agrees. */
export interface TrendAlert {
  readonly isWorse: boolean;
  readonly isConfirmed: boolean;
  readonly level: number;
}

/** Runs that are looked at: older ones stay in the file. */
export const lookBackMax = 400;

/** Every series with at least two nights; confirmed alerts first, then those with changes. */
export function trendsOf({ runs }: History): TrendSeries[] {
  const testbeds = [...new Set(runs.map((run) => run.testbed))];
  return testbeds.flatMap((testbed) => {
    const own = runs.filter((run) => run.testbed === testbed).slice(-lookBackMax);
    const cells = [...new Set(own.flatMap((run) => Object.keys(run.cells)))];
    return cells.flatMap((cell) => (
      [...Map.groupBy(own, (run) => run.asked?.[cell] ?? null)].flatMap(([asked, runs]) => (
        comparedMetrics.flatMap((metric) => seriesOf({ testbed, cell, asked, metric }, runs))))));
  }).sort((one, other) => rankOf(other) - rankOf(one));
}

function seriesOf(
  about: Pick<TrendSeries, 'testbed' | 'cell' | 'asked' | 'metric'>, runs: readonly HistoryRun[],
): TrendSeries[] {
  const { cell, metric } = about;
  const measured = runs.flatMap((run) => {
    const value = run.cells[cell]?.[metric.name];
    return value === undefined ? [] : [{ run, value }];
  });
  if (measured.length < 2) return [];
  const values = measured.map(({ value }) => value);
  const isWorse = (isUp: boolean): boolean => isUp === (metric.better === 'lower');
  const shift = latestShift(values, { minimumEffect: metric.minimumEffect });
  return [{
    ...about, values,
    runs: measured.map(({ run }) => run),
    changes: changePoints(values).flatMap((point) => {
      const run = measured[point.index]?.run;
      return run === undefined ? []
        : [{ ...point, run, isWorse: isWorse(point.afterMedian > point.beforeMedian) }];
    }),
    alert: shift === null ? null : {
      isWorse: isWorse(shift.direction === 'up'), isConfirmed: shift.nights === 2,
      level: shift.level,
    },
  }];
}

function rankOf({ alert, changes }: TrendSeries): number {
  const urgency = alert === null ? 0 : alert.isConfirmed ? 4 : 2;
  return urgency + (changes.length > 0 ? 1 : 0);
}

/** One sentence for each alert and for the newest change of each series. */
export function trendSentences(series: readonly TrendSeries[]): string[] {
  return series.flatMap(sentencesOf);
}

function sentencesOf({ cell, metric, changes, alert, values }: TrendSeries): string[] {
  const what = `${metric.name} of ${cell}`;
  const sentences: string[] = [];
  if (alert !== null) {
    const word = alert.isWorse ? 'worse' : 'better';
    const value = `${significant(values.at(-1) ?? 0)} ${metric.unit}`;
    const doubt = alert.isConfirmed ? 'two nights agree' : 'one more night or a rerun decides';
    sentences.push(`${alert.isConfirmed ? 'ALERT' : 'watch'}: ${what} is ${word}: ${value} `
      + `against ${significant(alert.level)}; ${doubt}`);
  }
  const change = changes.at(-1);
  if (change !== undefined) {
    const { run, beforeMedian, afterMedian } = change;
    const revision = run.revision === null ? '' : ` (${run.revision})`;
    sentences.push(`changed: ${what} is ${change.isWorse ? 'worse' : 'better'} since `
      + `${run.at.slice(0, 10)}${revision}: ${significant(beforeMedian)} → `
      + `${significant(afterMedian)} ${metric.unit}`);
  }
  return sentences;
}
