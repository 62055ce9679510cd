// The loss at every instant of a trial: what a power cut would have cost, had it come then.

import { countText, durationText } from '../../../plan/units.ts';
import { axes, chartMarkup, pathOf, tip } from '../chart.ts';
import type { Look, Plot, Size } from '../chart.ts';
import { html, name } from '../markup.ts';
import type { Markup } from '../markup.ts';
import { linearScale } from '../scales.ts';
import type { Scale } from '../scales.ts';

/** The curve of one trial; each bin holds the largest loss within it. */
export interface LossCurve {
  readonly cell: string;
  /** 0 for the first repetition. */
  readonly index: number;
  readonly binMs: number;
  readonly windowMs: readonly number[];
}

/** How the curves of a cell are called and drawn. */
export interface NamedLook {
  readonly label: string;
  readonly look: Look;
}

/** Curves beyond these are left in their files. */
export const curvesMax = 16;

/** Points of a line: more than there are pixels on a phone. */
const pointsMax = 300;

/** The chart; null for no curves. */
export function lossCurveChart(
  all: readonly LossCurve[], nameOf: (cell: string) => NamedLook,
): Markup | null {
  if (all.length === 0) return null;
  const curves = all.slice(0, curvesMax);
  const shown = curves.map((curve) => namedCurve(curve, { curves, ...nameOf(curve.cell) }));
  return chartMarkup({
    title: 'What a power cut would have cost at every instant of the load',
    reading: readingOf(shown),
    height: () => 300,
    draw: (size) => drawing(shown, size),
    legend: html`<ul class="legend">${shown.map(({ label, look }) => html`<li><svg width="26"
 height="14" aria-hidden="true"><path class="line ${look.className}" d="M1 7H25"/></svg>${
      name(label)}</li>`)}</ul>`,
    table: {
      caption: 'Lost window at every instant, by trial',
      columns: ['cell', 'trial', 'length', 'worst', 'at', 'mean'],
      rows: shown.map(({ cell, index, binMs, windowMs }) => {
        const worst = windowMs.reduce((most, each) => Math.max(most, each), 0);
        const sum = windowMs.reduce((total, each) => total + each, 0);
        return [name(cell), index + 1, durationText(binMs * windowMs.length), durationText(worst),
          durationText(binMs * windowMs.indexOf(worst)),
          durationText(sum / Math.max(1, windowMs.length))];
      }),
    },
  });
}

interface NamedCurve extends LossCurve, NamedLook {}

/** Trials of one cell are told apart by their number. */
function namedCurve(
  curve: LossCurve, { curves, label, look }: NamedLook & { readonly curves: readonly LossCurve[] },
): NamedCurve {
  const hasSeveral = curves.filter(({ cell }) => cell === curve.cell).length > 1;
  return { ...curve, look, label: hasSeveral ? `${label}, trial ${curve.index + 1}` : label };
}

function readingOf(curves: readonly NamedCurve[]): string {
  const worst = curves.map((curve) => ({
    curve, ms: curve.windowMs.reduce((most, each) => Math.max(most, each), 0),
  })).sort((one, other) => other.ms - one.ms);
  const [first] = worst;
  if (first === undefined) return 'No curve was recorded.';
  const never = worst.filter(({ ms }) => ms === 0).length;
  const at = first.curve.binMs * first.curve.windowMs.indexOf(first.ms);
  const safe = never === 0 ? ''
    : `; in ${countText(never, 'trial')} of ${curves.length} no instant would have lost anything`;
  return `The worst instant of all lost ${durationText(first.ms)}, ${durationText(at)} into the `
    + `load of ${first.curve.label}${safe}.`;
}

function drawing(curves: readonly NamedCurve[], { width, height, isNarrow }: Size): Markup {
  const plot: Plot = { left: isNarrow ? 58 : 68, right: width - 16, top: 30, bottom: height - 48 };
  const lengths = curves.map(({ binMs, windowMs }) => binMs * windowMs.length);
  const longest = Math.max(...lengths);
  const most = curves.flatMap(({ windowMs }) => windowMs)
    .reduce((high, each) => Math.max(high, each), 0);
  const x = linearScale(longest, [plot.left, plot.right], isNarrow ? 3 : 6);
  const y = linearScale(most, [plot.bottom, plot.top], 4);
  return html`${axes(plot, {
    x: { scale: x, label: 'from the start of the load →', text: durationText },
    y: { scale: y, label: 'lost window', text: durationText },
  })}${curves.map((curve) => html`<path class="line thin ${curve.look.className}" d="${
    pathOf(pointsOf(curve, { x, y }))}">${tip(curve.label)}</path>`)}`;
}

/** The largest of as many neighbours as share a point, so that no peak is lost. */
function pointsOf(
  { binMs, windowMs }: LossCurve, { x, y }: { readonly x: Scale; readonly y: Scale },
): [number, number][] {
  const step = Math.max(1, Math.ceil(windowMs.length / pointsMax));
  const points: [number, number][] = [];
  for (let bin = 0; bin < windowMs.length; bin += step) {
    const peak = windowMs.slice(bin, bin + step).reduce((high, each) => Math.max(high, each), 0);
    points.push([x.at(bin * binMs), y.at(peak)]);
  }
  return points;
}
