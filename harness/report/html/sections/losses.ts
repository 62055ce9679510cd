// How much do I lose? For each crash model the distribution of what one crash cost, with the
// promise as a line: windows first, since they do not depend on the write rate.

import { bytesText, countText, durationText, groupedText } from '../../../plan/units.ts';
import type { CrashModel } from '../../../plan/scenario.ts';
import { median, quantile } from '../../../metrics/statistics.ts';
import { axes, chartMarkup, legendMarkup, pathOf, tip } from '../chart.ts';
import type { Plot, Size } from '../chart.ts';
import { html, name } from '../markup.ts';
import type { Markup } from '../markup.ts';
import { crashWords, crashesOf, entriesByTarget } from '../model.ts';
import type { CrashLosses, Entry, Instant, Model } from '../model.ts';
import { linearScale, lossScale } from '../scales.ts';
import { windowText } from './choice.ts';
import { lossCurveChart } from './loss-curve.ts';
import type { LossCurve, NamedLook } from './loss-curve.ts';

interface Measure {
  readonly field: keyof Instant;
  readonly title: string;
  readonly axis: string;
  readonly text: (value: number) => string;
  readonly tick: (value: number) => string;
}

const measures: readonly Measure[] = [
  { field: 'windowMs', title: 'age of the oldest lost write', axis: 'lost window →',
    text: durationText, tick: windowText },
  { field: 'writes', title: 'acknowledged writes lost', axis: 'writes lost →',
    text: groupedText, tick: powerText },
  { field: 'bytes', title: 'payload bytes lost', axis: 'bytes lost →',
    text: bytesText, tick: bytesText },
];

/** The section. */
export function lossSection(model: Model, curves: readonly LossCurve[]): Markup {
  const crashes = crashesOf(model);
  if (crashes.length === 0) {
    return html`<p class="missing">No loss was judged in this run: its scenarios do not measure
<code>loss</code>, or no crash could be judged.</p>`;
  }
  const [window, ...others] = measures;
  return html`<div class="beside">${window === undefined ? null : panels(model, window)}</div>
${lossCurveChart(curves, (cell) => namedLook(model, cell))}
<details><summary>The same in writes and in bytes</summary><div class="beside">${
    others.map((measure) => panels(model, measure))}</div></details>`;
}

/** The setting of a cell; its id where several cells of the setting have curves of their own. */
function namedLook({ entries }: Model, id: string): NamedLook {
  const entry = entries.find(({ cells }) => cells.some((cell) => cell.id === id));
  if (entry === undefined) return { label: id, look: { className: 'c8', shape: 'circle' } };
  const cut = entry.cells.filter(({ perTrial }) => perTrial.some(({ curve }) => curve !== null));
  return { label: cut.length > 1 ? id : entry.label, look: entry.look };
}

function panels(model: Model, measure: Measure): Markup[] {
  const extent = extentOf(model, measure);
  return crashesOf(model).flatMap((crash) => (
    entriesByTarget(model, model.entries).flatMap(({ target, entries }) => {
      const judged = entries.filter((entry) => lossesIn(entry, crash) !== null);
      if (judged.length === 0) return [];
      const of = model.targets.length > 1 ? `${target}, ` : '';
      return [panel(judged, { crash, measure, of, extent })];
    })));
}

function lossesIn({ losses }: Entry, crash: CrashModel): CrashLosses | null {
  return losses.find((each) => each.crash === crash) ?? null;
}

interface Panel {
  readonly crash: CrashModel;
  readonly measure: Measure;
  /** The target, where there are several. */
  readonly of: string;
  /** The same for all crash models, so that they can be compared by eye. */
  readonly extent: readonly [least: number, most: number];
}

function extentOf({ entries }: Model, { field }: Measure): readonly [least: number, most: number] {
  const lost = entries.flatMap(({ losses }) => losses).flatMap(({ instants }) => instants)
    .map((instant) => instant[field]).filter((value) => value > 0);
  const isWindow = field === 'windowMs';
  const least = lost.reduce((low, value) => Math.min(low, value), isWindow ? 100 : 1000);
  return [least, lost.reduce((high, value) => Math.max(high, value), isWindow ? 2000 : least * 10)];
}

function panel(entries: readonly Entry[], about: Panel): Markup {
  const { crash, measure, of } = about;
  const parts = entries.flatMap((entry) => {
    const losses = lossesIn(entry, crash);
    return losses === null ? [] : [{ entry, losses }];
  });
  return chartMarkup({
    title: `${of}${crashWords[crash]}: ${measure.title}`,
    reading: readingOf(parts, about),
    height: () => 260,
    draw: (size) => curves(parts, about, size),
    legend: legendMarkup(entries, 'line'),
    table: {
      caption: `${measure.title}, ${crashWords[crash]}`,
      columns: ['setting', 'runs', 'instants', 'half lost at most', '9 of 10 at most', 'worst',
        'bound of the promise'],
      rows: parts.map(({ entry, losses }) => {
        const values = losses.instants.map((instant) => instant[measure.field]);
        return [name(entry.label), losses.runs, losses.instants.length,
          measure.text(median(values)), measure.text(quantile(values, 0.9)),
          measure.text(values.reduce((most, value) => Math.max(most, value), 0)),
          losses.boundMs === null ? 'none' : durationText(losses.boundMs)];
      }),
    },
  });
}

interface Part {
  readonly entry: Entry;
  readonly losses: CrashLosses;
}

function readingOf(parts: readonly Part[], { crash, measure }: Panel): string {
  const lossless = parts.filter(({ losses }) => losses.runsWithLoss === 0);
  const bounded = parts.filter(({ losses }) => losses.runsWithLoss > 0 && losses.boundMs !== null);
  const sentences = bounded.map(({ entry, losses }) => {
    const values = losses.instants.map((instant) => instant[measure.field]);
    const worst = losses.worst[measure.field];
    const bound = measure.field === 'windowMs' ? `, promised ${durationText(losses.boundMs ?? 0)}`
      + ' or one slow sync' : '';
    return `${entry.label} lost ${measure.text(worst)} at worst and ${measure.text(median(values))}`
      + ` in the middle${bound}`;
  });
  if (lossless.length > 0) {
    const names = lossless.map(({ entry, losses }) => (
      `${entry.label} (${countText(losses.runs, 'run')})`));
    sentences.push(`nothing was lost by ${names.join(', ')}`);
  }
  const text = sentences.join('; ');
  if (text === '') {
    return `Every setting lost something in a ${crashWords[crash]}, and none promises a bound.`;
  }
  return `In a ${crashWords[crash]} ${text}.`;
}

function curves(parts: readonly Part[], about: Panel, { width, height, isNarrow }: Size): Markup {
  const { measure } = about;
  const plot: Plot = { left: isNarrow ? 54 : 60, right: width - 16, top: 30, bottom: height - 48 };
  const x = lossScale(about.extent, [plot.left, plot.right]);
  const y = linearScale(100, [plot.bottom, plot.top], 4);
  return html`${axes(plot, {
    x: { scale: x, label: measure.axis, text: measure.tick },
    y: { scale: y, label: 'share of instants that lost at most this',
      text: (value) => `${value} %` },
  })}
${parts.map(({ entry, losses }) => {
    const sorted = losses.instants.map((one) => one[measure.field]).sort((a, b) => a - b);
    return html`<path class="line ${entry.look.className}" d="${stepsOf(sorted, { x, y, plot })}">
${tip(`${entry.label}: ${countText(sorted.length, 'instant')}, median ${
      measure.text(median(sorted))}, worst ${measure.text(sorted.at(-1) ?? 0)}`)}</path>`;
  })}
${measure.field === 'windowMs' ? promiseLines(parts, { x, plot }) : null}`;
}

interface Places {
  readonly x: { at(value: number): number };
  readonly plot: Plot;
}

/** At most this many steps are drawn: a pixel has no room for more. */
const stepsMax = 400;

function stepsOf(
  sorted: readonly number[], { x, y, plot }: Places & { readonly y: { at(value: number): number } },
): string {
  const points: [number, number][] = [[x.at(sorted[0] ?? 0), plot.bottom]];
  const count = Math.min(sorted.length, stepsMax);
  for (let step = 0; step < count; step++) {
    const rank = Math.ceil(((step + 1) * sorted.length) / count);
    const at = x.at(sorted[rank - 1] ?? 0);
    points.push([at, points.at(-1)?.[1] ?? plot.bottom], [at, y.at((100 * rank) / sorted.length)]);
  }
  return pathOf(points);
}

/** One line for each bound, named after the settings that promise it. */
function promiseLines(parts: readonly Part[], { x, plot }: Places): Markup[] {
  const bounds = new Set(parts.flatMap(({ losses }) => losses.boundMs ?? []));
  return [...bounds].filter((bound) => bound > 0).map((bound) => {
    const names = parts.filter(({ losses }) => losses.boundMs === bound)
      .map(({ entry }) => entry.setting);
    const at = x.at(bound);
    return html`<g class="promise"><path d="M${at} ${plot.top}V${plot.bottom}"/><text class="name"
 x="${at - 6}" y="${plot.top + 14}" text-anchor="end">promise ${durationText(bound)}</text>
${tip(`${names.join(', ')} promise at most ${durationText(bound)} when syncs are quick`)}</g>`;
  });
}

/** A tick of a count: `0`, `100`, `10 k`, `1 M`. */
function powerText(value: number): string {
  if (value >= 1e6) return `${value / 1e6} M`;
  return value >= 1000 ? `${value / 1000} k` : String(value);
}
