// One verdict out of many: of the instants of a trial, the trials of a cell, the cells of a run.

import type { Verdict } from '../plan/events.ts';
import { verdicts } from '../plan/events.ts';

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
