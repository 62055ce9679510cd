// The page as text: what a reader finds in it, and what no record may do to it.
import { createHash } from 'node:crypto';
import test from 'ava';
import { defineScenario } from '../../plan/define-scenario.ts';
import type { RunRecord } from '../record.ts';
import { planOf, recordOf } from '../test-support.ts';
import { htmlReport } from './page.ts';
import { healthy, largeRecord, nastyRecord, pageOf, twoSeries } from './test-support.ts';

const sizeMax = 2_000_000;

const loss = defineScenario({ name: 'one', question: 'How much?', measures: ['loss'], trials: 1 });
const empty: RunRecord = recordOf(planOf([]));
const speedOnly = defineScenario({ name: 'fast', question: 'How fast?', measures: ['qps'] });

const rows: readonly { title: string; record: RunRecord; says: readonly string[] }[] = [
  { title: 'a healthy run', record: healthy,
    says: ['pass: no promise about data was broken', 'aof/everysec', 'Write rate against'] },
  { title: 'an empty run', record: empty,
    says: ['No crash of this run was judged', 'No recovery was timed', 'No loss was judged'] },
  { title: 'one trial', record: recordOf(planOf([loss])),
    says: ['No setting of this run has both a write rate and a judged loss'] },
  { title: 'all skipped', record: { ...empty, skipped: nastyRecord().skipped },
    says: ['Not run here (6)'] },
  { title: 'a run that measures only speed', record: recordOf(planOf([speedOnly])),
    says: ['reply time by percentile', 'No time series lies beside'] },
  { title: 'a failed trial', says: ['Broken promise: ', 'plugpull run lost', 'FAIL: '],
    record: recordOf(planOf([{ ...loss, name: 'lost' }]), (own) => ({ ...own, verdict: 'fail' })) },
  { title: 'a server that never came back', says: ['Not answered: ', 'it died'],
    record: recordOf(planOf([loss]), (own) => ({
      ...own, verdict: 'inconclusive', cuts: [], files: null, outageMs: null, error: 'it died',
    })) },
];

for (const { title, record, says } of rows) {
  test(`the page of ${title}: every section, and what is missing is said`, (t) => {
    const page = pageOf(record);
    for (const id of ['lost', 'choice', 'losses', 'downtime', 'timeline', 'latency', 'change',
      'trend', 'trust']) {
      t.true(page.includes(`<section id="${id}"`), id);
    }
    for (const text of says) t.true(page.includes(text), text);
    t.false(/undefined|NaN|Infinity|\[object/.test(withoutScripts(page)));
  });
}

function withoutScripts(page: string): string {
  return page.replaceAll(/<script>[^]*?<\/script>/g, '');
}

test('names with markup, quotes, emoji and right-to-left text stay names', (t) => {
  const page = pageOf(nastyRecord());
  t.is(page.match(/<script/g)?.length, pageOf(healthy).match(/<script/g)?.length);
  t.false(page.includes('<img'));
  t.false(page.includes('\0'));
  t.true(page.includes('&lt;img src=x onerror=&quot;document.title=1&quot;&gt;'));
  t.false(/href="(?!#|run\.json|summary\.md)/.test(page), 'no path out of the folder is a link');
  t.true(page.isWellFormed());
});

test('10,000 cells: under 2 MB, tables say how much they leave out', (t) => {
  const page = pageOf(largeRecord({ cells: 10_000, trials: 1 }));
  t.true(Buffer.byteLength(page) < sizeMax, String(Buffer.byteLength(page)));
  t.true(page.includes('All 10,000 cells are in run.json.'));
});

test('the policy allows the style and the scripts of the page and nothing else', (t) => {
  for (const page of [pageOf(healthy), pageOf(healthy, {
    series: twoSeries, plotLibrary: { script: 'var uPlot;', style: '.u{}' },
  })]) {
    const policy = /Content-Security-Policy" content="([^"]*)"/.exec(page)?.[1] ?? '';
    const inPage = [...page.matchAll(/<(style|script)>([^]*?)<\/\1>/g)]
      .map(([, , text = '']) => createHash('sha256').update(text).digest('base64'));
    const allowed = [...policy.matchAll(/sha256-([^&' ]+)/g)].map(([, hash]) => hash);
    t.deepEqual(allowed.sort(), inPage.sort());
    t.regex(policy, /^default-src &#39;none&#39;; style-src &#39;sha256-/);
    t.false(/unsafe|https?:|\*/.test(policy));
    t.false(/\sstyle="|\son[a-z]+="/.test(withoutScripts(page)), 'nothing that it would block');
  }
});

test('the page asks for nothing outside itself', (t) => {
  const page = pageOf(healthy, { series: twoSeries });
  t.deepEqual([...page.matchAll(/(?:src|href|url)\s*[=(]\s*"?([^"#)][^")>]*)/g)]
    .map(([, target]) => target).filter((target) => target !== 'run.json'
      && target !== 'summary.md'), []);
});

test('every chart has a sentence and a table with the same numbers', (t) => {
  const page = pageOf(healthy);
  const figures = page.match(/<figure>[^]*?<\/figure>/g) ?? [];
  t.true(figures.length >= 8, String(figures.length));
  for (const figure of figures) {
    t.regex(figure, /<p class="reading">[A-Za-z0-9][^<]{20,}[.]<\/p>/);
    t.regex(figure, /<table>[^]*<tbody><tr>/);
  }
});

test('loss curves: one line a trial, the worst instant in words', (t) => {
  const cell = 'lost/bundled/aof/everysec/power';
  const page = pageOf(healthy, { curves: [
    { cell, index: 0, binMs: 10, windowMs: [0, 400, 980, 20] },
    { cell: 'lost/bundled/aof/always/power', index: 0, binMs: 10, windowMs: [0, 0, 0, 0] },
  ] });
  t.regex(page, new RegExp('The worst instant of all lost 980 ms, 20 ms into the load of '
    + 'aof/everysec; in 1 trial of 2 no instant would have lost anything\\.'));
});

test('a record that was not whole says so at the top', (t) => {
  const page = htmlReport({
    record: healthy, problems: ['The <list> of cells is missing.'],
    series: [], curves: [], spectra: [], plotLibrary: { script: '', style: '' },
    change: null, trend: null,
  });
  t.regex(page, /role="alert"><p>This report is not\nwhole:<\/p><ul><li>The &lt;list&gt; of cells/);
});
