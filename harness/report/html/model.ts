// What the sections of the page show: the groups of the record with their figures, worked out once.

import { noFacts, promiseRule } from '../../checkers/promise.ts';
import { worstVerdict } from '../aggregate.ts';
import type { CellRecord, CutRecord, Estimate, LatencyUs, RunRecord } from '../record.ts';
import { groupCells, rateCell } from '../summary.ts';
import type { Group } from '../summary.ts';
import type { Verdict } from '../../plan/events.ts';
import type { CrashModel } from '../../plan/scenario.ts';
import { lookOf } from './chart.ts';
import type { Look } from './chart.ts';

/** One target with one setting, over all its scenarios. */
export interface Entry {
  readonly target: string;
  readonly setting: string;
  /** The setting alone where the record has one target, else with the target before it. */
  readonly label: string;
  readonly look: Look;
  readonly cells: readonly CellRecord[];
  readonly verdict: Verdict;
  readonly rate: { readonly perSecond: Estimate; readonly limited: boolean } | null;
  readonly latencyUs: LatencyUs | null;
  readonly losses: readonly CrashLosses[];
  /** Recoveries by size, ascending. */
  readonly recoveries: readonly Recovery[];
}

/** All instants of one crash model that could be judged, with what they cost. */
export interface CrashLosses {
  readonly crash: CrashModel;
  /** Runs: instants of one run are not independent. */
  readonly runs: number;
  readonly runsWithLoss: number;
  readonly instants: readonly Instant[];
  /** The worst of each figure, by the loss curve too: it knows instants that were not booted. */
  readonly worst: Instant;
  /** Longest window that the setting promises when syncs are quick, ms; null: no bound. */
  readonly boundMs: number | null;
  /** Everything acknowledged before the worst instant was lost. */
  readonly isAll: boolean;
}

/** What one instant lost. */
export interface Instant {
  readonly writes: number;
  readonly bytes: number;
  readonly windowMs: number;
}

/** How long a start took with so much data. */
export interface Recovery {
  /** Keys before the load; with 0 the load itself is all there is. */
  readonly keys: number;
  readonly bytes: number | null;
  readonly trials: number;
  readonly estimate: Estimate;
  readonly phases: NonNullable<CellRecord['recoveryMs']>['phases'];
}

/** The record as the sections read it. */
export interface Model {
  readonly record: RunRecord;
  readonly targets: readonly string[];
  readonly entries: readonly Entry[];
}

/** Works the groups of a record out. */
export function modelOf(record: RunRecord): Model {
  const groups = groupCells(record);
  const targets = [...new Set(groups.map((group) => group.target))];
  return { record, targets, entries: groups.map((group) => entryOf(group, targets)) };
}

/** The entries of each target that has any. */
export function entriesByTarget(
  { targets }: Model, entries: readonly Entry[],
): { readonly target: string; readonly entries: readonly Entry[] }[] {
  return targets
    .map((target) => ({ target, entries: entries.filter((entry) => entry.target === target) }))
    .filter((part) => part.entries.length > 0);
}

/** The crash models that losses were judged under, in the order of the record. */
export function crashesOf({ entries }: Model): CrashModel[] {
  return [...new Set(entries.flatMap(({ losses }) => losses.map(({ crash }) => crash)))];
}

/** The worst of each figure, not all of the same instant; zeros for none. */
function worstOf(instants: readonly Instant[]): Instant {
  const worst = { writes: 0, bytes: 0, windowMs: 0 };
  for (const { writes, bytes, windowMs } of instants) {
    worst.writes = Math.max(worst.writes, writes);
    worst.bytes = Math.max(worst.bytes, bytes);
    worst.windowMs = Math.max(worst.windowMs, windowMs);
  }
  return worst;
}

/** How a crash model is called in sentences: `a power cut`. */
export const crashWords: Readonly<Record<CrashModel, string>> = {
  'process': 'process crash', 'power': 'power cut', 'power-torn': 'power cut with torn writes',
  'block': 'power cut of a real file system',
};

function entryOf(group: Group, targets: readonly string[]): Entry {
  const { target, setting, cells } = group;
  const fastest = rateCell(group);
  const crashes = [...new Set(cells.map((cell) => cell.crash))];
  return {
    target, setting, cells,
    label: targets.length > 1 ? `${target} ${setting}` : setting,
    look: lookOf(group, targets),
    verdict: worstVerdict(cells.map((cell) => cell.verdict)),
    rate: fastest === null || fastest.qps === null ? null
      : { perSecond: fastest.qps, limited: fastest.generatorLimited },
    latencyUs: fastest?.latencyUs ?? null,
    losses: crashes.flatMap((crash) => lossesOf(crash, cells) ?? []),
    recoveries: recoveriesOf(cells),
  };
}

function lossesOf(crash: CrashModel, cells: readonly CellRecord[]): CrashLosses | null {
  const own = cells.filter((cell) => cell.crash === crash);
  const [first] = own;
  const runs = own.flatMap((cell) => cell.perTrial)
    .map((trial) => trial.cuts.filter((cut) => cut.loss !== null && cut.verdict !== 'inconclusive'))
    .filter((cuts) => cuts.length > 0);
  if (runs.length === 0 || first === undefined) return null;
  const rule = promiseRule({ ...first.config, crash, target: first.target.name }, noFacts);
  const cuts = runs.flat();
  const instants = cuts.flatMap((cut) => cut.loss ?? []);
  const curves = own.flatMap((cell) => cell.perTrial)
    .flatMap((trial) => trial.curve?.maximum ?? []);
  const worst = worstOf([...instants, ...curves]);
  const most = worst.writes;
  return {
    crash,
    runs: runs.length,
    runsWithLoss: runs.filter((each) => each.some((cut) => lostBy(cut) > 0)).length,
    instants,
    worst,
    boundMs: rule.kind === 'zero-lost' ? 0 : rule.kind === 'window' ? rule.boundMs : null,
    isAll: most > 0 && cuts.some((cut) => lostBy(cut) === most && cut.acknowledged === most),
  };
}

function lostBy(cut: CutRecord): number {
  return cut.loss?.writes ?? 0;
}

/** One recovery a size: that of the cell that asked for it, else of the one with most trials. */
function recoveriesOf(cells: readonly CellRecord[]): Recovery[] {
  const best = new Map<number, CellRecord>();
  for (const cell of cells.filter(({ recoveryMs }) => recoveryMs !== null)) {
    const found = best.get(cell.preloadKeys);
    if (found === undefined || recoveryRank(cell) > recoveryRank(found)) {
      best.set(cell.preloadKeys, cell);
    }
  }
  return [...best.values()]
    .flatMap(({ preloadKeys, files, trials, recoveryMs }): Recovery[] => (
      recoveryMs === null ? [] : [{
        keys: preloadKeys,
        bytes: files === null ? null : files.rdbBytes + files.aofBytes,
        trials,
        estimate: recoveryMs,
        phases: recoveryMs.phases,
      }]
    ))
    .sort((one, other) => one.keys - other.keys);
}

function recoveryRank(cell: CellRecord): number {
  return (cell.measures.includes('recovery') ? 1e6 : 0) + cell.trials;
}
