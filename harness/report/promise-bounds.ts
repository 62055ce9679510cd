// What a run without a broken promise says of the next crash: a bound for each setting under each
// crash model by itself. Crashes of one setting say nothing about another's, so they are never
// added up.

import { countText, shareText } from '../plan/units.ts';
import { crashModels } from '../plan/scenario.ts';
import type { CrashModel } from '../plan/scenario.ts';
import { zeroSeenUpperBound95 } from './aggregate.ts';
import type { RunRecord } from './record.ts';
import { groupCells, groupLoss } from './summary.ts';

/** How a crash model is called in sentences: `a power cut`. */
export const crashWords: Readonly<Record<CrashModel, string>> = {
  'process': 'process crash', 'power': 'power cut', 'power-torn': 'power cut with torn writes',
  'block': 'power cut of a real file system',
};

const crashesWords: Readonly<Record<CrashModel, string>> = {
  'process': 'process crashes', 'power': 'power cuts', 'power-torn': 'power cuts with torn writes',
  'block': 'power cuts of a real file system',
};

/** One setting under one crash model that was never seen to break its promise. */
export interface PromiseBound {
  /** With the target before it where the record has several. */
  readonly setting: string;
  readonly crash: CrashModel;
  /** Trials that were judged; instants of one trial are not independent. */
  readonly runs: number;
  /** At most this share of such crashes breaks the promise, 0 to 1, with 95 % confidence. */
  readonly upperBound95: number;
}

/** The bounds of a record, the weakest first. */
export function promiseBounds(record: RunRecord): PromiseBound[] {
  const groups = groupCells(record);
  const hasSeveral = new Set(groups.map(({ target }) => target)).size > 1;
  return groups.flatMap((group) => crashModels.flatMap((crash): PromiseBound[] => {
    const loss = groupLoss(group, crash);
    const isBroken = group.cells.some((cell) => cell.crash === crash && cell.verdict === 'fail');
    if (loss === null || loss.runs === 0 || isBroken) return [];
    const setting = hasSeveral ? `${group.target} ${group.setting}` : group.setting;
    return [{ setting, crash, runs: loss.runs, upperBound95: zeroSeenUpperBound95(loss.runs) }];
  })).sort((one, other) => one.runs - other.runs);
}

/** The weakest and the strongest of the bounds in words; null when no loss was judged. */
export function promiseBoundSentence(record: RunRecord): string | null {
  const bounds = promiseBounds(record);
  const [weakest, strongest] = [bounds[0], bounds.at(-1)];
  if (weakest === undefined || strongest === undefined) return null;
  const held = record.failures.length === 0 ? 'No promise was broken. Each'
    : 'Where the promise held, each';
  const most = weakest.runs === strongest.runs ? '' : `; ${boundText(bounds, strongest)}`;
  return `${held} setting and kind of crash speaks only for itself: still possible, at 95 % `
    + `confidence, are broken promises of ${boundText(bounds, weakest)}${most}. More --trials `
    + 'narrow it.';
}

/** `aof/always in up to 95 % of power cuts (1 run)`: all that rest on as many runs. */
function boundText(bounds: readonly PromiseBound[], { runs, upperBound95 }: PromiseBound): string {
  const alike = bounds.filter((bound) => bound.runs === runs);
  const parts = [...new Set(alike.map(({ crash }) => crash))].map((crash) => {
    const settings = alike.filter((bound) => bound.crash === crash).map(({ setting }) => setting);
    const isAll = settings.length === bounds.filter((bound) => bound.crash === crash).length;
    const each = settings.length > 1 ? ' each' : '';
    return `${isAll && settings.length > 1 ? 'every setting' : listed(settings)} in up to `
      + `${shareText(upperBound95)} of ${crashesWords[crash]} (${countText(runs, 'run')}${each})`;
  });
  return listed(parts);
}

function listed(names: readonly string[]): string {
  if (names.length < 2) return names.join('');
  return `${names.slice(0, -1).join(', ')} and ${names.at(-1) ?? ''}`;
}
