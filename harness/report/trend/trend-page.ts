// The trend as a page of its own: static, one file, no script needed.

import { html, policyHash } from '../html/markup.ts';
import { trendSection } from '../html/sections/trend.ts';
import { pageStyle } from '../html/style.ts';
import type { History } from './history.ts';
import { trendsOf } from './trend.ts';

/** The page as text. */
export function trendPage(history: History): string {
  const { runs, notes, problems } = history;
  return html`<!doctype html>
<html lang="en"><head><meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src ${{ html: policyHash(pageStyle) }};
 base-uri 'none'; form-action 'none'">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>Plugpull: trend of ${runs.length} runs</title>
<style>${{ html: pageStyle }}</style></head>
<body><header><h1>Plugpull <small>trend of ${runs.length} runs</small></h1>
${problems.length === 0 ? null : html`<div class="problems" role="alert"><ul>${
    problems.map((problem) => html`<li>${problem}</li>`)}</ul></div>`}
${notes.length === 0 ? null : html`<details><summary>Dated notes (${notes.length})</summary><ul>${
    notes.map(({ at, text }) => html`<li>${at.slice(0, 10)}: ${text}</li>`)}</ul></details>`}
</header><main><section id="trend"><h2>What changed, and since when?</h2>
${trendSection(trendsOf(history), notes)}</section></main>
</body></html>
`.html;
}
