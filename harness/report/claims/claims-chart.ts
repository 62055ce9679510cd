// The chart of a claim: one bar a figure and target, drawn large in its section and small in the
// table.

import { bytesText, durationText, significant } from '../../plan/units.ts';
import { axes, chartMarkup, shortened, tip } from '../html/chart.ts';
import type { Axis, Plot, Size } from '../html/chart.ts';
import { html } from '../html/markup.ts';
import type { Markup } from '../html/markup.ts';
import { linearScale, lossScale } from '../html/scales.ts';
import type { PixelRange, Scale } from '../html/scales.ts';
import { serverName } from './claims-record.ts';
import type { ClaimChart, ClaimRecord } from './claims-record.ts';

/** A bar with the target it was measured on. */
interface Bar {
  readonly label: string;
  readonly server: string;
  readonly className: string;
  readonly value: number | null;
  readonly range: readonly [number, number] | null;
}

/** Bars of all targets under the first chart's title and unit. */
interface Drawing {
  readonly chart: ClaimChart;
  readonly groups: readonly (readonly Bar[])[];
}

const classNames = { bundled: 'c3', redis: 'c1', valkey: 'c4', command: 'c5' } as const;

function drawingOf({ results }: ClaimRecord): Drawing | null {
  const charts = results.flatMap(({ chart, target }) => (
    chart === null ? [] : [{ chart, target }]));
  const first = charts[0]?.chart;
  if (first === undefined) return null;
  const labels = [...new Set(charts.flatMap(({ chart }) => chart.bars.map(({ label }) => label)))];
  const groups = labels.map((label) => charts.flatMap(({ chart, target }) => {
    const bar = chart.bars.find((one) => one.label === label);
    return bar === undefined ? [] : [{
      label, server: serverName(target), className: classNames[target],
      value: bar.value, range: bar.range ?? null,
    }];
  }));
  return { chart: first, groups };
}

/** The figure of a claim's section; null when nothing was measured. */
export function claimFigure(claim: ClaimRecord): Markup | null {
  const drawing = drawingOf(claim);
  if (drawing === null) return null;
  const { chart, groups } = drawing;
  const bars = groups.flat();
  const servers = new Map(bars.map(({ server, className }) => [server, className]));
  return chartMarkup({
    title: chart.title,
    reading: claim.results.map((one) => `${serverName(one.target)}: ${one.decisive}`).join('; '),
    height: (isNarrow) => 60 + groups.length * (isNarrow ? 22 : 8) + bars.length * barPixels,
    draw: (size) => draw(drawing, size),
    legend: html`<ul class="legend">${[...servers].map(([server, className]) => html`<li><svg
 width="26" height="14" aria-hidden="true"><rect class="mark ${className}" width="26"
 height="14"/></svg>${server}</li>`)}</ul>`,
    table: {
      caption: chart.title, columns: ['figure', 'server', 'value', 'range'],
      rows: bars.map(({ label, server, value, range }) => [
        label, server, valueText(chart, value),
        range === null ? '' : range.map((each) => valueText(chart, each)).join(' – '),
      ]),
    },
  });
}

const barPixels = 19;

function draw({ chart, groups }: Drawing, { width, height, isNarrow }: Size): Markup {
  const plot: Plot = {
    left: isNarrow ? 8 : 280, right: width - (isNarrow ? 76 : 92), top: 12, bottom: height - 42,
  };
  const x = scaleOf(chart, groups.flat(), [plot.left, plot.right]);
  const none: Scale = { at: () => plot.bottom, ticks: [] };
  const text = (value: number): string => valueText(chart, value);
  const xAxis: Axis = { scale: x, label: axisNames[chart.unit], text };
  let top = plot.top;
  return html`${axes(plot, { x: xAxis, y: { scale: none, label: '', text } })}
${groups.map((group) => {
    if (isNarrow) top += 16;
    const title = isNarrow
      ? html`<text class="name" x="${plot.left}" y="${top - 3}">${
        shortened(group[0]?.label ?? '', 46)}</text>`
      : html`<text class="name" x="${plot.left - 8}" y="${top + 13}" text-anchor="end">${
        shortened(group[0]?.label ?? '', 40)}</text>`;
    const rows = group.map((bar, at) => (
      barMarkup(chart, bar, { x, left: plot.left, top: top + at * barPixels })));
    top += group.length * barPixels + (isNarrow ? 6 : 8);
    return html`${title}${rows}`;
  })}`;
}

function barMarkup(
  chart: ClaimChart, { label, server, className, value, range }: Bar,
  { x, left, top }: { readonly x: Scale; readonly left: number; readonly top: number },
): Markup {
  const text = valueText(chart, value);
  const end = value === null ? left : Math.max(left + 2, x.at(value));
  const whisker = range === null ? null : html`<path class="whisker"
 d="M${x.at(range[0])} ${top + 8}H${x.at(range[1])}"/>`;
  const right = range === null ? end : Math.max(end, x.at(range[1]));
  return html`<rect class="mark ${className}" x="${left}" y="${top}" width="${
    Math.round((end - left) * 10) / 10}" height="16">${
    tip(`${label}, ${server}: ${text}`)}</rect>${whisker}<text class="value" x="${right + 5}"
 y="${top + 13}">${text}</text>`;
}

function scaleOf(chart: ClaimChart, bars: readonly Bar[], range: PixelRange): Scale {
  const values = bars.flatMap(({ value, range: ends }) => [...(value === null ? [] : [value]),
    ...(ends ?? [])]);
  const most = Math.max(0, ...values);
  const above = values.filter((value) => value > 0);
  if (chart.isLog !== true || above.length === 0) return linearScale(most, range, 4);
  return lossScale([Math.min(...above), most], range);
}

const axisNames = {
  'ms': 'time', 'bytes': 'size', 'per second': 'a second', 'percent': 'share', 'count': 'count',
} as const;

function valueText({ unit }: ClaimChart, value: number | null): string {
  if (value === null) return 'not measured';
  switch (unit) {
    case 'ms': return value > 0 && value < 10 ? `${significant(value)} ms` : durationText(value);
    case 'bytes': return bytesText(value);
    case 'percent': return `${significant(value)} %`;
    case 'per second':
    case 'count': return value >= 100_000 ? `${significant(value / 1000)} k` : significant(value);
  }
}

/** The same without words, for a row of the table. */
export function claimSparkline(claim: ClaimRecord): Markup | null {
  const drawing = drawingOf(claim);
  if (drawing === null) return null;
  const bars = drawing.groups.flat();
  const x = scaleOf(drawing.chart, bars, [0, 110]);
  const step = 7;
  return html`<svg width="112" height="${bars.length * step}" viewBox="0 0 112 ${
    bars.length * step}" role="img" aria-label="${drawing.chart.title}">${bars.map((bar, at) => (
    html`<rect class="mark ${bar.className}" x="0" y="${at * step}" height="${step - 1}" width="${
      bar.value === null ? 0 : Math.max(1, x.at(bar.value))}">${
      tip(`${bar.label}, ${bar.server}: ${valueText(drawing.chart, bar.value)}`)}</rect>`))}</svg>`;
}
