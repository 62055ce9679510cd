// The second half of a trial that was recorded: every instant is judged by the loss curve, some are
// booted from their crash images and must agree with it.

import fs from 'node:fs';
import path from 'node:path';
import { Judge } from '../checkers/judge.ts';
import { encodeCurve } from '../crash/curve/curve-file.ts';
import { freePort } from '../targets/ports.ts';
import type { CurveRecord, CutRecord } from '../report/record.ts';
import { PowerCuts } from './cuts.ts';
import type { Aftermath } from './cuts.ts';
import { curveRecord, disagreement, everyInstant } from './every-instant.ts';
import { judgeSite, readBackFrom, recoverAt, stop } from './judged-cut.ts';
import type { TrialSurroundings } from './load.ts';

/** What became of a recorded trial. */
export interface PowerOutcome {
  readonly cuts: readonly CutRecord[];
  readonly curve: CurveRecord;
  /** Files beside the record, name → path. */
  readonly artefacts: Readonly<Record<string, string>>;
}

/** Judges every instant; boots those of the plan. */
export async function judgePower(
  aftermath: Aftermath, around: TrialSurroundings,
): Promise<PowerOutcome> {
  const { trial } = aftermath;
  const power = new PowerCuts(aftermath);
  const judge = new Judge(power.history());
  around.onPhase('check');
  const askedNs = trial.cutFractions.map((fraction) => power.instantAt(fraction));
  const every = everyInstant(power, judge, { trial, askedNs });
  const cuts: CutRecord[] = [];
  for (const [cut, cutNs] of askedNs.entries()) {
    const site = power.site(cut, cutNs);
    const recovered = await recoverAt(site, await freePort(), around);
    try {
      const found = await readBackFrom(recovered, aftermath, around);
      around.onPhase('check');
      const { judgement, record } = judgeSite(judge, site, { found, aftermath });
      const instant = every.curve.asked[cut];
      const differs = instant === undefined ? null : disagreement(judgement, instant);
      cuts.push(differs === null ? record : {
        ...record,
        verdict: record.verdict === 'fail' ? 'fail' : 'inconclusive',
        findings: [...record.findings, differs],
      });
    } finally {
      await stop(recovered);
      fs.rmSync(site.directory, { recursive: true, force: true });
    }
  }
  const curve = curveRecord(every);
  const artefacts = keepCurve(aftermath, around, encodeCurve(every.curve.envelope));
  return { cuts, curve, artefacts };
}

/** Writes the curve into the folder of the run; a full disk costs the drawing, not the verdict. */
function keepCurve(
  { trial }: Aftermath, { runDirectory }: TrialSurroundings, bytes: Uint8Array,
): Record<string, string> {
  const name = `curves/${trial.cell.id.replaceAll('/', '-')}-${trial.index + 1}.json.gz`;
  try {
    fs.mkdirSync(path.join(runDirectory, 'curves'), { recursive: true });
    fs.writeFileSync(path.join(runDirectory, name), bytes);
    return { curve: name };
  } catch {
    return {};
  }
}
