// Trials → cell records → the run record. Statistics count trials: instants of one trial are not
// independent, so a trial enters each figure once.

import type { Verdict } from '../plan/events.ts';
import type { Cell, Plan } from '../plan/plan.ts';
import { estimateMedian, quantileWithBounds, shareBounds } from '../metrics/bounds.ts';
import { median } from '../metrics/statistics.ts';
import { estimatesOf } from './cell-metrics.ts';
import { acrossCells, furtherTrialsOf, outliersOf } from './comparisons.ts';
import { recordSchema } from './record.ts';
import { deciding, generatorLimit, worstVerdict } from './verdicts.ts';
import type { Judged } from './verdicts.ts';
import type {
  CellRecord, CutRecord, Estimate, FailureRecord, FileSizes, FindingRecord, LatencyUs, LossRecord,
  RecoveryRecord, RunRecord, Spread, TestbedRecord, TrialRecord, WindowQuantiles,
} from './record.ts';

/** A finished trial and the cell it belongs to. */
export interface CellTrial {
  readonly cell: Cell;
  readonly record: TrialRecord;
}

/** Everything a run found out. */
export interface RunResults {
  readonly id: string;
  readonly startedAt: string;
  readonly tookMs: number;
  readonly interrupted: boolean;
  readonly plan: Plan;
  /** Version of Plugpull. */
  readonly version: string;
  /** Version of each target, by name. */
  readonly targetVersions: Readonly<Record<string, string>>;
  readonly testbed: TestbedRecord;
  /** In any order. */
  readonly trials: readonly CellTrial[];
}

/** Puts the record of a run together. Cells that an interrupted run did not reach are left out. */
export function buildRunRecord(results: RunResults): RunRecord {
  const { id, startedAt, tookMs, interrupted, plan, testbed } = results;
  const cells = plan.cells
    .map((cell) => aggregateCell(cell, {
      trials: recordsOf(cell, results.trials),
      version: results.targetVersions[cell.target] ?? 'unknown',
    }))
    .filter((cell) => !interrupted || cell.perTrial.length > 0);
  return {
    schema: recordSchema,
    id,
    plugpull: results.version,
    verdict: runVerdict(cells, interrupted),
    interrupted,
    seed: plan.seed,
    startedAt,
    tookMs: Math.round(tookMs),
    plannedTrials: plan.trials.length,
    ...(plan.shard === undefined ? {} : { shard: plan.shard }),
    testbed,
    cells,
    ...acrossCells(cells),
    skipped: plan.skipped.map(({ setting, ...cell }) => ({ ...cell, ...setting })),
    failures: results.trials.flatMap((trial) => failureOf(trial, plan)),
  };
}

/** What the trials of a cell come to. */
export function aggregateCell(
  cell: Cell,
  { trials, version }: { trials: readonly TrialRecord[]; version: string },
): CellRecord {
  const estimate = (values: readonly number[]): Estimate | null => (
    values.length === 0 ? null : estimateMedian(values)
  );
  const whole = trials.filter((trial) => trial.error === null);
  const rates = whole.flatMap((trial) => trial.qps ?? []);
  const limited = whole.filter((trial) => trial.qps !== null && trial.generatorLimited).length;
  const generatorLimited = limited > 0 && 2 * limited >= rates.length;
  const recovery = whole.flatMap(trialRecovery);
  const ready = estimate(recovery.map((phases) => phases.firstWriteMs));
  return {
    id: cell.id,
    scenario: cell.scenario,
    target: { name: cell.target, version },
    config: configOf(cell),
    crash: cell.crash,
    ...(cell.study === null ? {} : { study: cell.study }),
    preloadKeys: cell.preloadKeys,
    load: cell.load,
    measures: cell.measures,
    syncDelayMs: cell.syncDelayMs,
    trials: whole.length,
    writes: { acknowledged: sum(whole.map((trial) => trial.acknowledged)) },
    qps: estimate(rates),
    generatorLimited,
    furtherTrials: furtherTrialsOf(rates),
    outliers: outliersOf(whole),
    latencyUs: medianLatency(whole.flatMap((trial) => trial.latencyUs ?? [])),
    latencyWithOutageUs: medianLatency(whole.flatMap((trial) => trial.latencyWithOutageUs ?? [])),
    cpuUsPerOp: medianOrNull(whole.flatMap((trial) => trial.serverCpuUsPerOp ?? [])),
    recoveryMs: ready === null ? null : { ...ready, phases: medianPhases(recovery) },
    loss: lossOf(whole),
    files: medianFiles(whole.flatMap((trial) => trial.files ?? [])),
    estimates: estimatesOf({ perTrial: trials }),
    promise: trials.find((trial) => trial.promise !== '')?.promise ?? '',
    verdict: worstVerdict([
      ...deciding(trials.map(judgedTrial)).map((trial) => trial.verdict),
      ...(isOpen(cell, whole) ? ['inconclusive' as const] : []),
    ]),
    findings: distinctFindings(trials),
    perTrial: trials,
  };
}

/**
 * Upper end of the exact one-sided 95 % interval of a share of which none was seen in `runs`
 * independent runs: 1 - 0.05^(1/runs). The rule of three (3 / runs) is its limit for many runs.
 */
export function zeroSeenUpperBound95(runs: number): number {
  return runs < 1 ? 1 : 1 - 0.05 ** (1 / runs);
}

/** Everything that was found in a trial: by the curve, then at the instants that were booted. */
export function findingsOf({ curve, cuts }: TrialRecord): FindingRecord[] {
  return [...curve?.findings ?? [], ...cuts.flatMap((cut: CutRecord) => cut.findings)];
}

function judgedTrial(trial: TrialRecord): Judged {
  return { verdict: trial.verdict, findings: trial.error === null ? findingsOf(trial) : [] };
}

function runVerdict(cells: readonly CellRecord[], interrupted: boolean): Verdict {
  const found = cells.map((cell) => cell.verdict);
  return worstVerdict(interrupted ? [...found, 'inconclusive'] : found);
}

/**
 * Whether the speed that a cell was asked for is not known, since in half of its trials the
 * generator was the limit or the rate was not reached. Only where nothing else was asked: else the
 * rest was answered, and notes.ts says the limit.
 */
function isOpen(cell: Cell, whole: readonly TrialRecord[]): boolean {
  // A study judges by itself whether the generator hid what was looked for.
  if (cell.study !== null || cell.measures.some((measure) => measure !== 'qps')) return false;
  return generatorLimit(whole) !== null;
}

function recordsOf(cell: Cell, trials: readonly CellTrial[]): TrialRecord[] {
  return trials
    .filter((trial) => trial.cell.id === cell.id)
    .map((trial) => trial.record)
    .sort((one, other) => one.index - other.index);
}

function configOf(cell: Cell): CellRecord['config'] {
  const directives = Object.fromEntries(cell.directives);
  const faults = cell.faultText === '' ? {} : { faults: cell.faultText };
  return { ...cell.setting, save: directives['save'] ?? '', directives, ...faults };
}

/** The recovery of a trial: the middle of its instants, phase by phase. */
function trialRecovery(trial: TrialRecord): RecoveryRecord[] {
  const recoveries = trial.cuts.flatMap((cut) => cut.recovery ?? []);
  if (recoveries.length === 0) return [];
  const phases = medianPhases(recoveries);
  return [{
    listeningMs: phases.listening,
    firstReadMs: phases.firstRead,
    firstWriteMs: phases.firstWrite,
    loadingMs: phases.loading,
  }];
}

type Phases = NonNullable<CellRecord['recoveryMs']>['phases'];

function medianPhases(recoveries: readonly RecoveryRecord[]): Phases {
  return {
    listening: median(recoveries.map((phases) => phases.listeningMs)),
    firstRead: median(recoveries.map((phases) => phases.firstReadMs)),
    firstWrite: median(recoveries.map((phases) => phases.firstWriteMs)),
    loading: medianOrNull(recoveries.flatMap((phases) => phases.loadingMs ?? [])),
  };
}

function lossOf(trials: readonly TrialRecord[]): CellRecord['loss'] {
  const judged = trials.map(lossesOf).filter((losses) => losses !== null);
  if (judged.length === 0) return null;
  const spread = (read: (loss: LossRecord) => number): Spread => ({
    median: median(judged.map(({ usual }) => median(usual.map(read)))),
    max: Math.max(...judged.flatMap(({ worst }) => worst).map(read)),
  });
  const runsWithLoss = judged
    .filter(({ worst }) => worst.some((loss) => loss.writes > 0)).length;
  return {
    writes: spread((loss) => loss.writes),
    bytes: spread((loss) => loss.bytes),
    windowMs: spread((loss) => loss.windowMs),
    windowMsQuantiles: windowQuantiles(
      judged.map(({ usual }) => median(usual.map((loss) => loss.windowMs)))),
    runs: judged.length,
    runsWithLoss,
    instants: sum(judged.map(({ instants }) => instants)),
    upperBound95: runsWithLoss === 0 ? zeroSeenUpperBound95(judged.length) : null,
    shareBounds95: shareBounds(runsWithLoss, { trials: judged.length }),
  };
}

const leastForQuantiles = 6;

function windowQuantiles(windowsMs: readonly number[]): WindowQuantiles | null {
  if (windowsMs.length < leastForQuantiles) return null;
  return {
    p50: quantileWithBounds(windowsMs, { fraction: 0.5 }),
    p90: quantileWithBounds(windowsMs, { fraction: 0.9 }),
  };
}

interface TrialLosses {
  /** Whose middle is the loss of the trial. */
  readonly usual: readonly LossRecord[];
  /** The greatest of these is its worst. */
  readonly worst: readonly LossRecord[];
  readonly instants: number;
}

/** The losses of the booted instants; of all instants where the curve knows them. */
function lossesOf({ cuts, curve }: TrialRecord): TrialLosses | null {
  // A crash that did not happen, or that nobody could judge, is no run in which nothing was lost.
  const booted = cuts.filter((cut) => cut.verdict !== 'inconclusive')
    .flatMap((cut) => cut.loss ?? []);
  if (booted.length === 0) return null;
  if (curve === null) return { usual: booted, worst: booted, instants: booted.length };
  return { usual: [curve.p50], worst: [curve.maximum, ...booted], instants: curve.instants };
}

function medianLatency(all: readonly LatencyUs[]): LatencyUs | null {
  if (all.length === 0) return null;
  return {
    p50: median(all.map((latency) => latency.p50)),
    p99: median(all.map((latency) => latency.p99)),
    p999: median(all.map((latency) => latency.p999)),
    max: Math.max(...all.map((latency) => latency.max)),
  };
}

function medianFiles(all: readonly FileSizes[]): FileSizes | null {
  if (all.length === 0) return null;
  return {
    rdbBytes: Math.round(median(all.map((files) => files.rdbBytes))),
    aofBytes: Math.round(median(all.map((files) => files.aofBytes))),
  };
}

/** Each text once, those that break the promise first; every occurrence is in perTrial. */
function distinctFindings(trials: readonly TrialRecord[]): FindingRecord[] {
  const seen = new Map<string, FindingRecord>();
  for (const finding of trials.flatMap(findingsOf)) {
    const key = `${finding.breaks} ${finding.kind} ${finding.text}`;
    if (!seen.has(key)) seen.set(key, finding);
  }
  return [...seen.values()].sort((one, other) => Number(other.breaks) - Number(one.breaks));
}

function failureOf({ cell, record }: CellTrial, plan: Plan): FailureRecord[] {
  if (record.verdict !== 'fail') return [];
  const findings = findingsOf(record);
  const text = findings.find((finding) => finding.breaks)?.text ?? record.error ?? 'no words';
  const { id, seed, index } = { id: cell.id, ...record };
  return [{ cell: id, index, seed, text, repro: reproOf(cell, plan) }];
}

/** The command that runs the cell again; its trials keep their seeds, whatever else is left out. */
function reproOf(cell: Cell, plan: Plan): string {
  const { persist, appendfsync } = cell.setting;
  const words = ['plugpull', 'run', cell.source, '--target', cell.target, '--persist', persist];
  if (appendfsync !== null) words.push('--fsync', appendfsync);
  words.push('--crash', cell.crash);
  if (cell.fileSystem !== null) words.push('--fs', cell.fileSystem);
  if (cell.faultText !== '') words.push('--fault', cell.faultText);
  words.push(...plan.flags, '--seed', String(plan.seed));
  return words.map(shellWord).join(' ');
}

function shellWord(word: string): string {
  return /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", String.raw`'\''`)}'`;
}

function medianOrNull(values: readonly number[]): number | null {
  return values.length === 0 ? null : median(values);
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}
