// The HTML report with what lies beside the record: reads the time series of trials and the library
// that draws them, and puts the page together.

import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { isAbsolute, join, normalize } from 'node:path';
import * as v from 'valibot';
import { htmlReport } from './html/page.ts';
import type { PageInput } from './html/page.ts';
import { seriesMax } from './html/sections/timeline.ts';
import type { Span, TimeSeries } from './html/sections/timeline.ts';
import type { RunRecord, TrialRecord } from './record.ts';

/** The sections that need more than the run itself, and what is known to be missing. */
export type PageExtras = Partial<Pick<PageInput, 'problems' | 'change' | 'trend'>>;

/**
 * The page of a run. `runDirectory` holds the files that the record names; what cannot be read of
 * them is said on the page.
 */
export async function renderHtml(
  record: RunRecord, runDirectory: string, extras: PageExtras = {},
): Promise<string> {
  const problems = [...extras.problems ?? []];
  const series = await readSeries(record, runDirectory, problems);
  return htmlReport({
    record, problems, series,
    plotLibrary: series.length === 0 ? { script: '', style: '' } : await readPlotLibrary(),
    change: extras.change ?? null,
    trend: extras.trend ?? null,
  });
}

/** Name of the artefact that holds the time series of a trial, a JSON file. */
const seriesArtefact = 'series';

const points = v.array(v.pipe(v.number(), v.minValue(0)));
const pointsOrNull = v.array(v.nullable(v.pipe(v.number(), v.minValue(0))));
const seriesSchema = v.object({
  stepMs: v.pipe(v.number(), v.minValue(1)),
  acknowledged: points,
  p50Us: pointsOrNull,
  p99Us: pointsOrNull,
  spans: v.optional(v.array(v.object({
    kind: v.picklist(['snapshot', 'rewrite']), fromMs: v.number(), toMs: v.number(),
  })), []),
});

async function readSeries(
  { cells }: RunRecord, runDirectory: string, problems: string[],
): Promise<TimeSeries[]> {
  const wanted = cells
    .flatMap((cell) => cell.perTrial.map((trial) => ({ cell: cell.id, trial })))
    .flatMap(({ cell, trial }) => {
      const path = trial.artefacts[seriesArtefact];
      return path === undefined ? [] : [{ cell, trial, path }];
    });
  const found: TimeSeries[] = [];
  for (const { cell, trial, path } of wanted.slice(0, seriesMax)) {
    try {
      const text = await readFile(pathInside(runDirectory, path), 'utf8');
      const series = v.parse(seriesSchema, JSON.parse(text));
      const spans = [...series.spans, ...crashSpan(trial)];
      found.push({ ...series, cell, index: trial.index, spans });
    } catch (error) {
      const words = error instanceof Error ? error.message : String(error);
      problems.push(`The time series of ${cell}, trial ${trial.index + 1}, cannot be read: `
        + `${path}: ${words}`);
    }
  }
  return found;
}

/** @throws {Error} for a path that leads out of the folder of the run. */
function pathInside(runDirectory: string, path: string): string {
  const own = normalize(path);
  if (isAbsolute(own) || own.startsWith('..')) throw new Error('it leads out of the run\'s folder');
  return join(runDirectory, own);
}

function crashSpan({ crashAtMs, outageMs }: TrialRecord): Span[] {
  if (outageMs === null) return [];
  return [{ kind: 'crash', fromMs: crashAtMs, toMs: crashAtMs + outageMs }];
}

async function readPlotLibrary(): Promise<PageInput['plotLibrary']> {
  const { resolve } = createRequire(import.meta.url);
  const [script, style] = await Promise.all(['iife.min.js', 'min.css'].map((name) => (
    readFile(resolve(`uplot/dist/uPlot.${name}`), 'utf8'))));
  return { script: script ?? '', style: style ?? '' };
}
