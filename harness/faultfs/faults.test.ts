// Rules, without a mount: which calls they hit, and what is left of them.

import test from 'ava';
import { delayDrawer } from './delays.ts';
import type { DelayTime } from './delays.ts';
import { Faults, globPattern, unharmed } from './faults.ts';
import type { Subject } from './faults.ts';
import { checkRules, maxRules } from './rules.ts';
import type { FaultCall, FaultRule } from './rules.ts';

const subject = (call: FaultCall, path = 'a', newPath = ''): Subject => {
  return { call, path, newPath, changes: !['read', 'sync', 'sync-directory'].includes(call) };
};

function faultsOf(rules: FaultRule[]): { faults: Faults; hits: Int32Array } {
  const hits = new Int32Array(maxRules);
  const faults = new Faults(hits);
  faults.set(rules);
  return { faults, hits };
}

const globs: [glob: string, matching: string[], others: string[]][] = [
  ['*.aof', ['a.aof', '.aof'], ['d/a.aof', 'a.aof2', 'aXaof']],
  ['**/*.aof', ['a.aof', 'd/a.aof', 'd/e/a.aof'], ['a.rdb']],
  ['d/**', ['d/a', 'd/e/f'], ['d', 'e/d/a']],
  ['temp-?.rdb', ['temp-1.rdb'], ['temp-12.rdb', 'temp-/.rdb']],
  ['**', ['', 'a', 'a/b', 'line\nbreak'], []],
  ['a+(b)[c].{x}', ['a+(b)[c].{x}'], ['aab', 'a']],
  ['ü *', ['ü 🔌'], ['u x']],
];

for (const [glob, matching, others] of globs) {
  test(`paths: ${glob}`, (t) => {
    for (const path of matching) t.regex(path, globPattern(glob));
    for (const path of others) t.notRegex(path, globPattern(glob));
  });
}

test('skip and times: after N, once', (t) => {
  const fault = { kind: 'error', code: 'EIO' } as const;
  const { faults, hits } = faultsOf([{ calls: ['sync'], fault, skip: 2, times: 1 }]);
  const errors = Array.from({ length: 5 }, () => faults.outcome(subject('sync'), 0, () => 0).errno);
  t.deepEqual(errors, [0, 0, 5, 0, 0]);
  t.is(faults.outcome(subject('write'), 0, () => 0), unharmed);
  t.is(hits[0], 1);
});

test('delays add up, a freeze lasts; neither decides what befalls the call later', (t) => {
  const { faults } = faultsOf([
    { calls: ['sync'], fault: { kind: 'delay', delayMs: 5 } },
    { paths: 'a', fault: { kind: 'delay', delayMs: 2 } },
    { paths: 'b', fault: { kind: 'freeze' } },
  ]);
  t.is(faults.holdMs(subject('sync')), 7);
  t.is(faults.holdMs(subject('rename', 'x', 'a')), 2, 'the new name counts, too');
  t.is(faults.holdMs(subject('sync', 'b')), Infinity);
  t.is(faults.holdMs(subject('write', 'c')), 0);
  t.is(faults.outcome(subject('sync'), 0, () => 0), unharmed);
});

const distributions: [DelayTime, least: number, median: number, p99: number][] = [
  [7, 7, 7, 7],
  [{ kind: 'uniform', fromMs: 10, toMs: 30 }, 10, 20, 29.8],
  [{ kind: 'exponential', meanMs: 10 }, 0, 6.93, 46.05],
  [{ kind: 'lognormal', medianMs: 20, sigma: 1.5 }, 0, 20, 655.6],
];

for (const [time, least, median, p99] of distributions) {
  test(`delays: ${typeof time === 'number' ? 'fixed' : time.kind}`, (t) => {
    const count = 20_001;
    const drawn = (seed: number): number[] => {
      const draw = delayDrawer(time, seed);
      return Array.from({ length: count }, draw);
    };
    t.deepEqual(drawn(3), drawn(3), 'by the seed');
    const sorted = drawn(4).toSorted((one, other) => one - other);
    const at = (share: number): number => sorted[Math.floor(share * (count - 1))] as number;
    t.true(at(0) >= least);
    t.true(Math.abs(at(0.5) / median - 1) < 0.05, `median ${at(0.5)}`);
    t.true(Math.abs(at(0.99) / p99 - 1) < 0.1, `p99 ${at(0.99)}`);
  });
}

test('a rule draws anew for each call, and by its seed', (t) => {
  const delays = (seed: number): number[] => {
    const delayMs = { kind: 'uniform', fromMs: 0, toMs: 10 } as const;
    const { faults } = faultsOf([{ calls: ['sync'], fault: { kind: 'delay', delayMs, seed } }]);
    return Array.from({ length: 5 }, () => faults.holdMs(subject('sync')));
  };
  t.is(new Set(delays(1)).size, 5);
  t.deepEqual(delays(1), delays(1));
  t.notDeepEqual(delays(1), delays(2));
});

test('a budget is spent by growth, comes up short once, and comes back when files go', (t) => {
  const { faults } = faultsOf([{ paths: '*.aof', fault: { kind: 'full', budgetBytes: 10 } }]);
  const write = (length: number, growBytes: number): number | 'ENOSPC' => {
    const { errno, maxBytes } = faults.outcome(subject('write', 'a.aof'), length, () => growBytes);
    return errno === 28 ? 'ENOSPC' : Math.min(maxBytes, length);
  };
  t.deepEqual([write(6, 6), write(100, 0), write(6, 6), write(1, 1)], [6, 100, 4, 'ENOSPC']);
  t.is(write(5, 0), 5, 'overwriting costs nothing');
  faults.release('a.rdb', 100);
  t.is(write(3, 3), 'ENOSPC');
  faults.release('a.aof', 3);
  t.is(write(3, 3), 3);
});

test('read-only spares what changes nothing', (t) => {
  const { faults } = faultsOf([{ fault: { kind: 'read-only' } }]);
  const errno = (each: Subject): number => faults.outcome(each, 0, () => 0).errno;
  t.deepEqual([errno(subject('read')), errno(subject('sync'))], [0, 0]);
  t.deepEqual([errno(subject('write')), errno(subject('rename'))], [30, 30]);
});

const badRules: [message: RegExp, rule: unknown][] = [
  [/rule 1 \(delay\): delayMs is -1: expected a n/, { fault: { kind: 'delay', delayMs: -1 } }],
  [/delayMs\.toMs is -2: expected a n/, {
    fault: { kind: 'delay', delayMs: { kind: 'uniform', fromMs: 1, toMs: -2 } },
  }],
  [/delayMs of kind 'normal': expected uniform, exponential, lognormal/, {
    fault: { kind: 'delay', delayMs: { kind: 'normal' } },
  }],
  [/call 'fsync': expected open, create, read/, { calls: ['fsync'], fault: { kind: 'lie' } }],
  [/rule 1 \(slow\): expected delay, freeze/, { fault: { kind: 'slow' } }],
  [/maxBytes 0: expected at least 1/, { fault: { kind: 'short-write', maxBytes: 0 } }],
  [/times is NaN/, { times: Number.NaN, fault: { kind: 'lie' } }],
];

for (const [message, rule] of badRules) {
  test(`refused: ${message.source}`, (t) => {
    t.throws(() => checkRules([rule as FaultRule]), { message });
  });
}
