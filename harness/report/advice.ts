// A sentence or two on what each setting costs, computed from the record: honest where intervals
// overlap, where the load generator was the limit, and where nothing was measured.

import { countText, durationText, groupedText, shareText } from '../plan/units.ts';
import type { CellRecord, RunRecord } from './record.ts';
import { groupCells, groupLoss, rateCell } from './summary.ts';
import type { Group, GroupLoss } from './summary.ts';

/** What one setting costs in write rate against another. */
export type Cost =
  | { readonly kind: 'share'; readonly share: number; readonly atLeast: boolean }
  | { readonly kind: 'within-noise' }
  /** The medians lie far apart, but so do the repetitions of each. */
  | { readonly kind: 'too-noisy'; readonly share: number }
  /** One repetition each: no difference of theirs is more than a look. */
  | { readonly kind: 'single'; readonly share: number }
  | { readonly kind: 'generator' };

/** Medians that differ by more are not called alike, however wide their intervals are. */
const likeness = 0.2;

/** The advice, one text a sentence; empty when neither rates nor losses were measured. */
export function advise(record: RunRecord): string[] {
  const groups = groupCells(record);
  const targets = [...new Set(groups.map((group) => group.target))];
  return targets.flatMap((target) => {
    const own = groups.filter((group) => group.target === target);
    const prefix = targets.length > 1 ? `${target}: ` : '';
    return [costSentence(own), choiceSentence(own)]
      .flatMap((sentence) => (sentence === null ? [] : [prefix + sentence]));
  });
}

/** What `cell` costs against `base`; both have a rate. */
export function costOf(cell: CellRecord, base: CellRecord): Cost | null {
  if (cell.qps === null || base.qps === null || base.qps.median <= 0) return null;
  if (cell.generatorLimited) return { kind: 'generator' };
  // Of few repetitions the range stands in for the interval.
  const mine = cell.qps.ci95 ?? cell.qps.range;
  const other = base.qps.ci95 ?? base.qps.range;
  const overlap = mine === null || other === null
    || (mine[0] <= other[1] && other[0] <= mine[1]);
  const share = 1 - cell.qps.median / base.qps.median;
  // Without intervals a difference below a fifth may well be the noise of the machine.
  if (overlap && Math.abs(share) < likeness) return { kind: 'within-noise' };
  if (mine === null || other === null) return { kind: 'single', share };
  if (overlap) return { kind: 'too-noisy', share };
  return { kind: 'share', share, atLeast: base.generatorLimited };
}

const compared = ['aof/everysec', 'rdb+aof/everysec', 'aof/always', 'rdb+aof/always'];

/** At most two settings with a log, the weaker promise first, against the one without. */
function costSentence(groups: readonly Group[]): string | null {
  const base = groups.find((group) => group.setting === 'none');
  const baseCell = base === undefined ? null : rateCell(base);
  const chosen = ['everysec', 'always'].flatMap((policy) => {
    const setting = compared.find((name) => name.endsWith(policy)
      && groups.some((group) => group.setting === name));
    return groups.find((group) => group.setting === setting) ?? [];
  });
  const parts = chosen.flatMap((group) => clauseOf(group, baseCell) ?? []);
  if (parts.length === 0) return null;
  return `${parts.join('; ')}.`;
}

function clauseOf(group: Group, base: CellRecord | null): string | null {
  const cell = rateCell(group);
  const cost = cell === null || base === null ? null : costOf(cell, base);
  const words = [...(cost === null ? [] : [costText(cost)]), ...lossWords(group)];
  return words.length === 0 ? null : `${group.setting} ${words.join(' and ')}`;
}

function costText(cost: Cost): string {
  if (cost.kind === 'within-noise') return 'writes as fast as none, within the noise of this run';
  if (cost.kind === 'too-noisy' || cost.kind === 'single') {
    const way = cost.share < 0 ? 'faster' : 'slower';
    const by = shareText(Math.abs(cost.share));
    return `looked ${by} ${way} than none, but ${cost.kind === 'single'
      ? 'one repetition each cannot tell' : 'this run is too noisy to tell'}`;
  }
  if (cost.kind === 'generator') return 'was faster than the load generator (its cost is unknown)';
  if (cost.share < 0) return `wrote ${shareText(-cost.share)} faster than none`;
  const share = `${cost.atLeast ? 'at least ' : ''}${shareText(cost.share)}`;
  return `costs ${share} of the write rate of none`;
}

function lossWords(group: Group): string[] {
  const power = groupLoss(group, 'power');
  if (power !== null) return [lossText(power, 'power cut')];
  const process = groupLoss(group, 'process');
  return process === null ? [] : [lossText(process, 'process crash')];
}

function lossText(loss: GroupLoss, crash: string): string {
  if (loss.runsWithLoss === 0) {
    return `lost no acknowledged write in ${countText(loss.runs, `${crash} run`)}`;
  }
  return `lost up to ${groupedText(loss.writes)} acknowledged writes, `
    + `the last ${durationText(loss.windowMs)}, in a ${crash}`;
}

/** The fastest settings that lost nothing, or little, when the power was cut. */
function choiceSentence(groups: readonly Group[]): string | null {
  const judged = groups.flatMap((group) => {
    const cell = rateCell(group);
    const loss = groupLoss(group, 'power');
    const failed = group.cells.some((each) => each.verdict === 'fail');
    return cell === null || loss === null || failed ? [] : [{ group, cell, loss }];
  });
  const safest = fastest(judged.filter(({ loss }) => loss.runsWithLoss === 0));
  if (safest === null) return null;
  // Only everysec bounds its loss; what others lost here says how long the run was, nothing more.
  const cheaper = fastest(judged.filter(({ group, loss }) => (
    group.setting.endsWith('/everysec') && loss.runsWithLoss > 0 && !loss.all
  )));
  const start = `To lose no acknowledged write when the power goes, take ${safest.group.setting}`;
  if (cheaper === null || rate(cheaper) <= rate(safest)) return `${start}.`;
  const { windowMs } = cheaper.loss;
  const seconds = Math.max(1, Math.ceil(windowMs / 1000));
  const lately = seconds === 1 ? 'about the last second' : `about the last ${seconds} seconds`;
  return `${start}; if ${lately} may go (here at worst ${durationText(windowMs)}), `
    + `take ${cheaper.group.setting}.`;
}

interface Judged {
  readonly group: Group;
  readonly cell: CellRecord;
  readonly loss: GroupLoss;
}

function fastest(judged: readonly Judged[]): Judged | null {
  return judged.reduce<Judged | null>((best, each) => (
    best === null || rate(each) > rate(best) ? each : best
  ), null);
}

function rate({ cell }: Judged): number {
  return cell.qps?.median ?? 0;
}
