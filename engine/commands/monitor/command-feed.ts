// MONITOR: clients who are shown every command as it was run.
import type { CommandContext } from '../context.ts';
import type { Session } from '../session.ts';
import { flag } from '../spec.ts';
import type { CommandSpec } from '../spec.ts';
import { secretArguments } from './slow-log.ts';

const hidden = flag.admin | flag.skip_monitor;

const named: Readonly<Record<number, string>> = {
  7: '\\a', 8: '\\b', 9: '\\t', 10: '\\n', 13: '\\r', 34: '\\"', 92: '\\\\',
};
/** How Redis shows each byte. */
const shown: readonly Buffer[] = Array.from({ length: 256 }, (_, byte) => {
  const plain = byte >= 32 && byte <= 126 ? String.fromCharCode(byte) : null;
  const text = named[byte] ?? plain ?? `\\x${byte.toString(16).padStart(2, '0')}`;
  return Buffer.from(text, 'latin1');
});
const redacted = Buffer.from(' "(redacted)"');

export class CommandFeed {
  /** How many look on; callers skip `show` while it is 0. */
  count = 0;
  private readonly sessions: Set<Session> = new Set();

  /** False: it looks on already. */
  add(session: Session): boolean {
    if (this.sessions.has(session)) return false;
    this.sessions.add(session);
    this.count = this.sessions.size;
    return true;
  }

  has(session: Session): boolean {
    return this.count !== 0 && this.sessions.has(session);
  }

  forget(session: Session): void {
    if (this.count === 0) return;
    this.sessions.delete(session);
    this.count = this.sessions.size;
  }

  /** Shows the request in the context, which has just run. */
  show(ctx: CommandContext, spec: CommandSpec): void {
    if ((spec.flags & hidden) !== 0) return;
    const line = lineOf(ctx);
    for (const session of this.sessions) {
      if (session === ctx.session) ctx.reply.raw(line, 0, line.length);
      else ctx.server.deliver(session, line, line.length);
    }
  }
}

/** Not by way of strings: a value may be longer than one can be. */
function lineOf(ctx: CommandContext): Buffer {
  const us = ctx.server.wallUs();
  const time = `${Math.floor(us / 1e6)}.${String(us % 1e6).padStart(6, '0')}`;
  const secret = secretArguments(ctx);
  const pieces: Buffer[] = [
    Buffer.from(`+${time} [${ctx.session.databaseIndex} ${ctx.session.address}]`, 'latin1'),
  ];
  for (let i = 0; i < ctx.argc; i++) pieces.push(secret.has(i) ? redacted : quoted(ctx, i));
  pieces.push(Buffer.from('\r\n'));
  return Buffer.concat(pieces);
}

/** An argument as Redis quotes bytes, with the blank before it. */
function quoted(ctx: CommandContext, index: number): Buffer {
  const { buffer } = ctx;
  const start = ctx.argStart[index] as number;
  const end = ctx.argEnd[index] as number;
  let size = 3;
  for (let i = start; i < end; i++) size += (shown[buffer[i] as number] as Buffer).length;
  const text = Buffer.allocUnsafe(size);
  let at = text.write(' "', 'latin1');
  for (let i = start; i < end; i++) {
    const piece = shown[buffer[i] as number] as Buffer;
    for (let byte = 0; byte < piece.length; byte++) text[at++] = piece[byte] as number;
  }
  text[at] = 34;
  return text;
}
