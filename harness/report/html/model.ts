// What the sections of the page show: the groups of the record with their figures, worked out once.

import { noFacts, promiseRule } from '../../checkers/promise.ts';
import { worstVerdict } from '../verdicts.ts';
import type { CellRecord, CutRecord, Estimate, LatencyUs, RunRecord } from '../record.ts';
import { groupCells, rateCell } from '../summary.ts';
import type { Group } from '../summary.ts';
import type { Verdict } from '../../plan/events.ts';
import type { CrashModel, FileSystem } from '../../plan/scenario.ts';
import { median } from '../../metrics/statistics.ts';
import { lookOf } from './chart.ts';
import type { Look } from './chart.ts';

export { crashWords } from '../promise-bounds.ts';

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
  /** Id of the cell that rate and latency come from. */
  readonly rateCell: string | null;
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
  /** From spawn to the first answered write, ms. */
  readonly estimate: Estimate;
  readonly phases: NonNullable<CellRecord['recoveryMs']>['phases'];
  /** The real file system that came back before the server; null: none. */
  readonly fileSystem: FileSystem | null;
  /** Mounting it with the replay of its journal, ms, before the spawn; 0 without one. */
  readonly mountMs: number;
  /** From spawn until 95 % of the former write rate were back, ms; null: not measured. */
  readonly backMs: number | null;
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
    rateCell: fastest?.id ?? null,
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

/** One recovery a size and file system: of the cell that asked for it, else of the most trials. */
export function recoveriesOf(cells: readonly CellRecord[]): Recovery[] {
  const best = new Map<string, CellRecord>();
  for (const cell of cells.filter(({ recoveryMs }) => recoveryMs !== null)) {
    const key = `${cell.preloadKeys} ${fileSystemOf(cell) ?? ''}`;
    const found = best.get(key);
    if (found === undefined || recoveryRank(cell) > recoveryRank(found)) best.set(key, cell);
  }
  return [...best.values()].flatMap(recoveryOf)
    .sort((one, other) => one.keys - other.keys || one.mountMs - other.mountMs);
}

function recoveryOf(cell: CellRecord): Recovery[] {
  const { preloadKeys: keys, files, trials, recoveryMs, perTrial } = cell;
  if (recoveryMs === null) return [];
  const mounts = perTrial.flatMap(({ cuts }) => cuts.flatMap(({ block }) => block?.mountMs ?? []));
  const backs = perTrial.flatMap(({ study }) => (
    study?.kind === 'recovery' ? study.backMs ?? [] : []));
  return [{
    keys, trials, estimate: recoveryMs, phases: recoveryMs.phases,
    bytes: files === null ? null : files.rdbBytes + files.aofBytes,
    fileSystem: fileSystemOf(cell),
    mountMs: mounts.length === 0 ? 0 : median(mounts),
    backMs: backs.length === 0 ? null : median(backs),
  }];
}

function fileSystemOf({ perTrial }: CellRecord): FileSystem | null {
  const [block] = perTrial.flatMap(({ cuts }) => cuts.flatMap((cut) => cut.block ?? []));
  return block?.fileSystem ?? null;
}

function recoveryRank(cell: CellRecord): number {
  return (cell.measures.includes('recovery') ? 1e6 : 0) + cell.trials;
}
