// What cells of one run say of each other, on records whose figures are chosen for it.

import test from 'ava';
import { defineScenario } from '../plan/define-scenario.ts';
import { noiseShare } from './noise.ts';
import { notes } from './notes.ts';
import type { RunRecord } from './record.ts';
import { planOf, recordOf } from './test-support.ts';

/** A run of two targets and two settings; `qpsOf` gives the rate by setting, target and trial. */
function runOf(trials: number, qpsOf: (cell: string, trial: number) => number): RunRecord {
  const scenario = defineScenario({
    name: 'speed', question: 'How fast?', measures: ['qps'], trials,
    settings: ['none', 'aof/always'], targets: ['bundled', 'redis'],
  });
  return recordOf(planOf([scenario]), (own, { cell, index }) => (
    { ...own, qps: qpsOf(`${cell.target} ${cell.setting.persist}`, index) }
  ));
}

/** Scatter of a hundredth, the same for all cells of a block, and a little of each trial's own. */
const steady = (trial: number): number => 1 + ((trial * 7) % 5) / 100;

test('settings against the first, targets against each other, as paired ratios', (t) => {
  const record = runOf(12, (cell, trial) => (
    (cell.endsWith('aof') ? 30_000 : 100_000) * (cell.startsWith('redis') ? 1.2 : 1)
      * steady(trial) * (1 + ((trial * 3) % 4) / 1000)
  ));
  const pairs = record.comparisons.map(({ before, after }) => [before, after]);
  t.deepEqual(pairs, [
    ['speed/bundled/none/process', 'speed/bundled/aof/always/process'],
    ['speed/bundled/none/process', 'speed/redis/none/process'],
    ['speed/redis/none/process', 'speed/redis/aof/always/process'],
    ['speed/bundled/aof/always/process', 'speed/redis/aof/always/process'],
  ]);
  const [always, redis] = record.comparisons;
  t.is(always?.verdict, 'regression');
  t.is(always?.ratio?.median.toFixed(2), '0.30');
  t.is(redis?.verdict, 'improvement');
  t.is(redis?.ratio?.ci95?.[0].toFixed(2), '1.20');
});

test('a limited generator leaves its comparisons open, and asks no more of the others', (t) => {
  const limitOf = (limited: boolean): RunRecord => {
    const scenario = defineScenario({
      name: 'speed', question: 'How fast?', measures: ['qps'], trials: 12,
      settings: ['none', 'aof/everysec', 'aof/always'],
    });
    return recordOf(planOf([scenario]), (own, { cell: { setting }, index }) => ({
      ...own, qps: (setting.persist === 'none' ? 100 : 50) * steady(index),
      generator: own.generator && {
        ...own.generator, limit: limited && setting.appendfsync === 'always' ? 'busy' : null,
      },
    }));
  };
  const [all, without] = [limitOf(false).comparisons, limitOf(true).comparisons];
  t.deepEqual(all.map(({ verdict }) => verdict), ['regression', 'regression']);
  t.deepEqual(without.map(({ verdict, furtherTrials }) => [verdict, furtherTrials]), [
    ['regression', null], ['inconclusive', null],
  ]);
  t.regex(without[1]?.reason ?? '', /generator, not the server, was the limit/);
  t.true((without[0]?.adjustedP ?? 1) < (all[0]?.adjustedP ?? 0), 'a smaller family');
});

test('a rate that was given is compared with nothing, and is no noise', (t) => {
  const scenario = defineScenario({
    name: 'speed', question: 'How fast?', measures: ['qps'], trials: 12,
    settings: ['none', 'aof/always'],
  });
  const record = recordOf(planOf([scenario]), (own) => ({ ...own, offeredPerSecond: 1000 }));
  t.deepEqual([record.comparisons, record.noise], [[], null]);
});

test('a p99.9 of few replies is said to be one', (t) => {
  const said = (acknowledged: number): string[] => notes(recordOf(planOf([defineScenario({
    name: 'speed', question: 'How fast?', measures: ['qps'], trials: 2, settings: ['none'],
  })]), (own) => ({ ...own, acknowledged }))).filter((note) => note.startsWith('p99.9'));
  t.deepEqual(said(3688), []);
  t.deepEqual(said(3687), ['p99.9 without a bound: it needs 3,688 replies in a trial, and fewer '
    + 'came in speed/bundled/none/process (3,687): read it as the slowest.']);
});

test('the noise is that of neighbouring repetitions, each in one pair', (t) => {
  const record = runOf(6, (_cell, trial) => (trial % 2 === 0 ? 100 : 110));
  t.is(record.noise?.pairs, 4 * 3);
  t.is(record.noise?.share.toFixed(3), '0.100');
  t.is(record.noise?.pairShare?.toFixed(3), '0.100');
  t.is(noiseShare(record.noise, 4)?.toFixed(3), '0.100', 'the bias does not shrink');
  const old = { metric: 'qps', share: 0.04, pairShare: null, pairs: 9 } as const;
  t.is(noiseShare(old, 4), 0.04);
  t.is(noiseShare(null, 4), null);
  t.is(runOf(1, () => 100).noise, null);
});

test('three trials settle nothing and say how many would', (t) => {
  const record = runOf(3, (cell, trial) => (cell.endsWith('aof') ? 50 : 100) * steady(trial));
  t.true(record.comparisons.every(({ verdict }) => verdict !== 'regression'));
  const [always] = record.comparisons;
  t.is(always?.verdict, 'inconclusive');
  t.true((always?.furtherTrials ?? 0) > 0);
});

test('a cell says which trial is far off, and how many more are needed', (t) => {
  const record = runOf(10, (_cell, trial) => (trial === 4 ? 300 : 1000) * steady(trial));
  const [cell] = record.cells;
  t.deepEqual(cell?.outliers.map(({ trial, metric }) => [trial, metric]), [[4, 'qps']]);
  t.is(cell?.qps?.range?.[0].toFixed(0), '309', 'and it counts all the same');
  t.true((cell?.furtherTrials ?? -1) >= 0);
});

test('loss comes with exact bounds of its share', (t) => {
  const scenario = defineScenario({
    name: 'lost', question: 'How much?', measures: ['loss'], trials: 20, settings: ['aof/always'],
  });
  const record = recordOf(planOf([scenario]), (own) => ({
    ...own,
    cuts: own.cuts.map((cut) => ({
      ...cut, loss: { writes: own.index < 3 ? 5 : 0, bytes: 0, windowMs: 0 },
    })),
  }));
  // SciPy: binomtest(3, 20).proportion_ci(method="exact").
  const bounds = record.cells[0]?.loss?.shareBounds95.map((bound) => bound.toFixed(4));
  t.deepEqual(bounds, ['0.0321', '0.3789']);
});

test('windows of loss have a median and a p90 with exact bounds, from six trials on', (t) => {
  const windowsOf = (trials: number): RunRecord => {
    const scenario = defineScenario({
      name: 'lost', question: 'How much?', measures: ['loss'], trials, settings: ['aof/always'],
    });
    return recordOf(planOf([scenario]), (own) => ({
      ...own,
      cuts: own.cuts.map((cut) => (
        { ...cut, loss: { writes: 1, bytes: 1, windowMs: 10 * (own.index + 1) } })),
    }));
  };
  t.is(windowsOf(5).cells[0]?.loss?.windowMsQuantiles, null);
  // R: qbinom(0.025, 40, c(0.5, 0.9)) and its mirror: ranks 14 and 27, 32 and 40.
  const record = windowsOf(40);
  t.deepEqual(record.cells[0]?.loss?.windowMsQuantiles, {
    p50: { value: 205, low: 140, high: 270 }, p90: { value: 361, low: 320, high: 400 },
  });
  t.true(notes(record).includes('Window of loss in lost/bundled/aof/always/process: median 205 ms '
    + '[140 ms, 270 ms], 9 of 10 crashes at most 361 ms [320 ms, 400 ms] (40 crash runs, exact '
    + '95 % bounds).'));
  const few = windowsOf(6).cells[0]?.loss?.windowMsQuantiles;
  t.deepEqual([few?.p50.low, few?.p50.high, few?.p90.high], [10, 60, null]);
});

test('a generator at its limit leaves the question open, unless loss was asked as well', (t) => {
  type Asked = readonly ('qps' | 'loss')[];
  const recordFor = (measures: Asked, limited: number): RunRecord => {
    const scenario = defineScenario({
      name: 'speed', question: 'How fast?', measures, trials: 4, settings: ['none'],
    });
    return recordOf(planOf([scenario]), (own) => ({
      ...own,
      generator: own.generator && { ...own.generator, limit: own.index < limited ? 'busy' : null },
    }));
  };
  const verdictOf = (measures: Asked, limited: number): string | undefined =>
    recordFor(measures, limited).cells[0]?.verdict;
  const said = (measures: Asked, limited: number): string[] =>
    notes(recordFor(measures, limited)).filter((note) => note.startsWith('Speed not measured'));
  t.deepEqual(said(['qps', 'loss'], 3), [
    'Speed not measured: speed/bundled/none/process: in 3 of 4 trials busy.',
  ]);
  t.deepEqual([said(['qps', 'loss'], 1), said(['qps'], 4)], [[], []], 'rare, or the verdict');
  t.is(verdictOf(['qps'], 2), 'inconclusive');
  t.is(verdictOf(['qps'], 1), 'pass');
  t.is(verdictOf(['qps', 'loss'], 4), 'pass');
});

test('each metric has its estimate with an interval, and its noise, in the record', (t) => {
  const scenario = defineScenario({
    name: 'all', question: 'What?', measures: ['qps', 'recovery', 'loss'], trials: 6,
    settings: ['aof/everysec'],
  });
  const record = recordOf(planOf([scenario]), (own) => ({
    ...own, latencyUs: { p50: 300, p99: 800 + 10 * own.index, p999: 2000, max: 9000 },
  }));
  const estimates = record.cells[0]?.estimates ?? {};
  t.deepEqual(estimates.latencyUsP99, { median: 825, ci95: [800, 850], range: [800, 850] });
  t.deepEqual(Object.keys(estimates).toSorted(), [
    'cpuUsPerOp', 'latencyUsP50', 'latencyUsP99', 'latencyUsP999', 'lossWindowMs', 'lostWrites',
    'outageMs', 'qps', 'recoveryMs',
  ]);
  const p99 = record.noises?.find(({ metric }) => metric === 'latencyUsP99');
  t.like(p99, { pairs: 3, bias: 10, pairDifference: 10 });
  t.is(p99?.share?.toFixed(4), '0.0125', '810 / 800');
  const lost = record.noises?.find(({ metric }) => metric === 'lossWindowMs');
  t.like(lost, { share: null, pairShare: null, bias: 0, pairDifference: 0 });
  const text = notes(record).find((note) => note.startsWith('Noise of other'));
  t.regex(text ?? '', /p99 of replies 1 % \(3 pairs\), server CPU .*, serving again after 0 %/);
});
