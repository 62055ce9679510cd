// Counting and timing: what samples stand for, histograms, slow commands, spikes and their picture.
import test from 'ava';
import { registry } from '../registry.ts';
import type { CommandSpec } from '../spec.ts';
import { CommandTimes } from './command-times.ts';
import { latencyGraph } from './latency-graph.ts';
import { LatencyMonitor } from './latency-monitor.ts';
import { TimeHistogram } from './time-histogram.ts';

function spec(name: string): CommandSpec {
  const bytes = Buffer.from(name);
  const found = registry.find(bytes, 0, bytes.length);
  if (found === null) throw new Error(`no command ${name}`);
  return found;
}

/** Runs so many calls of `us` each; returns how many of them were timed. */
function calls(times: CommandTimes, command: CommandSpec, count: number, us: number): number {
  let timed = 0;
  for (let i = 0; i < count; i++) {
    if (!times.begin(command, 30)) continue;
    times.end(command, us);
    timed++;
  }
  return timed;
}

test('quick commands are counted exactly and timed now and then', (t) => {
  const times = new CommandTimes();
  const get = spec('get');
  t.is(calls(times, get, 100, 2), 100, 'the first ones all');
  t.is(calls(times, get, 28 + 640, 2), 28 + 10);
  t.is(times.calls(get), 768);
  t.is(times.usedUs(get), 1536);
  t.is(times.histogram(get)?.count, 768);
  calls(times, get, 10, 2);
  t.is(times.calls(get), 778);
  t.is(times.usedUs(get), 1556, 'those since the last sample count too');
});

test('what may be slow is always timed, and everything while somebody looks', (t) => {
  const times = new CommandTimes();
  t.is(calls(times, spec('keys'), 1000, 1), 1000);
  const get = spec('get');
  calls(times, get, 1000, 1);
  t.true(times.begin(get, 100000), 'a long request');
  times.end(get, 1);
  times.timeAll = true;
  t.is(calls(times, get, 500, 1), 500);
  times.timeAll = false;
  t.true(calls(times, get, 640, 1) <= 11);
});

test('reset forgets everything, and commands that run meanwhile do no harm', (t) => {
  const times = new CommandTimes();
  const get = spec('get');
  calls(times, get, 10, 5);
  times.begin(get, 30);
  times.reset();
  times.end(get, 5);
  t.is(times.calls(get), 0);
  t.is(times.usedUs(get), 0);
  t.is(times.histogram(get), null);
  t.is(calls(times, get, 3, 5), 3);
  t.is(times.usedUs(get), 15);
});

test('a histogram gives back what went in, to 4 %', (t) => {
  for (const us of [0.001, 0.03, 0.5, 1, 7, 63, 64, 65, 1000, 123456, 999999]) {
    const histogram = new TimeHistogram();
    histogram.add(us, 3);
    const found = histogram.percentileUs(50);
    t.true(found >= us * 0.999 && found <= us * 1.04, `${us} came back as ${found}`);
  }
  const long = new TimeHistogram();
  long.add(5e6, 1);
  t.true(long.percentileUs(99) <= 1.04e6, 'no longer than a second');
});

test('percentiles and powers of two', (t) => {
  const histogram = new TimeHistogram();
  for (let us = 1; us <= 1000; us++) histogram.add(us, 1);
  for (const percent of [1, 50, 90, 99]) {
    const found = histogram.percentileUs(percent);
    t.true(Math.abs(found / (percent * 10) - 1) < 0.05, `p${percent}: ${found}`);
  }
  const bounds = histogram.byPowerOfTwo();
  t.deepEqual(bounds.at(-1), [1024, 1000]);
  t.true(bounds.every(([, count], i) => i === 0 || count > (bounds[i - 1]?.[1] ?? 0)));
});

test('LATENCY keeps the worst of a second, 160 seconds, above the threshold', (t) => {
  const monitor = new LatencyMonitor();
  monitor.add('command', 1e6, 1000);
  t.is(monitor.events.size, 0, 'off');
  monitor.thresholdMs = 10;
  monitor.add('command', 9999, 1000);
  t.is(monitor.events.size, 0, 'too quick');
  for (const us of [20000, 50000, 30000]) monitor.add('command', us, 1500);
  t.deepEqual(monitor.events.get('command'), {
    name: 'command', worstMs: 50, samples: [{ atSec: 1, latencyMs: 50 }],
  });
  for (let second = 2; second <= 200; second++) monitor.add('command', 20000, second * 1000);
  t.is(monitor.events.get('command')?.samples.length, 160);
  t.is(monitor.events.get('command')?.worstMs, 50);
  t.is(monitor.reset(['none']), 0);
  t.is(monitor.reset([]), 1);
});

test('the graph of redis-server 7.0.15', (t) => {
  const one = { name: 'command', worstMs: 50, samples: [{ atSec: 100, latencyMs: 50 }] };
  const rule = '-'.repeat(80);
  t.is(latencyGraph(one, 100),
    `command - high 50 ms, low 50 ms (all time high 50 ms)\n${rule}\n \n \n \n_\n0\ns\n`);
  const samples = [10, 20, 30, 40, 130].map((latencyMs, i) => ({ atSec: i * 30, latencyMs }));
  t.is(latencyGraph({ name: 'x', worstMs: 200, samples }, 130),
    `x - high 130 ms, low 10 ms (all time high 200 ms)\n${rule}\n    #\n    |\n   _|\n_o#||\n`
    // Ages 130, 100, 70, 40 and 10 s, read downwards: 2m 1m 1m 40s 10s.
    + '21141\nmmm00\n   ss\n');
});
