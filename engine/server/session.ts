// One client: bytes → decoder → command → reply. The whole path of a request is on this page; what
// its parts do is in their own files.

import type { Socket } from 'node:net';
import type { CommandRunner } from '../commands/apply.ts';
import type { CommandContext } from '../commands/context.ts';
import type { DirtyKeys } from '../commands/dirty-keys.ts';
import type { Prefetcher } from '../commands/prefetch.ts';
import type { Session } from '../commands/session.ts';
import type { Journal } from '../persistence/appender.ts';
import type { ReplyWriter } from '../resp/reply-writer.ts';
import { needMore, protocolError, RequestDecoder } from '../resp/decoder.ts';
import { InputBuffer } from './input.ts';
import { Output } from './output.ts';
import type { ReleaseRecorder } from './output.ts';
import type { ServerStatistics } from './info.ts';
import type { Pause } from './pause.ts';
import type { Tick, TickMember } from './tick.ts';
import { Transport } from './transport.ts';
import type { ByteReceiver } from './transport.ts';

/** Limits on what one client may make us keep, in bytes; CONFIG SET changes them. */
export interface ClientLimits {
  maxBulkBytes: number;
  maxRequestBytes: number;
  /** Above this much unsent output the client's requests are not read any more. */
  pauseBytes: number;
  /** Above this much the connection is cut. */
  cutBytes: number;
  /** The same for clients that listen to channels. */
  listenerCutBytes: number;
}

/** What all sessions share. */
export interface SessionHost {
  readonly context: CommandContext;
  readonly runner: CommandRunner;
  readonly prefetcher: Prefetcher;
  readonly tick: Tick;
  readonly journal: Journal;
  readonly dirty: DirtyKeys;
  readonly limits: ClientLimits;
  readonly statistics: ServerStatistics;
  readonly recorder: ReleaseRecorder | null;
  readonly pause: Pause;
  /** Closed for a reason worth a line in the log. */
  cut(session: NetworkSession, reason: string): void;
  /** The client sends no more: it waits for nothing and listens to nothing from now on. */
  leaving(session: NetworkSession): void;
  /** It waits no more, and has sent requests meanwhile: `resume` is due at the end of the turn. */
  unblocked(session: NetworkSession): void;
  closed(session: NetworkSession): void;
}

/** A connection and the state that commands see of it. */
export class NetworkSession implements TickMember, ByteReceiver {
  readonly state: Session;
  readonly socket: Socket;
  readonly input: InputBuffer = new InputBuffer();
  readonly output: Output;
  queued = false;
  /** Nothing more is read; the connection ends once the replies have left. */
  closing = false;
  /** When `closing` ended the sending side, in wall ms; 0 = not yet. */
  endedMs = 0;
  /** Since when unsent output is above the soft limit, in wall ms; 0 = it is not. */
  softLimitSinceMs = 0;
  lastInputMs: number;
  private readonly host: SessionHost;
  private readonly transport: Transport;
  private readonly decoder: RequestDecoder;
  /**
   * What our replies wait for: the journal's position after the last request of ours that was
   * logged, or after the last write to a key that they tell of. Reads of other keys and INFO wait
   * for nothing, so that a slow or full disk leaves them alone.
   */
  private token = 0;
  /** The journal's position when our requests began to run this time. */
  private appendedBefore = 0;

  /** `accepted` is used up: `socket` may be another one. */
  constructor(host: SessionHost, accepted: Socket, state: Session) {
    const transport = new Transport(accepted, this);
    const { socket } = transport;
    this.host = host;
    this.socket = socket;
    this.transport = transport;
    this.state = state;
    this.lastInputMs = state.createdMs;
    this.output = new Output(transport, host);
    this.decoder = new RequestDecoder({ maxBulkBytes: host.limits.maxBulkBytes });
    this.decoder.stranger = isStranger(state, host.context);
    socket.on('end', () => this.inputEnded());
    socket.on('drain', () => transport.resume());
    // 'close' follows each error; a client that goes away is nothing to report.
    socket.on('error', () => {});
    socket.on('close', () => host.closed(this));
  }

  /** Runs all whole requests in what the socket has read, and keeps a copy of the rest. */
  receive(buffer: Buffer, length: number): void {
    if (this.closing) return;
    const { host, input } = this;
    host.tick.open();
    host.statistics.inputBytes += length;
    this.appendedBefore = host.journal.appended;
    const { nowMs } = host.context;
    this.lastInputMs = nowMs;
    this.state.lastActiveSec = (nowMs / 1000) >>> 0;
    if (input.length === 0) {
      const rest = this.runRequests(buffer, length);
      if (rest < length) input.append(buffer, { from: rest, to: length }, this.decoder.needBytes);
    } else {
      input.append(buffer, { from: 0, to: length }, this.decoder.needBytes);
      input.drop(this.runRequests(input.bytes, input.length));
    }
    if (input.length > host.limits.maxRequestBytes) host.cut(this, 'its request is too long');
    this.settleToken();
    host.tick.add(this);
  }

  /** Our requests have run: what do the replies wait for? */
  private settleToken(): void {
    this.token = this.writtenToken;
    const { dirty } = this.host;
    if (dirty.active) this.token = Math.max(this.token, dirty.take());
  }

  /** What messages of this client wait for: all that it has written so far. */
  get writtenToken(): number {
    const { appended } = this.host.journal;
    return appended === this.appendedBefore ? this.token : appended;
  }

  /** The reply that the client has waited for, unless `write` leaves it waiting. */
  answer(write: (reply: ReplyWriter) => void): void {
    if (this.closing) return;
    const { host, state } = this;
    const { reply } = this.output;
    this.appendedBefore = host.journal.appended;
    reply.protocol = state.protocol;
    const mark = reply.length;
    const errors = reply.errors;
    write(reply);
    this.replied(mark, errors);
    // What has come about may be another client's write, which is not durable yet.
    this.token = host.dirty.active ? host.journal.appended : this.writtenToken;
    host.tick.add(this);
    if (state.blocked === null && this.input.length > 0) host.unblocked(this);
  }

  /** Runs what has come in while the client waited. */
  resume(): void {
    const { host, input } = this;
    if (this.closing || this.state.blocked !== null) return;
    this.appendedBefore = host.journal.appended;
    input.drop(this.runRequests(input.bytes, input.length));
    this.settleToken();
    host.tick.add(this);
  }

  /** A message of another client, which has written what `token` says. */
  deliver(bytes: Buffer, end: number, token: number): void {
    if (this.closing) return;
    const { reply } = this.output;
    reply.raw(bytes, 0, end);
    if (token > this.token) this.token = token;
    this.host.tick.add(this);
    if (reply.length > this.cutBytes || reply.overflowed) this.cutForOutput();
  }

  /**
   * Runs the whole requests of `buffer[0 … end)`, up to one that makes the client wait; returns
   * where the next one begins.
   */
  private runRequests(buffer: Buffer, end: number): number {
    const { decoder, host, state } = this;
    let at = 0;
    let hintedTo = 1;
    while (!this.closing) {
      if (state.blocked !== null) return at;
      if (at >= hintedTo && at < end) {
        hintedTo = host.prefetcher.hint(host.context.database, buffer, at, end);
      }
      const status = decoder.decode(buffer, at, end);
      if (status === needMore) return decoder.requestStart;
      if (status === protocolError) {
        this.refuse(`ERR ${decoder.errorText}`);
        break;
      }
      if (host.pause.untilMs !== 0 && host.pause.holds(this, buffer, decoder)) {
        return decoder.inline ? this.keepInline(buffer, end) : decoder.requestStart;
      }
      at = decoder.requestEnd;
      this.runRequest(buffer);
    }
    return end;
  }

  /**
   * An inline request has to wait: unquoting has changed its line where it stood, so it is kept in
   * the spelling that can be decoded again, with all that follows. Returns where to go on.
   */
  private keepInline(buffer: Buffer, end: number): number {
    const { decoder, input } = this;
    const rest = buffer.subarray(decoder.requestEnd, end);
    const kept = Buffer.concat([decoder.canonicalise(buffer), rest]);
    const own = buffer === input.bytes;
    if (own) input.clear();
    input.append(kept, { from: 0, to: kept.length }, 0);
    return own ? 0 : end;
  }

  private runRequest(buffer: Buffer): void {
    const { decoder, host, state } = this;
    if (decoder.inline && isHttp(buffer, decoder)) {
      host.cut(this, 'it speaks HTTP: maybe a web page was made to attack this server');
      return;
    }
    const reply = this.output.reply;
    const context = host.context;
    // Logged bytes must be the one valid spelling of a request.
    context.setRequest(decoder.canonical ? buffer : decoder.canonicalise(buffer), decoder);
    context.setSession(state, reply);
    reply.protocol = state.protocol;
    const mark = reply.length;
    const errors = reply.errors;
    host.runner.run(context);
    this.replied(mark, errors);
    if (decoder.stranger || !state.authenticated) decoder.stranger = isStranger(state, context);
    if (state.closeAfterReply) this.closing = true;
  }

  /** Counts the reply that begins at `mark`, if there is one. */
  private replied(mark: number, errors: number): void {
    const { reply } = this.output;
    if (reply.length !== mark) this.output.replyCount++;
    if (reply.errors !== errors) this.host.statistics.countError(reply.buffer, mark);
    if (reply.length > this.cutBytes || reply.overflowed) this.cutForOutput();
  }

  private get cutBytes(): number {
    const { limits } = this.host;
    return this.state.subscriptions === null ? limits.cutBytes : limits.listenerCutBytes;
  }

  /** A protocol error: the reply says which, then the connection ends. */
  private refuse(text: string): void {
    const { output } = this;
    const { reply } = output;
    const mark = reply.length;
    // It may show a byte that the client sent: byte for byte, as Redis does.
    const line = Buffer.from(`-${text}\r\n`, 'latin1');
    reply.errors++;
    reply.raw(line, 0, line.length);
    output.replyCount++;
    this.host.statistics.countError(reply.buffer, mark);
    this.closing = true;
  }

  endTick(releasable: number): boolean {
    const { output } = this;
    output.flush(Math.max(this.token, this.host.dirty.floor), releasable);
    if (!this.closing && (output.isHeld || output.waitingBytes > 0)) this.limitOutput();
    if (output.isHeld || this.closing) return this.afterSending();
    return false;
  }

  /** What the log holds back counts as much as what the client does not take. */
  private limitOutput(): void {
    const { limits } = this.host;
    const { unsentBytes } = this.output;
    if (unsentBytes > this.cutBytes) this.cutForOutput();
    else if (unsentBytes > limits.pauseBytes) this.transport.pause();
  }

  release(releasable: number): boolean {
    const { output, socket, transport } = this;
    output.releaseHeld(releasable);
    // When the socket took all of it at once, no 'drain' will follow.
    const taken = !output.isHeld && !socket.writableNeedDrain;
    if (taken && transport.isPaused) transport.resume();
    return this.afterSending();
  }

  /** CONFIG SET proto-max-bulk-len. */
  setMaxBulkBytes(bytes: number): void {
    this.decoder.maxBulkBytes = bytes;
  }

  private afterSending(): boolean {
    if (this.output.isHeld) return true;
    if (!this.closing || this.endedMs !== 0) return false;
    // Half-closed first: closing with unread input would reset the connection and take the last
    // reply with it. The cron destroys what then lingers.
    this.endedMs = this.host.context.nowMs;
    this.input.clear();
    this.transport.end();
    return false;
  }

  /** The server ends well: what went to the socket already still leaves. */
  endSoon(): void {
    this.closing = true;
    this.transport.destroySoon();
  }

  private inputEnded(): void {
    this.closing = true;
    this.host.leaving(this);
    this.host.tick.open();
    this.host.tick.add(this);
  }

  private cutForOutput(): void {
    this.host.cut(this, 'it overcame the output buffer limits');
  }
}

/** Is a password due that this client has not given? */
function isStranger(state: Session, context: CommandContext): boolean {
  return !state.authenticated && context.server.access.required;
}

/** POST or a Host header, as Redis looks for them: a browser was tricked into talking to us. */
function isHttp(buffer: Buffer, decoder: RequestDecoder): boolean {
  const name = buffer.toString('latin1', decoder.argStart[0], decoder.argEnd[0]).toLowerCase();
  return name === 'post' || name === 'host:';
}
