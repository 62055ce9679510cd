// The HTML report: one file with everything in it, that asks the network for nothing. Its policy
// allows only the style sheet and the scripts whose hashes it names.

import type { RunRecord } from '../record.ts';
import { verdictLine } from '../notes.ts';
import { cheapest } from './client/choose.ts';
import { startChoice, startHelp } from './client/start.ts';
import { drawTimelines, timelineCharts } from './client/timelines.ts';
import { html, policyHash } from './markup.ts';
import type { Markup } from './markup.ts';
import { modelOf } from './model.ts';
import type { Model } from './model.ts';
import { withinRun } from './sections/change.ts';
import { choiceSection } from './sections/choice.ts';
import { downtimeSection } from './sections/downtime.ts';
import { latencySection } from './sections/latency.ts';
import type { LossCurve } from './sections/loss-curve.ts';
import { lossSection } from './sections/losses.ts';
import type { LatencySpectrum } from './sections/spectrum.ts';
import { timelineData, timelineSection } from './sections/timeline.ts';
import type { TimeSeries } from './sections/timeline.ts';
import { trustSection } from './sections/trust.ts';
import { verdictSection, verdictStrip } from './sections/verdict.ts';
import { pageStyle } from './style.ts';

/** What a page is made from. */
export interface PageInput {
  readonly record: RunRecord;
  /** What could not be read of the record or of files beside it, in sentences. */
  readonly problems: readonly string[];
  /** Courses of trials, where they lie beside the record. */
  readonly series: readonly TimeSeries[];
  /** Losses at every instant of a trial, where they lie beside the record. */
  readonly curves: readonly LossCurve[];
  /** Reply times by percentile, where histograms lie beside the record. */
  readonly spectra: readonly LatencySpectrum[];
  /** Text of the library that draws time series. */
  readonly plotLibrary: { readonly script: string; readonly style: string };
  /** Sections that need more than one run. */
  readonly change: Markup | null;
  readonly trend: Markup | null;
}

interface Section {
  readonly id: string;
  readonly question: string;
  readonly content: Markup;
}

/** The page as text. */
export function htmlReport(input: PageInput): string {
  const { record, problems, series, plotLibrary } = input;
  const model = modelOf(record);
  const sections = sectionsOf(model, input);
  const style = pageStyle + (series.length === 0 ? '' : plotLibrary.style);
  const scripts = series.length === 0 ? [pageScript()]
    : [pageScript(), plotLibrary.script, timelineScript()];
  const policy = [
    "default-src 'none'", `style-src ${policyHash(style)}`,
    `script-src ${scripts.map((script) => policyHash(script)).join(' ')}`,
    "base-uri 'none'", "form-action 'none'",
  ].join('; ');
  return html`<!doctype html>
<html lang="en"><head><meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${policy}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>${verdictLine(record)} · Plugpull</title>
<style>${raw(style)}</style></head>
<body><a class="skip" href="#lost">Skip to the report</a>
<header><h1>Plugpull <small>${record.id}</small></h1>
${verdictStrip(model)}
${problems.length === 0 ? null : html`<div class="problems" role="alert"><p>This report is not
whole:</p><ul>${problems.map((problem) => html`<li>${problem}</li>`)}</ul></div>`}
<nav aria-label="Sections"><ol>${sections.map(({ id, question }) => html`<li><a
 href="#${id}">${question}</a></li>`)}</ol></nav></header>
<main>${sections.map(({ id, question, content }) => html`<section id="${id}"
 aria-labelledby="${id}-title"><h2 id="${id}-title">${question}</h2>
${content}</section>
`)}</main>
<footer><p>Written by Plugpull ${record.plugpull} from run.json; one file, nothing is loaded from
anywhere.</p></footer>
<div id="tip" role="status" hidden></div>
<script type="application/json" id="series">${raw(jsonText(timelineData(series)))}</script>
${scripts.map((script) => html`<script>${raw(script)}</script>`)}
</body></html>
`.html;
}

function sectionsOf(
  model: Model, { series, curves, spectra, change, trend }: PageInput,
): Section[] {
  const missing = (text: string): Markup => html`<p class="missing">${text}</p>`;
  return [
    { id: 'lost', question: 'Did anything lose data it promised to keep?',
      content: verdictSection(model) },
    { id: 'choice', question: 'Which setting should I use?', content: choiceSection(model) },
    { id: 'losses', question: 'How much do I lose?', content: lossSection(model, curves) },
    { id: 'downtime', question: 'How long am I down?', content: downtimeSection(model) },
    { id: 'timeline', question: 'What happened around a crash?',
      content: timelineSection(model, series) },
    { id: 'latency', question: 'What does a sync cost in the tail?',
      content: latencySection(model, spectra) },
    { id: 'change', question: 'Is it worse than before?',
      content: change ?? withinRun(model.record)
        ?? missing('No other run was given to compare with: plugpull report RUN '
        + '--baseline NAME fills this section.') },
    { id: 'trend', question: 'Since when?',
      content: trend ?? missing('There is no history of runs here yet: plugpull trend --add RUN '
        + 'begins one.') },
    { id: 'trust', question: 'Can I trust this?', content: trustSection(model) },
  ];
}

/** The script of the page: functions of this package as text, and the call that starts them. */
function pageScript(): string {
  return `'use strict';const cheapest=${cheapest.toString()};`
    + `(${startChoice.toString()})(cheapest);(${startHelp.toString()})();`;
}

function timelineScript(): string {
  return `(${drawTimelines.toString()})((${timelineCharts.toString()})(uPlot));`;
}

/** Text that is ours, or was made safe for its place. */
function raw(text: string): Markup {
  return { html: text };
}

/** JSON that cannot end the script element it stands in. */
function jsonText(value: unknown): string {
  return JSON.stringify(value).replaceAll('<', String.raw`\u003c`);
}

