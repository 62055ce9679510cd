// The first half of a trial: a fresh server, filled, loaded, and crashed at the seeded moment.

import { setTimeout as sleep } from 'node:timers/promises';
import type { Floor, SyncTimes } from '../checkers/promise.ts';
import { RespClient } from '../drivers/resp/client.ts';
import { forkDriver } from '../drivers/resp/driver.ts';
import type { Driver, IdleDriver } from '../drivers/resp/driver.ts';
import { startServing } from '../drivers/resp/probe.ts';
import type { TrialDisk } from '../disks/disk.ts';
import type { Fault, FaultSite, Injection } from '../faults/fault.ts';
import { monotonicNs } from '../metrics/monotonic.ts';
import type { TrialPhase } from '../plan/events.ts';
import type { Trial } from '../plan/plan.ts';
import { keepsRdb } from '../plan/settings.ts';
import { freePort } from '../targets/ports.ts';
import type { Address } from '../targets/ports.ts';
import { describeExit } from '../targets/server-process.ts';
import type { ExitInfo, RunningTarget, Target } from '../targets/target.ts';
import type { WorkloadSpec } from '../workloads/spec.ts';
import { orDeath } from './death.ts';
import { driverOptions, workloadOf } from './driving.ts';
import type { Peaks } from './peak.ts';
import { serverFacts } from './server-facts.ts';
import { FaultSchedule } from './fault-schedule.ts';
import { SnapshotKeeper } from './snapshots.ts';
import type { BackgroundSpan } from './snapshots.ts';
import type { Workspace } from './workspace.ts';

/** What surrounds the trials of a run. */
export interface TrialSurroundings {
  readonly target: Target;
  readonly fault: Fault;
  readonly workspace: Workspace;
  /** Files that the record names go here. */
  readonly runDirectory: string;
  readonly signal: AbortSignal;
  /** The directory is not empty: what it holds is deleted before the load. */
  readonly flushFirst?: boolean;
  readonly peaks: Peaks;
  /** Exactly these start the target, before the crash and after it. */
  readonly directives: readonly (readonly [name: string, value: string])[];
  onPhase(phase: TrialPhase): void;
  onProgress(operations: number, atMs: number): void;
}

/** A load that has ended in a crash; the driver still waits for the server to come back. */
export interface CrashedLoad {
  readonly workload: WorkloadSpec;
  readonly driver: Driver;
  /** Local port of each client's connection, as the server's op log names them. */
  readonly clientPorts: readonly number[];
  readonly port: number;
  readonly injection: Injection;
  readonly exit: ExitInfo;
  /** When the server had recovered and was about to be loaded, CLOCK_MONOTONIC ns. */
  readonly recoveredNs: number;
  /** First operation, CLOCK_MONOTONIC ns. */
  readonly beginNs: number;
  /** Snapshots that had completed before the crash. */
  readonly floors: readonly Floor[];
  /** Connections went while the server was alive: then less was loaded than was asked for. */
  readonly lostEarly: boolean;
  /** Snapshots that were asked for and failed. */
  readonly snapshotFailures: readonly string[];
  /** Snapshots and rewrites while it ran. */
  readonly background: readonly BackgroundSpan[];
  /** See DurabilityFacts. */
  readonly heldBackMs: number;
  /** Syncs of the log as INFO showed them. */
  readonly syncsSeen: SyncTimes;
  /** The faults of the load; healed, but for damage that is still to be done. */
  readonly schedule: FaultSchedule;
  /** What INFO said of the server's own health. */
  readonly claims: readonly string[];
  /** CPU time of the server between warm-up and crash, µs; null where it cannot be read. */
  readonly serverCpuUs: number | null;
  /** Files beside the record that are about the server, name → path. */
  readonly artefacts: Readonly<Record<string, string>>;
  /** The time that `serverCpuUs` is about, µs. */
  readonly measuredUs: number;
}

const startTimeoutMs = 30_000;

/**
 * Starts the target in the data directory, fills it, loads it, and injects the fault.
 * @throws {HarnessError} TARGET_FAILED when the server did not start or died on its own.
 */
export async function loadUntilCrash(
  trial: Trial,
  around: TrialSurroundings,
  disk: TrialDisk,
): Promise<CrashedLoad> {
  const { cell } = trial;
  const { target, workspace, signal } = around;
  around.onPhase('start');
  const idle = await idleDriver(around);
  let running: RunningTarget | null = null;
  try {
    const server = await startServing(target, {
      directory: disk.directory,
      port: await freePort(),
      directives: around.directives,
      logPath: workspace.logPath,
      record: cell.syncDelayMs === null || disk.opLogPath !== null
        ? null : { opLogPath: workspace.opLogPath, syncDelayMs: cell.syncDelayMs },
      isFresh: around.flushFirst !== true,
      signal,
    }, startTimeoutMs);
    running = server;
    const isFirst = trial.index === 0 && around.flushFirst !== true;
    const artefacts = isFirst
      ? await orDeath(server, serverFacts(server, trial, around.runDirectory)) : {};
    around.onPhase('preload');
    const recoveredNs = around.flushFirst === true
      ? await orDeath(server, flush(server, keepsRdb(cell.setting))) : monotonicNs();
    const workload = workloadOf(trial);
    const driver = idle.start({
      ...driverOptions(trial, { server, workload }),
      ledgerPath: workspace.ledgerPath,
      preloadKeys: cell.preloadKeys,
    });
    const { clientPorts } = await orDeath(running, driver.ready);
    return await crash(trial, around, {
      running, disk, recoveredNs, driver, workload, clientPorts, artefacts,
    });
  } catch (error) {
    await idle.kill();
    await running?.stop();
    throw error;
  }
}

/** Empties a server that was started on data, with `save` its snapshot too; resolves to when. */
async function flush({ host, port }: Address, save: boolean): Promise<number> {
  const client = await RespClient.connect({ host, port, timeoutMs: 60_000 });
  try {
    const atNs = monotonicNs();
    await client.call('FLUSHALL');
    if (save) await client.call('SAVE');
    return atNs;
  } finally {
    client.close();
  }
}

interface Parts {
  readonly running: RunningTarget;
  readonly disk: TrialDisk;
  readonly recoveredNs: number;
  readonly driver: Driver;
  readonly workload: WorkloadSpec;
  readonly clientPorts: readonly number[];
  readonly artefacts: Readonly<Record<string, string>>;
}

async function crash(
  trial: Trial, around: TrialSurroundings, parts: Parts,
): Promise<CrashedLoad> {
  const { running, disk, recoveredNs, driver, workload, clientPorts, artefacts } = parts;
  const { load, preloadKeys, setting } = trial.cell;
  let [isCrashing, lostEarly] = [false, false];
  driver.lost.then(() => (lostEarly = !isCrashing), () => {}); // its failure is told elsewhere
  const schedule = new FaultSchedule(trial.faults);
  const site: FaultSite = { running, disk, seed: trial.seed };
  const keeper = await orDeath(running, SnapshotKeeper.connect(running));
  try {
    if (preloadKeys > 0 && keepsRdb(setting)) await orDeath(running, keeper.saveNow());
    around.onPhase(load.warmupMs > 0 ? 'warm-up' : 'load');
    const beginNs = monotonicNs();
    driver.begin();
    keeper.begin(beginNs, trial);
    schedule.begin(site, trial.crashAtMs);
    await orDeath(running, pause(load.warmupMs, around.signal));
    const [measuredFromNs, cpuFromUs] = [monotonicNs(), running.cpuUs()];
    around.onPhase('load');
    const untilCrash = pause(trial.crashAtMs - load.warmupMs, around.signal);
    if (schedule.isEmpty) await orDeath(running, untilCrash);
    else await Promise.race([untilCrash, running.exited]);
    const cpuToUs = running.cpuUs();
    around.onPhase('crash');
    isCrashing = true;
    const injection = await endLoad(schedule, site, around.fault);
    if (running.exitInfo() === null) await endControl(running, driver);
    return {
      workload, driver, clientPorts, injection, recoveredNs, beginNs, schedule, artefacts,
      claims: keeper.claims,
      lostEarly: lostEarly && schedule.isEmpty,
      port: running.port,
      exit: await running.exited,
      floors: keeper.floors,
      snapshotFailures: keeper.failures,
      background: keeper.spansUntil(injection.cutNs),
      heldBackMs: keeper.heldBackMs(injection.cutNs),
      syncsSeen: keeper.syncsSeen(injection.cutNs),
      serverCpuUs: cpuFromUs === null || cpuToUs === null ? null : cpuToUs - cpuFromUs,
      measuredUs: (injection.cutNs - measuredFromNs) / 1000,
    };
  } finally {
    await keeper.close();
  }
}

/** Ends the server as planned; one that the faults of the load have killed has met its crash. */
async function endLoad(
  schedule: FaultSchedule, site: FaultSite, planned: Fault,
): Promise<Injection> {
  const exit = site.running.exitInfo();
  const fault = schedule.end ?? planned;
  const injection = exit !== null && !schedule.isEmpty
    ? { cutNs: exit.atNs, applied: true, why: `it died of the faults (${describeExit(exit)})` }
    : await fault.inject(site);
  if (schedule.end !== null) {
    schedule.ended({ name: fault.name, applied: injection.applied, why: injection.why });
  }
  await schedule.finish(site);
  return injection;
}

/** The fault left the server alive: end both in good order, so that the trial can be told. */
async function endControl(running: RunningTarget, driver: Driver): Promise<void> {
  await driver.stopSending();
  await running.stop();
}

/** The driver's process starts beside the server: both need their time. */
function idleDriver({ signal, onProgress }: TrialSurroundings): Promise<IdleDriver> {
  let beganNs = Infinity;
  return forkDriver({
    signal,
    onProgress: ({ operations, atNs, phase }) => {
      if (phase === 'load') beganNs = Math.min(beganNs, atNs);
      onProgress(operations, Math.max(0, (atNs - beganNs) / 1e6));
    },
  });
}

async function pause(milliseconds: number, signal: AbortSignal): Promise<void> {
  await sleep(Math.max(0, milliseconds), undefined, { signal });
}
