// ZPOPMIN, ZPOPMAX, ZMPOP and their blocking forms; ZRANDMEMBER.
import type { SortedSetHandle } from '../../../collections/sorted-set.ts';
import type { EntryAddress } from '../../../keyspace/entry.ts';
import { typeSortedSet } from '../../../keyspace/entry.ts';
import { argumentIs, syntaxError, word } from '../../arguments.ts';
import type { CommandContext } from '../../context.ts';
import { changed, lookup, lookupRead } from '../../lookup.ts';
import { timeoutArgument } from '../../timeouts.ts';
import {
  countArgument, countNotPositive, mustBePositive, numberOfKeys, randomBelow, randomCountArgument,
  randomRanks,
} from '../counts.ts';
import { changedTimes, isTypeOrMissing, part } from '../typed-lookup.ts';
import { replyMember, replyMemberItem, replyMembersHeader } from './access.ts';

const words = {
  min: word('min'), max: word('max'), count: word('count'), withscores: word('withscores'),
};

/** The handle shows the member that goes next. */
function seekNext(set: SortedSetHandle, highest: boolean): void {
  if (highest) set.last();
  else set.first();
}

/** ZPOPMIN and ZPOPMAX key [count] */
export function zpop(ctx: CommandContext, highest: boolean): void {
  if (ctx.argc > 3) {
    ctx.reply.error(syntaxError);
    return;
  }
  const many = ctx.argc === 3;
  const count = many ? countArgument(ctx, 2, 0, mustBePositive) : 1;
  if (Number.isNaN(count)) return;
  const entry = lookup(ctx, 1);
  if (!isTypeOrMissing(ctx, entry, typeSortedSet)) return;
  if (entry === 0 || count === 0) {
    ctx.reply.array(0);
    return;
  }
  const set = ctx.collections.sortedSet().open(ctx.database, entry);
  if (many) {
    const popped = Math.min(count, set.length);
    replyMembersHeader(ctx, popped, true);
    popSeveral(ctx, { set, highest, count: popped, key: 1, pairs: ctx.reply.protocol === 3 });
    changedTimes(ctx, 1, popped);
  } else {
    ctx.reply.array(2);
    popOne(ctx, set, highest);
    changed(ctx, 1);
  }
  ctx.effects.request(ctx.database.index, ctx);
}

function popOne(ctx: CommandContext, set: SortedSetHandle, highest: boolean): void {
  seekNext(set, highest);
  set.remove();
  replyMember(ctx, set);
  ctx.reply.double(set.score);
}

interface Popping {
  readonly set: SortedSetHandle;
  readonly highest: boolean;
  readonly count: number;
  /** The argument with the key. */
  readonly key: number;
  /** Members and scores as pairs, or one after the other? */
  readonly pairs: boolean;
}

function popSeveral(ctx: CommandContext, { set, highest, count, key, pairs }: Popping): void {
  let popped = 0;
  try {
    for (; popped < count; popped++) {
      seekNext(set, highest);
      set.remove();
      if (pairs) ctx.reply.array(2);
      replyMember(ctx, set);
      ctx.reply.double(set.score);
    }
  } catch (error) {
    // Beside a snapshot removing too takes memory. What went is gone, so the log gets it.
    if (popped > 0) {
      changedTimes(ctx, key, popped);
      logPopped(ctx, { highest, key, count: popped });
    }
    throw error;
  }
}

function logPopped(
  ctx: CommandContext, { highest, key, count }: Pick<Popping, 'highest' | 'key' | 'count'>,
): void {
  const name = highest ? 'ZPOPMAX' : 'ZPOPMIN';
  ctx.effects.command(ctx.database.index, [name, part(ctx, key), String(count)]);
}

/**
 * The first of the keys in arguments `first` to `last` that holds a sorted set: its argument, 0
 * when there is none, -1 when one before it is of another type and the error is written.
 */
function firstWithMembers(ctx: CommandContext, first: number, last: number): number {
  for (let i = first; i <= last; i++) {
    const entry = lookup(ctx, i);
    if (!isTypeOrMissing(ctx, entry, typeSortedSet)) return -1;
    if (entry === 0) continue;
    ctx.collections.sortedSet().open(ctx.database, entry);
    return i;
  }
  return 0;
}

/** BZPOPMIN and BZPOPMAX key… timeout */
export function bzpop(ctx: CommandContext, highest: boolean): void {
  const timeoutMs = timeoutArgument(ctx, ctx.argc - 1);
  if (Number.isNaN(timeoutMs)) return;
  const firstKey = ctx.blocking.firstKey(1);
  const lastKey = ctx.blocking.lastKey(ctx.argc - 2);
  const found = firstWithMembers(ctx, firstKey, lastKey);
  if (found < 0) return;
  if (found === 0) {
    ctx.blocking.block(ctx, { type: typeSortedSet, firstKey, lastKey, timeoutMs, nilArray: true });
    return;
  }
  ctx.reply.array(3);
  ctx.reply.bulk(ctx.buffer, ctx.argStart[found] as number, ctx.argEnd[found] as number);
  popOne(ctx, ctx.collections.sortedSet(), highest);
  changed(ctx, found);
  const name = highest ? 'ZPOPMAX' : 'ZPOPMIN';
  ctx.effects.command(ctx.database.index, [name, part(ctx, found)]);
}

/** What follows the timeout of BZMPOP and the name of ZMPOP. */
interface PopForm {
  firstKey: number;
  lastKey: number;
  highest: boolean;
  count: number;
}

const form: PopForm = { firstKey: 0, lastKey: 0, highest: false, count: 1 };

/** numkeys key… MIN | MAX [COUNT count] from argument `at` on; false after writing the error. */
function parsePopForm(ctx: CommandContext, at: number): boolean {
  const keys = countArgument(ctx, at, 1, numberOfKeys);
  if (Number.isNaN(keys)) return false;
  const where = at + keys + 1;
  const highest = where < ctx.argc && argumentIs(ctx, where, words.max);
  if (where >= ctx.argc || (!highest && !argumentIs(ctx, where, words.min))) {
    ctx.reply.error(syntaxError);
    return false;
  }
  form.firstKey = at + 1;
  form.lastKey = at + keys;
  form.highest = highest;
  form.count = 1;
  if (where + 1 === ctx.argc) return true;
  if (where + 2 >= ctx.argc || !argumentIs(ctx, where + 1, words.count)) {
    ctx.reply.error(syntaxError);
    return false;
  }
  form.count = countArgument(ctx, where + 2, 1, countNotPositive);
  if (Number.isNaN(form.count)) return false;
  if (where + 3 === ctx.argc) return true;
  ctx.reply.error(syntaxError);
  return false;
}

/** ZMPOP numkeys key… (MIN | MAX) [COUNT count] */
export function zmpop(ctx: CommandContext): void {
  if (!parsePopForm(ctx, 1)) return;
  const found = firstWithMembers(ctx, form.firstKey, form.lastKey);
  if (found > 0) popFound(ctx, found);
  else if (found === 0) ctx.reply.nilArray();
}

/** BZMPOP timeout numkeys key… (MIN | MAX) [COUNT count] */
export function bzmpop(ctx: CommandContext): void {
  if (!parsePopForm(ctx, 2)) return;
  const timeoutMs = timeoutArgument(ctx, 1);
  if (Number.isNaN(timeoutMs)) return;
  const firstKey = ctx.blocking.firstKey(form.firstKey);
  const lastKey = ctx.blocking.lastKey(form.lastKey);
  const found = firstWithMembers(ctx, firstKey, lastKey);
  if (found > 0) popFound(ctx, found);
  else if (found === 0) {
    ctx.blocking.block(ctx, { type: typeSortedSet, firstKey, lastKey, timeoutMs, nilArray: true });
  }
}

function popFound(ctx: CommandContext, found: number): void {
  const set = ctx.collections.sortedSet();
  const popped = Math.min(form.count, set.length);
  ctx.reply.array(2);
  ctx.reply.bulk(ctx.buffer, ctx.argStart[found] as number, ctx.argEnd[found] as number);
  ctx.reply.array(popped);
  popSeveral(ctx, { set, highest: form.highest, count: popped, key: found, pairs: true });
  changedTimes(ctx, found, popped);
  logPopped(ctx, { highest: form.highest, key: found, count: popped });
}

/** ZRANDMEMBER key [count [WITHSCORES]] */
export function zrandmember(ctx: CommandContext): void {
  if (ctx.argc === 2) {
    const entry = lookupRead(ctx, 1);
    if (!isTypeOrMissing(ctx, entry, typeSortedSet)) return;
    if (entry === 0) ctx.reply.nil();
    else drawOne(ctx, entry);
    return;
  }
  const isWord = ctx.argc > 3 && argumentIs(ctx, 3, words.withscores);
  const count = randomCountArgument(ctx, 2, isWord && ctx.argc === 4);
  if (Number.isNaN(count)) return;
  if (ctx.argc > 3 && (!isWord || ctx.argc > 4)) {
    ctx.reply.error(syntaxError);
    return;
  }
  const entry = lookupRead(ctx, 1);
  if (!isTypeOrMissing(ctx, entry, typeSortedSet)) return;
  if (entry === 0 || count === 0) ctx.reply.array(0);
  else drawMany(ctx, entry, { count, withScores: ctx.argc === 4 });
}

function drawOne(ctx: CommandContext, entry: EntryAddress): void {
  const set = ctx.collections.sortedSet().open(ctx.database, entry);
  set.seekRank(randomBelow(ctx.server.entropy, set.length));
  replyMember(ctx, set);
}

function drawMany(
  ctx: CommandContext, entry: EntryAddress, draw: { count: number; withScores: boolean },
): void {
  const { entropy } = ctx.server;
  const { withScores } = draw;
  const set = ctx.collections.sortedSet().open(ctx.database, entry);
  if (draw.count < 0) {
    replyMembersHeader(ctx, -draw.count, withScores);
    for (let left = -draw.count; left > 0; left--) {
      set.seekRank(randomBelow(entropy, set.length));
      replyMemberItem(ctx, set, withScores);
    }
    return;
  }
  const ranks = randomRanks(entropy, set.length, Math.min(draw.count, set.length));
  replyMembersHeader(ctx, ranks.length, withScores);
  for (const rank of ranks) {
    set.seekRank(rank);
    replyMemberItem(ctx, set, withScores);
  }
}
