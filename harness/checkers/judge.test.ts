// Promises, floors, refusals and faults that did nothing: what each verdict is made of.

import test from 'ava';

import { judge } from './judge.ts';
import type { Cut } from './judge.ts';
import type { Judgement } from './judgement.ts';
import { noFacts } from './promise.ts';
import type { PromiseQuestion } from './promise.ts';
import { toyCut, ToyRun, toyStartWallMs } from './test-support/toy-run.ts';
import type { ToyOperation } from './test-support/toy-run.ts';

const wallMs = toyStartWallMs + 5_000;

function question(changes: Partial<PromiseQuestion>): PromiseQuestion {
  return { persist: 'aof', appendfsync: 'no', crash: 'power', target: 'bundled', ...changes };
}

/** A run of 400 operations; cut 50 operations before its end, so that much is in flight. */
function scene(changes: { seed?: number; mix?: 'set' | 'chaos' } = {}): {
  run: ToyRun; cutNs: number; done: ToyOperation[];
} {
  const run = new ToyRun({
    seed: 5, clients: 3, keysPerClient: 40, operations: 400, mix: 'set', ...changes,
  });
  const cutNs = run.executed[350]?.executedNs ?? 0;
  return { run, cutNs, done: run.executed.filter((each) => each.executedNs <= cutNs) };
}

/** Judges what is left of a run after some of its operations survived. */
function judged(kept: readonly ToyOperation[], changes: Partial<Cut> = {}): Judgement {
  const { run, cutNs } = scene();
  const survivors = run.survivors(run.serverAfter(kept), wallMs);
  return judge({ ...run.history(), ...toyCut(cutNs, survivors, changes) });
}

function kinds(judgement: Judgement): string[] {
  return [...new Set(judgement.findings.map((finding) => finding.kind))];
}

/** All but the last acknowledged operation, and what came after it. */
function withoutLastAcknowledged(): ToyOperation[] {
  const { done, cutNs } = scene();
  const last = done.findLast((each) => each.ackedNs <= cutNs) as ToyOperation;
  return done.slice(0, done.indexOf(last));
}

test('one acknowledged write lost breaks always, and the words name it', (t) => {
  const { cutNs } = scene();
  const kept = withoutLastAcknowledged();
  const found = judged(kept, { question: question({ appendfsync: 'always' }) });
  t.is(found.verdict, 'fail');
  t.deepEqual(kinds(found), ['lost']);
  t.is(found.lost.writes, 1);
  t.is(found.lost.bytes, 16 + 40);
  const { done } = scene();
  const lost = done[kept.length] as ToyOperation;
  t.is(found.lost.windowMs, (cutNs - lost.ackedNs) / 1e6);
  const [finding] = found.findings;
  t.regex(finding?.text ?? '', new RegExp(`^write ${lost.sequence} of client ${lost.client} `
    + `\\(SET k:0000${lost.client}:\\d{8}\\), acknowledged .* before the cut, is gone: `
    + 'this setting loses no acknowledged write$'));
});

const breakers: readonly (readonly [Partial<PromiseQuestion>, Partial<Cut>, string[]])[] = [
  [{ appendfsync: 'always' }, {}, ['lost']],
  [{ appendfsync: 'always', crash: 'process' }, {}, ['lost']],
  [{ appendfsync: 'everysec', crash: 'process' }, {}, ['lost']],
  [{ appendfsync: 'everysec', crash: 'process', target: 'redis' }, {}, ['lost']],
  [{ appendfsync: 'no', crash: 'process' }, {}, ['lost']],
  [{ persist: 'rdb+aof', appendfsync: 'always' }, {}, ['lost']],
  [{ appendfsync: 'no' }, {}, []],
  [{ appendfsync: 'everysec' }, {}, []],
  [{ persist: 'rdb', appendfsync: null }, {}, []],
  [{ persist: 'rdb', appendfsync: null, crash: 'process' }, {}, []],
  [{ appendfsync: 'everysec', crash: 'process', target: 'redis' },
    { facts: { ...noFacts, heldBackMs: 5_000 } }, []],
];

for (const [asked, changes, expected] of breakers) {
  test(`one write lost, ${JSON.stringify(asked)} ${JSON.stringify(changes)}`, (t) => {
    const found = judged(withoutLastAcknowledged(), { question: question(asked), ...changes });
    t.deepEqual(kinds(found), expected);
    t.is(found.verdict, expected.length === 0 ? 'pass' : 'fail');
    t.is(found.lost.writes, 1);
  });
}

test('a floor fails every setting, and says why it was durable', (t) => {
  const { run, cutNs } = scene();
  const kept = run.executed.slice(0, 100);
  const lost = run.executed.filter((each) => each.ackedNs <= cutNs && !kept.includes(each));
  const atNs = Math.min(...lost.map((each) => each.ackedNs));
  const reason = 'a sync of appendonly.aof.1.incr.aof had ended by then';
  for (const persist of ['aof', 'rdb'] as const) {
    const asked = question({ persist, appendfsync: persist === 'rdb' ? null : 'no' });
    const at = judged(kept, { question: asked, facts: { ...noFacts, floors: [{ atNs, reason }] } });
    t.deepEqual(kinds(at), ['floor']);
    t.true(at.findings[0]?.text.endsWith(`is gone, although ${reason}`));
    const below = { ...noFacts, floors: [{ atNs: atNs - 1, reason }] };
    t.deepEqual(judged(kept, { question: asked, facts: below }).findings, []);
  }
});

test('the same under always is one finding, with the floor in its words', (t) => {
  const facts = { ...noFacts, floors: [{ atNs: Infinity, reason: 'it was synced' }] };
  const asked = question({ appendfsync: 'always' });
  const found = judged(withoutLastAcknowledged(), { question: asked, facts });
  t.deepEqual(kinds(found), ['lost']);
  t.regex(found.findings[0]?.text ?? '', /is gone, although it was synced: this setting/);
});

test('a lost write acknowledged before a survivor was sent is a hole across clients', (t) => {
  const { done, cutNs } = scene();
  const own = done.filter((each) => each.client === 1);
  const firstLost = own[own.length - 30] as ToyOperation;
  const kept = done.filter((each) => each.client !== 1 || each.sequence < firstLost.sequence);
  const found = judged(kept);
  t.deepEqual(kinds(found), ['hole']);
  t.regex(found.findings[0]?.text ?? '', new RegExp(`^write ${firstLost.sequence} of client 1 .* `
    + 'is gone, though it was acknowledged .* before write \\d+ of client [02] .* was sent'));
  // A survivor that was sent before that acknowledgement proves nothing.
  const rest = done.filter((each) => each.client === 1
    ? each.sequence < firstLost.sequence : each.sentNs <= firstLost.ackedNs);
  t.deepEqual(judge({
    ...scene().run.history(),
    ...toyCut(cutNs, scene().run.survivors(scene().run.serverAfter(rest), wallMs)),
  }).findings, []);
});

test('everysec under power: the window is bounded by the measured syncs', (t) => {
  const { done, cutNs } = scene();
  const kept = done.slice(0, 10);
  const asked = question({ appendfsync: 'everysec' });
  const windowMs = judged(kept, { question: asked }).lost.windowMs;
  t.true(windowMs > 2 && windowMs < 20);
  // The toy lives for milliseconds: a bound below a second cannot come from everysecBoundMs.
  const late = { ...noFacts, tickMs: windowMs - 1_000 - 0.01 };
  const found = judged(kept, { question: asked, facts: late });
  t.deepEqual(kinds(found), ['window']);
  t.is(found.boundMs, 1_000 + late.tickMs);
  t.regex(found.findings[0]?.text ?? '', /may be lost: this setting loses at most/);
  const inTime = { ...noFacts, tickMs: windowMs - 1_000 + 0.01 };
  t.is(judged(kept, { question: asked, facts: inTime }).verdict, 'pass');
  t.true(cutNs > 0);
});

test('with many losses five are worded and the rest counted', (t) => {
  const run = new ToyRun({ seed: 2, clients: 8, keysPerClient: 9, operations: 900, mix: 'set' });
  const cutNs = run.executed[800]?.executedNs ?? 0;
  const survivors = run.survivors(run.serverAfter([]), wallMs);
  const asked = question({ appendfsync: 'always' });
  const found = judge({ ...run.history(), ...toyCut(cutNs, survivors, { question: asked }) });
  t.is(found.findings.length, 6);
  t.is(found.findings[5]?.text, `and ${found.lost.writes - 5} more: lost`);
  t.is(found.lost.writes, found.acknowledged);
});

test('none starts empty: everything is lost and that is a pass; a survivor is not', (t) => {
  const { run, done } = scene();
  const asked = question({ persist: 'none', appendfsync: null });
  const empty = judged([], { question: asked });
  t.is(empty.verdict, 'pass');
  t.is(empty.lost.writes, empty.acknowledged);
  t.deepEqual(kinds(judged(done, { question: asked })), ['not-empty']);
  const stranger = { ...run.survivors(run.serverAfter([]), wallMs), totalKeys: 2 };
  const found = judged([], { question: asked, survivors: stranger });
  t.is(found.findings[0]?.text, '2 keys there, and persistence is off');
});

test('a server that does not start has lost everything, and its words are told', (t) => {
  const refusal = {
    file: 'appendonlydir/appendonly.aof.1.incr.aof', words: ['Bad file format', 'exiting'],
    repair: 'redis-check-aof --fix keeps 120 of 350 writes',
  };
  const found = judged([], { survivors: null, refusal });
  t.is(found.verdict, 'fail');
  t.deepEqual(found.findings, [{ kind: 'refused', breaks: true, text: 'the server did not start by '
    + 'itself because of appendonlydir/appendonly.aof.1.incr.aof: it said: Bad file format '
    + '/ exiting; the documented repair: redis-check-aof --fix keeps 120 of 350 writes' }]);
  t.is(found.lost.writes, found.acknowledged);
});

test('a fault that did nothing is inconclusive, and never hides a loss', (t) => {
  const { run, done } = scene();
  const notApplied = ['the process was still alive'];
  const healthy = judged(done, { notApplied });
  t.is(healthy.verdict, 'inconclusive');
  t.deepEqual(healthy.findings, [
    { kind: 'not-applied', breaks: false, text: 'the process was still alive' },
  ]);
  const asked = question({ appendfsync: 'always' });
  t.is(judged(withoutLastAcknowledged(), { notApplied, question: asked }).verdict, 'fail');
  const unread = judged([], { survivors: null });
  t.deepEqual(kinds(unread), ['not-applied']);
  t.is(unread.lost.writes, 0);
  // Long after the last reply nothing is in flight; before the first there is nothing to lose.
  const survivors = run.survivors(run.serverAfter(run.executed), wallMs);
  for (const crash of ['process', 'power'] as const) {
    const asked = question({ crash });
    const late = { ...run.history(), ...toyCut(1e12, survivors, { question: asked }) };
    t.is(judge(late).findings[0]?.text, 'no write was in flight at the cut');
    t.deepEqual(judge({ ...late, mayBeIdle: true }).findings, []);
  }
  const nothing = run.survivors(run.serverAfter([]), wallMs);
  const early = judge({ ...run.history(), ...toyCut(1, nothing) });
  t.deepEqual(early.findings, [
    { kind: 'too-early', breaks: false, text: 'nothing was acknowledged before the cut' },
  ]);
});

test('what was sent after a power cut cannot survive it; after a SIGKILL it can', (t) => {
  const { run, cutNs } = scene();
  const after = run.executed.filter((each) => each.sentNs > cutNs);
  t.true(after.length > 0);
  const survivors = run.survivors(run.serverAfter(run.executed), wallMs);
  const asked = question({ crash: 'process' });
  t.is(judged([], { survivors, question: asked }).verdict, 'pass');
  t.deepEqual(kinds(judged([], { survivors, question: asked, deadNs: cutNs })), ['phantom']);
  t.deepEqual(kinds(judged([], { survivors })), ['phantom']);
});

test('preloaded keys must all be there, and nobody may add keys', (t) => {
  const { run, done } = scene();
  const healthy = run.survivors(run.serverAfter(done), wallMs);
  const total = healthy.totalKeys ?? 0;
  const rows = [
    [{ preload: { expected: 1_000, found: 1_000 }, totalKeys: total + 1_000 }, []],
    [{ preload: { expected: 1_000, found: 998 }, totalKeys: total + 998 }, ['floor']],
    [{ preload: { expected: 1_000, found: 1_000 }, totalKeys: total + 1_001 }, ['phantom']],
    [{ unknownKeys: ['a', 'b'], totalKeys: total + 2 }, ['phantom']],
    [{ totalKeys: null }, []],
  ] as const;
  for (const [changes, expected] of rows) {
    const found = judged([], { survivors: { ...healthy, ...changes } });
    t.deepEqual(kinds(found), [...expected], JSON.stringify(changes));
  }
});

test('a write that the server refused and keeps anyway is a phantom', (t) => {
  const run = new ToyRun({
    seed: 3, clients: 2, keysPerClient: 50, operations: 200, mix: 'set', refuseOneIn: 5,
  });
  const refused = run.executed.findLast((each) => each.isRefused) as ToyOperation;
  const server = run.serverAfter(run.executed);
  server.run(run.commands(refused));
  const cutNs = run.executed.at(-1)?.executedNs ?? 0;
  const found = judge({ ...run.history(), ...toyCut(cutNs, run.survivors(server, wallMs)) });
  t.deepEqual(kinds(found), ['phantom']);
  t.regex(found.findings[0]?.text ?? '', /which the server refused with an error$/);
});

test('survivors that do not cover what was sent are a bug of the caller', (t) => {
  const { run, cutNs } = scene();
  const survivors = { ...run.survivors(run.serverAfter([]), wallMs), clients: [] };
  t.throws(() => judge({ ...run.history(), ...toyCut(cutNs, survivors) }), {
    instanceOf: RangeError, message: /survivors of client 0: expected its keys up to write \d+/,
  });
});
