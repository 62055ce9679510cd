// Where syncs run, for devices of every mood.
import test from 'ava';
import { SyncStrategy } from './sync-strategy.ts';

const ms = 1e6;

function fed(durationsMs: readonly number[], strategy = new SyncStrategy()): SyncStrategy {
  for (const duration of durationsMs) strategy.record(duration * ms, 'auto');
  return strategy;
}

const repeated = (durationMs: number, count: number): number[] =>
  Array.from({ length: count }, () => durationMs);

for (const { title, durations, offThread } of [
  { title: 'fast', durations: repeated(0.2, 200), offThread: false },
  { title: 'slow', durations: repeated(2, 16), offThread: true },
  { title: 'fifteen slow ones are not a window yet', durations: repeated(2, 15), offThread: false },
  { title: 'fast with one very slow sync in each window',
    durations: Array.from({ length: 320 }, (_, i) => (i % 16 === 7 ? 50 : 0.2)), offThread: false },
  { title: 'two very slow ones in a row', durations: [0.2, 25, 25], offThread: true },
  { title: 'slow, then fast', durations: [...repeated(2, 16), ...repeated(0.2, 64)],
    offThread: false },
  { title: 'neither slow enough to leave nor fast enough to return',
    durations: [...repeated(2, 16), ...repeated(0.6, 500)], offThread: true },
]) {
  test(title, (t) => {
    t.is(fed(durations).offThread, offThread);
  });
}

test('moods are followed less and less, and forgotten after a long calm', (t) => {
  const strategy = new SyncStrategy();
  const syncsUntilReturn = (): number => {
    fed(repeated(2, 16), strategy);
    t.true(strategy.offThread);
    let syncs = 0;
    for (; strategy.offThread; syncs++) strategy.record(0.2 * ms, 'auto');
    return syncs;
  };
  const [first, second, third] = [syncsUntilReturn(), syncsUntilReturn(), syncsUntilReturn()];
  t.true(first < second && second < third, `${first} ${second} ${third}`);
  fed(repeated(0.2, 1024), strategy);
  t.is(syncsUntilReturn(), first);
});

test('a setting that forces the place is obeyed at once', (t) => {
  const strategy = new SyncStrategy();
  t.true(strategy.record(0.1 * ms, 'thread'));
  t.true(strategy.offThread);
  t.true(strategy.record(9 * ms, 'inline'));
  t.false(strategy.offThread);
});
