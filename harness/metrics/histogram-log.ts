// Logs of latency histograms as HdrHistogram's tools read them (`.hlog`): the intervals of many
// logs added up, and one log that holds a sum for each tag.
//
//   #[Histogram log format version 1.3]
//   "StartTimestamp","Interval_Length","Interval_Max","Interval_Compressed_Histogram"
//   Tag=speed/bundled/none/process,0.000,6.000,12.288,HISTFAAAA…        seconds, seconds, ms

import { build, encodeIntoCompressedBase64, HistogramLogReader } from 'hdr-histogram-js';
import type { Histogram } from 'hdr-histogram-js';

const head = '#[Histogram log format version 1.3]\n'
  + '"StartTimestamp","Interval_Length","Interval_Max","Interval_Compressed_Histogram"\n';

/** All intervals of some logs, in µs, and how long they lasted together. */
export interface HistogramSum {
  readonly histogram: Histogram;
  readonly seconds: number;
}

/** Adds up every interval of the logs, whatever its tag. @throws {Error} for a damaged one. */
export function sumOfLogs(texts: readonly string[]): HistogramSum {
  const histogram = build({ bitBucketSize: 64, numberOfSignificantValueDigits: 3 });
  histogram.autoResize = true;
  let ms = 0;
  for (const text of texts) {
    const reader = new HistogramLogReader(text, 64);
    for (let one = reader.nextIntervalHistogram(); one !== null;
      one = reader.nextIntervalHistogram()) {
      histogram.add(one);
      ms += one.endTimeStampMsec - one.startTimeStampMsec;
    }
  }
  return { histogram: fitted(histogram), seconds: ms / 1000 };
}

/** As large as its largest value needs: what grew on the way would be written differently. */
function fitted(grown: Histogram): Histogram {
  const histogram = build({
    bitBucketSize: 64, numberOfSignificantValueDigits: 3,
    highestTrackableValue: Math.max(2, grown.getValueAtPercentile(100)),
  });
  histogram.add(grown);
  return histogram;
}

/** A log with one interval for each sum; tags lose what the format has no room for. */
export function taggedLog(sums: Iterable<readonly [tag: string, sum: HistogramSum]>): string {
  let text = head;
  for (const [tag, { histogram, seconds }] of sums) {
    const maxMs = (histogram.getValueAtPercentile(100) / 1000).toFixed(3);
    text += `Tag=${tagOf(tag)},0.000,${seconds.toFixed(3)},${maxMs},`
      + `${encodeIntoCompressedBase64(histogram)}\n`;
  }
  return text;
}

/** The name as a tag: commas and spaces would end it. */
export function tagOf(name: string): string {
  return name.replaceAll(/[,\s]+/g, '_');
}

/** The lines of a tagged log by tag, in its order; lines without a tag are left out. */
export function linesByTag(text: string): Map<string, string> {
  const lines = new Map<string, string>();
  for (const line of text.split('\n')) {
    const [, tag] = /^Tag=([^,]+),/.exec(line) ?? [];
    if (tag !== undefined) lines.set(tag, `${lines.get(tag) ?? ''}${line}\n`);
  }
  return lines;
}

/** One log of several: the histograms of a tag are added up. @throws {Error} for a damaged one. */
export function joinLogs(texts: readonly string[]): string {
  return taggedLog(joinedSums(texts.map(linesByTag)));
}

/** One after the other: a histogram is some megabytes. */
function* joinedSums(
  parts: readonly ReadonlyMap<string, string>[],
): Generator<readonly [string, HistogramSum]> {
  const tags = new Set(parts.flatMap((part) => [...part.keys()]));
  for (const tag of tags) yield [tag, sumOfLogs(parts.flatMap((part) => part.get(tag) ?? []))];
}
