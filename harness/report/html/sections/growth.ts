// How the time to serve again grows with the data: a line for each setting or form.

import { fitLine, growthWord } from '../../../metrics/growth.ts';
import {
  countText, durationText, groupedText, significant, sizeText,
} from '../../../plan/units.ts';
import { axes, chartMarkup, legendMarkup, mark, pathOf, tip } from '../chart.ts';
import type { Plot, Size } from '../chart.ts';
import { html, name } from '../markup.ts';
import type { Markup } from '../markup.ts';
import type { Recovery } from '../model.ts';
import type { RecoveryGroup, RecoveryLine } from '../recovery-lines.ts';
import { linearScale } from '../scales.ts';

/** The chart of a group; null where nothing has two sizes. */
export function growthChart({ title, lines }: RecoveryGroup): Markup | null {
  const growing = lines.filter((line) => sized(line).length > 1);
  if (growing.length === 0) return null;
  const sizes = [...new Set(growing.flatMap(sized).map(({ keys }) => keys))].sort((a, b) => a - b);
  return chartMarkup({
    title: `${title === '' ? '' : `${title}: `}time to serve again against the number of keys`,
    reading: readingOf(growing),
    height: () => 300,
    draw: (size) => drawing(growing, size),
    legend: legendMarkup(growing, 'line'),
    table: {
      caption: 'Time to serve again by number of keys, medians',
      columns: ['setting', ...sizes.map((keys) => `${sizeText(keys)} keys`), 'µs a key', 'growth'],
      rows: growing.map((line) => [
        name(line.label),
        ...sizes.map((keys) => cellText(sized(line).find((each) => each.keys === keys))),
        slopeText(line), growthWord(pointsOf(line)),
      ]),
    },
  });
}

function cellText(recovery: Recovery | undefined): string {
  return recovery === undefined ? '–' : durationText(totalMs(recovery));
}

function slopeText(line: RecoveryLine): string {
  const fit = fitLine(pointsOf(line));
  return fit === null ? '–' : significant(fit.slope * 1000);
}

/** Bringing the file system back comes first. */
function totalMs({ mountMs, estimate }: Recovery): number {
  return mountMs + estimate.median;
}

function pointsOf(line: RecoveryLine): (readonly [keys: number, ms: number])[] {
  return sized(line).map((each) => [each.keys, totalMs(each)] as const);
}

function sized({ recoveries }: RecoveryLine): Recovery[] {
  return recoveries.filter(({ keys }) => keys > 0);
}

function readingOf(lines: readonly RecoveryLine[]): string {
  const parts = lines.map((line) => {
    const [small, large] = [sized(line)[0], sized(line).at(-1)];
    if (small === undefined || large === undefined) return '';
    const longer = totalMs(large) / totalMs(small);
    return `${line.label} takes ${significant(longer)} × as long with ${
      significant(large.keys / small.keys)} × the keys (${sizeText(small.keys)} → ${
      sizeText(large.keys)})`;
  });
  const trials = Math.min(...lines.flatMap((line) => sized(line).map((each) => each.trials)));
  const few = countText(trials, 'trial');
  const doubt = trials < 3 ? ` With ${few} a size this is a first look.` : '';
  return `${parts.join('; ')}.${doubt}`;
}

function drawing(lines: readonly RecoveryLine[], { width, height, isNarrow }: Size): Markup {
  const plot: Plot = { left: isNarrow ? 54 : 64, right: width - 20, top: 30, bottom: height - 48 };
  const all = lines.flatMap(sized);
  const most = all.reduce((high, each) => Math.max(high, totalMs(each)), 0);
  const keys = all.reduce((high, each) => Math.max(high, each.keys), 0);
  const x = linearScale(keys, [plot.left, plot.right], isNarrow ? 3 : 6);
  const y = linearScale(most, [plot.bottom, plot.top], 4);
  return html`${axes(plot, {
    x: { scale: x, label: 'keys →', text: (value) => sizeText(Math.round(value)) },
    y: { scale: y, label: 'first answered write after', text: durationText },
  })}${lines.map((line) => html`<path class="line ${line.look.className}" d="${pathOf(
    pointsOf(line).map(([each, ms]) => [x.at(each), y.at(ms)] as const))}"/>
${sized(line).map((each) => mark(line.look, {
    x: x.at(each.keys), y: y.at(totalMs(each)), radius: 5,
  }, tip(`${line.label}, ${groupedText(each.keys)} keys: ${durationText(totalMs(each))}`)))}`)}`;
}
