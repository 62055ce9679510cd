// Rates that a machine cannot send are refused with the one that would do, ramps where they are
// steepest; that the refusal comes before the load, run.test.ts shows.

import test from 'ava';
import type { Profile } from '../plan/scenario.ts';
import { rateRefusal } from './peak.ts';

type Row = readonly [rate: number | null, profile: Profile, peak: number, says: RegExp | null];

const rows: readonly Row[] = [
  [null, 'flat', 100, null],
  [50_000, 'flat', 50_000, null],
  [50_001, 'flat', 50_000, /^the rate of 50,001 a second is .* 50,000 were .*; --rate 40000 would/],
  [40_000, 'ramp:0.1-1', 50_000, null],
  [40_000, 'ramp:0.1-2', 50_000,
    /rate of 80,000 a second \(ramp:0\.1-2 of 40,000\) is beyond .*; --rate 20000 would do$/],
  [40_000, 'ramp:2-0.1', 50_000, /rate of 80,000 a second/],
  [10_000, 'steps:0.5,1,5', 50_000, null],
  [10_000, 'steps:0.5,1,5.1', 50_000, /rate of 51,000 a second .*; --rate 7843 would do$/],
  [10_000, 'steps:6,0.1,0.1', 50_000, /rate of 60,000 a second/],
];

for (const [rate, profile, peak, says] of rows) {
  test(`${rate ?? 'no rate'} ${profile} where ${peak} are answered: ${says ?? 'sent'}`, (t) => {
    const text = rateRefusal({ ratePerSecond: rate, profile }, peak);
    if (says === null) {
      t.is(text, null);
      return;
    }
    t.regex(text ?? '', says);
    const would = Number(/--rate (\d+)/.exec(text ?? '')?.[1]);
    t.is(rateRefusal({ ratePerSecond: would, profile }, peak), null, 'the rate named would do');
  });
}
