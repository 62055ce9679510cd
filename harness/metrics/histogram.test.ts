// The histogram against sorted arrays and against what another HDR reader would see.

import test from 'ava';
import type { ExecutionContext } from 'ava';
import { build, decodeFromCompressedBase64 } from 'hdr-histogram-js';
import { LatencyHistogram } from './histogram.ts';

function near(t: ExecutionContext, found: number, expected: number): void {
  t.true(Math.abs(found - expected) <= Math.max(1, expected / 1000), `${found}, not ${expected}`);
}

test('percentiles agree with sorted values over both lanes, to three digits', (t) => {
  const values = Array.from({ length: 20_000 }, (_, at) => 1 + ((at * 7919) % 19_997) ** 2 / 1000);
  const histogram = new LatencyHistogram();
  for (const value of values) histogram.record(value);
  values.sort((a, b) => a - b);
  t.is(histogram.count, values.length);
  for (const percentile of [1, 25, 50, 90, 99, 99.9, 100]) {
    const rank = Math.max(0, Math.ceil((percentile / 100) * values.length) - 1);
    near(t, histogram.valueAtUs(percentile), values[rank] as number);
  }
});

test('the edges: zero, the end of the flat lane, an outage, a month', (t) => {
  for (const us of [0, 1, 32_767, 32_768, 5_000_000, 3_000_000_000]) {
    const histogram = new LatencyHistogram();
    histogram.record(us);
    near(t, histogram.valueAtUs(50), us);
    near(t, histogram.percentilesUs().max, us);
  }
  const histogram = new LatencyHistogram();
  histogram.record(1e12);
  histogram.record(-5);
  near(t, histogram.percentilesUs().max, 1e12);
  t.is(histogram.valueAtUs(1), 0);
});

test('empty: zeros', (t) => {
  const histogram = new LatencyHistogram();
  t.deepEqual(histogram.percentilesUs(), { p50: 0, p99: 0, p999: 0, max: 0 });
  t.is(LatencyHistogram.decode(histogram.encode()).count, 0);
});

test('recording goes on after reading, nothing counts twice', (t) => {
  const histogram = new LatencyHistogram();
  histogram.record(100, 99);
  t.is(histogram.valueAtUs(50), 100);
  histogram.record(900_000);
  t.is(histogram.count, 100);
  t.is(histogram.valueAtUs(99), 100);
  near(t, histogram.valueAtUs(100), 900_000);
});

test('merge and encode keep every count', (t) => {
  const one = new LatencyHistogram();
  const two = new LatencyHistogram();
  one.record(10, 3);
  two.record(10, 4);
  two.record(70_000, 2);
  one.merge(two);
  t.is(one.count, 9);
  t.is(two.count, 6, 'the other is left as it was');
  const copy = LatencyHistogram.decode(one.encode());
  t.is(copy.valueAtUs(50), 10);
  near(t, copy.percentilesUs().max, 70_000);
  copy.record(10);
  t.is(copy.count, 10);
});

test('correction adds what a stall held up, as hdr-histogram-js does it', (t) => {
  for (const [us, intervalUs, expected] of [
    [1000, 300, [1000, 700, 400]], [900, 300, [900, 600, 300]],
    [299, 300, [299]], [300, 300, [300]],
  ] as const) {
    const histogram = new LatencyHistogram();
    histogram.recordCorrected(us, intervalUs);
    const peer = build({ numberOfSignificantValueDigits: 3 });
    peer.recordValueWithExpectedInterval(us, intervalUs);
    t.is(histogram.count, expected.length);
    t.is(peer.totalCount, expected.length);
    for (const [at, value] of expected.toReversed().entries()) {
      near(t, histogram.valueAtUs((100 * (at + 1)) / expected.length), value);
    }
  }
});

test('another HDR reader understands the encoding', (t) => {
  const histogram = new LatencyHistogram();
  histogram.record(1234, 5);
  const read = decodeFromCompressedBase64(histogram.encode());
  t.is(read.totalCount, 5);
  t.is(read.getValueAtPercentile(50), 1234);
});
