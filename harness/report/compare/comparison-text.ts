// A comparison for terminals and as Markdown: what changed first, then what could not be said.

import type { ChangeVerdict } from '../../metrics/comparison.ts';
import { countText, groupedText, significant } from '../../plan/units.ts';
import { verdictOrder } from './compare.ts';
import type { ComparedMetric, Comparison } from './compare.ts';

/** Words for how often each verdict was given. */
export function comparisonLine({ metrics, broken }: Comparison): string {
  const parts = verdictOrder.flatMap((verdict) => {
    const count = metrics.filter((metric) => metric.verdict === verdict).length;
    const isNoun = verdict === 'regression' || verdict === 'improvement';
    return count === 0 ? [] : [isNoun ? countText(count, verdict) : `${count} ${verdict}`];
  });
  const losses = broken.length === 0 ? ''
    : `; ${countText(broken.length, 'cell')} ${broken.length === 1 ? 'breaks' : 'break'} a promise`;
  if (parts.length === 0) return `nothing could be compared${losses}`;
  return `${countText(metrics.length, 'metric')}: ${parts.join(', ')}${losses}`;
}

/** Most important verdict first, the largest change first among equals. */
export function sortedMetrics({ metrics }: Comparison): ComparedMetric[] {
  const size = ({ ratio }: ComparedMetric): number => Math.abs(Math.log(ratio?.median ?? 1));
  return [...metrics].sort((one, other) => (
    verdictOrder.indexOf(one.verdict) - verdictOrder.indexOf(other.verdict)
    || size(other) - size(one)));
}

/** `1,234 writes/s`. */
export function valueText(value: number, unit: string): string {
  return `${value >= 1000 ? groupedText(value) : significant(value)} ${unit}`;
}

/** `× 0.91 [0.89, 0.93]`; a dash without a ratio. */
export function ratioText({ ratio }: Pick<ComparedMetric, 'ratio'>): string {
  if (ratio === null) return '–';
  const [low, high] = ratio.ci95 ?? [];
  const middle = `× ${significant(ratio.median)}`;
  if (low === undefined || high === undefined) return middle;
  return `${middle} [${significant(low)}, ${significant(high)}]`;
}

/** The ratio, or where there is none the difference: `+12 [3, 20] ms`; a dash without either. */
export function changeText(
  metric: Pick<ComparedMetric, 'ratio' | 'difference' | 'unit'>,
): string {
  const { ratio, difference, unit } = metric;
  if (ratio !== null || difference === null) return ratioText(metric);
  const [low, high] = difference.ci95 ?? [];
  const signed = (value: number): string => (
    `${value < 0 ? '−' : '+'}${significant(Math.abs(value))}`);
  const between = low === undefined || high === undefined ? ''
    : ` [${signed(low)}, ${signed(high)}]`;
  return `${signed(difference.median)}${between} ${unit}`;
}

/** How a comparison is laid out: `color` allows escape codes. */
export interface TextLayout {
  readonly color: boolean;
  /** Rows beyond these are left out of those that did not change, and of those left open. */
  readonly quietMax: number;
}

/** The comparison for a terminal. */
export function comparisonText(comparison: Comparison, { color, quietMax }: TextLayout): string {
  const { before, after, broken, left, testbed } = comparison;
  const lines = [`before: ${before}`, `after:  ${after}`, ''];
  for (const difference of testbed) lines.push(`DIFFERENT TESTBEDS: ${difference}`);
  for (const { cell, isNew } of broken) {
    lines.push(colored(`BROKEN PROMISE ${isNew ? '(new) ' : ''}in ${cell}`, 'regression', color));
  }
  let [open, quiet] = [0, 0];
  for (const metric of sortedMetrics(comparison)) {
    const isOpen = metric.verdict === 'inconclusive';
    const isQuiet = metric.verdict === 'no change' || metric.verdict === 'within noise';
    if ((isOpen && ++open > quietMax) || (isQuiet && ++quiet > quietMax)) continue;
    lines.push(...metricLines(metric, color));
  }
  if (open > quietMax) lines.push(`… and ${open - quietMax} more inconclusive`);
  if (quiet > quietMax) lines.push(`… and ${quiet - quietMax} more that did not change`);
  for (const { cell, reason } of left) lines.push(`not compared: ${cell}: ${reason}`);
  lines.push('', comparisonLine(comparison));
  return `${lines.join('\n')}\n`;
}

function metricLines(metric: ComparedMetric, color: boolean): string[] {
  const { cell, name, unit, verdict, beforeMedian, afterMedian, furtherTrials } = metric;
  const more = furtherTrials === null ? ''
    : `; about ${Number.isFinite(furtherTrials) ? furtherTrials : 'far too many'} more `
      + `${furtherTrials === 1 ? 'trial' : 'trials'} each would tell`;
  return [
    `${colored(verdict.padEnd(12), verdict, color)}  ${cell}: ${name} ${
      valueText(beforeMedian, unit)} → ${valueText(afterMedian, unit)}, ${changeText(metric)}`,
    `              ${metric.reason}${more}`,
  ];
}

const codes: Readonly<Record<ChangeVerdict, string>> = {
  'regression': '1;31', 'improvement': '32', 'inconclusive': '33', 'within noise': '0',
  'no change': '0',
};

function colored(text: string, verdict: ChangeVerdict, color: boolean): string {
  return color ? `\u001b[${codes[verdict]}m${text}\u001b[0m` : text;
}
