// The timeout of a blocking command: seconds with a fraction, as C's strtold reads them.
import { safeIntegerArgument } from './arguments.ts';
import type { CommandContext } from './context.ts';
import { parseLongDouble } from './long-double.ts';

/** Timeouts are int64 in ms; what overflows becomes negative in Redis. */
const overflowMs = 2 ** 63;

/** Argument `index` in ms, 0 being no timeout; NaN after writing the error. */
export function timeoutArgument(ctx: CommandContext, index: number): number {
  const seconds = safeIntegerArgument(ctx, index);
  const ms = Number.isNaN(seconds) ? fractionMs(ctx, index) : seconds * 1000;
  if (Number.isNaN(ms)) {
    ctx.reply.error('ERR timeout is not a float or out of range');
    return NaN;
  }
  if (ms >= 0 && ms < overflowMs) return ms;
  ctx.reply.error('ERR timeout is negative');
  return NaN;
}

/** Rounded up: the shortest timeout is 1 ms, for 0 would be none. */
function fractionMs(ctx: CommandContext, index: number): number {
  const text = ctx.buffer.toString('latin1', ctx.argStart[index], ctx.argEnd[index]);
  const value = parseLongDouble(text);
  if (value === null) return NaN;
  if (value.mantissa === null) return -1;
  const ms = Math.ceil(Number(value.mantissa) * 1000 * 2 ** value.exponent);
  // Minus zero and plain zero wait for ever.
  return ms === 0 ? Number(value.mantissa > 0n) : ms;
}
