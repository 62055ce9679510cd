// BITFIELD: integers of any width up to 64 bits at any bit of a string.
//
// Operations are checked before the first one runs. Values are BigInt: they are int64, and this is
// no hot path.
import {
  argumentIs, argumentLower, int64Argument, notAnInteger, syntaxError, word,
} from '../../arguments.ts';
import type { CommandContext } from '../../context.ts';
import { parseSafeInteger } from '../../integers.ts';
import { oneKey } from '../../key-specs.ts';
import { changed, isString, lookup, lookupRead } from '../../lookup.ts';
import type { CommandRow } from '../../spec.ts';
import { stringOfAtLeast } from './bits.ts';

type Overflow = 'wrap' | 'sat' | 'fail';

interface Operation {
  readonly kind: 'get' | 'set' | 'incrby';
  readonly signed: boolean;
  readonly bits: number;
  /** Number of its first bit. */
  readonly offset: number;
  readonly value: bigint;
  readonly overflow: Overflow;
}

const badType = 'ERR Invalid bitfield type. Use something like i16 u8. '
  + 'Note that u64 is not supported but i64 is.';
const badOffset = 'ERR bit offset is not an integer or out of range';
const words = {
  get: word('get'), set: word('set'), incrby: word('incrby'), overflow: word('overflow'),
};
const hash = 35;

/** The operations of the request, or null after writing the error. */
function parseOperations(ctx: CommandContext, readOnly: boolean): Operation[] | null {
  const operations: Operation[] = [];
  let overflow: Overflow = 'wrap';
  for (let i = 2; i < ctx.argc;) {
    const left = ctx.argc - i - 1;
    if (argumentIs(ctx, i, words.overflow) && left >= 1) {
      const name = argumentLower(ctx, i + 1);
      if (name !== 'wrap' && name !== 'sat' && name !== 'fail') {
        return refuse(ctx, 'ERR Invalid OVERFLOW type specified');
      }
      overflow = name;
      i += 2;
      continue;
    }
    const kind = kindAt(ctx, i, left);
    if (kind === null) return refuse(ctx, syntaxError);
    const operation = parseOperation(ctx, i, { kind, overflow });
    if (operation === null) return null;
    operations.push(operation);
    i += kind === 'get' ? 3 : 4;
  }
  if (readOnly && operations.some(({ kind }) => kind !== 'get')) {
    return refuse(ctx, 'ERR BITFIELD_RO only supports the GET subcommand');
  }
  return operations;
}

function refuse(ctx: CommandContext, error: string): null {
  ctx.reply.error(error);
  return null;
}

function kindAt(ctx: CommandContext, index: number, left: number): Operation['kind'] | null {
  if (argumentIs(ctx, index, words.get) && left >= 2) return 'get';
  if (argumentIs(ctx, index, words.set) && left >= 3) return 'set';
  return argumentIs(ctx, index, words.incrby) && left >= 3 ? 'incrby' : null;
}

function parseOperation(
  ctx: CommandContext, index: number, known: Pick<Operation, 'kind' | 'overflow'>,
): Operation | null {
  const type = /^([iu])([1-9]\d?)$/.exec(
    ctx.buffer.toString('latin1', ctx.argStart[index + 1], ctx.argEnd[index + 1]));
  const signed = type?.[1] === 'i';
  const bits = Number(type?.[2] ?? 0);
  if (bits < 1 || bits > (signed ? 64 : 63)) return refuse(ctx, badType);
  const offset = offsetArgument(ctx, index + 2, bits);
  if (Number.isNaN(offset)) return refuse(ctx, badOffset);
  const value = known.kind === 'get' ? 0n : int64Argument(ctx, index + 3);
  return value === null ? refuse(ctx, notAnInteger) : { ...known, signed, bits, offset, value };
}

/** `#n` counts in fields of this width. */
function offsetArgument(ctx: CommandContext, index: number, bits: number): number {
  const start = ctx.argStart[index] as number;
  const counted = ctx.buffer[start] === hash && (ctx.argEnd[index] as number) > start;
  const digits = counted ? start + 1 : start;
  const number = parseSafeInteger(ctx.buffer, digits, ctx.argEnd[index] as number);
  const offset = counted ? number * bits : number;
  return offset >= 0 && Math.floor(offset / 8) < ctx.maxBulkBytes ? offset : NaN;
}

/** The field; bytes behind the end of the value are zeros. */
function readField(ctx: CommandContext, entry: number, operation: Operation): bigint {
  const { database } = ctx;
  const { bits, offset, signed } = operation;
  const length = entry === 0 ? 0 : database.valueLength(entry);
  const first = Math.floor(offset / 8);
  const last = Math.floor((offset + bits - 1) / 8);
  let value = 0n;
  for (let byte = first; byte <= last; byte++) {
    const found = byte < length
      ? database.valueBuffer(entry)[database.valueOffset(entry) + byte] as number
      : 0;
    value = (value << 8n) | BigInt(found);
  }
  value >>= BigInt((last + 1) * 8 - offset - bits);
  return signed ? BigInt.asIntN(bits, value) : BigInt.asUintN(bits, value);
}

/** Writes the field into an entry that is long enough and of this epoch. */
function writeField(
  ctx: CommandContext, entry: number, field: { offset: number; bits: number; value: bigint },
): void {
  const { database } = ctx;
  const buffer = database.valueBuffer(entry);
  const base = database.valueOffset(entry);
  const { bits, offset, value } = field;
  for (let i = 0; i < bits; i++) {
    const at = offset + bits - 1 - i;
    const shift = 7 - (at % 8);
    const byte = base + Math.floor(at / 8);
    const bit = Number((value >> BigInt(i)) & 1n);
    buffer[byte] = ((buffer[byte] as number) & ~(1 << shift)) | (bit << shift);
  }
}

/** A value as the field can hold it; null: it does not fit and OVERFLOW FAIL was asked for. */
function limited(operation: Operation, value: bigint): bigint | null {
  const { bits, signed, overflow } = operation;
  const width = BigInt(bits);
  const max = signed ? (1n << (width - 1n)) - 1n : (1n << width) - 1n;
  const min = signed ? -(1n << (width - 1n)) : 0n;
  if (value >= min && value <= max) return value;
  if (overflow === 'fail') return null;
  if (overflow === 'sat') return value > max ? max : min;
  return signed ? BigInt.asIntN(bits, value) : BigInt.asUintN(bits, value);
}

/** Runs one write; the entry is already long enough. Returns whether it wrote. */
function write(ctx: CommandContext, entry: number, operation: Operation): boolean {
  const old = readField(ctx, entry, operation);
  // What SET writes into an unsigned field is read as unsigned itself: -1 is far above every limit.
  const given = operation.signed ? operation.value : BigInt.asUintN(64, operation.value);
  const wanted = operation.kind === 'incrby' ? old + operation.value : given;
  const value = limited(operation, wanted);
  if (value === null) {
    ctx.reply.nil();
    return false;
  }
  writeField(ctx, entry, { offset: operation.offset, bits: operation.bits, value });
  ctx.reply.bigInteger(operation.kind === 'incrby' ? value : old);
  return true;
}

function endByte({ offset, bits }: Operation): number {
  return Math.floor((offset + bits - 1) / 8) + 1;
}

function bitfield(ctx: CommandContext, readOnly: boolean): void {
  const operations = parseOperations(ctx, readOnly);
  if (operations === null) return;
  const writes = operations.filter(({ kind }) => kind !== 'get');
  const entry = writes.length === 0 ? lookupRead(ctx, 1) : lookup(ctx, 1);
  if (entry !== 0 && !isString(ctx, entry)) return;
  const length = entry === 0 ? 0 : ctx.database.valueLength(entry);
  let bytes = length;
  for (const write of writes) bytes = Math.max(bytes, endByte(write));
  // All of it before the first change: there may be no room.
  for (const write of entry === 0 ? [] : writes) {
    const from = Math.floor(write.offset / 8);
    if (from < length) ctx.database.alter(entry, from, Math.min(length, endByte(write)));
  }
  const target = writes.length === 0 ? entry : stringOfAtLeast(ctx, entry, bytes);
  ctx.reply.array(operations.length);
  let written = 0;
  for (const operation of operations) {
    if (operation.kind === 'get') ctx.reply.bigInteger(readField(ctx, target, operation));
    else if (write(ctx, target, operation)) written++;
  }
  // The string may have grown although OVERFLOW FAIL kept every field: that, too, is a change.
  if (written === 0 && bytes === length) return;
  changed(ctx, 1);
  ctx.effects.request(ctx.database.index, ctx);
}

export const bitfieldRows: readonly CommandRow[] = [
  {
    name: 'bitfield', arity: -2, flags: 'write denyoom', group: 'bitmap', since: '3.2.0',
    summary: 'Reads, sets and adds to integers of any width within a string.',
    complexity: 'O(1) for each operation',
    syntax: 'key [GET {encoding offset} | [OVERFLOW (WRAP | SAT | FAIL)] '
      + '(SET {encoding offset value:integer} | INCRBY {encoding offset increment})]...',
    keys: oneKey('RW access update variable_flags',
      'This command allows both access and modification of the key'),
    handler: (ctx) => bitfield(ctx, false),
  },
  {
    name: 'bitfield_ro', arity: -2, flags: 'readonly fast', group: 'bitmap', since: '6.0.0',
    summary: 'Reads integers of any width within a string.', complexity: 'O(1) for each operation',
    syntax: 'key [GET {encoding offset}]...', keys: oneKey('RO access'),
    handler: (ctx) => bitfield(ctx, true),
  },
];
