// One REST request on its way: its commands run in a session of their own, through the same runner
// as those of any client, and the answer leaves when the log says so.

import type { CommandContext, DecodedRequest } from '../../commands/context.ts';
import { registry } from '../../commands/registry.ts';
import { Session } from '../../commands/session.ts';
import { flag } from '../../commands/spec.ts';
import type { CommandSpec } from '../../commands/spec.ts';
import { ReplyWriter } from '../../resp/reply-writer.ts';
import type { Pausable } from '../pause.ts';
import type { SessionHost } from '../session.ts';
import { shutdownRefused } from '../shutdown.ts';
import type { TickMember } from '../tick.ts';
import { JsonReplies } from './reply-json.ts';
import type { Parts, RestRequest } from './rest-request.ts';

/** Commands of a pipeline between which other clients get their turn. */
const sliceLength = 1000;
/** JSON may take six characters for a byte, and a string ends at half a billion of them. */
const mostReplyBytes = 64 * 1024 * 1024;

/** Only these wait for, or change, a connection that REST does not have. */
const needConnection = new Set([
  'multi', 'exec', 'discard', 'watch', 'unwatch', 'subscribe', 'psubscribe', 'ssubscribe',
  'unsubscribe', 'punsubscribe', 'sunsubscribe', 'monitor', 'auth', 'hello', 'quit', 'reset',
  'client|reply',
]);

export interface Answer {
  readonly status: number;
  readonly json: string;
}

export interface RestCallOptions {
  readonly request: RestRequest;
  readonly base64: boolean;
  readonly sessionId: number;
  readonly address: string;
  readonly answer: (answer: Answer) => void;
}

interface EncodedRequest extends DecodedRequest {
  readonly buffer: Buffer;
}

/** Runs the commands of one request and answers it once. */
export class RestCall implements TickMember, Pausable {
  queued = false;
  readonly state: Session;
  private readonly host: SessionHost;
  private readonly options: RestCallOptions;
  private readonly commands: readonly EncodedRequest[];
  private readonly reply: ReplyWriter = new ReplyWriter();
  private next = 0;
  /** What the answer waits for; reads wait for the writes to their keys. */
  private token = 0;
  private abandoned = false;
  /** A SHUTDOWN waits for a sync: when this call goes on after all, it was refused. */
  private endsServer = false;

  constructor(host: SessionHost, options: RestCallOptions) {
    this.host = host;
    this.options = options;
    const { context } = host;
    this.state = new Session({
      id: options.sessionId, address: options.address, createdMs: context.nowMs,
    });
    this.state.denyBlocking = true;
    const { kind, commands } = options.request;
    const all = kind === 'transaction' ? [[multi], ...commands, [exec]] : commands;
    this.commands = all.map((parts) => encoded(parts));
  }

  /** Runs all commands, in slices if they are many. */
  resume(): void {
    if (this.abandoned) return;
    const { host } = this;
    host.tick.open();
    const { appended } = host.journal;
    const atomic = this.options.request.kind === 'transaction';
    const end = atomic ? this.commands.length
      : Math.min(this.next + sliceLength, this.commands.length);
    const held = this.runUntil(end);
    if (host.journal.appended !== appended) this.token = host.journal.appended;
    else if (host.dirty.active) this.token = Math.max(this.token, host.dirty.take());
    if (held) return;
    if (this.next < this.commands.length && !this.isTooLong) setImmediate(() => this.resume());
    else host.tick.add(this);
  }

  /** The client is gone. */
  abandon(): void {
    this.abandoned = true;
    this.host.tick.forget(this);
    this.host.runner.forget(this.host.context, this.state);
  }

  endTick(releasable: number): boolean {
    this.token = Math.max(this.token, this.host.dirty.floor);
    return this.release(releasable);
  }

  /** True while the answer is held. */
  release(releasable: number): boolean {
    if (this.abandoned) return false;
    if (this.token > releasable) return true;
    this.abandoned = true;
    this.host.runner.forget(this.host.context, this.state);
    this.options.answer(this.answer());
    return false;
  }

  private get isTooLong(): boolean {
    const { length, overflowed } = this.reply;
    return overflowed || length > Math.min(this.host.limits.cutBytes, mostReplyBytes);
  }

  /** Runs up to command `end`; true when a pause holds it up. */
  private runUntil(end: number): boolean {
    const { pause } = this.host;
    const alone = this.options.request.kind !== 'transaction';
    if (this.endsServer) this.tellRefused();
    if (!alone && pause.untilMs !== 0) {
      for (const one of this.commands) if (pause.holds(this, one.buffer, one)) return true;
    }
    for (; this.next < end && !this.isTooLong; this.next++) {
      const command = this.commands[this.next] as EncodedRequest;
      if (alone && pause.untilMs !== 0 && pause.holds(this, command.buffer, command)) return true;
      const { length } = this.reply;
      this.run(command);
      // Only SHUTDOWN answers nothing, and then nobody is served until it is decided.
      this.endsServer = this.reply.length === length && pause.untilMs !== 0;
      if (this.endsServer) return pause.holds(this, command.buffer, command);
    }
    return false;
  }

  private tellRefused(): void {
    const mark = this.reply.length;
    this.reply.error(shutdownRefused);
    this.host.statistics.countError(this.reply.buffer, mark);
    this.endsServer = false;
    this.next++;
  }

  private run(command: EncodedRequest): void {
    const { host, reply, state } = this;
    const { context } = host;
    const refusal = this.refusalOf(context, command);
    const mark = reply.length;
    const { errors } = reply;
    if (refusal !== null) {
      if (state.inMulti) state.multiFailed = true;
      reply.error(refusal);
    } else {
      context.setRequest(command.buffer, command);
      context.setSession(state, reply);
      reply.protocol = 2;
      host.runner.run(context);
    }
    if (reply.errors !== errors) host.statistics.countError(reply.buffer, mark);
  }

  private refusalOf(context: CommandContext, command: EncodedRequest): string | null {
    const spec = specOf(context, command);
    const { maxBulkBytes } = this.host.limits;
    for (let i = 0; i < command.argc; i++) {
      const length = (command.argEnd[i] as number) - (command.argStart[i] as number);
      if (length > maxBulkBytes) return 'ERR Protocol error: invalid bulk length';
    }
    if (spec === null) return null;
    const name = spec.fullName.replace('|', ' ').toUpperCase();
    if ((spec.flags & flag.blocking) !== 0) {
      return `ERR ${name} waits for others, which is not possible over REST`;
    }
    if (!needConnection.has(spec.fullName) || this.isFrame(command)) return null;
    const hint = spec.row.group === 'transactions' ? ': send the commands to /multi-exec' : '';
    return `ERR ${name} needs a connection of its own, which REST does not have${hint}`;
  }

  /** The MULTI and the EXEC that we put around a transaction. */
  private isFrame(command: EncodedRequest): boolean {
    if (this.options.request.kind !== 'transaction') return false;
    return command === this.commands[0] || command === this.commands.at(-1);
  }

  private answer(): Answer {
    if (this.isTooLong) {
      const error = 'ERR the reply is longer than an answer over REST may be: ask for less';
      return { status: 400, json: JSON.stringify({ error }) };
    }
    const bytes = this.reply.buffer.subarray(0, this.reply.length);
    const replies = new JsonReplies(bytes, this.options.base64);
    const { kind } = this.options.request;
    if (kind === 'transaction') return transactionAnswer(replies, this.commands.length - 2);
    if (kind === 'pipeline') {
      const items: string[] = [];
      while (!replies.atEnd) items.push(replies.object());
      return { status: 200, json: `[${items.join(',')}]` };
    }
    // Only SHUTDOWN answers nothing, and it ends the server.
    if (replies.atEnd) return { status: 200, json: '{"result":null}' };
    const status = replies.nextIsError ? 400 : 200;
    return { status, json: replies.object() };
  }
}

const multi = Buffer.from('MULTI');
const exec = Buffer.from('EXEC');

/** OK, QUEUED or an error for each command, then what EXEC says. */
function transactionAnswer(replies: JsonReplies, commandCount: number): Answer {
  let first: string | null = null;
  for (let i = 0; i <= commandCount; i++) {
    if (!replies.nextIsError) replies.skip();
    else first ??= replies.errorText();
  }
  if (replies.nextIsError) {
    const text = replies.errorText();
    const error = first === null ? text : `EXECABORT Transaction discarded because of: ${first}`;
    return { status: 400, json: JSON.stringify({ error }) };
  }
  const count = replies.arrayLength();
  const items: string[] = [];
  for (let i = 0; i < count; i++) items.push(replies.object());
  return { status: 200, json: count < 0 ? '{"result":null}' : `[${items.join(',')}]` };
}

function specOf(context: CommandContext, command: EncodedRequest): CommandSpec | null {
  const { buffer, argc, argStart, argEnd } = command;
  const table = context.commands ?? registry;
  const spec = table.find(buffer, argStart[0] as number, argEnd[0] as number);
  if (spec === null || spec.subcommands === null || argc < 2) return spec;
  return spec.subcommands.find(buffer, argStart[1] as number, argEnd[1] as number) ?? spec;
}

/** As it would come from a socket: the log takes a request's bytes as they are. */
function encoded(parts: Parts): EncodedRequest {
  const argStart = new Int32Array(parts.length);
  const argEnd = new Int32Array(parts.length);
  const pieces: Buffer[] = [Buffer.from(`*${parts.length}\r\n`)];
  let at = (pieces[0] as Buffer).length;
  for (const [index, part] of parts.entries()) {
    const header = Buffer.from(`$${part.length}\r\n`);
    argStart[index] = at + header.length;
    argEnd[index] = at + header.length + part.length;
    at = (argEnd[index] as number) + lineEnd.length;
    pieces.push(header, part, lineEnd);
  }
  const buffer = Buffer.concat(pieces, at);
  return { buffer, argc: parts.length, argStart, argEnd, requestStart: 0, requestEnd: at };
}

const lineEnd = Buffer.from('\r\n');
