// Hashes: setting, counting and removing fields.
import { int64Argument, notAnInteger, safeIntegerArgument } from '../../arguments.ts';
import type { CommandContext } from '../../context.ts';
import type { HashHandle } from '../../../collections/hash.ts';
import {
  formatSafeInteger, int64Max, int64Min, parseInt64, parseSafeInteger,
} from '../../integers.ts';
import {
  addLongDoubles, formatLongDouble, isFiniteLongDouble, parseLongDouble, readLongDouble,
} from '../../long-double.ts';
import { changed } from '../../lookup.ts';
import { changedTimes, logPartly, part } from '../typed-lookup.ts';
import { findField, findForPut, openForChange, openForWriting } from './open.ts';
import { replyZero } from './reading.ts';

const overflow = 'ERR increment or decrement would overflow';
const badIncrement = 'ERR value is not a valid float';

/** Digits of a new value, on their way into the arena. */
const scratch: Buffer = Buffer.alloc(32);

/** Sets all fields of an HSET; returns how many are new, or -1 after writing the error. */
function setFields(ctx: CommandContext, name: string): number {
  if ((ctx.argc & 1) !== 0) {
    ctx.reply.error(`ERR wrong number of arguments for '${name}' command`);
    return -1;
  }
  const hash = openForWriting(ctx);
  if (hash === null) return -1;
  const { buffer } = ctx;
  let added = 0;
  let i = 2;
  try {
    for (; i < ctx.argc; i += 2) {
      findForPut(ctx, hash, i);
      const start = ctx.argStart[i + 1] as number;
      if (hash.put(buffer, start, ctx.argEnd[i + 1] as number)) added++;
    }
  } catch (error) {
    logPartly(ctx, { name: 'HSET', done: (i - 2) / 2, end: i });
    throw error;
  }
  changedTimes(ctx, 1, (ctx.argc - 2) / 2);
  ctx.effects.request(ctx.database.index, ctx);
  return added;
}

/** HSET key {field value}… */
export function hset(ctx: CommandContext): void {
  const added = setFields(ctx, 'hset');
  if (added >= 0) ctx.reply.integer(added);
}

/** HMSET key {field value}… */
export function hmset(ctx: CommandContext): void {
  if (setFields(ctx, 'hmset') >= 0) ctx.reply.ok();
}

/** HSETNX key field value */
export function hsetnx(ctx: CommandContext): void {
  const hash = openForWriting(ctx);
  if (hash === null) return;
  if (findForPut(ctx, hash, 2)) {
    ctx.reply.integer(0);
    return;
  }
  hash.put(ctx.buffer, ctx.argStart[3] as number, ctx.argEnd[3] as number);
  changed(ctx, 1);
  ctx.effects.request(ctx.database.index, ctx);
  ctx.reply.integer(1);
}

/** HDEL key field… */
export function hdel(ctx: CommandContext): void {
  const hash = openForChange(ctx, replyZero);
  if (hash === null) return;
  let removed = 0;
  let i = 2;
  try {
    for (; i < ctx.argc && hash.entry !== 0; i++) {
      if (!findField(ctx, hash, i)) continue;
      hash.remove();
      removed++;
    }
  } catch (error) {
    // Beside a snapshot removing too takes memory.
    logPartly(ctx, { name: 'HDEL', done: removed, end: i });
    throw error;
  }
  if (removed > 0) {
    changedTimes(ctx, 1, removed);
    ctx.effects.request(ctx.database.index, ctx);
  }
  ctx.reply.integer(removed);
}

/** HINCRBY key field increment */
export function hincrby(ctx: CommandContext): void {
  const delta = safeIntegerArgument(ctx, 3);
  const isBig = Number.isNaN(delta);
  if (isBig && int64Argument(ctx, 3) === null) {
    ctx.reply.error(notAnInteger);
    return;
  }
  const hash = openForWriting(ctx);
  if (hash === null) return;
  let sum = delta;
  const found = findForPut(ctx, hash, 2);
  if (found) sum += parseSafeInteger(hash.valueBuffer, hash.valueStart, hash.valueEnd);
  if (!Number.isSafeInteger(sum)) {
    addBig(ctx, hash, found);
    return;
  }
  storeCount(ctx, hash, formatSafeInteger(scratch, 0, sum));
  ctx.reply.integer(sum);
}

/** As HINCRBY, beyond 2^53; the field was found or not just now. */
function addBig(ctx: CommandContext, hash: HashHandle, found: boolean): void {
  const delta = int64Argument(ctx, 3) as bigint;
  const value = found ? parseInt64(hash.valueBuffer, hash.valueStart, hash.valueEnd) : 0n;
  if (value === null) {
    ctx.reply.error('ERR hash value is not an integer');
    return;
  }
  const sum = value + delta;
  if (sum > int64Max || sum < int64Min) {
    ctx.reply.error(overflow);
    return;
  }
  storeCount(ctx, hash, scratch.write(sum.toString(), 'latin1'));
  ctx.reply.bigInteger(sum);
}

/** The digits in `scratch` become the value of the field found last, which keeps its deadline. */
function storeCount(ctx: CommandContext, hash: HashHandle, length: number): void {
  hash.putKeepingDeadline(scratch, 0, length);
  changed(ctx, 1);
  ctx.effects.request(ctx.database.index, ctx);
}

/** HINCRBYFLOAT key field increment */
export function hincrbyfloat(ctx: CommandContext): void {
  const delta = readLongDouble(ctx.buffer, ctx.argStart[3] as number, ctx.argEnd[3] as number);
  if (delta === null) {
    ctx.reply.error(badIncrement);
    return;
  }
  if (!isFiniteLongDouble(delta)) {
    ctx.reply.error('ERR value is NaN or Infinity');
    return;
  }
  const hash = openForWriting(ctx);
  if (hash === null) return;
  const found = findForPut(ctx, hash, 2);
  const value = found
    ? readLongDouble(hash.valueBuffer, hash.valueStart, hash.valueEnd)
    : parseLongDouble('0');
  if (value === null) {
    ctx.reply.error('ERR hash value is not a float');
    return;
  }
  const sum = addLongDoubles(value, delta);
  if (!isFiniteLongDouble(sum)) {
    ctx.reply.error('ERR increment would produce NaN or Infinity');
    return;
  }
  storeFloat(ctx, hash, Buffer.from(formatLongDouble(sum), 'latin1'));
}

/** Floats may print differently elsewhere: the log gets the result. */
function storeFloat(ctx: CommandContext, hash: HashHandle, digits: Buffer): void {
  const mortal = hash.deadlineMs !== 0;
  const isNew = hash.putKeepingDeadline(digits, 0, digits.length);
  changed(ctx, 1);
  const { index } = ctx.database;
  if (isNew || !mortal) ctx.effects.command(index, ['HSET', part(ctx, 1), part(ctx, 2), digits]);
  else {
    const keeping = ['KEEPTTL', 'FIELDS', '1'];
    ctx.effects.command(index, ['HSETEX', part(ctx, 1), ...keeping, part(ctx, 2), digits]);
  }
  ctx.reply.bulk(digits, 0, digits.length);
}
