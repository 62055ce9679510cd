// When two cells of two runs are one and the same: `compare` joins them, and `trend` makes a series
// of them. The id alone does not say it: flags change the load and the directives behind it.

import { createHash } from 'node:crypto';
import type { CellRecord } from './record.ts';

type AskedCell = Pick<CellRecord, 'load' | 'config' | 'syncDelayMs'>;

/** Everything that a cell was asked beyond its id, name by name. */
function askedOf({ load, config, syncDelayMs }: AskedCell): ReadonlyMap<string, string> {
  const fields = Object.entries({ ...load, ...config.directives, syncDelayMs });
  return new Map(fields.map(([name, value]) => [name, JSON.stringify(value)]));
}

/** A hash of it: the same where `askedDifferences` finds none. */
export function askedKey(cell: AskedCell): string {
  const sorted = [...askedOf(cell)].sort(([one], [other]) => (one < other ? -1 : 1));
  return createHash('sha256').update(JSON.stringify(sorted)).digest('hex').slice(0, 12);
}

/** What two cells of one id were asked differently: `clients 50 → 20`; empty for the same. */
export function askedDifferences(before: AskedCell, after: AskedCell): string[] {
  if (askedKey(before) === askedKey(after)) return [];
  const [one, other] = [askedOf(before), askedOf(after)];
  return [...new Set([...one.keys(), ...other.keys()])]
    .filter((name) => one.get(name) !== other.get(name))
    .map((name) => `${name} ${one.get(name) ?? 'not set'} → ${other.get(name) ?? 'not set'}`);
}
