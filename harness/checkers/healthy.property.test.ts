// A healthy server raises no alarm: any order, any crash, any prefix that its promise allows.

import assert from 'node:assert/strict';

import test from 'ava';
import * as fc from 'fast-check';

import { Judge } from './judge.ts';
import type { Judgement } from './judgement.ts';
import { noFacts } from './promise.ts';
import type { PromiseQuestion } from './promise.ts';
import { toyCut, ToyRun, toyStartWallMs } from './test-support/toy-run.ts';
import type { ToyOperation } from './test-support/toy-run.ts';

const runs = 300;

const shapes = fc.record({
  seed: fc.nat(),
  clients: fc.integer({ min: 1, max: 5 }),
  keysPerClient: fc.integer({ min: 2, max: 30 }),
  operations: fc.integer({ min: 1, max: 400 }),
  valueSizeBytes: fc.integer({ min: 32, max: 70 }),
  mix: fc.constantFrom('set' as const, 'chaos' as const, 'full' as const, 'full' as const),
  refuseOneIn: fc.constantFrom(0, 0, 10),
  // Before the first brief deadline to after the last.
  readAfterMs: fc.integer({ min: 0, max: 13_000 }),
  cutAt: fc.double({ min: 0, max: 1, noNaN: true }),
  keep: fc.double({ min: 0, max: 1, noNaN: true }),
});

function alarms(judgement: Judgement): string[] {
  return judgement.findings.filter((finding) => finding.breaks).map((finding) => finding.text);
}

/** The losses by a second way: from the server's order, not from what was read back. */
function lossesOf(run: ToyRun, kept: readonly ToyOperation[], cutNs: number): Judgement['lost'] {
  const lost = run.executed.filter((each) => (
    !each.isRefused && each.ackedNs <= cutNs && !kept.includes(each)));
  const oldestNs = Math.min(...lost.map((each) => each.ackedNs));
  return {
    writes: lost.length,
    bytes: lost.reduce((sum, each) => (
      sum + run.operations.payloadBytes(each.client, each.sequence)), 0),
    windowMs: lost.length === 0 ? 0 : (cutNs - oldestNs) / 1e6,
  };
}

test('power: any prefix at or above its floor is healthy, and its losses are exact', (t) => {
  fc.assert(fc.property(shapes, (shape) => {
    const run = new ToyRun(shape);
    const last = run.executed.at(-1) as ToyOperation;
    const cutNs = Math.floor(1e9 + (last.ackedNs - 1e9) * shape.cutAt);
    const done = run.executed.filter((each) => each.executedNs <= cutNs);
    const kept = done.slice(0, Math.round(done.length * shape.keep));
    // What was acknowledged before the first dropped one was executed lies within the prefix.
    const atNs = (run.executed[kept.length]?.executedNs ?? Infinity) - 1;
    const survivors = run.survivors(run.serverAfter(kept), toyStartWallMs + shape.readAfterMs);
    const facts = { ...noFacts, floors: [{ atNs, reason: 'a sync had ended' }] };
    const judgement = new Judge(run.history()).judge(toyCut(cutNs, survivors, { facts }));
    assert.deepEqual(alarms(judgement), []);
    assert.deepEqual(judgement.lost, lossesOf(run, kept, cutNs));
    const acknowledged = run.executed.filter((each) => !each.isRefused && each.ackedNs <= cutNs);
    assert.equal(judgement.acknowledged, acknowledged.length);
  }), { numRuns: runs });
  t.pass();
});

test('process: what was executed before the process died is all there', (t) => {
  const question: PromiseQuestion = {
    persist: 'aof', appendfsync: 'always', crash: 'process', target: 'redis',
  };
  fc.assert(fc.property(shapes, (shape) => {
    const run = new ToyRun(shape);
    const last = run.executed.at(-1) as ToyOperation;
    const deadNs = Math.floor(1e9 + (last.ackedNs - 1e9) * shape.cutAt);
    const cutNs = deadNs - Math.floor(shape.keep * 100_000);
    // Were the very first refusal in flight at the crash, nobody could tell it from a hole.
    const firstRefused = run.executed.find((each) => each.isRefused);
    fc.pre(firstRefused === undefined || firstRefused.ackedNs <= deadNs);
    const done = run.executed.filter((each) => each.executedNs <= deadNs);
    const survivors = run.survivors(run.serverAfter(done), toyStartWallMs + shape.readAfterMs);
    const cut = toyCut(cutNs, survivors, { question });
    const judgement = new Judge(run.history(deadNs)).judge(cut);
    assert.deepEqual(alarms(judgement), []);
    assert.equal(judgement.lost.writes, 0);
    assert.deepEqual(alarms(new Judge(run.history(deadNs)).judge({ ...cut, deadNs })), []);
  }), { numRuns: runs });
  t.pass();
});

test('several cuts of one run, in any order, give what each gives alone', (t) => {
  const instants = fc.array(fc.nat(1000), { minLength: 2, maxLength: 6 });
  fc.assert(fc.property(shapes, instants, (shape, at) => {
    const run = new ToyRun(shape);
    const together = new Judge(run.history());
    for (const permille of at) {
      const kept = run.executed.slice(0, Math.round(run.executed.length * permille / 1000));
      const cutNs = (kept.at(-1)?.executedNs ?? 1e9) + 1;
      const survivors = run.survivors(run.serverAfter(kept), toyStartWallMs + shape.readAfterMs);
      const cut = toyCut(cutNs, survivors);
      assert.deepEqual(together.judge(cut), new Judge(run.history()).judge(cut));
    }
  }), { numRuns: 60 });
  t.pass();
});
