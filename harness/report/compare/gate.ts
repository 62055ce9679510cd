// May this revision go in? From the comparison of two revisions that ran in turn.

import { countText } from '../../plan/units.ts';
import type { RunRecord } from '../record.ts';
import type { Comparison } from './compare.ts';
import { ratioText, sortedMetrics } from './comparison-text.ts';

/** The word and one sentence. */
export interface Gate {
  /** From the worst: a broken promise weighs more than a slower server. */
  readonly verdict: 'broken promise' | 'not measured' | 'regression' | 'pass';
  readonly reason: string;
}

/**
 * Judges the later of two runs: a broken promise and a regression beyond doubt are held against it,
 * whatever may be chance is not. A server that does not start is no pass either.
 */
export function gateOf(comparison: Comparison, head: RunRecord): Gate {
  const [broken] = comparison.broken;
  if (broken !== undefined) {
    const count = countText(comparison.broken.length, 'cell');
    const known = comparison.broken.some(({ isNew }) => isNew) ? ''
      : ', as the earlier revision does';
    const verb = comparison.broken.length === 1 ? 'breaks' : 'break';
    const reason = `${count} ${verb} a promise${known}: ${broken.cell}`;
    return { verdict: 'broken promise', reason };
  }
  const silent = head.cells.filter((cell) => (
    cell.perTrial.length === 0 || cell.perTrial.every((trial) => trial.error !== null)));
  const [first] = silent;
  if (first !== undefined) {
    const why = first.perTrial[0]?.error ?? 'no trial was run';
    return { verdict: 'not measured', reason: `${first.id}: ${why}` };
  }
  const worse = sortedMetrics(comparison).filter(({ verdict }) => verdict === 'regression');
  const [worst] = worse;
  if (worst !== undefined) {
    return { verdict: 'regression', reason: `${countText(worse.length, 'metric')} worse beyond `
      + `doubt, most of all ${worst.name} of ${worst.cell}, ${ratioText(worst)}` };
  }
  const open = comparison.metrics.filter(({ verdict }) => verdict === 'inconclusive').length;
  const more = open === 0 ? '' : `; ${open} of ${comparison.metrics.length} metrics are open`;
  return { verdict: 'pass', reason: `no broken promise, no regression beyond doubt${more}` };
}
