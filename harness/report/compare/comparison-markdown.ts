// A comparison as Markdown, for job summaries and comments.

import { verdictMark } from '../markdown.ts';
import { escaped, tableRow } from '../markdown-text.ts';
import { changeText, comparisonLine, sortedMetrics, valueText } from './comparison-text.ts';
import type { Comparison } from './compare.ts';
import type { Gate } from './gate.ts';

/** Rows beyond these are counted: a summary is read, not searched. */
const rowsMax = 40;

/** The gate's word, what changed, and the rest folded away. */
export function comparisonMarkdown(comparison: Comparison, gate: Gate | null = null): string {
  const metrics = sortedMetrics(comparison);
  const isLoud = ({ verdict }: (typeof metrics)[number]): boolean => (
    verdict === 'regression' || verdict === 'improvement');
  const [loud, quiet] = [metrics.filter(isLoud), metrics.filter((each) => !isLoud(each))];
  const head = gate === null ? '### What changed'
    : `## ${gate.verdict === 'pass' ? verdictMark.pass : verdictMark.fail} gate: ${
      gate.verdict}: ${escaped(gate.reason)}`;
  return `${[
    head, '', escaped(`${comparison.before} → ${comparison.after}: ${comparisonLine(comparison)}`),
    ...comparison.testbed.map((text) => `- different testbeds: ${escaped(text)}`),
    ...comparison.broken.map(({ cell, isNew }) => (
      `- **broken promise**${isNew ? ' (new)' : ''}: ${escaped(cell)}`)),
    ...table(loud),
    ...(quiet.length === 0 ? [] : ['', `<details><summary>${quiet.length} metrics without a sure `
      + 'change</summary>', ...table(quiet), '', '</details>']),
  ].join('\n')}\n`;
}

function table(metrics: ReturnType<typeof sortedMetrics>): string[] {
  if (metrics.length === 0) return [];
  const more = metrics.length - rowsMax;
  return ['',
    tableRow(['verdict', 'cell', 'metric', 'before', 'after', 'after ÷ or − before [95 %]']),
    tableRow(Array.from({ length: 6 }, () => '---')),
    ...metrics.slice(0, rowsMax).map((each) => tableRow([
      each.verdict, escaped(each.cell), each.name, valueText(each.beforeMedian, each.unit),
      valueText(each.afterMedian, each.unit), changeText(each).replaceAll(/[[\]]/g, '\\$&'),
    ])),
    ...(more > 0 ? ['', `… and ${more} more.`] : [])];
}
