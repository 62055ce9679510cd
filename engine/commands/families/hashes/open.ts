// From a key to its hash, with fields whose deadline has passed out of the way.
//
// Such a field is invisible to every command. It is removed, and logged as HDEL, when a command
// meets it: all of a small hash at once, of a large one some and those that are asked for, or all
// by commands that look at the whole anyway. The rest goes by the cron (`dropDue` in slices).
import type { HashHandle } from '../../../collections/hash.ts';
import { EngineError } from '../../../errors.ts';
import type { Database } from '../../../keyspace/database.ts';
import type { EntryAddress } from '../../../keyspace/entry.ts';
import { typeHash } from '../../../keyspace/entry.ts';
import type { CommandContext } from '../../context.ts';
import { deleted, keyEvent } from '../../events/event-rules.ts';
import { lookup, lookupRead } from '../../lookup.ts';
import { isTypeOrMissing } from '../typed-lookup.ts';

/** Fields in one HDEL of the log. */
const fieldsExpired = keyEvent('hash', 'hexpired');
const loggedTogether = 500;
/** So many fields that are due go whenever a large hash is used. */
const dropPerUse = 20;

/** Whether the field seen last is past its deadline; none is while a log is replayed. */
export function isDue(ctx: CommandContext, hash: HashHandle): boolean {
  const { deadlineMs } = hash;
  return deadlineMs !== 0 && deadlineMs < ctx.nowMs && !ctx.replaying;
}

/** The hash in argument 1 for reading, or null after writing the error or, with `missing`, it. */
export function openForReading(
  ctx: CommandContext, missing: (ctx: CommandContext) => void,
): HashHandle | null {
  return opened(ctx, lookupRead(ctx, 1), missing);
}

/** As `openForReading`, for commands that change what is there but create nothing. */
export function openForChange(
  ctx: CommandContext, missing: (ctx: CommandContext) => void,
): HashHandle | null {
  return opened(ctx, lookup(ctx, 1), missing);
}

function opened(
  ctx: CommandContext, entry: EntryAddress, missing: (ctx: CommandContext) => void,
): HashHandle | null {
  if (!isTypeOrMissing(ctx, entry, typeHash)) return null;
  if (entry !== 0) {
    const hash = ctx.collections.hash().open(ctx.database, entry);
    if (ctx.database.fieldDeadlineCount !== 0) dropSomeDue(ctx, hash);
    if (hash.entry !== 0) return hash;
  }
  missing(ctx);
  return null;
}

/** The hash in argument 1, to be created when there is none; null after writing the error. */
export function openForWriting(ctx: CommandContext): HashHandle | null {
  const { database } = ctx;
  const entry = lookup(ctx, 1);
  if (!isTypeOrMissing(ctx, entry, typeHash)) return null;
  const hash = ctx.collections.hash();
  if (entry === 0) return hash.create(database);
  hash.open(database, entry);
  if (database.fieldDeadlineCount !== 0) {
    dropSomeDue(ctx, hash);
    if (hash.entry === 0) startAnew(ctx, hash);
  }
  return hash;
}

function startAnew(ctx: CommandContext, hash: HashHandle): void {
  ctx.database.find(ctx.buffer, ctx.argStart[1] as number, ctx.argEnd[1] as number);
  hash.create(ctx.database);
}

/** Finds a field that is alive. */
export function findLiving(
  ctx: CommandContext, hash: HashHandle, buffer: Buffer, start: number, end: number,
): boolean {
  if (hash.entry === 0 || !hash.find(buffer, start, end)) return false;
  if (!isDue(ctx, hash)) return true;
  removeDue(ctx, ctx.database, hash);
  return false;
}

/** Finds the field in argument `index` that is alive. */
export function findField(ctx: CommandContext, hash: HashHandle, index: number): boolean {
  const start = ctx.argStart[index] as number;
  return findLiving(ctx, hash, ctx.buffer, start, ctx.argEnd[index] as number);
}

/** As `findField` in the hash of argument 1, for `put` right after; it may have to be created. */
export function findForPut(ctx: CommandContext, hash: HashHandle, index: number): boolean {
  const { buffer } = ctx;
  const start = ctx.argStart[index] as number;
  const end = ctx.argEnd[index] as number;
  if (!hash.find(buffer, start, end)) return false;
  if (!isDue(ctx, hash)) return true;
  removeDue(ctx, ctx.database, hash);
  if (hash.entry === 0) startAnew(ctx, hash);
  hash.find(buffer, start, end);
  return false;
}

function copyOfField(hash: HashHandle): Buffer {
  return Buffer.from(hash.elementBuffer.subarray(hash.elementStart, hash.elementEnd));
}

function copyOfKey(database: Database, entry: EntryAddress): Buffer {
  const start = database.keyOffset(entry);
  const end = start + database.keyLength(entry);
  return Buffer.from(database.keyBuffer(entry).subarray(start, end));
}

/** Removes the field seen last, which is due. */
function removeDue(ctx: CommandContext, database: Database, hash: HashHandle): void {
  const key = copyOfKey(database, hash.entry);
  const field = copyOfField(hash);
  if (tryRemove(hash)) logDropped(ctx, database, [key, field]);
}

/** Beside a snapshot removing takes memory, too: without it the field just stays invisible. */
function tryRemove(hash: HashHandle): boolean {
  try {
    hash.remove();
    return true;
  } catch (error) {
    if (error instanceof EngineError && error.code === 'ARENA_FULL') return false;
    throw error;
  }
}

/** `parts` are the key and the fields that went. */
function logDropped(ctx: CommandContext, database: Database, parts: readonly Buffer[]): void {
  const key = parts[0] as Buffer;
  ctx.statistics.expiredFields += parts.length - 1;
  ctx.effects.command(database.index, ['HDEL', ...parts]);
  if (ctx.watches.count !== 0) ctx.watches.touch(database, key);
}

/** Removes what is due of a small hash, of a large one some. */
function dropSomeDue(ctx: CommandContext, hash: HashHandle): void {
  const earliestMs = hash.earliestDeadlineMs;
  if (earliestMs === 0 || earliestMs >= ctx.nowMs) return;
  dropDue(ctx, ctx.database, { hash, most: hash.isPack ? Infinity : dropPerUse });
}

/** A hash, and how many of its fields to look at. */
export interface DropOptions {
  readonly hash: HashHandle;
  readonly most: number;
}

/** Removes fields that are due, `most` of them, and logs it; returns how many those were. */
export function dropDue(
  ctx: CommandContext, database: Database, { hash, most }: DropOptions,
): number {
  const earliestMs = hash.earliestDeadlineMs;
  if (earliestMs === 0 || earliestMs >= ctx.nowMs || ctx.replaying) return 0;
  const key = copyOfKey(database, hash.entry);
  let parts: Buffer[] = [key];
  let dropped = 0;
  while (dropped < most && hash.entry !== 0 && hash.seekDue(ctx.nowMs - 1)) {
    const field = copyOfField(hash);
    if (!tryRemove(hash)) break;
    parts.push(field);
    dropped++;
    if (parts.length <= loggedTogether) continue;
    logDropped(ctx, database, parts);
    parts = [key];
  }
  if (parts.length > 1) logDropped(ctx, database, parts);
  if (dropped > 0 && ctx.events.flags !== 0) {
    ctx.events.publish(ctx, database, key, fieldsExpired);
    if (hash.entry === 0) ctx.events.publish(ctx, database, key, deleted);
  }
  return dropped;
}

/** Removes all that is due, for commands that look at the whole hash; false: nothing is left. */
export function dropAllDue(ctx: CommandContext, hash: HashHandle): boolean {
  if (ctx.database.fieldDeadlineCount !== 0) {
    dropDue(ctx, ctx.database, { hash, most: Infinity });
  }
  return hash.entry !== 0;
}
