// How often `compare` is wrong, and how often it finds what is there: seeded, so always the same.

import test from 'ava';
import { uniformFloat64 } from 'pure-rand/distribution/uniformFloat64';
import { xoroshiro128plus } from 'pure-rand/generator/xoroshiro128plus';
import { compareMetrics } from './comparison.ts';
import type { ChangeVerdict, MetricSamples } from './comparison.ts';
import { normalQuantile } from './distributions.ts';
import { floorFor, noiseFloor, pairedRatio, shareOf } from './paired-ratio.ts';

const random = (seed: number): (() => number) => {
  const generator = xoroshiro128plus(seed);
  return () => Math.max(uniformFloat64(generator), 1e-12);
};

/** A trial as machines have them: scatter of 4 %, and every fiftieth 30 % slow. */
function trial(next: () => number, level: number): number {
  return level * Math.exp(0.04 * normalQuantile(next())) * (next() < 0.02 ? 0.7 : 1);
}

/** Trials of two cells; each block has a drift of its own, which pairs share. */
function cell(next: () => number, { ratio, trials, paired }: {
  ratio: number; trials: number; paired: boolean;
}): MetricSamples {
  const drift = Array.from({ length: trials }, () => (paired ? Math.exp(0.2 * (next() - 0.5)) : 1));
  return {
    name: 'qps', better: 'higher', paired, noiseFloor: null, minimumEffect: 0.001,
    before: drift.map((block) => trial(next, 50_000 * block)),
    after: drift.map((block) => trial(next, 50_000 * block * ratio)),
  };
}

function count(verdicts: readonly ChangeVerdict[], ...wanted: readonly ChangeVerdict[]): number {
  return verdicts.filter((verdict) => wanted.includes(verdict)).length;
}

const options = { familyLevel: 0.01 };

test('100 A/A pairs as one family at 1 %: at most 4 are called different', (t) => {
  for (const paired of [true, false]) {
    const next = random(11);
    const family = Array.from({ length: 100 }, () => cell(next, { ratio: 1, trials: 16, paired }));
    const verdicts = compareMetrics(family, options).map(({ verdict }) => verdict);
    t.true(count(verdicts, 'regression', 'improvement') <= 4);
  }
});

test('200 A/A families of five at 1 %: about two have any false change', (t) => {
  // Without a noise floor or an effect that would hide them: the level of the test itself. At 1 %,
  // more than 8 of 200 have a probability of 0.0002; a level of 5 % would give about 10.
  const next = random(12);
  let wrong = 0;
  let unadjusted = 0;
  for (let round = 0; round < 200; round++) {
    const family = Array.from({ length: 5 }, (_, index) =>
      cell(next, { ratio: 1, trials: 12, paired: index % 2 === 0 }));
    const found = compareMetrics(family, options);
    if (count(found.map(({ verdict }) => verdict), 'regression', 'improvement') > 0) wrong++;
    if (found.some(({ pValue }) => pValue <= 0.05)) unadjusted++;
  }
  t.true(wrong <= 8, `${wrong} of 200`);
  t.true(unadjusted > 25, `${unadjusted} of 200: without Holm at 5 % it is a fifth`);
});

test('a slowdown of 10 % is found in at least 18 of 20, above the floor of A/A pairs', (t) => {
  // Pairs need more trials: one that a spike turns around costs signed ranks more than U.
  for (const paired of [true, false]) {
    const next = random(13);
    const aa = cell(next, { ratio: 1, trials: 40, paired: true });
    const pairs = aa.before.map((value, index) => [value, aa.after[index] ?? value] as const);
    const noise = noiseFloor(pairs);
    const floor = noise === null ? 1 : floorFor(noise, paired ? 24 : 20);
    const family = Array.from({ length: 20 }, () => ({
      ...cell(next, { ratio: 0.9, trials: paired ? 24 : 20, paired }),
      noiseFloor: floor, minimumEffect: 0.03,
    }));
    const verdicts = compareMetrics(family, options).map(({ verdict }) => verdict);
    t.true(count(verdicts, 'regression') >= 18, `${paired}, floor ${floor}: ${verdicts}`);
    t.is(count(verdicts, 'improvement', 'no change'), 0);
  }
});

test('the same cell stays below its floor in 9 of 10 comparisons, by however many pairs', (t) => {
  // 95 % by the mean of normal ratios; the median of few with spikes scatters a little more. The
  // interval of the pairs alone, without their spread, would be exceeded in most of them.
  for (const [seed, trials] of [[15, 3], [16, 8], [17, 24]] as const) {
    const next = random(seed);
    const many = cell(next, { ratio: 1, trials: 600, paired: true });
    const noise = noiseFloor(many.before.map((value, at) => [value, many.after[at] ?? value]));
    if (noise === null) return t.fail('no noise');
    let [within, withinBias] = [0, 0];
    for (let round = 0; round < 200; round++) {
      const { before, after } = cell(next, { ratio: 1, trials, paired: true });
      const { median } = pairedRatio(before.map((value, at) => [value, after[at] ?? value]));
      if (shareOf(median) <= floorFor(noise, trials)) within++;
      if (shareOf(median) <= noise.share) withinBias++;
    }
    t.true(within >= 180, `${trials} trials: ${within} of 200`);
    t.true(withinBias < 120, `${trials} trials: ${withinBias} of 200`);
  }
});

test('inconclusive comparisons are settled by the trials they ask for', (t) => {
  const next = random(14);
  let settled = 0;
  for (let round = 0; round < 20; round++) {
    const shape = { ratio: 0.9, paired: true };
    const judge = (trials: number): ReturnType<typeof compareMetrics>[number] | undefined =>
      compareMetrics([{ ...cell(next, { ...shape, trials }), minimumEffect: 0.05 }], options)[0];
    const first = judge(7); // seven pairs cannot reach 1 %: 2 / 128
    t.is(first?.verdict, 'inconclusive');
    const second = judge(7 + (first?.furtherTrials ?? 0));
    if (second?.verdict === 'regression') settled++;
  }
  t.true(settled >= 15, `${settled} of 20`);
});
