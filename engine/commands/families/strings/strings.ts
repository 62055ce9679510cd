// Strings: reading them, and changing a part of them.
import { indexArgument } from '../../arguments.ts';
import type { CommandContext } from '../../context.ts';
import { oneKey, allKeys } from '../../key-specs.ts';
import { changed, isString, lookup, lookupRead, replyValue } from '../../lookup.ts';
import { typeString } from '../../../keyspace/entry.ts';
import type { CommandRow } from '../../spec.ts';

const tooLong = 'ERR string exceeds maximum allowed size (proto-max-bulk-len)';
const nothing = Buffer.alloc(0);

function get(ctx: CommandContext): void {
  const entry = lookupRead(ctx, 1);
  if (entry === 0) ctx.reply.nil();
  else if (isString(ctx, entry)) replyValue(ctx, entry);
}

function mget(ctx: CommandContext): void {
  ctx.reply.array(ctx.argc - 1);
  for (let i = 1; i < ctx.argc; i++) {
    const entry = lookupRead(ctx, i);
    if (entry === 0 || ctx.database.type(entry) !== typeString) ctx.reply.nil();
    else replyValue(ctx, entry);
  }
}

function strlen(ctx: CommandContext): void {
  const entry = lookupRead(ctx, 1);
  if (entry === 0) ctx.reply.integer(0);
  else if (isString(ctx, entry)) ctx.reply.integer(ctx.database.valueLength(entry));
}

function getrange(ctx: CommandContext): void {
  let start = indexArgument(ctx, 2);
  if (Number.isNaN(start)) return;
  let end = indexArgument(ctx, 3);
  if (Number.isNaN(end)) return;
  const entry = lookupRead(ctx, 1);
  if (entry !== 0 && !isString(ctx, entry)) return;
  const length = entry === 0 ? 0 : ctx.database.valueLength(entry);
  const empty = start < 0 && end < 0 && start > end;
  if (start < 0) start = Math.max(start + length, 0);
  if (end < 0) end = Math.max(end + length, 0);
  end = Math.min(end, length - 1);
  if (empty || start > end || length === 0) {
    ctx.reply.bulk(nothing, 0, 0);
    return;
  }
  const at = ctx.database.valueStart(entry);
  ctx.reply.bulk(ctx.keyspace.arena.u8, at + start, at + end + 1);
}

function append(ctx: CommandContext): void {
  const { database } = ctx;
  const entry = lookup(ctx, 1);
  const start = ctx.argStart[2] as number;
  const end = ctx.argEnd[2] as number;
  let length = end - start;
  if (entry === 0) {
    database.put(ctx.buffer, start, end, 0);
  } else {
    if (!isString(ctx, entry)) return;
    length += database.valueLength(entry);
    if (length > ctx.maxBulkBytes) {
      ctx.reply.error(tooLong);
      return;
    }
    database.append(entry, ctx.buffer, start, end);
  }
  changed(ctx, 1);
  ctx.effects.request(database.index, ctx);
  ctx.reply.integer(length);
}

function setrange(ctx: CommandContext): void {
  const offset = indexArgument(ctx, 2);
  if (Number.isNaN(offset)) return;
  if (offset < 0) {
    ctx.reply.error('ERR offset is out of range');
    return;
  }
  const { database } = ctx;
  const entry = lookup(ctx, 1);
  if (entry !== 0 && !isString(ctx, entry)) return;
  const start = ctx.argStart[3] as number;
  const end = ctx.argEnd[3] as number;
  const present = entry === 0 ? 0 : database.valueLength(entry);
  const length = Math.max(present, offset + end - start);
  if (start === end) {
    ctx.reply.integer(present);
    return;
  }
  if (offset + end - start > ctx.maxBulkBytes) {
    ctx.reply.error(tooLong);
    return;
  }
  if (entry !== 0) database.overwrite(entry, offset, ctx.buffer, start, end);
  else createPadded(ctx, offset, { start, end });
  changed(ctx, 1);
  ctx.effects.request(database.index, ctx);
  ctx.reply.integer(length);
}

/** A new string of `offset` zero bytes and a part of the request, in one allocation. */
function createPadded(
  ctx: CommandContext, offset: number, part: { start: number; end: number },
): void {
  const { database } = ctx;
  const created = database.reserve(offset + part.end - part.start, 0);
  const at = database.valueStart(created);
  const bytes = ctx.keyspace.arena.u8;
  bytes.fill(0, at, at + offset);
  ctx.buffer.copy(bytes, at + offset, part.start, part.end);
}

export const stringRows: readonly CommandRow[] = [
  {
    name: 'get', arity: 2, flags: 'readonly fast', group: 'string', since: '1.0.0',
    summary: 'The value of a key.', complexity: 'O(1)', syntax: 'key',
    keys: oneKey('RO access'), handler: get,
  },
  {
    name: 'mget', arity: -2, flags: 'readonly fast', group: 'string', since: '1.0.0',
    summary: 'The values of several keys.', complexity: 'O(N) with N keys', syntax: 'key...',
    keys: allKeys('RO access'), tips: ['request_policy:multi_shard'], handler: mget,
  },
  {
    name: 'strlen', arity: 2, flags: 'readonly fast', group: 'string', since: '2.2.0',
    summary: 'The length of a string in bytes.', complexity: 'O(1)', syntax: 'key',
    keys: oneKey('RO'), handler: strlen,
  },
  {
    name: 'getrange', arity: 4, flags: 'readonly', group: 'string', since: '2.4.0',
    summary: 'A part of a string, both ends included.', syntax: 'key start end',
    complexity: 'O(N) with N bytes returned',
    keys: oneKey('RO access'), handler: getrange,
  },
  {
    name: 'substr', arity: 4, flags: 'readonly', group: 'string', since: '1.0.0',
    summary: 'The old name of GETRANGE.', complexity: 'O(N) with N bytes returned',
    syntax: 'key start end', keys: oneKey('RO access'), handler: getrange,
  },
  {
    name: 'append', arity: 3, flags: 'write denyoom fast', group: 'string', since: '2.0.0',
    summary: 'Adds bytes to the end of a string, which it creates if need be.',
    complexity: 'O(N) with N bytes added, amortised', syntax: 'key value',
    keys: oneKey('RW insert'), handler: append,
  },
  {
    name: 'setrange', arity: 4, flags: 'write denyoom', group: 'string', since: '2.2.0',
    summary: 'Overwrites a part of a string, padded with zero bytes where it is too short.',
    complexity: 'O(N) with N bytes written', syntax: 'key offset value',
    keys: oneKey('RW update'), handler: setrange,
  },
];
