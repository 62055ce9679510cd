// What all commands over sorted sets begin and end with: the key, scores in arguments, members in
// replies.
import type { SortedSetHandle } from '../../../collections/sorted-set.ts';
import { typeSortedSet } from '../../../keyspace/entry.ts';
import { parseDouble } from '../../../resp/doubles.ts';
import type { CommandContext } from '../../context.ts';
import { lookupRead } from '../../lookup.ts';
import { isTypeOrMissing } from '../typed-lookup.ts';

export const notAFloat = 'ERR value is not a valid float';

/** Argument `index` as a score; NaN when it is none. */
export function scoreArgument(ctx: CommandContext, index: number): number {
  return parseDouble(ctx.buffer, ctx.argStart[index] as number, ctx.argEnd[index] as number);
}

/**
 * The sorted set to read in argument `index`; null when there is none or, with the error written,
 * when it is something else (`ctx.reply.length` tells).
 */
export function sortedSetToRead(ctx: CommandContext, index: number): SortedSetHandle | null {
  const entry = lookupRead(ctx, index);
  if (!isTypeOrMissing(ctx, entry, typeSortedSet) || entry === 0) return null;
  return ctx.collections.sortedSet().open(ctx.database, entry);
}

/** Finds the member in argument `index`. */
export function findMember(ctx: CommandContext, set: SortedSetHandle, index: number): boolean {
  return set.find(ctx.buffer, ctx.argStart[index] as number, ctx.argEnd[index] as number);
}

/** The member that the handle shows. */
export function replyMember(ctx: CommandContext, set: SortedSetHandle): void {
  ctx.reply.bulk(set.elementBuffer, set.elementStart, set.elementEnd);
}

/** The header of a list of members: with scores a flat list in RESP2, pairs in RESP3. */
export function replyMembersHeader(ctx: CommandContext, count: number, withScores: boolean): void {
  const flat = withScores && ctx.reply.protocol === 2;
  ctx.reply.array(flat ? count * 2 : count);
}

/** One item of such a list. */
export function replyMemberItem(
  ctx: CommandContext, set: SortedSetHandle, withScores: boolean,
): void {
  if (withScores && ctx.reply.protocol === 3) ctx.reply.array(2);
  replyMember(ctx, set);
  if (withScores) ctx.reply.double(set.score);
}
