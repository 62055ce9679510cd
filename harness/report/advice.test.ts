// The advice: computed, and silent or careful where the numbers do not carry it.
import test from 'ava';
import { advise, costOf } from './advice.ts';
import type { CellRecord, Estimate, RunRecord } from './record.ts';
import { planOf, recordOf, threeScenarios } from './test-support.ts';

const healthy = recordOf(planOf(threeScenarios));
const [anyCell] = healthy.cells as [CellRecord];

function rated(given: Omit<Estimate, 'range'>, generatorLimited: boolean = false): CellRecord {
  return { ...anyCell, qps: { ...given, range: given.ci95 }, generatorLimited };
}

const base = rated({ median: 100, ci95: [95, 105] });

test('intervals that lie apart give a share', (t) => {
  const cost = costOf(rated({ median: 80, ci95: [78, 82] }), base);
  t.like(cost, { kind: 'share', atLeast: false });
  t.true(cost?.kind === 'share' && Math.abs(cost.share - 0.2) < 1e-9);
});

test('intervals that overlap give none', (t) => {
  t.deepEqual(costOf(rated({ median: 92, ci95: [88, 96] }), base), { kind: 'within-noise' });
});

test('medians far apart with intervals that overlap are no likeness: too noisy to tell', (t) => {
  const cost = costOf(rated({ median: 40, ci95: [30, 98] }), base);
  t.deepEqual(cost, { kind: 'too-noisy', share: 0.6 });
  const cells = healthy.cells.map((cell): CellRecord => (
    cell.qps === null ? cell : { ...cell, qps: { ...cell.qps, ci95: [1, 1e6] } }
  ));
  const [sentence] = advise({ ...healthy, cells });
  t.regex(sentence ?? '', /aof\/always looked 78 % slower than none, but .* too noisy to tell and/);
});

test('of one repetition each no difference counts', (t) => {
  const alone = rated({ median: 100, ci95: null });
  t.deepEqual(costOf(rated({ median: 85, ci95: null }), alone), { kind: 'within-noise' });
  t.deepEqual(costOf(rated({ median: 40, ci95: null }), alone), { kind: 'single', share: 0.6 });
  const cells = healthy.cells.map((cell): CellRecord => (
    cell.qps === null ? cell : { ...cell, qps: { ...cell.qps, ci95: null, range: null } }
  ));
  const [sentence] = advise({ ...healthy, cells });
  t.regex(sentence ?? '', /always looked 78 % slower than none, but one repetition each cannot/);
});

test('a generator at its limit makes the cost a bound, or unknown', (t) => {
  const limited = rated({ median: 100, ci95: [95, 105] }, true);
  t.like(costOf(rated({ median: 50, ci95: [49, 51] }), limited), { kind: 'share', atLeast: true });
  t.deepEqual(costOf(limited, base), { kind: 'generator' });
});

test('no rate, no cost', (t) => {
  t.is(costOf({ ...anyCell, qps: null }, base), null);
});

test('it names what each setting costs and what to take', (t) => {
  t.deepEqual(advise(healthy), [
    'aof/everysec costs 7 % of the write rate of none and lost up to 39,200 acknowledged writes, '
    + 'the last 980 ms, in a power cut; aof/always costs 78 % of the write rate of none and lost '
    + 'no acknowledged write in 1 power cut run.',
    'To lose no acknowledged write when the power goes, take aof/always; if about the last second '
    + 'may go (here at worst 980 ms), take aof/everysec.',
  ]);
});

test('a setting that broke a promise is not recommended', (t) => {
  const cells = healthy.cells.map((cell): CellRecord => (
    cell.config.appendfsync === 'always' ? { ...cell, verdict: 'fail' } : cell
  ));
  t.false(advise({ ...healthy, cells }).some((sentence) => sentence.includes('take aof/always')));
});

test('losses alone give advice about losses only', (t) => {
  const cells = healthy.cells.filter((cell) => cell.scenario === 'lost');
  const record: RunRecord = { ...healthy, cells };
  t.deepEqual(advise(record), [
    'aof/everysec lost up to 39,200 acknowledged writes, the last 980 ms, in a power cut; '
    + 'aof/always lost no acknowledged write in 1 power cut run.',
  ]);
});

test('nothing measured, nothing advised', (t) => {
  t.deepEqual(advise({ ...healthy, cells: [] }), []);
});
