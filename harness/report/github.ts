// What GitHub Actions reads from a step: annotations on its output, values for later steps.

import type { Comparison } from './compare/compare.ts';
import { ratioText, sortedMetrics, valueText } from './compare/comparison-text.ts';
import { openReason } from './notes.ts';
import type { RunRecord } from './record.ts';

/** Annotations beyond these GitHub drops without a word: ten of each kind a step. */
const annotationsMax = 10;

/** `::error` for each broken promise, `::warning` for each cell that could not be answered. */
export function annotations({ failures, cells }: RunRecord): string[] {
  const errors = failures.map(({ cell, text, repro }) => (
    command('error', `Broken promise: ${cell}`, `${text}\nAgain: ${repro}`)));
  const warnings = cells.filter((cell) => cell.verdict === 'inconclusive')
    .map((cell) => command('warning', `Not answered: ${cell.id}`, openReason(cell)));
  return [...limited(errors, 'error'), ...limited(warnings, 'warning')];
}

/** `::error` for each metric that got worse beyond doubt. */
export function regressionAnnotations(comparison: Comparison): string[] {
  const worse = sortedMetrics(comparison).filter(({ verdict }) => verdict === 'regression');
  return limited(worse.map((metric) => command('error', `Regression: ${metric.name}`,
    `${metric.cell}: ${valueText(metric.beforeMedian, metric.unit)} → ${
      valueText(metric.afterMedian, metric.unit)}, ${ratioText(metric)}`)), 'error');
}

/** Lines for the file that `$GITHUB_OUTPUT` names; values hold no line breaks. */
export function outputLines(record: RunRecord, reportPath: string | null): string[] {
  const values = {
    'verdict': record.verdict, 'run-id': record.id, 'seed': String(record.seed),
    'report': reportPath ?? '',
  };
  return Object.entries(values).map(([key, value]) => `${key}=${value.replaceAll(/[\r\n]/g, ' ')}`);
}

function limited(lines: readonly string[], kind: 'error' | 'warning'): string[] {
  if (lines.length <= annotationsMax) return [...lines];
  const more = lines.length - annotationsMax + 1;
  return [...lines.slice(0, annotationsMax - 1),
    command(kind, 'And more', `${more} more are in the summary and in run.json`)];
}

function command(kind: 'error' | 'warning', title: string, text: string): string {
  return `::${kind} title=${property(title)}::${data(text)}`;
}

function data(text: string): string {
  return text.replaceAll('%', '%25').replaceAll('\r', '%0D').replaceAll('\n', '%0A');
}

function property(text: string): string {
  return data(text).replaceAll(':', '%3A').replaceAll(',', '%2C');
}
