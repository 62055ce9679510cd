// The files beside a record, read back by HdrHistogram's own reader.

import test from 'ava';
import { HistogramLogReader } from 'hdr-histogram-js';
import { LatencyHistogram } from '../metrics/histogram.ts';
import { intervalLog } from './artefacts.ts';

test('an interval log holds each second with its counts', (t) => {
  const text = intervalLog([
    { atMs: 0, valuesUs: [10, 2000], counts: [3, 1] },
    { atMs: 1000, valuesUs: [5_000_000], counts: [2] },
  ], 'one/cell');
  t.true(text.startsWith('#[Histogram log format version'));
  t.true(text.includes('one/cell'));
  const reader = new HistogramLogReader(text);
  const first = reader.nextIntervalHistogram();
  t.is(first?.totalCount, 4);
  t.is(first?.getValueAtPercentile(50), 10);
  const second = reader.nextIntervalHistogram();
  t.is(second?.totalCount, 2);
  t.true(Math.abs((second?.maxValue ?? 0) - 5_000_000) < 5000);
  t.is(reader.nextIntervalHistogram(), null);
});

test('a percentile distribution as text, in ms', (t) => {
  const histogram = new LatencyHistogram();
  histogram.record(1000, 99);
  histogram.record(2_000_000);
  const lines = histogram.hgrm().split('\n');
  t.regex(lines[0] ?? '', /Value\s+Percentile\s+TotalCount/);
  t.true(lines.some((line) => /^\s*1\.00\d?\s+0\.5/.test(line)), lines.join('\n'));
  t.true(lines.some((line) => line.startsWith('#[Max') && /Total count\s*=\s*100/.test(line)));
});
