// Paired ratios and the noise floor, worked out by hand.

import test from 'ava';
import { uniformFloat64 } from 'pure-rand/distribution/uniformFloat64';
import { xoroshiro128plus } from 'pure-rand/generator/xoroshiro128plus';
import {
  differenceFloorFor, differenceNoise, floorFor, noiseFloor, pairedRatio, shareOf,
} from './paired-ratio.ts';
import type { Pair } from './paired-ratio.ts';
import { bootstrapCi95 } from './test-support/bootstrap.ts';

const pairsOf = (...ratios: readonly number[]): Pair[] => ratios.map((ratio, at) => {
  const before = 1000 * 3 ** at; // the machine drifts wildly, and each pair with it
  return [before, before * ratio];
});

test('the ratio is the median of the ratios, whatever the drift between pairs', (t) => {
  const { median, ci95 } = pairedRatio(pairsOf(1.5, 1.1, 1.2, 1.3, 1.25, 1.15, 1.4));
  t.is(median.toFixed(9), '1.250000000');
  t.deepEqual(ci95?.map((end) => end.toFixed(9)), ['1.100000000', '1.500000000']); // 1 - 2/128
});

test('of an even number, the two middle ratios meet in their geometric mean', (t) => {
  t.is(pairedRatio(pairsOf(0.5, 2)).median.toFixed(12), '1.000000000000');
});

test('swapped, every figure is the inverse', (t) => {
  const pairs = pairsOf(0.9, 1.1, 1.02, 0.97, 1.3, 1.01, 1.2, 0.8);
  const swapped = pairs.map(([before, after]): Pair => [after, before]);
  const [there, back] = [pairedRatio(pairs), pairedRatio(swapped)];
  t.is((1 / back.median).toFixed(9), there.median.toFixed(9));
  t.deepEqual(
    back.ci95?.toReversed().map((end) => (1 / end).toFixed(9)),
    there.ci95?.map((end) => end.toFixed(9)),
  );
});

test('fewer than six pairs have a ratio but no interval of 95 %', (t) => {
  t.is(pairedRatio(pairsOf(1, 1, 1, 1, 1)).ci95, null);
  t.deepEqual(pairedRatio(pairsOf(1, 1, 1, 1, 1, 1)).ci95, [1, 1]);
  t.true(Number.isNaN(pairedRatio([]).median));
});

test('the interval holds the true ratio as often as it says, the bootstrap’s does not', (t) => {
  const next = xoroshiro128plus(2026);
  const [rounds, count] = [2000, 7];
  const held = { exact: 0, bootstrap: 0 };
  for (let round = 0; round < rounds; round++) {
    const ratios = Array.from({ length: count }, () => Math.exp(uniformFloat64(next) - 0.5));
    const [low, high] = pairedRatio(pairsOf(...ratios)).ci95 ?? [9, 9];
    if (low <= 1 && 1 <= high) held.exact++;
    const [from, to] = bootstrapCi95(ratios, { seed: round, resamples: 200 });
    if (from <= 1 && 1 <= to) held.bootstrap++;
  }
  t.true(held.exact / rounds >= 0.975, `${held.exact}: 1 - 2/128 = 98.4 % by counting signs`);
  t.true(held.bootstrap / rounds < 0.92, `${held.bootstrap}: 1 - 16/128 = 87.5 % from 2nd to 6th`);
});

test('the noise floor is the far end of the A/A interval, on either side', (t) => {
  const up = noiseFloor(pairsOf(1.5, 1.1, 1.2, 1.3, 1.25, 1.15, 1.4));
  t.is(up?.share.toFixed(9), '0.500000000');
  t.is(up?.pairs, 7);
  const down = noiseFloor(pairsOf(0.8, 1, 1, 1, 0.8, 0.8, 1));
  t.is(down?.share.toFixed(9), '0.250000000'); // 1 / 0.8
});

test('below six A/A pairs the widest is the floor; without any there is none', (t) => {
  t.is(noiseFloor(pairsOf(1.01, 0.96, 1.02))?.share.toFixed(9), '0.041666667'); // 1 / 0.96 - 1
  t.is(noiseFloor([]), null);
});

test('the spread of a pair is that of 19 of 20, however many pairs there are', (t) => {
  const next = xoroshiro128plus(4);
  const ratio = (): number => Math.exp(0.2 * (uniformFloat64(next) - 0.5));
  const noise = (count: number): number =>
    noiseFloor(pairsOf(...Array.from({ length: count }, ratio)))?.pairShare ?? 0;
  // |ln ratio| is uniform up to 0.1, so 95 % lie below 0.095: a share of 9.97 %.
  for (const count of [60, 300]) t.true(Math.abs(noise(count) - 0.0997) < 0.01, String(count));
});

test('a floor is as wide as the trials of a comparison leave it, never below the bias', (t) => {
  const floor = (trials: number): string =>
    floorFor({ share: 0.02, pairShare: Math.expm1(0.12) }, trials).toFixed(4);
  t.deepEqual([1, 4, 9, 100].map(floor), ['0.1275', '0.0618', '0.0408', '0.0200']);
  t.is(floor(0), floor(1));
});

test('pairs of which some are 0 have a noise in their own unit', (t) => {
  // The ends of the interval of 7 differences are their least and greatest.
  const pairs: [number, number][] = [[0, 5], [0, 0], [3, 0], [9, 2], [0, 1], [4, 4], [2, 0]];
  t.is(differenceNoise(pairs).bias, 7);
  t.is(differenceNoise(pairs).pairDifference.toFixed(9), '6.400000000');
  t.is(differenceNoise([[0, 2], [5, 1]]).bias, 4, 'below six pairs the widest');
  const noise = { bias: 1, pairDifference: 6 };
  const floor = (trials: number): number => differenceFloorFor(noise, trials);
  t.deepEqual([0, 1, 4, 9, 100].map(floor), [6, 6, 3, 2, 1]);
});

test('a share is the same for a ratio and its inverse', (t) => {
  t.is(shareOf(1.25), 0.25);
  t.is(shareOf(0.8), 0.25);
  t.is(shareOf(1), 0);
});
