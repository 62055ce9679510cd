// The server as a whole: its databases, its clock, what INFO tells.
import { argumentLower, int64Argument, syntaxError } from '../../arguments.ts';
import type { CommandContext } from '../../context.ts';
import { isExpired } from '../../lookup.ts';
import type { CommandRow } from '../../spec.ts';

function info(ctx: CommandContext): void {
  const sections: string[] = [];
  for (let i = 1; i < ctx.argc; i++) sections.push(argumentLower(ctx, i));
  ctx.reply.verbatim('txt', ctx.server.info(sections));
}

/** SYNC and ASYNC are the same here: memory is given back in slices either way. */
function flushModeIsValid(ctx: CommandContext): boolean {
  const mode = ctx.argc === 2 ? argumentLower(ctx, 1) : 'sync';
  if (ctx.argc <= 2 && (mode === 'sync' || mode === 'async')) return true;
  ctx.reply.error(syntaxError);
  return false;
}

function flushdb(ctx: CommandContext): void {
  if (!flushModeIsValid(ctx)) return;
  const { database } = ctx;
  if (ctx.watches.count !== 0) ctx.watches.flushing(database);
  ctx.keyspace.changes += database.size;
  database.flush();
  ctx.effects.request(database.index, ctx);
  ctx.reply.ok();
}

function flushall(ctx: CommandContext): void {
  if (!flushModeIsValid(ctx)) return;
  if (ctx.watches.count !== 0) {
    for (const database of ctx.keyspace.databases) ctx.watches.flushing(database);
  }
  ctx.keyspace.changes += ctx.keyspace.size;
  ctx.keyspace.flushAll();
  ctx.effects.request(ctx.database.index, ctx);
  if (!ctx.replaying) ctx.server.persistence.afterFlushAll();
  ctx.keyspace.changes++;
  ctx.reply.ok();
}

/** Argument `index` as a database index, or null after writing the error. */
function databaseArgument(ctx: CommandContext, index: number, which: string): number | null {
  const value = int64Argument(ctx, index);
  if (value !== null && BigInt.asIntN(32, value) === value) return Number(value);
  ctx.reply.error(`ERR invalid ${which} DB index`);
  return null;
}

function swapdb(ctx: CommandContext): void {
  const first = databaseArgument(ctx, 1, 'first');
  if (first === null) return;
  const second = databaseArgument(ctx, 2, 'second');
  if (second === null) return;
  const one = ctx.keyspace.databases[first];
  const other = ctx.keyspace.databases[second];
  if (one === undefined || other === undefined) {
    ctx.reply.error('ERR DB index is out of range');
    return;
  }
  if (first !== second) {
    ctx.keyspace.swap(first, second);
    if (ctx.watches.count !== 0) {
      ctx.watches.swapped(one, other, (database, entry) => isExpired(ctx, database, entry));
    }
    if (ctx.blocking.count !== 0) ctx.blocking.swapped(one, other);
  }
  ctx.keyspace.changes++;
  ctx.effects.request(ctx.database.index, ctx);
  ctx.reply.ok();
}

function time(ctx: CommandContext): void {
  const us = ctx.server.wallUs();
  ctx.reply.array(2);
  ctx.reply.bulkText(String(Math.floor(us / 1e6)));
  ctx.reply.bulkText(String(us % 1e6));
}

const everyShard = 'request_policy:all_shards';
const allSucceeded = 'response_policy:all_succeeded';

export const serverRows: readonly CommandRow[] = [
  {
    name: 'info', arity: -1, flags: 'loading stale', group: 'server', since: '1.0.0',
    summary: 'Facts and counters of the server.', complexity: 'O(1)', syntax: '[section...]',
    categories: ['dangerous'], handler: info,
    tips: ['nondeterministic_output', everyShard, 'response_policy:special'],
  },
  {
    name: 'dbsize', arity: 1, flags: 'readonly fast', group: 'server', since: '1.0.0',
    summary: 'How many keys the database has.', complexity: 'O(1)', categories: ['keyspace'],
    tips: [everyShard, 'response_policy:agg_sum'],
    handler: (ctx) => ctx.reply.integer(ctx.database.size),
  },
  {
    name: 'flushdb', arity: -1, flags: 'write', group: 'server', since: '1.0.0',
    summary: 'Removes all keys of the database.', complexity: 'O(N) with N keys, in slices',
    syntax: '[ASYNC | SYNC]', categories: ['keyspace', 'dangerous'],
    tips: [everyShard, allSucceeded], handler: flushdb,
  },
  {
    name: 'flushall', arity: -1, flags: 'write', group: 'server', since: '1.0.0',
    summary: 'Removes all keys of all databases.', complexity: 'O(N) with N keys, in slices',
    syntax: '[ASYNC | SYNC]', categories: ['keyspace', 'dangerous'],
    tips: [everyShard, allSucceeded], handler: flushall,
  },
  {
    name: 'swapdb', arity: 3, flags: 'write fast', group: 'server', since: '4.0.0',
    summary: 'Exchanges two databases.', complexity: 'O(1) and N watched keys',
    syntax: 'index1 index2', categories: ['keyspace', 'dangerous'], handler: swapdb,
  },
  {
    name: 'time', arity: 1, flags: 'loading stale fast', group: 'server', since: '2.6.0',
    summary: 'The Unix time of the server in seconds and microseconds.', complexity: 'O(1)',
    tips: ['nondeterministic_output'], handler: time,
  },
];
