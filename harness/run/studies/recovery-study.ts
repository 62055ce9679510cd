// How long a server takes to come back from files of one form: fill → rate before → bring the
// files into the form → SIGKILL → page cache → start, in phases, up to 95 % of the rate before. On
// a file system of its own the power is cut, and mounting it again, with its replay, comes first.

import fs from 'node:fs';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileSizes } from '../../crash/materialize.ts';
import type { TrialDisk } from '../../disks/disk.ts';
import { openDisk } from '../../disks/disks.ts';
import { forkDriver } from '../../drivers/resp/driver.ts';
import type { Driver, DriverResult, IdleDriver } from '../../drivers/resp/driver.ts';
import { HarnessError } from '../../errors.ts';
import type { Trial } from '../../plan/plan.ts';
import { tailShareOf } from '../../plan/studies.ts';
import type { RecoveryForm, Study } from '../../plan/studies.ts';
import type { CutRecord, TrialRecord } from '../../report/record.ts';
import { freePort } from '../../targets/ports.ts';
import type { RunningTarget } from '../../targets/target.ts';
import type { TrialSurroundings } from '../load.ts';
import { recover } from '../recover.ts';
import type { Recovered } from '../recover.ts';
import { blockRecord, failedTrial } from '../trial-record.ts';
import { diskOptions, persistedBytes } from '../workspace.ts';
import { setPageCache } from './page-cache.ts';
import type { CacheResult } from './page-cache.ts';
import { fillServer, finishWork, readyDriver, startServer, withClient } from './study-server.ts';

/** A load generator is compiled while it runs: its first second is no rate of the server. */
const warmupMs = 1000;
const rateMs = 1000;
const watchMs = 3000;
const windowSteps = 3; // of 100 ms
const reachedShare = 0.95;

type RecoveryStudy = Extract<Study, { kind: 'recovery' }>;

interface Prepared {
  readonly keys: number;
  readonly qpsBefore: number;
  /** From the start of the load that found that rate until it had 95 % of it, ms. */
  readonly generatorMs: number | null;
  readonly tailCommands: number;
}

/** Runs one trial of a recovery study. */
export async function studyRecovery(
  trial: Trial, study: RecoveryStudy, around: TrialSurroundings,
): Promise<TrialRecord> {
  const disk = await openDisk(diskOptions(trial, around.workspace));
  try {
    return await studyOn(disk, trial, { study, around });
  } finally {
    await disk.remove();
  }
}

async function studyOn(
  disk: TrialDisk, trial: Trial,
  { study, around }: { study: RecoveryStudy; around: TrialSurroundings },
): Promise<TrialRecord> {
  const startedMs = Date.now();
  const prepared = await prepare(disk, trial, { form: study.form, around });
  const { workspace, target, directives, signal } = around;
  const diskBytes = [...fileSizes(workspace.dataDirectory).values()]
    .reduce((sum, bytes) => sum + bytes, 0);
  const files = persistedBytes(workspace.dataDirectory);
  // Its process starts while the server is down, as those of clients that wait for it do.
  const idle = await forkDriver({ signal });
  try {
    const cache = await setPageCache(workspace.dataDirectory, study.cache);
    around.onPhase('recover');
    const recovered = await recover(target, {
      directory: workspace.dataDirectory, port: await freePort(), directives,
      logPath: workspace.logPath, record: null, signal,
    });
    const found = await lookAfter(trial, recovered, { around, prepared, idle });
    const cut = {
      ...cutOf(recovered, { prepared, cache, keys: found.keys }),
      ...(disk.kind === 'block' ? { block: await blockRecord(disk, null) } : {}),
    };
    const { words, residentShare } = cache;
    return {
      ...failedTrial(trial, { text: '', tookMs: Date.now() - startedMs }),
      verdict: cut.verdict, cuts: [cut], files, error: null,
      study: {
        kind: 'recovery', cache: words, residentShare, keys: found.keys, diskBytes,
        tailCommands: prepared.tailCommands, qpsBefore: Math.round(prepared.qpsBefore),
        backMs: found.backMs, generatorMs: prepared.generatorMs,
      },
    };
  } finally {
    await idle.kill();
  }
}

/** Leaves the files of a killed server in the form asked for. */
async function prepare(
  disk: TrialDisk, trial: Trial,
  { form, around }: { form: RecoveryForm; around: TrialSurroundings },
): Promise<Prepared> {
  around.onPhase('preload');
  const running = await startServer(around);
  try {
    await fillServer(trial, running, around);
    around.onPhase('load');
    const driver = await readyDriver(trial, running, {
      ratePerSecond: null, warmupMs, signal: around.signal,
    });
    const { qps, series } = await drive(driver, { around, ms: warmupMs + rateMs });
    const qpsBefore = qps ?? 0;
    const generatorMs = reachedAtMs(series.acknowledged, {
      stepMs: series.stepMs, qps: reachedShare * qpsBefore,
    });
    around.onPhase('crash');
    await withClient(running, async (client) => {
      if (form === 'rdb' || form === 'rdb+aof') await client.call('SAVE');
      if (form !== 'rdb') await finishWork(client, 'BGREWRITEAOF');
    });
    const tailCommands = await writeTail(trial, running, { form, around });
    const keys = await withClient(running, async (client) => Number(await client.call('DBSIZE')));
    return { keys, qpsBefore, generatorMs, tailCommands };
  } finally {
    await end(disk, running);
  }
}

/** Writes keys again, as the form says; returns how many commands that were. */
async function writeTail(
  trial: Trial, running: RunningTarget,
  { form, around }: { form: RecoveryForm; around: TrialSurroundings },
): Promise<number> {
  const { preloadKeys } = trial.cell;
  const tailCommands = Math.round(tailShareOf(form) * preloadKeys);
  for (let written = 0; written < tailCommands; written += preloadKeys) {
    const keys = Math.min(preloadKeys, tailCommands - written);
    await fillServer(trial, running, { ...around, keys });
  }
  return tailCommands;
}

/**
 * Kills the server, with the power where there is a file system of its own, which is mounted again.
 * Everything was synced: it is the time that is asked for, not the loss.
 * @throws {HarnessError} TARGET_FAILED when the cut or the mount did not do as they should.
 */
async function end(disk: TrialDisk, running: RunningTarget): Promise<void> {
  let unproven: string | null = null;
  if (disk.kind === 'block') {
    syncAll(disk.directory);
    ({ unproven } = await disk.cut());
  }
  running.kill();
  await running.exited;
  const { broken } = await disk.settle();
  const why = unproven ?? broken;
  if (why !== null) throw new HarnessError('TARGET_FAILED', `the power was not cut: ${why}`);
}

/** Files and the folders that name them. */
function syncAll(directory: string): void {
  const names = [...fileSizes(directory).keys()];
  for (const name of new Set(['.', ...names.map(path.dirname), ...names])) {
    const fd = fs.openSync(path.join(directory, name), 'r');
    fs.fsyncSync(fd);
    fs.closeSync(fd);
  }
}

/** A closed loop for so long. */
async function drive(
  driver: Driver, { around, ms }: { around: TrialSurroundings; ms: number },
): Promise<DriverResult> {
  try {
    driver.begin();
    await sleep(ms, undefined, { signal: around.signal });
    await driver.stopSending();
    return await driver.finish();
  } finally {
    await driver.kill();
  }
}

interface Found {
  readonly keys: number;
  readonly backMs: number | null;
}

/** What came back, and when the rate was what it had been. */
async function lookAfter(
  trial: Trial, recovered: Recovered,
  { around, prepared, idle }:
  { around: TrialSurroundings; prepared: Prepared; idle: IdleDriver },
): Promise<Found> {
  if (recovered.kind === 'refused') return { keys: 0, backMs: null };
  const { running } = recovered;
  try {
    around.onPhase('read-back');
    const keys = await withClient(running, async (client) => Number(await client.call('DBSIZE')));
    const driver = await readyDriver(trial, running, {
      ratePerSecond: null, warmupMs: 0, signal: around.signal, idle,
    });
    const result = await drive(driver, { around, ms: watchMs });
    const qps = reachedShare * prepared.qpsBefore;
    return { keys, backMs: backAtMs(result, { qps, spawnedNs: running.spawnedNs }) };
  } finally {
    await running.stop(0);
  }
}

/** When a load had so much again, ms from the spawn of the server, all by one clock. */
export function backAtMs(
  { series, beginNs }: Pick<DriverResult, 'series' | 'beginNs'>,
  { qps, spawnedNs }: { qps: number; spawnedNs: number },
): number | null {
  const rampMs = reachedAtMs(series.acknowledged, { stepMs: series.stepMs, qps });
  if (rampMs === null || beginNs === null) return null;
  return Math.round((beginNs - spawnedNs) / 1e6 + rampMs);
}

/** When the first window of 300 ms began that had the rate, ms from the start; null for none. */
export function reachedAtMs(
  acknowledged: readonly number[], { stepMs, qps }: { stepMs: number; qps: number },
): number | null {
  const wanted = (qps * windowSteps * stepMs) / 1000;
  for (let at = 0; at + windowSteps <= acknowledged.length; at++) {
    const seen = acknowledged.slice(at, at + windowSteps).reduce((sum, one) => sum + one, 0);
    if (seen >= wanted) return at * stepMs;
  }
  return null;
}

function cutOf(
  recovered: Recovered,
  { prepared, cache, keys }: { prepared: Prepared; cache: CacheResult; keys: number },
): CutRecord {
  const base = { atMs: 0, loss: null, acknowledged: prepared.keys, inFlight: 0 };
  if (recovered.kind === 'refused') {
    const text = `the server did not start again: ${recovered.refusal.words.join(' ')}`;
    const findings = [{ kind: 'refused', breaks: true, text }];
    return { ...base, verdict: 'fail', recovery: null, findings };
  }
  const recovery = recovered.phases;
  if (keys !== prepared.keys) {
    const text = `${keys} keys came back of ${prepared.keys}`;
    return { ...base, verdict: 'fail', recovery, findings: [{ kind: 'lost', breaks: true, text }] };
  }
  if (cache.isAsAsked) return { ...base, verdict: 'pass', recovery, findings: [] };
  const text = `the page cache is not as asked (${cache.words}, resident ${cache.residentShare})`;
  const findings = [{ kind: 'cache', breaks: false, text }];
  return { ...base, verdict: 'inconclusive', recovery, findings };
}
