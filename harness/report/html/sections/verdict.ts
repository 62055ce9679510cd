// Did anything lose data that it promised to keep? The verdict, what it rests on, and one card for
// each broken promise with the command that repeats it.

import { countText, groupedText } from '../../../plan/units.ts';
import { advise } from '../../advice.ts';
import { openReason, verdictLine } from '../../notes.ts';
import { promiseBoundSentence } from '../../promise-bounds.ts';
import type { FailureRecord, RunRecord } from '../../record.ts';
import { html, name } from '../markup.ts';
import type { Markup } from '../markup.ts';
import { crashWords, crashesOf } from '../model.ts';
import type { Model } from '../model.ts';

/** Cards beyond these are counted. */
const cardsMax = 20;

const verdictMarks = { pass: '✓', fail: '✗', inconclusive: '?' } as const;

/** The strip at the head of the page. */
export function verdictStrip({ record }: Model): Markup {
  const trials = record.cells.reduce((sum, cell) => sum + cell.perTrial.length, 0);
  const count = (verdict: string): number => (
    record.cells.filter((cell) => cell.verdict === verdict).length);
  // The last sentence is the choice; what led to it is in its section.
  const choice = advise(record).findLast((sentence) => sentence.includes('take '));
  return html`<div class="strip ${record.verdict}"><p class="verdict"><span
 aria-hidden="true">${verdictMarks[record.verdict]}</span> ${verdictLine(record)}</p>
<ul class="counts"><li><b>${groupedText(trials)}</b> of ${groupedText(record.plannedTrials)}
 trials</li><li>cells: <b>${count('pass')}</b> pass</li><li><b>${count('fail')}</b> fail</li>
<li><b>${count('inconclusive')}</b> inconclusive</li><li><b>${record.skipped.length}</b> not
 run</li></ul>${choice === undefined ? null : html`<p>${choice}</p>`}</div>`;
}

/** The section. */
export function verdictSection(model: Model): Markup {
  const { record } = model;
  return html`${failureCards(record)}${openCards(record)}
<p class="reading">${readingOf(model)}</p>`;
}

function failureCards({ failures }: RunRecord): Markup | null {
  if (failures.length === 0) return null;
  const more = failures.length - cardsMax;
  return html`<ul class="cards">${failures.slice(0, cardsMax).map(failureCard)}</ul>
${more <= 0 ? null : html`<p class="note">… and ${
    countText(more, 'more broken promise')} in run.json.</p>`}`;
}

function failureCard({ cell, index, seed, text, repro }: FailureRecord): Markup {
  return html`<li class="card fail"><h3>Broken promise: ${name(cell)}, trial ${index + 1}</h3>
<p class="words">${name(text)}</p>
<p>Seed ${seed}. Again:</p>
<div class="command"><code>${repro}</code><button type="button" class="copy"
 data-copy="${repro}">Copy</button></div></li>`;
}

function openCards({ cells }: RunRecord): Markup | null {
  const open = cells.filter((cell) => cell.verdict === 'inconclusive');
  if (open.length === 0) return null;
  const more = open.length - cardsMax;
  return html`<ul class="cards">${open.slice(0, cardsMax).map((cell) => html`<li
 class="card inconclusive"><h3>Not answered: ${name(cell.id)}</h3>
<p class="words">${name(openReason(cell))}</p></li>`)}</ul>
${more > 0 ? html`<p class="note">… and ${more} more that could not be answered.</p>` : null}`;
}

/** What the judged crashes come to, each crash model by itself. */
function readingOf(model: Model): string {
  const crashes = crashesOf(model);
  if (crashes.length === 0) return 'No crash of this run was judged for losses.';
  const parts = crashes.map((crash) => {
    const losses = model.entries.flatMap((entry) => entry.losses)
      .filter((each) => each.crash === crash);
    const runs = losses.reduce((sum, each) => sum + each.runs, 0);
    const instants = losses.reduce((sum, each) => sum + each.instants.length, 0);
    const judged = instants === runs ? '' : `, ${countText(instants, 'instant')}`;
    return `${countText(runs, `${crashWords[crash]} run`)}${judged}`;
  });
  const broken = model.record.failures.length;
  const words = broken === 0 ? [] : [`${countText(broken, 'trial')} lost or mixed up what the `
    + 'setting promised to keep.'];
  const bound = promiseBoundSentence(model.record);
  return [`Judged: ${parts.join('; ')}.`, ...words, ...(bound === null ? [] : [bound])].join(' ');
}
