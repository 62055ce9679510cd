// The history and its trend: lines written and read back, damaged ones said, a step dated.
import test from 'ava';
import type { RunRecord } from '../record.ts';
import { planOf, recordOf, testbed, threeScenarios } from '../test-support.ts';
import { historyLineOf, noteLineOf, parseHistory } from './history.ts';
import { trendPage } from './trend-page.ts';
import { trendSentences, trendsOf } from './trend.ts';

const cell = 'speed/bundled/aof/always/process';

/** A night; `factor` changes the write rate of aof/always. */
function night(day: number, factor: number, own: Partial<RunRecord> = {}): string {
  const at = new Date(Date.UTC(2026, 0, 1 + day)).toISOString();
  const noise = 1 + ((day * 7) % 5) / 200;
  const record = recordOf(planOf(threeScenarios), (trial, { cell: { setting } }) => ({
    ...trial,
    qps: trial.qps && trial.qps * noise * (setting.appendfsync === 'always' ? factor : 1),
  }));
  return historyLineOf({ ...record, id: `night-${day}`, startedAt: at, ...own }, `rev${day}`);
}

const days = (count: number): number[] => Array.from({ length: count }, (_, day) => day);
const history = (text: string): ReturnType<typeof parseHistory> => parseHistory(text, 'history');

test('lines come back as they went, oldest first; damaged ones are said', (t) => {
  const { runs, notes, problems } = history(
    `${night(2, 1)}\n{"kind":"run"}\n${noteLineOf('2026-01-02', 'a <b> disk')}${night(1, 1)}{"ki`);
  t.deepEqual(runs.map(({ id }) => id), ['night-1', 'night-2']);
  t.like(runs[0], { revision: 'rev1', verdict: 'pass', testbed: 'Imaginary CPU, 2 cores, 7 GiB, '
    + 'ext4, node 26.10.0' });
  t.true((runs[0]?.cells[cell]?.['write rate'] ?? 0) > 30_000);
  t.deepEqual(notes.map(({ text }) => text), ['a <b> disk']);
  t.is(problems.length, 2);
  t.regex(problems[0] ?? '', /^history: line 3 is left out: schema: expected "schema", found und/);
});

test('a step is dated with its revision, and only where it is', (t) => {
  const trends = trendsOf(history(days(40).map((day) => night(day, day < 25 ? 1 : 0.8)).join('')));
  const changed = trends.filter(({ changes }) => changes.length > 0);
  t.deepEqual(changed.map((each) => [each.cell, each.metric.name]), [[cell, 'write rate']]);
  t.like(changed[0]?.changes[0], { index: 25, isWorse: true });
  t.regex(trendSentences(trends).join(), new RegExp(
    `^changed: write rate of ${cell} is worse since 2026-01-26 \\(rev25\\): 31,[0-9]+ → 2[0-9,]+`));
  t.is(trends[0], changed[0], 'what changed comes first');
});

test('an alert takes two nights, or a rerun of the one', (t) => {
  const before = days(15).map((day) => night(day, 1)).join('');
  const sentences = (more: string): string => (
    trendSentences(trendsOf(history(before + more))).join('\n'));
  t.is(sentences(night(15, 1)), '');
  t.regex(sentences(night(15, 0.7)), /^watch: write rate .* one more night or a rerun decides$/);
  t.regex(sentences(night(15, 0.7) + night(15, 0.71)), /^ALERT: write rate .* two nights agree$/);
  t.is(sentences(night(15, 0.7) + night(16, 1)), '');
});

test('runs of different testbeds are never joined', (t) => {
  const other = { testbed: { ...testbed, cpu: 'Other CPU' } };
  const text = days(30).map((day) => night(day, 1, day < 15 ? {} : other)).join('');
  const trends = trendsOf(history(text));
  t.is(new Set(trends.map((each) => each.testbed)).size, 2);
  t.true(trends.every(({ values }) => values.length === 15));
});

test('what keeps compare from joining two cells keeps trend from it, but for a new kernel', (t) => {
  const seriesOf = (change: (record: RunRecord) => Partial<RunRecord>): number => {
    const plain = recordOf(planOf(threeScenarios));
    const text = days(8).map((day) => night(day, 1, day < 4 ? {} : change(plain))).join('');
    const own = trendsOf(history(text)).filter((each) => each.cell === cell);
    return own.filter(({ metric }) => metric.name === 'write rate').length;
  };
  const cells = (change: (each: RunRecord['cells'][number]) => object) => (record: RunRecord) => (
    { cells: record.cells.map((each) => ({ ...each, ...change(each) })) });
  const on = (changed: object) => () => ({ testbed: { ...testbed, ...changed } });
  t.is(seriesOf(() => ({})), 1);
  t.is(seriesOf(on({ kernel: 'Linux 7', device: '/dev/vdb', mountOptions: 'rw' })), 1);
  t.is(seriesOf(on({ governor: 'powersave' })), 2);
  t.is(seriesOf(on({ limits: { ...testbed.limits, cpus: 1.5 } })), 2);
  t.is(seriesOf(cells(({ load }) => ({ load: { ...load, clients: 20 } }))), 2);
  t.is(seriesOf(cells(() => ({ syncDelayMs: 5 }))), 2);
  t.is(seriesOf(cells(({ config }) => ({
    config: { ...config, directives: { ...config.directives, hz: '50' } } }))), 2);
});

test('lines that do not tell what was asked are a series of their own', (t) => {
  const older = days(3).map((day) => night(day, 1).replace(/,"asked":\{[^}]*\}/, '')).join('');
  t.false(older.includes('"asked"'));
  const runs = history(older + night(3, 1) + night(4, 1));
  t.is(runs.problems.length, 0);
  const lengths = trendsOf(runs).filter((each) => (
    each.cell === cell && each.metric.name === 'write rate')).map(({ values }) => values.length);
  t.deepEqual(lengths.toSorted(), [2, 3]);
});

test('the page: sentences, charts with tables, notes, bad lines; nothing from outside', (t) => {
  const lines = days(30).map((day) => night(day, day < 15 ? 1 : 0.8)).join('');
  const page = trendPage(history(`${lines}${noteLineOf('2026-01-10', 'a <b> disk')}{`));
  t.true(page.includes('changed: write rate of'));
  t.true(page.includes('2026-01-10: a &lt;b&gt; disk'));
  t.true(page.includes('line 32 is left out'));
  t.regex(page, /<figure>[^]*<table>/);
  t.false(/<script|https?:|\sstyle="|NaN|undefined/.test(page.replaceAll('found undefined', '')));
  t.true(trendPage(history('')).includes('there\nis no trend yet'));
});
