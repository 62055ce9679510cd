// Elements of lists by their value, and trimming: LPOS, LREM, LTRIM.
import type { ListHandle } from '../../../collections/list.ts';
import { typeList } from '../../../keyspace/entry.ts';
import { argumentIs, indexArgument, int64Argument, syntaxError, word } from '../../arguments.ts';
import type { CommandContext } from '../../context.ts';
import { int64Min } from '../../integers.ts';
import { lookup, lookupRead } from '../../lookup.ts';
import type { CommandRow } from '../../spec.ts';
import { countArgument } from '../counts.ts';
import { changedTimes, isTypeOrMissing, part } from '../typed-lookup.ts';
import { deletion, listRow } from './lists.ts';

const words = { rank: word('rank'), count: word('count'), maxlen: word('maxlen') };
const rankZero = "ERR RANK can't be zero: use 1 to start from the first match, 2 from the second "
  + '... or use negative to start from the end of the list';

interface Search {
  /** Which match is the first to tell; negative: counted from the tail. */
  rank: number;
  /** How many to tell: 0 all; -1 one, and not as a list. */
  count: number;
  /** How many elements to look at; 0 all. */
  maxLength: number;
}

/** The options from argument 3 on, or null after writing the error. */
function searchOptions(ctx: CommandContext): Search | null {
  const search: Search = { rank: 1, count: -1, maxLength: 0 };
  for (let i = 3; i < ctx.argc; i += 2) {
    if (i + 1 === ctx.argc) return refuse(ctx, syntaxError);
    if (argumentIs(ctx, i, words.rank)) {
      search.rank = indexArgument(ctx, i + 1);
      if (Number.isNaN(search.rank)) return null;
      if (search.rank === 0) return refuse(ctx, rankZero);
      // Negating it overflows in Redis, and it remains the smallest number: every match counts.
      if (int64Argument(ctx, i + 1) === int64Min) search.rank = -1;
    } else if (argumentIs(ctx, i, words.count)) {
      search.count = countArgument(ctx, i + 1, 0, "ERR COUNT can't be negative");
      if (Number.isNaN(search.count)) return null;
    } else if (argumentIs(ctx, i, words.maxlen)) {
      search.maxLength = countArgument(ctx, i + 1, 0, "ERR MAXLEN can't be negative");
      if (Number.isNaN(search.maxLength)) return null;
    } else return refuse(ctx, syntaxError);
  }
  return search;
}

function refuse(ctx: CommandContext, error: string): null {
  ctx.reply.error(error);
  return null;
}

function lpos(ctx: CommandContext): void {
  const search = searchOptions(ctx);
  if (search === null) return;
  const entry = lookupRead(ctx, 1);
  if (!isTypeOrMissing(ctx, entry, typeList)) return;
  const mark = ctx.reply.length;
  const list = entry === 0 ? null : ctx.collections.list().open(ctx.database, entry);
  const found = list === null ? 0 : replyMatches(ctx, list, search);
  if (search.count >= 0) ctx.reply.arrayBefore(mark, found);
  else if (found === 0) ctx.reply.nil();
}

/** Writes the indexes of the matches that are asked for; returns how many. */
function replyMatches(ctx: CommandContext, list: ListHandle, search: Search): number {
  const start = ctx.argStart[2] as number;
  const end = ctx.argEnd[2] as number;
  const { length } = list;
  const fromTail = search.rank < 0;
  const limit = search.maxLength === 0 ? length : Math.min(search.maxLength, length);
  const wanted = search.count === 0 ? Infinity : Math.abs(search.count);
  let toSkip = Math.abs(search.rank) - 1;
  let found = 0;
  if (fromTail) list.last();
  else list.first();
  for (let seen = 0; seen < limit && found < wanted; seen++) {
    if (seen > 0) {
      if (fromTail) list.previous();
      else list.next();
    }
    if (!list.seenEquals(ctx.buffer, start, end) || toSkip-- > 0) continue;
    ctx.reply.integer(fromTail ? length - 1 - seen : seen);
    found++;
  }
  return found;
}

function lrem(ctx: CommandContext): void {
  const count = indexArgument(ctx, 2);
  if (Number.isNaN(count)) return;
  const entry = lookup(ctx, 1);
  if (!isTypeOrMissing(ctx, entry, typeList)) return;
  const list = entry === 0 ? null : ctx.collections.list().open(ctx.database, entry);
  const removed = list === null ? 0 : removeEqual(ctx, list, count);
  if (removed > 0) {
    changedTimes(ctx, 1, removed);
    ctx.effects.request(ctx.database.index, ctx);
  }
  ctx.reply.integer(removed);
}

/** Removes up to `count` elements (0: all) that are argument 3, from the tail if negative. */
function removeEqual(ctx: CommandContext, list: ListHandle, count: number): number {
  const start = ctx.argStart[3] as number;
  const end = ctx.argEnd[3] as number;
  const fromTail = count < 0;
  const wanted = count === 0 ? Infinity : Math.abs(count);
  let removed = 0;
  try {
    let more = fromTail ? list.last() : list.first();
    while (more && removed < wanted) {
      if (list.seenEquals(ctx.buffer, start, end)) {
        list.removeSeen();
        removed++;
        if (list.length === 0) break;
      }
      more = fromTail ? list.previous() : list.next();
    }
  } catch (error) {
    logRemoved(ctx, fromTail ? -removed : removed);
    throw error;
  }
  return removed;
}

/** The arena got full on the way: what is removed is removed, and belongs in the log. */
function logRemoved(ctx: CommandContext, count: number): void {
  if (count === 0) return;
  changedTimes(ctx, 1, Math.abs(count));
  ctx.effects.command(ctx.database.index, ['LREM', part(ctx, 1), String(count), part(ctx, 3)]);
}

function ltrim(ctx: CommandContext): void {
  let start = indexArgument(ctx, 2);
  if (Number.isNaN(start)) return;
  let end = indexArgument(ctx, 3);
  if (Number.isNaN(end)) return;
  const entry = lookup(ctx, 1);
  if (!isTypeOrMissing(ctx, entry, typeList)) return;
  if (entry === 0) {
    ctx.reply.ok();
    return;
  }
  const list = ctx.collections.list().open(ctx.database, entry);
  const { length } = list;
  if (start < 0) start = Math.max(start + length, 0);
  end = Math.min(end < 0 ? end + length : end, length - 1);
  if (start > end) list.removeRange(0, length);
  else cutBothEnds(ctx, list, { start, end });
  const removed = length - list.length;
  // As in Redis who watches the list hears of it even if nothing was cut off.
  changedTimes(ctx, 1, removed);
  if (removed > 0) ctx.effects.request(ctx.database.index, ctx);
  ctx.reply.ok();
}

function cutBothEnds(
  ctx: CommandContext, list: ListHandle, { start, end }: { start: number; end: number },
): void {
  const cut = list.length - end - 1;
  list.removeRange(end + 1, cut);
  try {
    list.removeRange(0, start);
  } catch (error) {
    if (cut > 0) {
      changedTimes(ctx, 1, cut);
      ctx.effects.command(ctx.database.index, ['LTRIM', part(ctx, 1), '0', String(end)]);
    }
    throw error;
  }
}

export const listSearchRows: readonly CommandRow[] = [
  listRow('6.0.6', 'RO access', { name: 'lpos', arity: -3, flags: 'readonly', handler: lpos,
    syntax: 'key element [RANK rank] [COUNT num-matches] [MAXLEN len]',
    summary: 'The indexes of elements with a value.',
    complexity: 'O(N) with N elements looked at' }),
  listRow('1.0.0', deletion, { name: 'lrem', arity: 4, flags: 'write', handler: lrem,
    syntax: 'key count element', summary: 'Removes elements with a value.',
    complexity: 'O(N) with N elements looked at' }),
  listRow('1.0.0', deletion, { name: 'ltrim', arity: 4, flags: 'write', handler: ltrim,
    syntax: 'key start stop', summary: 'Keeps the elements from one index to another only.',
    complexity: 'O(N) with N elements removed' }),
];
