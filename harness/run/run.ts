// A run: every trial of the plan in its order, then the record. Ctrl-C keeps what was measured.

import fs from 'node:fs';
import path from 'node:path';
import { HarnessError } from '../errors.ts';
import { hold } from '../holdings/holdings.ts';
import { faults } from '../faults/faults.ts';
import type { Fault } from '../faults/fault.ts';
import { probeFsync } from '../metrics/fsync-probe.ts';
import { installation } from '../metrics/installation.ts';
import { describeTestbed, loadAverage, machineTicks, stealShare } from '../metrics/testbed.ts';
import type { RunEvent, RunOptions, TrialName } from '../plan/events.ts';
import type { Plan, Trial } from '../plan/plan.ts';
import { durationText } from '../plan/units.ts';
import { buildRunRecord, findingsOf } from '../report/aggregate.ts';
import { worstVerdict } from '../report/verdicts.ts';
import type { CellTrial } from '../report/aggregate.ts';
import type { ProbeRecord, RunRecord, TestbedRecord, TrialRecord } from '../report/record.ts';
import type { Target } from '../targets/target.ts';
import { keepFailure, keepShrunk } from './keep.ts';
import type { TrialSurroundings } from './load.ts';
import { Peaks } from './peak.ts';
import { shrinkTrial } from './shrink.ts';
import { groupsOf, inLanes } from './side-by-side.ts';
import type { PlacedTrial } from './side-by-side.ts';
import { runTrial } from './trial.ts';
import { innerWorkspace, makeWorkspace } from './workspace.ts';
import type { Workspace } from './workspace.ts';

/** What is rarely wanted: a fault of a test's own, the record while it grows. */
export interface RunVariant {
  readonly fault?: Fault;
  /**
   * The first failing trial of each cell is made smaller, running at most so many others; 0 unless
   * given. Not where several arms run in turn.
   */
  readonly shrinkAttempts?: number;
  /** Told after every trial; makes the record of what is there by then. */
  readonly onRecord?: (record: () => RunRecord) => void;
}

/**
 * Runs a plan and returns its record, partial after an interrupt.
 * @throws {HarnessError} ENVIRONMENT when a target or the disk fails before or during the run,
 *   DRIVER_FAILED when the load generator does.
 */
export async function runPlan(
  plan: Plan, options: RunOptions, variant: RunVariant = {},
): Promise<RunRecord> {
  const [record] = await runArms(plan, [options], variant);
  return record as RunRecord;
}

/**
 * Runs a plan for each of several arms, which differ in their targets, id and folder only, and
 * returns a record for each. Every trial is run for all arms before the next one, in turned order
 * from repetition to repetition (A B, B A, …), so that trial i of all of them met the same machine.
 * @throws {HarnessError} as `runPlan`.
 */
export async function runArms(
  plan: Plan, arms: readonly RunOptions[], variant: RunVariant = {},
): Promise<RunRecord[]> {
  const startedMs = Date.now();
  const [first] = arms;
  if (first === undefined) return [];
  const { workDirectory, onEvent, signal } = first;
  onEvent({
    kind: 'run-started', id: first.id, seed: plan.seed,
    trials: plan.trials.length * arms.length, estimatedMs: plan.estimatedMs * arms.length,
  });
  const releases = [...arms.map((arm) => arm.runDirectory), workDirectory]
    .map((path) => hold({ kind: 'folder', path }));
  fs.mkdirSync(workDirectory, { recursive: true });
  try {
    const versions = await Promise.all(arms.map((arm) => locateTargets(plan, arm)));
    const before = await lookAt(workDirectory);
    const recordsOf = (
      trials: readonly CellTrial[][], after: Look | null, interrupted: boolean,
    ): RunRecord[] => {
      const tookMs = Date.now() - startedMs;
      const testbed = testbedRecord(workDirectory, before, after);
      return arms.map((arm, at) => buildRunRecord({
        id: arm.id, startedAt: arm.startedAt, tookMs, interrupted, plan, testbed,
        version: installation.version, targetVersions: versions[at] ?? {}, trials: trials[at] ?? [],
      }));
    };
    const trials = await runTrials(plan, arms, {
      fault: variant.fault ?? null,
      shrinkAttempts: arms.length > 1 ? 0 : variant.shrinkAttempts ?? 0,
      onTrial: (done) => variant.onRecord?.(() => recordsOf(done, null, true)[0] as RunRecord),
    });
    const interrupted = signal.aborted;
    const after = interrupted ? null : await lookAt(workDirectory);
    const records = recordsOf(trials, after, interrupted);
    const tookMs = Date.now() - startedMs;
    const verdict = worstVerdict(records.map((record) => record.verdict));
    onEvent({ kind: 'run-finished', verdict, tookMs, interrupted });
    return records;
  } finally {
    fs.rmSync(workDirectory, { recursive: true, force: true });
    for (const release of releases) release();
  }
}

/** The trials of each arm. */
async function runTrials(
  plan: Plan, arms: readonly RunOptions[],
  { fault: given, shrinkAttempts, onTrial }: {
    readonly fault: Fault | null; readonly shrinkAttempts: number;
    readonly onTrial: (done: readonly CellTrial[][]) => void;
  },
): Promise<CellTrial[][]> {
  // By arm and by place in the plan.
  const found = arms.map((): (CellTrial | undefined)[] => []);
  const done = (): CellTrial[][] => found.map((own) => own.filter((each) => each !== undefined));
  // Shared, so that all arms are asked for the same rate.
  const peaks = new Peaks();
  const one = async ({ trial, position }: PlacedTrial): Promise<void> => {
    for (const at of turn(arms.length, trial.index)) {
      const options = arms[at] as RunOptions;
      if (options.signal.aborted) return;
      const workspace = makeWorkspace((arms[0] as RunOptions).workDirectory,
        `trial-${position}${arms.length === 1 ? '' : `-${at}`}`);
      try {
        const target = options.targets[trial.cell.target];
        const fault = given ?? (trial.cell.crash === 'block' ? faults.power : faults.kill);
        const isFirst = done()[at]?.every(({ cell, record: { verdict } }) => (
          cell.id !== trial.cell.id || verdict !== 'fail')) === true;
        const record = await watched(trial, {
          options, target, fault, workspace, peaks, shrinkAttempts: isFirst ? shrinkAttempts : 0,
        });
        (found[at] as CellTrial[])[position] = { cell: trial.cell, record };
        onTrial(done());
      } catch (error) {
        if (!(error instanceof HarnessError) || error.code !== 'INTERRUPTED') throw error;
      } finally {
        workspace.remove();
      }
    }
  };
  for (const group of groupsOf(plan.trials, arms.length > 1)) await inLanes(group, one);
  return done();
}

/** Places of the arms in the order of this repetition: 0 1, then 1 0, and so on. */
function turn(count: number, repetition: number): number[] {
  const places = Array.from({ length: count }, (_, at) => at);
  return repetition % 2 === 0 ? places : places.reverse();
}

interface Watch {
  readonly options: RunOptions;
  readonly target: Target;
  readonly fault: Fault;
  readonly workspace: Workspace;
  readonly peaks: Peaks;
  readonly shrinkAttempts: number;
}

/** One trial with its events. */
async function watched(trial: Trial, watch: Watch): Promise<TrialRecord> {
  const { options, target, fault, workspace, peaks } = watch;
  const { onEvent, signal, runDirectory } = options;
  const { cell, index, seed, estimatedMs } = trial;
  const name: TrialName = { cell: cell.id, index, seed };
  onEvent({ kind: 'trial-started', trial: name, estimatedMs, fault: faultWords(cell) });
  const around: TrialSurroundings = {
    target, fault, workspace, signal, runDirectory, peaks, directives: cell.directives,
    onPhase: (phase) => onEvent({ kind: 'phase', trial: name, phase }),
    onProgress: (operations, atMs) => onEvent({ kind: 'load-progress', operations, atMs }),
  };
  const record = await runTrial(trial, around);
  const kept = keptRecord(trial, record, { workspace, runDirectory: options.runDirectory });
  for (const event of findingEvents(name, record)) onEvent(event);
  await madeSmaller({ trial, record: kept }, around, watch.shrinkAttempts);
  const { verdict, tookMs } = record;
  const summary = summaryOf(record);
  onEvent({ kind: 'trial-finished', trial: name, verdict, tookMs, estimatedMs, summary });
  return kept;
}

/** Looks for a smaller trial that fails likewise, and keeps it beside the failure. */
async function madeSmaller(
  failed: { trial: Trial; record: TrialRecord }, around: TrialSurroundings, attempts: number,
): Promise<void> {
  const folder = failed.record.artefacts['failure'];
  if (folder === undefined || attempts === 0 || failed.trial.cell.study !== null) return;
  const shrunk = await shrinkTrial(failed, async (trial) => {
    if (around.signal.aborted) return null;
    const workspace = innerWorkspace(around.workspace, 'smaller');
    try {
      return await runTrial(trial, { ...around, workspace, runDirectory: workspace.root });
    } catch (error) {
      if (error instanceof HarnessError) return null; // what failed has been told already
      throw error;
    } finally {
      workspace.remove();
    }
  }, attempts);
  keepShrunk(path.join(around.runDirectory, folder), shrunk);
}

const crashNames = {
  'process': 'process crash', 'power': 'power cut', 'power-torn': 'power cut, torn',
  'block': 'power cut of a real disk',
} as const;

function faultWords({ faultText, crash }: Trial['cell']): string {
  return [...(faultText === '' ? [] : [faultText]), crashNames[crash]].join(', ');
}

/** The record of a trial that broke a promise names what was kept of it. */
function keptRecord(
  trial: Trial, record: TrialRecord, where: { workspace: Workspace; runDirectory: string },
): TrialRecord {
  if (record.verdict !== 'fail') return record;
  return { ...record, artefacts: { ...record.artefacts, ...keepFailure(trial, record, where) } };
}

function findingEvents(trial: TrialName, record: TrialRecord): RunEvent[] {
  const findings = findingsOf(record);
  const events = findings.map(({ breaks, text }): RunEvent => (
    { kind: 'finding', trial, breaks, text }
  ));
  if (record.error === null) return events;
  return [...events, { kind: 'finding', trial, breaks: false, text: record.error }];
}

function summaryOf(record: TrialRecord): string {
  if (record.error !== null) return 'not measured';
  const isRefused = findingsOf(record).some(({ kind }) => kind === 'refused');
  if (isRefused) return 'the server did not start again';
  if (record.study !== undefined) return studySummary(record);
  const count = (value: number): string => value.toLocaleString('en-US');
  const { cuts: judged, curve } = record;
  const booted = judged.map((cut) => cut.loss?.writes ?? 0);
  const worst = Math.max(0, curve?.maximum.writes ?? 0, ...booted);
  const rate = record.qps === null ? '' : `${count(record.qps)} writes/s, `;
  const cuts = curve === null ? '' : ` at worst of ${count(curve.instants)} instants, `
    + `${judged.length} booted`;
  return `${rate}${count(worst)} of ${count(record.acknowledged)} writes lost${cuts}`;
}

function studySummary({ study, cuts }: TrialRecord): string {
  if (study?.kind === 'snapshot') return `took ${durationText(study.tookMs)} under load`;
  if (study?.kind === 'http') {
    const rate = (perSecond: number): string => perSecond.toLocaleString('en-US');
    return `${rate(study.http.perSecond)} a second over HTTP, ${rate(study.resp.perSecond)} over RESP`;
  }
  const servingMs = cuts[0]?.recovery?.firstWriteMs;
  return servingMs === undefined ? 'did not come back' : `serving after ${durationText(servingMs)}`;
}

/** @throws {HarnessError} ENVIRONMENT when a target of the plan is missing. */
async function locateTargets(plan: Plan, options: RunOptions): Promise<Record<string, string>> {
  const versions: Record<string, string> = {};
  for (const name of new Set(plan.cells.map((cell) => cell.target))) {
    const located = await options.targets[name].locate();
    // Ctrl-C at a terminal also ends the process that was asked: then it is not missing.
    if (options.signal.aborted) return versions;
    if (located.kind === 'missing') {
      throw new HarnessError('ENVIRONMENT', `target ${name} is not on this machine: looked for `
        + `${located.lookedFor.join(', ')}; ${located.install}`);
    }
    versions[name] = located.version;
  }
  return versions;
}

/** What may change during a run. */
interface Look {
  readonly fsyncUs: ProbeRecord;
  readonly fdatasyncUs: ProbeRecord;
  readonly ticks: ReturnType<typeof machineTicks>;
  readonly loadAverage: number;
}

async function lookAt(directory: string): Promise<Look> {
  const probe = async (call: 'fsync' | 'fdatasync'): Promise<ProbeRecord> => {
    const { p50Us, p99Us } = await probeFsync(directory, { call });
    return { p50: p50Us, p99: p99Us };
  };
  const [ticks, load] = [machineTicks(), loadAverage()];
  const fdatasyncUs = await probe('fdatasync');
  return { ticks, loadAverage: load, fdatasyncUs, fsyncUs: await probe('fsync') };
}

function testbedRecord(directory: string, before: Look, after: Look | null): TestbedRecord {
  const { memoryBytes, ...testbed } = describeTestbed(directory);
  return {
    ...testbed,
    memory: memoryBytes,
    fsyncUs: before.fsyncUs,
    fdatasyncUs: before.fdatasyncUs,
    fsyncUsAfter: after?.fsyncUs ?? null,
    fdatasyncUsAfter: after?.fdatasyncUs ?? null,
    loadAverage: { before: before.loadAverage, after: after?.loadAverage ?? loadAverage() },
    stealShare: stealShare(before.ticks, after?.ticks ?? machineTicks()),
  };
}
