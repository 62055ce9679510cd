// What a run without a broken promise says: setting by setting, crash by crash, never all at once.
import test from 'ava';
import { defineScenario } from '../plan/define-scenario.ts';
import { pageOf } from './html/test-support.ts';
import { markdownSummary } from './markdown.ts';
import { promiseBounds, promiseBoundSentence } from './promise-bounds.ts';
import { reportText } from './table.ts';
import { planOf, recordOf } from './test-support.ts';

const lossOf = (own: object): ReturnType<typeof defineScenario> => defineScenario({
  name: 'lost', question: 'How much?', measures: ['loss'], crash: ['process'],
  settings: ['aof/everysec', 'aof/always'], trials: 10, ...own,
});
const powerOnce = lossOf({ name: 'cut', crash: ['power'], trials: 1, settings: ['aof/always'] });

test('many runs of one setting never narrow the bound of another', (t) => {
  const record = recordOf(planOf([lossOf({}), powerOnce]));
  t.deepEqual(promiseBounds(record).map(({ setting, crash, runs }) => [setting, crash, runs]), [
    ['aof/always', 'power', 1], ['aof/everysec', 'process', 10], ['aof/always', 'process', 10],
  ]);
  t.is(promiseBounds(record)[0]?.upperBound95, 0.95);
  t.is(promiseBoundSentence(record), 'No promise was broken. Each setting and kind of crash '
    + 'speaks only for itself: still possible, at 95 % confidence, are broken promises of '
    + 'aof/always in up to 95 % of power cuts (1 run); every setting in up to 26 % of process '
    + 'crashes (10 runs each). More --trials narrow it.');
});

test('all renderings say the weakest bound', (t) => {
  const record = recordOf(planOf([lossOf({}), powerOnce]));
  const sentence = promiseBoundSentence(record) ?? '';
  const flat = (text: string): string => text.replaceAll(/\s+/g, ' ');
  t.true(flat(reportText(record, { columns: 100, color: false })).includes(sentence));
  t.true(markdownSummary(record).includes(sentence));
  t.true(pageOf(record).includes(`Judged: 20 process crash runs; 1 power cut run. ${sentence}`));
});

test('a broken setting has no bound; without judged losses there is no sentence', (t) => {
  const record = recordOf(planOf([lossOf({})]), (own, { cell, index }) => (
    cell.setting.appendfsync === 'always' && index === 3 ? { ...own, verdict: 'fail' } : own));
  t.deepEqual(promiseBounds(record).map(({ setting }) => setting), ['aof/everysec']);
  t.regex(promiseBoundSentence(record) ?? '', /^Where the promise held, .* aof\/everysec in up /);
  t.is(promiseBoundSentence(recordOf(planOf([]))), null);
});
