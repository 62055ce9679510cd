// What the page does by itself once it is open: the reader's two numbers, copying commands, words
// beside the pointer, and time series. It is carried by the page as text, so it uses nothing from
// outside itself but its parameter and what a browser has.
/// <reference lib="dom" />
/// <reference lib="dom.iterable" />

import type { Candidate, Choice, Objective } from './choose.ts';

/** Makes the two inputs choose. Without it the page shows what fits its first numbers. */
export function startChoice(
  choose: (candidates: readonly Candidate[], objective: Objective) => Choice[],
): void {
  const rpo = document.querySelector<HTMLInputElement>('#rpo');
  const rto = document.querySelector<HTMLInputElement>('#rto');
  const output = document.querySelector('#cheapest');
  const rows = [...document.querySelectorAll<HTMLElement>('.choices li')];

  const numberOf = (text: string | undefined): number | null => (
    text === undefined || text === '' ? null : Number(text));

  const showChoice = (): void => {
    if (rpo === null || rto === null || output === null) return;
    const bad = [rpo, rto].filter((input) => !(input.valueAsNumber >= 0));
    for (const input of [rpo, rto]) input.setAttribute('aria-invalid', String(bad.includes(input)));
    const chosen = bad.length > 0 ? [] : choose(rows.map(({ dataset }) => ({
      target: dataset['target'] ?? '',
      perSecond: numberOf(dataset['perSecond']),
      lowPerSecond: numberOf(dataset['low']),
      highPerSecond: numberOf(dataset['high']),
      windowMs: numberOf(dataset['windowMs']),
      readyMs: numberOf(dataset['readyMs']),
      hasFailed: dataset['failed'] === 'yes',
    })), { rpoMs: rpo.valueAsNumber * 1000, rtoMs: rto.valueAsNumber * 1000 });
    rows.forEach((row, at) => {
      row.classList.toggle('chosen', chosen.some((choice) => choice.at === at));
    });
    const nameOf = (at: number): string => rows[at]?.querySelector('.label')?.textContent ?? '';
    output.textContent = bad.length > 0 ? 'give both as numbers of seconds, 0 or more'
      : chosen.map(({ at }) => nameOf(at)).join(', ') || 'none of this run';
    const alike = chosen.flatMap((choice) => choice.alike).map(nameOf);
    const doubt = document.querySelector('#alike');
    if (doubt !== null) {
      doubt.textContent = alike.length === 0 ? ''
        : `Within the noise of this run just as fast: ${alike.join(', ')}.`;
    }
  };
  for (const input of [rpo, rto]) input?.addEventListener('input', showChoice);
  document.querySelector('.objective')?.addEventListener('submit', (event) => {
    event.preventDefault();
  });
  showChoice();
}

/** Makes the buttons copy, and marks say their value where the pointer is. */
export function startHelp(): void {
  for (const button of document.querySelectorAll<HTMLElement>('button.copy')) {
    button.addEventListener('click', () => {
      const text = button.dataset['copy'] ?? '';
      const done = (): void => {
        button.textContent = 'Copied';
      };
      const select = (): void => { // from file:// a browser may refuse: then it is selected
        const code = button.previousElementSibling;
        if (code !== null) getSelection()?.selectAllChildren(code);
        button.textContent = document.execCommand('copy') ? 'Copied' : 'Selected';
      };
      if (navigator.clipboard === undefined) select();
      else navigator.clipboard.writeText(text).then(done, select);
    });
  }

  const tip = document.querySelector<HTMLElement>('#tip');
  document.addEventListener('pointermove', (event) => {
    if (tip === null) return;
    const mark = event.target instanceof Element ? event.target.closest('svg *') : null;
    const title = mark?.querySelector(':scope > title')
      ?? mark?.closest('.promise')?.querySelector(':scope > title') ?? null;
    tip.hidden = title === null;
    if (title === null) return;
    tip.textContent = title.textContent;
    const left = Math.min(event.clientX + 14, innerWidth - tip.offsetWidth - 8);
    tip.style.left = `${Math.max(8, left)}px`;
    tip.style.top = `${Math.min(event.clientY + 16, innerHeight - tip.offsetHeight - 8)}px`;
  });
}
