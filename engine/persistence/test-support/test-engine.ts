// An engine without sockets for tests: commands, keyspace and persistence over any disk, with a
// clock, a schedule and ticks that move only when the test says so.
import { CommandRunner } from '../../commands/apply.ts';
import { CommandContext } from '../../commands/context.ts';
import type { ServerPort } from '../../commands/context.ts';
import { Session } from '../../commands/session.ts';
import { ManualClock } from '../../io/clock.ts';
import { seededEntropy } from '../../io/entropy.ts';
import type { Disk } from '../../io/disk.ts';
import { MemoryDisk } from '../../io/memory-disk.ts';
import { Keyspace } from '../../keyspace/keyspace.ts';
import { Arena } from '../../memory/arena.ts';
import { contentsOf } from '../../rdb/test-support/rdb-files.ts';
import { RequestDecoder } from '../../resp/decoder.ts';
import { ReplyWriter } from '../../resp/reply-writer.ts';
import { Persistence } from '../persistence.ts';
import type { RecoverySummary } from '../persistence.ts';
import { defaultSettings } from '../settings.ts';
import type { PersistenceOptions, PersistenceSettings } from '../settings.ts';
import type { SnapshotWriting } from '../snapshot/writing.ts';
import { defaultLead } from '../snapshot/feed.ts';
import { Walker } from '../snapshot/walker.ts';

export interface TestEngineOptions {
  readonly disk: Disk;
  /** Default /data. */
  readonly directory?: string;
  readonly settings?: Partial<PersistenceSettings>;
  readonly clock?: ManualClock;
  readonly arenaBytes?: number;
  readonly databaseCount?: number;
  readonly hashSeed?: number;
  readonly processId?: number;
  readonly isAlive?: (processId: number) => boolean;
  /** Keys that one slice of a snapshot walks. */
  readonly sliceKeys?: number;
  /** Entries that a snapshot is ahead of its writer at most. */
  readonly lead?: number;
  /** Makes the thread that writes snapshots, where it is tested: steps then run by themselves. */
  readonly snapshotThread?: (keyspace: Keyspace) => SnapshotWriting;
}

/** A memory disk with an empty /data, or with these files in it, all durable. */
export function memoryDisk(
  files: Iterable<readonly [string, Uint8Array]> = [],
  options: { manualSyncs?: boolean } = {},
): MemoryDisk {
  return MemoryDisk.from({ files: new Map(files), directories: ['/data'] }, options);
}

/** What a power cut leaves. */
export function afterPowerCut(disk: MemoryDisk): MemoryDisk {
  return disk.powerCut();
}

/** Everything a test wants to touch. */
export class TestEngine {
  readonly clock: ManualClock;
  readonly keyspace: Keyspace;
  readonly persistence: Persistence;
  readonly context: CommandContext;
  readonly runner: CommandRunner = new CommandRunner();
  /** Steps that wait: slices of snapshots. */
  readonly steps: (() => void)[] = [];
  readonly logLines: string[] = [];
  readonly disk: Disk;
  private readonly decoder = new RequestDecoder();

  constructor(options: TestEngineOptions) {
    this.disk = options.disk;
    this.clock = options.clock ?? new ManualClock();
    this.keyspace = new Keyspace({
      arena: new Arena({ capacityBytes: options.arenaBytes ?? 4 * 2 ** 20 }),
      databaseCount: options.databaseCount ?? 4,
      hashSeed: options.hashSeed ?? 7,
      segmentSlots: 64,
    });
    const settings = {
      ...defaultSettings(options.directory ?? '/data'),
      savePoints: [],
      ...options.settings,
    };
    const ports: PersistenceOptions = {
      disk: options.disk,
      clock: this.clock,
      keyspace: this.keyspace,
      settings,
      schedule: options.snapshotThread === undefined
        ? (step): unknown => this.steps.push(step)
        : setImmediate,
      snapshotThread: options.snapshotThread?.(this.keyspace) ?? null,
      log: (level, text) => this.logLines.push(`${level}: ${text}`),
      processId: options.processId ?? 4711,
      isAlive: options.isAlive ?? ((): boolean => false),
    };
    const walker = new Walker({
      ...ports, sliceKeys: options.sliceKeys ?? 1000, lead: options.lead ?? defaultLead,
    });
    this.persistence = new Persistence(ports, walker);
    this.context = new CommandContext({
      keyspace: this.keyspace,
      reply: new ReplyWriter(),
      session: new Session({ id: 1 }),
      effects: this.persistence.journal,
      dirty: this.persistence.appender.dirty,
      server: {
        persistence: this.persistence,
        entropy: seededEntropy(1),
        monotonicUs: () => this.clock.monotonicNs() / 1000,
        allowsDebug: () => true,
        wakeAt: () => {},
      } as unknown as ServerPort,
    });
  }

  /** Builds an engine and loads what the disk holds. */
  static async start(options: TestEngineOptions): Promise<TestEngine> {
    const engine = new TestEngine(options);
    await engine.recover();
    return engine;
  }

  async recover(): Promise<RecoverySummary> {
    const context = new CommandContext({
      keyspace: this.keyspace,
      reply: new ReplyWriter(),
      session: new Session({ id: 0 }),
      effects: this.persistence.journal,
      server: this.context.server,
    });
    const state = { ended: false };
    const recovered = this.persistence.recover({ context, runner: this.runner });
    const end = (): void => {
      state.ended = true;
    };
    recovered.then(end, end);
    // Asynchronous syncs of the memory disk end with setImmediate.
    await this.until(() => state.ended);
    return recovered;
  }

  /** Runs the steps that wait now, or at most so many; returns how many were run. */
  runSteps(count: number = Infinity): number {
    const steps = this.steps.splice(0, count);
    for (const step of steps) step();
    return steps.length;
  }

  /** Runs steps and lets syncs end until nothing is left to do. */
  async settle(): Promise<void> {
    for (let idle = 0; idle < (this.isWorking() ? 40 : 3);) {
      idle = this.runSteps() > 0 ? 0 : idle + 1;
      await new Promise((resolve) => setImmediate(resolve));
    }
  }

  /** A snapshot or rewrite may wait for several syncs, with no step between them. */
  private isWorking(): boolean {
    const { rewriter, saver } = this.persistence;
    return rewriter.inProgress || saver.running !== null;
  }

  /** Runs steps until something has come about, on a disk whose syncs take their time. */
  async until(condition: () => boolean): Promise<void> {
    while (!condition()) {
      this.runSteps();
      await new Promise((resolve) => setImmediate(resolve));
    }
  }

  /** BGREWRITEAOF, up to the moment whose data the new base will hold. */
  async beginRewrite(): Promise<void> {
    this.run('BGREWRITEAOF');
    const { rewriter } = this.persistence;
    await this.until(() => rewriter.running !== null || !rewriter.inProgress);
  }

  /** Runs one command; the reply as it would be sent. No commit. */
  run(...parts: readonly (string | Uint8Array)[]): string {
    const chunks: Buffer[] = [Buffer.from(`*${parts.length}\r\n`)];
    for (const part of parts) {
      const bytes = Buffer.from(part);
      chunks.push(Buffer.from(`$${bytes.length}\r\n`), bytes, Buffer.from('\r\n'));
    }
    const request = Buffer.concat(chunks);
    if (this.decoder.decode(request, 0, request.length) !== 1) throw new Error('bad request');
    const { context, decoder } = this;
    context.buffer = request;
    context.argc = decoder.argc;
    context.argStart = decoder.argStart;
    context.argEnd = decoder.argEnd;
    context.requestStart = 0;
    context.requestEnd = request.length;
    context.nowMs = this.clock.wallMs();
    context.reply.clear();
    this.runner.run(context);
    return context.reply.buffer.toString('latin1', 0, context.reply.length);
  }

  /** Runs one command and ends the tick; true when its reply may leave. */
  acknowledge(...parts: readonly (string | Uint8Array)[]): boolean {
    const reply = this.run(...parts);
    const { journal } = this.persistence;
    const token = journal.appended;
    journal.commit();
    return !reply.startsWith('-') && journal.releasable >= token;
  }

  /** A file's content as latin1 text; of the log's directory unless the path is absolute. */
  file(name: string): string {
    const path = name.startsWith('/') ? name : `/data/appendonlydir/${name}`;
    const size = this.disk.stat(path)?.sizeBytes ?? 0;
    const bytes = Buffer.alloc(size);
    const fd = this.disk.open(path, 'read');
    this.disk.read(fd, bytes, { offset: 0, length: size, position: 0 });
    this.disk.close(fd);
    return bytes.toString('latin1');
  }

  /** The value of a field of INFO persistence. */
  info(name: string): string | number | undefined {
    return this.persistence.infoFields().find(([field]) => field === name)?.[1];
  }

  /** Everything in the keyspace, sorted: `db:key` (latin1) → `value@deadline`. */
  contents(): Map<string, string> {
    const found = contentsOf(this.keyspace);
    return new Map([...found].sort(([left], [right]) => (left < right ? -1 : 1)));
  }
}
