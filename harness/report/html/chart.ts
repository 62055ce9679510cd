// What every chart has: a drawing for wide and one for narrow screens, axes, marks that say their
// value, one sentence that reads it, and a table with the same numbers.

import { countText } from '../../plan/units.ts';
import { settingLabels } from '../../plan/settings.ts';
import { html, tableMarkup } from './markup.ts';
import type { Content, Markup, Table } from './markup.ts';
import type { Scale } from './scales.ts';

/** Room for a drawing, in pixels. */
export interface Size {
  readonly width: number;
  readonly height: number;
  /** For a phone: fewer ticks, labels below instead of beside. */
  readonly isNarrow: boolean;
}

/** A chart of the page. */
export interface Chart {
  readonly title: string;
  /** The one sentence in words, made from the data. */
  readonly reading: string;
  /** Draws the SVG for a size, without its `svg` element. */
  readonly draw: (size: Size) => Markup;
  /** Pixels upwards; a function of the width where the number of bars decides. */
  readonly height: (isNarrow: boolean) => number;
  readonly table: Table;
  readonly legend?: Markup;
}

const widths = [{ width: 860, isNarrow: false }, { width: 360, isNarrow: true }];

/** The figure of a chart. Both drawings are in the page; the style sheet shows the fitting one. */
export function chartMarkup({ title, reading, draw, height, table, legend }: Chart): Markup {
  const drawings = widths.map(({ width, isNarrow }) => {
    const size: Size = { width, isNarrow, height: height(isNarrow) };
    return html`<svg class="${isNarrow ? 'narrow' : 'wide'}" viewBox="0 0 ${width} ${size.height}"
 role="img" aria-label="${title}. ${reading}">${draw(size)}</svg>`;
  });
  return html`<figure><figcaption>${title}</figcaption>
${legend ?? null}${drawings}
<p class="reading">${reading}</p>
<details><summary>The same as a table (${countText(table.rows.length, 'row')})</summary>
${tableMarkup(table)}</details></figure>
`;
}

/** An axis: its scale, its name with the unit, and how a tick is written. */
export interface Axis {
  readonly scale: Scale;
  readonly label: string;
  readonly text: (value: number) => string;
}

/** The part of a drawing inside its axes. */
export interface Plot {
  readonly left: number;
  readonly right: number;
  readonly top: number;
  readonly bottom: number;
}

/** Grid, ticks and names of both axes; what is given as `body` lies above the grid. */
export function axes(plot: Plot, { x, y }: { readonly x: Axis; readonly y: Axis }): Markup {
  const { left, right, top, bottom } = plot;
  return html`<g class="grid">${y.scale.ticks.map((tick) => {
    const at = y.scale.at(tick);
    return html`<path d="M${left} ${at}H${right}"/>`;
  })}${x.scale.ticks.map((tick) => html`<path d="M${x.scale.at(tick)} ${top}V${bottom}"/>`)}</g>
<g class="ticks">${y.scale.ticks.map((tick) => html`<text x="${left - 7}"
 y="${y.scale.at(tick) + 4}" text-anchor="end">${y.text(tick)}</text>`)}
${spaced(x, right).map(({ at, text, anchor }) => html`<text x="${at}" y="${bottom + 17}"
 text-anchor="${anchor}">${text}</text>`)}
<text class="axis" x="${Math.max(2, left - 47)}" y="${top - 11}">${y.label}</text>
<text class="axis" x="${right}" y="${bottom + 34}" text-anchor="end">${x.label}</text></g>`;
}

interface TickText {
  readonly at: number;
  readonly text: string;
  readonly anchor: 'start' | 'middle' | 'end';
}

/** Room to the right of every plot. */
const margin = 14;

/** The ticks of an axis that have room: one that would touch the one before is not written. */
function spaced({ scale, text }: Axis, right: number): TickText[] {
  let end = Number.NEGATIVE_INFINITY;
  return scale.ticks.flatMap((tick): TickText[] => {
    const [at, words] = [scale.at(tick), text(tick)];
    const half = words.length * 3.4;
    if (at - half < end + 6) return [];
    end = at + half;
    // What would leave the drawing begins or ends at its edge.
    if (at - half < 0) return [{ at: 1, text: words, anchor: 'start' }];
    if (at + half > right + margin) return [{ at: right + margin, text: words, anchor: 'end' }];
    return [{ at, text: words, anchor: 'middle' }];
  });
}

/** What a mark says when pointed at; the page's script shows it, `title` where there is none. */
export function tip(text: string): Markup {
  return html`<title>${text}</title>`;
}

/** The look of a setting of a target: colour and dash for the setting, a shape for the target. */
export interface Look {
  /** Classes for what is drawn. */
  readonly className: string;
  readonly shape: Shape;
}

type Shape = 'circle' | 'square' | 'diamond' | 'triangle';
const shapes: readonly Shape[] = ['circle', 'square', 'diamond', 'triangle'];

/** The same setting and target look the same in every chart. */
export function lookOf(
  { target, setting }: { readonly target: string; readonly setting: string },
  targets: readonly string[],
): Look {
  const found = settingLabels.findIndex((label) => label === setting);
  const colour = found < 0 ? settingLabels.length : found;
  const position = Math.max(0, targets.indexOf(target)) % shapes.length;
  return { className: `c${colour}`, shape: shapes[position] ?? 'circle' };
}

/** The look of one of several things that are no settings, by its place among them. */
export function studyLook(position: number): Look {
  return {
    className: `c${position % (settingLabels.length + 1)}`,
    shape: shapes[position % shapes.length] ?? 'circle',
  };
}

/** A mark of a given area, so that all shapes of one size weigh the same. */
export function mark(
  look: Look, { x, y, radius, extra = '' }:
  { readonly x: number; readonly y: number; readonly radius: number; readonly extra?: string },
  content: Content = null,
): Markup {
  const classes = `mark ${look.className} ${extra}`;
  const side = Math.round(radius * 17.7) / 10; // the square as large as the circle
  switch (look.shape) {
    case 'circle':
      return html`<circle class="${classes}" cx="${x}" cy="${y}" r="${radius}">${content}</circle>`;
    case 'square':
      return html`<rect class="${classes}" x="${x - side / 2}" y="${y - side / 2}"
 width="${side}" height="${side}">${content}</rect>`;
    case 'diamond': {
      const half = Math.round(radius * 12.5) / 10;
      return html`<path class="${classes}"
 d="M${x} ${y - half}l${half} ${half}l-${half} ${half}l-${half} -${half}z">${content}</path>`;
    }
    case 'triangle': {
      const half = Math.round(radius * 13.5) / 10;
      return html`<path class="${classes}"
 d="M${x} ${y - half}l${half} ${half * 1.7}h-${half * 2}z">${content}</path>`;
    }
  }
}

/** A list of what the colours, shapes and dashes mean. */
export function legendMarkup(
  entries: readonly { readonly label: string; readonly look: Look }[], kind: 'mark' | 'line',
): Markup {
  return html`<ul class="legend">${entries.map(({ label, look }) => html`<li><svg width="26"
 height="14" aria-hidden="true">${kind === 'mark' ? mark(look, { x: 13, y: 7, radius: 5 })
    : html`<path class="line ${look.className}" d="M1 7H25"/>`}</svg>${label}</li>`)}</ul>`;
}

/** A line through points. */
export function pathOf(points: readonly (readonly [x: number, y: number])[]): string {
  return points.map(([x, y], at) => `${at === 0 ? 'M' : 'L'}${x} ${y}`).join('');
}

/** The name that was not seen yet, cut to what fits on a chart. */
export function shortened(text: string, most: number): string {
  const characters = [...text];
  return characters.length <= most ? text : `${characters.slice(0, most - 1).join('')}…`;
}
