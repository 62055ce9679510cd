// Directives about how small collections are kept, and their names from before Redis 7.

import type { Collections } from '../collections/collections.ts';
import type { PackLimits } from '../collections/limits.ts';
import type { Directive } from './directive.ts';

const largestInt = 2147483647;

const rows: readonly (readonly [
  name: string, limit: keyof PackLimits, initial: number, help: string,
])[] = [
  ['hash-max-listpack-entries', 'hashEntries', 512, 'fields of a hash that is kept as a list'],
  ['hash-max-listpack-value', 'hashValueBytes', 64, 'bytes of each of its fields and values'],
  ['zset-max-listpack-entries', 'sortedSetEntries', 128, 'members of a small sorted set'],
  ['zset-max-listpack-value', 'sortedSetValueBytes', 64, 'bytes of each of them'],
  ['set-max-intset-entries', 'intSetEntries', 512, 'members of a small set of integers'],
  ['set-max-listpack-entries', 'setEntries', 128, 'members of any other small set'],
  ['set-max-listpack-value', 'setValueBytes', 64, 'bytes of each of them'],
  ['list-max-listpack-size', 'listSize', -2, 'elements of a list node; -1 … -5: 4 … 64 KiB'],
];

export const packDirectives: readonly Directive[] = rows.map(([name, limit, initial, help]) => ({
  name, kind: 'integer', initial, mutability: 'mutable', help, max: largestInt,
  min: limit === 'listSize' ? -largestInt : 0,
}));

/** Older names, name → today's. */
export const aliases: ReadonlyMap<string, string> = new Map([
  ['hash-max-ziplist-entries', 'hash-max-listpack-entries'],
  ['hash-max-ziplist-value', 'hash-max-listpack-value'],
  ['zset-max-ziplist-entries', 'zset-max-listpack-entries'],
  ['zset-max-ziplist-value', 'zset-max-listpack-value'],
  ['list-max-ziplist-size', 'list-max-listpack-size'],
]);

/** Puts the configured limits in place. */
export function applyPackLimits(
  collections: Collections, configuration: { integer(name: string): number },
): void {
  for (const [name, limit] of rows) collections.limits[limit] = configuration.integer(name);
}
