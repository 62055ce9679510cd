// Trials → cells → run: what counts, and how often.
import test from 'ava';
import { defineScenario } from '../plan/define-scenario.ts';
import type { ScenarioInput } from '../plan/scenario.ts';
import { buildRunRecord, zeroSeenUpperBound95 } from './aggregate.ts';
import type { CellRecord, CutRecord, LossRecord, TrialRecord } from './record.ts';
import { notes } from './notes.ts';
import { planOf, recordOf, testbed, threeScenarios } from './test-support.ts';
import { deciding, worstVerdict } from './verdicts.ts';
import type { Judged } from './verdicts.ts';

const one: ScenarioInput = {
  name: 'one', question: 'What?', measures: ['loss'], settings: ['aof/always'], trials: 3,
};

function withLosses(trial: TrialRecord, losses: readonly (LossRecord | null)[]): TrialRecord {
  const [cut] = trial.cuts as [CutRecord];
  return { ...trial, cuts: losses.map((loss) => ({ ...cut, loss })) };
}

const loss = (writes: number): LossRecord => ({ writes, bytes: writes * 10, windowMs: writes / 2 });

function onlyCell(change: (own: TrialRecord) => TrialRecord): CellRecord {
  const [cell] = recordOf(planOf([defineScenario(one)]), change).cells;
  if (cell === undefined) throw new Error('no cell');
  return cell;
}

for (const { runs, bound } of [
  { runs: 0, bound: 1 }, { runs: 1, bound: 0.95 }, { runs: 3, bound: 0.6316 },
  { runs: 100, bound: 0.0295 },
]) {
  test(`none in ${runs} runs leaves at most ${bound}`, (t) => {
    t.true(Math.abs(zeroSeenUpperBound95(runs) - bound) < 0.0001);
  });
}

test('the bound is never above the rule of three', (t) => {
  for (let runs = 1; runs < 2000; runs++) t.true(zeroSeenUpperBound95(runs) <= 3 / runs);
});

test('fail beats inconclusive beats pass, and nothing is inconclusive', (t) => {
  t.is(worstVerdict([]), 'inconclusive');
  t.is(worstVerdict(['pass', 'pass']), 'pass');
  t.is(worstVerdict(['pass', 'inconclusive']), 'inconclusive');
  t.is(worstVerdict(['fail', 'inconclusive', 'pass']), 'fail');
});

const tooEarly = { verdict: 'inconclusive', findings: [{ kind: 'too-early' }] } as const;
const unread = { verdict: 'inconclusive', findings: [{ kind: 'not-applied' }] } as const;
const kept = { verdict: 'pass', findings: [] } as const;

for (const [name, found, left] of [
  ['one of two too early', [kept, tooEarly], [kept]],
  ['one of four too early', [kept, kept, tooEarly, unread], [kept, kept, unread]],
  ['two of three too early', [kept, tooEarly, tooEarly], [kept, tooEarly, tooEarly]],
  ['nothing else', [tooEarly], [tooEarly]],
  ['none too early', [unread, kept], [unread, kept]],
] as const) {
  test(`who has a say in a verdict: ${name}`, (t) => {
    t.deepEqual(deciding<Judged>(found), left);
  });
}

for (const { early, verdict, note } of [
  { early: 1, verdict: 'pass', note: '1 of 3 crashes came before the first acknowledged write.' },
  { early: 2, verdict: 'inconclusive', note: 'nothing was acknowledged before the cut' },
] as const) {
  test(`${early} of 3 crashes before anything was acknowledged: ${verdict}`, (t) => {
    const words = 'nothing was acknowledged before the cut';
    const finding = { kind: 'too-early', breaks: false, text: words } as const;
    const record = recordOf(planOf([defineScenario(one)]), (own) => {
      const judged = withLosses(own, [own.index < early ? null : loss(0)]);
      if (own.index >= early) return judged;
      const cuts = judged.cuts.map((cut) => (
        { ...cut, verdict: 'inconclusive' as const, findings: [finding] }));
      return { ...judged, verdict: 'inconclusive', cuts };
    });
    t.is(record.verdict, verdict);
    t.is(record.cells[0]?.loss?.runs, 3 - early);
    t.true(notes(record).some((text) => text.includes(note)), notes(record).join('\n'));
  });
}

test('no loss in three runs is a bound over runs, however many instants', (t) => {
  const cell = onlyCell((own) => withLosses(own, [loss(0), loss(0), loss(0), loss(0)]));
  t.like(cell.loss, { runs: 3, runsWithLoss: 0, instants: 12, writes: { median: 0, max: 0 } });
  t.is(cell.loss?.upperBound95, zeroSeenUpperBound95(3));
});

test('a run enters the median once, the worst instant is the worst', (t) => {
  const perTrial = [[1, 2, 9], [4, 4, 4], [0, 0, 30]];
  const cell = onlyCell((own) => withLosses(own, (perTrial[own.index] ?? []).map(loss)));
  t.deepEqual(cell.loss?.writes, { median: 2, max: 30 });
  t.deepEqual(cell.loss?.bytes, { median: 20, max: 300 });
  t.is(cell.loss?.runsWithLoss, 3);
  t.is(cell.loss?.upperBound95, null);
});

test('an instant without a judgement is no evidence', (t) => {
  const cell = onlyCell((own) => withLosses(own, own.index === 0 ? [loss(0), null] : [null]));
  t.like(cell.loss, { runs: 1, instants: 1 });
  t.is(onlyCell((own) => withLosses(own, [null])).loss, null);
});

test('a crash that did not happen is no run in which nothing was lost', (t) => {
  const cell = onlyCell((own) => {
    const judged = withLosses(own, [loss(0)]);
    if (own.index === 0) return judged;
    const cuts = judged.cuts.map((cut) => ({ ...cut, verdict: 'inconclusive' as const }));
    return { ...judged, verdict: 'inconclusive', cuts };
  });
  t.like(cell.loss, { runs: 1, instants: 1, upperBound95: zeroSeenUpperBound95(1) });
});

test('a trial whose server died on its own does not count as one', (t) => {
  const cell = onlyCell((own) => (own.index === 1
    ? { ...own, verdict: 'inconclusive', error: 'it died', cuts: [] } : own));
  t.is(cell.trials, 2);
  t.is(cell.perTrial.length, 3);
  t.is(cell.loss?.runs, 2);
  t.is(cell.verdict, 'inconclusive');
});

test('rates are medians with an interval, null where none was measured', (t) => {
  const record = recordOf(planOf(threeScenarios));
  const speed = record.cells.find((cell) => cell.id === 'speed/bundled/aof/always/process');
  t.is(speed?.qps?.median, 31_240);
  t.is(speed?.qps?.ci95, null, 'three trials have a range only');
  t.true((speed?.qps?.range?.[0] ?? 0) < 31_240 && (speed?.qps?.range?.[1] ?? 0) > 31_240);
  t.like(speed?.latencyUs, { p50: 310, p99: 820, max: 9800 });
  t.true(record.cells.filter((cell) => cell.crash === 'power').every((cell) => cell.qps === null));
});

test('the same results give the same record', (t) => {
  t.deepEqual(recordOf(planOf(threeScenarios)), recordOf(planOf(threeScenarios)));
});

test('recovery has its phases, and one trial has no interval', (t) => {
  const back = recordOf(planOf(threeScenarios)).cells
    .find((cell) => cell.id === 'back/bundled/rdb/process/200k');
  t.deepEqual(back?.recoveryMs, {
    median: 321, ci95: null, range: null,
    phases: { listening: 90, firstRead: 320, firstWrite: 321, loading: 20 },
  });
});

test('a finding is shown once, those that break a promise first', (t) => {
  const note = { kind: 'window', breaks: false, text: 'a note' };
  const broken = { kind: 'lost', breaks: true, text: 'gone' };
  const cell = onlyCell((own) => ({
    ...own, cuts: own.cuts.map((cut) => ({ ...cut, findings: [note, broken] })),
  }));
  t.deepEqual(cell.findings, [broken, note]);
});

test('a failure carries the command that repeats it', (t) => {
  const scenario = defineScenario({ ...one, crash: ['power'] });
  const plan = { ...planOf([scenario]), flags: ['--set', 'hz=5 0', '--trials', '3'] };
  const record = recordOf(plan, (own) => (own.index === 2 ? { ...own, verdict: 'fail' } : own));
  t.is(record.verdict, 'fail');
  t.is(record.failures.length, 1);
  t.like(record.failures[0], { cell: 'one/bundled/aof/always/power', index: 2 });
  t.is(record.failures[0]?.repro, 'plugpull run one --target bundled --persist aof --fsync always '
    + "--crash power --set 'hz=5 0' --trials 3 --seed 7");
});

test('an interrupted run leaves out what it did not reach and is never a pass', (t) => {
  const plan = planOf(threeScenarios);
  const done = new Set(plan.trials.slice(0, 3));
  const record = recordOf(plan, (own, trial) => (done.has(trial) ? own : null));
  t.true(record.interrupted);
  t.is(record.cells.length, 3);
  t.is(record.plannedTrials, 36);
  t.is(record.verdict, 'inconclusive');
});

test('a cell of a whole run without trials is inconclusive, not forgotten', (t) => {
  const plan = planOf([defineScenario(one)]);
  const record = buildRunRecord({
    id: 'x', startedAt: 'now', tookMs: 1, interrupted: false, plan, version: '0', testbed,
    targetVersions: {}, trials: [],
  });
  t.is(record.cells.length, 1);
  t.is(record.verdict, 'inconclusive');
});
