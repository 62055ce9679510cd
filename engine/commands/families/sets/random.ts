// SPOP and SRANDMEMBER: members drawn by rank, so each is equally likely.
import type { SetHandle } from '../../../collections/set.ts';
import { typeSet } from '../../../keyspace/entry.ts';
import { syntaxError } from '../../arguments.ts';
import type { CommandContext } from '../../context.ts';
import { changed, lookup, lookupRead } from '../../lookup.ts';
import {
  countArgument, mustBePositive, randomBelow, randomCountArgument, randomRanks,
} from '../counts.ts';
import { changedTimes, isTypeOrMissing, part } from '../typed-lookup.ts';
import { replyAll } from './membership.ts';

/** Members in one SREM of the log. */
const loggedTogether = 1000;
const srem = Buffer.from('SREM');

function replySeen(ctx: CommandContext, set: SetHandle): void {
  ctx.reply.bulk(set.elementBuffer, set.elementStart, set.elementEnd);
}

/** SPOP key [count] */
export function spop(ctx: CommandContext): void {
  if (ctx.argc > 2) {
    if (ctx.argc > 3) ctx.reply.error(syntaxError);
    else popMany(ctx);
    return;
  }
  const { database } = ctx;
  const entry = lookup(ctx, 1);
  if (!isTypeOrMissing(ctx, entry, typeSet)) return;
  if (entry === 0) {
    ctx.reply.nil();
    return;
  }
  const set = ctx.collections.set().open(database, entry);
  set.seekRank(randomBelow(ctx.server.entropy, set.length));
  set.removeSeen();
  changed(ctx, 1);
  ctx.effects.element(srem, ctx, set);
  replySeen(ctx, set);
}

function popMany(ctx: CommandContext): void {
  const { database } = ctx;
  const count = countArgument(ctx, 2, 0, mustBePositive);
  if (Number.isNaN(count)) return;
  const entry = lookup(ctx, 1);
  if (!isTypeOrMissing(ctx, entry, typeSet)) return;
  if (entry === 0 || count === 0) {
    ctx.reply.set(0);
    return;
  }
  const set = ctx.collections.set().open(database, entry);
  if (count < set.length) {
    popSome(ctx, set, count);
    return;
  }
  const { length } = set;
  replyAll(ctx, set);
  database.remove(entry);
  changedTimes(ctx, 1, length);
  ctx.effects.command(database.index, ['DEL', part(ctx, 1)]);
}

/** Some, not all: the log gets the names of those that went. */
function popSome(ctx: CommandContext, set: SetHandle, count: number): void {
  const ranks = randomRanks(ctx.server.entropy, set.length, count);
  const members: Buffer[] = [];
  ctx.reply.set(count);
  // From the last down: the ranks of the others stay.
  try {
    for (const rank of ranks.reverse()) {
      set.seekRank(rank);
      set.removeSeen();
      replySeen(ctx, set);
      members.push(Buffer.from(set.elementBuffer.subarray(set.elementStart, set.elementEnd)));
    }
  } finally {
    // Also when the arena got full half-way: beside a snapshot removing too takes memory.
    if (members.length > 0) {
      changedTimes(ctx, 1, members.length);
      logRemoved(ctx, members);
    }
  }
}

function logRemoved(ctx: CommandContext, members: readonly Buffer[]): void {
  const key = part(ctx, 1);
  const brackets = members.length > loggedTogether && !ctx.session.inMulti;
  if (brackets) ctx.effects.beginTransaction();
  for (let at = 0; at < members.length; at += loggedTogether) {
    const some = members.slice(at, at + loggedTogether);
    ctx.effects.command(ctx.database.index, ['SREM', key, ...some]);
  }
  if (brackets) ctx.effects.endTransaction();
}

/** SRANDMEMBER key [count] */
export function srandmember(ctx: CommandContext): void {
  if (ctx.argc > 3) {
    ctx.reply.error(syntaxError);
    return;
  }
  const wantsMany = ctx.argc === 3;
  const count = wantsMany ? randomCountArgument(ctx, 2, false) : 1;
  if (Number.isNaN(count)) return;
  const entry = lookupRead(ctx, 1);
  if (!isTypeOrMissing(ctx, entry, typeSet)) return;
  if (entry === 0 || count === 0) {
    if (wantsMany) ctx.reply.array(0);
    else ctx.reply.nil();
    return;
  }
  const set = ctx.collections.set().open(ctx.database, entry);
  if (count < 0) ctx.reply.array(-count);
  else if (wantsMany) ctx.reply.array(Math.min(count, set.length));
  if (count < 0 || !wantsMany) drawAny(ctx, set, Math.abs(count));
  else drawDifferent(ctx, set, Math.min(count, set.length));
}

function drawAny(ctx: CommandContext, set: SetHandle, count: number): void {
  for (let i = 0; i < count; i++) {
    set.seekRank(randomBelow(ctx.server.entropy, set.length));
    replySeen(ctx, set);
  }
}

function drawDifferent(ctx: CommandContext, set: SetHandle, count: number): void {
  for (const rank of randomRanks(ctx.server.entropy, set.length, count)) {
    set.seekRank(rank);
    replySeen(ctx, set);
  }
}
