// A soak: trials of random settings, faults and kills until the time is over, a line each; beside
// them an engine that lives all the time. The record is that of any run.

import fs from 'node:fs';
import path from 'node:path';
import { hold } from '../holdings/holdings.ts';
import type { RunEvent } from '../plan/events.ts';
import { planRun } from '../plan/plan.ts';
import type { Cell } from '../plan/plan.ts';
import { worstVerdict } from '../report/verdicts.ts';
import type { CellRecord, RunRecord } from '../report/record.ts';
import { runPlan } from '../run/run.ts';
import type { Target, TargetName } from '../targets/target.ts';
import { Companion, openFilesOf } from './companion.ts';
import { drawScenario } from './draw.ts';
import { growthOf } from './growth.ts';
import type { Growth, GrowthSample } from './growth.ts';

/** What to do. */
export interface SoakOptions {
  readonly id: string;
  readonly startedAt: string;
  readonly durationMs: number;
  readonly seed: number;
  readonly runDirectory: string;
  readonly wanted: readonly TargetName[];
  readonly targets: Readonly<Record<TargetName, Target>>;
  readonly unsupported: (cell: Cell) => string | null;
  readonly signal: AbortSignal;
  /** One line for each trial, and others. */
  readonly say: (line: string) => void;
}

/** What came of it. */
export interface SoakResult {
  /** Null when not one trial ended. */
  readonly record: RunRecord | null;
  readonly trials: number;
  /** Of this process, and of the engine that lived all the time. */
  readonly growth: { readonly harness: Growth; readonly engine: Growth };
}

/**
 * Runs until the time is over or the signal says so.
 * @throws {HarnessError} ENVIRONMENT when disk or target fail before a trial.
 */
export async function soak(options: SoakOptions): Promise<SoakResult> {
  const { runDirectory, signal, durationMs } = options;
  const work = path.join(runDirectory, 'work');
  const release = hold({ kind: 'folder', path: work });
  fs.mkdirSync(work, { recursive: true });
  const companion = await Companion.start(work);
  const samples: { harness: GrowthSample[]; engine: GrowthSample[] } = { harness: [], engine: [] };
  const startedMs = performance.now();
  const elapsedMs = (): number => performance.now() - startedMs;
  let record: RunRecord | null = null;
  let trials = 0;
  try {
    for (let number = 1; elapsedMs() < durationMs && !signal.aborted; number++) {
      const one = await trial(options, number, work);
      if (one !== null) {
        trials += 1;
        record = joined(record, one, elapsedMs());
      }
      await companion.turn();
      look(samples, companion, elapsedMs());
    }
  } finally {
    await companion.stop();
    fs.rmSync(work, { recursive: true, force: true });
    release();
  }
  return {
    record: record === null ? null
      : { ...record, seed: options.seed, interrupted: signal.aborted },
    trials,
    growth: { harness: growthOf(samples.harness), engine: growthOf(samples.engine) },
  };
}

/** One trial; null when this machine cannot run what was drawn. */
async function trial(
  options: SoakOptions, number: number, work: string,
): Promise<RunRecord | null> {
  const { seed, wanted, unsupported, targets, signal, id, startedAt, say, runDirectory } = options;
  const scenario = drawScenario({ seed, number, targets: wanted });
  const plan = planRun({
    scenarios: [{ scenario, source: scenario.name }], seed: (seed + number) >>> 0, unsupported,
  });
  const [cell] = plan.cells;
  if (cell === undefined) return null;
  const folder = path.join(runDirectory, 'trials', String(number));
  fs.mkdirSync(folder, { recursive: true });
  const record = await runPlan(plan, {
    id, startedAt, runDirectory: folder, workDirectory: path.join(work, 'trial'), targets, signal,
    onEvent: (event: RunEvent) => {
      if (event.kind !== 'trial-finished') return;
      say(`${number}  ${event.verdict}  ${cell.id.replace(`${scenario.name}/`, '')}`
        + `  ${event.summary}`);
    },
  });
  if (record.cells.length === 0) return null;
  if (record.verdict === 'fail') return withFolder(record, path.join('trials', String(number)));
  // Hours of files that nobody asks for; the figures are in the record.
  fs.rmSync(folder, { recursive: true, force: true });
  return { ...record, cells: record.cells.map(slim) };
}

function slim(cell: CellRecord): CellRecord {
  return {
    ...cell,
    perTrial: cell.perTrial.map((each) => ({ ...each, artefacts: {}, coverage: [] })),
  };
}

/** Paths of files as seen from the folder of the soak. */
function withFolder(record: RunRecord, folder: string): RunRecord {
  return {
    ...record,
    cells: record.cells.map((cell) => ({
      ...cell,
      perTrial: cell.perTrial.map((each) => ({
        ...each,
        artefacts: Object.fromEntries(Object.entries(each.artefacts)
          .map(([name, file]) => [name, path.join(folder, file)])),
      })),
    })),
  };
}

function joined(whole: RunRecord | null, one: RunRecord, tookMs: number): RunRecord {
  if (whole === null) return { ...one, tookMs };
  return {
    ...whole, tookMs,
    verdict: worstVerdict([whole.verdict, one.verdict]),
    plannedTrials: whole.plannedTrials + one.plannedTrials,
    testbed: {
      ...whole.testbed, fsyncUsAfter: one.testbed.fsyncUsAfter,
      fdatasyncUsAfter: one.testbed.fdatasyncUsAfter,
    },
    cells: [...whole.cells, ...one.cells],
    failures: [...whole.failures, ...one.failures],
  };
}

function look(
  samples: { harness: GrowthSample[]; engine: GrowthSample[] }, companion: Companion, atMs: number,
): void {
  samples.harness.push({
    atMs, rssBytes: process.memoryUsage.rss(), openFiles: openFilesOf(process.pid),
  });
  const engine = companion.look();
  if (engine !== null) samples.engine.push({ atMs, ...engine });
}
