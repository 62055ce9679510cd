// What happens by itself: `hz` times a second keys expire, persistence does what is due, idle and
// lingering clients are closed, rates are sampled.

import type { CommandContext } from '../commands/context.ts';
import { expireEntry } from '../commands/lookup.ts';
import type { Configuration } from '../config/configuration.ts';
import { endPosition } from '../keyspace/database.ts';
import type { Database, Position } from '../keyspace/database.ts';
import type { Scheduler } from '../io/scheduler.ts';
import type { EntryAddress } from '../keyspace/entry.ts';
import { FieldExpiry } from './field-expiry.ts';
import type { ServerStatistics } from './info.ts';
import type { NetworkSession } from './session.ts';

/** Entries looked at before the clock is. */
const expireBatch = 200;
/** Longest that a turn of the cron looks for expired keys, and frees flushed databases; ns. */
const expireNs = 2e6;
const reclaimNs = 1e6;
const reclaimBatch = 500;
/** Time ended a slice: the next comes so many ms later. Expiry takes a quarter of a core then. */
const againMs = 6;
/** How long a connection that we ended may linger before it is destroyed. */
const lingerMs = 1000;

export interface CronHost {
  readonly context: CommandContext;
  readonly configuration: Configuration;
  readonly statistics: ServerStatistics;
  readonly loading: boolean;
  readonly scheduler: Scheduler;
  monotonicNs(): number;
  networkSessions(): Iterable<NetworkSession>;
  /** Opens a tick, so that what the cron changes is committed like a client's changes. */
  openTick(): void;
  persistenceCron(nowMs: number): void;
  cut(session: NetworkSession, reason: string): void;
  /** CLIENT PAUSE. */
  isPaused(): boolean;
}

/** The server's background work. */
export class Cron {
  /** DEBUG SET-ACTIVE-EXPIRE. */
  activeExpire = true;
  private readonly host: CronHost;
  private readonly positions: Position[];
  private readonly expired: EntryAddress[] = [];
  private readonly fields: FieldExpiry;
  private forget: (() => void) | null = null;
  private forgetSlice: (() => void) | null = null;

  constructor(host: CronHost) {
    this.host = host;
    this.positions = host.context.keyspace.databases.map(() => 0);
    this.fields = new FieldExpiry(host.context);
  }

  start(): void {
    const periodMs = 1000 / this.host.configuration.integer('hz');
    this.forget = this.host.scheduler.after(periodMs, () => {
      this.run();
      if (this.forget !== null) this.start();
    });
  }

  stop(): void {
    this.forget?.();
    this.forget = null;
    this.forgetSlice?.();
    this.forgetSlice = null;
  }

  private run(): void {
    const { host } = this;
    host.openTick();
    const { context, statistics } = host;
    const nowMs = context.nowMs;
    if (!host.loading) {
      this.tidy();
      host.persistenceCron(nowMs);
    }
    statistics.operations.sample(context.statistics.commandsProcessed, nowMs);
    statistics.input.sample(statistics.inputBytes, nowMs);
    statistics.output.sample(statistics.outputBytes, nowMs);
    for (const session of host.networkSessions()) this.watch(session, nowMs);
  }

  /** A slice of what may take long; the next one comes soon when this one did not suffice. */
  private tidy(): void {
    // Who has asked for a pause must not see data change.
    const expires = this.activeExpire && !this.host.isPaused();
    const moreDue = expires && this.expireTimed();
    const moreGarbage = !this.reclaim();
    if ((!moreDue && !moreGarbage) || this.forgetSlice !== null) return;
    this.forgetSlice = this.host.scheduler.after(againMs, () => {
      this.forgetSlice = null;
      this.host.openTick();
      if (!this.host.loading) this.tidy();
    });
  }

  /** True when time ended it and more is due. */
  private expireTimed(): boolean {
    const { context } = this.host;
    const beganNs = this.host.monotonicNs();
    const moreDue = this.expire();
    const usedUs = (this.host.monotonicNs() - beganNs) / 1000;
    context.monitor.latency.add('expire-cycle', usedUs, context.nowMs);
    return moreDue;
  }

  /**
   * Walks the keys with deadlines, round and round, longer while many are found expired; true when
   * time ended that.
   */
  private expire(): boolean {
    const endNs = this.host.monotonicNs() + expireNs;
    let cutShort = false;
    const mayGoOn = (): boolean => {
      const inTime = this.host.monotonicNs() < endNs;
      cutShort ||= !inTime;
      return inTime;
    };
    for (const database of this.host.context.keyspace.databases) {
      if (database.deadlineCount === 0) continue;
      while (this.expireSome(database) > expireBatch / 10 && mayGoOn());
    }
    this.fields.run(mayGoOn);
    return cutShort;
  }

  /** Removes what is expired among the next entries; returns how many those were. */
  private expireSome(database: Database): number {
    const { context } = this.host;
    const { expired } = this;
    expired.length = 0;
    const position = this.positions[database.index] ?? 0;
    const next = database.walkDeadlines(position, expireBatch, (entry) => {
      if (database.deadlineMs(entry) < context.nowMs) expired.push(entry);
    });
    this.positions[database.index] = next === endPosition ? 0 : next;
    for (const entry of expired) expireEntry(context, database, entry);
    return expired.length;
  }

  /** True when nothing is left to give back. */
  private reclaim(): boolean {
    const { keyspace } = this.host.context;
    const endNs = this.host.monotonicNs() + reclaimNs;
    let done = keyspace.reclaim(reclaimBatch);
    while (!done && this.host.monotonicNs() < endNs) done = keyspace.reclaim(reclaimBatch);
    return done;
  }

  private watch(session: NetworkSession, nowMs: number): void {
    if (session.endedMs !== 0) {
      const sent = session.socket.writableFinished;
      const limitMs = sent ? lingerMs : lingerMs * 60;
      if (nowMs - session.endedMs > limitMs) session.socket.destroy();
      return;
    }
    const timeoutSec = this.host.configuration.integer('timeout');
    // Who waits or listens has nothing to say.
    const { state } = session;
    const idles = state.blocked === null && state.subscriptions === null
      && !this.host.context.feed.has(state);
    if (idles && timeoutSec > 0 && nowMs - session.lastInputMs > timeoutSec * 1000) {
      session.socket.destroy();
      return;
    }
    this.watchSoftLimit(session, nowMs);
  }

  private watchSoftLimit(session: NetworkSession, nowMs: number): void {
    const { normal, pubsub } = this.host.configuration.outputLimits();
    const listens = session.state.subscriptions !== null;
    const { softBytes, softSeconds } = listens ? pubsub : normal;
    if (softBytes === 0 || session.output.unsentBytes <= softBytes) {
      session.softLimitSinceMs = 0;
    } else if (session.softLimitSinceMs === 0) {
      session.softLimitSinceMs = nowMs;
    } else if (nowMs - session.softLimitSinceMs > softSeconds * 1000) {
      this.host.cut(session, 'it overcame the output buffer limits');
    }
  }
}
