// The scheduler port.

import test from 'ava';

import { ManualClock } from './clock.ts';
import { ManualScheduler, realScheduler } from './scheduler.ts';

test('real scheduler: steps run after this turn; a forgotten one never', async (t) => {
  const scheduler = realScheduler();
  const ran: string[] = [];
  const forget = scheduler.after(1, () => ran.push('forgotten'));
  scheduler.soon(() => ran.push('soon'));
  t.deepEqual(ran, []);
  forget();
  await new Promise<void>((resolve) => scheduler.after(2, resolve));
  t.deepEqual(ran, ['soon']);
});

test('manual scheduler: nothing by itself, in order, timers when their time has come', (t) => {
  const clock = new ManualClock();
  const scheduler = new ManualScheduler(clock);
  const ran: string[] = [];
  const note = (name: string) => (): void => void ran.push(name);
  scheduler.soon(note('first'));
  scheduler.soon(note('second'));
  scheduler.after(100, note('late'));
  scheduler.after(50, note('early'));
  const forget = scheduler.after(70, note('forgotten'));
  t.is(scheduler.ready, 2);
  t.false(scheduler.runDue());
  t.is(scheduler.nextDueNs, clock.monotonicNs() + 50e6);
  while (scheduler.runOne());
  forget();
  clock.advanceMs(200);
  while (scheduler.runDue());
  t.deepEqual(ran, ['first', 'second', 'early', 'late']);
  t.is(scheduler.nextDueNs, Infinity);
});
