// `plugpull run --open`: what is served while a run goes on, to whom, and that nothing stays.
import { existsSync } from 'node:fs';
import { get } from 'node:http';
import test from 'ava';
import type { ExecutionContext } from 'ava';
import { chromium } from 'playwright-core';
import type { RunEvent } from '../../plan/events.ts';
import type { RunStatus } from '../../report/progress.ts';
import { planOf, recordOf, threeScenarios } from '../../report/test-support.ts';
import { startLiveServer } from './server.ts';
import type { LiveServer } from './server.ts';
import { cli, fakeRun, temporaryFolder } from '../test-support.ts';

const record = recordOf(planOf(threeScenarios));
const trial = { cell: 'a/b/c', index: 0, seed: 1 };

function statusAt(trialsDone: number): RunStatus {
  return { trialsDone, trialsPlanned: 4, leftMs: 2500, trial: { ...trial, fault: 'power cut' },
    phase: 'load', rates: [1000, 2000] };
}

async function served(t: ExecutionContext, state: { done: number }): Promise<LiveServer> {
  const live = await startLiveServer({
    id: 'run-1', runDirectory: temporaryFolder(t), status: () => statusAt(state.done),
  });
  t.teardown(() => live.close());
  return live;
}

function codeOf(url: string, host?: string): Promise<number> {
  return new Promise((resolve, reject) => {
    get(url, host === undefined ? {} : { headers: { host } }, (answer) => {
      answer.resume();
      resolve(answer.statusCode ?? 0);
    }).on('error', reject);
  });
}

test('the page, where the run is, and the report as it is by now', async (t) => {
  const live = await served(t, { done: 1 });
  t.regex(live.url, /^http:\/\/127\.0\.0\.1:\d+\/$/);
  const page = await fetch(live.url);
  t.regex(page.headers.get('content-security-policy') ?? '', /^default-src 'none';/);
  t.deepEqual(await (await fetch(`${live.url}status`)).json(), {
    where: '1 of 4 trials · 3 s left · a/b/c #1 · load · power cut',
    spark: '▅█', rate: '2,000 operations a second', done: 1, planned: 4,
  });
  t.regex(await (await fetch(`${live.url}report`)).text(), /The first trial has not ended yet/);
  live.update(() => record);
  t.regex(await (await fetch(`${live.url}report`)).text(), /<section id="trust"/);
  t.is(await codeOf(`${live.url}run.json`), 404);
  t.is((await fetch(live.url, { method: 'POST' })).status, 403);
  t.is(await codeOf(live.url, 'evil.example:80'), 403, 'a name that somebody else made lead here');
  live.update(() => {
    throw new Error('no record');
  });
  t.is((await fetch(`${live.url}report`)).status, 500);
  live.close();
  await t.throwsAsync(fetch(live.url));
});

test('--open: served while it runs, gone afterwards; a browser only on a terminal', async (t) => {
  for (const isTerminal of [false, true]) {
    let url = '';
    const outcome = await cli(['run', '--open', '--seed', '7'], {
      cwd: temporaryFolder(t), isTerminal,
      runPlan: async (plan, options, watch) => {
        const whole = fakeRun(plan, options);
        const started: RunEvent = { kind: 'trial-started', trial, estimatedMs: 1, fault: 'kill' };
        options.onEvent(started);
        watch.onRecord?.(() => whole);
        return whole;
      },
    });
    t.is(outcome.code, 0, outcome.stderr);
    url = /live: (\S+)/.exec(outcome.stderr)?.[1] ?? '';
    t.deepEqual(outcome.opened, isTerminal ? [url] : []);
    await t.throwsAsync(fetch(url), undefined, 'it ended with the run');
  }
});

const executablePath = process.env['CHROMIUM_BIN'] ?? '/usr/bin/chromium';
const browsing = existsSync(executablePath) ? test : test.skip;
const why = existsSync(executablePath) ? '' : ` (skipped: chromium is not at ${executablePath})`;

browsing(`in a browser: the report grows, and the end is told${why}`, async (t) => {
  const browser = await chromium.launch({ executablePath, args: [
    '--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run',
    '--disable-background-networking', '--disable-component-update', '--disable-sync',
  ] });
  t.teardown(() => browser.close());
  const state = { done: 0 };
  const live = await served(t, state);
  const page = await browser.newPage();
  const trouble: string[] = [];
  page.on('pageerror', (error) => trouble.push(error.message));
  await page.goto(live.url);
  await page.getByText('0 of 4 trials').waitFor();
  live.update(() => record);
  state.done = 2;
  await page.getByText('2 of 4 trials').waitFor();
  await page.frameLocator('#report').locator('section#trust').waitFor();
  t.is(await page.locator('#spark').innerText(), '▅█');
  t.is(await page.locator('#progress').getAttribute('max'), '1');
  live.close();
  await page.getByText('The run has ended').waitFor();
  t.true(await page.frameLocator('#report').locator('section#trust').isVisible());
  t.deepEqual(trouble, []);
});
