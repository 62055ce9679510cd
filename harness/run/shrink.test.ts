// A failing trial of real processes gets smaller only by trials that failed likewise.
import test from 'ava';
import { parseFaults } from '../faults/faults.ts';
import type { Trial } from '../plan/plan.ts';
import { planOf, healthyTrial, threeScenarios } from '../report/test-support.ts';
import type { TrialRecord } from '../report/record.ts';
import { shrinkTrial, smallerTrials, smallerWords } from './shrink.ts';

const [lostScenario] = threeScenarios.filter(({ name }) => name === 'lost');
const [trial] = planOf(lostScenario === undefined ? [] : [lostScenario]).trials
  .filter(({ cell, snapshotsAtMs }) => cell.crash === 'power' && snapshotsAtMs.length > 0);
const whole = trial as Trial;

function failed(of: Trial, kind: string = 'lost'): TrialRecord {
  const healthy = healthyTrial(of);
  const findings = [{ kind, breaks: true, text: `a ${kind} write` }];
  const cuts = healthy.cuts.map((cut) => ({ ...cut, verdict: 'fail' as const, findings }));
  return { ...healthy, verdict: 'fail', cuts };
}

test('what fails whatever it does becomes the smallest trial, and no larger again', async (t) => {
  const ran: Trial[] = [];
  const { trial: small, attempts, findings } = await shrinkTrial(
    { trial: whole, record: failed(whole) },
    async (each) => (ran.push(each), failed(each)), 6,
  );
  t.is(attempts, ran.length);
  t.true(attempts <= 6);
  t.is(small?.cell.load.clients, 4);
  t.is(small?.cell.load.pipeline, 1);
  t.deepEqual(small?.snapshotsAtMs, []);
  t.true((small?.crashAtMs ?? Infinity) < whole.crashAtMs / 2);
  t.is(findings[0]?.text, 'a lost write');
  t.regex(smallerWords(whole, small as Trial), /kill at \d+ → \d+ ms, clients \d+ → 4/);
});

test('a bug that needs many clients keeps them and loses the rest', async (t) => {
  const needsClients = async (each: Trial): Promise<TrialRecord> => (
    each.cell.load.clients === whole.cell.load.clients ? failed(each) : healthyTrial(each));
  const { trial: small } = await shrinkTrial(
    { trial: whole, record: failed(whole) }, needsClients, 20);
  t.is(small?.cell.load.clients, whole.cell.load.clients);
  t.deepEqual(small?.snapshotsAtMs, []);
});

test('another finding is another bug: nothing smaller is claimed', async (t) => {
  const { trial: small, attempts } = await shrinkTrial(
    { trial: whole, record: failed(whole) }, async (each) => failed(each, 'torn'), 3);
  t.is(small, null);
  t.is(attempts, 3);
});

test('an interrupt ends it, with what was found by then', async (t) => {
  const { trial: small, attempts } = await shrinkTrial(
    { trial: whole, record: failed(whole) }, async () => null, 6);
  t.is(small, null);
  t.is(attempts, 0);
});

test('faults go one by one', (t) => {
  const faultText = 'disk-slow@0.2-0.6+kill-in-rewrite';
  const faults = parseFaults(faultText);
  const faulty = { ...whole, faults, cell: { ...whole.cell, faultText, faults } };
  const smaller = smallerTrials(faulty);
  const texts = smaller.map(({ cell }) => cell.faultText);
  // What a trial does is what its text says.
  for (const each of smaller) t.deepEqual(each.faults, parseFaults(each.cell.faultText));
  t.true(texts.includes('kill-in-rewrite'));
  t.true(texts.includes('disk-slow@0.2-0.6'));
});
