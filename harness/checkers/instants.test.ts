// Every instant against the promise: spans are joined, each lost write is told once, bounds count.
import test from 'ava';
import { RunContext } from './context.ts';
import { judgeInstants } from './instants.ts';
import type { InstantsJudgement, JudgedInterval } from './instants.ts';
import { noFacts } from './promise.ts';
import type { DurabilityFacts, PromiseQuestion } from './promise.ts';
import { ToyRun } from './test-support/toy-run.ts';

const run = new RunContext(
  new ToyRun({ seed: 3, clients: 2, keysPerClient: 4, operations: 40 }).history(),
);
const oldest = { client: 1, sequence: 2, ackedNs: 1e9 };

function interval(from: number, to: number, rest: Partial<JudgedInterval> = {}): JudgedInterval {
  return {
    fromNs: from * 1e9, toNs: to * 1e9, writes: 1, oldest, lostFromNs: 1e9, refusal: null,
    gap: null, ...rest,
  };
}

function judged(
  appendfsync: PromiseQuestion['appendfsync'], intervals: readonly JudgedInterval[],
  facts: Partial<DurabilityFacts> = {},
): InstantsJudgement {
  return judgeInstants(run, intervals, {
    question: { persist: 'aof', appendfsync, crash: 'power', target: 'bundled' },
    factsOf: () => ({ ...noFacts, ...facts }), startNs: 0, storyOf: () => '. THE STORY',
  });
}

const nothing = { writes: 0, oldest: null, lostFromNs: Infinity };

test('always: lost from its acknowledgement on, told once, neighbours joined', (t) => {
  const { broken, findings } = judged('always', [
    interval(0.5, 2), interval(2, 3), interval(3, 4, nothing), interval(4, 5),
  ]);
  t.deepEqual(broken, [{ fromNs: 1e9, toNs: 3e9 }, { fromNs: 4e9, toNs: 5e9 }]);
  t.is(findings.length, 1);
  const text = findings[0]?.text ?? '';
  t.regex(text, /^write 2 of client 1 .* from 1\.000 s to 2\.000 s .*THE STORY$/);
  t.deepEqual(judged('always', [interval(0, 9, nothing)]).broken, []);
});

test('everysec: from the end of the bound on, to the instant', (t) => {
  const lastTwoSyncNs = [200e6, 100e6] as const;
  const facts = { syncs: { lastTwoSyncNs, inFlightSyncNs: null } };
  t.deepEqual(judged('everysec', [interval(1, 2.3)], facts).findings, []);
  const late = judged('everysec', [interval(1, 2.5)], facts);
  t.deepEqual(late.broken, [{ fromNs: 2.3e9, toNs: 2.5e9 }]);
  t.is(late.findings[0]?.kind, 'window');
  t.true(late.findings[0]?.breaks);
});

test('no: any prefix, but no floor may be missed, no gap, no refusal', (t) => {
  t.deepEqual(judged('no', [interval(0, 9)]).broken, []);
  const floor = { floors: [{ atNs: 1e9, reason: 'a sync had ended' }] };
  t.is(judged('no', [interval(0, 9)], floor).findings[0]?.kind, 'floor');
  const gap = { client: 0, sequence: 3, survivor: 4 };
  t.is(judged('no', [interval(0, 9, { ...nothing, gap })]).findings[0]?.kind, 'hole');
  const refused = judged('no', [interval(0, 9, { refusal: 'a file is missing' })]);
  t.regex(refused.findings[0]?.text ?? '', /would not start by itself .*: a file is missing$/);
});

test('none promises nothing', (t) => {
  const { broken } = judgeInstants(run, [interval(0, 9)], {
    question: { persist: 'none', appendfsync: null, crash: 'power', target: 'bundled' },
    factsOf: () => noFacts, startNs: 0, storyOf: () => '',
  });
  t.deepEqual(broken, []);
});
