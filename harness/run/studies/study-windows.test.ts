// The windows around background work, on series made by hand.

import test from 'ava';
import type { IntervalCounts } from '../../metrics/latency-interval.ts';
import { spansAround, windowOf } from './study-windows.ts';
import type { ObservedLoad, Sample } from './study-windows.ts';

const stepMs = 100;
const payloadBytes = 10;

/** A hundred operations of 100 µs an interval, in the one of the fork ten of them of 50 ms. */
function loadOf(intervals: number, fork: number): ObservedLoad {
  const usual: IntervalCounts = { valuesUs: [100], counts: [100] };
  const forked: IntervalCounts = { valuesUs: [100, 51_200], counts: [90, 10] };
  const steps = Array.from({ length: intervals }, (_, at) => (at === fork ? forked : usual));
  const samples = Array.from({ length: 2 * intervals + 1 }, (_, at): Sample => (
    { atMs: at * 50, rssBytes: 1000 + at, copiedBytes: null, writtenBytes: 1 + at * 500 }));
  return {
    stepMs, steps, samples, payloadBytes, stoppedMs: intervals * stepMs,
    acknowledged: steps.map(({ counts }) => counts.reduce((sum, count) => sum + count, 0)),
    p99Us: steps.map((_, at) => (at === fork ? 51_200 : 100)),
  };
}

const rows: readonly [string, number, number, number, unknown][] = [
  ['inside of intervals', 734, 1051, 2000,
    { before: [5, 7], during: [7, 11], after: [11, 20] }],
  ['on their edges', 700, 1000, 2000, { before: [5, 7], during: [7, 10], after: [10, 20] }],
  ['within one', 710, 790, 2000, { before: [5, 7], during: [7, 8], after: [8, 20] }],
  ['no time at all', 700, 700, 2000, { before: [5, 7], during: [7, 8], after: [8, 20] }],
  ['an interval that the end cut short is none', 734, 1051, 1999,
    { before: [5, 7], during: [7, 11], after: [11, 19] }],
  ['to the end', 734, 1999, 1999, { before: [5, 7], during: [7, 20], after: [20, 20] }],
  ['before it had settled', 200, 300, 2000,
    { before: [2, 2], during: [2, 3], after: [3, 20] }],
];

for (const [title, fromMs, toMs, stoppedMs, spans] of rows) {
  test(`spans around work: ${title}`, (t) => {
    t.deepEqual(spansAround({ stepMs, stoppedMs }, { settledMs: 500, fromMs, toMs }), spans);
  });
}

test('every whole interval is in one window, and the one of the fork is "during"', (t) => {
  const load = loadOf(20, 7);
  const spans = spansAround(load, { settledMs: 0, fromMs: 734, toMs: 1051 });
  const windows = [spans.before, spans.during, spans.after].map((span) => windowOf(load, span));
  t.is(windows.reduce((sum, { ms }) => sum + ms, 0), 2000);
  t.deepEqual(windows.map(({ maxUs }) => maxUs), [100, 51_200, 100]);
  t.deepEqual(windows.map(({ qps }) => qps), [1000, 1000, 1000]);
});

test('percentiles are those of all operations of a window', (t) => {
  const load = loadOf(20, 7);
  // 10 of 400 were slow: more than a hundredth of all, though only one interval of four was.
  t.like(windowOf(load, [7, 11]), {
    p50Us: 100, p99Us: 51_200, p999Us: 51_200, worstP99Us: 51_200,
  });
  // 10 of 2,000: less than a hundredth, more than a thousandth.
  t.like(windowOf(load, [0, 20]), { p50Us: 100, p99Us: 100, p999Us: 51_200, maxUs: 51_200 });
  t.like(windowOf(load, [3, 3]), { ms: 0, qps: 0, p50Us: 0, maxUs: 0, amplification: null });
});

test('memory and bytes are those between the edges of a window', (t) => {
  const load = loadOf(20, 7);
  t.like(windowOf(load, [7, 11]), { rssBytes: 1022, writtenBytes: 4000, amplification: 1 });
  t.like(windowOf({ ...load, samples: [] }, [7, 11]), { rssBytes: null, writtenBytes: null });
  const silent = load.samples.map((each) => ({ ...each, writtenBytes: 0 }));
  t.like(windowOf({ ...load, samples: silent }, [7, 11]), { writtenBytes: null });
});
