// Sets: adding, removing and finding members.
import type { SetHandle } from '../../../collections/set.ts';
import { typeSet } from '../../../keyspace/entry.ts';
import type { CommandContext } from '../../context.ts';
import { changed, lookup, lookupRead } from '../../lookup.ts';
import { cursorArgument, replyEmptyScan, scanCollection } from '../collection-scan.ts';
import { changedTimes, isTypeOrMissing, logPartly } from '../typed-lookup.ts';

/** SADD key member… */
export function sadd(ctx: CommandContext): void {
  const entry = lookup(ctx, 1);
  if (!isTypeOrMissing(ctx, entry, typeSet)) return;
  const set = ctx.collections.set();
  if (entry === 0) set.create(ctx.database);
  else set.open(ctx.database, entry);
  let added = 0;
  let i = 2;
  try {
    for (; i < ctx.argc; i++) {
      if (set.add(ctx.buffer, ctx.argStart[i] as number, ctx.argEnd[i] as number)) added++;
    }
  } catch (error) {
    logPartly(ctx, { name: 'SADD', done: added, end: i });
    throw error;
  }
  if (added > 0) {
    changedTimes(ctx, 1, added);
    ctx.effects.request(ctx.database.index, ctx);
  }
  ctx.reply.integer(added);
}

/** SREM key member… */
export function srem(ctx: CommandContext): void {
  const entry = lookup(ctx, 1);
  if (!isTypeOrMissing(ctx, entry, typeSet)) return;
  if (entry === 0) {
    ctx.reply.integer(0);
    return;
  }
  const set = ctx.collections.set().open(ctx.database, entry);
  let removed = 0;
  let i = 2;
  try {
    for (; i < ctx.argc && set.entry !== 0; i++) {
      if (set.remove(ctx.buffer, ctx.argStart[i] as number, ctx.argEnd[i] as number)) removed++;
    }
  } catch (error) {
    // Beside a snapshot removing too takes memory.
    logPartly(ctx, { name: 'SREM', done: removed, end: i });
    throw error;
  }
  if (removed > 0) {
    changedTimes(ctx, 1, removed);
    ctx.effects.request(ctx.database.index, ctx);
  }
  ctx.reply.integer(removed);
}

/** SMOVE source destination member */
export function smove(ctx: CommandContext): void {
  const { buffer, database } = ctx;
  const start = ctx.argStart[3] as number;
  const end = ctx.argEnd[3] as number;
  const source = lookup(ctx, 1);
  const destination = lookup(ctx, 2);
  if (source === 0) {
    ctx.reply.integer(0);
    return;
  }
  if (!isTypeOrMissing(ctx, source, typeSet)) return;
  if (!isTypeOrMissing(ctx, destination, typeSet)) return;
  const from = ctx.collections.set().open(database, source);
  if (source === destination || !from.has(buffer, start, end)) {
    ctx.reply.integer(source === destination && from.has(buffer, start, end) ? 1 : 0);
    return;
  }
  const into = ctx.collections.set(1);
  if (destination === 0) {
    database.find(buffer, ctx.argStart[2] as number, ctx.argEnd[2] as number);
    into.create(database);
  } else into.open(database, destination);
  const added = into.add(buffer, start, end);
  try {
    from.remove(buffer, start, end);
  } catch (error) {
    if (added) into.remove(buffer, start, end);
    throw error;
  }
  changed(ctx, 1);
  if (added) changed(ctx, 2);
  ctx.effects.request(database.index, ctx);
  ctx.reply.integer(1);
}

/** The set to read in argument 1; null when there is none, or the error is written. */
function setToRead(ctx: CommandContext): SetHandle | null {
  const entry = lookupRead(ctx, 1);
  if (!isTypeOrMissing(ctx, entry, typeSet)) return null;
  if (entry !== 0) return ctx.collections.set().open(ctx.database, entry);
  return null;
}

/** SCARD key */
export function scard(ctx: CommandContext): void {
  const mark = ctx.reply.length;
  const set = setToRead(ctx);
  if (set !== null) ctx.reply.integer(set.length);
  else if (ctx.reply.length === mark) ctx.reply.integer(0);
}

/** SISMEMBER key member */
export function sismember(ctx: CommandContext): void {
  const mark = ctx.reply.length;
  const set = setToRead(ctx);
  if (set !== null) ctx.reply.integer(isMember(ctx, set, 2));
  else if (ctx.reply.length === mark) ctx.reply.integer(0);
}

/** SMISMEMBER key member… */
export function smismember(ctx: CommandContext): void {
  const mark = ctx.reply.length;
  const set = setToRead(ctx);
  if (set === null && ctx.reply.length !== mark) return;
  ctx.reply.array(ctx.argc - 2);
  for (let i = 2; i < ctx.argc; i++) ctx.reply.integer(set === null ? 0 : isMember(ctx, set, i));
}

function isMember(ctx: CommandContext, set: SetHandle, index: number): number {
  return set.has(ctx.buffer, ctx.argStart[index] as number, ctx.argEnd[index] as number) ? 1 : 0;
}

/** SMEMBERS key */
export function smembers(ctx: CommandContext): void {
  const mark = ctx.reply.length;
  const set = setToRead(ctx);
  if (set !== null) replyAll(ctx, set);
  else if (ctx.reply.length === mark) ctx.reply.set(0);
}

/** All members as a set. */
export function replyAll(ctx: CommandContext, set: SetHandle): void {
  ctx.reply.set(set.length);
  for (let more = set.first(); more; more = set.next()) {
    ctx.reply.bulk(set.elementBuffer, set.elementStart, set.elementEnd);
  }
}

/** SSCAN key cursor [MATCH pattern] [COUNT count] */
export function sscan(ctx: CommandContext): void {
  const cursor = cursorArgument(ctx);
  if (Number.isNaN(cursor)) return;
  const mark = ctx.reply.length;
  const set = setToRead(ctx);
  if (set === null) {
    if (ctx.reply.length === mark) replyEmptyScan(ctx);
    return;
  }
  scanCollection(ctx, set, cursor, () => {
    ctx.reply.bulk(set.elementBuffer, set.elementStart, set.elementEnd);
    return 1;
  });
}
