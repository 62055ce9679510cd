// HSCAN, SSCAN and ZSCAN: the cursor and options of SCAN over the elements of one collection.
import { HashHandle } from '../../collections/hash.ts';
import type { CollectionHandle } from '../../collections/handle.ts';
import { argumentIs, indexArgument, syntaxError, word } from '../arguments.ts';
import type { CommandContext } from '../context.ts';
import { globMatchesRange } from '../glob.ts';

const words = { match: word('match'), count: word('count'), noValues: word('novalues') };
const maxCursor = 2n ** 64n - 1n;
const defaultCount = 10;

interface ScanOptions {
  readonly pattern: Buffer | null;
  readonly count: number;
  readonly valuesToo: boolean;
}

/** The cursor in argument 2, read as C's strtoul does; NaN after writing the error. */
export function cursorArgument(ctx: CommandContext): number {
  const text = ctx.buffer.toString('latin1', ctx.argStart[2], ctx.argEnd[2]);
  // Even of an empty text strtoul makes 0.
  const value = /^(?:[+-]?\d{1,20})?$/.test(text) ? BigInt(text.replace('+', '')) : maxCursor + 1n;
  if (value <= maxCursor && value >= -maxCursor) return Number(BigInt.asUintN(53, value));
  ctx.reply.error('ERR invalid cursor');
  return NaN;
}

/** The reply for a key that does not exist. */
export function replyEmptyScan(ctx: CommandContext): void {
  ctx.reply.array(2);
  ctx.reply.bulkText('0');
  ctx.reply.array(0);
}

function scanOptions(ctx: CommandContext, ofHash: boolean): ScanOptions | null {
  let pattern: Buffer | null = null;
  let count = defaultCount;
  let valuesToo = true;
  for (let i = 3; i < ctx.argc; i += 2) {
    if (ofHash && argumentIs(ctx, i, words.noValues)) {
      valuesToo = false;
      i--;
      continue;
    }
    const hasValue = i + 1 < ctx.argc;
    if (hasValue && argumentIs(ctx, i, words.match)) {
      pattern = ctx.buffer.subarray(ctx.argStart[i + 1], ctx.argEnd[i + 1]);
      continue;
    }
    if (!hasValue || !argumentIs(ctx, i, words.count)) return refuse(ctx);
    count = indexArgument(ctx, i + 1);
    if (Number.isNaN(count)) return null;
    if (count < 1) return refuse(ctx);
  }
  return { pattern, count, valuesToo };
}

function refuse(ctx: CommandContext): null {
  ctx.reply.error(syntaxError);
  return null;
}

/** Scans an open handle; `write` replies with the element seen and returns how many bulks it is. */
export function scanCollection(
  ctx: CommandContext, handle: CollectionHandle, cursor: number,
  write: (valuesToo: boolean) => number,
): void {
  const options = scanOptions(ctx, handle instanceof HashHandle);
  if (options === null) return;
  const { reply } = ctx;
  const { pattern } = options;
  const mark = reply.length;
  let items = 0;
  const next = handle.scan(cursor, Math.min(options.count, handle.length + 1), () => {
    const { elementBuffer, elementStart, elementEnd } = handle;
    if (pattern !== null &&
      !globMatchesRange(pattern, elementBuffer, elementStart, elementEnd, false)) return;
    items += write(options.valuesToo);
  });
  // The cursor comes first, but is known last.
  const body = Buffer.from(reply.buffer.subarray(mark, reply.length));
  reply.length = mark;
  reply.array(2);
  reply.bulkText(String(next));
  reply.array(items);
  reply.raw(body, 0, body.length);
}
