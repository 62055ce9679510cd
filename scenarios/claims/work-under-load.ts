// What claims 5 and 12 share: the cost of background work, as the study of snapshots finds it.

import { durationText, median, significant } from '../../harness/index.ts';
import type { CellRecord, Lab, ScenarioInput } from '../../harness/index.ts';

/** The same load before and during background work; middles over the trials. */
export interface WorkCost {
  readonly keys: number;
  readonly trials: number;
  readonly tookMs: number;
  readonly ratePerSecond: number;
  /** Rate during ÷ before. */
  readonly rateShare: number;
  readonly p99BeforeUs: number;
  readonly p99DuringUs: number;
  /** The worst 100 ms. */
  readonly worstP99BeforeUs: number;
  readonly worstP99DuringUs: number;
}

/** A tail longer than this before the work says that the machine is busy with something else. */
const busyP99Us = 50_000;

/** True when the machine was too busy for a tail to mean anything. */
export function isBusy({ p99BeforeUs }: WorkCost): boolean {
  return p99BeforeUs > busyP99Us;
}

/** What is said then. */
export const busyWords: string = 'The tail was long before the work began: the machine is busy '
  + 'with something else.';

/** More than this of the rate kept, and the tail within this factor, is little effect. */
export const littleEffect: { readonly rateShare: number; readonly p99Ratio: number } = {
  rateShare: 0.95, p99Ratio: 3,
};

/** Runs the study; null when nothing was measured. */
export async function costOf(
  lab: Lab, action: NonNullable<ScenarioInput['actions']>[number],
  given: { readonly keys: number; readonly trials: number; readonly ratePerSecond: number },
): Promise<WorkCost | null> {
  const { keys, trials, ratePerSecond } = given;
  const { cells } = await lab.run({
    name: `claim-${action}`, measures: ['qps'], actions: [action], preloadKeys: [keys], trials,
    load: { clients: 10, keys, warmupMs: 0, ratePerSecond },
  });
  const [cell] = cells;
  return cell === undefined ? null : costIn(cell, ratePerSecond);
}

function costIn({ preloadKeys, perTrial }: CellRecord, ratePerSecond: number): WorkCost | null {
  const studies = perTrial.flatMap(({ study }) => (study?.kind === 'snapshot' ? [study] : []));
  if (studies.length === 0) return null;
  const middle = (of: (study: (typeof studies)[number]) => number): number => (
    median(studies.map(of)));
  return {
    keys: preloadKeys, trials: studies.length, ratePerSecond,
    tookMs: middle((study) => study.tookMs),
    rateShare: middle(({ before, during }) => during.qps / Math.max(1, before.qps)),
    p99BeforeUs: middle(({ before }) => before.p99Us),
    p99DuringUs: middle(({ during }) => during.p99Us),
    worstP99BeforeUs: middle(({ before }) => before.worstP99Us),
    worstP99DuringUs: middle(({ during }) => during.worstP99Us),
  };
}

/** Tail during ÷ before. */
export function tailRatio({ p99BeforeUs, p99DuringUs }: WorkCost): number {
  return p99DuringUs / Math.max(1, p99BeforeUs);
}

/** True when rate and tail stay about as they were. */
export function isLittle(cost: WorkCost): boolean {
  return cost.rateShare >= littleEffect.rateShare && tailRatio(cost) <= littleEffect.p99Ratio;
}

/** `rate 100 %, p99 1.8 ms → 2.1 ms`. */
export function costText({ rateShare, p99BeforeUs, p99DuringUs }: WorkCost): string {
  return `rate ${significant(100 * rateShare)} %, p99 ${usText(p99BeforeUs)} → ${
    usText(p99DuringUs)}`;
}

/** Facts of a cost. */
export function costFacts(cost: WorkCost): [string, string][] {
  return [
    ['took', durationText(cost.tookMs)],
    ['rate during it', `${significant(100 * cost.rateShare)} % of ${cost.ratePerSecond} a second`],
    ['p99 before → during', `${usText(cost.p99BeforeUs)} → ${usText(cost.p99DuringUs)}`],
    ['worst p99 of 100 ms, before → during',
      `${usText(cost.worstP99BeforeUs)} → ${usText(cost.worstP99DuringUs)}`],
    ['trials', String(cost.trials)],
  ];
}

/** `1.8 ms` from µs. */
export function usText(us: number): string {
  return us < 1000 ? `${Math.round(us)} µs` : `${significant(us / 1000)} ms`;
}
