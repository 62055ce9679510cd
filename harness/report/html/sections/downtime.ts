// How long am I down? The phases of coming back, one bar for each setting or form and size, and how
// the time grows with the data.

import {
  bytesText, durationText, groupedText, significant, sizeText,
} from '../../../plan/units.ts';
import { studyTables } from '../../study-table.ts';
import { axes, chartMarkup, shortened, tip } from '../chart.ts';
import type { Plot, Size } from '../chart.ts';
import { html, name, studyMarkup } from '../markup.ts';
import type { Content, Markup } from '../markup.ts';
import type { Model, Recovery } from '../model.ts';
import { recoveryGroups } from '../recovery-lines.ts';
import type { RecoveryGroup } from '../recovery-lines.ts';
import { linearScale } from '../scales.ts';
import { growthChart } from './growth.ts';

/** The section. */
export function downtimeSection(model: Model): Markup {
  const groups = recoveryGroups(model);
  if (groups.length === 0) {
    return html`<p class="missing">No recovery was timed in this run: no server came back, or no
trial got that far.</p>`;
  }
  const growths = groups.flatMap((group) => growthChart(group) ?? []);
  return html`${groups.map(barChart)}${growths}
${growths.length > 0 ? null : html`<p class="missing">How the time grows with the data needs one
scenario with at least two sizes (<code>preloadKeys</code>).</p>`}
${studyTables(model.record).filter(({ kind }) => kind === 'recovery').map(studyMarkup)}`;
}

interface Bar {
  readonly label: string;
  readonly recovery: Recovery;
}

/** More bars than these are left to the table. */
const barsMax = 40;

/** Where sizes were asked for, what the load alone left says little. */
function barsOf({ lines }: RecoveryGroup): Bar[] {
  return lines.flatMap(({ label, recoveries }) => {
    const sized = recoveries.filter(({ keys }) => keys > 0);
    return (sized.length > 0 ? sized : recoveries).map((recovery) => ({ label, recovery }));
  });
}

interface Step {
  readonly className: string;
  readonly label: string;
  /** In a sentence. */
  readonly words: string;
  readonly lasts: (recovery: Recovery) => number;
}

/** In the order of the bar, from left to right. */
const steps: readonly Step[] = [
  { className: 'step3', label: 'file system: mount, replay of its journal',
    words: 'bringing the file system back',
    lasts: ({ mountMs }) => mountMs },
  { className: 'step0', label: 'start: spawn → listening',
    words: 'starting until it listens',
    lasts: ({ phases }) => phases.listening },
  { className: 'step1', label: 'load: listening → first answered read',
    words: 'loading until it answers a read',
    lasts: ({ phases }) => Math.max(0, phases.firstRead - phases.listening) },
  { className: 'step2', label: 'first read → first write',
    words: 'its first write',
    lasts: ({ phases }) => Math.max(0, phases.firstWrite - phases.firstRead) },
  { className: 'step4', label: 'back to 95 % of the former write rate',
    words: 'its former write rate',
    lasts: ({ phases, backMs }) => (
      backMs === null ? 0 : Math.max(0, backMs - phases.firstWrite)) },
];

function barChart(group: RecoveryGroup): Markup {
  const bars = barsOf(group);
  const shown = bars.slice(0, barsMax);
  const seen = steps.filter(({ lasts }) => bars.some(({ recovery }) => lasts(recovery) > 0));
  const of = group.title === '' ? '' : `${group.title}: `;
  return chartMarkup({
    title: `${of}from the start of the new process to its first answered write`,
    reading: barReading(bars),
    height: (isNarrow) => 52 + shown.length * (isNarrow ? 44 : 28),
    draw: (size) => barDrawing(shown, size),
    legend: html`<ul class="legend">${seen.map(({ className, label }) => html`<li><svg width="26"
 height="14" aria-hidden="true"><rect class="${className}" width="26" height="14"/></svg>${
      label}</li>`)}</ul>`,
    table: {
      caption: `${of}phases of coming back, medians in ms`,
      columns: ['setting', 'keys', 'files', 'trials', 'mount and replay', 'listening',
        'first read', 'first write', '95 % interval', 'back to 95 % of the rate',
        'loading, by its own word', 'ms per 100,000 keys'],
      rows: bars.map(barRow),
    },
  });
}

function barRow({ label, recovery }: Bar): Content[] {
  const { phases, estimate, keys, bytes, trials, fileSystem, mountMs, backMs } = recovery;
  return [
    name(label), keys === 0 ? 'those of the load' : groupedText(keys),
    bytes === null ? 'unknown' : bytesText(bytes), trials,
    fileSystem === null ? '–' : significant(mountMs),
    significant(phases.listening), significant(phases.firstRead), significant(phases.firstWrite),
    estimate.ci95 === null ? rangeText(estimate.range)
      : `${significant(estimate.ci95[0])}–${significant(estimate.ci95[1])}`,
    backMs === null ? 'not measured' : significant(backMs),
    phases.loading === null ? 'not said' : significant(phases.loading),
    keys === 0 ? '–' : significant(estimate.median / (keys / 1e5)),
  ];
}

function rangeText(range: Recovery['estimate']['range']): string {
  if (range === null) return 'one run';
  return `range ${significant(range[0])}–${significant(range[1])}`;
}

function barName({ label, recovery }: Bar): string {
  const { keys } = recovery;
  return `${label}, ${keys === 0 ? 'keys of the load' : `${sizeText(keys)} keys`}`;
}

function servingMs({ mountMs, estimate }: Recovery): number {
  return mountMs + estimate.median;
}

function barReading(bars: readonly Bar[]): string {
  const byTime = [...bars].sort((one, other) => (
    servingMs(one.recovery) - servingMs(other.recovery)));
  const [quickest, longest] = [byTime[0], byTime.at(-1)];
  if (quickest === undefined || longest === undefined) return 'Nothing was timed.';
  const [most] = steps.slice(0, 4).sort((one, other) => (
    other.lasts(longest.recovery) - one.lasts(longest.recovery)));
  const text = `${barName(longest)} takes longest, ${durationText(servingMs(longest.recovery))}, `
    + `most of it for ${most?.words ?? 'its first write'}`;
  if (quickest === longest) return `${text}.`;
  return `${text}; ${barName(quickest)} is back soonest, after ${
    durationText(servingMs(quickest.recovery))}.`;
}

function barDrawing(bars: readonly Bar[], { width, height, isNarrow }: Size): Markup {
  const left = isNarrow ? 8 : 230;
  const plot: Plot = { left, right: width - (isNarrow ? 100 : 120), top: 8, bottom: height - 44 };
  const most = bars.reduce((high, { recovery }) => (
    Math.max(high, recovery.mountMs + Math.max(recovery.phases.firstWrite, recovery.backMs ?? 0,
      recovery.estimate.ci95?.[1] ?? 0))), 0);
  const x = linearScale(most, [plot.left, plot.right], isNarrow ? 3 : 6);
  const pitch = isNarrow ? 44 : 28;
  const grid = axes(plot, {
    x: { scale: x, label: 'time →', text: durationText },
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
  const { mountMs, estimate: { ci95 } } = recovery;
  return html`${rects}${ci95 === null ? null : html`<path class="whisker"
 d="M${x.at(mountMs + ci95[0])} ${top + 9}H${x.at(mountMs + ci95[1])}"/>`}<text class="value"
 x="${x.at(Math.max(sum, mountMs + (ci95?.[1] ?? 0))) + 6}" y="${top + 14}">${
    valueText(recovery)}</text>`;
}

/** `350 ms`; with the time to the former rate after it where that was measured. */
function valueText(recovery: Recovery): string {
  const { mountMs, backMs } = recovery;
  const serving = durationText(servingMs(recovery));
  return backMs === null ? serving : `${serving} / ${durationText(mountMs + backMs)}`;
}
