// Logs of histograms: sums keep every value, logs join tag by tag, in any order.
import test from 'ava';
import { LatencyHistogram } from './histogram.ts';
import { joinLogs, linesByTag, sumOfLogs, taggedLog } from './histogram-log.ts';

/** A log of one interval. */
function logOf(tag: string, valuesUs: readonly number[], seconds: number = 1): string {
  const histogram = new LatencyHistogram();
  for (const us of valuesUs) histogram.record(us);
  const line = `0.000,${seconds}.000,0.000,${histogram.encode()}\n`;
  return tag === '' ? line : `Tag=${tag},${line}`;
}

test('a sum holds the values of all intervals, with tags or without', (t) => {
  const { histogram, seconds } = sumOfLogs([
    logOf('', [100, 200]) + logOf('a', [300], 2), '#comment\n', logOf('', [60_000_000]),
  ]);
  t.is(histogram.totalCount, 4);
  t.is(seconds, 4);
  t.is(histogram.getValueAtPercentile(75), 300);
  t.true(histogram.maxValue >= 59_900_000);
});

test('logs join tag by tag: as if all had been counted in one', (t) => {
  const one = logOf('a', [1, 2, 3]) + logOf('b', [10]);
  const other = logOf('b', [20, 30_000]) + logOf('c', [7]);
  const joined = joinLogs([one, other]);
  t.deepEqual([...linesByTag(joined).keys()], ['a', 'b', 'c']);
  for (const [tag, count, maxUs] of [['a', 3, 3], ['b', 3, 30_000], ['c', 1, 7]] as const) {
    const { histogram } = sumOfLogs([linesByTag(joined).get(tag) ?? '']);
    t.is(histogram.totalCount, count, tag);
    t.true(Math.abs(histogram.maxValue - maxUs) <= maxUs / 1000, tag);
  }
  const whole = joinLogs([logOf('a', [1, 2, 3]), logOf('b', [10, 20, 30_000], 2), logOf('c', [7])]);
  t.is(joined, whole);
  t.is(linesByTag(joinLogs([other, one])).get('b'), linesByTag(joined).get('b'), 'in any order');
});

test('names of tags cannot break a line', (t) => {
  const text = taggedLog([['a b,c\nd', sumOfLogs([logOf('', [5])])]]);
  t.deepEqual([...linesByTag(text).keys()], ['a_b_c_d']);
});

test('a damaged log is refused', (t) => {
  t.throws(() => sumOfLogs(['Tag=a,0,1,2,HISTFAAAA!\n']));
});
