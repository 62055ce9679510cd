// The open loop's timetable against hand-computed times.

import test from 'ava';
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
