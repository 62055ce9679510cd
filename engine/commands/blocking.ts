// Blocking commands: who waits for which keys, and who gets what arrives.
//
// A handler that finds nothing calls `block`, which keeps a copy of the request. Whatever makes a
// key (`changed`) signals it. After the command, or the whole EXEC, that did so, `serve` runs the
// waiting handlers again: key by key in the order of the signals, for each key the client that has
// waited longest first. The handler then looks at that one key only (`firstKey`, `lastKey`).
//
// While nobody waits a change costs one comparison (`count`).
import type { Database } from '../keyspace/database.ts';
import type { ReplyWriter } from '../resp/reply-writer.ts';
import type { CommandContext } from './context.ts';
import { runHandler } from './execute.ts';
import { isExpired } from './lookup.ts';
import type { QueuedCommand, Session } from './session.ts';
import { copyOfRequest } from './session.ts';
import { WaitDeadlines } from './wait-deadlines.ts';
import type { TimedWait } from './wait-deadlines.ts';

/** What a handler waits for. */
export interface WaitRequest {
  /** Number of the type that a key must hold; others leave it waiting. */
  readonly type: number;
  /** The arguments that are keys. */
  readonly firstKey: number;
  readonly lastKey: number;
  /** 0: as long as it takes. */
  readonly timeoutMs: number;
  /** Where nothing may wait: is the answer a missing list, or a missing value? */
  readonly nilArray: boolean;
}

interface WaitedKey {
  readonly id: string;
  readonly filterSlot: number;
  readonly argument: number;
}

/** One client that waits; `Session.blocked` points to it. */
export interface Waiter extends TimedWait {
  readonly session: Session;
  readonly databaseIndex: number;
  readonly type: number;
  readonly command: QueuedCommand;
  readonly keys: readonly WaitedKey[];
  /** WAITAOF: the position up to which the log must be synced; -1: it waits for keys. */
  readonly syncPosition: number;
}

interface ReadyKey {
  readonly id: string;
  readonly databaseIndex: number;
  readonly key: Buffer;
}

const unblockedError = 'UNBLOCKED client unblocked via CLIENT UNBLOCK';

/** WAITAOF where there is no log. */
export const noLogError: string = 'ERR WAITAOF cannot be used when numlocal is set but appendonly'
  + ' is disabled.';
const filterSlots = 256;

/** The waiting clients of a server. */
export class BlockingTable {
  /** Clients that wait; callers skip `signal` while it is 0. */
  count = 0;
  /** Keys that somebody waits for and that came to be; callers skip `serve` while it is 0. */
  readyCount = 0;
  private readonly byKey = new Map<string, Set<Waiter>>();
  /** How many wait for keys of each hash: most changes need no look at `byKey`. */
  private readonly filter = new Uint32Array(filterSlots);
  /** Those that wait for the log. */
  private readonly forSync = new Set<Waiter>();
  private readonly deadlines = new WaitDeadlines<Waiter>();
  private readonly readyIds = new Set<string>();
  private ready: ReadyKey[] = [];
  /** Which argument of the waiting command is the key that is ready; 0: nobody is being served. */
  private servedArgument = 0;
  private foundNothing = false;

  /** Clients that wait with a timeout. */
  get timedCount(): number {
    return this.deadlines.live;
  }

  /** The first key that a blocking command looks at now, `first` being its first. */
  firstKey(first: number): number {
    return this.servedArgument === 0 ? first : this.servedArgument;
  }

  /** The last key that a blocking command looks at now. */
  lastKey(last: number): number {
    return this.servedArgument === 0 ? last : this.servedArgument;
  }

  /**
   * The handler found nothing: its client waits, or gets the answer of a timeout at once where
   * nothing may wait (transactions, replay, callers without a connection).
   */
  block(ctx: CommandContext, request: WaitRequest): void {
    if (this.servedArgument !== 0) {
      this.foundNothing = true;
      return;
    }
    const { session } = ctx;
    const spec = session.lastCommand;
    if (session.inMulti || session.denyBlocking || ctx.replaying || spec === null) {
      replyNothing(ctx, request.nilArray);
      return;
    }
    const keys = this.keysOf(ctx, request);
    const waiter: Waiter = {
      session, keys, deadlineMs: deadlineOf(ctx, request.timeoutMs),
      databaseIndex: ctx.database.index, type: request.type,
      command: copyOfRequest(ctx, spec), done: false, syncPosition: -1,
    };
    for (const { id, filterSlot } of keys) {
      const waiters = this.byKey.get(id);
      if (waiters === undefined) this.byKey.set(id, new Set([waiter]));
      else waiters.add(waiter);
      this.filter[filterSlot] = (this.filter[filterSlot] as number) + 1;
    }
    this.begin(ctx, waiter);
  }

  /** WAITAOF: false where nothing may wait; the caller answers then. */
  blockForSync(ctx: CommandContext, syncPosition: number, timeoutMs: number): boolean {
    const { session } = ctx;
    const spec = session.lastCommand;
    if (session.inMulti || session.denyBlocking || spec === null) return false;
    const waiter: Waiter = {
      session, keys: [], deadlineMs: deadlineOf(ctx, timeoutMs), type: -1, syncPosition,
      databaseIndex: ctx.database.index, command: copyOfRequest(ctx, spec), done: false,
    };
    this.forSync.add(waiter);
    this.begin(ctx, waiter);
    return true;
  }

  /** Does anybody wait for the log? */
  get someWaitForSync(): boolean {
    return this.forSync.size > 0;
  }

  /**
   * The log is synced up to `position`: answers those who waited for it. Null: it was switched off,
   * and nobody need wait.
   */
  synced(ctx: CommandContext, position: number | null): void {
    for (const waiter of this.forSync) {
      if (position === null) {
        this.giveUp(ctx, waiter, noLogError);
        continue;
      }
      if (waiter.syncPosition > position) continue;
      this.remove(waiter);
      ctx.server.answer(waiter.session, (reply) => {
        const mark = reply.length;
        replySynced(reply, true);
        muffle(waiter.session, reply, mark);
      });
    }
  }

  private begin(ctx: CommandContext, waiter: Waiter): void {
    waiter.session.blocked = waiter;
    this.count++;
    if (waiter.deadlineMs === Infinity) return;
    this.deadlines.add(waiter);
    ctx.server.wakeAt(waiter.deadlineMs);
  }

  /** The key came to be or changed: those who wait for it may be served after the command. */
  signal(database: Database, buffer: Buffer, start: number, end: number): void {
    if (this.filter[filterSlotOf(buffer, start, end)] === 0) return;
    const id = idOf(database.index, buffer, start, end);
    if (!this.byKey.has(id) || this.readyIds.has(id)) return;
    this.readyIds.add(id);
    const key = Buffer.from(buffer.subarray(start, end));
    this.ready.push({ id, databaseIndex: database.index, key });
    this.readyCount++;
  }

  /** After SWAPDB: keys that others wait for may have come with the other database. */
  swapped(first: Database, second: Database): void {
    for (const database of [first, second]) {
      const prefix = `${database.index}:`;
      for (const id of this.byKey.keys()) {
        if (!id.startsWith(prefix)) continue;
        const key = Buffer.from(id.slice(prefix.length), 'latin1');
        if (database.find(key, 0, key.length) !== 0) this.signal(database, key, 0, key.length);
      }
    }
  }

  /** Runs the commands of those who wait for keys that are ready; the context is as before. */
  serve(ctx: CommandContext): void {
    const before = requestOf(ctx);
    while (this.ready.length > 0) {
      const { ready } = this;
      this.ready = [];
      for (const key of ready) {
        this.readyIds.delete(key.id);
        this.serveKey(ctx, key);
      }
    }
    this.readyCount = 0;
    Object.assign(ctx, before);
  }

  /** Answers all whose time is up. Returns when to come again, Unix ms; Infinity: never. */
  timeouts(ctx: CommandContext): number {
    for (;;) {
      const waiter = this.deadlines.next();
      if (waiter === null) return Infinity;
      if (waiter.deadlineMs > ctx.nowMs) return waiter.deadlineMs;
      this.giveUp(ctx, waiter, null);
    }
  }

  /** CLIENT UNBLOCK: false when the session does not wait. */
  unblock(ctx: CommandContext, session: Session, withError: boolean): boolean {
    if (session.blocked === null) return false;
    this.giveUp(ctx, session.blocked, withError ? unblockedError : null);
    return true;
  }

  /** The session's connection is gone. */
  forget(session: Session): void {
    if (session.blocked !== null) this.remove(session.blocked);
  }

  private serveKey(ctx: CommandContext, ready: ReadyKey): void {
    const waiters = this.byKey.get(ready.id);
    const database = ctx.keyspace.databases[ready.databaseIndex];
    if (waiters === undefined || database === undefined) return;
    for (const waiter of waiters) {
      const entry = database.find(ready.key, 0, ready.key.length);
      if (entry === 0 || isExpired(ctx, database, entry)) return;
      if (database.type(entry) === waiter.type) this.serveWaiter(ctx, waiter, ready.id);
    }
  }

  private serveWaiter(ctx: CommandContext, waiter: Waiter, keyId: string): void {
    const { command, session } = waiter;
    const argument = waiter.keys.find(({ id }) => id === keyId)?.argument ?? 0;
    ctx.server.answer(session, (reply) => {
      const mark = reply.length;
      ctx.setSession(session, reply);
      ctx.database = ctx.keyspace.databases[waiter.databaseIndex] as Database;
      ctx.setRequest(command.buffer, command);
      this.servedArgument = argument;
      this.foundNothing = false;
      try {
        // It was counted, and shown, when it began to wait.
        runHandler(ctx, command.spec);
      } finally {
        this.servedArgument = 0;
      }
      if (this.foundNothing) return;
      this.remove(waiter);
      muffle(session, reply, mark);
    });
  }

  private giveUp(ctx: CommandContext, waiter: Waiter, error: string | null): void {
    this.remove(waiter);
    ctx.server.answer(waiter.session, (reply) => {
      const mark = reply.length;
      if (error !== null) reply.error(error);
      else if (waiter.syncPosition >= 0) replySynced(reply, false);
      else reply.nilArray();
      muffle(waiter.session, reply, mark);
    });
  }

  private remove(waiter: Waiter): void {
    if (waiter.done) return;
    waiter.done = true;
    waiter.session.blocked = null;
    this.count--;
    this.forSync.delete(waiter);
    for (const { id, filterSlot } of waiter.keys) {
      const waiters = this.byKey.get(id);
      waiters?.delete(waiter);
      if (waiters?.size === 0) this.byKey.delete(id);
      this.filter[filterSlot] = (this.filter[filterSlot] as number) - 1;
    }
    if (waiter.deadlineMs !== Infinity) this.deadlines.finished();
  }

  /** The keys of the request; one that is named twice counts once, at its first place. */
  private keysOf(ctx: CommandContext, request: WaitRequest): WaitedKey[] {
    const keys = new Map<string, WaitedKey>();
    for (let argument = request.firstKey; argument <= request.lastKey; argument++) {
      const start = ctx.argStart[argument] as number;
      const end = ctx.argEnd[argument] as number;
      const id = idOf(ctx.database.index, ctx.buffer, start, end);
      const filterSlot = filterSlotOf(ctx.buffer, start, end);
      if (!keys.has(id)) keys.set(id, { id, filterSlot, argument });
    }
    return [...keys.values()];
  }
}

function deadlineOf(ctx: CommandContext, timeoutMs: number): number {
  return timeoutMs === 0 ? Infinity : ctx.nowMs + timeoutMs;
}

/** What WAITAOF answers: is the local log synced, and on how many replicas (there are none). */
export function replySynced(reply: ReplyWriter, local: boolean): void {
  reply.array(2);
  reply.integer(local ? 1 : 0);
  reply.integer(0);
}

function replyNothing(ctx: CommandContext, nilArray: boolean): void {
  if (nilArray) ctx.reply.nilArray();
  else ctx.reply.nil();
}

/** CLIENT REPLY OFF and SKIP hold for late answers too. */
function muffle(session: Session, reply: ReplyWriter, mark: number): void {
  if (session.replyMode === 'on') return;
  reply.length = mark;
  if (session.replyMode === 'skip') session.replyMode = 'on';
}

/** What serving changes in the context. */
function requestOf(ctx: CommandContext): Partial<CommandContext> {
  const { buffer, argc, argStart, argEnd, requestStart, requestEnd } = ctx;
  const { session, reply, database } = ctx;
  return {
    buffer, argc, argStart, argEnd, requestStart, requestEnd, session, reply, database,
  };
}

function idOf(databaseIndex: number, buffer: Buffer, start: number, end: number): string {
  return `${databaseIndex}:${buffer.toString('latin1', start, end)}`;
}

function filterSlotOf(buffer: Buffer, start: number, end: number): number {
  if (start === end) return 0;
  const first = buffer[start] as number;
  return (first * 7 + (buffer[end - 1] as number) * 31 + end - start) % filterSlots;
}
