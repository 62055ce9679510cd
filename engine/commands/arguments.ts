// Arguments of the request in the context: option words without strings, numbers, copies.
import type { CommandContext } from './context.ts';
import { parseInt64, parseSafeInteger } from './integers.ts';

export const notAnInteger = 'ERR value is not an integer or out of range';
export const syntaxError = 'ERR syntax error';

/** A lower-case word to compare arguments with. */
export function word(text: string): Buffer {
  return Buffer.from(text, 'latin1');
}

/** Whether argument `index` is this word, letters compared without case. */
export function argumentIs(ctx: CommandContext, index: number, lowerWord: Buffer): boolean {
  return equalsFolded(
    ctx.buffer, ctx.argStart[index] as number, ctx.argEnd[index] as number, lowerWord,
  );
}

/** Whether the bytes are this lower-case word, letters compared without case. */
export function equalsFolded(
  bytes: Uint8Array, start: number, end: number, lowerWord: Uint8Array,
): boolean {
  if (end - start !== lowerWord.length) return false;
  for (let i = 0; i < lowerWord.length; i++) {
    let byte = bytes[start + i] as number;
    if (byte >= 65 && byte <= 90) byte += 32;
    if (byte !== lowerWord[i]) return false;
  }
  return true;
}

/** A copy of argument `index`. */
export function argumentCopy(ctx: CommandContext, index: number): Buffer {
  return Buffer.from(ctx.buffer.subarray(ctx.argStart[index], ctx.argEnd[index]));
}

/** Argument `index` as UTF-8 text; for names, never for keys or values. */
export function argumentText(ctx: CommandContext, index: number): string {
  return ctx.buffer.toString('utf8', ctx.argStart[index], ctx.argEnd[index]);
}

/** Argument `index` byte for byte, in lower case: for the names of options and subcommands. */
export function argumentLower(ctx: CommandContext, index: number): string {
  return ctx.buffer.toString('latin1', ctx.argStart[index], ctx.argEnd[index]).toLowerCase();
}

/** Argument `index` if it is an integer within ±(2^53 − 1), else NaN. */
export function safeIntegerArgument(ctx: CommandContext, index: number): number {
  return parseSafeInteger(ctx.buffer, ctx.argStart[index] as number, ctx.argEnd[index] as number);
}

/** Argument `index` as int64, or null; for what lies beyond 2^53. */
export function int64Argument(ctx: CommandContext, index: number): bigint | null {
  return parseInt64(ctx.buffer, ctx.argStart[index] as number, ctx.argEnd[index] as number);
}

/**
 * Argument `index` as an index or count: int64, those beyond 2^53 rounded to it. Writes the error
 * and returns NaN when it is no int64.
 */
export function indexArgument(ctx: CommandContext, index: number): number {
  const value = safeIntegerArgument(ctx, index);
  if (!Number.isNaN(value)) return value;
  const big = int64Argument(ctx, index);
  if (big !== null) return big > 0n ? Number.MAX_SAFE_INTEGER : Number.MIN_SAFE_INTEGER;
  ctx.reply.error(notAnInteger);
  return NaN;
}

/** An error that quotes bytes of the client, which may be no UTF-8: `text` is latin1. */
export function replyErrorBytes(ctx: CommandContext, text: string): void {
  const line = Buffer.from(`-${text.replaceAll(/[\r\n]/g, ' ')}\r\n`, 'latin1');
  ctx.reply.errors++;
  ctx.reply.raw(line, 0, line.length);
}
