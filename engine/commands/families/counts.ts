// Counts in arguments: of elements to pop or to draw, of keys that follow, limits.
import type { Entropy } from '../../io/entropy.ts';
import { indexArgument, int64Argument, safeIntegerArgument } from '../arguments.ts';
import type { CommandContext } from '../context.ts';
import { int64Min } from '../integers.ts';

export const mustBePositive = 'ERR value is out of range, must be positive';
export const limitNegative = "ERR LIMIT can't be negative";
export const numberOfKeys = 'ERR numkeys should be greater than 0';
export const countNotPositive = 'ERR count should be greater than 0';
const outOfRange = 'ERR value is out of range';
const maxCount = '9223372036854775807';
/** So many elements may be drawn with repetition: more would fill all memory with one reply. */
const mostDrawn = 10_000_000;

/**
 * Argument `index` as an int64 of at least `minimum`, those beyond 2^53 rounded to it. Writes
 * `error` and returns NaN when it is anything else.
 */
export function countArgument(
  ctx: CommandContext, index: number, minimum: number, error: string,
): number {
  const value = safeIntegerArgument(ctx, index);
  if (value >= minimum) return value;
  if (Number.isNaN(value)) {
    const big = int64Argument(ctx, index);
    if (big !== null && big > 0n) return Number.MAX_SAFE_INTEGER;
  }
  ctx.reply.error(error);
  return NaN;
}

/**
 * How many random elements: negative means that one may come again. Writes the error and returns
 * NaN when argument `index` is no such number; `doubled`: scores come too, so half is the limit.
 */
export function randomCountArgument(ctx: CommandContext, index: number, doubled: boolean): number {
  const count = indexArgument(ctx, index);
  if (Number.isNaN(count)) return NaN;
  if (count > -mostDrawn && count < Number.MAX_SAFE_INTEGER) return count;
  const big = int64Argument(ctx, index) ?? 0n;
  if (big === int64Min) {
    ctx.reply.error(`${outOfRange}, value must between -${maxCount} and ${maxCount}`);
    return NaN;
  }
  if (doubled && (big > 2n ** 62n - 1n || big < -(2n ** 62n - 1n))) {
    ctx.reply.error(outOfRange);
    return NaN;
  }
  if (count >= -mostDrawn) return count;
  ctx.reply.error(`${outOfRange}, value must between -${mostDrawn} and ${maxCount}`);
  return NaN;
}

/** A number from 0 to `bound` − 1, all equally likely. */
export function randomBelow(entropy: Entropy, bound: number): number {
  return Math.floor((entropy.uint32() / 2 ** 32) * bound);
}

/** `count` different numbers below `bound`, in rising order; `count` is at most `bound`. */
export function randomRanks(entropy: Entropy, bound: number, count: number): number[] {
  // Floyd: one draw for each, and each subset is equally likely.
  const drawn = new Set<number>();
  for (let last = bound - count; last < bound; last++) {
    const rank = randomBelow(entropy, last + 1);
    drawn.add(drawn.has(rank) ? last : rank);
  }
  return [...drawn].sort((one, other) => one - other);
}
