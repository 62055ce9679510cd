// COPY and MOVE.
import {
  argumentIs, int64Argument, notAnInteger, safeIntegerArgument, syntaxError, word,
} from '../../arguments.ts';
import type { CommandContext } from '../../context.ts';
import { keyAt, oneKey } from '../../key-specs.ts';
import { changed, changedIn, expireEntry, isExpired, lookup } from '../../lookup.ts';
import type { CommandRow } from '../../spec.ts';
import type { Database } from '../../../keyspace/database.ts';
import type { EntryAddress } from '../../../keyspace/entry.ts';
import { copyEntry } from './copy-entry.ts';

const words = { db: word('db'), replace: word('replace') };
const intMax = 2 ** 31 - 1;
const intMin = -(2 ** 31);
const sameObjects = 'ERR source and destination objects are the same';

/** The database that argument `index` names, or null after writing the error. */
function databaseArgument(ctx: CommandContext, index: number): Database | null {
  const value = safeIntegerArgument(ctx, index);
  if (Number.isNaN(value) && int64Argument(ctx, index) === null) {
    ctx.reply.error(notAnInteger);
    return null;
  }
  if (!(value >= intMin && value <= intMax)) {
    ctx.reply.error(`ERR value is out of range, value must between ${intMin} and ${intMax}`);
    return null;
  }
  const database = ctx.keyspace.databases[value];
  if (database !== undefined) return database;
  ctx.reply.error('ERR DB index is out of range');
  return null;
}

/** The living entry of the key in argument `index` in any database; an expired one is removed. */
function lookupIn(ctx: CommandContext, database: Database, index: number): EntryAddress {
  const start = ctx.argStart[index] as number;
  const entry = database.find(ctx.buffer, start, ctx.argEnd[index] as number);
  if (entry === 0 || !isExpired(ctx, database, entry)) return entry;
  expireEntry(ctx, database, entry);
  return 0;
}

interface CopyOptions {
  readonly target: Database;
  readonly replace: boolean;
}

function copyOptions(ctx: CommandContext): CopyOptions | null {
  let target = ctx.database;
  let replace = false;
  for (let i = 3; i < ctx.argc; i++) {
    if (argumentIs(ctx, i, words.replace)) {
      replace = true;
      continue;
    }
    if (!argumentIs(ctx, i, words.db) || i + 1 === ctx.argc) {
      ctx.reply.error(syntaxError);
      return null;
    }
    const named = databaseArgument(ctx, ++i);
    if (named === null) return null;
    target = named;
  }
  return { target, replace };
}

function sameKey(ctx: CommandContext): boolean {
  const { buffer, argStart, argEnd } = ctx;
  return buffer.compare(buffer, argStart[2], argEnd[2], argStart[1], argEnd[1]) === 0;
}

function copy(ctx: CommandContext): void {
  const options = copyOptions(ctx);
  if (options === null) return;
  const { target, replace } = options;
  if (target === ctx.database && sameKey(ctx)) {
    ctx.reply.error(sameObjects);
    return;
  }
  // The destination first: to remove it, when it is expired, leaves the source's address as it is.
  const taken = lookupIn(ctx, target, 2) !== 0;
  const entry = lookup(ctx, 1);
  if (entry === 0 || (taken && !replace)) {
    ctx.reply.integer(0);
    return;
  }
  const start = ctx.argStart[2] as number;
  const key = { buffer: ctx.buffer, start, end: ctx.argEnd[2] as number };
  copyEntry(ctx.collections, { from: ctx.database, entry }, { to: target, key });
  changedIn(ctx, target, 2);
  ctx.effects.request(ctx.database.index, ctx);
  ctx.reply.integer(1);
}

function move(ctx: CommandContext): void {
  const target = databaseArgument(ctx, 2);
  if (target === null) return;
  if (target === ctx.database) {
    ctx.reply.error(sameObjects);
    return;
  }
  const taken = lookupIn(ctx, target, 1) !== 0;
  const entry = lookup(ctx, 1);
  if (entry === 0 || taken) {
    ctx.reply.integer(0);
    return;
  }
  ctx.database.move(entry, target);
  changed(ctx, 1);
  changedIn(ctx, target, 1);
  ctx.keyspace.changes--; // Two keys changed, but Redis counts one change.
  ctx.effects.request(ctx.database.index, ctx);
  ctx.reply.integer(1);
}

export const copyRows: readonly CommandRow[] = [
  {
    name: 'copy', arity: -3, flags: 'write denyoom', group: 'generic', since: '6.2.0',
    summary: 'Copies the value of a key to another key.',
    complexity: 'O(N) for collections of N elements, O(1) for strings',
    syntax: 'source destination [DB destination-db] [REPLACE]',
    keys: [keyAt(1, 'RO access'), keyAt(2, 'OW update')], handler: copy,
  },
  {
    name: 'move', arity: 3, flags: 'write fast', group: 'generic', since: '1.0.0',
    summary: 'Moves a key to another database, if it is free there.', complexity: 'O(1)',
    syntax: 'key db', keys: oneKey('RW access update'), handler: move,
  },
];
