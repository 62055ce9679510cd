// The table at the end of a run, for terminals: columns where they fit, else a block a setting.

import { aligned } from '../plan/plan-text.ts';
import { advise } from './advice.ts';
import { coverageOf, coverageTable, isTabled } from './coverage.ts';
import { brokenMark, notes, verdictLine } from './notes.ts';
import type { RunRecord } from './record.ts';
import { studyTables } from './study-table.ts';
import type { StudyTable } from './study-table.ts';
import { summarise } from './summary.ts';
import type { Row, Summary } from './summary.ts';

/** How a text is laid out. */
export interface Layout {
  /** Width of the terminal. */
  readonly columns: number;
  /** Whether escape codes may be used. */
  readonly color: boolean;
}

const gap = '  ';

/** What a run prints when it is over: table, advice, notes, and the verdict with the seed last. */
export function reportText(record: RunRecord, layout: Layout): string {
  const summary = summarise(record);
  const width = Math.min(layout.columns, 120);
  const lines = summary.rows.length === 0 ? [] : tableLines(summary, layout);
  for (const table of studyTables(record)) lines.push(...studyLines(table, width));
  const advice = advise(record);
  if (advice.length > 0) lines.push('');
  for (const sentence of advice) lines.push(...wrap(sentence, width, ''));
  lines.push(...coverageLines(record));
  lines.push('');
  for (const note of notes(record)) {
    const mark = note.startsWith(brokenMark) ? 'FAIL' : '';
    lines.push(...wrap(note, width, '  ').map((line) => colored(line, mark, layout)));
  }
  const verdict = wrap(verdictLine(record), width, '');
  lines.push('', ...verdict.map((line) => colored(line, record.verdict, layout)));
  return `${lines.join('\n')}\n`;
}

/** A table of a study; where it is too wide each row becomes a block. */
function studyLines({ title, rows }: StudyTable, width: number): string[] {
  const [head = [], ...others] = rows;
  const widths = head.map((_, column) => widest(rows.map((row) => row[column] ?? '')));
  const total = widths.reduce((sum, each) => sum + each + gap.length, -gap.length);
  if (total <= width) return ['', title, ...rows.map((row) => joined(row, widths))];
  const label = widest(head.slice(1));
  return ['', title, ...others.flatMap(([name = '', ...texts]) => [
    name, ...texts.map((text, column) => `  ${(head[column + 1] ?? '').padEnd(label)}  ${text}`),
  ])];
}

function coverageLines(record: RunRecord): string[] {
  const coverage = coverageOf(record);
  return coverage === null || !isTabled(record) ? [] : ['', ...aligned(coverageTable(coverage))];
}

/** The table alone. */
export function tableLines(summary: Summary, layout: Layout): string[] {
  const grid = gridOf(summary);
  const width = grid.widths.reduce((sum, each) => sum + each + gap.length, -gap.length);
  return width <= layout.columns
    ? wideLines(summary, grid.widths, layout)
    : stackedLines(summary, layout);
}

/**
 * Cuts a text into lines of at most `width`, at spaces; lines after the first are indented. Lines
 * that the text has already, such as a server's last words, stay lines of their own.
 */
export function wrap(text: string, width: number, indent: string): string[] {
  const [first = '', ...others] = text.split('\n');
  const quoted = others.flatMap((line) => {
    const [head = '', ...tail] = wrapLine(line.trim(), width - indent.length, indent);
    return [indent + head, ...tail.map((each) => indent + each)];
  });
  return [...wrapLine(first, width, indent), ...quoted];
}

function wrapLine(text: string, width: number, indent: string): string[] {
  const lines: string[] = [];
  let line = '';
  for (const word of text.split(' ')) {
    const longer = line === '' ? word : `${line} ${word}`;
    if (visibleLength(longer) > width && line.trim() !== '') {
      lines.push(line);
      line = indent + word;
    } else {
      line = longer;
    }
  }
  return [...lines, line];
}

function gridOf(summary: Summary): { widths: number[] } {
  const columns = summary.columns.map((column, at) => widest([
    ...column.heading, ...summary.rows.flatMap((row) => row.texts[at] ?? []),
  ]));
  const setting = widest(['setting', ...summary.rows.map((row) => row.setting)]);
  const verdict = widest(['verdict', ...summary.rows.map((row) => row.verdict)]);
  return { widths: [setting, ...columns, verdict] };
}

function wideLines(summary: Summary, widths: readonly number[], layout: Layout): string[] {
  const total = widths.reduce((sum, width) => sum + width + gap.length, -gap.length);
  const depth = Math.max(1, ...summary.columns.map((column) => column.heading.length));
  const lines: string[] = [];
  for (let line = 0; line < depth; line++) {
    const last = line === depth - 1;
    const texts = summary.columns.map((column) => column.heading[line] ?? '');
    lines.push(joined([last ? 'setting' : '', ...texts, last ? 'verdict' : ''], widths));
  }
  for (const target of new Set(summary.rows.map((row) => row.target))) {
    lines.push(ruler(target, total));
    const rows = summary.rows.filter((row) => row.target === target);
    lines.push(...rows.flatMap((row) => rowLines(row, widths, layout)));
  }
  return [...lines, '─'.repeat(total)];
}

function ruler(target: string, total: number): string {
  return `── ${target} `.padEnd(total, '─');
}

function rowLines(row: Row, widths: readonly number[], layout: Layout): string[] {
  const depth = Math.max(1, ...row.texts.map((text) => text.length));
  return Array.from({ length: depth }, (_, line) => {
    const texts = row.texts.map((text) => text[line] ?? '');
    const verdict = line === 0 ? colored(row.verdict, row.verdict, layout) : '';
    return joined([line === 0 ? row.setting : '', ...texts, verdict], widths);
  });
}

function joined(texts: readonly string[], widths: readonly number[]): string {
  return texts.map((text, column) => {
    const missing = (widths[column] ?? 0) - visibleLength(text);
    return text + ' '.repeat(Math.max(0, missing));
  }).join(gap).trimEnd();
}

function stackedLines(summary: Summary, layout: Layout): string[] {
  const label = widest(summary.columns.map((column) => column.label));
  const lines: string[] = [];
  for (const row of summary.rows) {
    if (lines.length > 0) lines.push('');
    lines.push(`${row.target} ${row.setting}: ${colored(row.verdict, row.verdict, layout)}`);
    summary.columns.forEach((column, at) => {
      const text = (row.texts[at] ?? []).join('; ');
      const oneLine = `  ${column.label.padEnd(label)}  ${text}`;
      if (oneLine.length <= layout.columns) lines.push(oneLine);
      else lines.push(`  ${column.label}`, `    ${text}`);
    });
  }
  return lines;
}

const codes: Readonly<Record<string, string>> = {
  pass: '32', FAIL: '1;31', fail: '1;31', inconclusive: '33',
};

function colored(text: string, verdict: string, layout: Layout): string {
  const code = codes[verdict];
  return layout.color && code !== undefined ? `\u001b[${code}m${text}\u001b[0m` : text;
}

function widest(texts: readonly string[]): number {
  return Math.max(0, ...texts.map(visibleLength));
}

/** Characters that take room on the screen. */
function visibleLength(text: string): number {
  // oxlint-disable-next-line no-control-regex
  return [...text.replaceAll(/\u001b\[[\d;]*m/g, '')].length;
}
