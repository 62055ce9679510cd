// Persistence on demand, through its port: snapshots, log rewrites, and the orderly end.
import { argumentLower, syntaxError } from '../../arguments.ts';
import type { CommandContext, CommandOutcome, ShutdownMode } from '../../context.ts';
import type { CommandRow } from '../../spec.ts';

function replyOutcome(ctx: CommandContext, outcome: CommandOutcome): void {
  if (outcome.kind === 'error') ctx.reply.error(outcome.text);
  else ctx.reply.simple(outcome.text);
}

function bgsave(ctx: CommandContext): void {
  const schedule = ctx.argc === 2 && argumentLower(ctx, 1) === 'schedule';
  if (ctx.argc > 1 && !schedule) ctx.reply.error(syntaxError);
  else replyOutcome(ctx, ctx.server.persistence.backgroundSave(schedule));
}

/** The options of SHUTDOWN; 'abort' for ABORT, null when they do not go together. */
function shutdownMode(ctx: CommandContext): ShutdownMode | 'abort' | null {
  const options = new Set<string>();
  for (let i = 1; i < ctx.argc; i++) options.add(argumentLower(ctx, i));
  const save = options.has('save');
  const nosave = options.has('nosave');
  const known = ['save', 'nosave', 'now', 'force', 'abort'];
  if ([...options].some((option) => !known.includes(option)) || (save && nosave)) return null;
  if (options.has('abort')) return options.size === 1 ? 'abort' : null;
  const wanted = save || nosave ? save : null;
  return { save: wanted, now: options.has('now'), force: options.has('force') };
}

function shutdown(ctx: CommandContext): void {
  const mode = shutdownMode(ctx);
  if (mode === null) ctx.reply.error(syntaxError);
  else if (mode === 'abort') replyOutcome(ctx, ctx.server.abortShutdown());
  else {
    const refusal = ctx.server.shutdown(mode);
    if (refusal !== null) replyOutcome(ctx, refusal);
  }
}

const adminFlags = 'admin noscript no_async_loading';

export const persistenceRows: readonly CommandRow[] = [
  {
    name: 'save', arity: 1, flags: `${adminFlags} no_multi`, group: 'server', since: '1.0.0',
    summary: 'Writes a snapshot while everybody waits.', complexity: 'O(N) with N keys',
    handler: (ctx) => replyOutcome(ctx, ctx.server.persistence.save()),
  },
  {
    name: 'bgsave', arity: -1, flags: adminFlags, group: 'server', since: '1.0.0',
    summary: 'Starts writing a snapshot in the background.', complexity: 'O(1)',
    syntax: '[SCHEDULE]', handler: bgsave,
  },
  {
    name: 'lastsave', arity: 1, flags: 'loading stale fast', group: 'server', since: '1.0.0',
    summary: 'The Unix time of the last good snapshot.', complexity: 'O(1)',
    categories: ['admin', 'dangerous'], tips: ['nondeterministic_output'],
    handler: (ctx) => ctx.reply.integer(ctx.server.persistence.lastSaveSec()),
  },
  {
    name: 'bgrewriteaof', arity: 1, flags: adminFlags, group: 'server', since: '1.0.0',
    summary: 'Starts writing the log anew in the background.', complexity: 'O(1)',
    handler: (ctx) => replyOutcome(ctx, ctx.server.persistence.backgroundRewrite()),
  },
  {
    name: 'shutdown', arity: -1, flags: 'admin noscript loading stale no_multi allow_busy',
    group: 'server', since: '1.0.0', summary: 'Saves what is to be saved and ends the server.',
    complexity: 'O(N) with N keys when it saves', handler: shutdown,
    syntax: '[NOSAVE | SAVE] [NOW] [FORCE] [ABORT]',
  },
];
