// The HTML report with what lies beside the record: reads the time series of trials and the library
// that draws them, and puts the page together.

import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import * as v from 'valibot';
import { decodeCurve } from '../crash/curve/curve-file.ts';
import { reasonOf } from '../errors.ts';
import { htmlReport } from './html/page.ts';
import type { PageInput } from './html/page.ts';
import { curvesMax } from './html/sections/loss-curve.ts';
import type { LossCurve } from './html/sections/loss-curve.ts';
import { seriesMax } from './html/sections/timeline.ts';
import type { Span, TimeSeries } from './html/sections/timeline.ts';
import { pathInside } from './inside.ts';
import type { RunRecord, TrialRecord } from './record.ts';
import { latencyLogName, readSpectra } from './write-latency.ts';

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
    curves: await readCurves(record, runDirectory, problems),
    spectra: await readSpectra(record, runDirectory).catch((error: unknown) => {
      problems.push(`${latencyLogName} cannot be read: ${reasonOf(error)}`);
      return [];
    }),
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

function readSeries(
  record: RunRecord, runDirectory: string, problems: string[],
): Promise<TimeSeries[]> {
  const wanted = artefactsOf(record, seriesArtefact).slice(0, seriesMax);
  return readEach(wanted, { what: 'time series', problems }, async ({ cell, trial, path }) => {
    const text = await readFile(pathInside(runDirectory, path), 'utf8');
    const series = v.parse(seriesSchema, JSON.parse(text));
    const spans = [...series.spans, ...crashSpan(trial)];
    return { ...series, cell, index: trial.index, spans };
  });
}

/** Name of the artefact that holds the loss at every instant. */
const curveArtefact = 'curve';

function readCurves(
  record: RunRecord, runDirectory: string, problems: string[],
): Promise<LossCurve[]> {
  const wanted = artefactsOf(record, curveArtefact).slice(0, curvesMax);
  return readEach(wanted, { what: 'loss curve', problems }, async ({ cell, trial, path }) => {
    const file = pathInside(runDirectory, path);
    const { binMs, windowMs } = decodeCurve(await readFile(file), path);
    return { cell, index: trial.index, binMs, windowMs };
  });
}

interface Artefact {
  readonly cell: string;
  readonly trial: TrialRecord;
  readonly path: string;
}

/** The first trial of every cell before the second of any: then a limit leaves none out whole. */
function artefactsOf({ cells }: RunRecord, name: string): Artefact[] {
  return cells
    .flatMap((cell) => cell.perTrial.map((trial) => ({ cell: cell.id, trial })))
    .flatMap(({ cell, trial }) => {
      const path = trial.artefacts[name];
      return path === undefined ? [] : [{ cell, trial, path }];
    })
    .sort((one, other) => one.trial.index - other.trial.index);
}

async function readEach<TRead>(
  wanted: readonly Artefact[],
  { what, problems }: { readonly what: string; readonly problems: string[] },
  read: (artefact: Artefact) => Promise<TRead>,
): Promise<TRead[]> {
  const found: TRead[] = [];
  for (const artefact of wanted) {
    try {
      found.push(await read(artefact));
    } catch (error) {
      const { cell, trial, path } = artefact;
      problems.push(`The ${what} of ${cell}, trial ${trial.index + 1}, cannot be read: ${path}: `
        + reasonOf(error));
    }
  }
  return found;
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
