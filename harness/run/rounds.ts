// What comes after a power cut: a recovery that is cut itself, and a second load on the recovered
// data with a second cut. One recording of the restarted server gives both.

import fs from 'node:fs';
import { Judge } from '../checkers/judge.ts';
import type { Finding, Judgement } from '../checkers/judgement.ts';
import type { FileTree } from '../crash/image.ts';
import { CrashImager } from '../crash/image.ts';
import { Candidates } from '../crash/images/candidates.ts';
import { materialize } from '../crash/materialize.ts';
import { plainDisk } from '../disks/disks.ts';
import { readLedger } from '../history/ledger.ts';
import { hashOf, seededDraw } from '../plan/seeds.ts';
import type { Trial } from '../plan/plan.ts';
import { freePort } from '../targets/ports.ts';
import type { CutRecord } from '../report/record.ts';
import { PowerCuts } from './cuts.ts';
import type { Aftermath, CrashSite } from './cuts.ts';
import { judgeSite, readBackFrom, recoverAt, stop } from './judged-cut.ts';
import { loadUntilCrash } from './load.ts';
import type { TrialSurroundings } from './load.ts';
import { innerWorkspace, persistedBytes } from './workspace.ts';

/** An image that came back, and how it was judged. */
export interface RoundInput {
  readonly aftermath: Aftermath;
  readonly around: TrialSurroundings;
  readonly judge: Judge;
  readonly image: FileTree;
  readonly site: CrashSite;
  readonly first: Judgement;
}

const secondLoadMs = 400;
const recoveryCuts = 2;
/** Of the second load, as fractions of its time. */
const secondCuts = [0.5, 0.95] as const;

/** Starts on the image again, recorded; loads, kills, and judges cuts of both. */
export async function secondRound(input: RoundInput): Promise<CutRecord[]> {
  const { aftermath, around, image } = input;
  const workspace = innerWorkspace(aftermath.workspace, 'second');
  try {
    materialize(image, workspace.dataDirectory);
    const trial = secondTrial(aftermath.trial);
    const inner = { ...around, workspace, flushFirst: true };
    const crashed = await loadUntilCrash(trial, inner, plainDisk(workspace.dataDirectory));
    const result = await crashed.driver.finish(0);
    const ledger = readLedger(fs.readFileSync(workspace.ledgerPath));
    const second: Aftermath = {
      trial, crashed, result, ledger, workspace,
      opLog: { path: workspace.opLogPath, hasReleases: true, broken: null },
      files: persistedBytes(workspace.dataDirectory),
    };
    const power = new PowerCuts(second, image);
    return [
      ...await cutRecoveries(input, { power, workspace }),
      ...await cutSecondLoad(second, { power, around: inner }),
    ];
  } finally {
    workspace.remove();
  }
}

function secondTrial(trial: Trial): Trial {
  const { cell } = trial;
  return {
    ...trial,
    cell: { ...cell, preloadKeys: 0, faults: [], load: { ...cell.load, warmupMs: 0 } },
    seed: hashOf('second', trial.seed),
    crashAtMs: secondLoadMs,
    snapshotsAtMs: [],
    rewritesAtMs: [],
  };
}

/** Cuts while the server read what the first cut left: the same data must come back. */
async function cutRecoveries(
  { aftermath, around, judge, image, site, first }: RoundInput,
  { power, workspace }: { power: PowerCuts; workspace: Aftermath['workspace'] },
): Promise<CutRecord[]> {
  const within = { fromNs: -Infinity, toNs: power.recoveredNs };
  const window = { name: 'between syncs', spans: [within] } as const;
  const draw = seededDraw(hashOf('recovery', aftermath.trial.seed));
  const sample = new Candidates(power.log, [window], within).sample(recoveryCuts, draw);
  const imager = new CrashImager(power.log, { loadStartNs: 0, initial: image });
  const records: CutRecord[] = [];
  for (const { atNs } of sample) {
    const directory = workspace.imageDirectory(records.length);
    const again = { ...site, directory, window: 'recovery' };
    materialize(imager.at(atNs), directory);
    const { judgement, record } = await booted(judge, again, { aftermath, around });
    const changed = changedBy(first, judgement);
    records.push(changed === null ? record : {
      ...record, verdict: 'fail', findings: [...record.findings, changed],
    });
  }
  return records;
}

function changedBy(first: Judgement, second: Judgement): Finding | null {
  if (second.prefixes.every((prefix, client) => prefix === first.prefixes[client])) return null;
  return {
    kind: 'unrepeatable', breaks: true,
    text: `the first start after the cut brought back ${first.survived} writes; the start after a `
      + `cut of that recovery brought back ${second.survived}`,
  };
}

async function cutSecondLoad(
  second: Aftermath, { power, around }: { power: PowerCuts; around: TrialSurroundings },
): Promise<CutRecord[]> {
  const judge = new Judge(power.history());
  const records: CutRecord[] = [];
  for (const [at, fraction] of secondCuts.entries()) {
    const cutNs = power.instantAt(fraction);
    const directory = second.workspace.imageDirectory(100 + at);
    const site = power.site({ cutNs, directory, window: 'second load' });
    materialize(power.imager.at(cutNs), directory);
    const { record } = await booted(judge, site, { aftermath: second, around });
    records.push(record);
  }
  return records;
}

async function booted(
  judge: Judge, site: CrashSite,
  { aftermath, around }: { aftermath: Aftermath; around: TrialSurroundings },
): Promise<ReturnType<typeof judgeSite>> {
  const recovered = await recoverAt(site, await freePort(), around);
  try {
    const found = await readBackFrom(recovered, aftermath, around);
    return judgeSite(judge, site, { found, aftermath });
  } finally {
    await stop(recovered);
  }
}
