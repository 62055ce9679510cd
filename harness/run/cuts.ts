// The crashes of one trial as questions to the judge: the kill itself, or power cuts at instants
// of the run, each with the directory it left and the facts that were durable by then.

import fs from 'node:fs';
import { readOpLog } from '../../engine/io/op-log.ts';
import type { OpLog } from '../../engine/io/op-log.ts';
import { releasesByClient } from '../checkers/context.ts';
import type { RunHistory } from '../checkers/judgement.ts';
import { noFacts } from '../checkers/promise.ts';
import type { DurabilityFacts, Floor } from '../checkers/promise.ts';
import { unaccounted } from '../crash/coverage.ts';
import { CrashImager } from '../crash/image.ts';
import { fileSizes, materialize } from '../crash/materialize.ts';
import { lossCurve } from '../crash/curve/loss-curve.ts';
import type { LossCurve } from '../crash/curve/loss-curve.ts';
import { layoutOf } from '../crash/curve/recovered.ts';
import { LongestPauses } from '../crash/pauses.ts';
import { durableSnapshots, SyncHistory } from '../crash/sync-facts.ts';
import type { SnapshotFact } from '../crash/sync-facts.ts';
import type { RunContext } from '../checkers/context.ts';
import type { DriverResult } from '../drivers/resp/driver.ts';
import type { Ledger } from '../history/ledger.ts';
import type { Trial } from '../plan/plan.ts';
import type { CrashedLoad } from './load.ts';
import type { Workspace } from './workspace.ts';

/** One crash instant and the directory that it left. */
export interface CrashSite {
  readonly cutNs: number;
  /** Until when the target may have taken writes. */
  readonly deadNs: number;
  readonly directory: string;
  readonly facts: DurabilityFacts;
  readonly notApplied: readonly string[];
}

/** Everything about a trial once its load is over. */
export interface Aftermath {
  readonly trial: Trial;
  readonly crashed: CrashedLoad;
  readonly result: DriverResult;
  readonly ledger: Ledger;
  readonly workspace: Workspace;
}

const isLog = (file: string): boolean => file.endsWith('.incr.aof');
const isSnapshot = (file: string): boolean => file.endsWith('.rdb') && !file.includes('/');

/** Why a trial proves nothing: no crash, or a setting that lives by snapshots and got none. */
function reasonsAgainst(
  trial: Trial, { injection, lostEarly, snapshotFailures }: CrashedLoad,
): string[] {
  const isSnapshotOnly = trial.cell.setting.persist === 'rdb';
  return [
    ...(injection.applied ? [] : [injection.why]),
    ...(lostEarly ? ['the server closed connections of the load before the crash'] : []),
    ...(isSnapshotOnly ? snapshotFailures : []),
  ];
}

/** The site of a process crash: the data directory as the kill left it. */
export function processSite(
  trial: Trial, crashed: CrashedLoad, workspace: Workspace,
): CrashSite {
  const { injection, heldBackMs, exit } = crashed;
  // With a log on, the log is what recovery reads, whatever a snapshot holds.
  const floors = trial.cell.setting.appendfsync === null ? crashed.floors : [];
  return {
    cutNs: injection.cutNs,
    deadNs: exit.atNs,
    directory: workspace.dataDirectory,
    facts: { ...noFacts, floors, heldBackMs },
    notApplied: reasonsAgainst(trial, crashed),
  };
}

/** Power cuts at instants of one recorded run. */
export class PowerCuts {
  readonly #aftermath: Aftermath;
  readonly log: OpLog;
  readonly imager: CrashImager;
  readonly #notApplied: readonly string[];
  readonly #syncs: SyncHistory;
  readonly #snapshots: readonly SnapshotFact[];
  readonly #pauses: LongestPauses;

  /** @throws {EngineError} OP_LOG_BAD when the op log cannot be read. */
  constructor(aftermath: Aftermath) {
    const { crashed, workspace } = aftermath;
    this.#aftermath = aftermath;
    this.log = readOpLog(fs.readFileSync(workspace.opLogPath));
    this.imager = new CrashImager(this.log, { loadStartNs: crashed.beginNs });
    const reasons = reasonsAgainst(aftermath.trial, crashed);
    const actualBytes = fileSizes(workspace.dataDirectory);
    // An op log that knows less than the files hold proves nothing.
    this.#notApplied = [...reasons, ...unaccounted(this.log, this.imager, actualBytes)];
    this.#syncs = new SyncHistory(this.log, isLog);
    this.#snapshots = durableSnapshots(this.imager.timeline, Infinity, isSnapshot);
    this.#pauses = new LongestPauses(this.log);
  }

  /** Ledger and workload, with the instants at which the server let each reply go. */
  history(): RunHistory {
    const { ledger, crashed } = this.#aftermath;
    // A port may have been used before, by the preload or by a probe: that was somebody else.
    const ofLoad = this.log.releases.filter((release) => release.atNs >= crashed.beginNs);
    const releases = releasesByClient(ofLoad, crashed.clientPorts, 0);
    return { workload: crashed.workload, ledger, releases };
  }

  /** From the first operation of the load to the kill, CLOCK_MONOTONIC ns. */
  get span(): { readonly startNs: number; readonly endNs: number } {
    const { beginNs, injection } = this.#aftermath.crashed;
    return { startNs: beginNs, endNs: injection.cutNs };
  }

  /** The instant that lies at a fraction of the load. */
  instantAt(fraction: number): number {
    const { startNs, endNs } = this.span;
    return Math.round(startNs + (endNs - startNs) * fraction);
  }

  /** What a power cut costs at every instant; in detail at those asked for. */
  curve(run: RunContext, askedNs: readonly number[]): LossCurve {
    const { cell } = this.#aftermath.trial;
    return lossCurve({
      log: this.log, timeline: this.imager.timeline,
      layout: layoutOf(cell.setting.persist, new Map(cell.directives)),
      ledger: run.ledger, operations: run.operations, ackedNs: run.ackedNs,
      ...this.span, askedNs,
    });
  }

  /** Writes the image of one cut. */
  site(cut: number, cutNs: number): CrashSite {
    const directory = this.#aftermath.workspace.imageDirectory(cut);
    materialize(this.imager.at(cutNs), directory);
    return {
      cutNs, deadNs: cutNs, directory,
      facts: this.factsAt(cutNs),
      notApplied: this.#notApplied,
    };
  }

  /**
   * What was durable at an instant. With `untilNs` the facts hold until then: a sync in flight has
   * gone on.
   */
  factsAt(cutNs: number, untilNs: number = cutNs): DurabilityFacts {
    const facts = { ...noFacts, tickMs: noFacts.tickMs + this.#pauses.beforeMs(untilNs) };
    const floors: Floor[] = this.#snapshots
      .filter(({ durableNs }) => durableNs <= cutNs)
      .map((fact) => ({ atNs: fact.openedNs, reason: `the rename of ${fact.path} was durable` }));
    const { appendfsync } = this.#aftermath.trial.cell.setting;
    if (appendfsync === null) return { ...facts, floors };
    const syncs = this.#syncs.at(cutNs);
    const inFlightSyncNs = syncs.inFlightSyncNs === null
      ? null : syncs.inFlightSyncNs + untilNs - cutNs;
    const known = { ...facts, syncs: { ...syncs, inFlightSyncNs } };
    if (syncs.lastSyncBeganNs === null) return known;
    const reason = 'a sync of the log that began after it had ended';
    return { ...known, floors: [{ atNs: syncs.lastSyncBeganNs, reason }] };
  }
}
