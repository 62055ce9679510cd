// Trials that may run at the same time: repetitions of a cell of which no time is asked, so that a
// machine kills as often as it can. All others have it to themselves, one after the other.

import os from 'node:os';
import type { Trial } from '../plan/plan.ts';

/** A trial and its place in the plan. */
export interface PlacedTrial {
  readonly trial: Trial;
  readonly position: number;
}

/** More at a time than the harness' own process can serve would only wait for it. */
const mostLanes = 8;

/**
 * The trials in their order, in groups: those of one group may run beside each other. `isAlone`:
 * none may, since each must meet the machine as its counterpart does.
 */
export function groupsOf(trials: readonly Trial[], isAlone: boolean): PlacedTrial[][] {
  const groups: PlacedTrial[][] = [];
  for (const [position, trial] of trials.entries()) {
    const group = groups.at(-1);
    const before = group?.[0]?.trial;
    const joins = !isAlone && before?.cell.id === trial.cell.id && asksNoTime(trial);
    if (joins) group?.push({ trial, position });
    else groups.push([{ trial, position }]);
  }
  return groups;
}

/** Asked for its loss by a kill alone, at full speed, on the plain disk. */
function asksNoTime({ cell }: Trial): boolean {
  const { measures, crash, disk, faults, study, load } = cell;
  return crash === 'process' && disk === 'plain' && study === null && faults.length === 0
    && measures.every((measure) => measure === 'loss')
    && load.ratePerSecond === null && load.ratePercent === null && cell.target !== 'command';
}

/**
 * Does the work for each of them, as many at a time as there are cores.
 * @throws what the first of them threw, when those that were begun have ended.
 */
export async function inLanes(
  group: readonly PlacedTrial[], work: (placed: PlacedTrial) => Promise<void>,
): Promise<void> {
  const waiting = [...group];
  const lane = async (): Promise<void> => {
    for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) {
      try {
        await work(next);
      } catch (error) {
        waiting.length = 0;
        throw error;
      }
    }
  };
  const lanes = Math.min(group.length, mostLanes, os.availableParallelism());
  const ends = await Promise.allSettled(Array.from({ length: lanes }, lane));
  for (const end of ends) if (end.status === 'rejected') throw end.reason;
}
