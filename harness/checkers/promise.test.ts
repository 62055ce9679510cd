// The table of promises (DESIGN section 5), row by row, and the bound of everysec by hand.

import test from 'ava';

import { noFacts, promiseRule, promiseSentence } from './promise.ts';
import type { DurabilityFacts, PromiseQuestion, PromiseRule } from './promise.ts';

type Row = readonly [string, string, PromiseRule['kind'], RegExp];

// setting, crash and target, rule, sentence
const rows: readonly Row[] = [
  ['none', 'process bundled', 'empty', /^keeps nothing: it starts empty$/],
  ['none', 'power redis', 'empty', /starts empty/],
  ['rdb', 'process redis', 'prefix', /^keeps at least everything up to the last completed snap/],
  ['rdb', 'power bundled', 'prefix', /the last snapshot whose rename is durable$/],
  ['aof/no', 'process redis', 'zero-lost', /^loses no acknowledged write$/],
  ['aof/no', 'power bundled', 'prefix', /up to the operating system$/],
  ['aof/everysec', 'process bundled', 'zero-lost', /^loses no acknowledged write$/],
  ['aof/everysec', 'process redis', 'zero-lost', /at most 2 s of them when a sync was slow$/],
  ['aof/everysec', 'power bundled', 'window', /one tick; folklore says 1 s$/],
  ['aof/everysec', 'block redis', 'window', /one tick, plus 1 s; folklore says 1 s$/],
  ['aof/everysec', 'power-torn valkey', 'window', /plus 1 s/],
  ['aof/always', 'process redis', 'zero-lost', /^loses no acknowledged write$/],
  ['aof/always', 'power bundled', 'zero-lost', /^loses no acknowledged write$/],
  ['rdb+aof/no', 'power bundled', 'prefix', /operating system/],
  ['rdb+aof/everysec', 'power-torn bundled', 'window', /folklore/],
  ['rdb+aof/always', 'block redis', 'zero-lost', /^loses no acknowledged write$/],
];

function questionOf(setting: string, where: string): PromiseQuestion {
  const [persist, appendfsync = null] = setting.split('/');
  const [crash, target] = where.split(' ');
  return { persist, appendfsync, crash, target } as PromiseQuestion;
}

for (const [setting, where, kind, sentence] of rows) {
  test(`${setting}, ${where}: ${kind}`, (t) => {
    const question = questionOf(setting, where);
    t.is(promiseRule(question, noFacts).kind, kind);
    t.regex(promiseSentence(question), sentence);
  });
}

test('a postponed flush lets redis lose 2 s, and nobody else', (t) => {
  const facts = { ...noFacts, heldBackMs: 5_000 };
  const rule = (setting: string, where: string): PromiseRule => (
    promiseRule(questionOf(setting, where), facts));
  t.deepEqual(rule('aof/everysec', 'process redis'), { kind: 'window', boundMs: 2_000 });
  const briefly = promiseRule(questionOf('aof/everysec', 'process redis'),
    { ...noFacts, heldBackMs: 30 });
  t.deepEqual(briefly, { kind: 'window', boundMs: 30 });
  t.deepEqual(rule('aof/everysec', 'process bundled'), { kind: 'zero-lost' });
  t.deepEqual(rule('aof/always', 'process redis'), { kind: 'zero-lost' });
  t.deepEqual(rule('aof/no', 'process redis'), { kind: 'zero-lost' });
});

// [last ms, before ms], in flight ms, target, bound ms: max(1 s, T₁) + T₂ + 100 (+ 1 s)
const bounds: readonly (readonly [number, number, number | null, string, number])[] = [
  [0, 0, null, 'bundled', 1_100],
  [2, 900, null, 'bundled', 1_102],
  [2, 2, 40, 'bundled', 1_140],
  [1_500, 2, null, 'bundled', 3_100],
  [1_500, 2, 700, 'bundled', 2_300],
  [2, 2, null, 'redis', 2_102],
];

for (const [last, before, inFlight, target, boundMs] of bounds) {
  test(`everysec after syncs of ${last} ms, ${inFlight} in flight, ${target}: ${boundMs}`, (t) => {
    const facts: DurabilityFacts = { ...noFacts, syncs: {
      lastTwoSyncNs: [last * 1e6, before * 1e6],
      inFlightSyncNs: inFlight === null ? null : inFlight * 1e6,
    } };
    const rule = promiseRule(questionOf('aof/everysec', `power ${target}`), facts);
    t.deepEqual(rule, { kind: 'window', boundMs });
  });
}
