// Two runs against one another: equal ones, a slower one, one that loses; and what is not compared.
import test from 'ava';
import { xoroshiro128plus } from 'pure-rand/generator/xoroshiro128plus';
import { uniformInt } from 'pure-rand/distribution/uniformInt';
import { defineScenario } from '../../plan/define-scenario.ts';
import type { RunRecord, TrialRecord } from '../record.ts';
import { planOf, recordOf, testbed } from '../test-support.ts';
import { changeSection } from '../html/sections/change.ts';
import { compareRuns, compareSettings, testbedDifferences } from './compare.ts';
import { comparisonLine, comparisonText } from './comparison-text.ts';

const scenario = defineScenario({
  name: 'speed', question: 'How fast?', measures: ['qps', 'loss'], trials: 14,
  settings: ['none', 'aof/everysec', 'aof/always'],
});

/** A run whose rates scatter by 2 % either way around what `factor` makes of them. */
function run(seed: number, factor: (setting: string) => number = () => 1): RunRecord {
  const random = xoroshiro128plus(seed);
  return recordOf(planOf([scenario], 7), (own, { cell }): TrialRecord => {
    const noise = () => 1 + uniformInt(random, -200, 200) / 10_000;
    const { appendfsync, persist } = cell.setting;
    const times = factor(appendfsync ?? persist);
    return {
      ...own,
      qps: 40_000 * noise() * times,
      latencyUs: { p50: 300, p99: 800 * noise() / times, p999: 2000, max: 9000 },
      serverCpuUsPerOp: (6 * noise()) / times,
    };
  });
}

test('the same twice: no regression, no improvement', (t) => {
  for (const seed of [1, 2, 3, 4, 5]) {
    const { metrics, broken, left } = compareRuns(run(seed), run(seed + 100));
    t.true(metrics.length >= 12, String(metrics.length));
    for (const { cell, name, verdict } of metrics) {
      const isChange = verdict === 'regression' || verdict === 'improvement';
      t.false(isChange, `${seed} ${cell} ${name} ${verdict}`);
    }
    t.deepEqual([broken, left], [[], []]);
  }
});

test('a slowed setting is found, with its ratio, and no other', (t) => {
  const slowed = run(12, (setting) => (setting === 'always' ? 0.8 : 1));
  const comparison = compareRuns(run(11), slowed);
  const worse = comparison.metrics.filter(({ verdict }) => verdict === 'regression');
  t.deepEqual(worse.map(({ name }) => name),
    ['write rate', 'p99 of replies', 'server CPU a write']);
  t.true(worse.every(({ cell }) => cell === 'speed/bundled/aof/always/process'));
  const [rate] = worse;
  t.true((rate?.ratio?.ci95?.[1] ?? 1) < 0.85 && (rate?.ratio?.ci95?.[0] ?? 1) > 0.75);
  const text = comparisonText(comparison, { color: false, quietMax: 0 });
  t.regex(text, /^regression {4}speed\/bundled\/aof\/always\/process: write rate 4[\d,]+ w/m);
  t.regex(comparisonLine(comparison), /^\d+ metrics: 3 regressions, \d+ /);
  t.regex(changeSection(comparison).html, /The largest regression is/);
});

test('a rate that was given is not compared, one that the generator limited is open', (t) => {
  const changed = (seed: number, change: Partial<TrialRecord>): RunRecord => {
    const record = run(seed);
    return { ...record, cells: record.cells.map((cell) => ({
      ...cell, perTrial: cell.perTrial.map((trial) => ({ ...trial, ...change })) })) };
  };
  const names = (after: RunRecord, verdict?: string): string[] => [...new Set(
    compareRuns(run(1), after).metrics.filter((each) => (verdict ?? each.verdict) === each.verdict)
      .map(({ name }) => name))];
  t.true(names(run(2)).includes('write rate'));
  t.false(names(changed(2, { offeredPerSecond: 100 })).includes('write rate'));
  const [trial] = run(1).cells[0]?.perTrial ?? [];
  const generator = trial?.generator ?? null;
  if (generator === null) return t.fail('nothing is known of the generator');
  const limited = changed(2, { generator: { ...generator, limit: 'busy' } });
  t.deepEqual(names(limited, 'inconclusive'), ['write rate', 'p99 of replies']);
});

test('settings of one run are paired', (t) => {
  const { metrics } = compareSettings(
    run(3, (setting) => (setting === 'always' ? 0.5 : 1)), ['aof/everysec', 'aof/always']);
  t.like(metrics.find(({ name }) => name === 'write rate'), { verdict: 'regression', trials: 14 });
});

test('a promise that is broken afterwards counts as a loss, new or not', (t) => {
  const failing = recordOf(planOf([scenario], 7), (own, { cell }) => (
    cell.setting.appendfsync === 'always' ? { ...own, verdict: 'fail' } : own));
  const cell = 'speed/bundled/aof/always/process';
  t.deepEqual(compareRuns(run(1), failing).broken, [{ cell, isNew: true }]);
  t.deepEqual(compareRuns(failing, failing).broken, [{ cell, isNew: false }]);
  t.regex(comparisonText(compareRuns(run(1), failing), { color: true, quietMax: 5 }),
    /BROKEN PROMISE \(new\) in speed\/bundled\/aof\/always\/process/);
  t.regex(comparisonLine(compareRuns(run(1), failing)), /; 1 cell breaks a promise$/);
});

test('what was asked differently, or only once, is left out and said', (t) => {
  const before = run(1);
  const [first, second, third] = before.cells;
  if (first === undefined || second === undefined || third === undefined) throw new Error('none');
  const after = { ...before, cells: [
    { ...first, load: { ...first.load, clients: 20 } }, second, { ...third, id: 'other' },
  ] };
  t.deepEqual(compareRuns(before, after).left, [
    { cell: first.id, reason: 'asked differently: clients 50 → 20' },
    { cell: 'other', reason: 'only in the later run' },
    { cell: third.id, reason: 'only in the earlier run' },
  ]);
});

test('nothing in common is no comparison, and three trials are inconclusive', (t) => {
  const empty = recordOf(planOf([]));
  t.is(comparisonLine(compareRuns(empty, empty)), 'nothing could be compared');
  const few = recordOf(planOf([{ ...scenario, trials: 3 }]));
  t.true(compareRuns(few, few).metrics.filter(({ name }) => name === 'write rate')
    .every(({ verdict, furtherTrials }) => verdict === 'inconclusive' && furtherTrials !== null));
  const text = comparisonText(compareRuns(few, few), { color: false, quietMax: 2 });
  t.is(text.match(/^inconclusive/gm)?.length, 2, 'one is like the other');
  t.regex(text, /^… and \d+ more inconclusive$/m);
});

test('a testbed is another when the machine is, or its disk twice as slow', (t) => {
  t.deepEqual(testbedDifferences(testbed, testbed), []);
  const other = { ...testbed, cores: 4, fdatasyncUs: { p50: 400, p99: 900 } };
  t.deepEqual(testbedDifferences(testbed, other),
    ['cores: 2 → 4', `fdatasync p50: ${testbed.fdatasyncUs.p50} → 400 µs`]);
  const rebooted = { ...testbed, memory: testbed.memory + 4096 };
  t.deepEqual(testbedDifferences(testbed, rebooted), [], 'a few pages more');
  const limited = { ...testbed, limits: { ...testbed.limits, cpus: 1.5, openFiles: 1024 } };
  t.deepEqual(testbedDifferences(testbed, limited), ['limits.cpus: none → 1.5']);
  const quick = { ...testbed, fdatasyncUs: { p50: 3, p99: 4 } };
  t.deepEqual(testbedDifferences(quick, { ...quick, fdatasyncUs: { p50: 9, p99: 20 } }), []);
});

/** A run whose trials are changed by index and setting. */
function changed(
  change: (own: TrialRecord, setting: string) => Partial<TrialRecord>,
): RunRecord {
  return recordOf(planOf([scenario], 7), (own, { cell: { setting } }): TrialRecord => (
    { ...own, ...change(own, setting.appendfsync ?? setting.persist) }));
}

const metricOf = (
  comparison: ReturnType<typeof compareRuns>, name: string, cell: RegExp,
): (typeof comparison)['metrics'][number] | undefined => comparison.metrics.find((each) => (
  each.name === name && cell.test(each.cell)));

test('each metric is held against the noise of its own A/A pairs', (t) => {
  // Neighbouring repetitions differ by a hundredth in the rate and by half in the p99.
  const noisy = (slower: number): RunRecord => changed(({ index }) => {
    const even = index % 2 === 0;
    return {
      qps: (even ? 40_000 : 40_400) / slower,
      latencyUs: { p50: 300, p99: (even ? 800 : 1200) * slower ** 1.2 + index, p999: 1, max: 1 },
    };
  });
  const comparison = compareRuns(noisy(1), noisy(1.3), { paired: true });
  const [rate, p99] = ['write rate', 'p99 of replies']
    .map((name) => metricOf(comparison, name, /always/));
  t.is(rate?.verdict, 'regression', rate?.reason);
  t.is(rate?.noiseFloor?.toFixed(3), '0.010');
  t.is(p99?.verdict, 'within noise', p99?.reason);
  t.true((p99?.noiseFloor ?? 0) > 0.4);
  t.regex(p99?.reason ?? '', /noise floor 5\d %/);
  t.regex(changeSection(comparison).html, /the band is the noise of that metric/);
});

test('the windows of one setting are no noise of another', (t) => {
  const losing = (windowMs: number): RunRecord => changed(({ index, cuts }, setting) => ({
    cuts: cuts.map((cut) => ({ ...cut, loss: {
      writes: 1, bytes: 1, windowMs: setting === 'always' ? windowMs : 200 + (index % 2) * 3000,
    } })),
  }));
  const comparison = compareRuns(losing(0), losing(150));
  const always = metricOf(comparison, 'loss window', /always/);
  t.is(always?.verdict, 'regression', always?.reason);
  t.is(always?.ratio, null);
  t.deepEqual(always?.difference?.ci95, [150, 150]);
  const text = comparisonText(comparison, { color: false, quietMax: 0 });
  t.regex(text, /always\/process: loss window 0 ms → 150 ms, \+150 \[\+150, \+150\] ms/);
});

test('what is 0 at times is no noise for all that its pairs differ', (t) => {
  const losing = (add: number): RunRecord => changed(({ index, cuts }) => ({
    cuts: cuts.map((cut) => ({ ...cut, loss: {
      writes: 1, bytes: 1, windowMs: index % 2 === 0 ? 0 : 900 + index + add } })),
  }));
  const [same] = [metricOf(compareRuns(losing(0), losing(1), { paired: true }), 'loss window',
    /always/)];
  t.is(same?.verdict, 'inconclusive', same?.reason);
  t.true((same?.noiseFloor ?? 0) > 200);
  const more = metricOf(compareRuns(losing(0), changed(({ cuts }) => ({
    cuts: cuts.map((cut) => ({ ...cut, loss: { writes: 1, bytes: 1, windowMs: 2000 } })),
  })), { paired: true }), 'loss window', /always/);
  t.is(more?.verdict, 'regression', more?.reason);
});
