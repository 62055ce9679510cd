// The verdict of `compare`: each word by an example, and how often it errs by simulation.

import test from 'ava';
import { compareMetrics } from './comparison.ts';
import type { ChangeVerdict, MetricComparison, MetricSamples } from './comparison.ts';

const steady = [1000, 1003, 998, 1001, 997, 1005, 999, 1002, 1004, 996];
const scaled = (factor: number): number[] => steady.map((value) => value * factor);
const scattered = [1000, 1400, 800, 1250, 700, 1100, 900, 1300, 850, 1150];

const base: MetricSamples = {
  name: 'qps', better: 'higher', before: steady, after: steady, paired: false, noiseFloor: 0.02,
  minimumEffect: 0.05,
};

function compareOne(change: Partial<MetricSamples>): MetricComparison {
  const [found] = compareMetrics([{ ...base, ...change }], { familyLevel: 0.05 });
  if (found === undefined) throw new Error('no comparison');
  return found;
}

const none = steady.map(() => 0);
const many = Array.from({ length: 24 }, () => 0);
const rare = many.map((_, at) => (at % 3 === 0 ? 500 : 0));
const same = { before: scattered, after: scattered };
const later = steady.toReversed();
const rows: readonly [title: string, change: Partial<MetricSamples>, expected: ChangeVerdict][] = [
  ['more of the good', { after: scaled(1.2) }, 'improvement'],
  ['less of the good', { after: scaled(0.8) }, 'regression'],
  ['more of the bad', { after: scaled(1.2), better: 'lower' }, 'regression'],
  ['less of the bad', { after: scaled(0.8), better: 'lower' }, 'improvement'],
  ['more, in pairs', { after: scaled(1.2), paired: true }, 'improvement'],
  ['the same', { after: later }, 'no change'],
  ['the same, in pairs', { after: later, paired: true }, 'no change'],
  ['a real change that does not matter', { after: scaled(1.03) }, 'no change'],
  ['no noise floor', { after: scaled(1.2), noiseFloor: null }, 'improvement'],
  ['a change that A/A pairs show too', { after: scaled(1.1), noiseFloor: 0.15 }, 'within noise'],
  ['scatter that A/A pairs show', { ...same, noiseFloor: 0.6 }, 'within noise'],
  ['scatter', same, 'inconclusive'],
  ['too few', { before: [1, 1, 1], after: [2, 2, 2] }, 'inconclusive'],
  ['few pairs', { before: [1, 1, 1, 1, 1], after: [2, 2, 2, 2, 2], paired: true }, 'inconclusive'],
  ['one trial', { before: [1], after: [2] }, 'inconclusive'],
  ['nothing', { after: [] }, 'inconclusive'],
  ['losses from none to some', { better: 'lower', before: none, after: steady }, 'regression'],
  ['losses from some to none', { better: 'lower', after: none, paired: true }, 'improvement'],
  ['no losses', { better: 'lower', before: none, after: none }, 'no change'],
  ['no losses in two trials', { before: [0, 0], after: [0, 0] }, 'inconclusive'],
  ['losses that A/A pairs show too',
    { better: 'lower', before: none, after: steady, differenceFloor: 1100 }, 'within noise'],
  ['losses beyond those of A/A pairs',
    { better: 'lower', before: none, after: steady, differenceFloor: 900 }, 'regression'],
  ['a rare loss where there was none, its median still 0, whatever pairs differ by',
    { better: 'lower', before: many, after: rare, differenceFloor: 600 }, 'regression'],
  ['one loss where there was none',
    { better: 'lower', before: many, after: [500, ...many.slice(1)], differenceFloor: 600 },
    'inconclusive'],
  ['losses like before', { before: [0, 5, 0, 9, 2], after: [4, 0, 0, 7, 1] }, 'inconclusive'],
];

for (const [title, change, expected] of rows) {
  test(`${title}: ${expected}`, (t) => {
    const found = compareOne(change);
    t.is(found.verdict, expected, found.reason);
    t.is(found.furtherTrials !== null, expected === 'inconclusive');
    t.true(found.furtherTrials === null || found.furtherTrials > 0);
  });
}

test('the ratio is after ÷ before, with its interval and the figures that decided', (t) => {
  const found = compareOne({ after: scaled(1.2) });
  t.is(found.ratio?.median.toFixed(3), '1.200');
  const [low, high] = found.ratio?.ci95 ?? [0, 9];
  t.true(low > 1.19 && low < 1.2 && high > 1.2 && high < 1.21);
  t.is(found.pValue.toPrecision(6), (2 / 184_756).toPrecision(6)); // 20 over 10, all apart
  t.regex(found.reason, /^× 1\.2 \[1\.19\d*, 1\.20\d*\], not chance; noise floor 2 %; 5 % would/);
});

test('without a ratio the difference has an interval, in pairs and without', (t) => {
  const losses = { better: 'lower', before: none, after: steady, differenceFloor: 900 } as const;
  for (const paired of [false, true]) {
    const found = compareOne({ ...losses, paired });
    t.is(found.ratio, null);
    t.is(found.difference?.median, 1000.5);
    const [low, high] = found.difference?.ci95 ?? [0, 0];
    t.true(low >= 996 && low <= 1000 && high >= 1001 && high <= 1005);
    t.is(found.noiseFloor, 900);
    t.regex(found.reason, /\(by 1001 \[\d+, \d+\]\); no ratio, .*; noise floor 900; by rank/);
  }
  const apart = compareOne({ after: scaled(1.2), differenceFloor: 900 });
  t.deepEqual([apart.difference, apart.noiseFloor], [null, 0.02], 'a ratio has no need of it');
});

test('outliers are flagged and still count', (t) => {
  const { outliers, ratio } = compareOne({ after: [...scaled(1.2), 90_000] });
  t.deepEqual(outliers.before, []);
  t.deepEqual(outliers.after.map(({ index, value }) => [index, value]), [[10, 90_000]]);
  t.true((ratio?.ci95?.[1] ?? 0) > 1.2);
});

test('a family asks more of each member', (t) => {
  const before = [1, 2, 3, 4, 5].map((value) => 1000 + value);
  const lone = { ...base, before, after: before.map((value) => value * 1.2) }; // p = 2/252
  const options = { familyLevel: 0.01 };
  t.is(compareMetrics([lone], options)[0]?.verdict, 'improvement');
  const [first] = compareMetrics([lone, base, base], options);
  t.is(first?.adjustedP.toFixed(6), (6 / 252).toFixed(6));
  t.is(first?.verdict, 'inconclusive');
});

test('what cannot be compared is a bug of the caller', (t) => {
  t.throws(() => compareOne({ after: [Number.NaN] }), { message: /qps: a value is not a number/ });
  t.throws(() => compareOne({ after: [1], paired: true }), { message: /differ in length/ });
  t.throws(() => compareOne({ minimumEffect: 0 }), { message: /minimum effect/ });
});
