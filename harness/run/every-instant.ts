// Every instant of a recorded run: the curve, its verdict, and whether a booted image agrees.

import { judgeInstants } from '../checkers/instants.ts';
import type { InstantsJudgement } from '../checkers/instants.ts';
import type { Judge } from '../checkers/judge.ts';
import { counted, grouped } from '../checkers/judgement.ts';
import type { Finding, Judgement } from '../checkers/judgement.ts';
import type { InstantLoss, LossCurve } from '../crash/curve/loss-curve.ts';
import type { LossPoint } from '../crash/curve/envelope.ts';
import type { Trial } from '../plan/plan.ts';
import type { CurveRecord, LossRecord } from '../report/record.ts';
import type { PowerCuts } from './cuts.ts';
import { storyTeller } from './story.ts';

/** The curve of a trial and what it says about the promise. */
export interface EveryInstant {
  readonly curve: LossCurve;
  readonly judgement: InstantsJudgement;
}

/** Computes and judges the curve; `askedNs` are the instants that will be booted. */
export function everyInstant(
  power: PowerCuts, judge: Judge, { trial, askedNs }: { trial: Trial; askedNs: readonly number[] },
): EveryInstant {
  const curve = power.curve(judge.run, askedNs);
  const { cell } = trial;
  const judgement = judgeInstants(judge.run, curve.intervals, {
    question: { ...cell.setting, crash: cell.crash, target: cell.target },
    factsOf: ({ fromNs, toNs }) => power.factsAt(fromNs, toNs),
    startNs: curve.startNs,
    storyOf: storyTeller(power.log, curve),
  });
  return { curve, judgement };
}

/** Where a booted image and the curve differ; null when they agree, or the image says why. */
export function disagreement(judgement: Judgement, instant: InstantLoss): Finding | null {
  // A recovery that loses what the log holds is the server's fault, and has been found.
  if (judgement.verdict === 'fail' && instant.refusal === null) return null;
  const said = wordsOf(instant, instant.refusal !== null);
  const found = wordsOf(
    judgement.lost, judgement.findings.some(({ kind }) => kind === 'refused'),
  );
  const client = judgement.prefixes.findIndex((prefix, at) => prefix !== instant.prefixes[at]);
  if (said === found && (client < 0 || instant.refusal !== null)) return null;
  const where = client < 0 ? '' : `; client ${client}: the first `
    + `${counted(judgement.prefixes[client] ?? 0, 'write')} of it came back, by the curve `
    + grouped(instant.prefixes[client] ?? 0);
  return {
    kind: 'disagreement', breaks: false,
    text: `the booted image and the loss curve disagree: booted ${found}, curve ${said}${where}. `
      + 'This is a bug of Plugpull: please report it with the run',
  };
}

/** What a torn image lost although the curve says that it was durable; null when nothing. */
export function shortfall(judgement: Judgement, instant: InstantLoss): Finding | null {
  if (judgement.verdict === 'fail' || instant.refusal !== null) return null;
  const client = judgement.prefixes.findIndex((prefix, at) => (
    prefix < (instant.prefixes[at] as number)));
  if (client < 0) return null;
  return {
    kind: 'floor', breaks: true,
    text: `of client ${client} the first ${grouped(judgement.prefixes[client] ?? 0)} writes came `
      + `back, although ${grouped(instant.prefixes[client] ?? 0)} were durable at the cut`,
  };
}

function wordsOf({ writes, bytes, windowMs }: LossPoint, isRefused: boolean): string {
  if (isRefused) return 'refused';
  return `${counted(writes, 'write')} lost, ${counted(bytes, 'byte')}, ${windowMs.toFixed(3)} ms`;
}

const spansKept = 20;

/** The figures of a curve for the record. */
export function curveRecord({ curve, judgement }: EveryInstant): CurveRecord {
  const { startNs, endNs, envelope } = curve;
  const { broken } = judgement;
  const since = (atNs: number): number => Math.round((atNs - startNs) / 1e3) / 1e3;
  const brokenNs = broken.reduce((sum, span) => sum + span.toNs - span.fromNs, 0);
  return {
    instants: curve.instants,
    spanMs: since(endNs),
    maximum: lossRecord(curve.maximum),
    p50: lossRecord(envelope.quantile(0.5)),
    p99: lossRecord(envelope.quantile(0.99)),
    brokenMs: Math.round(brokenNs / 1e3) / 1e3,
    broken: broken.slice(0, spansKept)
      .map(({ fromNs, toNs }) => ({ fromMs: since(fromNs), toMs: since(toNs) })),
    findings: judgement.findings,
  };
}

function lossRecord({ writes, bytes, windowMs }: LossPoint): LossRecord {
  return { writes, bytes, windowMs: Math.round(windowMs * 10) / 10 };
}
