// From an argument to an entry that is alive, and what every change of a key entails: dirty
// counter, watchers, the DEL that the log gets when a deadline has passed.
import type { Database } from '../keyspace/database.ts';
import type { EntryAddress } from '../keyspace/entry.ts';
import { typeString } from '../keyspace/entry.ts';
import type { CommandContext } from './context.ts';

export const wrongType =
  'WRONGTYPE Operation against a key holding the wrong kind of value';

/** Whether the entry is past its deadline; nothing is while a log is replayed. */
export function isExpired(ctx: CommandContext, database: Database, entry: EntryAddress): boolean {
  const deadlineMs = database.deadlineMs(entry);
  return deadlineMs !== 0 && deadlineMs < ctx.nowMs && !ctx.replaying;
}

/** Removes an entry whose deadline has passed and logs DEL; also the active expire cycle's tool. */
export function expireEntry(ctx: CommandContext, database: Database, entry: EntryAddress): void {
  const start = database.keyStart(entry);
  const key = Buffer.from(ctx.keyspace.arena.u8.subarray(start, start + database.keyLength(entry)));
  database.remove(entry);
  ctx.statistics.expiredKeys++;
  if (ctx.events.flags !== 0) ctx.events.expired(ctx, database, key);
  ctx.effects.command(database.index, ['DEL', key]);
  if (ctx.watches.count !== 0) ctx.watches.touch(database, key);
}

/** The living entry of the key in argument `index`, or 0; an expired one is removed. */
export function lookup(ctx: CommandContext, index: number): EntryAddress {
  const database = ctx.database;
  const start = ctx.argStart[index] as number;
  const entry = database.find(ctx.buffer, start, ctx.argEnd[index] as number);
  if (entry === 0 || !database.isMortal(entry) || !isExpired(ctx, database, entry)) return entry;
  expireEntry(ctx, database, entry);
  // The watchers may have searched too: point the database at this key again, for `put`.
  if (ctx.watches.count !== 0) database.find(ctx.buffer, start, ctx.argEnd[index] as number);
  return 0;
}

/** As `lookup`, counted as hit or miss. */
export function lookupRead(ctx: CommandContext, index: number): EntryAddress {
  const entry = lookup(ctx, index);
  if (entry !== 0) {
    ctx.statistics.keyspaceHits++;
    return entry;
  }
  ctx.statistics.keyspaceMisses++;
  if (ctx.events.flags !== 0) {
    ctx.events.missed(ctx, index);
  }
  return 0;
}

/** Whether the entry holds a string; otherwise the WRONGTYPE error is written. */
export function isString(ctx: CommandContext, entry: EntryAddress): boolean {
  if (ctx.database.type(entry) === typeString) return true;
  ctx.reply.error(wrongType);
  return false;
}

/**
 * The key in argument `index` changed: counts it, breaks the transactions that watch it, and
 * signals it to the clients that wait for it.
 */
export function changed(ctx: CommandContext, index: number): void {
  ctx.keyspace.changes++;
  if (ctx.watches.count !== 0) touchWatchers(ctx, index);
  if (ctx.events.flags !== 0) ctx.events.changed(ctx, index);
  if (ctx.blocking.count !== 0) {
    const start = ctx.argStart[index] as number;
    ctx.blocking.signal(ctx.database, ctx.buffer, start, ctx.argEnd[index] as number);
  }
}

/** As `changed`, for a key of another database (MOVE, COPY … DB). */
export function changedIn(ctx: CommandContext, database: Database, index: number): void {
  const own = ctx.database;
  ctx.database = database;
  changed(ctx, index);
  ctx.database = own;
}

function touchWatchers(ctx: CommandContext, index: number): void {
  const key = ctx.buffer.subarray(ctx.argStart[index], ctx.argEnd[index]);
  ctx.watches.touch(ctx.database, key);
}

/** Writes the value of a string entry as a bulk. */
export function replyValue(ctx: CommandContext, entry: EntryAddress): void {
  const start = ctx.database.valueOffset(entry);
  const end = start + ctx.database.valueLength(entry);
  ctx.reply.bulk(ctx.database.valueBuffer(entry), start, end);
}
