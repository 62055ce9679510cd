// latency.hlog beside a record: for each cell all reply times of all its trials, added up to one
// histogram. `merge` adds up those of its shards; the page draws its percentiles from it.

import { readFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { joinLogs, linesByTag, sumOfLogs, tagOf, taggedLog } from '../metrics/histogram-log.ts';
import type { HistogramSum } from '../metrics/histogram-log.ts';
import { spectrumPercentiles } from './html/sections/spectrum.ts';
import type { LatencySpectrum } from './html/sections/spectrum.ts';
import { pathInside } from './inside.ts';
import type { CellRecord, RunRecord } from './record.ts';
import { groupCells, rateCell } from './summary.ts';

/** Its name. */
export const latencyLogName = 'latency.hlog';

/** Name of the artefact that holds the interval log of a trial. */
const intervalsArtefact = 'intervals';

/** The log of a run from the logs of its trials; null when there are none. */
export function latencyLogOf({ cells }: RunRecord, runDirectory: string): string | null {
  const timed = cells.filter((cell) => pathsOf(cell).length > 0);
  return timed.length === 0 ? null : taggedLog(sumsOf(timed, runDirectory));
}

/** One after the other: a histogram is some megabytes. */
function* sumsOf(
  cells: readonly CellRecord[], runDirectory: string,
): Generator<readonly [string, HistogramSum]> {
  for (const cell of cells) {
    const texts = pathsOf(cell).map((path) => (
      readFileSync(pathInside(runDirectory, path), 'utf8')));
    yield [cell.id, sumOfLogs(texts)];
  }
}

function pathsOf({ perTrial }: CellRecord): string[] {
  return perTrial.flatMap((trial) => trial.artefacts[intervalsArtefact] ?? []);
}

/**
 * The log of a merged run: the histograms of all shards, tag by tag; null when no shard has one.
 * @throws {Error} for a damaged one.
 */
export async function mergedLatencyLog(
  shards: readonly { readonly record: RunRecord; readonly runDirectory: string }[],
): Promise<string | null> {
  const logs: string[] = [];
  for (const { record, runDirectory } of shards) {
    const log = await readFile(join(runDirectory, latencyLogName), 'utf8')
      .catch(() => latencyLogOf(record, runDirectory)); // a record from before there was one
    if (log !== null) logs.push(log);
  }
  return logs.length === 0 ? null : joinLogs(logs);
}

/** The spectra that lie beside a record; none where there is no log. @throws {Error} if damaged. */
export async function readSpectra(
  record: RunRecord, runDirectory: string,
): Promise<LatencySpectrum[]> {
  const text = await readFile(join(runDirectory, latencyLogName), 'utf8').catch(() => '');
  const lines = linesByTag(text);
  // Only these are shown: reading a histogram takes a millisecond.
  const shown = groupCells(record).flatMap((group) => rateCell(group) ?? []);
  return shown.flatMap(({ id }): LatencySpectrum[] => {
    const line = lines.get(tagOf(id));
    if (line === undefined) return [];
    const { histogram } = sumOfLogs([line]);
    return [{
      cell: id, count: histogram.totalCount,
      valuesUs: spectrumPercentiles.map((each) => histogram.getValueAtPercentile(each)),
    }];
  });
}
