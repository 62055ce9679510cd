// What does a sync cost in the tail? Reply times by percentile, one line for each setting.

import { durationText, groupedText, significant } from '../../../plan/units.ts';
import type { LatencyUs } from '../../record.ts';
import { axes, chartMarkup, legendMarkup, mark, pathOf, tip } from '../chart.ts';
import type { Plot, Size } from '../chart.ts';
import { html, name } from '../markup.ts';
import type { Markup } from '../markup.ts';
import { entriesByTarget } from '../model.ts';
import type { Entry, Model } from '../model.ts';
import { logScale } from '../scales.ts';
import { spectrumDrawing, tailAtUs } from './spectrum.ts';
import type { LatencySpectrum, Tail } from './spectrum.ts';
import { latencyStudies } from './studies.ts';

const percentiles: readonly { readonly field: keyof LatencyUs; readonly label: string }[] = [
  { field: 'p50', label: '50 %' }, { field: 'p99', label: '99 %' },
  { field: 'p999', label: '99.9 %' }, { field: 'max', label: 'slowest' },
];

/** The section. */
export function latencySection(model: Model, spectra: readonly LatencySpectrum[]): Markup {
  const measured = model.entries.filter((entry) => entry.latencyUs !== null);
  const studies = latencyStudies(model.record);
  if (measured.length === 0) {
    return studies ?? html`<p class="missing">No reply times were measured: trials that
record the storage calls of a server, or do not ask for <code>qps</code>, give none.</p>`;
  }
  const charts = entriesByTarget(model, measured).map(({ target, entries }) => {
    const of = model.targets.length > 1 ? `${target}: ` : '';
    const tails = entries.flatMap((entry): Tail[] => {
      const spectrum = spectra.find(({ cell }) => cell === entry.rateCell);
      return spectrum === undefined ? [] : [{ ...entry, spectrum }];
    });
    return tails.length === entries.length ? spectrumChart(of, tails) : medianChart(of, entries);
  });
  return html`${charts}<p class="note">As the clients saw it, before the crash.
Where the load is a closed loop a stalled server is asked less often, so its stalls weigh less than
they would for users who come at their own pace.</p>${studies}`;
}

/** From the histograms: every reply of every trial. */
function spectrumChart(of: string, tails: readonly Tail[]): Markup {
  const shown = [50, 90, 99, 99.9, 99.99];
  return chartMarkup({
    title: `${of}reply time by percentile`,
    reading: readingOf(tails.map((tail) => ({
      label: tail.label, p99: tailAtUs(tail, 99), max: tailAtUs(tail, 99.99),
    })), '1 in 10,000 replies took longer than'),
    height: () => 340,
    draw: (size) => spectrumDrawing(tails, size),
    legend: legendMarkup(tails, 'line'),
    table: {
      caption: 'Reply times in ms, all replies of all trials together, the outage left out',
      columns: ['setting', ...shown.map((each) => `${each} %`), 'replies'],
      rows: tails.map((tail) => [name(tail.label),
        ...shown.map((each) => significant(tailAtUs(tail, each) / 1000)),
        groupedText(tail.spectrum.count)]),
    },
  });
}

/** From the record alone. */
function medianChart(of: string, entries: readonly Entry[]): Markup {
  return chartMarkup({
    title: `${of}reply time by percentile`,
    reading: readingOf(entries.map(({ label, latencyUs }) => (
      { label, p99: latencyUs?.p99 ?? 0, max: latencyUs?.max ?? 0 })),
    'the slowest single reply took'),
    height: () => 320,
    draw: (size) => drawing(entries, size),
    legend: legendMarkup(entries, 'line'),
    table: {
      caption: 'Reply times in ms, medians of the trials, the outage left out',
      columns: ['setting', ...percentiles.map(({ label }) => label)],
      rows: entries.map((entry) => [name(entry.label), ...percentiles.map(({ field }) => (
        significant((entry.latencyUs?.[field] ?? 0) / 1000)))]),
    },
  });
}

interface Slowness {
  readonly label: string;
  /** µs. */
  readonly p99: number;
  readonly max: number;
}

function readingOf(all: readonly Slowness[], words: string): string {
  const sorted = [...all].sort((one, other) => one.p99 - other.p99);
  const [best, worst] = [sorted[0], sorted.at(-1)];
  if (best === undefined || worst === undefined) return 'Nothing was measured.';
  const slow = `99 of 100 replies of ${worst.label} came within ${ms(worst.p99)}`;
  if (best === worst) return `${slow}.`;
  const [rarest] = [...all].sort((one, other) => other.max - one.max);
  return `${slow}, of ${best.label} within ${ms(best.p99)}; ${words} ${
    durationText((rarest?.max ?? 0) / 1000)} with ${rarest?.label ?? ''}.`;
}

function ms(us: number): string {
  return `${significant(us / 1000)} ms`;
}

function drawing(entries: readonly Entry[], { width, height, isNarrow }: Size): Markup {
  const plot: Plot = { left: isNarrow ? 56 : 66, right: width - 36, top: 30, bottom: height - 48 };
  const values = entries.flatMap(({ latencyUs }) => (
    latencyUs === null ? [] : percentiles.map(({ field }) => Math.max(1, latencyUs[field]))));
  const y = logScale([Math.min(...values), Math.max(...values)], [plot.bottom, plot.top]);
  const places = percentiles.map((_, at) => (
    plot.left + 30 + ((plot.right - plot.left - 40) * at) / (percentiles.length - 1)));
  const x = { at: (at: number) => places[at] ?? plot.left, ticks: percentiles.map((_, at) => at) };
  return html`${axes(plot, {
    x: { scale: x, label: 'share of replies that came within', text: (at) => (
      percentiles[at]?.label ?? '') },
    y: { scale: y, label: 'reply time',
      text: (us) => (us >= 1000 ? `${us / 1000} ms` : `${us} µs`) },
  })}${entries.map((entry) => html`<path class="line ${entry.look.className}" d="${pathOf(
    percentiles.map(({ field }, at) => (
      [x.at(at), y.at(Math.max(1, entry.latencyUs?.[field] ?? 1))] as const)))}"/>
${percentiles.map(({ field, label }, at) => mark(entry.look, {
    x: x.at(at), y: y.at(Math.max(1, entry.latencyUs?.[field] ?? 1)), radius: 4,
  }, tip(`${entry.label}, ${label}: ${ms(entry.latencyUs?.[field] ?? 0)}`)))}`)}`;
}
