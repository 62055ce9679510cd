// Which windows of the recorded runs were hit by crash images: the table under a run that tears.

import { countText, groupedText } from '../plan/units.ts';
import type { CoverageRecord, RunRecord } from './record.ts';

/** The coverage of all recorded trials of a run. */
export interface Coverage {
  /** Instants judged by loss curves. */
  readonly instants: number;
  /** Instants judged from booted images, and different images among them. */
  readonly judged: number;
  readonly distinct: number;
  readonly rows: readonly CoverageRecord[];
}

/** Adds up the coverage of a run; null when nothing was recorded. */
export function coverageOf({ cells }: Pick<RunRecord, 'cells'>): Coverage | null {
  const trials = cells.flatMap((cell) => cell.perTrial).filter(({ curve }) => curve !== null);
  if (trials.length === 0) return null;
  const rows = new Map<string, CoverageRecord>();
  for (const { window, candidates, judged, distinct } of trials.flatMap((each) => each.coverage)) {
    const before = rows.get(window) ?? { candidates: 0, judged: 0, distinct: 0 };
    rows.set(window, {
      window,
      candidates: before.candidates + candidates,
      judged: before.judged + judged,
      distinct: before.distinct + distinct,
    });
  }
  const all = [...rows.values()];
  return {
    instants: trials.reduce((sum, { curve }) => sum + (curve?.instants ?? 0), 0),
    judged: all.reduce((sum, row) => sum + row.judged, 0),
    distinct: all.reduce((sum, row) => sum + row.distinct, 0),
    rows: all,
  };
}

/** How it came about, in a sentence. */
export function coverageSentence({ instants, judged, distinct }: Coverage): string {
  return `Power cuts: ${countText(instants, 'instant')} judged by loss curves, `
    + `${groupedText(judged)} from booted crash images, ${groupedText(distinct)} of them `
    + 'different.';
}

/** The table as cells of text, heading first; windows that never opened are left out. */
export function coverageTable({ rows }: Coverage): string[][] {
  const open = rows.filter(({ candidates }) => candidates > 0);
  return [
    ['window of the cut', 'points', 'images', 'different'],
    ...open.map(({ window, candidates, judged, distinct }) => (
      [window, groupedText(candidates), groupedText(judged), groupedText(distinct)])),
  ];
}

/** Whether the table says more than its sentence: few instants of the plan cover nothing. */
export function isTabled({ cells }: Pick<RunRecord, 'cells'>): boolean {
  return cells.some(({ perTrial }) => perTrial.some(({ cuts }) => cuts.length > 3));
}
