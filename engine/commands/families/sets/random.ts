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

/** Members that are drawn, and logged in one SREM: however many are asked for, few are kept. */
const drawnTogether = 1000;
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
  const brackets = count > drawnTogether && !ctx.session.inMulti;
  const before = set.length;
  ctx.reply.set(count);
  if (brackets) ctx.effects.beginTransaction();
  try {
    for (let left = count; left > 0; left -= drawnTogether) {
      popDrawn(ctx, set, Math.min(left, drawnTogether));
    }
  } finally {
    // Also when the arena got full half-way: beside a snapshot removing too takes memory.
    if (set.length < before) changedTimes(ctx, 1, before - set.length);
    if (brackets) ctx.effects.endTransaction();
  }
}

function popDrawn(ctx: CommandContext, set: SetHandle, count: number): void {
  const ranks = randomRanks(ctx.server.entropy, set.length, count);
  const parts: (string | Buffer)[] = ['SREM', part(ctx, 1)];
  // From the last down: the ranks of the others stay.
  try {
    for (const rank of ranks.reverse()) {
      set.seekRank(rank);
      set.removeSeen();
      replySeen(ctx, set);
      parts.push(Buffer.from(set.elementBuffer.subarray(set.elementStart, set.elementEnd)));
    }
  } finally {
    if (parts.length > 2) ctx.effects.command(ctx.database.index, parts);
  }
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
