// summary.md: the content of the terminal table as Markdown, for job summaries and comments.

import { countText, durationText, groupedText, roundedText } from '../plan/units.ts';
import { advise } from './advice.ts';
import { coverageOf, coverageTable, isTabled } from './coverage.ts';
import { recordLabel } from './cell-label.ts';
import { escaped, tableRow } from './markdown-text.ts';
import { chartLines } from './mermaid.ts';
import { notes, verdictLine } from './notes.ts';
import type { CellRecord, RunRecord } from './record.ts';
import { intervalText, nothing, rangeMark, summarise } from './summary.ts';
import { studyTables } from './study-table.ts';
import type { StudyTable } from './study-table.ts';
import type { Summary } from './summary.ts';

/** A comment of a pull request holds 64 kB; the summary stays below. */
export const markdownLimitBytes = 60_000;

/** The summary: verdict, table, advice, notes, and the cells of each scenario folded away. */
export function markdownSummary(record: RunRecord): string {
  const { testbed } = record;
  const head = [
    `## ${verdictMark[record.verdict]} ${escaped(verdictLine(record))}`,
    '',
    ...tableLines(summarise(record)),
    ...studyTables(record).flatMap(studyLines),
    '',
    ...advise(record).map((sentence) => escaped(sentence)),
    '',
    ...notes(record).map((note) => `- ${escaped(note)}`),
    '',
    ...coverageLines(record),
    escaped(`Run ${record.id}, ${record.startedAt}, ${durationText(record.tookMs)}; Plugpull `
      + `${record.plugpull}, Node ${testbed.node}, ${testbed.kernel}.`),
  ].join('\n');
  const sections = [...new Set(record.cells.map((cell) => cell.scenario))]
    .map((name) => scenarioLines(name, record.cells).join('\n'));
  return fitted(head, sections);
}

/** The tables of studies alone and whole, for a page of figures; empty when nothing was studied. */
export function studyPage(record: RunRecord): string {
  const lines = studyTables(record).flatMap(studyLines);
  return lines.length === 0 ? '' : `${lines.slice(1).join('\n')}\n`;
}

/** Verdicts as one glance tells them; words stand beside it. */
export const verdictMark = { pass: '✅', fail: '❌', inconclusive: '⚠️' } as const;

/** As many sections as fit below the limit; the others are counted. */
function fitted(head: string, sections: readonly string[]): string {
  const note = '\n\n… the rest is in run.json.\n';
  const room = markdownLimitBytes - Buffer.byteLength(note);
  let text = cutToBytes(head, room);
  for (const section of sections) {
    const longer = `${text}\n\n${section}`;
    if (Buffer.byteLength(longer) > room) return text + note;
    text = longer;
  }
  return `${text}\n`;
}

function cutToBytes(text: string, limit: number): string {
  if (Buffer.byteLength(text) <= limit) return text;
  const lines = text.split('\n');
  while (lines.length > 1 && Buffer.byteLength(lines.join('\n')) > limit) lines.pop();
  return lines.join('\n');
}

function tableLines({ columns, rows }: Summary): string[] {
  if (rows.length === 0) return [];
  const manyTargets = new Set(rows.map((row) => row.target)).size > 1;
  const head = [...(manyTargets ? ['target'] : []), 'setting',
    ...columns.map((column) => column.label), 'verdict'];
  return [
    tableRow(head),
    tableRow(head.map(() => '---')),
    ...rows.map((row) => tableRow([
      ...(manyTargets ? [row.target] : []),
      `\`${row.setting}\``,
      ...row.texts.map((lines) => lines.map(escaped).join('<br>')),
      row.verdict === 'FAIL' ? '**FAIL**' : row.verdict,
    ])),
  ];
}

function studyLines({ title, rows }: StudyTable): string[] {
  const [head = [], ...others] = rows;
  const lines = others.map((row) => tableRow(row.map(escaped)));
  return ['', `**${title}**`, '', tableRow(head), tableRow(head.map(() => '---')), ...lines];
}

function coverageLines(record: RunRecord): string[] {
  const coverage = coverageOf(record);
  if (coverage === null || !isTabled(record)) return [];
  const [head = [], ...rows] = coverageTable(coverage);
  return [tableRow(head), tableRow(head.map(() => '---')), ...rows.map(tableRow), ''];
}

function scenarioLines(name: string, cells: readonly CellRecord[]): string[] {
  const own = cells.filter((cell) => cell.scenario === name);
  return [
    `<details><summary>${name}: ${countText(own.length, 'cell')}</summary>`,
    '',
    ...chartLines(own),
    tableRow(['target', 'setting', 'crash', 'keys before', 'trials', 'acknowledged',
      'writes a second', 'lost (median / worst)', 'verdict']),
    tableRow(Array.from({ length: 9 }, () => '---')),
    ...own.map(cellRow),
    '',
    '</details>',
  ];
}

function cellRow(cell: CellRecord): string {
  const { loss } = cell;
  return tableRow([
    `${cell.target.name} ${cell.target.version}`,
    `\`${recordLabel(cell)}\``,
    cell.crash,
    groupedText(cell.preloadKeys),
    String(cell.trials),
    groupedText(cell.writes.acknowledged),
    rateText(cell),
    loss === null ? nothing
      : `${groupedText(loss.writes.median)} / ${groupedText(loss.writes.max)}`,
    cell.verdict,
  ]);
}

function rateText({ qps, generatorLimited }: CellRecord): string {
  if (qps === null) return nothing;
  const rate = `${generatorLimited ? '≥ ' : ''}${roundedText(qps.median)}`;
  if (qps.ci95 !== null) return `${rate} (${intervalText(qps.ci95)})`;
  return qps.range === null ? rate : `${rate} (${intervalText(qps.range)} ${rangeMark})`;
}
