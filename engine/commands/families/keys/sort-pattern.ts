// The patterns of SORT's BY and GET: `weight_*`, `object_*->field`, `#`.
import type { CommandContext } from '../../context.ts';
import { isExpired, expireEntry } from '../../lookup.ts';
import { typeHash, typeString } from '../../../keyspace/entry.ts';
import { findLiving } from '../hashes/open.ts';

const star = 42;
const hash = 35;
const arrow = Buffer.from('->');

/** A pattern cut at its star. */
export interface SortPattern {
  /** `#`: the element itself. */
  readonly isElement: boolean;
  /** null: without a star a pattern finds nothing. */
  readonly before: Buffer | null;
  readonly after: Buffer;
  readonly field: Buffer | null;
}

/** Cuts a pattern into its parts. */
export function sortPattern(text: Buffer): SortPattern {
  const nothing = Buffer.alloc(0);
  const isElement = text.length === 1 && text[0] === hash;
  const at = text.indexOf(star);
  if (isElement || at < 0) return { isElement, before: null, after: nothing, field: null };
  const end = text.indexOf(arrow, at + 1);
  // An arrow at the very end belongs to the key.
  const hasField = end >= 0 && end + arrow.length < text.length;
  return {
    isElement: false,
    before: text.subarray(0, at),
    after: text.subarray(at + 1, hasField ? end : text.length),
    field: hasField ? text.subarray(end + arrow.length) : null,
  };
}

/** A copy of what the pattern finds for an element; null when there is no such value. */
export function valueFor(
  ctx: CommandContext, pattern: SortPattern, element: Buffer,
): Buffer | null {
  if (pattern.isElement) return element;
  if (pattern.before === null) return null;
  const { database } = ctx;
  const key = Buffer.concat([pattern.before, element, pattern.after]);
  const entry = database.find(key, 0, key.length);
  if (entry !== 0 && isExpired(ctx, database, entry)) {
    expireEntry(ctx, database, entry);
    return countMiss(ctx);
  }
  if (entry === 0) return countMiss(ctx);
  ctx.statistics.keyspaceHits++;
  if (pattern.field !== null) {
    if (database.type(entry) !== typeHash) return null;
    const found = ctx.collections.hash(1).open(database, entry);
    if (!findLiving(ctx, found, pattern.field, 0, pattern.field.length)) return null;
    return Buffer.from(found.valueBuffer.subarray(found.valueStart, found.valueEnd));
  }
  if (database.type(entry) !== typeString) return null;
  const start = database.valueOffset(entry);
  const end = start + database.valueLength(entry);
  return Buffer.from(database.valueBuffer(entry).subarray(start, end));
}

function countMiss(ctx: CommandContext): null {
  ctx.statistics.keyspaceMisses++;
  return null;
}
