// The server: sessions over one keyspace, and what commands ask of the things above them.

import type { Socket } from 'node:net';
import { CommandRunner } from '../commands/apply.ts';
import { CommandContext } from '../commands/context.ts';
import type {
  CommandOutcome, ConnectionFacts, MemoryFacts, ServerPort, ShutdownMode,
} from '../commands/context.ts';
import type { DirtyKeys } from '../commands/dirty-keys.ts';
import { parseEventClasses } from '../commands/events/event-classes.ts';
import { Prefetcher } from '../commands/prefetch.ts';
import { Session } from '../commands/session.ts';
import type { Configuration } from '../config/configuration.ts';
import type { Clock } from '../io/clock.ts';
import type { Entropy } from '../io/entropy.ts';
import type { Scheduler } from '../io/scheduler.ts';
import type { Keyspace } from '../keyspace/keyspace.ts';
import type { Journal } from '../persistence/appender.ts';
import type { Persistence } from '../persistence/persistence.ts';
import { ReplyWriter } from '../resp/reply-writer.ts';
import { renamedCommands } from '../commands/rename.ts';
import { applyPackLimits } from '../config/pack-directives.ts';
import { addressOf, isLocal, protectedModeRefusal, Secret } from './access.ts';
import { CommitTimer } from './commit-timer.ts';
import { Cron } from './cron.ts';
import { hostFacts, processUsage, standStill } from './host.ts';
import type { Log, ProcessUsage } from './host.ts';
import { infoText, ServerStatistics, usedBytes } from './info.ts';
import { Listener } from './listener.ts';
import type { ReleaseRecorder } from './output.ts';
import { Pause } from './pause.ts';
import type { Pausable } from './pause.ts';
import { NetworkSession } from './session.ts';
import type { ClientLimits, SessionHost } from './session.ts';
import { Tick } from './tick.ts';
import { transportSettings } from './transport.ts';
import { RestServer } from './rest/rest-server.ts';
import type { RestHost } from './rest/rest-server.ts';
import { Shutdown } from './shutdown.ts';
import { WaitTimer } from './wait-timer.ts';

export interface ServerOptions {
  readonly configuration: Configuration;
  readonly keyspace: Keyspace;
  readonly persistence: Persistence;
  readonly journal: Journal;
  readonly clock: Clock;
  readonly entropy: Entropy;
  readonly scheduler: Scheduler;
  readonly log: Log;
  readonly recorder: ReleaseRecorder | null;
  /** What this process takes, unless the system is to be asked. */
  readonly usage?: () => ProcessUsage;
}

/** Without a configured limit: reading pauses at the first, the connection is cut at the second. */
const pauseBytes = 64 * 1024 * 1024;
const cutBytes = 1024 * 1024 * 1024;

/** Kept free of the arena: a 64th of it, at most 64 MiB. */
const spareBytes = 64 * 1024 * 1024;
const spareShare = 64;

const nobody = new Session({ id: 0 });

/** One running server. `ended` tells how it ended. */
export class Server implements ServerPort, SessionHost, RestHost {
  readonly context: CommandContext;
  readonly runner: CommandRunner = new CommandRunner();
  readonly prefetcher: Prefetcher = new Prefetcher();
  readonly statistics: ServerStatistics = new ServerStatistics();
  readonly limits: ClientLimits;
  readonly tick: Tick;
  readonly journal: Journal;
  readonly dirty: DirtyKeys;
  readonly recorder: ReleaseRecorder | null;
  readonly persistence: Persistence;
  readonly config: Configuration;
  readonly entropy: Entropy;
  readonly access: Secret = new Secret();
  readonly restToken: Secret = new Secret();
  readonly rest: RestServer = new RestServer(this);
  readonly listener: Listener;
  readonly ended: Promise<number>;
  readonly runId: string;
  readonly pause: Pause;
  private readonly options: ServerOptions;
  private readonly cron: Cron;
  private readonly waits: WaitTimer;
  private readonly ending: Shutdown;
  /** Sessions that have requests to run since they wait no more. */
  private resumable: Pausable[] = [];
  private readonly bySessionId: Map<number, NetworkSession> = new Map();
  private readonly startedMs: number;
  private readonly end: (exitCode: number) => void;
  private lastSessionId = 0;
  private stopped = false;

  constructor(options: ServerOptions) {
    this.options = options;
    this.journal = options.journal;
    this.dirty = options.persistence.appender.dirty;
    this.recorder = options.recorder;
    this.persistence = options.persistence;
    this.config = options.configuration;
    this.entropy = options.entropy;
    this.startedMs = options.clock.wallMs();
    this.runId = Array.from({ length: 5 }, () =>
      options.entropy.uint32().toString(16).padStart(8, '0')).join('');
    const { promise, resolve } = Promise.withResolvers<number>();
    this.ended = promise;
    this.end = resolve;
    this.context = new CommandContext({
      keyspace: options.keyspace, reply: new ReplyWriter(), session: nobody,
      effects: options.journal, server: this, dirty: this.dirty,
    });
    this.context.commands = renamedCommands(this.config.renames());
    this.limits = {
      maxBulkBytes: 0, maxRequestBytes: 0, pauseBytes: 0, cutBytes: 0, listenerCutBytes: 0,
    };
    const { scheduler } = options;
    const timed = new CommitTimer(options.journal, this.context, this.config);
    this.tick = new Tick(timed, scheduler, () => {
      this.context.nowMs = options.clock.wallMs();
    });
    options.persistence.appender.onSynced = () => this.answerSynced();
    this.tick.beforeCommit = () => this.resumeUnblocked();
    this.waits = new WaitTimer(scheduler, () => this.endWaits());
    this.pause = new Pause(this.context, scheduler, (waiting) => {
      this.tick.open();
      for (const session of waiting) this.resumable.push(session);
    });
    this.ending = new Shutdown({
      persistence: this.persistence, pause: this.pause, log: options.log,
      stop: (exitCode) => this.stop(exitCode),
    });
    this.statistics.startupMemoryBytes = usedBytes({
      keyspace: options.keyspace, usage: this.usage(),
    });
    this.listener = this.makeListener();
    this.cron = this.makeCron();
    this.applySettings();
  }

  /** Lets clients in; until persistence has loaded they are told so. */
  async listen(): Promise<void> {
    if (!this.config.flag('io-uring')) transportSettings.first = 'direct';
    await this.listener.open();
    await this.rest.open();
    this.wake();
  }

  /** What happens by itself happens from now on. */
  wake(): void {
    this.context.nowMs = this.startedMs;
    this.cron.start();
  }

  /** Takes over what CONFIG SET changed and sessions or commands keep a copy of. */
  applySettings(): void {
    const { config, limits } = this;
    const { normal: { hardBytes }, pubsub } = config.outputLimits();
    limits.maxBulkBytes = config.integer('proto-max-bulk-len');
    limits.maxRequestBytes = config.integer('client-query-buffer-limit');
    limits.pauseBytes = hardBytes === 0 ? pauseBytes : Infinity;
    limits.cutBytes = hardBytes === 0 ? cutBytes : hardBytes;
    limits.listenerCutBytes = pubsub.hardBytes === 0 ? cutBytes : pubsub.hardBytes;
    this.context.maxBulkBytes = limits.maxBulkBytes;
    this.context.maxQueuedBytes = limits.maxRequestBytes;
    this.context.sparseMaxBytes = config.integer('hll-sparse-max-bytes');
    this.context.memoryLimitBytes = this.memoryLimitBytes();
    this.access.set(config.text('requirepass'));
    this.restToken.set(config.text('rest-token'));
    this.context.monitor.configure({
      slowerThanUs: config.integer('slowlog-log-slower-than'),
      slowLogLength: config.integer('slowlog-max-len'),
      latencyThresholdMs: config.integer('latency-monitor-threshold'),
      tracking: config.flag('latency-tracking'),
    });
    this.context.events.configure(parseEventClasses(config.text('notify-keyspace-events')) ?? 0);
    applyPackLimits(this.context.collections, config);
    for (const session of this.networkSessions()) session.setMaxBulkBytes(limits.maxBulkBytes);
  }

  /**
   * `maxmemory`, but never so much that nothing is left: some of the arena stays free for commands
   * that make room, since with a snapshot running even a deletion needs memory first.
   */
  private memoryLimitBytes(): number {
    const { capacityBytes } = this.context.keyspace.arena;
    const mostBytes = capacityBytes - Math.min(spareBytes, capacityBytes / spareShare);
    const limit = this.config.integer('maxmemory');
    return limit === 0 ? mostBytes : Math.min(limit, mostBytes);
  }

  // ---- ServerPort: what commands ask for -------------------------------------------------------

  monotonicUs(): number {
    return this.options.clock.monotonicNs() / 1000;
  }

  wallUs(): number {
    return this.options.clock.wallMs() * 1000;
  }

  info(sections: readonly string[]): string {
    return infoText({
      times: this.context.times, clientBytes: this.clientBytes(),
      configuration: this.config, keyspace: this.context.keyspace, persistence: this.persistence,
      blocking: this.context.blocking, channels: this.context.channels,
      commands: this.context.statistics, statistics: this.statistics, host: hostFacts(),
      usage: this.usage(), runId: this.runId, port: this.listener.port,
      clientCount: this.connectionCount, startedMs: this.startedMs,
      nowMs: this.options.clock.wallMs(),
    }, sections);
  }

  resetStatistics(): void {
    const { statistics } = this.context;
    statistics.commandsProcessed = 0;
    statistics.keyspaceHits = 0;
    statistics.keyspaceMisses = 0;
    statistics.expiredKeys = 0;
    statistics.expiredFields = 0;
    statistics.errorReplies = 0;
    this.statistics.reset();
    this.context.times.reset();
  }

  memoryFacts(): MemoryFacts {
    const usage = this.usage();
    const used = usedBytes({ keyspace: this.context.keyspace, usage });
    const { statistics } = this;
    statistics.peakMemoryBytes = Math.max(statistics.peakMemoryBytes, used);
    return {
      usedBytes: used, peakBytes: statistics.peakMemoryBytes, rssBytes: usage.rssBytes,
      startupBytes: statistics.startupMemoryBytes, clientBytes: this.clientBytes(),
      limitBytes: this.config.integer('maxmemory'),
    };
  }

  private usage(): ProcessUsage {
    return this.options.usage?.() ?? processUsage();
  }

  private clientBytes(): number {
    let bytes = 0;
    for (const { input, output, state } of this.networkSessions()) {
      bytes += input.bytes.length + output.unsentBytes + state.queuedBytes;
    }
    return bytes;
  }

  pauseClients(untilMs: number, onlyWrites: boolean): void {
    this.pause.begin(untilMs, onlyWrites);
  }

  unpauseClients(): void {
    this.pause.end();
  }

  *sessions(): Iterable<Session> {
    for (const session of this.networkSessions()) yield session.state;
  }

  connectionFacts(session: Session): ConnectionFacts {
    const found = this.bySessionId.get(session.id);
    const input = found?.input;
    return {
      fileDescriptor: -1,
      queryBufferBytes: input?.length ?? 0,
      queryBufferFreeBytes: input === undefined ? 0 : input.bytes.length - input.length,
      outputBufferBytes: found?.output.unsentBytes ?? 0,
    };
  }

  answer(session: Session, write: (reply: ReplyWriter) => void): void {
    this.bySessionId.get(session.id)?.answer(write);
  }

  deliver(session: Session, bytes: Buffer, end: number): void {
    const sender = this.bySessionId.get(this.context.session.id);
    this.bySessionId.get(session.id)
      ?.deliver(bytes, end, sender?.writtenToken ?? this.journal.appended);
  }

  writtenPosition(): number {
    return this.bySessionId.get(this.context.session.id)?.writtenToken ?? this.journal.appended;
  }

  /** WAITAOF: the log is durable up to a later position than before, or there is none any more. */
  private answerSynced(): void {
    const { blocking } = this.context;
    if (!blocking.someWaitForSync) return;
    this.tick.open();
    blocking.synced(this.context, this.persistence.syncedPosition());
  }

  wakeAt(unixMs: number): void {
    this.waits.wakeAt(unixMs, this.context.nowMs);
  }

  close(session: Session): void {
    if (session === this.context.session) {
      session.closeAfterReply = true;
      return;
    }
    const found = this.bySessionId.get(session.id);
    if (found !== undefined) this.drop(found);
  }

  shutdown(mode: ShutdownMode, signal?: string): CommandOutcome | null {
    const { log } = this.options;
    if (this.persistence.loading) {
      log('warning', 'Received shutdown during loading, exiting now.');
      this.persistence.stopLoading();
      this.stop(0);
      return null;
    }
    if (signal !== undefined) log('warning', `Received ${signal} scheduling shutdown...`);
    log('warning', 'User requested shutdown...');
    // What has been acknowledged must be in the log, and what is in it may be acknowledged.
    this.tick.end();
    if (this.stopped) return null;
    const { session } = this.context;
    return this.ending.begin(mode, ({ text }) => {
      this.tick.open();
      if (signal === undefined) this.answer(session, (reply) => reply.error(text));
    });
  }

  /** What a signal ends the server with: `shutdown-on-sigterm`, `shutdown-on-sigint`. */
  shutdownBySignal(signal: 'SIGTERM' | 'SIGINT'): CommandOutcome | null {
    const options = this.config.words(`shutdown-on-${signal.toLowerCase()}`);
    const save = options.includes('save') || (options.includes('nosave') ? false : null);
    const [now, force] = [options.includes('now'), options.includes('force')];
    return this.shutdown({ save, now, force }, signal);
  }

  abortShutdown(): CommandOutcome {
    return { kind: 'error', text: 'ERR No shutdown in progress.' };
  }

  allowsDebug(session: Session): boolean {
    const allowed = this.config.text('enable-debug-command');
    return allowed === 'yes' || (allowed === 'local' && isLocal(session.address));
  }

  sleepMs(milliseconds: number): void {
    standStill(milliseconds);
  }

  setActiveExpire(enabled: boolean): void {
    this.cron.activeExpire = enabled;
  }

  // ---- SessionHost: what sessions tell ---------------------------------------------------------

  cut(session: NetworkSession, reason: string): void {
    const { id, address, name } = session.state;
    this.options.log('warning', `Client id=${id} addr=${address} name=${name} closed: ${reason}`);
    this.drop(session);
  }

  leaving({ state }: NetworkSession): void {
    this.runner.forget(this.context, state);
  }

  unblocked(session: NetworkSession): void {
    this.resumable.push(session);
  }

  private resumeUnblocked(): void {
    while (this.resumable.length > 0) {
      const sessions = this.resumable;
      this.resumable = [];
      for (const session of sessions) session.resume();
    }
  }

  /** Answers the clients whose waiting has lasted long enough. */
  private endWaits(): void {
    this.tick.open();
    const { context } = this;
    this.waits.wakeAt(context.blocking.timeouts(context), context.nowMs);
  }

  closed(session: NetworkSession): void {
    session.closing = true;
    this.bySessionId.delete(session.state.id);
    this.tick.forget(session);
    this.runner.forget(this.context, session.state);
  }

  // ---- life ------------------------------------------------------------------------------------

  /** Ends at once: no reply leaves any more. Call when nothing may be acknowledged. */
  stop(exitCode: number): void {
    if (this.stopped) return;
    this.stopped = true;
    this.tick.stop();
    this.cron.stop();
    this.waits.stop();
    this.pause.stop();
    this.rest.close();
    this.listener.close();
    for (const session of this.networkSessions()) {
      session.closing = true;
      if (exitCode === 0) session.endSoon();
      else session.socket.destroy();
    }
    this.end(exitCode);
  }

  get connectionCount(): number {
    return this.bySessionId.size + this.rest.connectionCount;
  }

  nextSessionId(): number {
    return ++this.lastSessionId;
  }

  networkSessions(): Iterable<NetworkSession> {
    return this.bySessionId.values();
  }

  private drop(session: NetworkSession): void {
    session.closing = true;
    this.leaving(session);
    session.output.discard();
    session.socket.destroy();
  }

  /** A client has come. */
  accept(socket: Socket): void {
    const refusal = this.refusalOf(socket);
    if (refusal !== null) {
      this.statistics.connectionsRejected++;
      socket.on('error', () => {});
      socket.end(`-${refusal}\r\n`, () => socket.destroy());
      return;
    }
    this.statistics.connectionsReceived++;
    const id = this.nextSessionId();
    const state = new Session({
      id,
      address: addressOf(socket.remoteAddress, socket.remotePort),
      localAddress: addressOf(socket.localAddress, socket.localPort),
      createdMs: this.options.clock.wallMs(),
      authenticated: !this.access.required,
    });
    this.bySessionId.set(id, new NetworkSession(this, socket, state));
  }

  private refusalOf(socket: Socket): string | null {
    if (this.connectionCount >= this.config.integer('maxclients')) {
      return 'ERR max number of clients reached';
    }
    if (!this.config.flag('protected-mode') || this.access.required) return null;
    return protectedModeRefusal(addressOf(socket.remoteAddress, socket.remotePort));
  }

  private makeListener(): Listener {
    const { config } = this;
    return new Listener({
      port: config.integer('port'),
      addresses: config.words('bind'),
      socketPath: config.text('unixsocket'),
      socketMode: config.integer('unixsocketperm'),
      backlog: config.integer('tcp-backlog'),
      accept: (socket) => this.accept(socket),
      keepAliveSeconds: () => config.integer('tcp-keepalive'),
    });
  }

  private makeCron(): Cron {
    const { persistence, tick, options } = this;
    return new Cron({
      context: this.context,
      configuration: this.config,
      statistics: this.statistics,
      get loading() {
        return persistence.loading;
      },
      scheduler: options.scheduler,
      monotonicNs: () => options.clock.monotonicNs(),
      networkSessions: () => this.networkSessions(),
      openTick: () => tick.open(),
      persistenceCron: (nowMs) => {
        persistence.cron(nowMs);
        this.answerSynced();
      },
      cut: (session, reason) => this.cut(session, reason),
      isPaused: () => this.pause.untilMs !== 0,
    });
  }
}

