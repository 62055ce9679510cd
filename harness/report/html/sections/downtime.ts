// How long am I down? The steps of coming back, one bar for each setting and size, and how the time
// grows with the data.

import { sizeText } from '../../../plan/plan.ts';
import { bytesText, countText, durationText, groupedText, significant }
  from '../../../plan/units.ts';
import { axes, chartMarkup, legendMarkup, mark, pathOf, shortened, tip } from '../chart.ts';
import type { Plot, Size } from '../chart.ts';
import { html, name } from '../markup.ts';
import type { Markup } from '../markup.ts';
import { entriesByTarget } from '../model.ts';
import type { Entry, Model, Recovery } from '../model.ts';
import { linearScale } from '../scales.ts';

/** The section. */
export function downtimeSection(model: Model): Markup {
  const bars = barsOf(model);
  if (bars.length === 0) {
    return html`<p class="missing">No recovery was timed in this run: no server came back, or no
trial got that far.</p>`;
  }
  const growing = entriesByTarget(model, model.entries.filter(({ recoveries }) => (
    recoveries.filter(({ keys }) => keys > 0).length > 1)));
  return html`${barChart(bars)}${growing.map(({ target, entries }) => growthChart(entries,
    model.targets.length > 1 ? `${target}: ` : ''))}
${growing.length > 0 ? null : html`<p class="missing">How the time grows with the data needs one
scenario with at least two sizes (<code>preloadKeys</code>).</p>`}`;
}

interface Bar {
  readonly entry: Entry;
  readonly recovery: Recovery;
}

/** More bars than these are left to the table. */
const barsMax = 40;

function barsOf({ entries }: Model): Bar[] {
  return entries.flatMap((entry) => {
    const sized = entry.recoveries.filter(({ keys }) => keys > 0);
    const shown = sized.length > 0 ? sized : entry.recoveries;
    return shown.map((recovery) => ({ entry, recovery }));
  });
}

interface Step {
  readonly className: string;
  readonly label: string;
  readonly lasts: (recovery: Recovery) => number;
}

const steps: readonly Step[] = [
  { className: 'step0', label: 'spawn → listening', lasts: ({ phases }) => phases.listening },
  { className: 'step1', label: 'listening → first read',
    lasts: ({ phases }) => Math.max(0, phases.firstRead - phases.listening) },
  { className: 'step2', label: 'first read → first write',
    lasts: ({ phases }) => Math.max(0, phases.firstWrite - phases.firstRead) },
];

function barChart(bars: readonly Bar[]): Markup {
  const shown = bars.slice(0, barsMax);
  return chartMarkup({
    title: 'From the start of the new process to its first answered write',
    reading: barReading(bars),
    height: (isNarrow) => 52 + shown.length * (isNarrow ? 44 : 28),
    draw: (size) => barDrawing(shown, size),
    legend: html`<ul class="legend">${steps.map(({ className, label }) => html`<li><svg width="26"
 height="14" aria-hidden="true"><rect class="${className}" width="26" height="14"/></svg>${
      label}</li>`)}</ul>`,
    table: {
      caption: 'Steps of coming back, medians in ms',
      columns: ['setting', 'keys', 'files', 'trials', 'listening', 'first read', 'first write',
        '95 % interval', 'loading, by its own word', 'ms per 100,000 keys'],
      rows: bars.map(({ entry, recovery }) => {
        const { phases, estimate, keys, bytes, trials } = recovery;
        return [name(entry.label), keys === 0 ? 'those of the load' : groupedText(keys),
          bytes === null ? 'unknown' : bytesText(bytes), trials,
          significant(phases.listening), significant(phases.firstRead),
          significant(phases.firstWrite),
          estimate.ci95 === null ? 'one run'
            : `${significant(estimate.ci95[0])}–${significant(estimate.ci95[1])}`,
          phases.loading === null ? 'not said' : significant(phases.loading),
          keys === 0 ? '–' : significant(estimate.median / (keys / 1e5))];
      }),
    },
  });
}

function barName({ entry, recovery }: Bar): string {
  const { keys } = recovery;
  return `${entry.label}, ${keys === 0 ? 'keys of the load' : `${sizeText(keys)} keys`}`;
}

function barReading(bars: readonly Bar[]): string {
  const byTime = [...bars].sort((one, other) => (
    one.recovery.estimate.median - other.recovery.estimate.median));
  const [quickest, longest] = [byTime[0], byTime.at(-1)];
  if (quickest === undefined || longest === undefined) return 'Nothing was timed.';
  const { phases, estimate } = longest.recovery;
  const loading = phases.firstRead - phases.listening;
  const share = phases.listening > loading ? 'most of it before it listens'
    : 'most of it between listening and the first answered read';
  const text = `${barName(longest)} takes longest, ${durationText(estimate.median)}, ${share}`;
  if (quickest === longest) return `${text}.`;
  return `${text}; ${barName(quickest)} is back soonest, after ${
    durationText(quickest.recovery.estimate.median)}.`;
}

function barDrawing(bars: readonly Bar[], { width, height, isNarrow }: Size): Markup {
  const left = isNarrow ? 8 : 230;
  const plot: Plot = { left, right: width - (isNarrow ? 60 : 80), top: 8, bottom: height - 44 };
  const most = bars.reduce((high, { recovery }) => (
    Math.max(high, recovery.phases.firstWrite, recovery.estimate.ci95?.[1] ?? 0)), 0);
  const x = linearScale(most, [plot.left, plot.right], isNarrow ? 3 : 6);
  const pitch = isNarrow ? 44 : 28;
  const grid = axes(plot, {
    x: { scale: x, label: 'from the spawn →', text: durationText },
    y: { scale: { at: () => plot.bottom, ticks: [] }, label: '', text: String },
  });
  return html`${grid}${bars.map((bar, at) => {
    const top = plot.top + at * pitch + (isNarrow ? 18 : 5);
    const label = isNarrow
      ? html`<text class="name" x="${left}" y="${top - 4}">${shortened(barName(bar), 44)}</text>`
      : html`<text class="name" x="${left - 8}" y="${top + 14}" text-anchor="end">${
        shortened(barName(bar), 34)}</text>`;
    return html`${label}${barSteps(bar, { x, top })}`;
  })}`;
}

function barSteps(
  bar: Bar, { x, top }: { readonly x: { at(value: number): number }; readonly top: number },
): Markup {
  const { recovery } = bar;
  let sum = 0;
  const rects = steps.map(({ className, label, lasts }) => {
    const [from, to] = [x.at(sum), x.at(sum + lasts(recovery))];
    sum += lasts(recovery);
    return html`<rect class="${className}" x="${from}" y="${top}" width="${
      Math.round((to - from) * 10) / 10}" height="18">${
      tip(`${barName(bar)}: ${label} ${durationText(lasts(recovery))}`)}</rect>`;
  });
  const { ci95, median } = recovery.estimate;
  return html`${rects}${ci95 === null ? null : html`<path class="whisker"
 d="M${x.at(ci95[0])} ${top + 9}H${x.at(ci95[1])}"/>`}<text class="value"
 x="${x.at(Math.max(sum, ci95?.[1] ?? 0)) + 6}" y="${top + 14}">${durationText(median)}</text>`;
}

function growthChart(entries: readonly Entry[], of: string): Markup {
  const sizes = entries.flatMap(({ recoveries }) => recoveries.map(({ keys }) => keys));
  return chartMarkup({
    title: `${of}time to serve again against the number of keys`,
    reading: growthReading(entries),
    height: () => 300,
    draw: (size) => growthDrawing(entries, size),
    legend: legendMarkup(entries, 'line'),
    table: {
      caption: 'Time to serve again by number of keys, medians',
      columns: ['setting', ...[...new Set(sizes)].sort((a, b) => a - b).map((keys) => (
        keys === 0 ? 'keys of the load' : `${sizeText(keys)} keys`))],
      rows: entries.map((entry) => [name(entry.label),
        ...[...new Set(sizes)].sort((a, b) => a - b).map((keys) => {
          const found = entry.recoveries.find((recovery) => recovery.keys === keys);
          return found === undefined ? '–' : durationText(found.estimate.median);
        })]),
    },
  });
}

function sized({ recoveries }: Entry): Recovery[] {
  return recoveries.filter(({ keys }) => keys > 0);
}

function growthReading(entries: readonly Entry[]): string {
  const parts = entries.map((entry) => {
    const [small, large] = [sized(entry)[0], sized(entry).at(-1)];
    if (small === undefined || large === undefined) return '';
    const times = large.keys / small.keys;
    const longer = large.estimate.median / small.estimate.median;
    return `${entry.label} × ${significant(longer)} from ${sizeText(small.keys)} to `
      + `${sizeText(large.keys)} keys (× ${significant(times)})`;
  });
  const trials = Math.min(...entries.flatMap((entry) => sized(entry).map((each) => each.trials)));
  const few = countText(trials, 'trial');
  const doubt = trials < 3 ? ` With ${few} a size this is a first look.` : '';
  return `Growth: ${parts.join('; ')}.${doubt}`;
}

function growthDrawing(entries: readonly Entry[], { width, height, isNarrow }: Size): Markup {
  const plot: Plot = { left: isNarrow ? 54 : 64, right: width - 20, top: 30, bottom: height - 48 };
  const all = entries.flatMap(sized);
  const most = all.reduce((high, each) => Math.max(high, each.estimate.median), 0);
  const keys = all.reduce((high, each) => Math.max(high, each.keys), 0);
  const x = linearScale(keys, [plot.left, plot.right], isNarrow ? 3 : 6);
  const y = linearScale(most, [plot.bottom, plot.top], 4);
  return html`${axes(plot, {
    x: { scale: x, label: 'keys →', text: (value) => sizeText(Math.round(value)) },
    y: { scale: y, label: 'first answered write after', text: durationText },
  })}${entries.map((entry) => html`<path class="line ${entry.look.className}" d="${pathOf(
    sized(entry).map((each) => [x.at(each.keys), y.at(each.estimate.median)] as const))}"/>
${sized(entry).map((each) => mark(entry.look, {
    x: x.at(each.keys), y: y.at(each.estimate.median), radius: 5,
  }, tip(`${entry.label}, ${groupedText(each.keys)} keys: ${
    durationText(each.estimate.median)}`)))}`)}`;
}
