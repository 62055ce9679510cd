// Keys of any type: removing, finding, renaming, iterating.
import {
  argumentIs, argumentLower, indexArgument, syntaxError, word,
} from '../../arguments.ts';
import type { CommandContext } from '../../context.ts';
import { globMatchesRange } from '../../glob.ts';
import { allKeys, keyAt, oneKey } from '../../key-specs.ts';
import { changed, expireEntry, isExpired, lookup, lookupRead } from '../../lookup.ts';
import { endPosition } from '../../../keyspace/database.ts';
import type { EntryAddress } from '../../../keyspace/entry.ts';
import type { CommandRow } from '../../spec.ts';

/** What TYPE answers, by the number of the type. */
const typeNames: readonly string[] = ['string', 'list', 'set', 'zset', 'hash'];

const words = { match: word('match'), count: word('count'), type: word('type') };
const walkBudget = 1024;
const maxCursor = 2n ** 64n - 1n;

function del(ctx: CommandContext): void {
  let removed = 0;
  for (let i = 1; i < ctx.argc; i++) {
    const entry = lookup(ctx, i);
    if (entry === 0) continue;
    ctx.database.remove(entry);
    changed(ctx, i);
    removed++;
  }
  if (removed > 0) ctx.effects.request(ctx.database.index, ctx);
  ctx.reply.integer(removed);
}

/** EXISTS and TOUCH: how many there are; a key named twice counts twice. */
function countPresent(ctx: CommandContext): void {
  let present = 0;
  for (let i = 1; i < ctx.argc; i++) if (lookupRead(ctx, i) !== 0) present++;
  ctx.reply.integer(present);
}

function type(ctx: CommandContext): void {
  const entry = lookupRead(ctx, 1);
  ctx.reply.simple(entry === 0 ? 'none' : typeName(ctx, entry));
}

function typeName(ctx: CommandContext, entry: EntryAddress): string {
  return typeNames[ctx.database.type(entry)] ?? 'unknown';
}

function replyKey(ctx: CommandContext, entry: EntryAddress): void {
  const start = ctx.database.keyOffset(entry);
  ctx.reply.bulk(ctx.database.keyBuffer(entry), start, start + ctx.database.keyLength(entry));
}

function keyMatches(ctx: CommandContext, pattern: Buffer, entry: EntryAddress): boolean {
  const start = ctx.database.keyOffset(entry);
  const end = start + ctx.database.keyLength(entry);
  return globMatchesRange(pattern, ctx.database.keyBuffer(entry), start, end, false);
}

function keys(ctx: CommandContext): void {
  const { database } = ctx;
  const pattern = ctx.buffer.subarray(ctx.argStart[1], ctx.argEnd[1]);
  const mark = ctx.reply.length;
  let found = 0;
  let position = 0;
  const visit = (entry: EntryAddress): void => {
    if (isExpired(ctx, database, entry) || !keyMatches(ctx, pattern, entry)) return;
    replyKey(ctx, entry);
    found++;
  };
  while (position !== endPosition) position = database.walk(position, walkBudget, visit);
  ctx.reply.arrayBefore(mark, found);
}

interface ScanOptions {
  readonly pattern: Buffer | null;
  readonly type: string | null;
  readonly count: number;
}

function scanOptions(ctx: CommandContext): ScanOptions | null {
  let pattern: Buffer | null = null;
  let type: string | null = null;
  let count = 10;
  for (let i = 2; i < ctx.argc; i += 2) {
    if (i + 1 === ctx.argc) return refuseSyntax(ctx);
    if (argumentIs(ctx, i, words.match)) {
      pattern = ctx.buffer.subarray(ctx.argStart[i + 1], ctx.argEnd[i + 1]);
    } else if (argumentIs(ctx, i, words.count)) {
      count = indexArgument(ctx, i + 1);
      if (Number.isNaN(count)) return null;
      if (count < 1) return refuseSyntax(ctx);
    } else if (argumentIs(ctx, i, words.type)) {
      type = argumentLower(ctx, i + 1);
    } else return refuseSyntax(ctx);
  }
  return { pattern, type, count };
}

function refuseSyntax(ctx: CommandContext): null {
  ctx.reply.error(syntaxError);
  return null;
}

/** A cursor is read as C's strtoul does; null after writing the error. */
function cursorArgument(ctx: CommandContext): number | null {
  const text = ctx.buffer.toString('latin1', ctx.argStart[1], ctx.argEnd[1]);
  // Even of an empty text strtoul makes 0.
  const value = /^(?:[+-]?\d{1,20})?$/.test(text) ? BigInt(text.replace('+', '')) : maxCursor + 1n;
  if (value <= maxCursor && value >= -maxCursor) return Number(BigInt.asUintN(53, value));
  ctx.reply.error('ERR invalid cursor');
  return null;
}

function scan(ctx: CommandContext): void {
  const cursor = cursorArgument(ctx);
  if (cursor === null) return;
  const options = scanOptions(ctx);
  if (options === null) return;
  const { database } = ctx;
  const entries: EntryAddress[] = [];
  const next = database.scan(cursor, Math.min(options.count, database.size + 1), (entry) => {
    if (options.pattern === null || keyMatches(ctx, options.pattern, entry)) entries.push(entry);
  });
  // Removing an expired key leaves the addresses of the others as they are.
  const alive = entries.filter((entry) => {
    if (options.type !== null && typeName(ctx, entry) !== options.type) return false;
    if (!isExpired(ctx, database, entry)) return true;
    expireEntry(ctx, database, entry);
    return false;
  });
  ctx.reply.array(2);
  ctx.reply.bulkText(String(next));
  ctx.reply.array(alive.length);
  for (const entry of alive) replyKey(ctx, entry);
}

function randomkey(ctx: CommandContext): void {
  const { database } = ctx;
  for (;;) {
    const entry = database.randomEntry(ctx.server.entropy);
    if (entry === 0) {
      ctx.reply.nil();
      return;
    }
    if (!isExpired(ctx, database, entry)) {
      replyKey(ctx, entry);
      return;
    }
    expireEntry(ctx, database, entry);
  }
}

/** Returns false when nothing was renamed and the reply is written. */
function renameKey(ctx: CommandContext, onlyIfNew: boolean): boolean {
  const { buffer, database } = ctx;
  const entry = lookup(ctx, 1);
  if (entry === 0) {
    ctx.reply.error('ERR no such key');
    return false;
  }
  const start = ctx.argStart[2] as number;
  const end = ctx.argEnd[2] as number;
  const same = buffer.compare(buffer, start, end, ctx.argStart[1], ctx.argEnd[1]) === 0;
  if (onlyIfNew && (same || lookup(ctx, 2) !== 0)) {
    ctx.reply.integer(0);
    return false;
  }
  if (same) return true;
  lookup(ctx, 2);
  database.rename(entry, buffer, start, end);
  changed(ctx, 1);
  changed(ctx, 2);
  ctx.keyspace.changes--; // Two keys changed, but Redis counts one change.
  ctx.effects.request(database.index, ctx);
  return true;
}

function rename(ctx: CommandContext): void {
  if (renameKey(ctx, false)) ctx.reply.ok();
}

function renamenx(ctx: CommandContext): void {
  if (renameKey(ctx, true)) ctx.reply.integer(1);
}

/** WAIT: there are no replicas, so none will ever acknowledge: the answer comes at once. */
function wait(ctx: CommandContext): void {
  const wanted = indexArgument(ctx, 1);
  if (Number.isNaN(wanted)) return;
  const timeoutMs = ctx.buffer.toString('latin1', ctx.argStart[2], ctx.argEnd[2]);
  if (!/^(?:0|-?[1-9]\d{0,17})$/.test(timeoutMs)) {
    ctx.reply.error('ERR timeout is not an integer or out of range');
  } else if (timeoutMs.startsWith('-')) ctx.reply.error('ERR timeout is negative');
  else ctx.reply.integer(0);
}

const many = ['request_policy:multi_shard', 'response_policy:agg_sum'];

export const keyRows: readonly CommandRow[] = [
  {
    name: 'del', arity: -2, flags: 'write', group: 'generic', since: '1.0.0',
    summary: 'Removes keys.', complexity: 'O(N) with N keys', syntax: 'key...',
    keys: allKeys('RM delete'), tips: many, handler: del,
  },
  {
    name: 'unlink', arity: -2, flags: 'write fast', group: 'generic', since: '4.0.0',
    summary: 'Removes keys; big values are given back later.', complexity: 'O(1) per key',
    syntax: 'key...', keys: allKeys('RM delete'), tips: many, handler: del,
  },
  {
    name: 'exists', arity: -2, flags: 'readonly fast', group: 'generic', since: '1.0.0',
    summary: 'How many of these keys exist.', complexity: 'O(N) with N keys', syntax: 'key...',
    keys: allKeys('RO'), tips: many, handler: countPresent,
  },
  {
    name: 'touch', arity: -2, flags: 'readonly fast', group: 'generic', since: '3.2.1',
    summary: 'Marks keys as used and counts those that exist.', complexity: 'O(N) with N keys',
    syntax: 'key...', keys: allKeys('RO'), tips: many, handler: countPresent,
  },
  {
    name: 'type', arity: 2, flags: 'readonly fast', group: 'generic', since: '1.0.0',
    summary: 'The type of the value of a key.', complexity: 'O(1)', syntax: 'key',
    keys: oneKey('RO'), handler: type,
  },
  {
    name: 'keys', arity: 2, flags: 'readonly', group: 'generic', since: '1.0.0',
    summary: 'All keys that match a pattern; stops the server while it looks.',
    complexity: 'O(N) with N keys in the database', syntax: 'pattern',
    categories: ['keyspace', 'dangerous'],
    tips: ['request_policy:all_shards', 'nondeterministic_output_order'], handler: keys,
  },
  {
    name: 'scan', arity: -2, flags: 'readonly', group: 'generic', since: '2.8.0',
    summary: 'Some keys, and the cursor for the next ones.',
    complexity: 'O(1) per call, O(N) for all',
    tips: ['nondeterministic_output', 'request_policy:special'],
    syntax: 'cursor [MATCH pattern] [COUNT count] [TYPE type]', handler: scan,
  },
  {
    name: 'randomkey', arity: 1, flags: 'readonly', group: 'generic', since: '1.0.0',
    summary: 'Any key, all equally likely.', complexity: 'O(1)',
    tips: ['request_policy:all_shards', 'nondeterministic_output'], handler: randomkey,
  },
  {
    name: 'rename', arity: 3, flags: 'write', group: 'generic', since: '1.0.0',
    summary: 'Gives a key another name, over whatever had it.', complexity: 'O(1)',
    syntax: 'key newkey', keys: [keyAt(1, 'RW access delete'), keyAt(2, 'OW update')],
    handler: rename,
  },
  {
    name: 'renamenx', arity: 3, flags: 'write fast', group: 'generic', since: '1.0.0',
    summary: 'Gives a key another name, if that is free.', complexity: 'O(1)',
    syntax: 'key newkey', keys: [keyAt(1, 'RW access delete'), keyAt(2, 'OW insert')],
    handler: renamenx,
  },
  {
    name: 'wait', arity: 3, flags: 'noscript', group: 'generic', since: '3.0.0',
    categories: ['connection'], complexity: 'O(1)', syntax: 'numreplicas timeout', handler: wait,
    summary: 'How many replicas have all writes so far: always 0, there are none.',
    tips: ['request_policy:all_shards', 'response_policy:agg_min'],
  },
];
