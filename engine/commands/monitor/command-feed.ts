// MONITOR: clients who are shown every command as it was run.
import type { CommandContext } from '../context.ts';
import type { Session } from '../session.ts';
import { flag } from '../spec.ts';
import type { CommandSpec } from '../spec.ts';
import { secretArguments } from './slow-log.ts';

const hidden = flag.admin | flag.skip_monitor;

const escapes: Readonly<Record<number, string>> = {
  7: '\\a', 8: '\\b', 9: '\\t', 10: '\\n', 13: '\\r', 34: '\\"', 92: '\\\\',
};

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
    const line = Buffer.from(lineOf(ctx), 'latin1');
    for (const session of this.sessions) {
      if (session === ctx.session) ctx.reply.raw(line, 0, line.length);
      else ctx.server.deliver(session, line, line.length);
    }
  }
}

function lineOf(ctx: CommandContext): string {
  const us = ctx.server.wallUs();
  const time = `${Math.floor(us / 1e6)}.${String(us % 1e6).padStart(6, '0')}`;
  const secret = secretArguments(ctx);
  let line = `+${time} [${ctx.session.databaseIndex} ${ctx.session.address}]`;
  for (let i = 0; i < ctx.argc; i++) {
    line += secret.has(i) ? ' "(redacted)"' : ` "${escaped(ctx, i)}"`;
  }
  return `${line}\r\n`;
}

/** As Redis quotes bytes, one character a byte. */
function escaped(ctx: CommandContext, index: number): string {
  const text = ctx.buffer.toString('latin1', ctx.argStart[index], ctx.argEnd[index]);
  return text.replaceAll(/["\\]|[^ -~]/g, (character) => {
    const code = character.charCodeAt(0);
    return escapes[code] ?? `\\x${code.toString(16).padStart(2, '0')}`;
  });
}
