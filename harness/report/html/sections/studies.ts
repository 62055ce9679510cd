// What background work and another way in cost in reply times: a row for each cell that studied
// one, and the tables of both.

import { median } from '../../../metrics/statistics.ts';
import { studyLabel } from '../../../plan/studies.ts';
import { countText, shareText, significant } from '../../../plan/units.ts';
import type { RunRecord } from '../../record.ts';
import { studyTables } from '../../study-table.ts';
import { axes, chartMarkup, legendMarkup, mark, shortened, studyLook, tip } from '../chart.ts';
import type { Plot, Size } from '../chart.ts';
import { html, name, studyMarkup } from '../markup.ts';
import type { Markup } from '../markup.ts';
import { logScale } from '../scales.ts';

/** The charts and tables; null for a run that studied neither. */
export function latencyStudies(record: RunRecord): Markup | null {
  const tables = studyTables(record).filter(({ kind }) => kind !== 'recovery');
  if (tables.length === 0) return null;
  const [work, edges] = [workRows(record), edgeRows(record)];
  return html`${work.length === 0 ? null : chart(work, workChart)}
${edges.length === 0 ? null : chart(edges, edgeChart)}${tables.map(studyMarkup)}`;
}

/** The 99th percentiles of one cell, one for each series, µs. */
interface Row {
  readonly label: string;
  readonly p99Us: readonly number[];
}

interface Kind {
  readonly title: string;
  readonly series: readonly string[];
  /** What the first series is compared with in the sentence. */
  readonly than: string;
}

const workChart: Kind = {
  title: 'Slowest hundredth of replies before, during and after background work',
  series: ['before', 'during', 'after'], than: 'during the work than before it',
};
const edgeChart: Kind = {
  title: 'Slowest hundredth of replies over RESP and over HTTP',
  series: ['RESP', 'HTTP'], than: 'over HTTP than over RESP',
};

function workRows({ cells }: RunRecord): Row[] {
  return cells.flatMap((cell): Row[] => {
    const found = cell.perTrial.flatMap(({ study }) => (study?.kind === 'snapshot' ? [study] : []));
    if (found.length === 0 || cell.study === undefined) return [];
    const phases = (['before', 'during', 'after'] as const)
      .map((phase) => median(found.map((study) => study[phase].p99Us)));
    return [{ label: `${cell.target.name} ${studyLabel(cell.study)}`, p99Us: phases }];
  });
}

function edgeRows({ cells }: RunRecord): Row[] {
  return cells.flatMap((cell): Row[] => {
    const found = cell.perTrial.flatMap(({ study }) => (study?.kind === 'http' ? [study] : []));
    if (found.length === 0 || cell.study === undefined) return [];
    const sides = (['resp', 'http'] as const)
      .map((side) => median(found.map((study) => study[side].latencyUs.p99)));
    return [{ label: `${cell.target.name} ${studyLabel(cell.study)}`, p99Us: sides }];
  });
}

function chart(rows: readonly Row[], kind: Kind): Markup {
  return chartMarkup({
    title: kind.title,
    reading: readingOf(rows, kind),
    height: (isNarrow) => 60 + rows.length * (isNarrow ? 44 : 28),
    draw: (size) => drawing(rows, kind, size),
    legend: legendMarkup(kind.series.map((label, at) => ({ label, look: studyLook(at) })), 'mark'),
    table: {
      caption: `${kind.title}, p99 in ms`, columns: ['cell', ...kind.series],
      rows: rows.map(({ label, p99Us }) => [name(label), ...p99Us.map(msText)]),
    },
  });
}

function readingOf(rows: readonly Row[], { than }: Kind): string {
  const factors = rows.map(({ label, p99Us: [first = 0, second = 0] }) => (
    { label, factor: first > 0 ? second / first : 0 }))
    .sort((one, other) => other.factor - one.factor);
  const [most] = factors;
  if (most === undefined) return 'Nothing was measured.';
  const slower = factors.filter(({ factor }) => factor > 1.1).length;
  if (slower === 0) return `No p99 was more than a tenth longer ${than}.`;
  return `In ${slower} of ${countText(rows.length, 'cell')} the p99 was more than a tenth longer `
    + `${than}, most of all in ${most.label}: ${significant(most.factor)} times, a change of ${
      shareText(most.factor - 1)}.`;
}

function msText(us: number): string {
  return significant(us / 1000);
}

function drawing(
  rows: readonly Row[], { series }: Kind, { width, height, isNarrow }: Size,
): Markup {
  const left = isNarrow ? 10 : 250;
  const plot: Plot = { left, right: width - 30, top: 8, bottom: height - 46 };
  const all = rows.flatMap(({ p99Us }) => p99Us.map((us) => Math.max(1, us)));
  const x = logScale([Math.min(...all), Math.max(...all)], [plot.left, plot.right]);
  const pitch = isNarrow ? 44 : 28;
  return html`${axes(plot, {
    x: { scale: x, label: 'p99 of replies →',
      text: (us) => (us >= 1000 ? `${us / 1000} ms` : `${us} µs`) },
    y: { scale: { at: () => plot.bottom, ticks: [] }, label: '', text: String },
  })}${rows.map(({ label, p99Us }, at) => {
    const y = plot.top + at * pitch + (isNarrow ? 30 : 14);
    const text = shortened(label, isNarrow ? 44 : 36);
    return html`<text class="name" x="${isNarrow ? left : left - 8}" y="${isNarrow ? y - 12
      : y + 4}" text-anchor="${isNarrow ? 'start' : 'end'}">${text}</text>${p99Us.map((us, one) => (
      mark(studyLook(one), { x: x.at(Math.max(1, us)), y, radius: 5 },
        tip(`${label}, ${series[one] ?? ''}: ${msText(us)} ms`))))}`;
  })}`;
}
