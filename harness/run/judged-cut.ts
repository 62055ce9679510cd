// One crash site: the target is started on it, read back and judged.

import { orDeath } from './death.ts';
import { recover, survivorsOf } from './recover.ts';
import type { Recovered } from './recover.ts';
import type { Aftermath, CrashSite } from './cuts.ts';
import type { TrialSurroundings } from './load.ts';
import type { Judge } from '../checkers/judge.ts';
import type { Judgement, Refusal } from '../checkers/judgement.ts';
import type { Survivors } from '../checkers/survivors.ts';
import type { CutRecord, RecoveryRecord } from '../report/record.ts';

/** What a server that was started on a crash site gave back. */
export interface ReadBackSite {
  readonly survivors: Survivors | null;
  readonly refusal: Refusal | null;
  readonly recovery: RecoveryRecord | null;
}

/** Starts the target where a crash left its files. */
export async function recoverAt(
  site: Pick<CrashSite, 'directory'>, port: number, around: TrialSurroundings,
): Promise<Recovered> {
  const { target, workspace, signal, directives } = around;
  around.onPhase('recover');
  return recover(target, {
    directory: site.directory, port, directives, logPath: workspace.logPath, record: null, signal,
  });
}

/** Ends a server that came back. */
export async function stop(recovered: Recovered): Promise<void> {
  if (recovered.kind === 'serving') await recovered.running.stop(0);
}

/** Reads everything back from a server that came back. */
export async function readBackFrom(
  recovered: Recovered, aftermath: Aftermath, around: TrialSurroundings,
): Promise<ReadBackSite> {
  around.onPhase('read-back');
  if (recovered.kind === 'refused') {
    return { survivors: null, refusal: recovered.refusal, recovery: null };
  }
  const { running, phases } = recovered;
  const { trial, crashed, ledger } = aftermath;
  const survivors = await orDeath(running, survivorsOf(
    running, { workload: crashed.workload, ledger, preloadKeys: trial.cell.preloadKeys },
  ));
  return { survivors, refusal: null, recovery: phases };
}

/** Judges what was read back from a site. */
export function judgeSite(
  judge: Judge, site: CrashSite,
  { found, aftermath }: { found: ReadBackSite; aftermath: Aftermath },
): { judgement: Judgement; record: CutRecord } {
  const { cell } = aftermath.trial;
  const judgement = judge.judge({
    question: { ...cell.setting, crash: cell.crash, target: cell.target },
    cutNs: site.cutNs,
    deadNs: site.deadNs,
    survivors: found.survivors,
    refusal: found.refusal,
    facts: site.facts,
    notApplied: site.notApplied,
    mayBeIdle: cell.load.ratePerSecond !== null && !cell.measures.includes('loss'),
  });
  const { verdict, lost, acknowledged, inFlight, findings } = judgement;
  const record: CutRecord = {
    atMs: Math.round((site.cutNs - aftermath.crashed.beginNs) / 1e6),
    verdict, acknowledged, inFlight, findings,
    loss: found.survivors === null
      ? null : { ...lost, windowMs: Math.round(lost.windowMs * 10) / 10 },
    recovery: found.recovery,
    ...(site.window === null ? {} : { window: site.window }),
  };
  return { judgement, record };
}
