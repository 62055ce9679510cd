// The page in a real browser: it opens from a file without an error or a request, its inputs work,
// and it fits a phone. PLUGPULL_SCREENSHOTS names a folder that keeps what was seen.
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Page } from 'playwright-core';
import { renderHtml } from '../write-html.ts';
import { browserHere, openPage } from './test-support-browser.ts';
import { healthy, largeRecord, nastyRecord, pageOf, twoSeries } from './test-support.ts';

const { browsing, why, folder } = browserHere();
const screenshots = process.env['PLUGPULL_SCREENSHOTS'];

async function keepPicture(page: Page, name: string): Promise<void> {
  if (screenshots === undefined) return;
  mkdirSync(screenshots, { recursive: true });
  await page.screenshot({ path: join(screenshots, `${name}.png`), fullPage: true });
}

for (const { name, look } of [
  { name: 'light', look: {} }, { name: 'dark', look: { scheme: 'dark' } },
  { name: 'phone', look: { width: 360 } },
] as const) {
  browsing(`${name}: opens without an error or a request, nothing is wider than the screen${why}`,
    async (t) => {
      const html = await renderHtml(healthy, folder);
      const { page, trouble } = await openPage(t, html, look);
      t.deepEqual(trouble, []);
      t.is(await page.title(), 'pass: no promise about data was broken in 36 trials (seed 7) '
        + '· Plugpull');
      const overflow = 'document.documentElement.scrollWidth - innerWidth';
      t.true(Number(await page.evaluate(overflow)) <= 0);
      const isPhone = name === 'phone';
      t.is(await page.locator('svg.narrow').first().isVisible(), isPhone);
      t.is(await page.locator('svg.wide').first().isVisible(), !isPhone);
      t.is(await page.locator('main > section').count(), 9);
      await keepPicture(page, name);
    });
}

browsing(`the reader's two numbers choose the setting, by keyboard${why}`, async (t) => {
  const { page, trouble } = await openPage(t, pageOf(healthy));
  const chosen = (): Promise<string> => page.locator('#cheapest').innerText();
  t.is(await chosen(), 'aof/everysec');
  for (const { rpo, rto, says } of [
    { rpo: '0', rto: '10', says: 'aof/always' }, { rpo: '0.5', rto: '10', says: 'aof/always' },
    { rpo: '1', rto: '10', says: 'aof/everysec' },
    { rpo: '1', rto: '0.01', says: 'none of this run' },
    { rpo: '-1', rto: '10', says: 'give both as numbers of seconds, 0 or more' },
  ]) {
    await page.locator('#rpo').fill(rpo);
    await page.locator('#rpo').press('Tab');
    t.is(await page.evaluate('document.activeElement.id'), 'rto', 'Tab leads to the other input');
    await page.locator('#rto').fill(rto);
    t.is(await chosen(), says, `${rpo} s, ${rto} s`);
    const marked = await page.locator('.choices li.chosen .label').allInnerTexts();
    t.deepEqual(marked, says.includes('/') ? [says] : []);
  }
  t.deepEqual(trouble, []);
});

browsing(`a mark says its value when pointed at, and its table opens by keyboard${why}`,
  async (t) => {
    const { page, trouble } = await openPage(t, pageOf(healthy));
    await page.locator('#choice svg.wide .mark.c4').hover();
    t.regex(await page.locator('#tip').innerText(), /^aof\/always: 31[\d,]+ writes\/s · /);
    const summary = page.locator('#choice figure summary');
    await summary.focus();
    await page.keyboard.press('Enter');
    t.true(await page.locator('#choice figure table').isVisible());
    t.deepEqual(trouble, []);
  });

browsing(`names with scripts run nothing, and the command can be copied${why}`, async (t) => {
  const { page, trouble } = await openPage(t, pageOf(nastyRecord()));
  t.deepEqual(trouble, []);
  t.true((await page.title()).startsWith('FAIL: '));
  await page.locator('button.copy').first().click();
  await page.locator('button.copy', { hasText: /Copied|Selected/ }).first().waitFor();
  t.deepEqual(trouble, []);
  await keepPicture(page, 'failures');
});

browsing(`time series are drawn from the page itself${why}`, async (t) => {
  const record = { ...healthy, cells: healthy.cells.map((cell) => (
    cell.id === twoSeries[0]?.cell ? { ...cell, perTrial: [0, 1].flatMap((index) => (
      cell.perTrial.slice(0, 1).map((trial) => ({
        ...trial, index, artefacts: { series: `series ${index}.json` },
      })))) } : cell)) };
  for (const series of twoSeries) {
    const spans = series.spans.filter(({ kind }) => kind !== 'crash');
    const file = join(folder, `series ${series.index}.json`);
    writeFileSync(file, JSON.stringify({ ...series, spans }));
  }
  const { page, trouble } = await openPage(t, await renderHtml(record, folder));
  t.deepEqual(trouble, []);
  t.is(await page.locator('.timeline canvas').count(), 3, 'two trials and both laid together');
  t.is(await page.locator('.problems').count(), 0);
  await keepPicture(page, 'timeline');
});

browsing(`10,000 cells open${why}`, async (t) => {
  const { page, trouble } = await openPage(t, pageOf(largeRecord({ cells: 10_000, trials: 1 })));
  t.deepEqual(trouble, []);
  t.is(await page.locator('main > section').count(), 9);
});

browsing(`printed: light, without what only works on a screen${why}`, async (t) => {
  const { page } = await openPage(t, pageOf(healthy), { scheme: 'dark' });
  await page.emulateMedia({ media: 'print' });
  t.is(await page.evaluate('getComputedStyle(document.body).backgroundColor'),
    'rgb(255, 255, 255)');
  t.false(await page.locator('nav').isVisible());
  t.true(await page.locator('svg.wide').first().isVisible());
});
