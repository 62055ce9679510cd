// Reply times by percentile as a curve: the further to the right, the rarer.

import { axes, mark, pathOf, tip } from '../chart.ts';
import type { Look, Plot, Size } from '../chart.ts';
import { html } from '../markup.ts';
import type { Markup } from '../markup.ts';
import { logScale } from '../scales.ts';
import type { Scale } from '../scales.ts';

/** Reply times of a cell by percentile. */
export interface LatencySpectrum {
  readonly cell: string;
  readonly count: number;
  /** In the order of `spectrumPercentiles`, µs. */
  readonly valuesUs: readonly number[];
}

/** Where a spectrum is read: denser the rarer, up to one reply in 100,000. */
export const spectrumPercentiles: readonly number[] = [
  0, 10, 25, 50, 60, 70, 75, 80, 85, 90, 92.5, 95, 96, 97, 98, 99, 99.25, 99.5, 99.7, 99.8, 99.9,
  99.925, 99.95, 99.97, 99.98, 99.99, 99.995, 99.999,
];

/** The spectrum of one setting. */
export interface Tail {
  readonly label: string;
  readonly look: Look;
  readonly spectrum: LatencySpectrum;
}

/** The value at one of `spectrumPercentiles`, µs. */
export function tailAtUs({ spectrum }: Tail, percentile: number): number {
  return spectrum.valuesUs[spectrumPercentiles.indexOf(percentile)] ?? 0;
}

/** What a tick of an axis of percentiles may be. */
const ticks = [0, 90, 99, 99.9, 99.99, 99.999];
/** Marks, so that lines can be told apart without colour. */
const marked = [0, 50, 90, 99, 99.9, 99.99];

/** One curve for each setting; what fewer than one reply tells is not drawn. */
export function spectrumDrawing(tails: readonly Tail[], { width, height, isNarrow }: Size): Markup {
  const plot: Plot = { left: isNarrow ? 56 : 66, right: width - 36, top: 30, bottom: height - 48 };
  const known = tails.map((tail) => ({ tail, points: pointsOf(tail) }));
  const values = known.flatMap(({ points }) => points.map(([, us]) => us));
  const most = known.flatMap(({ points }) => points.map(([percentile]) => percentile))
    .reduce((high, each) => Math.max(high, each), 90);
  const rare = logScale([1, rarity(most)], [plot.left + 12, plot.right]);
  const x: Scale = {
    at: (percentile) => rare.at(rarity(percentile)),
    ticks: ticks.filter((tick) => tick <= most),
  };
  const y = logScale([Math.min(...values), Math.max(...values)], [plot.bottom, plot.top]);
  return html`${axes(plot, {
    x: { scale: x, label: 'share of replies that came within →', text: (at) => `${at} %` },
    y: { scale: y, label: 'reply time',
      text: (us) => (us >= 1000 ? `${us / 1000} ms` : `${us} µs`) },
  })}${known.map(({ tail, points }) => html`<path class="line ${tail.look.className}" d="${pathOf(
    points.map(([percentile, us]) => [x.at(percentile), y.at(us)] as const))}"/>
${points.filter(([percentile]) => marked.includes(percentile)).map(([percentile, us]) => (
    mark(tail.look, { x: x.at(percentile), y: y.at(us), radius: 4 },
      tip(`${tail.label}, ${percentile} %: ${us} µs`))))}`)}`;
}

/** One reply in so many is slower. */
function rarity(percentile: number): number {
  return 100 / (100 - percentile);
}

function pointsOf({ spectrum: { valuesUs, count } }: Tail): [percentile: number, us: number][] {
  return spectrumPercentiles.flatMap((percentile, at): [number, number][] => (
    rarity(percentile) > count ? [] : [[percentile, Math.max(1, valuesUs[at] ?? 1)]]));
}
