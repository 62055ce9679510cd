// The course of a claim's figure over time, before and after what happened at 0: a line a case, one
// chart a target.

import { durationText, significant } from '../../plan/units.ts';
import { axes, chartMarkup, pathOf, studyLook, tip } from '../html/chart.ts';
import type { Plot, Size } from '../html/chart.ts';
import { html, name } from '../html/markup.ts';
import type { Markup } from '../html/markup.ts';
import { linearScale } from '../html/scales.ts';
import type { PixelRange, Scale } from '../html/scales.ts';
import { serverName } from './claims-record.ts';
import type { ClaimCourse, ClaimLine, ClaimResult } from './claims-record.ts';

/** The figure; null where nothing was followed over time. */
export function courseFigure({ course, target }: ClaimResult): Markup | null {
  if (course === undefined || course.lines.every(({ points }) => points.length === 0)) return null;
  const { lines, valueLabel, reading } = course;
  const title = `${course.title}: ${serverName(target)}`;
  return chartMarkup({
    title, reading,
    height: () => 300,
    draw: (size) => draw(course, size),
    legend: html`<ul class="legend">${lines.map(({ label }, at) => html`<li><svg width="26"
 height="14" aria-hidden="true"><path class="line ${studyLook(at).className}" d="M1 7H25"/></svg>${
      name(label)}</li>`)}</ul>`,
    table: {
      caption: `${title}, ${valueLabel}`,
      columns: ['case', 'mean before', 'mean after', 'highest', 'at'],
      rows: lines.map(rowOf),
    },
  });
}

function rowOf({ label, points }: ClaimLine): Markup[] {
  const mean = (wanted: ClaimLine['points']): string => (wanted.length === 0 ? ''
    : significant(wanted.reduce((sum, [, value]) => sum + value, 0) / wanted.length));
  const highest = points.reduce((most, each) => (each[1] > most[1] ? each : most), [0, 0]);
  return [
    label, mean(points.filter(([atMs]) => atMs <= 0)), mean(points.filter(([atMs]) => atMs > 0)),
    significant(highest[1]), durationText(highest[0]),
  ].map(name);
}

function draw(
  { lines, timeLabel, valueLabel }: ClaimCourse, { width, height, isNarrow }: Size,
): Markup {
  const plot: Plot = { left: isNarrow ? 58 : 68, right: width - 16, top: 30, bottom: height - 48 };
  const all = lines.flatMap(({ points }) => points);
  const times = all.map(([atMs]) => atMs);
  const x = timeScale(times, { range: [plot.left, plot.right], ticksAbout: isNarrow ? 4 : 8 });
  const y = linearScale(Math.max(...all.map(([, value]) => value)), [plot.bottom, plot.top], 4);
  return html`${axes(plot, {
    x: { scale: x, label: timeLabel, text: durationText },
    y: { scale: y, label: valueLabel, text: significant },
  })}<path class="whisker" d="M${x.at(0)} ${plot.top}V${plot.bottom}"/>${lines.map((line, at) => (
    html`<path class="line ${studyLook(at).className}" d="${
      pathOf(line.points.map(([atMs, value]) => [x.at(atMs), y.at(value)]))}">${
      tip(line.label)}</path>`))}`;
}

/** From the earliest, which lies before 0, to the latest; 0 is a tick. */
function timeScale(
  times: readonly number[], { range, ticksAbout }: { range: PixelRange; ticksAbout: number },
): Scale {
  const [least, most] = [Math.min(0, ...times), Math.max(0, ...times)];
  const span = Math.max(1, most - least);
  const step = linearScale(span, [0, 1], ticksAbout).ticks[1] ?? 1;
  const [from, to] = range;
  const first = Math.ceil(least / step);
  const count = Math.floor(most / step) - first + 1;
  return {
    at: (value) => Math.round(10 * (from + (to - from) * (value - least) / span)) / 10,
    ticks: Array.from({ length: count }, (_, index) => (first + index) * step),
  };
}
