// Hashes: commands that only look.
import type { HashHandle } from '../../../collections/hash.ts';
import type { CommandContext } from '../../context.ts';
import { typeHash } from '../../../keyspace/entry.ts';
import { lookupRead } from '../../lookup.ts';
import { cursorArgument, replyEmptyScan, scanCollection } from '../collection-scan.ts';
import { isTypeOrMissing } from '../typed-lookup.ts';
import { dropAllDue, findField, findLiving, isDue, openForReading } from './open.ts';

export function replyNil(ctx: CommandContext): void {
  ctx.reply.nil();
}

export function replyZero(ctx: CommandContext): void {
  ctx.reply.integer(0);
}

function replyNoItems(ctx: CommandContext): void {
  ctx.reply.array(0);
}

function replyNoPairs(ctx: CommandContext): void {
  ctx.reply.map(0);
}

export function replyField(ctx: CommandContext, hash: HashHandle): void {
  ctx.reply.bulk(hash.elementBuffer, hash.elementStart, hash.elementEnd);
}

export function replyFieldValue(ctx: CommandContext, hash: HashHandle): void {
  ctx.reply.bulk(hash.valueBuffer, hash.valueStart, hash.valueEnd);
}

/** HGET key field */
export function hget(ctx: CommandContext): void {
  const hash = openForReading(ctx, replyNil);
  if (hash === null) return;
  if (findField(ctx, hash, 2)) replyFieldValue(ctx, hash);
  else ctx.reply.nil();
}

/** HMGET key field… */
export function hmget(ctx: CommandContext): void {
  const hash = openForReading(ctx, replyManyNils);
  if (hash === null) return;
  ctx.reply.array(ctx.argc - 2);
  for (let i = 2; i < ctx.argc; i++) {
    if (findField(ctx, hash, i)) replyFieldValue(ctx, hash);
    else ctx.reply.nil();
  }
}

function replyManyNils(ctx: CommandContext): void {
  ctx.reply.array(ctx.argc - 2);
  for (let i = 2; i < ctx.argc; i++) ctx.reply.nil();
}

/** HEXISTS key field */
export function hexists(ctx: CommandContext): void {
  const hash = openForReading(ctx, replyZero);
  if (hash !== null) ctx.reply.integer(findField(ctx, hash, 2) ? 1 : 0);
}

/** HSTRLEN key field */
export function hstrlen(ctx: CommandContext): void {
  const hash = openForReading(ctx, replyZero);
  if (hash === null) return;
  ctx.reply.integer(findField(ctx, hash, 2) ? hash.valueEnd - hash.valueStart : 0);
}

/** HLEN key: of a large hash, fields that are due count until they are removed, as in Redis. */
export function hlen(ctx: CommandContext): void {
  const hash = openForReading(ctx, replyZero);
  if (hash !== null) ctx.reply.integer(hash.length);
}

/** HGETALL key */
export function hgetall(ctx: CommandContext): void {
  const hash = openWhole(ctx, replyNoPairs);
  if (hash === null) return;
  ctx.reply.map(hash.length);
  for (let more = hash.first(); more; more = hash.next()) {
    replyField(ctx, hash);
    replyFieldValue(ctx, hash);
  }
}

/** HKEYS key */
export function hkeys(ctx: CommandContext): void {
  const hash = openWhole(ctx, replyNoItems);
  if (hash === null) return;
  ctx.reply.array(hash.length);
  for (let more = hash.first(); more; more = hash.next()) replyField(ctx, hash);
}

/** HVALS key */
export function hvals(ctx: CommandContext): void {
  const hash = openWhole(ctx, replyNoItems);
  if (hash === null) return;
  ctx.reply.array(hash.length);
  for (let more = hash.first(); more; more = hash.next()) replyFieldValue(ctx, hash);
}

/** The hash in argument 1 without any field that is due; null after writing the reply. */
export function openWhole(
  ctx: CommandContext, missing: (ctx: CommandContext) => void,
): HashHandle | null {
  const hash = openForReading(ctx, missing);
  if (hash === null || dropAllDue(ctx, hash)) return hash;
  missing(ctx);
  return null;
}

/** HSCAN key cursor [MATCH pattern] [COUNT count] [NOVALUES] */
export function hscan(ctx: CommandContext): void {
  const cursor = cursorArgument(ctx);
  if (Number.isNaN(cursor)) return;
  const entry = lookupRead(ctx, 1);
  if (!isTypeOrMissing(ctx, entry, typeHash)) return;
  if (entry === 0) {
    replyEmptyScan(ctx);
    return;
  }
  const hash = ctx.collections.hash().open(ctx.database, entry);
  const due: Buffer[] = [];
  scanCollection(ctx, hash, cursor, (valuesToo) => {
    if (isDue(ctx, hash)) {
      due.push(Buffer.from(hash.elementBuffer.subarray(hash.elementStart, hash.elementEnd)));
      return 0;
    }
    replyField(ctx, hash);
    if (!valuesToo) return 1;
    replyFieldValue(ctx, hash);
    return 2;
  });
  for (const field of due) findLiving(ctx, hash, field, 0, field.length);
}
