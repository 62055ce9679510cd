// A trial of real processes that broke a promise, made smaller as long as the same promise breaks:
// less load, fewer clients and keys, no faults and no background work.
//
// Real processes do not repeat themselves as a simulation does. A smaller trial counts when it was
// run and failed with the same kind of finding; that it passed once proves nothing, so a bug that
// shows rarely may stay as large as it was found.

import { parseFaults } from '../faults/faults.ts';
import type { Trial } from '../plan/plan.ts';
import type { Load } from '../plan/scenario.ts';
import { findingsOf } from '../report/aggregate.ts';
import type { FindingRecord, TrialRecord } from '../report/record.ts';

/** The smallest trial that failed likewise. */
export interface ShrunkTrial {
  /** Null: none that is smaller did. */
  readonly trial: Trial | null;
  readonly findings: readonly FindingRecord[];
  /** Smaller trials that were run. */
  readonly attempts: number;
}

/** How to run a smaller trial; null: it could not be run, or may not any more. */
export type RunSmaller = (trial: Trial) => Promise<TrialRecord | null>;

const leastLoadMs = 200;
const fewClients = 4;
const fewKeysPerClient = 25;
const fewImages = 2;

/** Makes a failing trial smaller, running at most so many others. */
export async function shrinkTrial(
  { trial, record }: { trial: Trial; record: TrialRecord }, run: RunSmaller, attemptsMax: number,
): Promise<ShrunkTrial> {
  const kind = kindOf(record);
  let smallest: Trial | null = null;
  let findings: readonly FindingRecord[] = [];
  const tried = new Set<string>();
  for (let attempts = 0; ; attempts++) {
    const next: Trial | undefined = smallerTrials(smallest ?? trial)
      .find((each) => !tried.has(JSON.stringify(each)));
    const isOver = next === undefined || attempts === attemptsMax;
    if (isOver) return { trial: smallest, findings, attempts };
    tried.add(JSON.stringify(next));
    const result = await run(next);
    if (result === null) return { trial: smallest, findings, attempts };
    if (result.verdict !== 'fail' || kindOf(result) !== kind) continue;
    [smallest, findings] = [next, findingsOf(result)];
  }
}

function kindOf(record: TrialRecord): string {
  return findingsOf(record).find(({ breaks }) => breaks)?.kind ?? 'none';
}

/** Trials that are smaller, the largest step first. */
export function smallerTrials(trial: Trial): Trial[] {
  const { load, faults } = trial.cell;
  const clients = Math.min(load.clients, fewClients);
  const few: Partial<Load> = {
    clients, pipeline: 1, keys: Math.min(load.keys, clients * fewKeysPerClient), readShare: 0,
    ratePerSecond: null, ratePercent: null, valueSizes: 'fixed', distribution: 'uniform',
  };
  const quiet = { ...trial, snapshotsAtMs: [], rewritesAtMs: [] };
  const withoutFaults = faults.map((_, at) => without(trial, at));
  const candidates = [
    shorter(withLoad(quiet, few), 4),
    withLoad(trial, few), quiet, shorter(trial, 4), shorter(trial, 2), ...withoutFaults,
    withLoad(trial, { keys: few.keys as number, clients }), withLoad(trial, { pipeline: 1 }),
  ];
  const own = JSON.stringify(trial);
  return candidates.filter((each) => JSON.stringify(each) !== own);
}

function withLoad(trial: Trial, change: Partial<Load>): Trial {
  const { cell } = trial;
  return { ...trial, cell: { ...cell, load: { ...cell.load, ...change } } };
}

/** With a part of the load, all moments moved with it. */
function shorter(trial: Trial, by: number): Trial {
  const { cell, crashAtMs } = trial;
  if (crashAtMs / by < leastLoadMs) return trial;
  const part = (milliseconds: number): number => Math.round(milliseconds / by);
  const { load } = cell;
  return {
    ...trial,
    crashAtMs: part(crashAtMs),
    snapshotsAtMs: trial.snapshotsAtMs.map(part),
    rewritesAtMs: trial.rewritesAtMs.map(part),
    cutFractions: trial.cutFractions.slice(0, fewImages),
    cell: {
      ...cell, cutInstants: Math.min(cell.cutInstants, fewImages),
      load: { ...load, warmupMs: part(load.warmupMs), durationMs: part(load.durationMs) },
    },
  };
}

function without(trial: Trial, at: number): Trial {
  const faultText = trial.cell.faultText.split('+').toSpliced(at, 1).join('+');
  // The others keep their moments, random ones, too.
  const faults = trial.faults.toSpliced(at, 1);
  return { ...trial, faults, cell: { ...trial.cell, faultText, faults: parseFaults(faultText) } };
}

/** What is smaller, in words: `load 1500 → 375 ms, clients 32 → 4`. */
export function smallerWords(whole: Trial, small: Trial): string {
  const rows = [
    ['kill at', whole.crashAtMs, small.crashAtMs, ' ms'],
    ['clients', whole.cell.load.clients, small.cell.load.clients, ''],
    ['pipeline', whole.cell.load.pipeline, small.cell.load.pipeline, ''],
    ['keys', whole.cell.load.keys, small.cell.load.keys, ''],
    ['value sizes', whole.cell.load.valueSizes, small.cell.load.valueSizes, ''],
    ['share of reads', whole.cell.load.readShare, small.cell.load.readShare, ''],
    ['faults', whole.cell.faultText || 'none', small.cell.faultText || 'none', ''],
    ['snapshots and rewrites', background(whole), background(small), ''],
  ] as const;
  return rows.filter(([, before, after]) => before !== after)
    .map(([what, before, after, unit]) => `${what} ${before} → ${after}${unit}`).join(', ');
}

function background({ snapshotsAtMs, rewritesAtMs }: Trial): number {
  return snapshotsAtMs.length + rewritesAtMs.length;
}
