// claims.html: one file with everything in it, that asks the network for nothing and has no script.

import { countText, durationText } from '../../plan/units.ts';
import { html, name, policyHash, tableMarkup } from '../html/markup.ts';
import type { Content, Markup } from '../html/markup.ts';
import { pageStyle } from '../html/style.ts';
import { claimFigure, claimSparkline } from './claims-chart.ts';
import { courseFigure } from './claims-course.ts';
import { serverName, verdictText } from './claims-record.ts';
import type { ClaimRecord, ClaimResult, ClaimsRecord, ClaimVerdict } from './claims-record.ts';

const ownStyle = `
body{max-width:72rem}
.badge{display:inline-block;padding:.05rem .5rem;border-radius:.9rem;border:1px solid;
font-weight:650;font-size:.88rem}
.badge.holds{color:var(--pass)}.badge.does-not-hold{color:var(--fail)}
.badge.holds-within,.badge.inconclusive{color:var(--open)}
.claims td:first-of-type{min-width:15rem}.claims .scroll{max-height:none}
dt{font-weight:650}dd{margin:0 0 .5rem}
.instead{border-left:.3rem solid var(--open);padding:.2rem .8rem;margin:.5rem 0}
`;

/** The page as text. */
export function claimsPage(record: ClaimsRecord): string {
  const style = pageStyle + ownStyle;
  const policy = `default-src 'none'; style-src ${policyHash(style)}; base-uri 'none'; `
    + "form-action 'none'";
  return html`<!doctype html>
<html lang="en"><head><meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${policy}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>The claims about RDB and AOF, measured · Plugpull</title>
<style>${{ html: style }}</style></head>
<body><a class="skip" href="#claims">Skip to the claims</a>
<header><h1>The claims about RDB and AOF, measured <small>${name(record.id)}</small></h1>
${header(record)}</header>
<main><section id="claims" class="claims" aria-labelledby="claims-title">
<h2 id="claims-title">What people say, and what this machine says</h2>${overview(record)}</section>
${record.claims.map(section)}${extended(record)}</main>
<footer><p>Written by Plugpull ${record.plugpull} from claims.json; one file, nothing is loaded from
anywhere. The machine was ${record.testbed.cpu}: other machines have other figures.</p></footer>
</body></html>
`.html;
}

function header(record: ClaimsRecord): Markup {
  const { claims, targets, missing, interrupted, testbed, profile, seed, tookMs } = record;
  const results = claims.flatMap((claim) => claim.results);
  const count = (verdict: ClaimVerdict): number => (
    results.filter((one) => one.verdict === verdict).length);
  const servers = targets.map((one) => `${serverName(one.name)} ${one.version}`).join(' and ');
  return html`<div class="strip"><p class="verdict">${countText(claims.length, 'claim')} on ${
    servers}</p>
<ul class="counts"><li>${count('holds')} hold</li>
<li>${count('holds-within')} hold within a limit</li>
<li>${count('does-not-hold')} do not hold as stated</li>
<li>${count('inconclusive')} inconclusive</li></ul>
<p class="note">Profile ${profile}, seed ${seed}, ${durationText(tookMs)}. ${testbed.cpu}, ${
  countText(testbed.cores, 'core')}, ${testbed.kernel}, ${testbed.fs}, fdatasync ${
  Math.round(testbed.fdatasyncUs)} µs.</p></div>
${missing.length === 0 && !interrupted ? null : html`<div class="problems" role="alert"><ul>${
  missing.map((one) => html`<li>${serverName(one.name)} was not measured: ${one.reason}</li>`)}${
  interrupted ? html`<li>Interrupted: claims that are not here were not measured.</li>` : null
}</ul></div>`}`;
}

function overview({ claims, targets }: ClaimsRecord): Markup {
  return tableMarkup({
    caption: 'Every claim with its verdict and the figure that decided',
    columns: ['#', 'claim', ...targets.map((target) => serverName(target.name)), 'figures'],
    rows: claims.map((claim) => [
      claim.number, html`<a href="#${claim.name}">${claim.sentence}</a>`,
      ...targets.map((target) => (
        resultCell(claim.results.find((one) => one.target === target.name)))),
      claimSparkline(claim) ?? '',
    ]),
  });
}

function resultCell(result: ClaimResult | undefined): Content {
  if (result === undefined) return 'not measured';
  return html`${badge(result)}<small>${result.decisive}</small>`;
}

function badge(result: ClaimResult): Markup {
  return html`<span class="badge ${result.verdict}">${verdictText(result)}</span> `;
}

function section(claim: ClaimRecord): Markup {
  const { results } = claim;
  return html`<section id="${claim.name}" aria-labelledby="${claim.name}-title">
<h2 id="${claim.name}-title">${claim.number}. ${claim.sentence}</h2>
${results.map(verdictMarkup)}${claimFigure(claim)}${results.map(courseFigure)}
<dl><dt>Stated in</dt><dd>${claim.statedIn}</dd><dt>Refuted by</dt><dd>${claim.refutedBy}</dd>
<dt>Measured</dt><dd>${claim.measured}</dd></dl>${factsMarkup(claim)}
<details><summary>Parameters and raw figures</summary>
<pre class="words">${JSON.stringify({
    parameters: claim.parameters,
    figures: Object.fromEntries(results.map(({ target, figures }) => [target, figures])),
    runs: results.flatMap(({ runs }) => runs),
  }, shortLists, 1)}</pre></details></section>
`;
}

/** Courses have hundreds of points: they are drawn, and whole in claims.json. */
function shortLists(_key: string, value: unknown): unknown {
  const isLong = Array.isArray(value) && value.length > 24;
  return isLong ? `${value.length} values, see claims.json` : value;
}

function verdictMarkup(result: ClaimResult): Markup {
  const { target, decisive, instead, broken } = result;
  return html`<p>${badge(result)}<b>${serverName(target)}</b>: ${decisive}.</p>
${instead === null ? null : html`<p class="instead">${instead}</p>`}
${broken.length === 0 ? null : html`<ul class="problems">${broken.map((text) => (
    html`<li>A promise was broken: ${text}</li>`))}</ul>`}`;
}

function factsMarkup({ sentence, results }: ClaimRecord): Markup | null {
  const labels = [...new Set(results.flatMap(({ facts }) => facts.map(([label]) => label)))];
  if (labels.length === 0) return null;
  return tableMarkup({
    caption: `Figures of: ${sentence}`,
    columns: ['figure', ...results.map(({ target }) => serverName(target))],
    rows: labels.map((label) => [label, ...results.map(({ facts }) => (
      facts.find(([own]) => own === label)?.[1] ?? ''))]),
  });
}

function extended({ extended: scenarios }: ClaimsRecord): Markup | null {
  if (scenarios.length === 0) return null;
  return html`<section id="extended" aria-labelledby="extended-title">
<h2 id="extended-title">Further than the claims</h2>
<p>Scenarios tagged <code>chaos-extended</code>; <code>plugpull run --tag chaos-extended</code> runs
them all.</p><ul>${scenarios.map((one) => html`<li><code>plugpull run ${one.name}</code>: ${
  one.question}</li>`)}</ul></section>`;
}
