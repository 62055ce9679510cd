// The command layer without a server around it: real decoder, runner and keyspace, a clock that
// stands still until told otherwise, and ports that only remember.
import { Arena } from '../../memory/arena.ts';
import type { DumpOptions } from '../../rdb/dump.ts';
import { Keyspace } from '../../keyspace/keyspace.ts';
import { seededEntropy } from '../../io/entropy.ts';
import { RequestDecoder, requestReady } from '../../resp/decoder.ts';
import { ReplyWriter } from '../../resp/reply-writer.ts';
import { CommandRunner } from '../apply.ts';
import type { ReplayStatus } from '../apply.ts';
import { CommandContext } from '../context.ts';
import type {
  AccessPort, CommandOutcome, EffectSink, PersistencePort, ReloadMode, SeenElement,
  ServerPort, ShutdownMode,
} from '../context.ts';
import { Session } from '../session.ts';
import { encodeRequest, quoted, readReply } from './replies.ts';

const arenaBytes = 8 * 1024 * 1024;
const databaseCount = 16;

/** Effects as lines: `0 SET k v`, `MULTI`, `EXEC`; requests decoded again from their raw bytes. */
export class RecordingSink implements EffectSink {
  readonly lines: string[] = [];
  readonly commands: { databaseIndex: number; parts: Buffer[] }[] = [];

  request(databaseIndex: number, ctx: CommandContext): void {
    const raw = Buffer.from(ctx.buffer.subarray(ctx.requestStart, ctx.requestEnd));
    const decoder = new RequestDecoder({ inlineAllowed: false });
    if (decoder.decode(raw, 0, raw.length) !== requestReady) throw new Error('not a request');
    const parts = Array.from({ length: decoder.argc }, (_, i) =>
      raw.subarray(decoder.argStart[i], decoder.argEnd[i]));
    this.keep(databaseIndex, parts);
  }

  command(databaseIndex: number, parts: readonly (string | Uint8Array)[]): void {
    this.keep(databaseIndex, parts.map((part) => Buffer.from(part as string)));
  }

  element(name: Uint8Array, ctx: CommandContext, seen: SeenElement): void {
    const key = ctx.buffer.subarray(ctx.argStart[1], ctx.argEnd[1]);
    const { elementBuffer, elementStart, elementEnd } = seen;
    const element = elementBuffer.subarray(elementStart, elementEnd);
    this.keep(ctx.database.index, [name, key, element].map((part) => Buffer.from(part)));
  }

  beginTransaction(): void {
    this.lines.push('MULTI');
  }

  endTransaction(): void {
    this.lines.push('EXEC');
  }

  private keep(databaseIndex: number, parts: Buffer[]): void {
    this.commands.push({ databaseIndex, parts });
    const words = parts.map((part) => quoted(part).replace(/^"([\w.:+-]+)"$/, '$1'));
    this.lines.push(`${databaseIndex} ${words.join(' ')}`);
  }
}

/** What the test may change to see how commands bear it. */
export class FakePersistence implements PersistencePort {
  loading = false;
  refusalText: string | null = null;
  saves = 0;
  flushes = 0;
  readonly reloads: ReloadMode[] = [];

  save(): CommandOutcome {
    this.saves++;
    return { kind: 'ok', text: 'OK' };
  }

  backgroundSave(schedule: boolean): CommandOutcome {
    return { kind: 'ok',
      text: schedule ? 'Background saving scheduled' : 'Background saving started' };
  }

  backgroundRewrite(): CommandOutcome {
    return { kind: 'ok', text: 'Background append only file rewriting started' };
  }

  lastSaveSec(): number {
    return 1_700_000_000;
  }

  infoFields(): readonly (readonly [string, string | number])[] {
    return [];
  }

  refusal(): string | null {
    return this.refusalText;
  }

  afterFlushAll(): void {
    this.flushes++;
  }

  syncedPosition(): number | null {
    return null;
  }

  wantSync(): void {}

  dumpOptions(): DumpOptions {
    return { compress: true, version: 10 };
  }

  reload(mode: ReloadMode): CommandOutcome {
    this.reloads.push(mode);
    return { kind: 'ok', text: 'OK' };
  }

  reloadLog(): CommandOutcome {
    return { kind: 'error', text: 'ERR There is no append only file in /data' };
  }
}

const outcomeOk: CommandOutcome = { kind: 'ok', text: 'OK' };

/** A server of one process and no sockets. */
export class InProcessServer {
  nowMs = 1_700_000_000_000;
  readonly persistence: FakePersistence = new FakePersistence();
  readonly sink: RecordingSink = new RecordingSink();
  readonly sessions: Session[] = [];
  readonly directives: Map<string, string> = new Map([['maxmemory', '0'], ['save', ''],
    ['port', '0'], ['requirepass', ''], ['slowlog-log-slower-than', '10000'],
    ['latency-monitor-threshold', '0']]);
  readonly calls: string[] = [];
  readonly runner: CommandRunner = new CommandRunner();
  readonly reply: ReplyWriter = new ReplyWriter();
  readonly keyspace: Keyspace;
  readonly context: CommandContext;
  readonly decoder: RequestDecoder = new RequestDecoder();
  debugAllowed = true;
  private readonly unasked = new Map<Session, Buffer>();
  private readonly entropy = seededEntropy(7);

  constructor(options: { arenaBytes?: number; hashSeed?: number } = {}) {
    const arena = new Arena({ capacityBytes: options.arenaBytes ?? arenaBytes });
    const hashSeed = options.hashSeed ?? 42;
    this.keyspace = new Keyspace({ arena, databaseCount, hashSeed });
    this.context = new CommandContext({
      keyspace: this.keyspace,
      reply: this.reply,
      session: this.connect(),
      effects: this.sink,
      server: this.port(),
    });
  }

  /** A new session; the first one exists already. */
  connect(): Session {
    const id = this.sessions.length + 1;
    const session = new Session({
      id, address: `127.0.0.1:${40000 + id}`, createdMs: this.nowMs,
      authenticated: this.directives.get('requirepass') === '',
    });
    this.sessions.push(session);
    return session;
  }

  /** Runs one request and returns the text of its reply; '' when there is none. */
  send(session: Session, parts: readonly (string | Uint8Array)[]): string {
    return this.sendRaw(session, encodeRequest(parts));
  }

  /** The same for bytes as they would come from the socket. */
  sendRaw(session: Session, bytes: Buffer): string {
    this.load(session, bytes);
    this.runner.run(this.context);
    if (this.reply.length === 0) return '';
    const read = readReply(this.reply.buffer.subarray(0, this.reply.length), 0);
    if (read === null || read.end !== this.reply.length) throw new Error('not exactly one reply');
    return read.text;
  }

  /** Applies one command as AOF replay does. */
  replay(session: Session, parts: readonly (string | Uint8Array)[]): ReplayStatus {
    this.load(session, encodeRequest(parts));
    this.context.replaying = true;
    const status = this.runner.replay(this.context);
    this.context.replaying = false;
    return status;
  }

  /** Puts a decoded request into the context. */
  load(session: Session, bytes: Buffer): void {
    const { context, decoder, reply } = this;
    if (decoder.decode(bytes, 0, bytes.length) !== requestReady) throw new Error('not a request');
    reply.clear();
    reply.protocol = session.protocol;
    context.session = session;
    context.nowMs = this.nowMs;
    context.setRequest(bytes, decoder);
  }

  /** The next reply or message that came without being asked for; '' when there is none. */
  take(session: Session): string {
    const bytes = this.unasked.get(session) ?? Buffer.alloc(0);
    const read = bytes.length === 0 ? null : readReply(bytes, 0);
    this.unasked.set(session, bytes.subarray(read?.end ?? 0));
    return read?.text ?? '';
  }

  private answer(session: Session, write: (reply: ReplyWriter) => void): void {
    const reply = new ReplyWriter();
    reply.protocol = session.protocol;
    write(reply);
    this.keepFor(session, reply.buffer.subarray(0, reply.length));
  }

  private keepFor(session: Session, bytes: Buffer): void {
    const before = this.unasked.get(session) ?? Buffer.alloc(0);
    this.unasked.set(session, Buffer.concat([before, bytes]));
  }

  private port(): ServerPort {
    return {
      persistence: this.persistence,
      entropy: this.entropy,
      config: {
        entries: () => [...this.directives],
        set: (pairs) => this.setDirectives(pairs),
        rewrite: () => ({
          kind: 'error',
          text: 'ERR CONFIG REWRITE is not supported: edit the configuration file by hand',
        }),
      },
      wallUs: () => this.nowMs * 1000 + 123,
      monotonicUs: () => this.nowMs * 1000,
      access: this.access(),
      info: (sections) => `# Server\r\nredis_version:7.0.15\r\nsections:${sections.join()}\r\n`,
      resetStatistics: () => this.calls.push('resetStatistics'),
      memoryFacts: () => ({
        usedBytes: 2e6, peakBytes: 2e6, startupBytes: 1e6, rssBytes: 3e6, clientBytes: 0,
        limitBytes: 0,
      }),
      pauseClients: (untilMs, onlyWrites) => this.calls.push(`pause ${untilMs} ${onlyWrites}`),
      unpauseClients: () => this.calls.push('unpause'),
      sessions: () => this.sessions,
      connectionFacts: () => ({
        fileDescriptor: 8, queryBufferBytes: 26, queryBufferFreeBytes: 20448,
        outputBufferBytes: 1024,
      }),
      answer: (session, write) => this.answer(session, write),
      deliver: (session, bytes, end) => this.keepFor(session, bytes.subarray(0, end)),
      writtenPosition: () => 0,
      wakeAt: (unixMs) => this.calls.push(`wakeAt ${unixMs}`),
      close: (session) => this.calls.push(`close ${session.id}`),
      shutdown: (mode) => this.shutdown(mode),
      abortShutdown: () => ({ kind: 'error', text: 'ERR No shutdown in progress.' }),
      allowsDebug: () => this.debugAllowed,
      sleepMs: (milliseconds) => this.calls.push(`sleep ${milliseconds}`),
      setActiveExpire: (enabled) => this.calls.push(`activeExpire ${enabled}`),
    };
  }

  private access(): AccessPort {
    const password = (): string => this.directives.get('requirepass') ?? '';
    return {
      get required() {
        return password() !== '';
      },
      accepts: (candidate) => Buffer.from(candidate).toString() === password(),
    };
  }

  private setDirectives(pairs: readonly (readonly [string, string])[]): CommandOutcome {
    for (const [name, value] of pairs) {
      if (!this.directives.has(name)) {
        const text = `ERR Unknown option or number of arguments for CONFIG SET - '${name}'`;
        return { kind: 'error', text };
      }
      this.directives.set(name, value);
    }
    this.context.monitor.configure({
      slowerThanUs: Number(this.directives.get('slowlog-log-slower-than')), slowLogLength: 128,
      latencyThresholdMs: Number(this.directives.get('latency-monitor-threshold')), tracking: true,
    });
    return outcomeOk;
  }

  private shutdown(mode: ShutdownMode): CommandOutcome | null {
    this.calls.push(`shutdown ${mode.save} ${mode.now} ${mode.force}`);
    return null;
  }
}
