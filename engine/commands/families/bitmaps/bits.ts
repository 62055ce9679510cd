// Bitmaps over strings: SETBIT GETBIT BITCOUNT BITPOS.
import {
  argumentIs, indexArgument, safeIntegerArgument, syntaxError, word,
} from '../../arguments.ts';
import type { CommandContext } from '../../context.ts';
import { oneKey } from '../../key-specs.ts';
import { changed, isString, lookup, lookupRead } from '../../lookup.ts';
import type { CommandRow } from '../../spec.ts';
import { countBitRange, countBits, findBit } from './bit-counting.ts';

const badOffset = 'ERR bit offset is not an integer or out of range';
const badBit = 'ERR bit is not an integer or out of range';
const words = { byte: word('byte'), bit: word('bit') };

/**
 * Argument `index` as the number of a bit that a string may have; NaN after writing the error.
 */
export function bitOffsetArgument(ctx: CommandContext, index: number): number {
  const offset = safeIntegerArgument(ctx, index);
  if (offset >= 0 && Math.floor(offset / 8) < ctx.maxBulkBytes) return offset;
  ctx.reply.error(badOffset);
  return NaN;
}

/**
 * The string of argument 1 with at least `bytes` bytes, made or enlarged with zeros; what it had is
 * to be made ready for changes by `alter`, before.
 */
export function stringOfAtLeast(ctx: CommandContext, entry: number, bytes: number): number {
  const { database } = ctx;
  if (entry === 0) {
    const created = database.reserve(bytes, 0);
    const start = database.valueOffset(created);
    database.valueBuffer(created).fill(0, start, start + bytes);
    return created;
  }
  const present = database.valueLength(entry);
  return present < bytes ? database.overwrite(entry, bytes - 1, zero, 0, 1) : entry;
}
const zero = Buffer.alloc(1);

function setbit(ctx: CommandContext): void {
  const offset = bitOffsetArgument(ctx, 2);
  if (Number.isNaN(offset)) return;
  const bit = safeIntegerArgument(ctx, 3);
  if (bit !== 0 && bit !== 1) {
    ctx.reply.error(badBit);
    return;
  }
  const { database } = ctx;
  let entry = lookup(ctx, 1);
  if (entry !== 0 && !isString(ctx, entry)) return;
  const byte = Math.floor(offset / 8);
  if (entry !== 0 && byte < database.valueLength(entry)) database.alter(entry, byte, byte + 1);
  entry = stringOfAtLeast(ctx, entry, byte + 1);
  const bytes = database.valueBuffer(entry);
  const at = database.valueOffset(entry) + byte;
  const shift = 7 - (offset % 8);
  const old = bytes[at] as number;
  bytes[at] = (old & ~(1 << shift)) | (bit << shift);
  changed(ctx, 1);
  ctx.effects.request(database.index, ctx);
  ctx.reply.integer((old >>> shift) & 1);
}

function getbit(ctx: CommandContext): void {
  const offset = bitOffsetArgument(ctx, 2);
  if (Number.isNaN(offset)) return;
  const { database } = ctx;
  const entry = lookupRead(ctx, 1);
  if (entry !== 0 && !isString(ctx, entry)) return;
  const byte = Math.floor(offset / 8);
  if (entry === 0 || byte >= database.valueLength(entry)) {
    ctx.reply.integer(0);
    return;
  }
  const value = database.valueBuffer(entry)[database.valueOffset(entry) + byte] as number;
  ctx.reply.integer((value >>> (7 - (offset % 8))) & 1);
}

// The range of BITCOUNT and BITPOS in bits, both ends included; valid after parseRange.
let firstBit = 0;
let lastBit = 0;

/** Clamps a range as Redis does for a string of `bytes` bytes; false when it is empty. */
function limitRange(
  range: { start: number; end: number }, bytes: number, inBits: boolean,
): boolean {
  const units = inBits ? bytes * 8 : bytes;
  let { start, end } = range;
  if (start < 0) start = Math.max(0, start + units);
  if (end < 0) end = Math.max(0, end + units);
  end = Math.min(end, units - 1);
  if (start > end) return false;
  firstBit = inBits ? start : start * 8;
  lastBit = inBits ? end : end * 8 + 7;
  return true;
}

/** BYTE or BIT as argument `index`: 1 = bits; -1 after writing the error. */
function unitArgument(ctx: CommandContext, index: number): number {
  if (argumentIs(ctx, index, words.bit)) return 1;
  if (argumentIs(ctx, index, words.byte)) return 0;
  ctx.reply.error(syntaxError);
  return -1;
}

function bitcount(ctx: CommandContext): void {
  const { database } = ctx;
  const entry = lookupRead(ctx, 1);
  if (ctx.argc === 2) {
    if (entry !== 0 && !isString(ctx, entry)) return;
    const start = entry === 0 ? 0 : database.valueOffset(entry);
    ctx.reply.integer(entry === 0 ? 0
      : countBits(database.valueBuffer(entry), start, start + database.valueLength(entry)));
    return;
  }
  if (entry === 0) {
    ctx.reply.integer(0);
    return;
  }
  if (!isString(ctx, entry)) return;
  if (ctx.argc !== 4 && ctx.argc !== 5) {
    ctx.reply.error(syntaxError);
    return;
  }
  const start = indexArgument(ctx, 2);
  const end = Number.isNaN(start) ? NaN : indexArgument(ctx, 3);
  if (Number.isNaN(end)) return;
  // BITPOS has no such rule: there -1 -2 of a single byte is that byte.
  if (start < 0 && end < 0 && start > end) {
    ctx.reply.integer(0);
    return;
  }
  const unit = ctx.argc === 5 ? unitArgument(ctx, 4) : 0;
  if (unit < 0) return;
  const any = limitRange({ start, end }, database.valueLength(entry), unit === 1);
  const range = { first: firstBit, last: lastBit };
  ctx.reply.integer(any
    ? countBitRange(database.valueBuffer(entry), database.valueOffset(entry), range)
    : 0);
}

function bitpos(ctx: CommandContext): void {
  const bit = indexArgument(ctx, 2);
  if (Number.isNaN(bit)) return;
  if (bit !== 0 && bit !== 1) {
    ctx.reply.error('ERR The bit argument must be 1 or 0.');
    return;
  }
  const entry = lookupRead(ctx, 1);
  if (entry === 0) {
    ctx.reply.integer(bit === 1 ? -1 : 0);
    return;
  }
  if (isString(ctx, entry)) findFrom(ctx, entry, bit);
}

function findFrom(ctx: CommandContext, entry: number, bit: number): void {
  const { database } = ctx;
  if (ctx.argc > 6) {
    ctx.reply.error(syntaxError);
    return;
  }
  const start = ctx.argc > 3 ? indexArgument(ctx, 3) : 0;
  if (Number.isNaN(start)) return;
  const unit = ctx.argc === 6 ? unitArgument(ctx, 5) : 0;
  if (unit < 0) return;
  const end = ctx.argc > 4 ? indexArgument(ctx, 4) : -1;
  if (Number.isNaN(end)) return;
  const bytes = database.valueLength(entry);
  if (!limitRange({ start, end }, bytes, unit === 1)) {
    ctx.reply.integer(-1);
    return;
  }
  const range = { first: firstBit, last: lastBit };
  const buffer = database.valueBuffer(entry);
  const found = findBit(buffer, database.valueOffset(entry), bit, range);
  // Without an end the string is thought to go on with zeros.
  ctx.reply.integer(found < 0 && bit === 0 && ctx.argc <= 4 ? bytes * 8 : found);
}

export const bitRows: readonly CommandRow[] = [
  {
    name: 'setbit', arity: 4, flags: 'write denyoom', group: 'bitmap', since: '2.2.0',
    summary: 'Sets or clears one bit of a string, which grows as needed.', complexity: 'O(1)',
    syntax: 'key offset value:integer', keys: oneKey('RW access update'), handler: setbit,
  },
  {
    name: 'getbit', arity: 3, flags: 'readonly fast', group: 'bitmap', since: '2.2.0',
    summary: 'One bit of a string.', complexity: 'O(1)', syntax: 'key offset',
    keys: oneKey('RO access'), handler: getbit,
  },
  {
    name: 'bitcount', arity: -2, flags: 'readonly', group: 'bitmap', since: '2.6.0',
    summary: 'Counts the bits that are set, in all of a string or in a range.', complexity: 'O(N)',
    syntax: 'key [start end [BYTE | BIT]]', keys: oneKey('RO access'), handler: bitcount,
  },
  {
    name: 'bitpos', arity: -3, flags: 'readonly', group: 'bitmap', since: '2.8.7',
    summary: 'Finds the first bit that is set, or that is clear.', complexity: 'O(N)',
    syntax: 'key bit [start [end [BYTE | BIT]]]', keys: oneKey('RO access'), handler: bitpos,
  },
];
