// HTML as values: whatever is put into a template is escaped unless it is markup already, so that a
// name with <script> in it is a name with <script> in it.

import { createHash } from 'node:crypto';
import { countText } from '../../plan/units.ts';
import type { StudyTable } from '../study-table.ts';

/** A piece of HTML or SVG that is safe to put into a page. */
export interface Markup {
  readonly html: string;
}

/** What may stand in a template; null and arrays save the reader conditions and joins. */
export type Content = string | number | Markup | null | readonly Content[];

/** A template of HTML: `html` followed by a template literal. */
export function html(parts: readonly string[], ...contents: readonly Content[]): Markup {
  let text = parts[0] ?? '';
  contents.forEach((content, at) => {
    text += textOf(content) + (parts[at + 1] ?? '');
  });
  return { html: text };
}

/** How a content security policy names a style or script of the page. */
export function policyHash(text: string): string {
  return `'sha256-${createHash('sha256').update(text).digest('base64')}'`;
}

/** A name that came from outside: kept apart from the text around it, whichever way it runs. */
export function name(text: string): Markup {
  return html`<bdi>${text}</bdi>`;
}

function textOf(content: Content): string {
  if (content === null) return '';
  if (typeof content === 'string') return escaped(content);
  if (typeof content === 'number') return String(content);
  if ('html' in content) return content.html;
  return content.map(textOf).join('');
}

const entities: Readonly<Record<string, string>> = {
  '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&#39;',
};

// What HTML has no way to write: control characters, halves of surrogate pairs.
// oxlint-disable-next-line no-control-regex
const unwritable = /[\0-\b\v\f\u000e-\u001f\u007f-\u009f\ufffe\uffff]|\p{Surrogate}/gu;

/** The text as it stands in HTML, also within a quoted attribute. */
export function escaped(text: string): string {
  return text.replaceAll(unwritable, '\ufffd')
    .replaceAll(/[&<>"']/g, (character) => entities[character] ?? character);
}

/** A table: its columns, its rows, and a note on the rows that were left out. */
export interface Table {
  readonly caption: string;
  readonly columns: readonly string[];
  readonly rows: readonly (readonly Content[])[];
}

/** More rows than this are not read by anyone, and they make the file large. */
export const tableRowsMax = 200;

/** Tables with more rows scroll in a frame of their own. */
const longFrom = 30;

/** A table of HTML; the first cell of each row is its heading. */
export function tableMarkup({ caption, columns, rows }: Table): Markup {
  const shown = rows.slice(0, tableRowsMax);
  const more = rows.length - shown.length;
  const size = shown.length > longFrom ? 'scroll long' : 'scroll';
  return html`<div class="${size}" tabindex="0" role="region" aria-label="${caption}"><table>
<caption>${caption}</caption>
<thead><tr>${columns.map((column) => html`<th scope="col">${column}</th>`)}</tr></thead>
<tbody>${shown.map(rowMarkup)}</tbody></table></div>
${more > 0 ? html`<p class="note">… and ${countText(more, 'more row')} in run.json.</p>` : null}`;
}

function rowMarkup([head = '', ...cells]: readonly Content[]): Markup {
  return html`<tr><th scope="row">${head}</th>${cells.map((cell) => html`<td>${cell}</td>`)}</tr>
`;
}

/** A table of a study, folded away under its title. */
export function studyMarkup({ title, rows: [head = [], ...rows] }: StudyTable): Markup {
  return html`<details><summary>${title} (${countText(rows.length, 'row')})</summary>${tableMarkup({
    caption: title, columns: head, rows: rows.map(([first = '', ...rest]) => (
      [name(first), ...rest])),
  })}</details>`;
}
