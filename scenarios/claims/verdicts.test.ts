// The rule of each verdict, as rows: figures → verdict. Nothing is measured here.
import test from 'ava';
import type { Judgement } from '../../harness/index.ts';
import * as alwaysCost from './always-cost.ts';
import * as bothPrefersLog from './both-prefers-log.ts';
import * as bothRescue from './both-rescue.ts';
import * as everysecWindow from './everysec-window.ts';
import * as fileSizes from './file-sizes.ts';
import * as flushallRescue from './flushall-rescue.ts';
import * as logDamage from './log-damage.ts';
import * as noPersistence from './no-persistence.ts';
import * as recoverySpeed from './recovery-speed.ts';
import * as rewriteCost from './rewrite-cost.ts';
import * as rewriteExact from './rewrite-exact.ts';
import * as snapshotCost from './snapshot-cost.ts';
import * as snapshotMoment from './snapshot-moment.ts';
import * as snapshotWindow from './snapshot-window.ts';

type Row = readonly [title: string, judgement: () => Judgement, verdict: Judgement['verdict']];

function rows(claim: string, list: readonly Row[]): void {
  for (const [title, judge, verdict] of list) {
    test(`${claim}: ${title}`, (t) => {
      const judgement = judge();
      t.is(judgement.verdict, verdict, judgement.instead ?? '');
      t.not(judgement.decisive, '');
      t.is(judgement.instead === null, verdict === 'holds', 'what does not hold says what would');
      t.is(judgement.within === null, verdict !== 'holds-within');
      t.notRegex(`${judgement.decisive} ${judgement.instead}`, /NaN|Infinity|undefined/);
    });
  }
}

const setting = (name: 'none' | 'rdb' | 'aof/always', keysBack: number, isSame: boolean) => (
  { setting: name, keysBack, isSame, readyMs: 100 });
const persistence = (...settings: noPersistence.Figures['settings']): (() => Judgement) => (
  () => noPersistence.judge({ keys: 10, settings }));

rows('no-persistence', [
  ['all or nothing', persistence(setting('none', 0, false), setting('rdb', 10, true)), 'holds'],
  ['a key without persistence', persistence(setting('none', 1, false), setting('rdb', 10, true)),
    'does-not-hold'],
  ['a setting that lost a key', persistence(setting('none', 0, false), setting('rdb', 10, true),
    setting('aof/always', 9, false)), 'does-not-hold'],
]);

const snapshot = {
  moment: 150, keysWrong: 0, acknowledgedBefore: 100, sentAfter: 200, writesMeanwhile: 40,
};
const moments = (...snapshots: snapshotMoment.Snapshot[]): (() => Judgement) => (
  () => snapshotMoment.judge({ keys: 100, snapshots }));

rows('snapshot-moment', [
  ['every key of one moment', moments(snapshot, snapshot), 'holds'],
  ['the last write before the call', moments({ ...snapshot, moment: 99 }), 'holds'],
  ['a key of another moment', moments(snapshot, { ...snapshot, keysWrong: 1 }), 'does-not-hold'],
  ['a moment before the call', moments({ ...snapshot, moment: 98 }), 'does-not-hold'],
  ['a moment after the reply', moments({ ...snapshot, moment: 200 }), 'does-not-hold'],
  ['nothing written meanwhile', moments({ ...snapshot, writesMeanwhile: 0 }), 'inconclusive'],
  ['no snapshot', moments(), 'inconclusive'],
]);

for (const [moment, key, expected] of [
  [9, 3, 3], [10, 0, 10], [13, 3, 13], [12, 3, 3], [2, 3, -1], [29, 9, 29], [28, 9, 19],
] as const) {
  test(`with 10 keys, key ${key} holds ${expected} at write ${moment}`, (t) => {
    t.is(snapshotMoment.expectedAt(moment, key, 10), expected);
  });
}

const cost = {
  keys: 1000, trials: 3, tookMs: 500, ratePerSecond: 4000, rateShare: 1, p99BeforeUs: 1000,
  p99DuringUs: 2000, worstP99BeforeUs: 2000, worstP99DuringUs: 9000,
};
const pause = (keys: number, forkMs: number) => ({ keys, idleMs: 1, snapshotMs: 2, forkMs });
const snapshots = (
  given: snapshotCost.Figures['cost'], ...pauses: snapshotCost.Pause[]
): (() => Judgement) => () => snapshotCost.judge({ cost: given, pauses });

rows('snapshot-cost', [
  ['little effect, a fork that grows', snapshots(cost, pause(1, 0.5), pause(9, 8)), 'holds'],
  ['no fork at all', snapshots(cost, pause(1, 0), pause(9, 0)), 'holds-within'],
  ['a fork nobody feels', snapshots(cost, pause(1, 0.2), pause(9, 0.5)), 'holds-within'],
  ['a fork that does not grow', snapshots(cost, pause(1, 9), pause(9, 8)), 'holds-within'],
  ['the rate falls', snapshots({ ...cost, rateShare: 0.9 }, pause(1, 1), pause(9, 8)),
    'does-not-hold'],
  ['the tail grows', snapshots({ ...cost, p99DuringUs: 3001 }, pause(1, 1), pause(9, 8)),
    'does-not-hold'],
  ['a busy machine', snapshots({ ...cost, p99BeforeUs: 60_000 }, pause(1, 1), pause(9, 8)),
    'inconclusive'],
  ['no load', snapshots(null, pause(1, 1)), 'inconclusive'],
]);

const loading = (
  median: Partial<Record<(typeof recoverySpeed.forms)[number], number>>, spread = 1,
): (() => Judgement) => () => recoverySpeed.judge({
  keys: 1000,
  readyMs: Object.fromEntries(recoverySpeed.forms.map((form) => {
    const middle = { nothing: 50, snapshot: 100, ...median }[form as 'nothing'] ?? 100;
    return [form, { median: middle, low: middle - spread, high: middle + spread }];
  })) as recoverySpeed.Figures['readyMs'],
});

rows('recovery-speed', [
  ['every log is slower', loading({ 'log': 150, 'log, rewritten': 110,
    'log, 3 × overwritten': 300 }), 'holds'],
  ['a rewritten one is not', loading({ 'log': 150, 'log, 3 × overwritten': 300 }), 'holds-within'],
  ['only the long one is slower', loading({ 'log, 3 × overwritten': 200 }), 'holds-within'],
  ['no log is slower', loading({}), 'does-not-hold'],
  ['slower within the spread', loading({ 'log': 130 }, 40), 'inconclusive'],
  ['too few keys to load', loading({ snapshot: 51 }), 'inconclusive'],
]);

const crash = {
  intervalMs: 3000, acknowledged: 100, survived: 60, isPrefix: true, windowMs: 2500,
};
const windows = (...crashes: snapshotWindow.Crash[]): (() => Judgement) => (
  () => snapshotWindow.judge({ crashes }));

rows('snapshot-window', [
  ['a window of the save point', windows(crash), 'holds-within'],
  ['five minutes', windows({ ...crash, intervalMs: 300_000, windowMs: 301_000 }), 'holds'],
  ['longer than the save point', windows({ ...crash, windowMs: 9000 }), 'does-not-hold'],
  ['a hole', windows(crash, { ...crash, isPrefix: false }), 'does-not-hold'],
  ['nothing lost', windows({ ...crash, survived: 100, windowMs: 0 }), 'does-not-hold'],
  ['no crash', windows(), 'inconclusive'],
]);

const loss = (crashModel: 'process' | 'power', windowMs: number, isSlow = false) => (
  { crash: crashModel, isSlow, runs: 2, instants: 4, windowMs, writes: 10 });
const everysec = (...losses: everysecWindow.Loss[]): (() => Judgement) => (
  () => everysecWindow.judge({ losses, skipped: [] }));

rows('everysec-window', [
  ['a second', everysec(loss('process', 0), loss('power', 1000)), 'holds'],
  ['a second and its sync', everysec(loss('process', 0), loss('power', 1100)), 'holds-within'],
  ['more on a slow disk', everysec(loss('power', 900), loss('power', 4000, true)), 'holds-within'],
  ['three seconds on a healthy disk', everysec(loss('power', 3000)), 'does-not-hold'],
  ['no power cut', everysec(loss('process', 0)), 'inconclusive'],
  ['only a slow one', everysec(loss('process', 0), loss('power', 10, true)), 'inconclusive'],
]);

const ratio = (low: number, high: number) => ({ median: (low + high) / 2, low, high });
const always = (given: Partial<alwaysCost.Figures>): (() => Judgement) => (
  () => alwaysCost.judge({
    crashes: 4, powerCuts: 1, lostWrites: 0, rates: {}, always: ratio(0.4, 0.5),
    everysec: ratio(0.9, 0.95), ...given,
  }));

rows('always-cost', [
  ['both cost', always({}), 'holds'],
  ['everysec costs nothing that can be told', always({ everysec: ratio(0.9, 1.1) }),
    'holds-within'],
  ['always costs nothing that can be told', always({ always: ratio(0.9, 1) }), 'holds-within'],
  ['trials that disagree', always({ always: ratio(0.3, 2) }), 'inconclusive'],
  ['a lost write', always({ lostWrites: 1 }), 'does-not-hold'],
  ['no power cut', always({ powerCuts: 0 }), 'inconclusive'],
  ['no rates', always({ always: null }), 'inconclusive'],
  ['no crash', always({ crashes: 0 }), 'inconclusive'],
]);

const damage = { kind: 'cut', tried: 4, healed: 4, repaired: 0, broken: 0, mostLost: 0 };
const logs = (given: Partial<logDamage.Figures>): (() => Judgement) => () => logDamage.judge({
  damages: [damage], torn: { instants: 8, broken: 0, refused: 0 }, rate: ratio(0.8, 0.9),
  writesPerSecond: 9000,
  ...given,
});

rows('log-damage', [
  ['all healed, a high rate', logs({}), 'holds'],
  ['repaired by the tool', logs({ damages: [{ ...damage, healed: 0, repaired: 4 }] }), 'holds'],
  ['one that cannot be repaired', logs({ damages: [{ ...damage, healed: 3, broken: 1 }] }),
    'does-not-hold'],
  ['a torn image that broke a promise', logs({ torn: { instants: 8, broken: 1, refused: 0 } }),
    'does-not-hold'],
  ['a torn image that is refused', logs({ torn: { instants: 8, broken: 0, refused: 1 } }),
    'holds-within'],
  ['torn images are not possible', logs({ torn: null }), 'holds'],
  ['a low rate', logs({ rate: ratio(0.3, 0.4) }), 'holds-within'],
  ['rates on both sides of half', logs({ rate: ratio(0.4, 1.2) }), 'inconclusive'],
  ['no rate', logs({ rate: null }), 'inconclusive'],
]);

const rescue = {
  keys: 100, keysAfterFlush: 10, removed: 1, keysRescued: 110, isSame: true, rescueMs: 9,
  removedAfterRewrite: 0,
};
rows('flushall-rescue', [
  ['the digest is equal', () => flushallRescue.judge(rescue), 'holds'],
  ['it differs', () => flushallRescue.judge({ ...rescue, isSame: false }), 'does-not-hold'],
  ['also after a rewrite', () => flushallRescue.judge({ ...rescue, removedAfterRewrite: 1 }),
    'holds-within'],
]);

const rewrite = { cost, commands: 1000, aofBytes: 1000, rewrittenBytes: 100 };
rows('rewrite-cost', [
  ['little effect, a smaller log', () => rewriteCost.judge(rewrite), 'holds'],
  ['clients feel it', () => rewriteCost.judge({ ...rewrite, cost: { ...cost, rateShare: 0.5 } }),
    'does-not-hold'],
  ['the log stays as large', () => rewriteCost.judge({ ...rewrite, rewrittenBytes: 950 }),
    'does-not-hold'],
  ['a busy machine', () => (
    rewriteCost.judge({ ...rewrite, cost: { ...cost, p99BeforeUs: 60_000 } })), 'inconclusive'],
  ['no load', () => rewriteCost.judge({ ...rewrite, cost: null }), 'inconclusive'],
]);

const sizes = { writes: 'insert-only', rdbBytes: 100, aofBytes: 300, rewrittenBytes: 100 };
rows('file-sizes', [
  ['larger until a rewrite', () => fileSizes.judge({ sizes: [sizes] }), 'holds-within'],
  ['larger even then', () => fileSizes.judge({ sizes: [{ ...sizes, rewrittenBytes: 130 }] }),
    'holds'],
  ['smaller', () => fileSizes.judge({ sizes: [sizes, { ...sizes, aofBytes: 90 }] }),
    'does-not-hold'],
]);

const round = {
  base: 'snapshot', afterRewrite: true, afterRestart: true, afterCrash: true, wasRewriting: true,
};
const rewrites = (...rounds: rewriteExact.Round[]): (() => Judgement) => (
  () => rewriteExact.judge({ types: ['string'], keys: 10, rounds }));
rows('rewrite-exact', [
  ['all equal', rewrites(round, round), 'holds'],
  ['different after the rewrite', rewrites(round, { ...round, afterRewrite: false }),
    'does-not-hold'],
  ['different after a restart', rewrites({ ...round, afterRestart: false }), 'does-not-hold'],
  ['different after a crash', rewrites({ ...round, afterCrash: false }), 'does-not-hold'],
  ['no crash amid a rewrite', rewrites({ ...round, wasRewriting: false }), 'inconclusive'],
]);

const both = {
  keysSaved: 10, keysAfter: 10, keysBackWithBoth: 20, isSame: true, keysBackFromSnapshot: 10,
};
rows('both-prefers-log', [
  ['everything is back', () => bothPrefersLog.judge(both), 'holds'],
  ['only the snapshot is', () => (
    bothPrefersLog.judge({ ...both, keysBackWithBoth: 10, isSame: false })), 'does-not-hold'],
  ['the snapshot has it all', () => (
    bothPrefersLog.judge({ ...both, keysBackFromSnapshot: 20 })), 'does-not-hold'],
]);

const outcome = (keys: number | null, keysWrong = 0) => (
  { keys, keysWrong, readyMs: 9, words: 'Bad file format' });
const accident = (
  name: string, alone: bothRescue.Outcome, ...rescued: bothRescue.Outcome[]
): bothRescue.Case => (
  { accident: name, alone, rescues: rescued.map((one) => ({ ...one, rescue: 'by hand' })) });
const accidents = (...cases: bothRescue.Case[]): (() => Judgement) => (
  () => bothRescue.judge({ keysSaved: 10, keys: 20, cases }));
const untouched = accident('nothing', outcome(20), outcome(10));

rows('both-rescue', [
  ['refused, then rescued', accidents(untouched, accident('cut', outcome(null), outcome(15))),
    'holds'],
  ['an empty start', accidents(untouched, accident('deleted', outcome(0), outcome(10))),
    'holds-within'],
  ['wrong values are served', accidents(untouched, accident('bits', outcome(20, 1), outcome(10))),
    'holds-within'],
  ['no rescue reaches the snapshot', accidents(untouched,
    accident('cut', outcome(null), outcome(9))), 'does-not-hold'],
  ['a rescue with wrong values is none', accidents(untouched,
    accident('bits', outcome(20, 1), outcome(20, 1))), 'does-not-hold'],
  ['a loss without an accident', accidents(accident('nothing', outcome(19), outcome(10))),
    'does-not-hold'],
]);
