// A trial on one page: start → warm up → load → crash → recover → check → record.

import fs from 'node:fs';
import { Judge } from '../checkers/judge.ts';
import type { Judgement } from '../checkers/judgement.ts';
import type { BlockDisk, TrialDisk } from '../disks/disk.ts';
import { openDisk } from '../disks/disks.ts';
import { startServing } from '../drivers/resp/probe.ts';
import { HarnessError } from '../errors.ts';
import { readLedger } from '../history/ledger.ts';
import { isRecorded } from '../plan/plan.ts';
import type { Trial } from '../plan/plan.ts';
import type { CutRecord, TrialRecord } from '../report/record.ts';
import type { StartOptions } from '../targets/target.ts';
import { freePort } from '../targets/ports.ts';
import { writeArtefacts } from './artefacts.ts';
import { crashSite, isStale } from './cuts.ts';
import type { Aftermath, CrashSite } from './cuts.ts';
import { judgeSite, readBackFrom, recoverAt, stop } from './judged-cut.ts';
import { noteFailedCut } from './keep.ts';
import { loadUntilCrash } from './load.ts';
import type { CrashedLoad, TrialSurroundings } from './load.ts';
import { inclusionOf } from './inclusion.ts';
import { judgePower, withFinding } from './power.ts';
import type { Recovered } from './recover.ts';
import { runStudy } from './studies/study.ts';
import { blockRecord, failedTrial, finishedTrial } from './trial-record.ts';
import type { Outcome } from './trial-record.ts';
import { diskOptions, persistedBytes } from './workspace.ts';

/** What ends a trial without a verdict, and not the run. */
const tellable: ReadonlySet<string> = new Set([
  'TARGET_FAILED', 'DRIVER_FAILED', 'RATE_TOO_HIGH', 'LEDGER_BAD',
]);

/**
 * Runs one trial. A server or a generator that dies on its own is part of the record.
 * @throws {HarnessError} INTERRUPTED, ENVIRONMENT: these end the run.
 */
export async function runTrial(given: Trial, around: TrialSurroundings): Promise<TrialRecord> {
  const startedMs = Date.now();
  let trial = given;
  let disk: TrialDisk | null = null;
  try {
    trial = await around.peaks.paced(given, around);
    if (trial.cell.study !== null) return await runStudy(trial, trial.cell.study, around);
    disk = await openDisk(diskOptions(trial, around.workspace));
    const crashed = await loadUntilCrash(trial, around, disk);
    const told = withWrongReads(await tell({ trial, crashed, disk, around }));
    const { runDirectory } = around;
    const series = writeArtefacts(told.aftermath.result, { runDirectory, trial, crashed });
    const artefacts = { ...told.outcome.artefacts, ...series, ...crashed.artefacts };
    const outcome = { ...told.outcome, artefacts };
    return finishedTrial(told.aftermath, outcome, Date.now() - startedMs);
  } catch (error) {
    if (around.signal.aborted) {
      throw new HarnessError('INTERRUPTED', 'the trial was interrupted', { cause: error });
    }
    if (!(error instanceof HarnessError) || !tellable.has(error.code)) throw error;
    return failedTrial(trial, { text: error.message, tookMs: Date.now() - startedMs });
  } finally {
    await disk?.remove();
    await around.target.tidy?.(around.workspace.logPath);
  }
}

/** A load that ended in a crash, and all that belongs to it. */
interface Crash {
  readonly trial: Trial;
  readonly crashed: CrashedLoad;
  readonly disk: TrialDisk;
  readonly around: TrialSurroundings;
}

interface Told {
  readonly aftermath: Aftermath;
  readonly outcome: Outcome;
}

function tell(crash: Crash): Promise<Told> {
  const { disk, trial } = crash;
  if (disk.kind === 'block') return afterBlockCut(crash, disk);
  return isRecorded(trial.cell.crash) ? afterPowerCuts(crash) : afterProcessCrash(crash);
}

/** What living servers answered wrongly counts against the first cut. */
function withWrongReads({ aftermath, outcome }: Told): Told {
  const { checkedReads } = aftermath.result;
  const [first, ...others] = outcome.cuts;
  if (checkedReads === null || checkedReads.wrong === 0 || first === undefined) {
    return { aftermath, outcome };
  }
  const { words, wrong } = checkedReads;
  const more = wrong > words.length ? [`and ${wrong - words.length} more: stale`] : [];
  const stale = [...words, ...more].map((text) => ({ kind: 'stale', breaks: true, text }));
  const failed: CutRecord = {
    ...first, verdict: 'fail', findings: [...stale, ...first.findings],
  };
  return { aftermath, outcome: { ...outcome, cuts: [failed, ...others] } };
}

/** The server comes back where it died, while its clients wait for it. */
async function afterProcessCrash(crash: Crash): Promise<Told> {
  const { trial, crashed, disk, around } = crash;
  crashed.schedule.damage(disk.directory);
  await crashed.schedule.recovering({
    disk,
    start: async () => around.target.start(await againOptions(crash)),
    startServing: async () => (
      startServing(around.target, await againOptions(crash), againTimeoutMs)),
  });
  const site = crashSite(trial, crashed, { directory: disk.directory, broken: null });
  keepImage(crash);
  const recovered = await recoverAt(site, crashed.port, around).catch(async (error: unknown) => {
    await crashed.driver.kill(); // it waits for the server that nobody could bring back
    throw error;
  });
  const told = async (): Promise<Told> => {
    const aftermath = await endLoad(crash, null);
    const { record: judged } = await judgeBack(site, { recovered, aftermath, around });
    const record = crashed.schedule.hasDamage ? afterDamage(judged) : judged;
    if (record.verdict === 'fail' || isStale(aftermath)) {
      noteFailedCut(around.workspace, site, crashed);
    }
    return { aftermath, outcome: { cuts: [record], curve: null, coverage: [], artefacts: {} } };
  };
  return told().finally(() => stop(recovered));
}

const againTimeoutMs = 20_000;

/** Started where it died, on a port where no client waits for it. */
async function againOptions({ disk, around }: Crash): Promise<StartOptions> {
  const { directives, workspace, signal } = around;
  const { directory } = disk;
  const { logPath } = workspace;
  return { directory, port: await freePort(), directives, logPath, record: null, signal };
}

/**
 * No setting promises to survive damage to its files: what was lost or refused is told, and only a
 * server that serves what nobody wrote has failed.
 */
function afterDamage(record: CutRecord): CutRecord {
  const findings = record.findings.map((finding) => (
    { ...finding, breaks: finding.breaks && inventions.has(finding.kind) }
  ));
  if (record.verdict === 'inconclusive') return record;
  return { ...record, findings, verdict: findings.some(({ breaks }) => breaks) ? 'fail' : 'pass' };
}

const inventions: ReadonlySet<string> = new Set(['torn', 'phantom', 'split']);

/** What the recording tells about power cuts. */
async function afterPowerCuts(crash: Crash): Promise<Told> {
  const { broken } = await crash.disk.settle();
  const aftermath = await endLoad(crash, broken);
  return { aftermath, outcome: await judgePower(aftermath, crash.around) };
}

/** The file system comes back with what its journal and writeback had brought to the device. */
async function afterBlockCut(crash: Crash, disk: BlockDisk): Promise<Told> {
  const { trial, crashed, around } = crash;
  const settled = await disk.settle();
  const aftermath = await endLoad(crash, null);
  const site = crashSite(trial, crashed, settled);
  const recovered = await recoverAt(site, await freePort(), around);
  const judged = await judgeBack(site, { recovered, aftermath, around })
    .finally(() => stop(recovered));
  const inclusion = inclusionOf(aftermath, judged, disk);
  const block = await blockRecord(disk, inclusion?.record ?? null);
  const cuts = [{ ...withFinding(judged.record, inclusion?.finding ?? null), block }];
  return { aftermath, outcome: { cuts, curve: null, coverage: [], artefacts: {} } };
}

/** A copy of what the kill left, where no time is measured that it would change. */
function keepImage({ trial: { cell }, disk, around: { workspace } }: Crash): void {
  if (cell.target === 'command' || cell.measures.some((measure) => measure !== 'loss')) return;
  try {
    fs.cpSync(disk.directory, workspace.failedImageDirectory, { recursive: true });
  } catch {
    // No room: then a failure keeps everything but its image.
    fs.rmSync(workspace.failedImageDirectory, { recursive: true, force: true });
  }
}

interface Back {
  readonly recovered: Recovered;
  readonly aftermath: Aftermath;
  readonly around: TrialSurroundings;
}

interface JudgedBack {
  readonly judge: Judge;
  readonly judgement: Judgement;
  readonly record: CutRecord;
}

/** Judges the one directory that a crash left, by the clients' clocks. */
async function judgeBack(
  site: CrashSite, { recovered, aftermath, around }: Back,
): Promise<JudgedBack> {
  const { crashed: { workload }, ledger } = aftermath;
  const judge = new Judge({ workload, ledger, releases: null });
  const found = await readBackFrom(recovered, aftermath, around);
  around.onPhase('check');
  return { judge, ...judgeSite(judge, site, { found, aftermath }) };
}

/** Ends the driver; its ledger is whole afterwards. */
async function endLoad(
  { trial, crashed, disk, around: { workspace } }: Crash, broken: string | null,
): Promise<Aftermath> {
  const result = await crashed.driver.finish(trial.cell.crash === 'process' ? 1000 : 0);
  const ledger = readLedger(fs.readFileSync(workspace.ledgerPath));
  const opLog = {
    path: disk.opLogPath ?? workspace.opLogPath, hasReleases: disk.opLogPath === null, broken,
  };
  const files = persistedBytes(workspace.dataDirectory);
  return { trial, crashed, result, ledger, workspace, opLog, files };
}
