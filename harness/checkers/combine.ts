// Several cuts of one run, and several runs of one cell, as one judgement each.
// Instants of one run are not independent: statistics count runs.

import { median } from '../metrics/statistics.ts';
import { grouped } from './judgement.ts';
import type { Finding, FindingKind, Judgement, Lost, Verdict } from './judgement.ts';

/** One run: the worst of its cuts. */
export interface RunJudgement extends Judgement {
  /** Cut instants judged. */
  readonly cuts: number;
}

/** Middle and worst over runs. */
export interface LossSpread {
  readonly median: number;
  readonly max: number;
}

/** One cell: all its runs. */
export interface CellJudgement {
  readonly verdict: Verdict;
  readonly promise: string;
  readonly runs: number;
  readonly runsWithLoss: number;
  readonly cuts: number;
  /** Writes acknowledged before the last cut of each run, summed. */
  readonly acknowledged: number;
  readonly lost: {
    readonly writes: LossSpread;
    readonly bytes: LossSpread;
    readonly windowMs: LossSpread;
  };
  /** Bound of the share of runs that lose something, 0 to 1; null when a run lost something. */
  readonly upperBound95: number | null;
  readonly findings: readonly Finding[];
}

/** Fail beats inconclusive beats pass; nothing judged is inconclusive. */
export function worstOf(verdicts: readonly Verdict[]): Verdict {
  if (verdicts.includes('fail')) return 'fail';
  return verdicts.length === 0 || verdicts.includes('inconclusive') ? 'inconclusive' : 'pass';
}

/** Joins the cuts of one run: the worst verdict, the largest losses, every distinct finding. */
export function combineCuts(cuts: readonly Judgement[]): RunJudgement {
  const largest = (of: (cut: Judgement) => number): number => (
    cuts.reduce((most, cut) => Math.max(most, of(cut)), 0)
  );
  const bounds = cuts.map((cut) => cut.boundMs).filter((bound) => bound !== null);
  return {
    verdict: worstOf(cuts.map((cut) => cut.verdict)),
    promise: cuts[0]?.promise ?? '',
    lost: {
      writes: largest((cut) => cut.lost.writes),
      bytes: largest((cut) => cut.lost.bytes),
      windowMs: largest((cut) => cut.lost.windowMs),
    },
    acknowledged: largest((cut) => cut.acknowledged),
    inFlight: largest((cut) => cut.inFlight),
    survived: largest((cut) => cut.survived),
    boundMs: bounds.length === 0 ? null : Math.max(...bounds),
    findings: joinFindings(cuts),
    cuts: cuts.length,
  };
}

/**
 * Joins the runs of one cell. `boundOf` gives the upper bound at 95 % for n runs without a loss
 * (metrics: ruleOfThreeUpperBound).
 */
export function combineRuns(
  runs: readonly RunJudgement[], boundOf: (runs: number) => number,
): CellJudgement {
  const judged = runs.filter((run) => run.verdict !== 'inconclusive');
  const spread = (field: keyof Lost): LossSpread => {
    const values = judged.map((run) => run.lost[field]);
    return values.length === 0
      ? { median: 0, max: 0 }
      : { median: median(values), max: Math.max(...values) };
  };
  const runsWithLoss = judged.filter((run) => run.lost.writes > 0).length;
  return {
    verdict: worstOf(runs.map((run) => run.verdict)),
    promise: runs[0]?.promise ?? '',
    runs: runs.length,
    runsWithLoss,
    cuts: runs.reduce((sum, run) => sum + run.cuts, 0),
    acknowledged: runs.reduce((sum, run) => sum + run.acknowledged, 0),
    lost: { writes: spread('writes'), bytes: spread('bytes'), windowMs: spread('windowMs') },
    upperBound95: runsWithLoss > 0 ? null : boundOf(judged.length),
    findings: joinFindings(runs),
  };
}

/** The first few distinct findings of each kind, those that fail first, and how many more. */
function joinFindings(judgements: readonly Judgement[]): Finding[] {
  const perKind = 5;
  const byKind = new Map<FindingKind, Finding[]>();
  for (const finding of judgements.flatMap((judgement) => judgement.findings)) {
    const known = byKind.get(finding.kind) ?? [];
    byKind.set(finding.kind, known);
    if (known.every((each) => each.text !== finding.text)) known.push(finding);
  }
  const joined = [...byKind.values()].flatMap((all) => {
    const [first] = all;
    if (first === undefined || all.length <= perKind) return all;
    const more = `and ${grouped(all.length - perKind)} more: ${first.kind}`;
    return [...all.slice(0, perKind), { ...first, text: more }];
  });
  return joined.sort((a, b) => Number(b.breaks) - Number(a.breaks));
}
