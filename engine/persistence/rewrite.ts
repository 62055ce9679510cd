// BGREWRITEAOF: a new base from memory, a new increment for what comes meanwhile.
//
//   1. most of the old increment is synced, off the main thread
//   2. the rest is written and synced; a new increment is durable in the manifest; the appender
//      goes over to it and the picture is taken: all in one go, between two commands
//   3. the walker writes temp-rewriteaof-bg-<pid>.aof and syncs it
//   4. it is renamed to the next base, the manifest replaced, the old files removed
//
// Whatever fails, the manifest in place names files that hold everything: the old ones, or the
// new ones. The old increment is synced before the new one gets its first byte: otherwise a power
// cut could keep the later and lose the earlier.
//
// CONFIG SET appendonly yes is a rewrite too, with nothing old: effects go to temp-P.incr, which
// becomes an increment together with the first base. Until then the log promises nothing, as in
// Redis: a crash finds the files as they were.
import type { LogDirectory } from '../aof/log-directory.ts';
import type { LogFile } from '../aof/manifest.ts';
import type { CommandOutcome } from '../commands/context.ts';
import type { Appender } from './appender.ts';
import { baseFormat, headerNow, removeQuietly } from './save.ts';
import type { PersistenceOptions, PersistenceSettings } from './settings.ts';
import { noCosts } from './snapshot.ts';
import type { SnapshotCosts, SnapshotResult, SnapshotRun, SnapshotWalker } from './snapshot.ts';

const failuresBeforeBackOff = 3;
const maxBackOffMinutes = 60;

/** What a rewrite works on. */
export interface RewriterOptions {
  readonly persistence: PersistenceOptions;
  readonly walker: SnapshotWalker;
  readonly appender: Appender;
  /** The directory of the log; made, and its manifest read, when it is first needed. */
  readonly directory: () => LogDirectory;
}

/** Rewrites the log. */
export class Rewriter {
  /** Did the last rewrite work? */
  healthy = true;
  rewrites = 0;
  consecutiveFailures = 0;
  lastDurationSec = -1;
  /** What the last one cost. */
  lastCosts: SnapshotCosts = noCosts;
  /** A rewrite is to begin once the save, or the transaction, has ended. */
  scheduled = false;
  /** The log is being switched on and has no base yet. */
  waitsForBase = false;
  /** Length of the base in bytes. */
  baseBytes = 0;
  /** Length of the log when it was last rewritten or loaded: growth is measured from here. */
  rewriteBaseBytes = 0;
  /** Bytes of increments that are no longer appended to and still count. */
  closedBytes = 0;
  private readonly options: PersistenceOptions;
  private readonly settings: PersistenceSettings;
  private readonly walker: SnapshotWalker;
  private readonly appender: Appender;
  private readonly directoryOf: () => LogDirectory;
  private run: SnapshotRun | null = null;
  private preparing = false;
  private attempt = 0;
  private startedSec = 0;
  private nextTrySec = 0;

  constructor(options: RewriterOptions) {
    this.options = options.persistence;
    this.settings = options.persistence.settings;
    this.walker = options.walker;
    this.appender = options.appender;
    this.directoryOf = options.directory;
  }

  get running(): SnapshotRun | null {
    return this.run;
  }

  get inProgress(): boolean {
    return this.run !== null || this.preparing;
  }

  /** Seconds that the running rewrite has taken so far; -1 when none runs. */
  get currentDurationSec(): number {
    return this.inProgress ? this.nowSec() - this.startedSec : -1;
  }

  /** Unix time at which the last one began. */
  get lastStartSec(): number {
    return this.startedSec;
  }

  /** Length of the whole log in bytes. */
  get currentBytes(): number {
    return this.baseBytes + this.closedBytes + this.appender.fileBytes;
  }

  /** Begins; the outcome is what BGREWRITEAOF answers. */
  begin(): CommandOutcome {
    this.scheduled = false;
    this.preparing = true;
    this.startedSec = this.nowSec();
    const attempt = ++this.attempt;
    let outcome: CommandOutcome = {
      kind: 'ok', text: 'Background append only file rewriting started',
    };
    this.appender.whenNearlySynced(() => {
      // Not the end of a sync that an aborted attempt was waiting for.
      if (attempt === this.attempt && !this.takePicture()) {
        outcome = {
          kind: 'error',
          text: "ERR Can't execute an AOF background rewriting. Please check the server logs for"
            + ' more information.',
        };
      }
    });
    return outcome;
  }

  /** Stops the running rewrite, if any, without calling it a failure. */
  abort(): void {
    if (!this.inProgress) return;
    this.run?.abort();
    this.run = null;
    this.preparing = false;
    this.attempt++;
    removeQuietly(this.options.disk, this.temporaryPath());
    this.options.log('notice', 'Background AOF rewrite aborted; the old files stay');
  }

  /** Whether the log has grown enough to be rewritten by itself. */
  isDue(): boolean {
    const { autoRewritePercentage, autoRewriteMinBytes } = this.settings;
    if (this.nowSec() < this.nextTrySec) return false;
    // Also when not even the file for what waits could be made.
    if (this.waitsForBase) return true;
    if (!this.appender.enabled) return false;
    if (this.appender.syncError !== null) return true;
    if (autoRewritePercentage === 0 || this.currentBytes <= autoRewriteMinBytes) return false;
    const base = Math.max(1, this.rewriteBaseBytes);
    return (this.currentBytes * 100) / base - 100 >= autoRewritePercentage;
  }

  private takePicture(): boolean {
    this.preparing = false;
    try {
      const kept = this.goOverToNewIncrement();
      this.run = this.startWalker(kept);
    } catch (error) {
      this.failed(error);
      return false;
    }
    this.options.log('notice', 'Background append only file rewriting started');
    return true;
  }

  /** The files that the new manifest will keep; null: the one that waits for its first base. */
  private goOverToNewIncrement(): readonly LogFile[] | null {
    const { appender } = this;
    const directory = this.directoryOf();
    directory.create();
    if (this.waitsForBase) {
      const waiting = directory.openWaiting();
      appender.switchTo(waiting.fd, waiting.path);
      return null;
    }
    if (!appender.enabled) return [];
    const unwritten = appender.flush();
    if (unwritten !== null) throw new Error(unwritten);
    // When a sync failed, now or before, the rewrite itself is the cure.
    appender.sync();
    const oldBytes = appender.fileBytes;
    const { fd, path } = directory.addIncrement();
    appender.switchTo(fd, path);
    this.closedBytes += oldBytes;
    return directory.manifest.increments.slice(-1);
  }

  private startWalker(kept: readonly LogFile[] | null): SnapshotRun {
    const format = baseFormat(this.options);
    const rdb = format === 'rdb';
    const request = {
      path: this.temporaryPath(),
      format,
      header: headerNow(this.options, true),
      version: this.settings.rdbTarget,
      compress: this.settings.rdbCompression,
      checksum: this.settings.rdbChecksum,
      stopOnFlushAll: false,
    } as const;
    return this.walker.start(request, (result) => this.ended(result, rdb, kept));
  }

  private ended(result: SnapshotResult, rdb: boolean, kept: readonly LogFile[] | null): void {
    this.run = null;
    this.lastCosts = result.costs;
    const directory = this.directoryOf();
    try {
      if (result.error !== null) throw result.error;
      if (kept === null) directory.installBaseOfWaiting(this.temporaryPath(), rdb);
      else directory.installBase(this.temporaryPath(), rdb, kept);
    } catch (error) {
      this.failed(error);
      return;
    }
    // A base begun before the log was switched on is not the one that is waited for.
    if (kept === null) this.waitsForBase = false;
    this.baseBytes = result.bytes;
    this.closedBytes = 0;
    this.rewriteBaseBytes = this.currentBytes;
    this.healthy = true;
    this.rewrites++;
    this.consecutiveFailures = 0;
    this.nextTrySec = 0;
    this.lastDurationSec = this.nowSec() - this.startedSec;
    this.options.log('notice', 'Background AOF rewrite finished successfully');
    this.appender.healed();
    this.removeHistory(directory);
  }

  /** Removes files that a rewrite has replaced; what cannot be removed stays for later. */
  removeHistory(directory: LogDirectory): void {
    try {
      directory.removeHistory();
    } catch (error) {
      this.options.log('warning', `Replaced files of the AOF stay for now: ${String(error)}`);
    }
  }

  private failed(error: unknown): void {
    const reason = error instanceof Error ? error.message : String(error);
    this.options.log('warning', `Background AOF rewrite failed: ${reason}. The old files stay.`);
    removeQuietly(this.options.disk, this.temporaryPath());
    this.healthy = false;
    this.lastDurationSec = this.nowSec() - this.startedSec;
    this.consecutiveFailures++;
    const beyond = this.consecutiveFailures - failuresBeforeBackOff;
    const minutes = beyond < 0 ? 0 : Math.min(2 ** beyond, maxBackOffMinutes);
    this.nextTrySec = this.nowSec() + Math.max(1, minutes * 60);
  }

  private temporaryPath(): string {
    return `${this.settings.directory}/temp-rewriteaof-bg-${this.options.processId}.aof`;
  }

  private nowSec(): number {
    return Math.floor(this.options.clock.wallMs() / 1000);
  }
}
