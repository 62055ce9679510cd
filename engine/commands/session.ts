// What one client has said so far: a plain state object. The network session in engine/server
// wraps it, AOF replay uses one without a socket.
import type { Waiter } from './blocking.ts';
import type { Subscriptions } from './channels.ts';
import type { CommandContext } from './context.ts';
import type { CommandSpec } from './spec.ts';

export type Protocol = 2 | 3;

/** CLIENT REPLY: `skipNext` becomes `skip` for the one command after it. */
export type ReplyMode = 'on' | 'off' | 'skipNext' | 'skip';

/** A command that is run later: its bytes are its own, offsets are relative to them. */
export interface QueuedCommand {
  readonly spec: CommandSpec;
  readonly buffer: Buffer;
  readonly argc: number;
  readonly argStart: Int32Array;
  readonly argEnd: Int32Array;
  readonly requestStart: number;
  readonly requestEnd: number;
}

export interface SessionOptions {
  readonly id: number;
  /** Remote `ip:port`, as CLIENT LIST shows it. */
  readonly address?: string;
  readonly localAddress?: string;
  readonly createdMs?: number;
  /** Has it no password to give? */
  readonly authenticated?: boolean;
}

/** State of one connection as far as commands see it. */
export class Session {
  readonly id: number;
  readonly address: string;
  readonly localAddress: string;
  readonly createdMs: number;
  /** AUTH succeeded, or no password was asked for when it began. */
  authenticated: boolean;
  name = '';
  libraryName = '';
  libraryVersion = '';
  databaseIndex = 0;
  protocol: Protocol = 2;
  replyMode: ReplyMode = 'on';
  noEvict = false;
  noTouch = false;
  /** The edge closes the connection once the replies written so far have left. */
  closeAfterReply = false;
  /** Unix time of the last bytes read, in s: `idle` of CLIENT LIST. An integer: no allocation. */
  lastActiveSec: number;
  lastCommand: CommandSpec | null = null;

  inMulti = false;
  /** A command could not be queued: EXEC answers EXECABORT. */
  multiFailed = false;
  /** A watched key changed: EXEC answers nil. */
  watchBroken = false;
  queue: QueuedCommand[] = [];
  /** What the queue takes, roughly. */
  queuedBytes = 0;
  /** How many keys WATCH holds; the keys themselves are in the context's WatchTable. */
  watchedCount = 0;

  /** What the session waits for in a blocking command; the BlockingTable sets it. */
  blocked: Waiter | null = null;
  /** Blocking commands give up at once, SUBSCRIBE is refused: no connection waits behind this. */
  denyBlocking = false;
  /** What it listens to, null if nothing; the ChannelTable sets it. */
  subscriptions: Subscriptions | null = null;

  constructor(options: SessionOptions) {
    this.id = options.id;
    this.address = options.address ?? '';
    this.localAddress = options.localAddress ?? '';
    this.createdMs = options.createdMs ?? 0;
    this.authenticated = options.authenticated ?? true;
    this.lastActiveSec = Math.floor(this.createdMs / 1000);
  }

  /** Leaves MULTI; the watched keys are the WatchTable's to forget. */
  endMulti(): void {
    this.inMulti = false;
    this.multiFailed = false;
    this.dropQueue();
  }

  enqueue(command: QueuedCommand): void {
    this.queue.push(command);
    this.queuedBytes += bytesOf(command);
  }

  dropQueue(): void {
    this.queue = [];
    this.queuedBytes = 0;
  }
}

/** The object with its buffer and arrays, beside what is in them. */
const queuedCommandBytes = 500;

function bytesOf({ buffer, argc }: QueuedCommand): number {
  return buffer.length + argc * 8 + queuedCommandBytes;
}

/** The request in the context, to be run later. */
export function copyOfRequest(ctx: CommandContext, spec: CommandSpec): QueuedCommand {
  const from = ctx.requestStart;
  const buffer = Buffer.from(ctx.buffer.subarray(from, ctx.requestEnd));
  return {
    spec,
    buffer,
    requestStart: 0,
    requestEnd: buffer.length,
    argc: ctx.argc,
    argStart: ctx.argStart.slice(0, ctx.argc).map((at) => at - from),
    argEnd: ctx.argEnd.slice(0, ctx.argc).map((at) => at - from),
  };
}
