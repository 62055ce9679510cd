// Runs one decoded request: finds the command, checks what Redis checks in its order, calls it.
import type { Database } from '../keyspace/database.ts';
import type { CommandContext } from './context.ts';
import {
  callCommand, notAuthenticated, refusalOf, rejectCommand, rejectUnknown, rejectUnknownSubcommand,
  wrongArity,
} from './execute.ts';
import { registry } from './registry.ts';
import { copyOfRequest } from './session.ts';
import type { Session } from './session.ts';
import { flag } from './spec.ts';
import type { CommandSpec, SpecTable } from './spec.ts';

/** How a replayed request fared. */
export type ReplayStatus = 'applied' | 'unknown-command' | 'wrong-arity';

/** Only commands with one of these flags, or lacking `loading`, can be refused by the server. */
const guarded = flag.denyoom | flag.write;

const transactionTooLong = 'ERR The transaction is longer than client-query-buffer-limit allows';

/** Used by the sessions of the server and, with a null reply writer, by AOF replay. */
export class CommandRunner {
  /** Runs the request in the context and writes its reply (none after CLIENT REPLY OFF). */
  run(ctx: CommandContext): void {
    const session = ctx.session;
    const mark = ctx.reply.length;
    const database = databaseOf(ctx);
    if (ctx.database !== database) ctx.database = database;
    const spec = this.find(ctx);
    if (spec !== null) {
      if (session.lastCommand !== spec) session.lastCommand = spec;
      this.checkAndCall(ctx, spec);
    }
    if (session.replyMode !== 'on') muffle(ctx, mark);
    if (ctx.blocking.readyCount !== 0) ctx.blocking.serve(ctx);
  }

  /**
   * Applies one command of the log; refuses nothing but what cannot be understood. The caller has
   * set `replaying`.
   * @throws {EngineError} ARENA_FULL when the data does not fit.
   */
  replay(ctx: CommandContext): ReplayStatus {
    ctx.database = databaseOf(ctx);
    // A log may name commands as they are called now, or as they were before `rename-command`.
    const [start, end] = [ctx.argStart[0] as number, ctx.argEnd[0] as number];
    let spec = ctx.commands === null ? null : ctx.commands.find(ctx.buffer, start, end);
    spec ??= registry.find(ctx.buffer, start, end);
    if (spec !== null && spec.subcommands !== null && ctx.argc > 1) spec = subcommandOf(ctx, spec);
    if (spec === null) return 'unknown-command';
    if (!spec.accepts(ctx.argc)) return 'wrong-arity';
    if (ctx.session.inMulti && !runsInsideMulti(spec)) enqueue(ctx, spec);
    else callCommand(ctx, spec);
    return 'applied';
  }

  /** The session's connection is gone: forgets its queue and what it watched or waited for. */
  forget(ctx: CommandContext, session: Session): void {
    session.endMulti();
    ctx.watches.unwatchAll(session);
    ctx.blocking.forget(session);
    ctx.channels.forget(session);
    ctx.feed.forget(session);
  }

  /** The command, its subcommand where it has some, or null when the error is written. */
  private find(ctx: CommandContext): CommandSpec | null {
    const commands: SpecTable = ctx.commands ?? registry;
    const spec = commands.find(ctx.buffer, ctx.argStart[0] as number, ctx.argEnd[0] as number);
    if (spec === null) {
      rejectUnknown(ctx);
      return null;
    }
    if (spec.subcommands === null || ctx.argc < 2) return spec;
    const sub = subcommandOf(ctx, spec);
    if (sub === null) rejectUnknownSubcommand(ctx, spec);
    return sub;
  }

  private checkAndCall(ctx: CommandContext, spec: CommandSpec): void {
    const session = ctx.session;
    if (!spec.accepts(ctx.argc)) {
      rejectCommand(ctx, wrongArity(spec), spec.fullName === 'exec');
      return;
    }
    const flags = spec.guards;
    if (!session.authenticated && ctx.server.access.required && (flags & flag.no_auth) === 0) {
      rejectCommand(ctx, notAuthenticated, spec.fullName === 'exec');
      return;
    }
    if (session.subscriptions !== null && session.protocol === 2 && !mayListenersUse(spec)) {
      rejectCommand(ctx, onlyForListeners(spec));
      return;
    }
    if (session.inMulti) {
      this.queueOrCall(ctx, spec);
      return;
    }
    if ((flags & guarded) !== 0 || (flags & flag.loading) === 0) {
      const refusal = refusalOf(ctx, flags, (flags & flag.loading) !== 0);
      if (refusal !== null) {
        rejectCommand(ctx, refusal);
        return;
      }
    }
    callCommand(ctx, spec);
  }

  private queueOrCall(ctx: CommandContext, spec: CommandSpec): void {
    const { name } = spec.row;
    if ((spec.flags & flag.no_multi) !== 0) {
      rejectCommand(ctx, 'ERR Command not allowed inside a transaction');
      return;
    }
    // While memory is short nothing more is queued; EXEC, DISCARD and RESET stay possible.
    const ends = name === 'exec' || name === 'discard' || name === 'reset';
    const flags = spec.guards | (ends ? 0 : flag.denyoom);
    const refusal = refusalOf(ctx, flags, (spec.flags & flag.loading) !== 0);
    if (refusal !== null) rejectCommand(ctx, refusal);
    else if (runsInsideMulti(spec)) callCommand(ctx, spec);
    else if (ctx.session.queuedBytes > ctx.maxQueuedBytes) {
      ctx.session.dropQueue();
      rejectCommand(ctx, transactionTooLong);
    } else {
      // What is given up already is not worth keeping, as in Redis.
      if (!ctx.session.multiFailed && !ctx.session.watchBroken) enqueue(ctx, spec);
      ctx.reply.queued();
    }
  }
}

function databaseOf(ctx: CommandContext): Database {
  return ctx.keyspace.databases[ctx.session.databaseIndex] as Database;
}

function subcommandOf(ctx: CommandContext, spec: CommandSpec): CommandSpec | null {
  const start = ctx.argStart[1] as number;
  return spec.subcommands?.find(ctx.buffer, start, ctx.argEnd[1] as number) ?? null;
}

/** What a RESP2 client may still say while it listens to channels. */
function mayListenersUse(spec: CommandSpec): boolean {
  switch (spec.fullName) {
    case 'subscribe': case 'unsubscribe': case 'psubscribe': case 'punsubscribe':
    case 'ssubscribe': case 'sunsubscribe': case 'ping': case 'quit': case 'reset':
      return true;
    default:
      return false;
  }
}

function onlyForListeners(spec: CommandSpec): string {
  return `ERR Can't execute '${spec.fullName}': only (P|S)SUBSCRIBE / (P|S)UNSUBSCRIBE / PING / `
    + 'QUIT / RESET are allowed in this context';
}

/** These run at once even after MULTI. */
function runsInsideMulti(spec: CommandSpec): boolean {
  switch (spec.fullName) {
    case 'exec': case 'discard': case 'multi': case 'watch': case 'quit': case 'reset':
      return true;
    default:
      return false;
  }
}

/** Keeps the raw bytes of the request until EXEC, with the offsets of its arguments. */
function enqueue(ctx: CommandContext, spec: CommandSpec): void {
  ctx.session.enqueue(copyOfRequest(ctx, spec));
}

/** CLIENT REPLY OFF and SKIP: takes the reply back, but not what the session listens to. */
function muffle(ctx: CommandContext, mark: number): void {
  const session = ctx.session;
  ctx.reply.length = mark;
  ctx.channels.release(ctx);
  // It is the answer to come that is skipped.
  if (session.blocked !== null) return;
  if (session.replyMode === 'skip') session.replyMode = 'on';
  else if (session.replyMode === 'skipNext') session.replyMode = 'skip';
}
