// Deadlines: from the numbers of a request to the Unix time in ms at which a key expires.
//
// Redis keeps deadlines as int64 ms; here they are doubles, exact up to 2^53 ms (year 287396).
// Later ones are cut to that. All checks are made as Redis makes them, in int64.
import { int64Argument, notAnInteger, safeIntegerArgument } from './arguments.ts';
import type { CommandContext } from './context.ts';
import { int64Max } from './integers.ts';

/** The latest deadline kept. */
export const lastDeadlineMs: number = Number.MAX_SAFE_INTEGER;

/** How a number of the request is meant. */
export interface TimeUnit {
  readonly seconds: boolean;
  /** Counted from now, not from 1970. */
  readonly relative: boolean;
}

export const unitEx: TimeUnit = { seconds: true, relative: true };
export const unitPx: TimeUnit = { seconds: false, relative: true };
export const unitExat: TimeUnit = { seconds: true, relative: false };
export const unitPxat: TimeUnit = { seconds: false, relative: false };

/** Numbers below this are safe in any unit: their ms plus any now stay within 2^53. */
const easyLimit = 2 ** 42;

/**
 * The deadline of SET, GETEX, SETEX: argument `index` must be positive. Writes the error and
 * returns NaN when it is not, or when it is too late for int64 ms.
 */
export function positiveDeadline(ctx: CommandContext, index: number, unit: TimeUnit): number {
  const value = safeIntegerArgument(ctx, index);
  if (value > 0 && value < easyLimit) return easyDeadline(ctx, value, unit);
  const big = int64Argument(ctx, index);
  if (big === null) {
    ctx.reply.error(notAnInteger);
    return NaN;
  }
  const deadline = big <= 0n ? null : toMilliseconds(ctx, big, unit);
  if (deadline !== null) return deadline;
  return invalidExpireTime(ctx);
}

/**
 * The deadline of the EXPIRE family: may lie in the past, even before 1970 (negative or 0).
 * Writes the error and returns NaN when it does not fit int64 ms.
 */
export function anyDeadline(ctx: CommandContext, index: number, unit: TimeUnit): number {
  const value = safeIntegerArgument(ctx, index);
  if (value > -easyLimit && value < easyLimit) return easyDeadline(ctx, value, unit);
  const big = int64Argument(ctx, index);
  if (big === null) {
    ctx.reply.error(notAnInteger);
    return NaN;
  }
  const deadline = toMilliseconds(ctx, big, unit);
  return deadline ?? invalidExpireTime(ctx);
}

function easyDeadline(ctx: CommandContext, value: number, unit: TimeUnit): number {
  const milliseconds = unit.seconds ? value * 1000 : value;
  return Math.min(unit.relative ? milliseconds + ctx.nowMs : milliseconds, lastDeadlineMs);
}

function toMilliseconds(ctx: CommandContext, value: bigint, unit: TimeUnit): number | null {
  const limit = unit.seconds ? int64Max / 1000n : int64Max;
  if (value > limit || value < -limit - (unit.seconds ? 0n : 1n)) return null;
  const milliseconds = unit.seconds ? value * 1000n : value;
  const base = unit.relative ? BigInt(ctx.nowMs) : 0n;
  if (milliseconds > int64Max - base) return null;
  return Math.max(Math.min(Number(milliseconds + base), lastDeadlineMs), -lastDeadlineMs);
}

function invalidExpireTime(ctx: CommandContext): number {
  const name = ctx.session.lastCommand?.fullName ?? '';
  ctx.reply.error(`ERR invalid expire time in '${name}' command`);
  return NaN;
}
