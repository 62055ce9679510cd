// The page and the Markdown of claims: nothing from outside runs as script or markup, and the page
// opens in a real browser without an error or a request.
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import test from 'ava';
import { chromium } from 'playwright-core';
import type { Browser } from 'playwright-core';
import { nastyName } from '../html/test-support.ts';
import { claimsMarkdown } from './claims-markdown.ts';
import { claimsPage } from './claims-page.ts';
import { verdictText } from './claims-record.ts';
import type { ClaimRecord, ClaimResult, ClaimsRecord } from './claims-record.ts';

const executablePath = process.env['CHROMIUM_BIN'] ?? '/usr/bin/chromium';
const isHere = existsSync(executablePath);
const browsing = isHere ? test.serial : test.serial.skip;
const why = isHere ? '' : ` (skipped: chromium is not at ${executablePath})`;
const folder = mkdtempSync(join(tmpdir(), 'plugpull-claims-page-'));
const screenshots = process.env['PLUGPULL_SCREENSHOTS'];
let browser: Browser | null = null;

test.before(async () => {
  if (!isHere) return;
  browser = await chromium.launch({ executablePath, args: [
    '--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run',
    '--disable-background-networking', '--disable-component-update', '--disable-sync',
  ] });
});

test.after.always(async () => {
  await browser?.close();
  rmSync(folder, { recursive: true, force: true });
});

function result(given: Partial<ClaimResult>): ClaimResult {
  return {
    target: 'bundled', verdict: 'holds', within: null, decisive: '0 of 20,000 keys', instead: null,
    facts: [['keys', '20,000']], figures: { keys: 20_000 }, broken: [], runs: [], tookMs: 900,
    chart: { title: 'Keys', unit: 'count', bars: [
      { label: 'before', value: 20_000 }, { label: 'after', value: 0 },
      { label: 'spread', value: 120, range: [90, 200] }, { label: 'missing', value: null },
    ] },
    ...given,
  };
}

function claim(number: number, results: readonly ClaimResult[], text = 'A crash.'): ClaimRecord {
  return {
    number, name: `claim-${number}`, sentence: text, statedIn: text, refutedBy: text,
    measured: text, parameters: { keys: 20_000, text }, results,
  };
}

function recordOf(claims: readonly ClaimRecord[], text = '7.0.15'): ClaimsRecord {
  return {
    schema: 1, kind: 'claims', id: text, plugpull: text, profile: 'quick', seed: 7,
    startedAt: text, tookMs: 70_000, interrupted: false,
    testbed: { cpu: text, cores: 2, kernel: text, fs: text, node: text, fdatasyncUs: 190 },
    targets: [{ name: 'bundled', version: text }, { name: 'redis', version: text }],
    missing: [], claims, extended: [{ name: 'crash-loop', question: text }],
  };
}

const usual = recordOf([
  claim(1, [
    result({ figures: { course: Array.from({ length: 90 }, (_, at) => at) }, course: {
      title: 'What the origin gets', reading: 'The highest: 900 a second, 1 s after the kill.',
      valueLabel: 'requests/s', timeLabel: 'from the kill', lines: [
        { label: 'nothing', points: [[-900, 100], [0, 120], [1000, 900], [4200, 140]] },
        { label: 'AOF', points: [[-900, 100], [0, 120], [1000, 1400], [4200, 90]] },
      ],
    } }),
    result({ target: 'redis' }),
  ]),
  claim(8, [
    result({ verdict: 'holds-within', within: '1.2 s', instead: 'A second and the sync.' }),
    result({ target: 'redis', verdict: 'does-not-hold', instead: 'Up to two seconds.' }),
  ]),
  claim(9, [result({ verdict: 'inconclusive', chart: null, facts: [], instead: 'No rates.' })]),
]);

const nastyResult = result({
  decisive: nastyName, instead: nastyName, within: nastyName, verdict: 'holds-within',
  facts: [[nastyName, nastyName]], broken: [nastyName], runs: [nastyName],
  figures: { [nastyName]: nastyName },
  course: {
    title: nastyName, reading: nastyName, valueLabel: nastyName, timeLabel: nastyName,
    lines: [{ label: nastyName, points: [[0, 0]] }],
  },
  chart: { title: nastyName, unit: 'ms', isLog: true, bars: [{ label: nastyName, value: 5 }] },
});
const nasty: ClaimsRecord = {
  ...recordOf([claim(1, [nastyResult], nastyName)], nastyName),
  missing: [{ name: 'redis', reason: nastyName }], interrupted: true,
};

for (const { name, record, width } of [
  { name: 'usual', record: usual, width: 1100 }, { name: 'phone', record: usual, width: 360 },
  { name: 'nasty', record: nasty, width: 1100 },
]) {
  browsing(`${name}: opens without an error, a request or a script${why}`, async (t) => {
    const file = join(folder, `${name}.html`);
    writeFileSync(file, claimsPage(record));
    const trouble: string[] = [];
    const page = await (browser as Browser).newPage({ viewport: { width, height: 900 } });
    t.teardown(() => page.close());
    const url = pathToFileURL(file).href;
    page.on('console', (message) => trouble.push(message.text()));
    page.on('pageerror', (error) => trouble.push(error.message));
    page.on('request', (request) => {
      if (request.url() !== url) trouble.push(`asked for ${request.url()}`);
    });
    await page.goto(url);
    t.deepEqual(trouble, []);
    t.is(await page.title(), 'The claims about RDB and AOF, measured · Plugpull');
    t.is(await page.locator('script').count(), 0);
    t.is(await page.locator('img').count(), 0);
    t.is(await page.locator('main > section').count(), record.claims.length + 2);
    t.true(Number(await page.evaluate('document.documentElement.scrollWidth - innerWidth')) <= 0);
    if (screenshots !== undefined) {
      mkdirSync(screenshots, { recursive: true });
      await page.screenshot({ path: join(screenshots, `claims-${name}.png`), fullPage: true });
    }
  });
}

test('the Markdown has a row and a section for each claim', (t) => {
  const page = claimsMarkdown(usual);
  t.is([...page.matchAll(/^\| \d+ \|/gm)].length, 3);
  t.is([...page.matchAll(/^## \d+\. /gm)].length, 3);
  t.true(page.includes('| 8 | A crash. | **holds within 1.2 s**: 0 of 20,000 keys | '
    + '**does not hold**: 0 of 20,000 keys |'));
  t.true(page.includes('| 9 | A crash. | **inconclusive**: 0 of 20,000 keys | not measured |'));
  t.true(page.includes('`plugpull run crash-loop`'));
});

test('a course over time is a line a case, with its figures as a table', (t) => {
  const page = claimsPage(usual);
  t.is([...page.matchAll(/<figcaption>What the origin gets: bundled engine/g)].length, 1);
  t.regex(page, />AOF<.*>110<.*>745<.*>1,?400<.*>1 s</s);
  t.true(page.includes('90 values, see claims.json'));
  t.notRegex(page, /NaN|undefined|Infinity/);
});

test('names from outside are words in the Markdown', (t) => {
  t.notRegex(claimsMarkdown(nasty).replaceAll(/\\./g, ''), /<script|<img/);
});

test('what was not measured is said', (t) => {
  const record: ClaimsRecord = {
    ...usual, interrupted: true, missing: [{ name: 'redis', reason: 'it is not here' }],
    targets: [{ name: 'bundled', version: '1' }],
  };
  for (const page of [claimsMarkdown(record), claimsPage(record)]) {
    t.regex(page, /redis-server was not measured/);
    t.regex(page, /Interrupted/);
  }
});

for (const [verdict, within, text] of [
  ['holds', null, 'holds'], ['holds-within', '2 s', 'holds within 2 s'],
  ['does-not-hold', null, 'does not hold'], ['inconclusive', null, 'inconclusive'],
] as const) {
  test(`${verdict} is written as '${text}'`, (t) => t.is(verdictText({ verdict, within }), text));
}
