// Lists: pushing and popping at their ends, and elements by position.
import type { ListHandle } from '../../../collections/list.ts';
import { typeList } from '../../../keyspace/entry.ts';
import { argumentIs, indexArgument, syntaxError, word } from '../../arguments.ts';
import type { CommandContext } from '../../context.ts';
import { oneKey } from '../../key-specs.ts';
import { changed, lookup, lookupRead } from '../../lookup.ts';
import type { CommandHandler, CommandRow } from '../../spec.ts';
import { countArgument, mustBePositive } from '../counts.ts';
import { changedTimes, isTypeOrMissing, logPartly } from '../typed-lookup.ts';

const words = { before: word('before'), after: word('after') };

function pushTo(ctx: CommandContext, atHead: boolean, onlyExisting: boolean): void {
  const { database } = ctx;
  const entry = lookup(ctx, 1);
  if (!isTypeOrMissing(ctx, entry, typeList)) return;
  if (entry === 0 && onlyExisting) {
    ctx.reply.integer(0);
    return;
  }
  const list = ctx.collections.list();
  if (entry === 0) list.create(database);
  else list.open(database, entry);
  if (ctx.argc === 3) {
    list.push(atHead, ctx.buffer, ctx.argStart[2] as number, ctx.argEnd[2] as number);
  } else pushAll(ctx, list, atHead);
  changedTimes(ctx, 1, ctx.argc - 2);
  ctx.effects.request(database.index, ctx);
  ctx.reply.integer(list.length);
}

function pushAll(ctx: CommandContext, list: ListHandle, atHead: boolean): void {
  let i = 2;
  try {
    for (; i < ctx.argc; i++) {
      list.push(atHead, ctx.buffer, ctx.argStart[i] as number, ctx.argEnd[i] as number);
    }
  } catch (error) {
    logPartly(ctx, { name: atHead ? 'LPUSH' : 'RPUSH', done: i - 2, end: i });
    throw error;
  }
}

function popping(atHead: boolean): CommandHandler {
  return (ctx) => {
    if (ctx.argc === 2) popOne(ctx, atHead);
    else popSome(ctx, atHead);
  };
}

function popOne(ctx: CommandContext, atHead: boolean): void {
  const entry = lookup(ctx, 1);
  if (entry === 0) {
    ctx.reply.nil();
    return;
  }
  if (!isTypeOrMissing(ctx, entry, typeList)) return;
  popAndReply(ctx, ctx.collections.list().open(ctx.database, entry), atHead);
  changed(ctx, 1);
  ctx.effects.request(ctx.database.index, ctx);
}

/** Removes the first or last element of a list, which is the reply. */
export function popAndReply(ctx: CommandContext, list: ListHandle, atHead: boolean): void {
  if (atHead) list.first();
  else list.last();
  replySeen(ctx, list);
  list.removeSeen();
}

function popSome(ctx: CommandContext, atHead: boolean): void {
  if (ctx.argc > 3) {
    const name = atHead ? 'lpop' : 'rpop';
    ctx.reply.error(`ERR wrong number of arguments for '${name}' command`);
    return;
  }
  const count = countArgument(ctx, 2, 0, mustBePositive);
  if (Number.isNaN(count)) return;
  const entry = lookup(ctx, 1);
  if (entry === 0) {
    ctx.reply.nilArray();
    return;
  }
  if (!isTypeOrMissing(ctx, entry, typeList)) return;
  if (count === 0) {
    ctx.reply.array(0);
    return;
  }
  const list = ctx.collections.list().open(ctx.database, entry);
  changedTimes(ctx, 1, popManyAndReply(ctx, list, { atHead, count }));
  ctx.effects.request(ctx.database.index, ctx);
}

/** Removes up to `count` elements, which are the reply; returns how many those are. */
export function popManyAndReply(
  ctx: CommandContext, list: ListHandle, { atHead, count }: { atHead: boolean; count: number },
): number {
  const popped = Math.min(count, list.length);
  ctx.reply.array(popped);
  if (atHead) list.first();
  else list.last();
  for (let i = 1; i < popped; i++) {
    replySeen(ctx, list);
    if (atHead) list.next();
    else list.previous();
  }
  replySeen(ctx, list);
  list.removeRange(atHead ? 0 : list.length - popped, popped);
  return popped;
}

/** Writes the element seen last. */
export function replySeen(ctx: CommandContext, list: ListHandle): void {
  ctx.reply.bulk(list.elementBuffer, list.elementStart, list.elementEnd);
}

function llen(ctx: CommandContext): void {
  const entry = lookupRead(ctx, 1);
  if (!isTypeOrMissing(ctx, entry, typeList)) return;
  ctx.reply.integer(entry === 0 ? 0 : ctx.collections.length(ctx.database, entry));
}

function lindex(ctx: CommandContext): void {
  const entry = lookupRead(ctx, 1);
  if (entry === 0) {
    ctx.reply.nil();
    return;
  }
  if (!isTypeOrMissing(ctx, entry, typeList)) return;
  const index = indexArgument(ctx, 2);
  if (Number.isNaN(index)) return;
  const list = ctx.collections.list().open(ctx.database, entry);
  if (list.at(index)) replySeen(ctx, list);
  else ctx.reply.nil();
}

function lset(ctx: CommandContext): void {
  const entry = lookup(ctx, 1);
  if (entry === 0) {
    ctx.reply.error('ERR no such key');
    return;
  }
  if (!isTypeOrMissing(ctx, entry, typeList)) return;
  const index = indexArgument(ctx, 2);
  if (Number.isNaN(index)) return;
  const list = ctx.collections.list().open(ctx.database, entry);
  if (!list.replace(index, ctx.buffer, ctx.argStart[3] as number, ctx.argEnd[3] as number)) {
    ctx.reply.error('ERR index out of range');
    return;
  }
  changed(ctx, 1);
  ctx.effects.request(ctx.database.index, ctx);
  ctx.reply.ok();
}

function linsert(ctx: CommandContext): void {
  const after = argumentIs(ctx, 2, words.after);
  if (!after && !argumentIs(ctx, 2, words.before)) {
    ctx.reply.error(syntaxError);
    return;
  }
  const entry = lookup(ctx, 1);
  if (entry === 0) {
    ctx.reply.integer(0);
    return;
  }
  if (!isTypeOrMissing(ctx, entry, typeList)) return;
  const list = ctx.collections.list().open(ctx.database, entry);
  const pivotStart = ctx.argStart[3] as number;
  const pivotEnd = ctx.argEnd[3] as number;
  let index = 0;
  let more = list.first();
  while (more && !list.seenEquals(ctx.buffer, pivotStart, pivotEnd)) {
    more = list.next();
    index++;
  }
  if (!more) {
    ctx.reply.integer(-1);
    return;
  }
  const at = after ? index + 1 : index;
  list.insert(at, ctx.buffer, ctx.argStart[4] as number, ctx.argEnd[4] as number);
  changed(ctx, 1);
  ctx.effects.request(ctx.database.index, ctx);
  ctx.reply.integer(list.length);
}

function lrange(ctx: CommandContext): void {
  let start = indexArgument(ctx, 2);
  if (Number.isNaN(start)) return;
  let end = indexArgument(ctx, 3);
  if (Number.isNaN(end)) return;
  const entry = lookupRead(ctx, 1);
  if (!isTypeOrMissing(ctx, entry, typeList)) return;
  if (entry === 0) {
    ctx.reply.array(0);
    return;
  }
  const list = ctx.collections.list().open(ctx.database, entry);
  const { length } = list;
  if (start < 0) start = Math.max(start + length, 0);
  end = Math.min(end < 0 ? end + length : end, length - 1);
  if (start > end) {
    ctx.reply.array(0);
    return;
  }
  const { reply } = ctx;
  const count = end - start + 1;
  reply.array(count);
  list.seekRank(start);
  for (let i = 1; i < count; i++) {
    reply.bulk(list.elementBuffer, list.elementStart, list.elementEnd);
    list.next();
  }
  reply.bulk(list.elementBuffer, list.elementStart, list.elementEnd);
}

/** What LREM and LTRIM do to their key. */
export const deletion = 'RW delete';
const access = 'RO access';
const insertion = 'RW insert';
const removal = 'RW access delete';
const quick = 'write denyoom fast';
const perElement = 'O(1) for each element';

type RowStart = Pick<CommandRow, 'name' | 'arity' | 'flags' | 'syntax' | 'summary' | 'handler'>;

/** A row of a command over one list. */
export function listRow(
  since: string, keyAccess: string, start: RowStart & { readonly complexity: string },
): CommandRow {
  return { group: 'list', since, keys: oneKey(keyAccess), ...start };
}

export const listRows: readonly CommandRow[] = [
  listRow('1.0.0', insertion, { name: 'lpush', arity: -3, flags: quick, syntax: 'key element...',
    summary: 'Adds elements at the head.', complexity: perElement,
    handler: (ctx) => pushTo(ctx, true, false) }),
  listRow('1.0.0', insertion, { name: 'rpush', arity: -3, flags: quick, syntax: 'key element...',
    summary: 'Adds elements at the tail.', complexity: perElement,
    handler: (ctx) => pushTo(ctx, false, false) }),
  listRow('2.2.0', insertion, { name: 'lpushx', arity: -3, flags: quick, syntax: 'key element...',
    summary: 'Adds elements at the head of a list that exists.', complexity: perElement,
    handler: (ctx) => pushTo(ctx, true, true) }),
  listRow('2.2.0', insertion, { name: 'rpushx', arity: -3, flags: quick, syntax: 'key element...',
    summary: 'Adds elements at the tail of a list that exists.', complexity: perElement,
    handler: (ctx) => pushTo(ctx, false, true) }),
  listRow('1.0.0', removal, { name: 'lpop', arity: -2, flags: 'write fast',
    syntax: 'key [count]', summary: 'Removes and returns elements at the head.',
    complexity: 'O(N) with N elements returned', handler: popping(true) }),
  listRow('1.0.0', removal, { name: 'rpop', arity: -2, flags: 'write fast',
    syntax: 'key [count]', summary: 'Removes and returns elements at the tail.',
    complexity: 'O(N) with N elements returned', handler: popping(false) }),
  listRow('1.0.0', 'RO', { name: 'llen', arity: 2, flags: 'readonly fast', syntax: 'key',
    summary: 'How many elements a list has.', complexity: 'O(1)', handler: llen }),
  listRow('1.0.0', access, { name: 'lindex', arity: 3, flags: 'readonly', syntax: 'key index',
    summary: 'The element at an index.', complexity: 'O(log N) with N elements',
    handler: lindex }),
  listRow('1.0.0', 'RW update', { name: 'lset', arity: 4, flags: 'write denyoom',
    syntax: 'key index element', summary: 'Replaces the element at an index.',
    complexity: 'O(log N) with N elements', handler: lset }),
  listRow('2.2.0', insertion, { name: 'linsert', arity: 5, flags: 'write denyoom',
    syntax: 'key (BEFORE | AFTER) pivot element', handler: linsert,
    summary: 'Inserts an element before or after another one.',
    complexity: 'O(N) with N elements before the other one' }),
  listRow('1.0.0', access, { name: 'lrange', arity: 4, flags: 'readonly', syntax: 'key start stop',
    summary: 'The elements from one index to another, both included.',
    complexity: 'O(N) with N elements returned', handler: lrange }),
];
