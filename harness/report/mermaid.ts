// Charts of the Markdown summary, which GitHub draws: one for each scenario, of the figure that it
// was run for. One series each, since neither legend nor colours can be told apart there.

import { studyLabel } from '../plan/studies.ts';
import { recordLabel } from './cell-label.ts';
import type { CellRecord } from './record.ts';

/** Bars beyond these cannot be read. */
const barsMax = 24;

interface Figure {
  readonly title: string;
  readonly axis: string;
  readonly of: (cell: CellRecord) => number | null;
}

/** What a scenario may have been run for, most wanted first. */
const figures: readonly Figure[] = [
  { title: 'Writes a second', axis: 'writes/s', of: ({ qps }) => qps?.median ?? null },
  { title: 'Serving again after', axis: 'ms',
    of: ({ recoveryMs, measures }) => (
      measures.includes('recovery') ? recoveryMs?.median ?? null : null) },
  { title: 'Acknowledged writes lost at worst', axis: 'writes',
    of: ({ loss }) => loss?.writes.max ?? null },
];

/** The chart of the cells of a scenario; no lines when fewer than two have a figure. */
export function chartLines(cells: readonly CellRecord[]): string[] {
  for (const { title, axis, of } of figures) {
    const bars = cells.flatMap((cell) => {
      const value = of(cell);
      return value === null ? [] : [{ cell, value }];
    }).slice(0, barsMax);
    if (bars.length < 2) continue;
    const names = bars.map(({ cell }) => quoted(nameOf(cell, cells)));
    return [
      '```mermaid', 'xychart-beta horizontal', `  title ${quoted(title)}`,
      `  x-axis [${names.join(', ')}]`, `  y-axis ${quoted(axis)}`,
      `  bar [${bars.map(({ value }) => Math.round(value)).join(', ')}]`, '```', '',
    ];
  }
  return [];
}

/** What tells this cell from the others. */
function nameOf(cell: CellRecord, among: readonly CellRecord[]): string {
  const differs = (part: (each: CellRecord) => unknown): boolean => (
    among.some((each) => part(each) !== part(cell)));
  return [
    ...(differs((each) => each.target.name) ? [cell.target.name] : []),
    cell.study === undefined ? recordLabel(cell) : studyLabel(cell.study),
    ...(differs((each) => each.crash) ? [cell.crash] : []),
    ...(differs((each) => each.preloadKeys) ? [`${cell.preloadKeys} keys`] : []),
    ...(cell.config.faults === undefined ? [] : [cell.config.faults]),
  ].join(' ');
}

/** A text of mermaid: nothing in it can end it. */
function quoted(text: string): string {
  return `"${text.replaceAll(/["`\\[\]\s]+/g, ' ')}"`;
}
