// A trial on one page: start → warm up → load → crash → recover → check → record.

import fs from 'node:fs';
import { Judge } from '../checkers/judge.ts';
import { HarnessError } from '../errors.ts';
import { readLedger } from '../history/ledger.ts';
import type { Trial } from '../plan/plan.ts';
import type { TrialRecord } from '../report/record.ts';
import { processSite } from './cuts.ts';
import type { Aftermath } from './cuts.ts';
import { judgeSite, readBackFrom, recoverAt, stop } from './judged-cut.ts';
import { loadUntilCrash } from './load.ts';
import type { CrashedLoad, TrialSurroundings } from './load.ts';
import { judgePower } from './power.ts';
import { failedTrial, finishedTrial } from './trial-record.ts';
import type { Outcome } from './trial-record.ts';

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
    return finishedTrial(told.aftermath, told.outcome, Date.now() - startedMs);
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
  readonly outcome: Outcome;
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
    const found = await readBackFrom(recovered, aftermath, around);
    around.onPhase('check');
    const { record } = judgeSite(judge, site, { found, aftermath });
    return { aftermath, outcome: { cuts: [record], curve: null, artefacts: {} } };
  };
  return told().finally(() => stop(recovered));
}

/** What the recording tells about power cuts. */
async function afterPowerCuts(
  trial: Trial, crashed: CrashedLoad, around: TrialSurroundings,
): Promise<Told> {
  const aftermath = await settle(trial, crashed, around);
  return { aftermath, outcome: await judgePower(aftermath, around) };
}

/** Ends the driver; its ledger is whole afterwards. */
async function settle(
  trial: Trial, crashed: CrashedLoad, { workspace }: TrialSurroundings,
): Promise<Aftermath> {
  const result = await crashed.driver.finish(trial.cell.crash === 'process' ? 1000 : 0);
  const ledger = readLedger(fs.readFileSync(workspace.ledgerPath));
  return { trial, crashed, result, ledger, workspace };
}
