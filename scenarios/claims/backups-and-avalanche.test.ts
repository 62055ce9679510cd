// The rules of claims 3, 4 and 17 on figures made up for each verdict.
import test from 'ava';
import { judge as judgeAvalanche } from './avalanche.ts';
import type { Case, Figures as AvalancheFigures } from './avalanche.ts';
import { judge as judgeCold } from './cold-backups.ts';
import { judge as judgeRemote } from './remote-storage.ts';

test('cold backups: a copy that differs refutes; the server alone keeps one', (t) => {
  const figures = { taken: 4, filesOfServer: 1, kept: 3, equal: 3, bytes: 1, longestMs: 1 };
  t.is(judgeCold(figures).verdict, 'holds-within');
  t.is(judgeCold({ ...figures, filesOfServer: 4 }).verdict, 'holds');
  t.is(judgeCold({ ...figures, equal: 2 }).verdict, 'does-not-hold');
  t.is(judgeCold({ ...figures, kept: 2, equal: 2 }).verdict, 'does-not-hold');
});

test('remote storage: a difference, or one damage taken for data, refutes', (t) => {
  const figures = {
    where: 'x', bytes: 1, parts: 12, broken: 13, retried: 13, isSame: true, damaged: 6, refused: 6,
    uploadMs: 1, restoreMs: 1,
  };
  t.is(judgeRemote(figures).verdict, 'holds');
  t.is(judgeRemote({ ...figures, isSame: false }).verdict, 'does-not-hold');
  t.is(judgeRemote({ ...figures, refused: 5 }).verdict, 'does-not-hold');
  t.is(judgeRemote({ ...figures, damaged: 0, refused: 0 }).verdict, 'holds-within');
});

test('avalanche: what the origin gets after an empty, and after a full cache is back', (t) => {
  const figures = (...peaks: readonly number[]): AvalancheFigures => ({
    capacityPerSecond: 500, requestsPerSecond: 1500,
    cases: (['nothing', 'RDB', 'AOF'] as const).map((kept, at): Case => ({
      kept, isProtected: false, usualHitRatio: 0.9, usualOriginPerSecond: 100, downMs: 500,
      peakWhileDownPerSecond: 1500, peakAfterPerSecond: peaks[at] ?? 0, queuePeak: 9, errors: 0,
      backMs: 1000, originCourse: [],
    })),
  });
  t.is(judgeAvalanche(figures(900, 500, 300)).verdict, 'holds');
  t.is(judgeAvalanche(figures(900, 500, 150)).verdict, 'holds-within');
  t.is(judgeAvalanche(figures(150, 120, 110)).verdict, 'does-not-hold');
  t.regex(judgeAvalanche(figures(900, 500, 300)).decisive, /9 × .* nothing kept, 5 × .* 3 × with/);
});
