// The crashes of one trial as questions to the judge: the kill itself, or power cuts at instants
// of the run, each with the directory it left and the facts that were durable by then.

import fs from 'node:fs';
import { readOpLog } from '../../engine/io/op-log.ts';
import type { OpLog } from '../../engine/io/op-log.ts';
import { releasesByClient } from '../checkers/context.ts';
import type { RunHistory } from '../checkers/context.ts';
import { noFacts } from '../checkers/promise.ts';
import type { DurabilityFacts, Floor } from '../checkers/promise.ts';
import { unaccounted } from '../crash/coverage.ts';
import { CrashImager } from '../crash/image.ts';
import type { FileTree } from '../crash/image.ts';
import { fileSizes } from '../crash/materialize.ts';
import { lossCurve } from '../crash/curve/loss-curve.ts';
import type { LossCurve } from '../crash/curve/loss-curve.ts';
import { layoutOf } from '../crash/curve/recovered.ts';
import { LongestPauses } from '../crash/pauses.ts';
import { durableSnapshots, SyncHistory } from '../crash/sync-facts.ts';
import type { SnapshotFact } from '../crash/sync-facts.ts';
import type { RunContext } from '../checkers/context.ts';
import { WrittenFloors } from '../crash/written-floors.ts';
import type { Settled } from '../disks/disk.ts';
import type { DriverResult } from '../drivers/resp/driver.ts';
import type { Ledger } from '../history/ledger.ts';
import type { Trial } from '../plan/plan.ts';
import type { FileSizes } from '../report/record.ts';
import type { CrashedLoad } from './load.ts';
import type { Workspace } from './workspace.ts';
import { readsOf } from '../workloads/reads.ts';

/** One crash instant and the directory that it left. */
export interface CrashSite {
  readonly cutNs: number;
  /** Until when the target may have taken writes. */
  readonly deadNs: number;
  readonly directory: string;
  /** What was going on, for a power cut. */
  readonly window: string | null;
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
  readonly opLog: OpLogSource;
  /** As the crash left them. */
  readonly files: FileSizes;
}

/** Whether a living server answered a read with another value than the one written. */
export function isStale({ result }: Aftermath): boolean {
  return (result.checkedReads?.wrong ?? 0) > 0;
}

/** Where the calls of the run were recorded. */
export interface OpLogSource {
  readonly path: string;
  /** The server wrote it, and with it when each reply left; else the clients' clocks count. */
  readonly hasReleases: boolean;
  /** Why it cannot be relied on; null when it can. */
  readonly broken: string | null;
}

const isLog = (file: string): boolean => file.endsWith('.incr.aof');
const isSnapshot = (file: string): boolean => file.endsWith('.rdb') && !file.includes('/');

/** Why a trial proves nothing: no crash, or a setting that lives by snapshots and got none. */
function reasonsAgainst(
  trial: Trial, { injection, lostEarly, snapshotFailures, schedule }: CrashedLoad,
): string[] {
  const isSnapshotOnly = trial.cell.setting.persist === 'rdb';
  return [
    ...(injection.applied ? [] : [injection.why]),
    ...(lostEarly ? ['the server closed connections of the load before the crash'] : []),
    ...(isSnapshotOnly && schedule.isEmpty ? snapshotFailures : []),
    ...schedule.outcomes.filter(({ applied }) => !applied).map(({ why }) => why),
  ];
}

/** The site of a crash that left one directory: of a kill, or of the cut of a real disk. */
export function crashSite(
  trial: Trial, crashed: CrashedLoad, { directory, broken }: Settled,
): CrashSite {
  const { injection, heldBackMs, exit, syncsSeen } = crashed;
  // With a log on, the log is what recovery reads, whatever a snapshot holds.
  const floors = trial.cell.setting.appendfsync === null ? crashed.floors : [];
  const syncs = trial.cell.crash === 'block' ? syncsSeen : null;
  return {
    cutNs: injection.cutNs,
    deadNs: exit.atNs,
    directory,
    window: null,
    facts: { ...noFacts, floors, syncs, heldBackMs },
    notApplied: [...reasonsAgainst(trial, crashed), ...(broken === null ? [] : [broken])],
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
  readonly #written: WrittenFloors;

  /**
   * `initial` is what the server was started on; without it, an empty directory.
   * @throws {EngineError} OP_LOG_BAD when the op log cannot be read.
   */
  constructor(aftermath: Aftermath, initial?: FileTree) {
    const { crashed, workspace, opLog } = aftermath;
    this.#aftermath = aftermath;
    this.log = readOpLog(fs.readFileSync(opLog.path));
    this.imager = new CrashImager(this.log, {
      loadStartNs: crashed.beginNs, ...(initial === undefined ? {} : { initial }),
    });
    const reasons = reasonsAgainst(aftermath.trial, crashed);
    if (opLog.broken !== null) reasons.push(opLog.broken);
    const actualBytes = fileSizes(workspace.dataDirectory);
    // An op log that knows less than the files hold proves nothing.
    this.#notApplied = [...reasons, ...unaccounted(this.log, this.imager, actualBytes)];
    this.#syncs = new SyncHistory(this.log, isLog);
    this.#snapshots = durableSnapshots(this.imager.timeline, Infinity, isSnapshot);
    this.#pauses = new LongestPauses(this.log);
    this.#written = new WrittenFloors(this.log, isLog);
  }

  /** Ledger and workload, with the instants at which the server let each reply go. */
  history(): RunHistory {
    const { ledger, crashed, opLog, trial } = this.#aftermath;
    if (!opLog.hasReleases) return { workload: crashed.workload, ledger, releases: null };
    // A port may have been used before, by the preload or by a probe: that was somebody else.
    const ofLoad = this.log.releases.filter((release) => release.atNs >= crashed.beginNs);
    const reads = readsOf(crashed.workload, trial.cell.load.readShare);
    const releases = releasesByClient(ofLoad, crashed.clientPorts, { reads });
    return { workload: crashed.workload, ledger, releases };
  }

  /** From the first operation of the load to the kill, CLOCK_MONOTONIC ns. */
  get span(): { readonly startNs: number; readonly endNs: number } {
    const { beginNs, injection } = this.#aftermath.crashed;
    return { startNs: beginNs, endNs: injection.cutNs };
  }

  /** Until when the server, started on what a crash left, may have been recovering. */
  get recoveredNs(): number {
    return this.#aftermath.crashed.recoveredNs;
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
      ledger: run.ledger, operations: run.operations, barriers: run.barriers,
      ackedNs: run.ackedNs,
      ...this.span, askedNs,
    });
  }

  /** A cut at an instant, whose image lies, or will lie, in a directory. */
  site({ cutNs, directory, window }: Pick<CrashSite, 'cutNs' | 'directory' | 'window'>): CrashSite {
    return {
      cutNs, deadNs: cutNs, directory, window,
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
      .flatMap((fact) => {
        const atNs = this.#takenNs(fact.openedNs);
        return atNs === null ? [] : [{ atNs, reason: `the rename of ${fact.path} was durable` }];
      });
    const { appendfsync } = this.#aftermath.trial.cell.setting;
    if (appendfsync === null) return { ...facts, floors };
    const syncs = this.#syncs.at(cutNs);
    const inFlightSyncNs = syncs.inFlightSyncNs === null
      ? null : syncs.inFlightSyncNs + untilNs - cutNs;
    const known = { ...facts, syncs: { ...syncs, inFlightSyncNs } };
    // Redis acknowledges under everysec before it writes: only what it had written counts.
    const atNs = this.#aftermath.opLog.hasReleases
      ? syncs.lastSyncBeganNs : this.#written.at(cutNs);
    const reason = 'a sync of the log that began after it was written had ended';
    return { ...known, floors: atNs === null ? [] : [{ atNs, reason }] };
  }

  /**
   * When a snapshot was taken at the latest, whose file was opened then. Redis opens it in a child,
   * some time after the fork: only the moment at which it was asked for is sure.
   */
  #takenNs(openedNs: number): number | null {
    const { opLog, crashed } = this.#aftermath;
    if (opLog.hasReleases) return openedNs;
    return crashed.floors.findLast(({ atNs }) => atNs < openedNs)?.atNs ?? null;
  }
}
