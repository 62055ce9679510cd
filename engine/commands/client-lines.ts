// A client as CLIENT LIST prints it, and the rules for its name.
import { replyErrorBytes } from './arguments.ts';
import type { CommandContext } from './context.ts';
import type { Session } from './session.ts';

/** Printable ASCII without the blank; empty takes the name away. */
const namePattern = /^[!-~]*$/;

/** Argument `index` becomes the name of the connection; false after writing the error. */
export function setClientName(ctx: CommandContext, index: number): boolean {
  const name = plainArgument(ctx, index, 'Client names');
  if (name === null) return false;
  ctx.session.name = name;
  return true;
}

/** Argument `index` if it may stand in a client's line, else null after writing the error. */
export function plainArgument(ctx: CommandContext, index: number, what: string): string | null {
  const text = ctx.buffer.toString('latin1', ctx.argStart[index], ctx.argEnd[index]);
  if (namePattern.test(text)) return text;
  replyErrorBytes(ctx, `ERR ${what} cannot contain spaces, newlines or special characters.`);
  return null;
}

/** One line of CLIENT LIST, without its line end. Sizes that this engine has not are 0. */
export function clientLine(ctx: CommandContext, session: Session): string {
  const facts = ctx.server.connectionFacts(session);
  const queued = session.queuedBytes;
  const total = facts.queryBufferBytes + facts.queryBufferFreeBytes + facts.outputBufferBytes;
  const fields: readonly (readonly [string, string | number])[] = [
    ['id', session.id], ['addr', session.address], ['laddr', session.localAddress],
    ['fd', facts.fileDescriptor], ['name', session.name],
    ['age', secondsSince(ctx, session.createdMs)],
    ['idle', secondsSince(ctx, session.lastActiveSec * 1000)],
    ['flags', flagsOf(ctx, session)], ['db', session.databaseIndex],
    ['sub', session.subscriptions?.channels.size ?? 0],
    ['psub', session.subscriptions?.patterns.size ?? 0],
    ['ssub', session.subscriptions?.shardChannels.size ?? 0],
    ['multi', session.inMulti ? session.queue.length : -1],
    ['qbuf', facts.queryBufferBytes], ['qbuf-free', facts.queryBufferFreeBytes],
    ['argv-mem', 0], ['multi-mem', queued], ['rbs', facts.outputBufferBytes],
    ['rbp', facts.outputBufferBytes], ['obl', 0], ['oll', 0], ['omem', 0],
    ['tot-mem', total + queued], ['events', 'r'],
    ['cmd', session.lastCommand?.fullName ?? 'NULL'], ['user', 'default'], ['redir', -1],
    ['resp', session.protocol], ['lib-name', session.libraryName],
    ['lib-ver', session.libraryVersion],
  ];
  return fields.map(([name, value]) => `${name}=${value}`).join(' ');
}

function secondsSince(ctx: CommandContext, thenMs: number): number {
  return Math.max(0, Math.floor((ctx.nowMs - thenMs) / 1000));
}

function flagsOf(ctx: CommandContext, session: Session): string {
  let flags = ctx.feed.has(session) ? 'O' : '';
  if (session.subscriptions !== null) flags += 'P';
  if (session.inMulti) flags += 'x';
  if (session.blocked !== null) flags += 'b';
  if (session.watchBroken) flags += 'd';
  if (session.closeAfterReply) flags += 'c';
  if (session.noEvict) flags += 'e';
  return flags === '' ? 'N' : flags;
}
