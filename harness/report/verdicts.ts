// One verdict out of many: of the instants of a trial, the trials of a cell, the cells of a run.

import type { Verdict } from '../plan/events.ts';
import { verdicts } from '../plan/events.ts';
import type { TrialRecord } from './record.ts';

/** What was found at one cut, or in one trial. */
export interface Judged {
  readonly verdict: Verdict;
  readonly findings: readonly { readonly kind: string }[];
}

/** fail beats inconclusive beats pass; nothing at all is inconclusive. */
export function worstVerdict(found: readonly Verdict[]): Verdict {
  if (found.length === 0) return 'inconclusive';
  return verdicts.findLast((verdict) => found.includes(verdict)) ?? 'inconclusive';
}

/**
 * Those that have a say in a verdict. A cut before the first acknowledged write proves nothing:
 * that leaves a question open only where such cuts are more than half of all.
 */
export function deciding<One extends Judged>(judged: readonly One[]): readonly One[] {
  const rest = judged.filter((one) => !isTooEarly(one));
  return 2 * rest.length >= judged.length ? rest : judged;
}

/** Came the crash before anything was acknowledged, and is that all there is to say? */
export function isTooEarly({ verdict, findings }: Judged): boolean {
  return verdict === 'inconclusive' && findings.length > 0
    && findings.every(({ kind }) => kind === 'too-early');
}

/** What kept the speed of a cell from being measured. */
export interface GeneratorLimit {
  /** In the words of the first trial that had it. */
  readonly reason: string;
  readonly trials: number;
  /** Trials that were asked for their speed. */
  readonly of: number;
}

/**
 * Whether in at least half of the trials the generator was the limit or the rate was not reached:
 * then the speed of the cell is not that of the server. Null where it was measured.
 */
export function generatorLimit(trials: readonly TrialRecord[]): GeneratorLimit | null {
  const asked = trials.filter(({ error, generator }) => error === null && generator !== null);
  const limits = asked.flatMap(({ generator }) => generator?.limit ?? []);
  const [reason] = limits;
  if (reason === undefined || 2 * limits.length < asked.length) return null;
  return { reason, trials: limits.length, of: asked.length };
}

/** Why two cells cannot be compared by their speed; null when they can. */
export function limitDoubt(
  ...cells: readonly { readonly perTrial: readonly TrialRecord[] }[]
): string | null {
  const isLimited = cells.some(({ perTrial }) => generatorLimit(perTrial) !== null);
  return isLimited ? 'the generator, not the server, was the limit' : null;
}

/** Whether a cell was given a rate: then its write rate is what was offered, not what it can do. */
export function isOffered({ perTrial }: { readonly perTrial: readonly TrialRecord[] }): boolean {
  return perTrial.some(({ offeredPerSecond }) => offeredPerSecond !== null);
}
