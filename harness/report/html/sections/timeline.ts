// What happened around a crash? Writes a second and reply times over the run with crashes,
// snapshots and rewrites shaded, and all crashes laid over one another.

import { countText, durationText, groupedText, significant } from '../../../plan/units.ts';
import { html, name, tableMarkup } from '../markup.ts';
import type { Markup } from '../markup.ts';
import type { Model } from '../model.ts';

/** A trial in steps of equal length, from the start of its load. */
export interface TimeSeries {
  readonly cell: string;
  /** 0 for the first repetition. */
  readonly index: number;
  readonly stepMs: number;
  /** Acknowledged operations of each step. */
  readonly acknowledged: readonly number[];
  /** µs; null where no reply came. */
  readonly p50Us: readonly (number | null)[];
  readonly p99Us: readonly (number | null)[];
  /** What was going on, ms from the start of the load. */
  readonly spans: readonly Span[];
}

/** A stretch of time that is shaded. */
export interface Span {
  readonly kind: 'crash' | 'snapshot' | 'rewrite';
  readonly fromMs: number;
  readonly toMs: number;
}

/** Series beyond these would make the file large; the others stay beside the record. */
export const seriesMax = 24;

/** Courses that are open at once; the others are folded away. */
const openMax = 4;

/** The section. */
export function timelineSection(model: Model, series: readonly TimeSeries[]): Markup {
  if (series.length === 0) {
    const outages = model.record.cells.flatMap((cell) => cell.perTrial
      .flatMap((trial) => trial.outageMs ?? []));
    const seen = outages.length === 0 ? '' : ` What it has: ${countText(outages.length, 'outage')}`
      + `, the longest ${durationText(outages.reduce((a, b) => Math.max(a, b), 0))} from the last `
      + 'reply before the crash to the first after it.';
    return html`<p class="missing">No time series lies beside this record, so the course of a trial
cannot be drawn.${seen}</p>`;
  }
  const shown = series.slice(0, seriesMax);
  return html`<p class="note">Shaded red: from the
crash to the first reply after it; green: a snapshot; purple: a rewrite of the log. The tables say
the same in words.</p>${overlay(shown)}${shown.slice(0, openMax).map(timeline)}
${shown.length <= openMax ? null : html`<details><summary>More trials (${
    shown.length - openMax})</summary>${shown.slice(openMax).map((each, at) => (
    timeline(each, at + openMax)))}</details>`}
${series.length === shown.length ? null : html`<p class="note">${
    countText(series.length - shown.length, 'further trial')} in the files beside the
record.</p>`}`;
}

/** The data that the page's script draws from: rates a second, times in ms. */
export function timelineData(series: readonly TimeSeries[]): unknown {
  return series.slice(0, seriesMax).map(({ stepMs, acknowledged, p50Us, p99Us, spans }) => ({
    seconds: acknowledged.map((_, at) => (at * stepMs) / 1000),
    rate: acknowledged.map((count) => Math.round((count * 1000) / stepMs)),
    p50Ms: p50Us.map(msOrNull),
    p99Ms: p99Us.map(msOrNull),
    spans: spans.map(({ kind, fromMs, toMs }) => ({ kind, from: fromMs / 1000, to: toMs / 1000 })),
  }));
}

function msOrNull(us: number | null): number | null {
  return us === null ? null : Math.round(us / 10) / 100;
}

function timeline(series: TimeSeries, at: number): Markup {
  const { cell, index, spans } = series;
  const rows = series.acknowledged.map((count, step) => [
    durationText(step * series.stepMs), groupedText((count * 1000) / series.stepMs),
    textOf(series.p50Us[step]), textOf(series.p99Us[step]),
    spans.filter(({ fromMs, toMs }) => (
      fromMs < (step + 1) * series.stepMs && toMs > step * series.stepMs))
      .map(({ kind }) => kind).join(', '),
  ]);
  return html`<figure><figcaption>Course of ${name(cell)}, trial ${index + 1}</figcaption>
<div class="timeline" data-series="${at}"></div>
<p class="reading">${readingOf(series)}</p>
<details><summary>The same as a table (${countText(rows.length, 'row')})</summary>${tableMarkup({
    caption: `Course of ${cell}, trial ${index + 1}`,
    columns: ['from', 'operations a second', 'p50, ms', 'p99, ms', 'going on'], rows,
  })}</details></figure>
`;
}

function textOf(us: number | null | undefined): string {
  return us === null || us === undefined ? 'no reply' : significant(us / 1000);
}

function readingOf({ acknowledged, stepMs, p99Us, spans }: TimeSeries): string {
  const crash = spans.find(({ kind }) => kind === 'crash');
  const until = crash === undefined ? acknowledged.length : Math.floor(crash.fromMs / stepMs);
  const before = acknowledged.slice(0, Math.max(1, until));
  const rate = (before.reduce((sum, count) => sum + count, 0) * 1000) / (before.length * stepMs);
  const slowest = p99Us.reduce<number>((most, us) => Math.max(most, us ?? 0), 0);
  const stall = before.reduce((least, count) => Math.min(least, count), Number.POSITIVE_INFINITY);
  const outage = crash === undefined ? 'no crash' : `answers stopped for ${
    durationText(crash.toMs - crash.fromMs)} at the crash`;
  return `On average ${groupedText(rate)} operations a second before the crash, `
    + `${groupedText((stall * 1000) / stepMs)} in the slowest step; ${outage}; the worst p99 of a `
    + `step was ${significant(slowest / 1000)} ms.`;
}

function overlay(series: readonly TimeSeries[]): Markup | null {
  const crashed = series.filter(({ spans }) => spans.some(({ kind }) => kind === 'crash'));
  if (crashed.length < 2) return null;
  return html`<figure><figcaption>All crashes laid over one another, the crash at 0
</figcaption><div class="timeline" data-overlay="yes"></div>
<p class="reading">${crashed.length} crashes: each line is one trial's operations a
second before the crash and until the first answer after it, so that one that was slow before or
long away stands out; each trial's own table is below.</p></figure>`;
}
