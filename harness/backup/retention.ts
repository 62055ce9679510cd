// Which backups stay: the last N, and the newest of each of the last N hours and days (UTC) that
// have one. The newest always stays, and so does whatever no rule was given for.

import { momentOf } from './record.ts';

/** How many stay of each kind; all null: all. */
export interface Retention {
  readonly last: number | null;
  readonly hourly: number | null;
  readonly daily: number | null;
}

/** Whether anything may go. */
export function limits({ last, hourly, daily }: Retention): boolean {
  return last !== null || hourly !== null || daily !== null;
}

/** A backup and why it stays; none: it goes. */
export interface Kept {
  readonly name: string;
  /** `last`, `hourly`, `daily`. */
  readonly because: readonly string[];
}

const hourMs = 3_600_000;
const dayMs = 24 * hourMs;

/** Decides for names of backups, in any order; the result is oldest first. */
export function decide(names: readonly string[], retention: Retention): Kept[] {
  const byTime = [...names].sort();
  const reasons = new Map(byTime.map((name): [string, string[]] => [name, []]));
  const newestFirst = [...byTime].reverse();
  const keep = (name: string | undefined, why: string): void => {
    if (name !== undefined) reasons.get(name)?.push(why);
  };
  if (!limits(retention)) for (const name of byTime) keep(name, 'no limit');
  for (const name of newestFirst.slice(0, retention.last ?? 0)) keep(name, 'last');
  for (const [why, count, spanMs] of [
    ['hourly', retention.hourly ?? 0, hourMs], ['daily', retention.daily ?? 0, dayMs],
  ] as const) {
    const newest = new Map<number, string>();
    for (const name of newestFirst) {
      const span = Math.floor((momentOf(name) ?? 0) / spanMs);
      if (!newest.has(span)) newest.set(span, name);
    }
    for (const name of [...newest.values()].slice(0, count)) keep(name, why);
  }
  const [newest] = newestFirst;
  if (newest !== undefined && reasons.get(newest)?.length === 0) keep(newest, 'newest');
  return byTime.map((name) => ({ name, because: reasons.get(name) ?? [] }));
}
