// Which setting should I use? Write rate against the worst loss, the time to serve again as size,
// and the cheapest setting within a loss and a downtime that the reader sets.

import {
  bytesText, countText, durationText, groupedText, roundedText, shareText, sizeText,
} from '../../../plan/units.ts';
import { zeroSeenUpperBound95 } from '../../aggregate.ts';
import { advise } from '../../advice.ts';
import { intervalText } from '../../summary.ts';
import { axes, chartMarkup, legendMarkup, mark, shortened, tip } from '../chart.ts';
import type { Axis, Plot, Size } from '../chart.ts';
import { cheapest } from '../client/choose.ts';
import type { Candidate, Choice, Objective } from '../client/choose.ts';
import { placeLabels } from '../label-places.ts';
import { html, name } from '../markup.ts';
import type { Content, Markup } from '../markup.ts';
import { crashWords } from '../model.ts';
import type { CrashLosses, Entry, Model, Recovery } from '../model.ts';
import { linearScale, lossScale } from '../scales.ts';
import type { Scale } from '../scales.ts';

/** What the page asks about before the reader does. */
export const firstObjective: Objective = { rpoMs: 1000, rtoMs: 10_000 };

/** The section. */
export function choiceSection(model: Model): Markup {
  const { entries } = model;
  const measured = entries.filter((entry) => entry.rate !== null && harshest(entry) !== null);
  if (measured.length === 0) {
    return html`<p class="missing">No setting of this run has both a write rate and a judged loss,
so they cannot be weighed against each other. Run scenarios that measure both, such as
<code>plugpull run</code> without a scenario's name.</p>`;
  }
  return html`${advise(model.record).map((sentence) => html`<p>${sentence}</p>`)}
${objectiveMarkup(measured)}
${chartMarkup({
    title: 'Write rate against the worst loss that was seen',
    reading: readingOf(measured),
    height: (isNarrow) => (isNarrow ? 380 : 420),
    draw: (size) => scatter(measured, size),
    legend: legendMarkup(measured, 'mark'),
    table: {
      caption: 'Write rate, loss and time to serve again of each setting',
      columns: ['setting', 'writes a second', '95 % interval', 'worst loss', 'bound of the promise',
        'serving again after', 'verdict'],
      rows: measured.map(tableRow),
    },
  })}`;
}

/** The loss under the crash model that costs most: a power cut where it was tried. */
export function harshest({ losses }: Entry): CrashLosses | null {
  return losses.find(({ crash }) => crash !== 'process') ?? losses[0] ?? null;
}

/** With most data: it takes longest. */
export function slowest({ recoveries }: Entry): Recovery | null {
  return recoveries.at(-1) ?? null;
}

/** A file system that has to come back first counts. */
function readyMsOf(recovery: Recovery | null): number | null {
  return recovery === null ? null : recovery.mountMs + recovery.estimate.median;
}

/** What the reader's two numbers are compared with. */
export function candidateOf(entry: Entry): Candidate {
  const losses = harshest(entry);
  const worst = losses === null || losses.boundMs === null ? null : worstWindowMs(losses);
  return {
    target: entry.target,
    perSecond: entry.rate?.perSecond.median ?? null,
    lowPerSecond: intervalOf(entry)?.[0] ?? null,
    highPerSecond: intervalOf(entry)?.[1] ?? null,
    windowMs: worst,
    readyMs: readyMsOf(slowest(entry)),
    hasFailed: entry.verdict === 'fail',
  };
}

function worstWindowMs(losses: CrashLosses): number {
  return losses.worst.windowMs;
}

function objectiveMarkup(measured: readonly Entry[]): Markup {
  const candidates = measured.map(candidateOf);
  const chosen = cheapest(candidates, firstObjective);
  return html`<form class="objective" autocomplete="off">
<p>The cheapest setting that lost at most
<label>the last <input id="rpo" type="number" min="0" step="any" inputmode="decimal"
 value="${firstObjective.rpoMs / 1000}"> s (RPO)</label>
and served again within
<label><input id="rto" type="number" min="0" step="any" inputmode="decimal"
 value="${firstObjective.rtoMs / 1000}"> s (RTO)</label>:
<output id="cheapest" for="rpo rto">${choiceText(measured, chosen)}</output></p>
<p id="alike" role="status">${alikeText(measured, chosen)}</p>
<ol class="choices">${measured.map((entry, at) => choiceRow(entry,
    chosen.some((choice) => choice.at === at)))}</ol>
<p class="note">Judged by what this run saw, on this machine: a longer run may see worse. Settings
whose promise has no bound (none, rdb, aof/no in a power cut) are never chosen: what they lost says
how long the run was. The time to serve again grows with the data; the size measured is in the
table.</p></form>`;
}

/** `aof/always`, or a word for none. */
function choiceText(measured: readonly Entry[], chosen: readonly Choice[]): string {
  if (chosen.length === 0) return 'none of this run';
  return chosen.map(({ at }) => measured[at]?.label ?? '').join(', ');
}

/** As the page's script says it. */
function alikeText(measured: readonly Entry[], chosen: readonly Choice[]): string {
  const names = chosen.flatMap(({ alike }) => alike).map((at) => measured[at]?.label ?? '');
  if (names.length === 0) return '';
  return `Within the noise of this run just as fast: ${names.join(', ')}.`;
}

function choiceRow(entry: Entry, isChosen: boolean): Markup {
  const { perSecond, lowPerSecond, highPerSecond, windowMs, readyMs, hasFailed, target }
    = candidateOf(entry);
  const data = (value: number | null): string => (value === null ? '' : String(value));
  return html`<li data-target="${target}" data-per-second="${data(perSecond)}"
 data-low="${data(lowPerSecond)}" data-high="${data(highPerSecond)}"
 data-window-ms="${data(windowMs)}" data-ready-ms="${data(readyMs)}"
 data-failed="${hasFailed ? 'yes' : ''}"${isChosen ? html` class="chosen"` : null}><b
 class="label">${name(entry.label)}</b> <span>${factsText(entry)}</span></li>`;
}

function factsText(entry: Entry): string {
  const losses = harshest(entry);
  const ready = slowest(entry);
  return [
    rateText(entry),
    losses === null ? 'loss not measured' : lossText(losses),
    ready === null ? 'recovery not measured' : `back in ${recoveryText(ready)}`,
    ...(entry.verdict === 'pass' ? [] : [entry.verdict]),
  ].join(' · ');
}

function rateText({ rate }: Entry): string {
  if (rate === null) return 'rate not measured';
  return `${rate.limited ? '≥ ' : ''}${roundedText(rate.perSecond.median)} writes/s`;
}

function recoveryText(recovery: Recovery): string {
  const { keys } = recovery;
  const size = keys === 0 ? 'the keys of the load' : `${sizeText(keys)} keys`;
  return `${durationText(readyMsOf(recovery) ?? 0)} with ${size}`;
}

function lossText(losses: CrashLosses): string {
  const where = `in a ${crashWords[losses.crash]}`;
  const { worst } = losses;
  if (worst.writes === 0) {
    const bound = shareText(zeroSeenUpperBound95(losses.runs));
    return `lost nothing ${where} (${countText(losses.runs, 'run')}; up to ${bound} of `
      + 'them still could)';
  }
  const writes = `${losses.isAll ? 'all ' : ''}${groupedText(worst.writes)} writes`;
  return `lost ${writes} (${bytesText(worst.bytes)}, the last ${durationText(worst.windowMs)}) ${
    where}`;
}

function tableRow(entry: Entry): Content[] {
  const losses = harshest(entry);
  const ready = slowest(entry);
  const interval = intervalOf(entry);
  const kind = entry.rate?.perSecond.ci95 === null ? ' (range)' : '';
  return [
    name(entry.label), rateText(entry),
    interval === null ? 'one run' : `${intervalText(interval)} writes/s${kind}`,
    losses === null ? 'not measured' : lossText(losses),
    losses === null ? 'not measured' : boundText(losses),
    ready === null ? 'not measured' : recoveryText(ready),
    entry.verdict,
  ];
}

function boundText({ boundMs }: CrashLosses): string {
  if (boundMs === null) return 'none';
  return boundMs === 0 ? 'nothing lost' : `${durationText(boundMs)}, more with slow syncs`;
}

function readingOf(measured: readonly Entry[]): string {
  const rate = (entry: Entry): number => entry.rate?.perSecond.median ?? 0;
  const byRate = [...measured].sort((one, other) => rate(other) - rate(one));
  const [fastest] = byRate;
  const safest = byRate.find((entry) => {
    const losses = harshest(entry);
    return losses !== null && losses.runsWithLoss === 0;
  });
  if (fastest === undefined) return 'Nothing was measured.';
  const start = `${fastest.label} took the most writes, ${roundedText(rate(fastest))} a second`;
  const losses = harshest(fastest);
  const cost = losses === null ? '' : `, and ${lossText(losses)}`;
  if (safest === undefined) return `${start}${cost}; every setting lost something.`;
  if (safest === fastest) return `${start}${cost}.`;
  const share = shareText(rate(safest) / rate(fastest));
  return `${start}${cost}; the fastest that lost nothing is ${safest.label}, at ${share} of that `
    + 'rate.';
}

function scatter(measured: readonly Entry[], { width, height, isNarrow }: Size): Markup {
  const plot: Plot = {
    left: isNarrow ? 58 : 64, right: width - (isNarrow ? 14 : 26), top: 30, bottom: height - 48,
  };
  const windows = measured.flatMap((entry) => {
    const losses = harshest(entry);
    return losses === null ? [] : [worstWindowMs(losses)];
  });
  const lost = windows.filter((each) => each > 0);
  const x = linearScale(Math.max(...measured.map(highestRate)), [plot.left, plot.right],
    isNarrow ? 3 : 6);
  const y = lossScale([Math.min(500, ...lost), Math.max(1000, ...lost)], [plot.bottom, plot.top]);
  const xAxis: Axis = {
    scale: x, label: 'writes a second →', text: (value) => thousandsText(value),
  };
  const yAxis: Axis = { scale: y, label: 'worst loss seen ↓ better', text: windowText };
  const dots = measured.map((entry): Dot => ({
    entry, x: x.at(entry.rate?.perSecond.median ?? 0), y: y.at(windowOf(entry)),
  }));
  return html`${axes(plot, { x: xAxis, y: yAxis })}
${dots.map((dot) => whisker(dot, x))}${labels(dots, { plot, isNarrow, x })}${dots.map(dotMark)}`;
}

const none: CrashLosses = {
  crash: 'process',
  runs: 0,
  runsWithLoss: 0,
  instants: [],
  worst: { writes: 0, bytes: 0, windowMs: 0 },
  boundMs: null,
  isAll: false,
};

function highestRate(entry: Entry): number {
  return intervalOf(entry)?.[1] ?? entry.rate?.perSecond.median ?? 0;
}

/** The interval of the write rate; of few repetitions what they span. */
function intervalOf({ rate }: Entry): readonly [low: number, high: number] | null {
  return rate?.perSecond.ci95 ?? rate?.perSecond.range ?? null;
}

function windowOf(entry: Entry): number {
  return worstWindowMs(harshest(entry) ?? none);
}

interface Dot {
  readonly entry: Entry;
  readonly x: number;
  readonly y: number;
}

function radiusOf(entry: Entry): number {
  const seconds = (readyMsOf(slowest(entry)) ?? 0) / 1000;
  return Math.round(Math.min(18, 5 + Math.sqrt(seconds) * 3.5) * 10) / 10;
}

function whisker({ entry, y }: Dot, x: Scale): Markup | null {
  const interval = intervalOf(entry);
  if (interval === null) return null;
  return html`<path class="whisker ${entry.look.className}"
 d="M${x.at(interval[0])} ${y}H${x.at(interval[1])}"/>`;
}

function dotMark({ entry, x, y }: Dot): Markup {
  const extra = harshest(entry)?.boundMs === null ? 'hollow' : '';
  return mark(entry.look, { x, y, radius: radiusOf(entry), extra },
    tip(`${entry.label}: ${factsText(entry)}`));
}

/** Names beside the dots, where they cover neither dots nor one another. */
function labels(
  dots: readonly Dot[],
  { plot, isNarrow, x: scale }:
  { readonly plot: Plot; readonly isNarrow: boolean; readonly x: Scale },
): Markup[] {
  const named = dots.map(({ entry, x, y }) => {
    const [low, high] = intervalOf(entry) ?? [null, null];
    return {
      x, y, radius: radiusOf(entry), text: shortened(entry.label, isNarrow ? 18 : 40),
      ...(low === null || high === null ? {} : { reach: [scale.at(low), scale.at(high)] as const }),
    };
  });
  const room = { ...plot, bottom: plot.bottom - 2 };
  return placeLabels(named, room).flatMap((place, at) => {
    const dot = dots[at];
    if (place === null || dot === undefined) return [];
    const { x, y, anchor, isFar } = place;
    const lead = isFar ? html`<path class="lead" d="M${dot.x} ${dot.y}L${x} ${y - 4}"/>` : null;
    return [html`${lead}<text class="name" x="${x}" y="${y}" text-anchor="${anchor}">${
      named[at]?.text ?? ''}</text>`];
  });
}

/** A tick of a rate: `40 k`. */
function thousandsText(value: number): string {
  return value >= 1000 ? `${value / 1000} k` : String(value);
}

/** A tick of a window: `0`, `100 ms`, `10 s`. */
export function windowText(ms: number): string {
  if (ms === 0) return '0';
  return ms >= 1000 ? `${ms / 1000} s` : `${ms} ms`;
}
