// Counters: INCR and its kin over strings that hold decimal integers, INCRBYFLOAT over floats.
//
// Within ±2^53 sums are Numbers and the digits go into a scratch buffer; beyond that BigInt gives
// the exact int64 behaviour.
import { int64Argument, notAnInteger, safeIntegerArgument } from '../../arguments.ts';
import type { CommandContext } from '../../context.ts';
import {
  formatSafeInteger, int64Max, int64Min, parseInt64, parseSafeInteger,
} from '../../integers.ts';
import { oneKey } from '../../key-specs.ts';
import {
  addLongDoubles, formatLongDouble, isFiniteLongDouble, parseLongDouble, readLongDouble,
} from '../../long-double.ts';
import { changed, isString, lookup } from '../../lookup.ts';
import type { CommandRow } from '../../spec.ts';

const overflow = 'ERR increment or decrement would overflow';
const notAFloat = 'ERR value is not a valid float';

/** Digits of the new value, on their way into the arena. */
const scratch: Buffer = Buffer.alloc(32);

function add(ctx: CommandContext, delta: number): void {
  const { database } = ctx;
  const entry = lookup(ctx, 1);
  let sum = delta;
  if (entry !== 0) {
    if (!isString(ctx, entry)) return;
    const start = database.valueOffset(entry);
    const end = start + database.valueLength(entry);
    sum += parseSafeInteger(database.valueBuffer(entry), start, end);
  }
  if (!Number.isSafeInteger(sum)) {
    addBig(ctx, entry, BigInt(delta));
    return;
  }
  const length = formatSafeInteger(scratch, 0, sum);
  if (entry === 0) database.put(scratch, 0, length, 0);
  else storeDigits(ctx, entry, length);
  changed(ctx, 1);
  ctx.effects.request(database.index, ctx);
  ctx.reply.integer(sum);
}

/** The digits in `scratch` become the value; the deadline stays. */
function storeDigits(ctx: CommandContext, entry: number, length: number): void {
  const { database } = ctx;
  if (database.valueLength(entry) === length) database.overwrite(entry, 0, scratch, 0, length);
  else database.put(scratch, 0, length, database.deadlineMs(entry));
}

function addBig(ctx: CommandContext, entry: number, delta: bigint): void {
  const { database } = ctx;
  if (entry !== 0 && !isString(ctx, entry)) return;
  let value: bigint | null = 0n;
  if (entry !== 0) {
    const start = database.valueOffset(entry);
    const end = start + database.valueLength(entry);
    value = parseInt64(database.valueBuffer(entry), start, end);
  }
  if (value === null) {
    ctx.reply.error(notAnInteger);
    return;
  }
  const sum = value + delta;
  if (sum > int64Max || sum < int64Min) {
    ctx.reply.error(overflow);
    return;
  }
  const length = scratch.write(sum.toString(), 'latin1');
  if (entry === 0) database.put(scratch, 0, length, 0);
  else storeDigits(ctx, entry, length);
  changed(ctx, 1);
  ctx.effects.request(database.index, ctx);
  ctx.reply.bigInteger(sum);
}

function incrby(ctx: CommandContext): void {
  const delta = safeIntegerArgument(ctx, 2);
  if (!Number.isNaN(delta)) {
    add(ctx, delta);
    return;
  }
  const big = int64Argument(ctx, 2);
  if (big === null) ctx.reply.error(notAnInteger);
  else addBig(ctx, lookup(ctx, 1), big);
}

function decrby(ctx: CommandContext): void {
  const delta = safeIntegerArgument(ctx, 2);
  if (!Number.isNaN(delta)) {
    add(ctx, delta === 0 ? 0 : -delta);
    return;
  }
  const big = int64Argument(ctx, 2);
  if (big === null) ctx.reply.error(notAnInteger);
  else if (big === int64Min) ctx.reply.error('ERR decrement would overflow');
  else addBig(ctx, lookup(ctx, 1), -big);
}

function incrbyfloat(ctx: CommandContext): void {
  const { database } = ctx;
  const entry = lookup(ctx, 1);
  if (entry !== 0 && !isString(ctx, entry)) return;
  const start = entry === 0 ? 0 : database.valueStart(entry);
  const value = entry === 0
    ? parseLongDouble('0')
    : readLongDouble(ctx.keyspace.arena.u8, start, start + database.valueLength(entry));
  const delta = value === null
    ? null
    : readLongDouble(ctx.buffer, ctx.argStart[2] as number, ctx.argEnd[2] as number);
  if (value === null || delta === null) {
    ctx.reply.error(notAFloat);
    return;
  }
  const sum = addLongDoubles(value, delta);
  if (!isFiniteLongDouble(sum)) {
    ctx.reply.error('ERR increment would produce NaN or Infinity');
    return;
  }
  const digits = Buffer.from(formatLongDouble(sum), 'latin1');
  database.put(digits, 0, digits.length, entry === 0 ? 0 : database.deadlineMs(entry));
  changed(ctx, 1);
  // Floats may print differently elsewhere: the log gets the result.
  const key = ctx.buffer.subarray(ctx.argStart[1], ctx.argEnd[1]);
  ctx.effects.command(database.index, ['SET', key, digits, 'KEEPTTL']);
  ctx.reply.bulk(digits, 0, digits.length);
}

const flags = 'write denyoom fast';
const keys = oneKey('RW access update');

export const counterRows: readonly CommandRow[] = [
  {
    name: 'incr', arity: 2, flags, group: 'string', since: '1.0.0',
    summary: 'Adds one to a counter, which starts at 0.', complexity: 'O(1)', syntax: 'key', keys,
    handler: (ctx) => add(ctx, 1),
  },
  {
    name: 'decr', arity: 2, flags, group: 'string', since: '1.0.0',
    summary: 'Takes one from a counter, which starts at 0.', complexity: 'O(1)', syntax: 'key',
    keys, handler: (ctx) => add(ctx, -1),
  },
  {
    name: 'incrby', arity: 3, flags, group: 'string', since: '1.0.0',
    summary: 'Adds an integer to a counter, which starts at 0.', complexity: 'O(1)',
    syntax: 'key increment', keys, handler: incrby,
  },
  {
    name: 'decrby', arity: 3, flags, group: 'string', since: '1.0.0',
    summary: 'Takes an integer from a counter, which starts at 0.', complexity: 'O(1)',
    syntax: 'key decrement', keys, handler: decrby,
  },
  {
    name: 'incrbyfloat', arity: 3, flags, group: 'string', since: '2.6.0',
    summary: 'Adds a floating point number to a value, which starts at 0.', complexity: 'O(1)',
    syntax: 'key increment:double', keys, handler: incrbyfloat,
  },
];
