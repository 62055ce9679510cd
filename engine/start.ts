// Puts an engine together: configuration, disk, keyspace, persistence, server. Every part of the
// outside world comes in through `ports`, and tests can put something between the parts with
// `wrap`, so that the product itself needs no switches for sabotage.

import { resolve } from 'node:path';
import { CommandRunner } from './commands/apply.ts';
import { CommandContext, noEffects } from './commands/context.ts';
import type { CommandOutcome } from './commands/context.ts';
import { Session } from './commands/session.ts';
import { Configuration } from './config/configuration.ts';
import { entriesOf } from './config/source.ts';
import type { DirectiveEntry } from './config/source.ts';
import { applyPackLimits } from './config/pack-directives.ts';
import { persistenceChange, persistenceSettings } from './config/persistence-settings.ts';
import { EngineError, reasonOf } from './errors.ts';
import type { Clock } from './io/clock.ts';
import type { Disk, InspectableDisk } from './io/disk.ts';
import type { Entropy } from './io/entropy.ts';
import { fileSink, OpLogWriter } from './io/op-log.ts';
import type { OpLogSink } from './io/op-log.ts';
import { recordingDisk } from './io/recording-disk.ts';
import { realScheduler } from './io/scheduler.ts';
import type { Scheduler } from './io/scheduler.ts';
import { Keyspace } from './keyspace/keyspace.ts';
import type { KeyspaceOptions } from './keyspace/keyspace.ts';
import { Arena } from './memory/arena.ts';
import type { Journal } from './persistence/appender.ts';
import { createPersistence } from './persistence/persistence.ts';
import type { Persistence, RecoverySummary } from './persistence/persistence.ts';
import type { PersistenceOptions } from './persistence/settings.ts';
import type { SnapshotWalker } from './persistence/snapshot.ts';
import { ReplyWriter } from './resp/reply-writer.ts';
import { createLog, isAlive, logWriter, processId, processUsage } from './server/host.ts';
import type { Log, ProcessUsage } from './server/host.ts';
import { Server } from './server/server.ts';
import type { SnapshotThread, SnapshotThreadOptions } from './server/snapshot-thread.ts';

/** The outside world. What is optional is the process' own unless it is given. */
export interface EnginePorts {
  readonly disk: InspectableDisk;
  readonly clock: Clock;
  readonly entropy: Entropy;
  readonly scheduler?: Scheduler;
  /** Who this process is, who else is there (for names of temporary files), what it takes. */
  readonly process?: ProcessPort;
  /** False: no sockets; clients come through `RunningEngine.server`. */
  readonly listens?: boolean;
  /** Where the op log goes, instead of to `op-log-file`. */
  readonly opLog?: OpLogSink;
  /** Memory that is there already, and small structures, for simulations. */
  readonly keyspace?: Partial<Omit<KeyspaceOptions, 'databaseCount'>>;
  /** Who writes snapshots; simulations take one that advances when they say so. */
  readonly walker?: (options: PersistenceOptions) => SnapshotWalker;
  /** Where log lines go; by default to standard output or to `logfile`. */
  readonly writeLog?: (line: string) => void;
  /** Makes the thread that writes snapshots; not given: they are written by steps of this one. */
  readonly snapshotThread?: (options: Omit<SnapshotThreadOptions, 'url'>) => SnapshotThread;
}

/** The process and its like. */
export interface ProcessPort extends Pick<PersistenceOptions, 'processId' | 'isAlive'> {
  usage(): ProcessUsage;
}

/** For tests only: what is put around parts of the engine. */
export interface EngineWrappers {
  /** Above the recording of `op-log-file`. */
  readonly disk?: (disk: Disk, scheduler: Scheduler) => Disk;
  readonly journal?: (journal: Journal) => Journal;
  readonly walker?: (walker: SnapshotWalker, options: PersistenceOptions) => SnapshotWalker;
  /** The clock of commands and of everything that is due; the op log keeps the real one. */
  readonly clock?: (clock: Clock) => Clock;
  readonly recover?: (recover: () => Promise<RecoverySummary>) => Promise<RecoverySummary>;
}

export interface EngineOptions {
  readonly directives: readonly (DirectiveEntry | readonly [string, string])[];
  readonly ports: EnginePorts;
  readonly wrap?: EngineWrappers;
  /** Called when clients can connect, before the data is loaded. */
  readonly onListening?: (engine: RunningEngine) => void;
}

/** An engine that serves. */
export interface RunningEngine {
  /** For those who bring clients without a socket. */
  readonly server: Server;
  readonly port: number;
  /** Port of the REST edge; -1 = none. */
  readonly restPort: number;
  /** Resolves with the exit code once the engine has ended, for whatever reason. */
  readonly ended: Promise<number>;
  /** As SHUTDOWN, with what the directive for the signal says. Returns the reason if it goes on. */
  shutdownBySignal(signal: 'SIGTERM' | 'SIGINT'): CommandOutcome | null;
  /** Ends without saving a snapshot; the log is synced. */
  close(): Promise<void>;
}

/**
 * Starts an engine and resolves when it serves its data.
 * @throws {EngineError} CONFIG_BAD, PORT_UNAVAILABLE, DIRECTORY_UNUSABLE, ARENA_UNAVAILABLE, or
 * what recovery refuses (RDB_BAD, RDB_UNSUPPORTED, AOF_BAD, AOF_TRUNCATED, MANIFEST_BAD,
 * ARENA_FULL). Nothing is left running then.
 */
export async function startEngine(options: EngineOptions): Promise<RunningEngine> {
  const { wrap } = options;
  const ports = { ...options.ports, ...wrappedClock(options) };
  const configuration = new Configuration(options.directives.flatMap((directive) =>
    'where' in directive ? [directive] : entriesOf([directive])));
  configuration.settle('dir', resolve(configuration.text('dir')));
  checkDirectory(configuration, ports.disk);
  const log = makeLog(configuration, ports);
  for (const warning of configuration.warnings) log('warning', warning);
  const keyspace = makeKeyspace(configuration, ports);
  const opLog = openOpLog(configuration, options.ports);
  const snapshotThread = opLog === null ? makeSnapshotThread(keyspace, options) : null;
  const scheduler = ports.scheduler ?? realScheduler();
  const self = ports.process ?? { processId, isAlive, usage: processUsage };
  const persistence = makePersistence({
    disk: wrapDisk(configuration, { ports, wrap, opLog, scheduler }),
    clock: ports.clock,
    keyspace,
    settings: persistenceSettings(configuration),
    schedule: (step) => scheduler.soon(step),
    snapshotThread,
    log,
    processId: self.processId,
    isAlive: self.isAlive,
  }, options);
  const journal = wrap?.journal?.(persistence.journal) ?? persistence.journal;
  const server = new Server({
    configuration, keyspace, persistence, journal, log, recorder: opLog,
    clock: ports.clock, entropy: ports.entropy, scheduler, usage: self.usage,
  });
  const running = runningEngine(server);
  void server.ended.then(() => {
    opLog?.close();
    snapshotThread?.close();
  });
  await serve(server, { running, log, options });
  // Also without save points: BGSAVE must not wait for it, nor a load feel how it starts.
  snapshotThread?.prepare();
  return running;
}

/**
 * The thread that writes snapshots. A recording, and whatever tests put around the disk, must see
 * every storage call in its order: then all of them are made by the main thread.
 */
function makeSnapshotThread(
  keyspace: Keyspace, { ports, wrap }: EngineOptions,
): SnapshotThread | null {
  if (wrap?.disk !== undefined || ports.snapshotThread === undefined) return null;
  return ports.snapshotThread({
    arena: keyspace.arena, databaseCount: keyspace.databases.length,
  });
}

function wrappedClock({ ports, wrap }: EngineOptions): Pick<EnginePorts, 'clock'> {
  return { clock: wrap?.clock?.(ports.clock) ?? ports.clock };
}

function makePersistence(
  parts: PersistenceOptions, { ports, wrap }: EngineOptions,
): Persistence {
  return createPersistence(parts, (walker) => {
    const chosen = ports.walker?.(parts) ?? walker();
    return wrap?.walker?.(chosen, parts) ?? chosen;
  });
}

interface Serving {
  readonly running: RunningEngine;
  readonly log: Log;
  readonly options: EngineOptions;
}

async function serve(server: Server, serving: Serving): Promise<void> {
  const { running, log, options } = serving;
  const { persistence, config } = server;
  config.onChange = (names) => {
    server.applySettings();
    return persistence.configure(persistenceChange(config, names));
  };
  try {
    // From the first connection on clients must hear that the data is not there yet.
    persistence.loading = true;
    if (options.ports.listens === false) server.wake();
    else await server.listen();
    config.settle('port', server.listener.port);
    log('notice', `Running mode=standalone, port=${server.listener.port}.`);
    if (server.rest.port >= 0) log('notice', `REST on port ${server.rest.port}.`);
    config.settle('rest-port', server.rest.port);
    log('warning', 'Server initialized');
    options.onListening?.(running);
    const recover = (): Promise<RecoverySummary> => persistence.recover(replayPort(server));
    await (options.wrap?.recover?.(recover) ?? recover());
    persistence.loading = false;
  } catch (error) {
    server.stop(1);
    throw error;
  }
  log('notice', 'Ready to accept connections');
}

function runningEngine(server: Server): RunningEngine {
  return {
    server,
    get port() {
      return server.listener.port;
    },
    get restPort() {
      return server.rest.port;
    },
    ended: server.ended,
    shutdownBySignal: (signal) => server.shutdownBySignal(signal),
    async close() {
      server.shutdown({ save: false, now: true, force: true });
      await server.ended;
    },
  };
}

function makeLog(configuration: Configuration, ports: EnginePorts): Log {
  return createLog({
    wallMs: () => ports.clock.wallMs(),
    level: () => configuration.text('loglevel'),
    write: ports.writeLog ?? logWriter(configuration.text('logfile')),
  });
}

function makeKeyspace(configuration: Configuration, ports: EnginePorts): Keyspace {
  const { entropy, keyspace } = ports;
  const hashSeed = entropy.uint32() * 2 ** 21 + (entropy.uint32() >>> 11);
  return new Keyspace({
    arena: keyspace?.arena ?? new Arena({ capacityBytes: configuration.integer('arena-bytes') }),
    hashSeed, databaseCount: configuration.integer('databases'), ...keyspace,
  });
}

function openOpLog(
  configuration: Configuration, { clock, opLog }: EnginePorts,
): OpLogWriter | null {
  if (opLog !== undefined) return new OpLogWriter(opLog, clock);
  const path = configuration.text('op-log-file');
  if (path === '') return null;
  try {
    return new OpLogWriter(fileSink(path), clock);
  } catch (cause) {
    const reason = reasonOf(cause);
    const message = `op-log-file: cannot create ${path}: ${reason}; name a new file`;
    throw new EngineError('DIRECTORY_UNUSABLE', message, { cause });
  }
}

interface DiskLayers {
  readonly ports: EnginePorts;
  readonly wrap: EngineWrappers | undefined;
  readonly opLog: OpLogWriter | null;
  readonly scheduler: Scheduler;
}

function wrapDisk(
  configuration: Configuration, { ports, wrap, opLog, scheduler }: DiskLayers,
): Disk {
  const recorded = opLog === null ? ports.disk : recordingDisk(ports.disk, opLog, {
    rootPath: configuration.text('dir'),
    syncDelayMs: configuration.integer('sync-delay-ms'),
  });
  return wrap?.disk?.(recorded, scheduler) ?? recorded;
}

/** A context of its own for replaying the log, with a reply writer that nobody reads. */
function replayPort(server: Server): { context: CommandContext; runner: CommandRunner } {
  const context = new CommandContext({
    keyspace: server.context.keyspace,
    reply: new ReplyWriter(),
    session: new Session({ id: 0 }),
    effects: noEffects,
    server,
    collections: server.context.collections,
  });
  context.replaying = true;
  context.commands = server.context.commands;
  applyPackLimits(context.collections, server.config);
  return { context, runner: new CommandRunner() };
}

/** The data directory must be there, and take files when there is anything to persist. */
function checkDirectory(configuration: Configuration, disk: InspectableDisk): void {
  const directory = configuration.text('dir');
  const refuse = (reason: string, cause?: unknown): never => {
    const message = `dir: ${directory} ${reason}; choose another directory with --dir`;
    throw new EngineError('DIRECTORY_UNUSABLE', message, { cause });
  };
  const found = disk.stat(directory);
  if (found === null) refuse('does not exist');
  if (found?.kind === 'file') refuse('is a file');
  if (!persists(configuration)) return;
  const probe = `${directory}/temp-probe-${processId}`;
  try {
    disk.close(disk.open(probe, 'truncate'));
    disk.unlink(probe);
  } catch (cause) {
    refuse(`cannot be written (${reasonOf(cause)})`, cause);
  }
}

function persists(configuration: Configuration): boolean {
  return configuration.flag('appendonly') || configuration.savePoints().length > 0;
}
