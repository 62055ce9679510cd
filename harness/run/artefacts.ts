// Files beside the record: the latency of a trial as a distribution (`.hgrm`), as an interval log
// (`.hlog`, what HdrHistogram's tools read) and as a time series of 100 ms.

import fs from 'node:fs';
import path from 'node:path';
import { build, HistogramLogWriter } from 'hdr-histogram-js';
import type { DriverResult, LatencySecond } from '../drivers/resp/driver.ts';
import { LatencyHistogram } from '../metrics/histogram.ts';
import type { Trial } from '../plan/plan.ts';
import type { CrashedLoad } from './load.ts';

/** Where the files of a trial go, and how the record names them. */
export interface ArtefactPlace {
  readonly runDirectory: string;
  readonly trial: Trial;
  /** Since when, and what the server did in the background. */
  readonly crashed: Pick<CrashedLoad, 'beginNs' | 'background'>;
}

/**
 * Writes the files of a trial that was asked for its speed; returns their names for the record,
 * relative to it.
 */
export function writeArtefacts(
  result: DriverResult, { runDirectory, trial, crashed }: ArtefactPlace,
): Record<string, string> {
  const { cell, index } = trial;
  if (!cell.measures.includes('qps') || result.measuredAcknowledged === 0) return {};
  const base = path.join('series', `${cell.id.replaceAll(/[^\w.-]+/g, '-')}-${index + 1}`);
  fs.mkdirSync(path.join(runDirectory, 'series'), { recursive: true });
  const write = (suffix: string, text: string): string => {
    const name = `${base}${suffix}`;
    fs.writeFileSync(path.join(runDirectory, name), text);
    return name;
  };
  return {
    histogram: write('.hgrm', LatencyHistogram.decode(result.histogram).hgrm()),
    intervals: write('.hlog', intervalLog(result.seconds, cell.id)),
    series: write('.json', seriesText(result, trial, crashed)),
  };
}

function seriesText(
  { series }: DriverResult, { cell, index }: Trial,
  { beginNs, background }: ArtefactPlace['crashed'],
): string {
  const ms = (ns: number): number => Math.round((ns - beginNs) / 1e5) / 10;
  const spans = background.map(({ kind, fromNs, toNs }) => (
    { kind, fromMs: ms(fromNs), toMs: ms(toNs) }));
  return `${JSON.stringify({ cell: cell.id, trial: index, ...series, spans })}\n`;
}

/** The text of an interval log; times count from the start of the load, values are µs. */
export function intervalLog(seconds: readonly LatencySecond[], comment: string): string {
  const lines: string[] = [];
  const writer = new HistogramLogWriter((line) => lines.push(line));
  writer.outputLogFormatVersion();
  writer.outputComment(comment);
  writer.outputLegend();
  for (const { atMs, valuesUs, counts } of seconds) {
    const histogram = build({ bitBucketSize: 64, numberOfSignificantValueDigits: 3 });
    histogram.autoResize = true;
    for (const [index, value] of valuesUs.entries()) {
      histogram.recordValueWithCount(value, counts[index] as number);
    }
    histogram.startTimeStampMsec = atMs;
    histogram.endTimeStampMsec = atMs + 1000;
    writer.outputIntervalHistogram(histogram);
  }
  return lines.join('');
}
