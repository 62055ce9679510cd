// The clock and entropy ports.

import test from 'ava';

import { ManualClock, realClock } from './clock.ts';
import { realEntropy, seededEntropy } from './entropy.ts';

test('real clock: integers, CLOCK_MONOTONIC as other processes see it', (t) => {
  const clock = realClock();
  const before = Number(process.hrtime.bigint());
  const nowNs = clock.monotonicNs();
  t.true(Number.isInteger(nowNs) && Number.isInteger(clock.wallMs()));
  t.true(nowNs >= before && nowNs <= Number(process.hrtime.bigint()));
});

test('manual clock: moves when told to, both hands together', (t) => {
  const clock = new ManualClock({ wallMs: 1000, monotonicNs: 5 });
  clock.advanceMs(2);
  t.deepEqual([clock.wallMs(), clock.monotonicNs()], [1002, 2_000_005]);
  for (let step = 0; step < 1000; step += 1) clock.advanceNs(1500);
  t.deepEqual([clock.wallMs(), clock.monotonicNs()], [1003, 3_500_005]);
});

test('seeded entropy: the same numbers for the same seed', (t) => {
  const take = (seed: number): number[] => {
    const entropy = seededEntropy(seed);
    return Array.from({ length: 4 }, () => entropy.uint32());
  };
  t.deepEqual(take(7), take(7));
  t.notDeepEqual(take(7), take(8));
  t.deepEqual(take(0), expectedOfZero);
});

// splitmix32 of seed 0, worked out with BigInt arithmetic below.
const expectedOfZero: number[] = [1, 2, 3, 4].map((round) => {
  const word = 2n ** 32n;
  let mixed = (BigInt(round) * 0x9e3779b9n) % word;
  mixed = ((mixed ^ (mixed >> 16n)) * 0x21f0aaadn) % word;
  mixed = ((mixed ^ (mixed >> 15n)) * 0x735a2d97n) % word;
  return Number(mixed ^ (mixed >> 15n));
});

for (const [title, entropy] of [
  ['real', realEntropy()],
  ['seeded', seededEntropy(1)],
] as const) {
  test(`${title} entropy: 32-bit integers, every bit set about half the time`, (t) => {
    const counts = Array.from({ length: 32 }, () => 0);
    for (let draw = 0; draw < 4000; draw += 1) {
      const value = entropy.uint32();
      t.true(Number.isInteger(value) && value >= 0 && value < 2 ** 32);
      for (let bit = 0; bit < 32; bit += 1) {
        if ((value >>> bit) % 2 === 1) counts[bit] = (counts[bit] ?? 0) + 1;
      }
    }
    // 2000 ± 8 standard deviations.
    for (const count of counts) t.true(Math.abs(count - 2000) < 253, `${count} of 4000`);
  });
}
