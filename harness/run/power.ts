// The second half of a trial that was recorded: every instant is judged by the loss curve; some are
// booted from their crash images and must agree with it; one image is used further, see rounds.ts.

import fs from 'node:fs';
import path from 'node:path';
import { Judge } from '../checkers/judge.ts';
import type { BrokenSpan } from '../checkers/instants.ts';
import type { Finding, Judgement } from '../checkers/judgement.ts';
import { encodeCurve } from '../crash/curve/curve-file.ts';
import type { InstantLoss } from '../crash/curve/loss-curve.ts';
import { digestOf } from '../crash/images/digest.ts';
import { materialize } from '../crash/materialize.ts';
import { reasonOf } from '../errors.ts';
import { freePort } from '../targets/ports.ts';
import type { CoverageRecord, CurveRecord, CutRecord } from '../report/record.ts';
import type { FileTree } from '../crash/image.ts';
import { isStale, PowerCuts } from './cuts.ts';
import type { Aftermath, CrashSite } from './cuts.ts';
import { curveRecord, disagreement, everyInstant, shortfall } from './every-instant.ts';
import type { EveryInstant } from './every-instant.ts';
import { noteFailedCut } from './keep.ts';
import { ImagePlan } from './images.ts';
import type { PlannedImage } from './images.ts';
import { judgeSite, readBackFrom, recoverAt, stop } from './judged-cut.ts';
import type { ReadBackSite } from './judged-cut.ts';
import type { TrialSurroundings } from './load.ts';
import { secondRound } from './rounds.ts';

/** What became of a recorded trial. */
export interface PowerOutcome {
  readonly cuts: readonly CutRecord[];
  readonly curve: CurveRecord;
  readonly coverage: readonly CoverageRecord[];
  /** Files beside the record, name → path. */
  readonly artefacts: Readonly<Record<string, string>>;
}

/** Judges every instant and boots the images of the plan; after Ctrl-C what was judged stays. */
export async function judgePower(
  aftermath: Aftermath, around: TrialSurroundings,
): Promise<PowerOutcome> {
  const { trial } = aftermath;
  const power = new PowerCuts(aftermath);
  const judge = new Judge(power.history());
  around.onPhase('check');
  const plan = new ImagePlan(power, trial);
  const every = everyInstant(power, judge, { trial, askedNs: plan.instantsNs });
  const [broken] = every.judgement.broken;
  // What the curve says of the first broken instant shall show in an image too.
  if (broken !== undefined) return judgeBroken(aftermath, around, { power, plan, broken, judge });
  return boot({ aftermath, around, power, judge }, plan, every);
}

/** The same with an image of a broken instant before the others. */
async function judgeBroken(
  aftermath: Aftermath, around: TrialSurroundings,
  { power, plan, broken, judge }:
  { power: PowerCuts; plan: ImagePlan; broken: BrokenSpan; judge: Judge },
): Promise<PowerOutcome> {
  const { trial } = aftermath;
  const more = plan.with(power, broken.toNs - 1);
  const every = everyInstant(power, judge, { trial, askedNs: more.instantsNs });
  return boot({ aftermath, around, power, judge }, more, every);
}

async function boot(
  parts: BootParts, plan: ImagePlan, every: EveryInstant,
): Promise<PowerOutcome> {
  const { aftermath, around } = parts;
  const boots = new Boots(parts);
  for (const [at, image] of plan.images.entries()) {
    if (!await boots.judge(image, every.curve.asked[at])) break;
  }
  return {
    cuts: boots.cuts,
    curve: curveRecord(every),
    coverage: [...plan.coverage(boots.judged), ...boots.furtherCoverage()],
    artefacts: keepCurve(aftermath, around, encodeCurve(every.curve.envelope)),
  };
}

interface BootParts {
  readonly aftermath: Aftermath;
  readonly around: TrialSurroundings;
  readonly power: PowerCuts;
  readonly judge: Judge;
}

/** Images whose answers are kept: neighbours are often identical. */
const keptAnswers = 8;
/** Below this an image is not used for a second round: the run is to be short. */
const fewImages = 4;

class Boots {
  readonly cuts: CutRecord[] = [];
  readonly judged: { readonly window: string; readonly digest: string }[] = [];
  readonly #parts: BootParts;
  readonly #answers = new Map<string, ReadBackSite>();
  readonly #further = new Map<string, number>();
  #hasFailed = false;

  constructor(parts: BootParts) {
    this.#parts = parts;
  }

  /** Boots and judges one image; false: no further one can be. */
  async judge(planned: PlannedImage, instant: InstantLoss | undefined): Promise<boolean> {
    const { around } = this.#parts;
    if (around.signal.aborted) return false;
    try {
      await this.#judge(planned, instant);
      return true;
    } catch (error) {
      if (around.signal.aborted) return false;
      if (!isDiskFull(error)) throw error;
      this.cuts.push(this.#noRoom(planned, error));
      return false;
    }
  }

  /** Cuts that were made on top of a booted image. */
  furtherCoverage(): CoverageRecord[] {
    return [...this.#further].map(([window, judged]) => (
      { window, candidates: judged, judged, distinct: judged }));
  }

  async #judge(planned: PlannedImage, instant: InstantLoss | undefined): Promise<void> {
    const { aftermath, power, judge } = this.#parts;
    const image = planned.image();
    const digest = digestOf(image);
    const directory = aftermath.workspace.imageDirectory(this.cuts.length);
    const site = power.site({ cutNs: planned.atNs, directory, window: planned.window });
    const known = this.#answers.get(digest);
    if (known === undefined) materialize(image, directory);
    try {
      const found = known ?? await this.#boot(directory, digest);
      const { judgement, record } = judgeSite(judge, site, { found, aftermath });
      this.judged.push({ window: planned.window, digest });
      this.cuts.push(withFinding(record, differenceOf(judgement, planned, instant)));
      const isFailed = this.cuts.at(-1)?.verdict === 'fail' || isStale(aftermath);
      if (known === undefined && isFailed) this.#keep(image, site);
      if (this.#isForSecondRound(found, planned)) {
        const further = await secondRound({ ...this.#parts, image, site, first: judgement });
        this.cuts.push(...further);
        for (const { window } of further) this.#count(window ?? '');
      }
    } finally {
      fs.rmSync(directory, { recursive: true, force: true });
    }
  }

  async #boot(directory: string, digest: string): Promise<ReadBackSite> {
    const { aftermath, around } = this.#parts;
    const recovered = await recoverAt({ directory }, await freePort(), around);
    try {
      const found = await readBackFrom(recovered, aftermath, around);
      around.onPhase('check');
      this.#answers.set(digest, found);
      const [oldest] = this.#answers.keys();
      if (this.#answers.size > keptAnswers && oldest !== undefined) this.#answers.delete(oldest);
      return found;
    } finally {
      await stop(recovered);
    }
  }

  /** Once a trial, in the middle of its images. */
  #isForSecondRound({ survivors }: ReadBackSite, { isExact }: PlannedImage): boolean {
    const { cell } = this.#parts.aftermath.trial;
    // The second load needs a recorder in the server itself.
    if (!this.#parts.aftermath.opLog.hasReleases) return false;
    const isDue = this.judged.length > cell.cutInstants / 2 && this.#further.size === 0;
    // A torn image has a tail that recovery cuts off; exact ones have none as a rule.
    const isTelling = !isExact || cell.crash !== 'power-torn';
    return isDue && isTelling && cell.cutInstants >= fewImages && survivors !== null;
  }

  #count(window: string): void {
    this.#further.set(window, (this.#further.get(window) ?? 0) + 1);
  }

  /** The first image that broke a promise stays for whoever looks into it, as it was before. */
  #keep(image: FileTree, site: CrashSite): void {
    if (this.#hasFailed) return;
    this.#hasFailed = true;
    const { workspace, crashed, opLog } = this.#parts.aftermath;
    if (opLog.path !== workspace.opLogPath) fs.copyFileSync(opLog.path, workspace.opLogPath);
    materialize(image, workspace.failedImageDirectory);
    noteFailedCut(workspace, site, crashed);
  }

  #noRoom({ atNs, window }: PlannedImage, error: unknown): CutRecord {
    const { startNs } = this.#parts.power.span;
    const why = reasonOf(error);
    const text = `no room for further crash images after ${this.cuts.length}: ${why}`;
    return {
      atMs: Math.round((atNs - startNs) / 1e6), verdict: 'inconclusive', loss: null,
      recovery: null, acknowledged: 0, inFlight: 0, window,
      findings: [{ kind: 'not-applied', breaks: false, text }],
    };
  }
}

/** An exact image must agree with the curve; a torn one must keep at least what it says. */
function differenceOf(
  judgement: Judgement, { isExact }: PlannedImage, instant: InstantLoss | undefined,
): Finding | null {
  if (instant === undefined) return null;
  return isExact ? disagreement(judgement, instant) : shortfall(judgement, instant);
}

/** The record with a further finding, and the verdict that it then has. */
export function withFinding(record: CutRecord, finding: Finding | null): CutRecord {
  if (finding === null) return record;
  const verdict = record.verdict === 'fail' || finding.breaks ? 'fail' : 'inconclusive';
  return { ...record, verdict, findings: [...record.findings, finding] };
}

function isDiskFull(error: unknown): boolean {
  const cause = error instanceof Error ? error.cause : undefined;
  const code = (cause as NodeJS.ErrnoException | undefined)?.code ?? '';
  return ['ENOSPC', 'EDQUOT', 'EFBIG'].includes(code);
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
