// The open loop's timetable against hand-computed times.

import test from 'ava';
import { greatestFactor, isProfile, meanFactor, meanFactorBetween } from './rate-profile.ts';
import type { Profile } from './rate-profile.ts';
import { Schedule } from './schedule.ts';

test('clients take turns at even intervals', (t) => {
  const schedule = new Schedule({ ratePerSecond: 1000, clients: 4, startNs: 5e9 });
  const firstNs = [0, 1, 2, 3].map((client) => schedule.nextNs(client));
  t.deepEqual(firstNs, [5e9, 5.001e9, 5.002e9, 5.003e9]);
  const room = new Float64Array(8);
  t.is(schedule.take(1, 5.0009e9, room), 0, 'not due yet');
  t.is(schedule.take(1, 5.001e9, room), 1);
  t.is(schedule.nextNs(1), 5.005e9);
});

test('what was missed stays due, in order, at its own time', (t) => {
  const schedule = new Schedule({ ratePerSecond: 100, clients: 1, startNs: 0 });
  const room = new Float64Array(3);
  t.is(schedule.take(0, 45e6, room), 3, 'as many as there is room for');
  t.deepEqual([...room], [0, 10e6, 20e6]);
  t.is(schedule.take(0, 45e6, room), 2);
  t.deepEqual([...room.subarray(0, 2)], [30e6, 40e6]);
  t.is(schedule.take(0, 45e6, room), 0);
});

/** All send times of one client up to `untilNs`. */
function timesNs(schedule: Schedule, client: number, untilNs: number): number[] {
  const times: number[] = [];
  const room = new Float64Array(100);
  for (;;) {
    const count = schedule.take(client, untilNs, room);
    times.push(...room.subarray(0, count));
    if (count < room.length) return times;
  }
}

test('poisson: exponential pauses, the same for the same seed, at the rate asked for', (t) => {
  const options = { ratePerSecond: 1000, clients: 2, startNs: 0, arrivals: 'poisson' } as const;
  const times = timesNs(new Schedule({ ...options, seed: 5 }), 0, 20e9);
  t.deepEqual(timesNs(new Schedule({ ...options, seed: 5 }), 0, 20e9), times);
  t.notDeepEqual(timesNs(new Schedule({ ...options, seed: 6 }), 0, 20e9), times);
  t.notDeepEqual(timesNs(new Schedule({ ...options, seed: 5 }), 1, 20e9), times);
  // 10,000 expected of 500 a second for 20 s; five standard deviations.
  t.true(Math.abs(times.length - 10_000) < 500, `${times.length}`);
  const pauses = times.map((time, at) => time - (times[at - 1] ?? 0));
  const meanNs = 2e6;
  for (const factor of [0.5, 1, 2]) {
    const share = pauses.filter((pause) => pause > factor * meanNs).length / pauses.length;
    t.true(Math.abs(share - Math.exp(-factor)) < 0.025, `${factor}: ${share}`);
  }
});

test('a ramp and steps: as many in each part as their area, by hand', (t) => {
  const inParts = (profile: Profile, partNs: number, untilNs: number): number[] => {
    const options = { ratePerSecond: 1000, clients: 1, startNs: 0, profile, loadMs: 4000 };
    const counts: number[] = [];
    for (const time of timesNs(new Schedule(options), 0, untilNs - 1)) {
      const part = Math.floor(time / partNs);
      counts[part] = (counts[part] ?? 0) + 1;
    }
    return counts;
  };
  t.deepEqual(inParts('flat', 1e9, 4e9), [1000, 1000, 1000, 1000]);
  t.deepEqual(inParts('steps:0.5,1,2,0.25', 1e9, 5e9), [500, 1000, 2000, 250, 250]);
  // From 0 to 2: the first second has 0.25 of its mean of 1, then 0.75, 1.25, 1.75; then 2.
  for (const [part, count] of inParts('ramp:0-2', 1e9, 5e9).entries()) {
    t.true(Math.abs(count - ([250, 750, 1250, 1750, 2000][part] ?? 0)) <= 1, `${part}: ${count}`);
  }
});

test('texts of profiles, and their means', (t) => {
  for (const text of ['flat', 'ramp:0-1', 'ramp:2-0.5', 'steps:1', 'steps:0.1,10']) {
    t.true(isProfile(text), text);
  }
  for (const text of ['', 'ramp', 'ramp:0-0', 'ramp:1-11', 'steps:0,1', 'steps:', 'flat:1', 7]) {
    t.false(isProfile(text), String(text));
  }
  t.is(meanFactor('ramp:0-1'), 0.5);
  t.is(meanFactor('steps:1,2,3'), 2);
  t.deepEqual((['flat', 'ramp:0.1-2', 'ramp:3-1', 'steps:1,4,2'] as const).map(greatestFactor),
    [1, 2, 3, 4]);
});

test('what is offered in a part of a load is the integral of its profile', (t) => {
  const mean = (profile: Profile, fromMs: number, toMs: number): number =>
    meanFactorBetween(profile, { loadMs: 1000, fromMs, toMs });
  t.is(mean('flat', 200, 900), 1);
  t.is(mean('ramp:0-1', 0, 1000), 0.5);
  t.is(mean('ramp:0-1', 0, 500), 0.25);
  t.is(mean('ramp:0-1', 500, 1000), 0.75);
  t.is(mean('ramp:2-1', 0, 500).toFixed(9), '1.750000000');
  t.is(mean('steps:1,3', 250, 750), 2);
  t.is(mean('steps:1,3', 500, 1500), 3, 'the last holds');
  t.is(mean('steps:1,3', 400, 400), 2, 'no time at all: the whole');
});
