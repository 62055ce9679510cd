// The page for everyone: contrast of all texts and charts as WCAG AA asks, in both colour schemes
// and on every page; all that can be used is reached by keyboard and shows that it is.
import { defineScenario } from '../../plan/define-scenario.ts';
import { planOf, recordOf, threeScenarios } from '../test-support.ts';
import { compareRuns } from '../compare/compare.ts';
import { historyLineOf, noteLineOf, parseHistory } from '../trend/history.ts';
import { trendPage } from '../trend/trend-page.ts';
import { contrastsOf, missedByKeyboard } from './test-support-accessibility.ts';
import { browserHere, openPage } from './test-support-browser.ts';
import { changeSection } from './sections/change.ts';
import { healthy, nastyRecord, pageOf } from './test-support.ts';

const { browsing, why } = browserHere();

const cell = 'lost/bundled/aof/everysec/power';
const two = recordOf(planOf([...threeScenarios, defineScenario({
  name: 'other', question: 'What?', measures: ['qps', 'loss', 'recovery'],
  targets: ['bundled', 'valkey'], trials: 7, preloadKeys: [1000, 9000],
})]), (own, { index }) => ({ ...own, qps: own.qps && own.qps * (1 + index / 50) }));
const history = parseHistory(Array.from({ length: 30 }, (_, day) => {
  const at = new Date(Date.UTC(2026, 0, 1 + day)).toISOString();
  const record = recordOf(planOf(threeScenarios), (own) => (
    { ...own, qps: own.qps && own.qps * (day < 15 ? 1 : 0.8) * (1 + (day % 5) / 200) }));
  return historyLineOf({ ...record, id: `night-${day}`, startedAt: at }, `rev${day}`);
}).join('') + noteLineOf('2026-01-10', 'another disk'), 'history');

const pages: readonly { readonly title: string; readonly make: () => string }[] = [
  { title: 'everything', make: () => pageOf(two, {
    problems: ['Something is missing.'], change: changeSection(compareRuns(healthy, two)),
    curves: [{ cell, index: 0, binMs: 10, windowMs: [0, 400, 980, 20] }],
    spectra: healthy.cells.map(({ id }, at) => ({ cell: id, count: 1e6,
      valuesUs: Array.from({ length: 28 }, (_, point) => 100 * (at + 1) * (point + 1)) })),
  }) },
  { title: 'broken promises', make: () => pageOf(nastyRecord()) },
  { title: 'the trend', make: () => trendPage(history) },
];

for (const { title, make } of pages) {
  browsing(`${title}: texts contrast by 4.5, charts by 3; a keyboard reaches everything${why}`,
    async (t) => {
      const { page } = await openPage(t, make());
      for (const colorScheme of ['light', 'dark'] as const) {
        await page.emulateMedia({ colorScheme });
        const { texts, shapes, faint } = await contrastsOf(page);
        t.true(texts > 20 && (shapes > 20 || title === 'broken promises'), `${texts}, ${shapes}`);
        t.deepEqual(faint, [], colorScheme);
      }
      t.deepEqual(await missedByKeyboard(page), []);
    });
}

browsing(`a colour that is too close is found${why}`, async (t) => {
  const html = pageOf(healthy).replace('--soft:#4b535e', '--soft:#9aa0a8')
    .replaceAll(/<meta http-equiv[^>]*>/g, '');
  const { page } = await openPage(t, html);
  t.true((await contrastsOf(page)).faint.length > 0);
});
