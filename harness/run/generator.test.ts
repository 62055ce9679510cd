// When the generator and not the server was measured, and what is said then.

import test from 'ava';
import type { DriverResult } from '../drivers/resp/driver.ts';
import { defaultLoad } from '../plan/scenario.ts';
import { generatorRecord, isLowerBound } from './generator.ts';
import { latencyThrough } from './trial-record.ts';

const closed = {
  cpuUtilisation: 0.97, loopUtilisation: 1, loopLagUs: { p99: 10, max: 20 }, sendLateUs: null,
  unsent: 0, qps: 1000, readsPerSecond: 0, generatorLimited: true, measuredMs: 1000,
} as unknown as DriverResult;
const inTime = { p50: 5, p99: 90, p999: 800, max: 2000, inTimeShare: 0.9991 };
const open = { ...closed, sendLateUs: inTime, generatorLimited: false };
const load = { ...defaultLoad, ratePerSecond: 1000 };

const rows: readonly [string, DriverResult, number | null, RegExp | null][] = [
  ['a busy generator beside an idle server', closed, 0.5, /not the server, was the limit \(97 %/],
  ['a busy generator beside an unknown server', closed, null, /not the server, was the limit/],
  ['both busy: the server is the limit', closed, 0.95, null],
  ['a server with a little room: a bound, and an answer', closed, 0.8, null],
  ['both wait for a core', { ...closed, cpuUtilisation: 0.6 }, 0.5, null],
  ['an idle generator', { ...closed, cpuUtilisation: 0.5, generatorLimited: false }, 0.2, null],
  ['an open loop in time', open, 0.2, null],
  ['sends that were late', {
    ...open, generatorLimited: true, sendLateUs: { ...inTime, inTimeShare: 0.9 },
  }, 0.2, /sent 10 % of the operations more than 1 ms late/],
  ['a rate that was not reached', { ...open, qps: 600, unsent: 400 }, 1,
    /rate of 1,000 a second was not reached, 600 were answered: --rate 480 would be/],
  ['a rate that was reached with reads', { ...open, qps: 600, readsPerSecond: 390 }, 1, null],
];

const shaped = {
  ...load, warmupMs: 0, durationMs: 1000, profile: 'ramp:0-2' as const,
};

test('a ramp is held against what was due of it in the measured time', (t) => {
  const limit = (qps: number, measuredMs: number): string | null =>
    generatorRecord({ ...open, qps, measuredMs }, { load: shaped, serverShare: 0.5 }).limit;
  t.is(limit(1000, 1000), null);
  t.is(limit(500, 500), null, 'half of it offers a quarter');
  t.regex(limit(700, 1000) ?? '', /rate of 1,000 a second was not reached, 700 .* --rate 560/);
});

for (const [title, result, serverShare, says] of rows) {
  test(title, (t) => {
    const given = result.sendLateUs === null ? defaultLoad : load;
    const { limit } = generatorRecord(result, { load: given, serverShare });
    if (says === null) t.is(limit, null);
    else t.regex(limit ?? '', says);
  });
}

test('a rate is a bound where the server may have had room', (t) => {
  t.true(isLowerBound(closed, 0.8));
  t.true(isLowerBound(closed, null));
  t.false(isLowerBound(closed, 0.95));
  t.false(isLowerBound({ ...closed, generatorLimited: false }, 0.5));
  t.false(isLowerBound({ ...open, generatorLimited: true }, 0.5), 'a rate that was asked for');
});

test('latencies with the outage are those of a load that was answered again', (t) => {
  const latencyUs = { p50: 1, p99: 2, p999: 3, max: 4 };
  t.is(latencyThrough({ latencyUs, outageMs: 12 }), latencyUs);
  t.is(latencyThrough({ latencyUs, outageMs: null }), null);
});
