// How what a study measured grows with one size, all else alike: a line for each group of cells,
// with what it leaves over. Computed from the cells, so records of earlier versions have it too.

import * as v from 'valibot';
import { fitLine, growthWord } from '../metrics/growth.ts';
import { median } from '../metrics/statistics.ts';
import { studyLabel, tailShareOf } from '../plan/studies.ts';
import { groupedText } from '../plan/units.ts';
import type { CellRecord } from './record.ts';

/** What grows: time to the first write, time that background work takes, p99 while it runs. */
export const growthMeasures = ['firstWriteMs', 'tookMs', 'duringP99Ms'] as const;
/** With what: keys, bytes of all files before the start, commands behind the base, offered rate. */
export const growthSizes = ['keys', 'diskBytes', 'tailCommands', 'ratePerSecond'] as const;

type Measure = (typeof growthMeasures)[number];
type Size = (typeof growthSizes)[number];
type Point = readonly [size: number, ms: number];

/** A straight line by least squares, ms = startMs + slopeMs · size. */
export interface GrowthRecord {
  readonly measure: Measure;
  readonly by: Size;
  /** What all points have in common. */
  readonly name: string;
  /** One a cell, the median of its trials. */
  readonly points: readonly Point[];
  /** `linear` where no point lies farther than a tenth from the line; `too few sizes` below 3. */
  readonly growth: string;
  /** Null, as what follows, for fewer than two different sizes. */
  readonly startMs: number | null;
  /** ms for one more of the size. */
  readonly slopeMs: number | null;
  /** Standard deviation of what the line leaves over, ms; null for two points as well. */
  readonly residualMs: number | null;
  /** The largest distance of a point from the line, as a share of the point. */
  readonly worstShare: number | null;
}

const finite = v.pipe(v.number(), v.finite());

/** The shape of a line. */
export const growthSchema: v.GenericSchema<unknown, GrowthRecord> = v.strictObject({
  measure: v.picklist(growthMeasures), by: v.picklist(growthSizes), name: v.string(),
  points: v.array(v.tuple([finite, finite])), growth: v.string(), startMs: v.nullable(finite),
  slopeMs: v.nullable(finite), residualMs: v.nullable(finite), worstShare: v.nullable(finite),
});

/** The lines of all studies, those of one measure and size together; empty without a study. */
export function growthsOf(cells: readonly CellRecord[]): GrowthRecord[] {
  const recovery = cells.filter(({ study }) => study?.kind === 'recovery');
  const snapshot = cells.filter(({ study }) => study?.kind === 'snapshot');
  const rated = snapshot.filter(({ study }) => (
    study?.kind === 'snapshot' && study.ratePerSecond !== undefined));
  return [
    ...lines(recovery, { measure: 'firstWriteMs', by: 'keys', nameOf: studyName, least: 1 })
      .filter(({ name, startMs }) => startMs !== null || !isOfManySizes(recovery, name)),
    ...lines(recovery, { measure: 'firstWriteMs', by: 'diskBytes', nameOf: formName, least: 2 }),
    ...lines(recovery.filter(hasTail), {
      measure: 'firstWriteMs', by: 'tailCommands', nameOf: baseName, least: 3,
    }),
    ...(['tookMs', 'duringP99Ms'] as const).flatMap((measure) => [
      ...lines(snapshot, { measure, by: 'keys', nameOf: studyName, least: 2 }),
      ...lines(rated, { measure, by: 'ratePerSecond', nameOf: workName, least: 2 }),
    ]),
  ];
}

/** How a cell of a study is called: target, what it studied, the file system of its own. */
export function studyName({ target, study, perTrial: [trial] }: CellRecord): string {
  const block = trial?.cuts[0]?.block;
  const ground = block === undefined ? '' : ` on ${block.fileSystem}`;
  return `${target.name} ${study === undefined ? '' : studyLabel(study)}${ground}`;
}

function isOfManySizes(cells: readonly CellRecord[], name: string): boolean {
  return cells.some((cell) => studyName(cell) === name
    && cell.study?.kind === 'recovery' && cell.study.valueSizeBytes !== undefined);
}

/** Without the value size, where that is what makes the bytes more; else as every study. */
function formName(cell: CellRecord): string {
  const { study } = cell;
  if (study?.kind !== 'recovery' || study.valueSizeBytes === undefined) return studyName(cell);
  const { valueSizeBytes: _, ...rest } = study;
  return `${studyName({ ...cell, study: rest })}, ${groupedText(cell.preloadKeys)} keys`;
}

/** Without the rate, which is what it grows with. */
function workName(cell: CellRecord): string {
  if (cell.study?.kind !== 'snapshot') return studyName(cell);
  const { ratePerSecond: _, ...rest } = cell.study;
  return `${studyName({ ...cell, study: rest })}, ${groupedText(cell.preloadKeys)} keys`;
}

/** Without the form: each has another length of tail. */
function baseName(cell: CellRecord): string {
  if (cell.study?.kind !== 'recovery') return studyName(cell);
  const { form } = cell.study;
  return studyName(cell).replace(` ${form}/`, ` ${groupedText(cell.preloadKeys)} keys/`);
}

/** Logs on a base that is a snapshot, with no commands behind it or some. */
function hasTail({ study }: CellRecord): boolean {
  if (study?.kind !== 'recovery') return false;
  return study.form === 'aof-rdb-base' || tailShareOf(study.form) > 0;
}

interface Line {
  readonly measure: Measure;
  readonly by: Size;
  readonly nameOf: (cell: CellRecord) => string;
  /** Different sizes below which there is no line worth showing. */
  readonly least: number;
}

function lines(
  cells: readonly CellRecord[], { measure, by, nameOf, least }: Line,
): GrowthRecord[] {
  return [...Map.groupBy(cells, nameOf)].flatMap(([name, group]): GrowthRecord[] => {
    const points = group.flatMap((cell): Point[] => {
      const [size, ms] = [sizeOf(cell, by), measured(cell, measure)];
      return size === null || ms === null ? [] : [[size, ms]];
    });
    if (least > 1 && new Set(points.map(([size]) => size)).size < least) return [];
    const line = fitLine(points);
    return [{
      measure, by, name, points, growth: growthWord(points),
      startMs: line?.intercept ?? null, slopeMs: line?.slope ?? null,
      residualMs: line?.residualSd ?? null, worstShare: line?.worstShare ?? null,
    }];
  });
}

function sizeOf({ study, preloadKeys, perTrial }: CellRecord, by: Size): number | null {
  if (study?.kind === 'snapshot') {
    return by === 'keys' ? preloadKeys : study.ratePerSecond ?? null;
  }
  return middle(perTrial.flatMap(({ study: found }) => (
    found?.kind === 'recovery' && by !== 'ratePerSecond' ? [found[by]] : [])));
}

function measured({ recoveryMs, perTrial }: CellRecord, measure: Measure): number | null {
  if (measure === 'firstWriteMs') return recoveryMs?.median ?? null;
  return middle(perTrial.flatMap(({ study }) => {
    if (study?.kind !== 'snapshot') return [];
    return [measure === 'tookMs' ? study.tookMs : study.during.p99Us / 1000];
  }));
}

function middle(values: readonly number[]): number | null {
  return values.length === 0 ? null : median(values);
}
