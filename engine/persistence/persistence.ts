// The face of persistence: journal, snapshots, rewrites, recovery and save points behind one door.
import { cutDurably } from '../aof/cut.ts';
import type { Cut } from '../aof/cut.ts';
import { LogDirectory } from '../aof/log-directory.ts';
import { atOnce } from '../aof/waits.ts';
import type { CommandOutcome, PersistencePort, ReloadMode } from '../commands/context.ts';
import { EngineError, reasonOf } from '../errors.ts';
import type { DumpOptions } from '../rdb/dump.ts';
import { Appender } from './appender.ts';
import type { Journal } from './appender.ts';
import { infoFields } from './info.ts';
import type { LoadProgress } from './load-progress.ts';
import { Loader } from './recovery.ts';
import type { RecoverySummary } from './recovery.ts';
import { reload, reloadLog } from './reload.ts';
import type { ReloadParts } from './reload.ts';
import type { ReplayPort } from './replay.ts';
import { Rewriter } from './rewrite.ts';
import { baseFormat, headerNow, Saver } from './save.ts';
import type { PersistenceOptions, PersistenceSettings } from './settings.ts';
import type { SnapshotResult, SnapshotWalker } from './snapshot.ts';
import { Walker } from './snapshot/walker.ts';
import { planStart, removeLeftovers } from './startup.ts';
import type { StartPlan } from './startup.ts';

export type { RecoverySummary } from './recovery.ts';
export type { ReplayPort } from './replay.ts';

const notYet: CommandOutcome = { kind: 'error', text: 'ERR Nothing has been loaded yet' };

export class Persistence implements PersistencePort {
  /** One object for the life of the process; it does nothing while `appendonly` is off. */
  readonly journal: Journal;
  loading = false;
  /** How far loading has come; of the last load once it is done. */
  progress: LoadProgress | null = null;
  readonly settings: PersistenceSettings;
  readonly appender: Appender;
  readonly saver: Saver;
  readonly rewriter: Rewriter;
  private readonly options: PersistenceOptions;
  private readonly walker: SnapshotWalker;
  private directory: LogDirectory | null = null;
  private replay: ReplayPort | null = null;
  private loadingStopped = false;

  constructor(options: PersistenceOptions, walker: SnapshotWalker) {
    this.options = options;
    this.settings = options.settings;
    this.walker = walker;
    this.appender = new Appender(options);
    this.journal = this.appender;
    this.saver = new Saver(options, this.walker);
    this.rewriter = new Rewriter({
      persistence: options,
      walker: this.walker,
      appender: this.appender,
      directory: () => this.logDirectory(),
    });
  }

  // ---- start -----------------------------------------------------------------------------------

  /**
   * Loads what the disk holds, in steps between which the server may answer -LOADING, then opens
   * the log for appending. Logs like Redis. Call once, before the first command.
   * @throws {EngineError} RDB_BAD, RDB_UNSUPPORTED, AOF_BAD, AOF_TRUNCATED, MANIFEST_BAD,
   * DIRECTORY_UNUSABLE, ARENA_FULL; the server logs the message and exits with 1.
   */
  async recover(replay: ReplayPort): Promise<RecoverySummary> {
    this.loading = true;
    this.replay = replay;
    try {
      return await this.load(new Loader(this.options, replay, () => this.loadingStopped));
    } catch (error) {
      if (error instanceof EngineError) throw error;
      const reason = reasonOf(error);
      throw new EngineError('DIRECTORY_UNUSABLE', `Cannot start in ${this.settings.directory}:`
        + ` ${reason}`, { cause: error });
    } finally {
      this.loading = false;
    }
  }

  /** The process ends while it loads: from here on no file is changed, and `recover` never ends. */
  stopLoading(): void {
    this.loadingStopped = true;
  }

  private async load(loader: Loader): Promise<RecoverySummary> {
    const { clock, log } = this.options;
    const beganNs = clock.monotonicNs();
    this.progress = loader.progress;
    const directory = this.newDirectory();
    const plan = planStart(this.options, directory);
    let cut: Cut | null = null;
    if (plan.kind === 'snapshot') {
      loader.progress.totalBytes = plan.sizeBytes;
      await loader.loadSnapshot(plan.path, { base: false });
    } else if (plan.kind === 'log') {
      cut = await loader.loadLog(plan.files);
    }
    await loader.unlessStopped();
    const seconds = (clock.monotonicNs() - beganNs) / 1e9;
    if (plan.kind !== 'nothing') {
      log('notice', `DB loaded from ${plan.kind === 'log' ? 'append only file' : 'disk'}:`
        + ` ${seconds.toFixed(3)} seconds`);
    }
    // From here on files may be changed: everything that counts is known to be in order.
    removeLeftovers(this.options);
    if (this.settings.appendOnly) {
      this.directory = directory;
      if (plan.kind === 'log') this.continueLog(directory, plan, cut);
      else await this.createLog(directory, plan, loader);
    }
    this.saver.loaded();
    const source = plan.kind === 'log' ? 'aof' : plan.kind === 'snapshot' ? 'rdb' : 'nothing';
    return { source, keysLoaded: this.options.keyspace.size, seconds };
  }

  private continueLog(
    directory: LogDirectory,
    plan: StartPlan & { kind: 'log' },
    cut: Cut | null,
  ): void {
    const { disk, log } = this.options;
    if (cut !== null) {
      // Not in the last file for sure: its tail must not be back when later ones hold commands.
      cutDurably(disk, cut);
      log('warning', 'AOF loaded anyway because aof-load-truncated is enabled');
      if (!plan.adopt) atOnce(directory.forgetLength(cut.path));
    }
    if (plan.adopt) {
      directory.create();
      atOnce(directory.install(plan.manifest));
    }
    if (plan.moveFrom !== null) {
      disk.rename(plan.moveFrom, directory.pathOf(directory.prefix));
      disk.syncDirectory(directory.path);
      log('notice', `Moved ${directory.prefix} of an older Redis into ${directory.path}`);
    }
    atOnce(this.rewriter.removingHistory(directory));
    directory.removeTemporaries();
    this.openLastIncrement(directory, plan, cut);
  }

  private openLastIncrement(
    directory: LogDirectory,
    plan: StartPlan & { kind: 'log' },
    cut: Cut | null,
  ): void {
    const last = directory.manifest.increments.at(-1);
    const lengthOf = (path: string, sizeBytes: number): number =>
      cut?.path === path ? cut.lengthBytes : sizeBytes;
    let totalBytes = 0;
    for (const file of plan.files) totalBytes += lengthOf(file.path, file.sizeBytes);
    const [base] = plan.files;
    this.rewriter.baseBytes = base?.role === 'base' ? lengthOf(base.path, base.sizeBytes) : 0;
    this.rewriter.rewriteBaseBytes = this.rewriter.baseBytes;
    if (last === undefined) {
      const { fd, path } = atOnce(directory.addIncrement());
      this.options.log('notice', `Creating AOF incr file ${path} on server start`);
      this.appender.open(fd, path, 0);
      return;
    }
    const path = directory.pathOf(last.name);
    const opened = plan.files.at(-1);
    const lengthBytes = opened === undefined ? 0 : lengthOf(path, opened.sizeBytes);
    this.appender.open(this.options.disk.open(path, 'append'), path, lengthBytes);
    this.rewriter.closedBytes = totalBytes - this.rewriter.baseBytes - lengthBytes;
  }

  /** Writes the first base, of what was loaded, and opens the first increment. */
  private async createLog(
    directory: LogDirectory, plan: StartPlan, loader: Loader,
  ): Promise<void> {
    const { disk, log, processId } = this.options;
    if (plan.kind === 'snapshot') {
      log('warning', `AOF is on and there is no log yet: the data of ${plan.path} becomes its`
        + ' base. (Redis would start empty here.)');
    }
    directory.create();
    directory.removeTemporaries();
    const rdb = baseFormat(this.options) === 'rdb';
    const temporary = `${this.settings.directory}/temp-rewriteaof-${processId}.aof`;
    const result = await this.writeBase(temporary, rdb);
    if (result.error !== null) throw result.error;
    await loader.unlessStopped();
    const increment = directory.nextIncrement();
    const path = directory.pathOf(increment.name);
    const fd = disk.open(path, 'truncate');
    atOnce(directory.installBase(temporary, rdb, [increment]));
    log('notice', `Creating AOF base file ${directory.manifest.base?.name} on server start`);
    log('notice', `Creating AOF incr file ${increment.name} on server start`);
    this.rewriter.baseBytes = result.bytes;
    this.rewriter.rewriteBaseBytes = result.bytes;
    this.appender.open(fd, path, 0);
  }

  private writeBase(path: string, rdb: boolean): Promise<SnapshotResult> {
    const request = {
      path,
      format: rdb ? 'rdb' : 'commands',
      header: headerNow(this.options, true),
      version: this.settings.rdbTarget,
      compress: this.settings.rdbCompression,
      checksum: this.settings.rdbChecksum,
      stopOnFlushAll: false,
      inSteps: true,
    } as const;
    return new Promise((resolve) => this.walker.start(request, resolve));
  }

  private newDirectory(): LogDirectory {
    return new LogDirectory({
      disk: this.options.disk,
      parent: this.settings.directory,
      name: this.settings.appendDirectoryName,
      prefix: this.settings.appendFileName,
      inBlocks: () => this.settings.logChecksum,
    });
  }

  /** The log's directory; its manifest is read when it is first needed. */
  private logDirectory(): LogDirectory {
    if (this.directory === null) {
      const directory = this.newDirectory();
      directory.read();
      this.directory = directory;
    }
    return this.directory;
  }

  // ---- by itself -------------------------------------------------------------------------------

  /** Ten times a second: due syncs, retries, save points, automatic rewrites. */
  cron(_nowMs: number): void {
    if (this.loading) return;
    this.appender.syncsSuspended = this.settings.noFsyncOnRewrite && this.isWalking();
    this.appender.cron();
    if (this.isWalking()) return;
    if (this.rewriter.scheduled) {
      this.rewriter.begin();
      return;
    }
    if (this.saver.scheduled && this.saver.mayTry) {
      this.saver.begin('server');
      return;
    }
    const point = this.saver.duePoint();
    if (point !== null) {
      this.options.log('notice',
        `${point.changes} changes in ${point.seconds} seconds. Saving...`);
      this.saver.begin('server');
    } else if (this.rewriter.isDue()) {
      this.options.log('notice', 'Starting automatic rewriting of AOF'
        + ` (${this.rewriter.currentBytes} bytes)`);
      this.rewriter.begin();
    }
  }

  private isWalking(): boolean {
    return this.saver.running !== null || this.rewriter.inProgress;
  }

  // ---- commands --------------------------------------------------------------------------------

  save(): CommandOutcome {
    return this.saver.save('command');
  }

  backgroundSave(schedule: boolean): CommandOutcome {
    if (this.saver.running !== null) {
      return { kind: 'error', text: 'ERR Background save already in progress' };
    }
    const { transactionOpen } = this.appender;
    if (this.rewriter.inProgress || transactionOpen) {
      if (!schedule && !transactionOpen) {
        return {
          kind: 'error',
          text: "ERR Another child process is active (AOF?): can't BGSAVE right now. Use BGSAVE"
            + ' SCHEDULE in order to schedule a BGSAVE whenever possible.',
        };
      }
      this.saver.scheduled = true;
      return { kind: 'ok', text: 'Background saving scheduled' };
    }
    return this.saver.begin('command');
  }

  backgroundRewrite(): CommandOutcome {
    if (this.rewriter.inProgress) {
      const text = 'ERR Background append only file rewriting already in progress';
      return { kind: 'error', text };
    }
    if (this.saver.running !== null || this.appender.transactionOpen) {
      this.rewriter.scheduled = true;
      return { kind: 'ok', text: 'Background append only file rewriting scheduled' };
    }
    return this.rewriter.begin();
  }

  lastSaveSec(): number {
    return this.saver.lastSaveSec;
  }

  infoFields(): readonly (readonly [string, string | number])[] {
    return infoFields(this);
  }

  syncedPosition(): number | null {
    if (!this.settings.appendOnly) return null;
    // Until the log has its first base it promises nothing.
    return this.rewriter.waitsForBase ? -1 : this.appender.synced;
  }

  wantSync(position: number): void {
    this.appender.wantSync(position);
  }

  refusal(): string | null {
    return this.appender.refusal() ?? this.saver.refusal();
  }

  /** FLUSHALL ran: with save points, an empty snapshot replaces the old one, as in Redis. */
  afterFlushAll(): void {
    this.saver.abort();
    if (this.settings.savePoints.length > 0) this.saver.save('server');
  }

  /** `rdbcompression` and `rdb-target`: how DUMP writes. */
  dumpOptions(): DumpOptions {
    return { compress: this.settings.rdbCompression, version: this.settings.rdbTarget };
  }

  /** DEBUG RELOAD */
  reload(mode: ReloadMode): CommandOutcome {
    return this.replay === null ? notYet : reload(this.reloadParts(this.replay), mode);
  }

  /** DEBUG LOADAOF */
  reloadLog(): CommandOutcome {
    return this.replay === null ? notYet : reloadLog(this.reloadParts(this.replay));
  }

  private reloadParts(replay: ReplayPort): ReloadParts {
    const { appender, options, saver } = this;
    return { appender, options, saver, replay, directory: this.newDirectory() };
  }

  /** CONFIG SET of directives that concern persistence. Returns the error, or null when done. */
  configure(change: Partial<PersistenceSettings>): string | null {
    const before = this.settings.appendOnly;
    Object.assign(this.settings, change);
    if (this.settings.appendOnly === before) return null;
    const error = before ? this.switchLogOff() : this.switchLogOn();
    if (error !== null) this.settings.appendOnly = before;
    return error;
  }

  private switchLogOn(): string | null {
    if (this.loading) return 'the data is still being loaded';
    if (this.appender.transactionOpen) return 'not inside a transaction';
    this.rewriter.waitsForBase = true;
    if (this.isWalking()) {
      // What runs now has taken its picture already; the base comes next.
      this.rewriter.scheduled = true;
      return null;
    }
    const outcome = this.rewriter.begin();
    if (outcome.kind === 'ok') return null;
    this.switchLogOff();
    return 'the append only file cannot be written, check the server logs';
  }

  private switchLogOff(): string | null {
    this.rewriter.abort();
    this.rewriter.scheduled = false;
    this.rewriter.waitsForBase = false;
    const failure = this.appender.flush() ?? this.appender.sync();
    if (failure !== null) this.options.log('warning', `AOF switched off unsynced: ${failure}`);
    this.appender.close(true);
    this.directory?.removeTemporaries();
    return null;
  }

  // ---- end -------------------------------------------------------------------------------------

  /**
   * Before `shutdown`: `then` is called once no sync of the log is under way; it may have failed.
   * False: none is, or the log holds nothing yet.
   */
  afterSync(then: () => void): boolean {
    if (this.rewriter.waitsForBase || !this.appender.isSyncing) return false;
    // It may wait for a sync, too, and only one can.
    this.rewriter.abort();
    this.appender.nearlySynced.later(then);
    return true;
  }

  /**
   * Makes everything durable for the end of the process: aborts a running snapshot, flushes and
   * syncs the log, saves (`save` null: if save points are set). A log without its first base holds
   * nothing: then only the save counts. On error nothing is closed and the server goes on, unless
   * `force`.
   */
  shutdown(save: boolean | null, force: boolean): CommandOutcome {
    const { log } = this.options;
    const saves = save ?? this.settings.savePoints.length > 0;
    const { waitsForBase } = this.rewriter;
    if (waitsForBase && !(saves && this.startsFromSnapshot())) {
      if (!force) return { kind: 'error', text: "Writing initial AOF, can't exit" };
      log('warning', 'Writing initial AOF. Exit anyway.');
    }
    this.rewriter.abort();
    this.saver.abort();
    let failure: string | null = null;
    if (this.appender.enabled && !waitsForBase) {
      log('notice', 'Calling fsync() on the AOF file.');
      failure = this.appender.flush() ?? this.appender.sync();
    }
    if (saves) {
      log('notice', 'Saving the final RDB snapshot before exiting.');
      const outcome = this.saver.save('server');
      if (outcome.kind === 'error') failure ??= outcome.text;
    }
    if (failure !== null && !force) return { kind: 'error', text: failure };
    this.appender.close(false);
    return { kind: 'ok', text: '' };
  }

  /** Would a start find no older log, and take the snapshot that is saved now? */
  private startsFromSnapshot(): boolean {
    if (this.settings.compatStrict) return false;
    try {
      return planStart(this.options, this.newDirectory()).kind !== 'log';
    } catch {
      return false;
    }
  }
}

/**
 * Builds persistence; nothing touches the disk before `recover`. `choose` may take another walker
 * than the usual one, which it gets made when it asks for it.
 */
export function createPersistence(
  options: PersistenceOptions,
  choose: (usual: () => SnapshotWalker) => SnapshotWalker = (usual) => usual(),
): Persistence {
  return new Persistence(options, choose(() => new Walker(options)));
}
