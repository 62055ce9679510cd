// Cuts into runs, runs into cells: worst verdicts, largest losses, counted runs.

import test from 'ava';

import { ruleOfThreeUpperBound } from '../metrics/statistics.ts';
import { combineCuts, combineRuns, worstOf } from './combine.ts';
import type { Finding, Judgement, Verdict } from './judgement.ts';

function judgement(verdict: Verdict, writes: number, findings: readonly Finding[] = []): Judgement {
  return {
    verdict, promise: 'loses no acknowledged write', acknowledged: 100 + writes, inFlight: 3,
    lost: { writes, bytes: writes * 10, windowMs: writes / 10 }, survived: 100, boundMs: null,
    findings,
  };
}

test('fail beats inconclusive beats pass, and nothing is inconclusive', (t) => {
  const rows: readonly (readonly [Verdict[], Verdict])[] = [
    [['pass', 'pass'], 'pass'], [['pass', 'inconclusive'], 'inconclusive'],
    [['inconclusive', 'fail', 'pass'], 'fail'], [[], 'inconclusive'],
  ];
  for (const [verdicts, expected] of rows) t.is(worstOf(verdicts), expected);
});

test('a run is the worst of its cuts', (t) => {
  const lost: Finding = { kind: 'lost', breaks: true, text: 'a' };
  const idle: Finding = { kind: 'not-applied', breaks: false, text: 'b' };
  const run = combineCuts([
    judgement('inconclusive', 0, [idle]), judgement('fail', 7, [lost]),
    { ...judgement('fail', 2, [lost]), boundMs: 1_100 },
  ]);
  t.is(run.verdict, 'fail');
  t.deepEqual(run.lost, { writes: 7, bytes: 70, windowMs: 0.7 });
  t.is(run.boundMs, 1_100);
  t.is(run.cuts, 3);
  t.deepEqual(run.findings, [lost, idle]);
});

test('a cell counts runs, not cuts, and bounds what it has not seen', (t) => {
  const clean = combineCuts([judgement('pass', 0), judgement('pass', 0)]);
  const cell = combineRuns([clean, clean, clean, clean], ruleOfThreeUpperBound);
  t.is(cell.verdict, 'pass');
  t.is(cell.runs, 4);
  t.is(cell.cuts, 8);
  t.is(cell.upperBound95, 0.75);
  const lossy = combineRuns([clean, clean, combineCuts([judgement('pass', 9)])],
    ruleOfThreeUpperBound);
  t.is(lossy.runsWithLoss, 1);
  t.is(lossy.upperBound95, null);
  t.deepEqual(lossy.lost.writes, { median: 0, max: 9 });
});

test('an inconclusive run counts for no statistics', (t) => {
  const clean = combineCuts([judgement('pass', 0)]);
  const idle = combineCuts([judgement('inconclusive', 0)]);
  const cell = combineRuns([clean, idle, idle, idle], ruleOfThreeUpperBound);
  t.is(cell.verdict, 'inconclusive');
  t.is(cell.upperBound95, 1);
});

test('findings of a kind are capped over many runs', (t) => {
  const runs = Array.from({ length: 9 }, (_, index) => combineCuts([
    judgement('fail', 1, [{ kind: 'lost', breaks: true, text: `lost ${index}` }])]));
  const { findings } = combineRuns(runs, ruleOfThreeUpperBound);
  t.is(findings.length, 6);
  t.is(findings[5]?.text, 'and 4 more: lost');
});
