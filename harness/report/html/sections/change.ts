// Is it worse than before? The ratio of every metric with its interval, the noise band in grey.

import { countText, shareText } from '../../../plan/units.ts';
import { verdictOrder } from '../../compare/compare.ts';
import type { ComparedMetric, Comparison } from '../../compare/compare.ts';
import { changeText, comparisonLine, ratioText, sortedMetrics, valueText }
  from '../../compare/comparison-text.ts';
import { recordLabel } from '../../cell-label.ts';
import { noiseShare } from '../../noise.ts';
import type { RunRecord } from '../../record.ts';
import { axes, chartMarkup, shortened, tip } from '../chart.ts';
import type { Plot, Size } from '../chart.ts';
import { html, name } from '../markup.ts';
import type { Markup } from '../markup.ts';
import type { Scale } from '../scales.ts';

type ForestRow = Pick<ComparedMetric, 'cell' | 'name' | 'verdict' | 'reason' | 'ratio'
  | 'noiseFloor'>;

/** Rows of the drawing; the table has them all. */
const rowsMax = 40;

/** The section. */
export function changeSection(comparison: Comparison): Markup {
  const { before, testbed, broken, left } = comparison;
  const metrics = sortedMetrics(comparison);
  const drawn = metrics.filter(({ ratio }) => ratio !== null).slice(0, rowsMax);
  return html`<p>Compared with ${name(before)}: ${comparisonLine(comparison)}.</p>
${testbed.map((difference) => html`<p class="missing">Another testbed, so differences may be those
of the machines: ${name(difference)}.</p>`)}
${broken.map(({ cell, isNew }) => html`<p><b>${isNew ? 'Newly breaks' : 'Still breaks'} its
promise:</b> ${name(cell)}</p>`)}
${drawn.length === 0 ? null : forest(drawn, metrics)}
${left.length === 0 ? null : html`<details><summary>Not compared (${left.length})</summary><ul>${
    left.slice(0, 200).map(({ cell, reason }) => html`<li>${name(cell)}: ${name(reason)}</li>`)
}</ul></details>`}`;
}

/** Without another run: the settings of this one against each other; null when there are none. */
export function withinRun({ cells, comparisons, noise }: RunRecord): Markup | null {
  const isOne = new Set(cells.map((cell) => cell.target.name)).size === 1;
  const labels = new Map(cells.map((cell) => (
    [cell.id, `${isOne ? '' : `${cell.target.name} `}${recordLabel(cell)}`] as const)));
  const drawn = comparisons.filter(({ ratio }) => ratio !== null).slice(0, rowsMax);
  if (drawn.length === 0) return null;
  const trials = Math.max(0, ...cells.filter(({ qps }) => qps !== null)
    .map((cell) => cell.trials));
  const band = noiseShare(noise, trials);
  const metrics = drawn.map((each): ForestRow => ({
    ...each, name: each.metric === 'qps' ? 'write rate' : each.metric, noiseFloor: band,
    cell: `${labels.get(each.before) ?? each.before} → ${labels.get(each.after) ?? each.after}`,
  }));
  const floor = noise === null || band === null ? 'The noise of this machine was not measured.'
    : `By ${countText(noise.pairs, 'pair')} of repetitions of the same cell, differences below ${
      shareText(band)} mean nothing (the band).`;
  return html`<p class="missing">No other run was given to compare with: <code>plugpull report RUN
--baseline NAME</code> does. Here are the settings of this run against one another.</p>
${chartMarkup({
    title: 'Write rate of one setting ÷ another of this run, with 95 % intervals (the range of '
      + 'fewer than 6 trials)',
    reading: `${floor} ${metrics.filter(({ verdict }) => verdict === 'regression').length} of ${
      metrics.length} are slower beyond doubt.`,
    height: (isNarrow) => 60 + metrics.length * (isNarrow ? 40 : 26),
    draw: (size) => drawing(metrics.map((each) => ({ ...each, name: '' })), size),
    table: {
      caption: 'Settings of this run against one another',
      columns: ['before → after', 'verdict', 'after ÷ before', 'why'],
      rows: metrics.map((metric) => [name(metric.cell), metric.verdict, ratioText(metric),
        metric.reason]),
    },
  })}`;
}

function forest(drawn: readonly ComparedMetric[], all: readonly ComparedMetric[]): Markup {
  return chartMarkup({
    title: 'After ÷ before, with 95 % intervals; the band is the noise of that metric, or a '
      + 'twentieth where it was not measured',
    reading: readingOf(all),
    height: (isNarrow) => 60 + drawn.length * (isNarrow ? 40 : 26),
    draw: (size) => drawing(drawn, size),
    table: {
      caption: 'Every metric that was compared',
      columns: ['metric', 'verdict', 'before', 'after', 'after ÷ or − before', 'trials', 'why'],
      rows: all.map((metric) => [
        html`${name(metric.cell)}<small>${metric.name}</small>`, metric.verdict,
        valueText(metric.beforeMedian, metric.unit), valueText(metric.afterMedian, metric.unit),
        changeText(metric), metric.trials, metric.reason,
      ]),
    },
  });
}

function readingOf(metrics: readonly ComparedMetric[]): string {
  const [first] = metrics;
  if (first === undefined) return 'Nothing could be compared.';
  if (first.verdict === 'regression' || first.verdict === 'improvement') {
    return `The largest ${first.verdict} is ${first.name} of ${first.cell}: ${
      valueText(first.beforeMedian, first.unit)} → ${valueText(first.afterMedian, first.unit)}, ${
      ratioText(first)}.`;
  }
  const open = metrics.filter(({ verdict }) => verdict === 'inconclusive');
  if (open.length === 0) return 'Nothing changed by more than noise or the least that matters.';
  const trials = Math.max(...open.map(({ furtherTrials }) => furtherTrials ?? 0));
  const more = Number.isFinite(trials)
    ? `about ${countText(trials, 'more trial')} of each cell would tell`
    : 'this machine is too noisy to tell';
  return `No change was shown, but ${open.length} of ${metrics.length} metrics are inconclusive: ${
    more}.`;
}

function drawing(
  metrics: readonly ForestRow[], { width, height, isNarrow }: Size,
): Markup {
  const left = isNarrow ? 10 : 360;
  const plot: Plot = { left, right: width - 20, top: 8, bottom: height - 46 };
  const x = ratioScale(metrics, plot);
  const pitch = isNarrow ? 40 : 26;
  const grid = axes(plot, {
    x: { scale: x, label: 'after ÷ before →', text: (ratio) => `× ${ratio}` },
    y: { scale: { at: () => plot.bottom, ticks: [] }, label: '', text: String },
  });
  return html`${grid}${metrics.map((metric, at) => {
    const y = plot.top + at * pitch + (isNarrow ? 26 : 14);
    // The verdict last, where it is never cut off.
    const words = [metric.name, metric.cell].filter((word) => word !== '').join(', ');
    const label = `${shortened(words, labelChars - metric.verdict.length - 2)}: ${metric.verdict}`;
    const text = isNarrow
      ? html`<text class="name" x="${left}" y="${y - 10}">${label}</text>`
      : html`<text class="name" x="${left - 8}" y="${y + 4}" text-anchor="end">${label}</text>`;
    return html`${text}${rowMark(metric, { x, y })}`;
  })}<path class="zero" d="M${x.at(1)} ${plot.top}V${plot.bottom}"/>`;
}

/** Characters of a label: the room beside the wide drawing, and the width of the narrow one. */
const labelChars = 46;

/** Least change that matters, where no noise floor was measured. */
const matters = 0.05;

function rowMark(
  metric: ForestRow,
  { x, y }: { readonly x: Scale; readonly y: number },
): Markup | null {
  const { ratio, verdict } = metric;
  if (ratio === null) return null;
  const band = metric.noiseFloor ?? matters;
  const [low, high] = ratio.ci95 ?? ratio.range ?? [ratio.median, ratio.median];
  const [from, to] = [x.at(1 / (1 + band)), x.at(1 + band)];
  const className = `verdict${verdictOrder.indexOf(verdict)}`;
  return html`<rect class="band" x="${from}" y="${y - 9}" width="${to - from}" height="18"/>
<path class="whisker ${className}" d="M${x.at(low)} ${y}H${x.at(high)}"/>
<circle class="mark ${className}" cx="${x.at(ratio.median)}" cy="${y}" r="5">${
    tip(`${metric.name}, ${metric.cell}: ${verdict}, ${metric.reason}`)}</circle>`;
}

/** Logarithmic around 1, so that twice and half lie equally far. */
function ratioScale(metrics: readonly ForestRow[], plot: Plot): Scale {
  const far = metrics.flatMap(({ ratio }) => (
    ratio === null ? [] : [ratio.median, ...(ratio.ci95 ?? [])]))
    .reduce((most, each) => Math.max(most, Math.abs(Math.log(each))), Math.log(1.2));
  const reach = Math.min(far, Math.log(20)) * 1.05;
  const middle = (plot.left + plot.right) / 2;
  const ticks = [0.05, 0.1, 0.2, 0.5, 0.8, 0.9, 1, 1.1, 1.25, 2, 5, 10, 20]
    .filter((tick) => Math.abs(Math.log(tick)) <= reach);
  const at = (ratio: number): number => {
    const share = Math.max(-1, Math.min(1, Math.log(ratio) / reach));
    return Math.round((middle + (share * (plot.right - plot.left)) / 2) * 10) / 10;
  };
  return { at, ticks };
}
