// Since when? A line for each metric of each cell, its changes of level and dated notes.

import { countText, significant } from '../../../plan/units.ts';
import type { HistoryNote } from '../../trend/history.ts';
import { trendSentences } from '../../trend/trend.ts';
import type { TrendSeries } from '../../trend/trend.ts';
import { axes, chartMarkup, pathOf, shortened, tip } from '../chart.ts';
import type { Plot, Size } from '../chart.ts';
import { html } from '../markup.ts';
import type { Markup } from '../markup.ts';
import { linearScale } from '../scales.ts';

/** More charts than these nobody scrolls through; those with alerts and changes come first. */
const chartsMax = 48;
/** Charts that are open at once; the others are folded away. */
const openMax = 6;

/** The section, and the page of `plugpull trend`. */
export function trendSection(
  series: readonly TrendSeries[], notes: readonly HistoryNote[],
): Markup {
  if (series.length === 0) {
    return html`<p class="missing">The history has fewer than two runs of the same testbed, so there
is no trend yet.</p>`;
  }
  const sentences = trendSentences(series);
  const shown = series.slice(0, chartsMax).map((each) => trendChart(each, notes));
  const testbeds = new Set(series.map(({ testbed }) => testbed)).size;
  return html`<p>${countText(series.length, 'series')} on ${countText(testbeds, 'testbed')}; runs of
different testbeds are never joined, nor cells that were asked differently.</p>
${sentences.length === 0 ? html`<p class="reading">No series changed its level, and no last night
stands out.</p>` : html`<ul class="notes">${sentences.slice(0, 40).map((sentence) => (
    html`<li>${sentence}</li>`))}</ul>`}
${shown.slice(0, openMax)}${shown.length <= openMax ? null : html`<details><summary>More series (${
    shown.length - openMax})</summary>${shown.slice(openMax)}</details>`}`;
}

function trendChart(series: TrendSeries, notes: readonly HistoryNote[]): Markup {
  const { cell, asked, metric, testbed, runs, values } = series;
  return chartMarkup({
    title: `${metric.name} of ${cell}`,
    reading: readingOf(series),
    height: () => 220,
    draw: (size) => drawing(series, notes, size),
    table: {
      caption: `${metric.name} of ${cell} on ${testbed}${asked === null ? '' : `, asked ${asked}`}`,
      columns: ['date', `median, ${metric.unit}`, 'revision', 'run', 'note'],
      rows: runs.map((run, at) => [
        run.at.slice(0, 10), significant(values[at] ?? 0), run.revision ?? '–', run.id,
        series.changes.some(({ index }) => index === at) ? 'first of a new level' : '',
      ]).reverse(),
    },
  });
}

function readingOf(series: TrendSeries): string {
  const [sentence] = trendSentences([series]);
  if (sentence !== undefined) return `${sentence}.`;
  const { values, metric, runs } = series;
  const sorted = [...values].sort((a, b) => a - b);
  const since = runs[0]?.at.slice(0, 10) ?? '';
  return `Steady over ${countText(values.length, 'run')} since ${since}, between ${
    significant(sorted[0] ?? 0)} and ${significant(sorted.at(-1) ?? 0)} ${metric.unit}.`;
}

function drawing(
  series: TrendSeries, notes: readonly HistoryNote[], { width, height, isNarrow }: Size,
): Markup {
  const { values, runs, changes, metric } = series;
  const plot: Plot = { left: isNarrow ? 56 : 72, right: width - 16, top: 30, bottom: height - 44 };
  const last = Math.max(1, values.length - 1);
  const at = (index: number): number => (
    Math.round((plot.left + ((plot.right - plot.left) * index) / last) * 10) / 10);
  const most = values.reduce((high, value) => Math.max(high, value), 0);
  const y = linearScale(most, [plot.bottom, plot.top], 4);
  const dates = isNarrow ? [0, last] : [0, Math.round(last / 2), last];
  const ticks = [...new Set(dates)];
  const points = values.map((value, index) => [at(index), y.at(value)] as const);
  const levels = [0, ...changes.map(({ index }) => index), values.length];
  return html`${axes(plot, {
    x: { scale: { at, ticks }, label: 'run →',
      text: (index) => runs[index]?.at.slice(0, 10) ?? '' },
    y: { scale: y, label: metric.unit, text: significant },
  })}<path class="line c3" d="${pathOf(points)}"/>
${levels.slice(0, -1).map((from, part) => {
    const to = (levels[part + 1] ?? values.length) - 1;
    const level = changes[part - 1]?.afterMedian ?? changes[part]?.beforeMedian;
    return level === undefined ? null
      : html`<path class="zero" d="M${at(from)} ${y.at(level)}H${at(to)}"/>`;
  })}
${notes.map((note) => noteMark(note, { runs, at, plot }))}
${points.map(([x, top], index) => html`<circle class="mark c3" cx="${x}" cy="${top}" r="3">${
    tip(`${runs[index]?.at.slice(0, 10) ?? ''}: ${significant(values[index] ?? 0)} ${metric.unit}${
      runs[index]?.revision === null ? '' : `, ${runs[index]?.revision ?? ''}`}`)}</circle>`)}`;
}

/** A note stands before the first run that came after it. */
function noteMark(
  { at: date, text }: HistoryNote,
  { runs, at, plot }: Pick<TrendSeries, 'runs'>
    & { readonly at: (index: number) => number; readonly plot: Plot },
): Markup | null {
  const index = runs.findIndex((run) => run.at >= date);
  if (index < 0) return null;
  const [x, words] = [at(index), shortened(text, 28)];
  const isLeft = x > (plot.left + plot.right) / 2;
  return html`<g class="promise"><path d="M${x} ${plot.top}V${plot.bottom}"/><text class="name"
 x="${isLeft ? x - 5 : x + 5}" y="${plot.bottom - 6}" text-anchor="${isLeft ? 'end' : 'start'}">${
  words}</text>${tip(`${date.slice(0, 10)}: ${text}`)}</g>`;
}
