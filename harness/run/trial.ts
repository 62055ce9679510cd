// A trial on one page: start → warm up → load → crash → recover → check → record.

import fs from 'node:fs';
import { Judge } from '../checkers/judge.ts';
import type { Judgement } from '../checkers/judgement.ts';
import { HarnessError } from '../errors.ts';
import { readLedger } from '../history/ledger.ts';
import { freePort } from '../targets/ports.ts';
import type { Trial } from '../plan/plan.ts';
import type { CutRecord, TrialRecord } from '../report/record.ts';
import { PowerCuts, processSite } from './cuts.ts';
import type { Aftermath, CrashSite } from './cuts.ts';
import { orDeath } from './death.ts';
import { loadUntilCrash } from './load.ts';
import type { CrashedLoad, TrialSurroundings } from './load.ts';
import { failedTrial, finishedTrial } from './trial-record.ts';
import { recover, survivorsOf } from './recover.ts';
import type { Recovered } from './recover.ts';

/** What ends a trial without a verdict, and not the run. */
const tellable: ReadonlySet<string> = new Set(['TARGET_FAILED', 'DRIVER_FAILED', 'LEDGER_BAD']);

/**
 * Runs one trial. A server or a generator that dies on its own is part of the record.
 * @throws {HarnessError} INTERRUPTED, ENVIRONMENT: these end the run.
 */
export async function runTrial(trial: Trial, around: TrialSurroundings): Promise<TrialRecord> {
  const startedMs = Date.now();
  try {
    const crashed = await loadUntilCrash(trial, around);
    const told = trial.cell.crash === 'process'
      ? await afterProcessCrash(trial, crashed, around)
      : await afterPowerCuts(trial, crashed, around);
    return finishedTrial(told.aftermath, { cuts: told.cuts, tookMs: Date.now() - startedMs });
  } catch (error) {
    if (around.signal.aborted) {
      throw new HarnessError('INTERRUPTED', 'the trial was interrupted', { cause: error });
    }
    if (!(error instanceof HarnessError) || !tellable.has(error.code)) throw error;
    return failedTrial(trial, { text: error.message, tookMs: Date.now() - startedMs });
  }
}

interface Told {
  readonly aftermath: Aftermath;
  readonly cuts: readonly CutRecord[];
}

/** The server comes back where it died, while its clients wait for it. */
async function afterProcessCrash(
  trial: Trial, crashed: CrashedLoad, around: TrialSurroundings,
): Promise<Told> {
  const site = processSite(trial, crashed, around.workspace);
  const recovered = await recoverAt(site, crashed.port, around).catch(async (error: unknown) => {
    await crashed.driver.kill(); // it waits for the server that nobody could bring back
    throw error;
  });
  const told = async (): Promise<Told> => {
    const aftermath = await settle(trial, crashed, around);
    const { ledger } = aftermath;
    const judge = new Judge({ workload: crashed.workload, ledger, releases: null });
    return { aftermath, cuts: [await judged(judge, { site, recovered, aftermath, around })] };
  };
  return told().finally(() => stop(recovered));
}

/** Each instant is booted from its image, one after the other. */
async function afterPowerCuts(
  trial: Trial, crashed: CrashedLoad, around: TrialSurroundings,
): Promise<Told> {
  const aftermath = await settle(trial, crashed, around);
  const power = new PowerCuts(aftermath);
  const judge = new Judge(power.history());
  const cuts: CutRecord[] = [];
  for (const [cut, fraction] of trial.cutFractions.entries()) {
    const site = power.site(cut, fraction);
    const recovered = await recoverAt(site, await freePort(), around);
    try {
      cuts.push(await judged(judge, { site, recovered, aftermath, around }));
    } finally {
      await stop(recovered);
      fs.rmSync(site.directory, { recursive: true, force: true });
    }
  }
  return { aftermath, cuts };
}

/** Ends the driver; its ledger is whole afterwards. */
async function settle(
  trial: Trial, crashed: CrashedLoad, { workspace }: TrialSurroundings,
): Promise<Aftermath> {
  const result = await crashed.driver.finish(trial.cell.crash === 'process' ? 1000 : 0);
  const ledger = readLedger(fs.readFileSync(workspace.ledgerPath));
  return { trial, crashed, result, ledger, workspace };
}

async function recoverAt(
  site: CrashSite, port: number, around: TrialSurroundings,
): Promise<Recovered> {
  const { target, workspace, signal, directives } = around;
  around.onPhase('recover');
  return recover(target, {
    directory: site.directory, port, directives, logPath: workspace.logPath, record: null, signal,
  });
}

async function stop(recovered: Recovered): Promise<void> {
  if (recovered.kind === 'serving') await recovered.running.stop(0);
}

interface Question {
  readonly site: CrashSite;
  readonly recovered: Recovered;
  readonly aftermath: Aftermath;
  readonly around: TrialSurroundings;
}

async function judged(
  judge: Judge, { site, recovered, aftermath, around }: Question,
): Promise<CutRecord> {
  const { cell } = aftermath.trial;
  const { workload, beginNs } = aftermath.crashed;
  around.onPhase('read-back');
  const serving = recovered.kind === 'serving' ? recovered : null;
  const survivors = serving === null ? null : await orDeath(serving.running, survivorsOf(
    serving.running, { workload, ledger: aftermath.ledger, preloadKeys: cell.preloadKeys },
  ));
  around.onPhase('check');
  const judgement = judge.judge({
    question: { ...cell.setting, crash: cell.crash, target: cell.target },
    cutNs: site.cutNs,
    deadNs: site.deadNs,
    survivors,
    refusal: recovered.kind === 'refused' ? recovered.refusal : null,
    facts: site.facts,
    notApplied: site.notApplied,
  });
  return cutRecord(judgement, { atMs: (site.cutNs - beginNs) / 1e6, serving });
}

function cutRecord(
  judgement: Judgement,
  { atMs, serving }: { atMs: number; serving: Extract<Recovered, { kind: 'serving' }> | null },
): CutRecord {
  const { verdict, lost, acknowledged, inFlight, findings } = judgement;
  return {
    atMs: Math.round(atMs), verdict, acknowledged, inFlight, findings,
    loss: serving === null ? null : { ...lost, windowMs: Math.round(lost.windowMs * 10) / 10 },
    recovery: serving?.phases ?? null,
  };
}

