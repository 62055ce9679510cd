// The time series and the interval log: every operation in its interval, and in the whole once.

import test from 'ava';
import { LatencyInterval } from '../../../metrics/latency-interval.ts';
import { Recorder } from './recorder.ts';

const ms = 1e6;

function operation(recorder: Recorder, atMs: number, us: number): void {
  recorder.advance(atMs * ms);
  recorder.record(us);
  recorder.count(1, 0);
}

test('points of 100 ms, empty ones among them, and seconds', (t) => {
  const recorder = new Recorder();
  recorder.begin(0);
  recorder.measure();
  for (let at = 0; at < 10; at++) operation(recorder, at, 100 + at);
  operation(recorder, 250, 70_000);
  recorder.count(0, 2);
  operation(recorder, 1250, 5);
  const series = recorder.end(1300 * ms);
  t.deepEqual(series.acknowledged, [10, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1]);
  t.deepEqual(series.errors.slice(0, 4), [0, 0, 2, 0]);
  t.deepEqual(series.p50Us.slice(0, 3), [104, null, 70_000 - (70_000 % 32)]);
  t.deepEqual(series.p99Us.slice(0, 2), [109, null]);
  t.deepEqual(recorder.seconds.map(({ atMs }) => atMs), [0, 1000]);
  t.is(recorder.latency.count, 12);
});

test('what an outage held up is in the whole and in its second, so that both agree', (t) => {
  const recorder = new Recorder();
  recorder.begin(0);
  recorder.measure();
  operation(recorder, 10, 100);
  recorder.flush();
  recorder.advance(2350 * ms);
  recorder.hold(2_300_000);
  recorder.hold(40_000);
  const series = recorder.end(2400 * ms);
  t.is(series.acknowledged.reduce((sum, count) => sum + count, 0), 1);
  t.deepEqual(recorder.seconds.map(({ atMs, counts }) => [atMs, counts]), [
    [0, [1]], [2000, [1, 1]],
  ]);
  const inSeconds = recorder.seconds.flatMap(({ counts }) => counts);
  t.is(inSeconds.reduce((sum, count) => sum + count, 0), recorder.latency.count);
});

test('the warm-up is in the series and in nothing else', (t) => {
  const recorder = new Recorder();
  recorder.begin(0);
  operation(recorder, 10, 900);
  recorder.measure();
  operation(recorder, 20, 100);
  const series = recorder.end(30 * ms);
  t.deepEqual(series.acknowledged, [2]);
  t.is(recorder.latency.count, 1);
  t.is(recorder.latency.percentilesUs().max, 100);
  t.deepEqual(recorder.seconds, [{ atMs: 0, valuesUs: [100], counts: [1] }]);
});

test('the latencies of each point are kept where asked, also of one that is cut', (t) => {
  const recorder = new Recorder({ keepsSteps: true });
  recorder.begin(0);
  operation(recorder, 10, 900);
  recorder.measure();
  operation(recorder, 20, 100);
  recorder.flush();
  operation(recorder, 30, 100);
  operation(recorder, 250, 7);
  const series = recorder.end(260 * ms);
  t.deepEqual(series.acknowledged, [3, 0, 1]);
  t.deepEqual(recorder.steps, [
    { valuesUs: [100, 900], counts: [2, 1] }, { valuesUs: [], counts: [] },
    { valuesUs: [7], counts: [1] },
  ]);
  const without = new Recorder();
  without.begin(0);
  operation(without, 10, 900);
  without.end(20 * ms);
  t.deepEqual(without.steps, []);
});

test('an interval gives its values in order, to a thousandth, and is empty then', (t) => {
  const interval = new LatencyInterval();
  for (const us of [1e9, 40_000, 5, 5.4, -3]) interval.record(us);
  const { valuesUs, counts } = interval.drain();
  t.deepEqual(valuesUs.slice(0, 2), [0, 5]);
  t.deepEqual(counts, [1, 2, 1, 1]);
  t.true(Math.abs((valuesUs[3] ?? 0) - 1e9) < 1e6);
  t.deepEqual(interval.drain(), { valuesUs: [], counts: [] });
});

test('percentiles, with values above the flat lane, and sums', (t) => {
  const [one, other] = [new LatencyInterval(), new LatencyInterval()];
  t.is(one.percentileUs(50), null);
  for (const [us, count] of [[3, 2], [1, 1]] as const) one.record(us, count);
  for (const [us, count] of [[2, 5], [3, 2]] as const) other.record(us, count);
  one.addTo(other);
  t.deepEqual([0, 10, 11, 60, 61, 100].map((at) => other.percentileUs(at)), [1, 1, 2, 2, 3, 3]);
  other.record(1 << 20, 10);
  other.record(1 << 16, 10);
  t.deepEqual([33, 34, 66, 67].map((at) => other.percentileUs(at)), [3, 1 << 16, 1 << 16, 1 << 20]);
  other.addTo(one);
  t.deepEqual(one.drain(), {
    valuesUs: [1, 2, 3, 1 << 16, 1 << 20], counts: [2, 5, 6, 10, 10],
  });
});
