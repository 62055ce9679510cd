// MULTI, EXEC, DISCARD, WATCH, UNWATCH.
import { argumentCopy } from '../../arguments.ts';
import type { CommandContext } from '../../context.ts';
import { callCommand, refusalOf, rejectCommand } from '../../execute.ts';
import { isExpired } from '../../lookup.ts';
import type { QueuedCommand } from '../../session.ts';
import { flag } from '../../spec.ts';
import type { CommandRow } from '../../spec.ts';

function multi(ctx: CommandContext): void {
  if (ctx.session.inMulti) {
    ctx.reply.error('ERR MULTI calls can not be nested');
    return;
  }
  ctx.session.inMulti = true;
  ctx.reply.ok();
}

function discard(ctx: CommandContext): void {
  if (!ctx.session.inMulti) {
    ctx.reply.error('ERR DISCARD without MULTI');
    return;
  }
  leaveMulti(ctx);
  ctx.reply.ok();
}

function leaveMulti(ctx: CommandContext): void {
  ctx.session.endMulti();
  ctx.watches.unwatchAll(ctx.session);
}

function exec(ctx: CommandContext): void {
  const session = ctx.session;
  if (!session.inMulti) {
    ctx.reply.error('ERR EXEC without MULTI');
    return;
  }
  const refusal = ctx.replaying ? null : refusalOfQueue(ctx, session.queue);
  if (refusal !== null) {
    rejectCommand(ctx, refusal, true);
    return;
  }
  const expired = ctx.watches.anyExpired(session, ctx.keyspace, (database, entry) =>
    isExpired(ctx, database, entry));
  if (session.multiFailed) {
    ctx.reply.error('EXECABORT Transaction discarded because of previous errors.');
  } else if (session.watchBroken || expired) {
    ctx.reply.nilArray();
  } else {
    ctx.watches.unwatchAll(session);
    runQueue(ctx, session.queue);
  }
  leaveMulti(ctx);
  if (session.replyMode === 'on') ctx.channels.release(ctx);
}

/** What would refuse one of the queued commands now refuses all of them. */
function refusalOfQueue(ctx: CommandContext, queue: readonly QueuedCommand[]): string | null {
  let flags = 0;
  let allMayLoad = true;
  for (const { spec } of queue) {
    flags |= spec.guards;
    if ((spec.flags & flag.loading) === 0) allMayLoad = false;
  }
  return refusalOf(ctx, flags, allMayLoad);
}

function runQueue(ctx: CommandContext, queue: readonly QueuedCommand[]): void {
  const { buffer, argc, argStart, argEnd, requestStart, requestEnd } = ctx;
  ctx.reply.array(queue.length);
  ctx.effects.beginTransaction();
  for (const queued of queue) {
    ctx.setRequest(queued.buffer, queued);
    ctx.session.lastCommand = queued.spec;
    callCommand(ctx, queued.spec);
  }
  ctx.effects.endTransaction();
  ctx.setRequest(buffer, { argc, argStart, argEnd, requestStart, requestEnd });
}

function watch(ctx: CommandContext): void {
  if (ctx.session.inMulti) {
    ctx.reply.error('ERR WATCH inside MULTI is not allowed');
    return;
  }
  // Nothing more to learn once a watched key has changed.
  for (let i = 1; i < ctx.argc && !ctx.session.watchBroken; i++) {
    const key = argumentCopy(ctx, i);
    const entry = ctx.database.find(key, 0, key.length);
    const expired = entry !== 0 && isExpired(ctx, ctx.database, entry);
    ctx.watches.watch(ctx.session, ctx.database, { key, expired });
  }
  ctx.reply.ok();
}

function unwatch(ctx: CommandContext): void {
  ctx.watches.unwatchAll(ctx.session);
  ctx.reply.ok();
}

const immediate = 'noscript loading stale fast allow_busy';

export const transactionRows: readonly CommandRow[] = [
  {
    name: 'multi', arity: 1, flags: immediate, group: 'transactions', since: '1.2.0',
    summary: 'Begins a transaction: commands are queued until EXEC.', complexity: 'O(1)',
    handler: multi,
  },
  {
    name: 'exec', arity: 1, flags: 'noscript loading stale skip_slowlog', group: 'transactions',
    since: '1.2.0', summary: 'Runs all queued commands, one after the other, undisturbed.',
    complexity: 'The sum of the queued commands', handler: exec,
  },
  {
    name: 'discard', arity: 1, flags: immediate, group: 'transactions', since: '2.0.0',
    summary: 'Drops the queued commands and leaves the transaction.',
    complexity: 'O(N) with N queued commands', handler: discard,
  },
  {
    name: 'watch', arity: -2, flags: immediate, group: 'transactions', since: '2.2.0',
    summary: 'Makes the next EXEC depend on these keys staying as they are.',
    complexity: 'O(1) per key', syntax: 'key...', handler: watch,
    keys: [{ first: 1, last: -1, step: 1, access: ['RO'] }],
  },
  {
    name: 'unwatch', arity: 1, flags: immediate, group: 'transactions', since: '2.2.0',
    summary: 'Forgets all watched keys.', complexity: 'O(1)', handler: unwatch,
  },
];
