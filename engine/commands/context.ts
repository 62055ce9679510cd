// The one mutable object a command runs with, and the ports through which commands reach what lies
// above them: the log, persistence, configuration, sessions.
import { Collections } from '../collections/collections.ts';
import type { Entropy } from '../io/entropy.ts';
import type { Database } from '../keyspace/database.ts';
import type { Keyspace } from '../keyspace/keyspace.ts';
import type { DumpOptions } from '../rdb/dump.ts';
import { defaultMaxBulkBytes } from '../resp/limits.ts';
import type { ReplyWriter } from '../resp/reply-writer.ts';
import { BlockingTable } from './blocking.ts';
import { ChannelTable } from './channels.ts';
import { KeyspaceEvents } from './events/keyspace-events.ts';
import type { Session } from './session.ts';
import { CommandFeed } from './monitor/command-feed.ts';
import { CommandMonitor } from './monitor/monitor.ts';
import type { CommandTimes } from './monitor/command-times.ts';
import type { CommandSpec, SpecTable } from './spec.ts';
import { WatchTable } from './watch.ts';

/** The version whose behaviour the commands follow; HELLO and INFO say it to clients. */
export const redisVersion = '7.0.15';

/** An element of a collection, as its handle shows it. */
export interface SeenElement {
  readonly elementBuffer: Buffer;
  readonly elementStart: number;
  readonly elementEnd: number;
}

/** Where the effects of commands go: the AOF, or nowhere. */
export interface EffectSink {
  /** The request changed the keyspace and may be logged as it came: deterministic, absolute. */
  request(databaseIndex: number, ctx: CommandContext): void;
  /** The keyspace changed, and this command says how (relative expiry → PXAT, …). */
  command(databaseIndex: number, parts: readonly (string | Uint8Array)[]): void;
  /** As `command`, for a name, the key in argument 1 and one element: without any garbage. */
  element(name: Uint8Array, ctx: CommandContext, seen: SeenElement): void;
  /** Brackets EXEC: the sink emits MULTI and EXEC only when something inside was logged. */
  beginTransaction(): void;
  endTransaction(): void;
}

/** An effect sink that keeps nothing: AOF off, and replay. */
export const noEffects: EffectSink = {
  request() {},
  command() {},
  element() {},
  beginTransaction() {},
  endTransaction() {},
};

/** Knows which keys hold what a crash could still take back: DirtyKeys. */
export interface DirtyKeysPort {
  /** There may be such keys. */
  readonly active: boolean;
  /** The reply to the command that is about to run depends on the keys it names. */
  note(ctx: CommandContext, spec: CommandSpec): void;
}

const noDirtyKeys: DirtyKeysPort = { active: false, note() {} };

/** `ok`: `text` is the simple string to reply; `error`: the error with its code word. */
export interface CommandOutcome {
  readonly kind: 'ok' | 'error';
  readonly text: string;
}

/** DEBUG RELOAD: what to do before loading, and whether keys that exist are replaced. */
export interface ReloadMode {
  readonly save: boolean;
  readonly flush: boolean;
  readonly merge: boolean;
}

export interface PersistencePort {
  save(): CommandOutcome;
  /** `schedule`: BGSAVE SCHEDULE waits for a running rewrite instead of failing. */
  backgroundSave(schedule: boolean): CommandOutcome;
  backgroundRewrite(): CommandOutcome;
  /** Unix time of the last successful save, in seconds. */
  lastSaveSec(): number;
  infoFields(): readonly (readonly [string, string | number])[];
  /** The `MISCONF …` error for write commands, or null while writes are welcome. */
  refusal(): string | null;
  /** FLUSHALL ran: with save points, an empty snapshot replaces the old one, as in Redis. */
  afterFlushAll(): void;
  /** How DUMP writes. */
  dumpOptions(): DumpOptions;
  /** DEBUG RELOAD and DEBUG LOADAOF. */
  reload(mode: ReloadMode): CommandOutcome;
  reloadLog(): CommandOutcome;
  readonly loading: boolean;
  /** The log is durable up to here; null: there is none. */
  syncedPosition(): number | null;
  /** Somebody waits for this position: where nothing else would sync it, it is synced now. */
  wantSync(position: number): void;
}

export interface ConfigPort {
  /** Every directive CONFIG GET may show: lower-case name and value as Redis prints it. */
  entries(): readonly (readonly [string, string])[];
  /** All or nothing. The error text is the whole line, e.g. `ERR CONFIG SET failed (…) - …`. */
  set(pairs: readonly (readonly [string, string])[]): CommandOutcome;
  rewrite(): CommandOutcome;
}

export interface ShutdownMode {
  /** null: save when save points are configured. */
  readonly save: boolean | null;
  readonly now: boolean;
  readonly force: boolean;
}

/** What CLIENT LIST shows of the connection itself; sizes in bytes. */
export interface ConnectionFacts {
  readonly fileDescriptor: number;
  readonly queryBufferBytes: number;
  readonly queryBufferFreeBytes: number;
  readonly outputBufferBytes: number;
}

/** What MEMORY shows beside the arena; bytes. */
export interface MemoryFacts {
  readonly usedBytes: number;
  readonly peakBytes: number;
  readonly startupBytes: number;
  readonly rssBytes: number;
  readonly clientBytes: number;
  /** `maxmemory`; 0 = none. */
  readonly limitBytes: number;
}

/** `requirepass`. */
export interface AccessPort {
  /** Is there a password? */
  readonly required: boolean;
  /** Compares in constant time. */
  accepts(password: Uint8Array): boolean;
}

/** What commands need from the server around them. */
export interface ServerPort {
  readonly persistence: PersistencePort;
  readonly config: ConfigPort;
  readonly entropy: Entropy;
  readonly access: AccessPort;
  /** A clock that only goes forward, in µs: for durations. */
  monotonicUs(): number;
  /** Wall clock now in µs, for TIME. */
  wallUs(): number;
  /** The text of INFO; no sections means the default ones. Names are lower case. */
  info(sections: readonly string[]): string;
  resetStatistics(): void;
  memoryFacts(): MemoryFacts;
  /** CLIENT PAUSE: requests wait until then, all or only those that write. */
  pauseClients(untilMs: number, onlyWrites: boolean): void;
  unpauseClients(): void;
  sessions(): Iterable<Session>;
  connectionFacts(session: Session): ConnectionFacts;
  /**
   * Writes the reply that a waiting session gets at last; it goes on with what it has sent since
   * when `write` has ended its waiting.
   */
  answer(session: Session, write: (reply: ReplyWriter) => void): void;
  /** Sends `bytes[0 … end)`, whole messages, to another session between its replies. */
  deliver(session: Session, bytes: Buffer, end: number): void;
  /** The position in the log after which all that the running session has written stands. */
  writtenPosition(): number;
  /** Calls BlockingTable.timeouts at that Unix time in ms, or sooner. */
  wakeAt(unixMs: number): void;
  /** CLIENT KILL: at once, or after the reply when it is the caller's own session. */
  close(session: Session): void;
  /** Stops the server. Answers only when it cannot: the error; null means no reply is due. */
  shutdown(mode: ShutdownMode): CommandOutcome | null;
  abortShutdown(): CommandOutcome;
  /** `enable-debug-command`: may this session use DEBUG? */
  allowsDebug(session: Session): boolean;
  /** DEBUG SLEEP: the whole server stands still for so long. */
  sleepMs(milliseconds: number): void;
  /** DEBUG SET-ACTIVE-EXPIRE. */
  setActiveExpire(enabled: boolean): void;
}

/** Counters that INFO shows and commands keep. */
export class CommandStatistics {
  commandsProcessed = 0;
  keyspaceHits = 0;
  keyspaceMisses = 0;
  expiredKeys = 0;
  expiredFields = 0;
  errorReplies = 0;
}

/** Where the parts of a request are: the decoder, or what was kept of it. */
export interface DecodedRequest {
  readonly argc: number;
  readonly argStart: Int32Array;
  readonly argEnd: Int32Array;
  readonly requestStart: number;
  readonly requestEnd: number;
}

export interface ContextOptions {
  readonly keyspace: Keyspace;
  readonly reply: ReplyWriter;
  readonly session: Session;
  readonly effects: EffectSink;
  readonly server: ServerPort;
  readonly dirty?: DirtyKeysPort;
  readonly watches?: WatchTable;
  readonly statistics?: CommandStatistics;
  readonly monitor?: CommandMonitor;
  /** Handles that are there already: a context that never runs inside of another one's command. */
  readonly collections?: Collections;
}

/**
 * One per server, reused for each command. The caller sets buffer, argument offsets, session,
 * reply and nowMs, and calls CommandRunner.run, which sets the database.
 */
export class CommandContext {
  buffer: Buffer = Buffer.alloc(0);
  /** Count of arguments with the command name, which is argument 0. */
  argc = 0;
  argStart: Int32Array = new Int32Array(0);
  argEnd: Int32Array = new Int32Array(0);
  /** The raw bytes of the request in `buffer`, for logging them as they came. */
  requestStart = 0;
  requestEnd = 0;
  /** Unix time in ms, the same for the whole tick. */
  nowMs = 0;
  /** AOF replay: nothing expires, nothing is refused. */
  replaying = false;
  /** DENYOOM commands are refused while the keyspace uses more; 0 is no limit but the arena. */
  memoryLimitBytes = 0;
  /** `proto-max-bulk-len`: no string grows beyond it. */
  maxBulkBytes: number = defaultMaxBulkBytes;
  /** `client-query-buffer-limit`: no transaction grows beyond it. */
  maxQueuedBytes: number = Infinity;
  /** `hll-sparse-max-bytes`: a sparse HyperLogLog beyond it becomes dense. */
  sparseMaxBytes: number = 3000;
  /** All commands under the names that `rename-command` left them; null = the registry's. */
  commands: SpecTable | null = null;
  reply: ReplyWriter;
  session: Session;
  database: Database;
  effects: EffectSink;
  readonly server: ServerPort;
  readonly dirty: DirtyKeysPort;
  readonly keyspace: Keyspace;
  readonly collections: Collections;
  readonly watches: WatchTable;
  readonly blocking: BlockingTable = new BlockingTable();
  readonly channels: ChannelTable = new ChannelTable();
  readonly statistics: CommandStatistics;
  readonly events: KeyspaceEvents = new KeyspaceEvents();
  /** The command that runs, or ran last. */
  command: CommandSpec | null = null;
  readonly feed: CommandFeed = new CommandFeed();
  readonly monitor: CommandMonitor;
  readonly times: CommandTimes;

  constructor(options: ContextOptions) {
    this.keyspace = options.keyspace;
    this.collections = options.collections ?? new Collections(options.keyspace);
    this.reply = options.reply;
    this.session = options.session;
    this.effects = options.effects;
    this.server = options.server;
    this.dirty = options.dirty ?? noDirtyKeys;
    this.watches = options.watches ?? new WatchTable();
    this.statistics = options.statistics ?? new CommandStatistics();
    this.monitor = options.monitor ?? new CommandMonitor();
    this.times = this.monitor.times;
    const first = options.keyspace.databases[0];
    if (first === undefined) throw new RangeError('a keyspace has at least one database');
    this.database = first;
  }

  // Fields that mostly stay as they are, as in a pipeline, are compared first: storing a reference
  // costs several times as much, since the garbage collector is told.

  /** Takes over the request that was decoded from `buffer`. */
  setRequest(buffer: Buffer, request: DecodedRequest): void {
    if (this.buffer !== buffer) this.buffer = buffer;
    if (this.argStart !== request.argStart) this.argStart = request.argStart;
    if (this.argEnd !== request.argEnd) this.argEnd = request.argEnd;
    this.argc = request.argc;
    this.requestStart = request.requestStart;
    this.requestEnd = request.requestEnd;
  }

  /** Whose request it is, and where the reply goes. */
  setSession(session: Session, reply: ReplyWriter): void {
    if (this.session !== session) this.session = session;
    if (this.reply !== reply) this.reply = reply;
  }
}
