// Calls one command that has passed all checks, and gives the errors for those that have not.
import { EngineError } from '../errors.ts';
import { replyErrorBytes } from './arguments.ts';
import type { CommandContext } from './context.ts';
import { flag } from './spec.ts';
import type { CommandSpec } from './spec.ts';
import { unsupportedGroup } from './unsupported.ts';

export const outOfMemory = "OOM command not allowed when used memory > 'maxmemory'.";
export const notAuthenticated = 'NOAUTH Authentication required.';
export const loadingRefusal = 'LOADING Redis is loading the dataset in memory';

/** Names in unknown commands are cut to this many bytes, and so is the list of arguments. */
const previewBytes = 128;

/** How long a command waits for freed memory at most, and how many blocks a look at the clock. */
const makeRoomUs = 5000;
const reclaimBatch = 500;

/** Runs a command; counted, timed, and shown to who watches. */
export function callCommand(ctx: CommandContext, spec: CommandSpec): void {
  const { reply, times } = ctx;
  const { errors } = reply;
  if (spec.handler === null) {
    ctx.reply.error(wrongArity(spec));
    return;
  }
  ctx.statistics.commandsProcessed++;
  if (ctx.dirty.active) ctx.dirty.note(ctx, spec);
  const timed = times.begin(spec, ctx.requestEnd - ctx.requestStart);
  const beganUs = timed ? ctx.server.monotonicUs() : 0;
  runHandler(ctx, spec);
  if (timed) ctx.monitor.ended(ctx, spec, ctx.server.monotonicUs() - beganUs);
  if (ctx.feed.count !== 0) ctx.feed.show(ctx, spec);
  if (reply.errors !== errors) times.failed[spec.index] = (times.failed[spec.index] as number) + 1;
}

/** Runs the handler; a full arena takes back the reply and answers -OOM instead. */
export function runHandler(ctx: CommandContext, spec: CommandSpec): void {
  const { reply } = ctx;
  const mark = reply.length;
  if (ctx.command !== spec) ctx.command = spec;
  if (ctx.events.flags !== 0) ctx.events.begin(ctx);
  // What changes data must not end in the middle because its reply is too long.
  reply.mayThrow = (spec.flags & flag.readonly) !== 0;
  try {
    spec.handler?.(ctx);
  } catch (error) {
    const text = ctx.replaying ? null : replyTo(error);
    if (text === null) throw error;
    reply.length = mark;
    reply.error(text);
  }
  reply.mayThrow = false;
}

/** What the client is told of an exception that is no bug; null for one that is. */
function replyTo(error: unknown): string | null {
  if (error instanceof EngineError) {
    if (error.code === 'ARENA_FULL') return outOfMemory;
    return error.code === 'REPLY_TOO_LONG' ? `ERR ${error.message}` : null;
  }
  // An argument or value of half a gigabyte, where a number or name is expected.
  const { code, message } = error as { code?: unknown; message?: string };
  if (code === 'ERR_STRING_TOO_LONG') return 'ERR value is too long to be read as text';
  return error instanceof RangeError && tooMuch.test(message ?? '') ? resultTooLarge : null;
}

/** What V8 says of more than a Map or Set (2^24 elements), an array or a string can hold. */
const tooMuch = /^(Map|Set) maximum size exceeded|^Invalid (array|string) length/;
const resultTooLarge = 'ERR the result has too many elements to be put together: ask for less';

/**
 * The error for a command of these flags in the present state of the server, or null when it may
 * run. EXEC asks for the flags of all that it holds.
 */
export function refusalOf(ctx: CommandContext, flags: number, allMayLoad: boolean): string | null {
  if ((flags & flag.denyoom) !== 0 && isOutOfMemory(ctx)) return outOfMemory;
  const persistence = ctx.server.persistence;
  if ((flags & flag.write) !== 0) {
    const refusal = persistence.refusal();
    if (refusal !== null) return refusal;
  }
  return persistence.loading && !allMayLoad ? loadingRefusal : null;
}

/** Whether the limit set by maxmemory is passed; without one the arena itself is the limit. */
export function isOutOfMemory(ctx: CommandContext): boolean {
  const limit = ctx.memoryLimitBytes;
  return limit !== 0 && ctx.keyspace.arena.usedBytes > limit && !makesRoom(ctx);
}

/** Gives back what was flushed or removed already, for a moment; true when that is enough. */
function makesRoom(ctx: CommandContext): boolean {
  const { keyspace, memoryLimitBytes, server } = ctx;
  const endUs = server.monotonicUs() + makeRoomUs;
  let left = true;
  while (left && keyspace.arena.usedBytes > memoryLimitBytes && server.monotonicUs() <= endUs) {
    left = !keyspace.reclaim(reclaimBatch);
  }
  return keyspace.arena.usedBytes <= memoryLimitBytes;
}

/** A command cannot run: inside MULTI the transaction is spoilt, and EXEC itself gives up. */
export function rejectCommand(ctx: CommandContext, error: string, isExec = false): void {
  const { session, times } = ctx;
  const index = session.lastCommand?.index ?? -1;
  if (index >= 0) times.rejected[index] = (times.rejected[index] as number) + 1;
  if (session.inMulti) session.multiFailed = true;
  if (!isExec) {
    ctx.reply.error(error);
    return;
  }
  session.endMulti();
  ctx.watches.unwatchAll(session);
  const reason = error.startsWith('ERR ') ? error.slice(4) : error;
  ctx.reply.error(`EXECABORT Transaction discarded because of: ${reason}`);
}

export function wrongArity(spec: CommandSpec): string {
  return `ERR wrong number of arguments for '${spec.fullName}' command`;
}

/** The error for a name that is no command, with the first of its arguments. */
export function rejectUnknown(ctx: CommandContext): void {
  if (ctx.session.inMulti) ctx.session.multiFailed = true;
  const lacking = unsupportedGroup(printable(ctx, 0).toLowerCase());
  if (lacking !== undefined) {
    const known = printable(ctx, 0).toUpperCase();
    const why = `which belongs to ${lacking}: not part of this engine`;
    ctx.reply.error(`ERR unknown command '${known}', ${why}`);
    return;
  }
  let preview = '';
  for (let i = 1; i < ctx.argc && preview.length < previewBytes; i++) {
    preview += `'${printable(ctx, i).slice(0, previewBytes - preview.length)}' `;
  }
  const name = printable(ctx, 0).slice(0, previewBytes);
  replyErrorBytes(ctx, `ERR unknown command '${name}', with args beginning with: ${preview}`);
}

export function rejectUnknownSubcommand(ctx: CommandContext, container: CommandSpec): void {
  if (ctx.session.inMulti) ctx.session.multiFailed = true;
  const name = printable(ctx, 1).slice(0, previewBytes);
  const help = container.row.name.toUpperCase();
  replyErrorBytes(ctx, `ERR unknown subcommand '${name}'. Try ${help} HELP.`);
}

/** The first bytes as latin1 up to the first NUL, where Redis' C strings end. */
function printable(ctx: CommandContext, index: number): string {
  const start = ctx.argStart[index] as number;
  const end = Math.min(ctx.argEnd[index] as number, start + previewBytes);
  const text = ctx.buffer.toString('latin1', start, end);
  const nul = text.indexOf('\0');
  return nul < 0 ? text : text.slice(0, nul);
}

