// BGREWRITEAOF: a new base from memory, a new increment for what comes meanwhile.
//
//   1. a new increment is made, and the manifest names it while the old one goes on: recovery takes
//      a file that only empty ones follow for the last
//   2. most of the old increment is synced
//   3. the rest is written and the picture is taken, between two commands. What comes from now on
//      waits in memory, and its replies wait, until
//   4. the rest of the old increment is synced: the appender goes over to the new one; then the
//      manifest notes how long the old one is
//   5. meanwhile the walker writes temp-rewriteaof-bg-<pid>.aof and syncs it
//   6. it is renamed to the next base, the manifest replaced, the old files removed
//
// When a sync of the old increment has failed, nobody knows what a power cut leaves of it: then the
// appender goes over only when the base is in its place.
//
// All syncs run off the main thread, and clients are served meanwhile.
//
// Whatever fails, the manifest in place names files that hold everything: the old ones, or the
// new ones. The old increment is synced before the new one gets its first byte: otherwise a power
// cut could keep the later and lose the earlier.
//
// CONFIG SET appendonly yes is a rewrite too, with nothing old: effects go to temp-P.incr, which
// becomes an increment together with the first base. Until then the log promises nothing, as in
// Redis: a crash finds the files as they were.
import { reasonOf } from '../errors.ts';
import type { LogDirectory } from '../aof/log-directory.ts';
import type { LogFile } from '../aof/manifest.ts';
import { inTurn } from '../aof/waits.ts';
import type { Wait, Waiting, Work } from '../aof/waits.ts';
import type { CommandOutcome } from '../commands/context.ts';
import type { SyncDone } from '../io/disk.ts';
import type { Appender } from './appender.ts';
import { baseFormat, headerNow, removeQuietly } from './save.ts';
import type { PersistenceOptions, PersistenceSettings } from './settings.ts';
import { noCosts } from './snapshot.ts';
import type { SnapshotCosts, SnapshotResult, SnapshotRun, SnapshotWalker } from './snapshot.ts';

const failuresBeforeBackOff = 3;
const maxBackOffMinutes = 60;
// Until it has worked writes are refused, or the log promises nothing: then it is tried more often.
const maxPauseOfCureSec = 30;

/** What a rewrite works on. */
export interface RewriterOptions {
  readonly persistence: PersistenceOptions;
  readonly walker: SnapshotWalker;
  readonly appender: Appender;
  /** The directory of the log; made, and its manifest read, when it is first needed. */
  readonly directory: () => LogDirectory;
}

/** The walker's part of a rewrite: what it writes, and somebody who waits for its end. */
class Picture {
  rdb = false;
  /** Is it the base? */
  installed = false;
  readonly written: Wait = {
    later: (done) => {
      if (this.result === null) this.waits = done;
      else done(this.result.error);
    },
  };
  private result: SnapshotResult | null = null;
  private waits: SyncDone | null = null;

  ended(result: SnapshotResult): void {
    this.result = result;
    this.waits?.(result.error);
  }

  /** How long the file is, once it is written. */
  get bytes(): number {
    return this.result?.bytes ?? 0;
  }
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
  private work: Work | null = null;
  private run: SnapshotRun | null = null;
  private startedSec = 0;
  private nextTrySec = 0;
  private failedSec = 0;

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
    return this.work !== null;
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
    this.startedSec = this.nowSec();
    let failed = false;
    let ended = false;
    const work = inTurn(this.rewriting(), (error) => {
      ended = true;
      this.work = null;
      failed = error !== null;
      if (error !== null) this.failed(error);
    });
    if (!ended) this.work = work;
    if (!failed) return { kind: 'ok', text: 'Background append only file rewriting started' };
    return {
      kind: 'error',
      text: "ERR Can't execute an AOF background rewriting. Please check the server logs for"
        + ' more information.',
    };
  }

  /** Stops the running rewrite, if any, without calling it a failure. */
  abort(): void {
    if (this.work === null) return;
    this.work.stop();
    this.work = null;
    removeQuietly(this.options.disk, this.temporaryPath());
    this.options.log('notice', 'Background AOF rewrite aborted; the old files stay');
  }

  /** Whether the log has grown enough to be rewritten by itself. */
  isDue(): boolean {
    const { autoRewritePercentage, autoRewriteMinBytes } = this.settings;
    // Also when not even the file for what waits could be made.
    const cures = this.waitsForBase || this.appender.syncError !== null;
    if (cures && this.nowSec() >= this.failedSec + maxPauseOfCureSec) return true;
    if (this.nowSec() < this.nextTrySec) return false;
    if (cures) return true;
    if (!this.appender.enabled) return false;
    if (autoRewritePercentage === 0 || this.currentBytes <= autoRewriteMinBytes) return false;
    const base = Math.max(1, this.rewriteBaseBytes);
    return (this.currentBytes * 100) / base - 100 >= autoRewritePercentage;
  }

  /** The whole of it. */
  private *rewriting(): Waiting<void, Wait> {
    const directory = this.directoryOf();
    directory.create();
    const picture = new Picture();
    try {
      const kept = yield* this.goOverToNewIncrement(directory, picture);
      if (!picture.installed) yield* this.install(directory, picture, kept);
      this.installed(kept, picture.bytes);
    } finally {
      this.run?.abort();
      this.run = null;
    }
    yield* this.removingHistory(directory);
  }

  /** Makes the picture the base, once it is written. */
  private *install(
    directory: LogDirectory, picture: Picture, kept: readonly LogFile[] | null,
  ): Waiting<void, Wait> {
    yield picture.written;
    const { rdb } = picture;
    if (kept === null) yield* directory.installBaseOfWaiting(this.temporaryPath(), rdb);
    else yield* directory.installBase(this.temporaryPath(), rdb, kept);
    picture.installed = true;
  }

  /** The files that the new manifest will keep; null: the one that waits for its first base. */
  private *goOverToNewIncrement(
    directory: LogDirectory, picture: Picture,
  ): Waiting<readonly LogFile[] | null, Wait> {
    const { appender } = this;
    if (this.waitsForBase) {
      const waiting = directory.openWaiting();
      appender.switchTo(waiting.fd, waiting.path);
      this.take(picture);
      return null;
    }
    if (!appender.enabled) {
      this.take(picture);
      return [];
    }
    const prepared = yield* directory.prepareIncrement();
    let isReady = false;
    try {
      yield* directory.announce(prepared);
      yield appender.nearlySynced;
      const unwritten = appender.flush();
      if (unwritten !== null) throw new Error(unwritten);
      appender.hold();
      this.take(picture);
      // The old increment is synced before the new one gets its first byte: otherwise a power cut
      // could keep the later and lose the earlier. When its sync failed, now or before, the rewrite
      // itself is the cure: the new one gets its first byte when the base is in place.
      yield appender.nearlySynced;
      if (appender.syncError !== null) yield* this.install(directory, picture, [prepared.file]);
      isReady = true;
    } finally {
      if (!isReady) {
        directory.abandon(prepared);
        appender.resume();
      }
    }
    const { path, fileBytes, syncError } = appender;
    this.closedBytes += fileBytes;
    appender.switchTo(prepared.fd, prepared.path);
    // What a failed sync left of a file nobody knows; without this note it may be shorter.
    if (syncError === null) yield* directory.noteLength(path, fileBytes);
    return [prepared.file];
  }

  private take(picture: Picture): void {
    const format = baseFormat(this.options);
    picture.rdb = format === 'rdb';
    const request = {
      path: this.temporaryPath(),
      format,
      header: headerNow(this.options, true),
      version: this.settings.rdbTarget,
      compress: this.settings.rdbCompression,
      checksum: this.settings.rdbChecksum,
      stopOnFlushAll: false,
    } as const;
    this.run = this.walker.start(request, (result) => {
      this.run = null;
      this.lastCosts = result.costs;
      picture.ended(result);
    });
    this.options.log('notice', 'Background append only file rewriting started');
  }

  private installed(kept: readonly LogFile[] | null, baseBytes: number): void {
    // A base begun before the log was switched on is not the one that is waited for.
    if (kept === null) this.waitsForBase = false;
    this.baseBytes = baseBytes;
    this.closedBytes = 0;
    this.rewriteBaseBytes = this.currentBytes;
    this.healthy = true;
    this.rewrites++;
    this.consecutiveFailures = 0;
    this.nextTrySec = 0;
    this.lastDurationSec = this.nowSec() - this.startedSec;
    this.options.log('notice', 'Background AOF rewrite finished successfully');
    this.appender.healed();
  }

  /** Removes files that a rewrite has replaced; what cannot be removed stays for later. */
  *removingHistory(directory: LogDirectory): Waiting {
    try {
      yield* directory.removeHistory();
    } catch (error) {
      this.options.log('warning', `Replaced files of the AOF stay for now: ${String(error)}`);
    }
  }

  private failed(error: unknown): void {
    const reason = reasonOf(error);
    this.options.log('warning', `Background AOF rewrite failed: ${reason}. The old files stay.`);
    removeQuietly(this.options.disk, this.temporaryPath());
    this.healthy = false;
    this.lastDurationSec = this.nowSec() - this.startedSec;
    this.consecutiveFailures++;
    const beyond = this.consecutiveFailures - failuresBeforeBackOff;
    const minutes = beyond < 0 ? 0 : Math.min(2 ** beyond, maxBackOffMinutes);
    this.failedSec = this.nowSec();
    this.nextTrySec = this.failedSec + Math.max(1, minutes * 60);
  }

  private temporaryPath(): string {
    return `${this.settings.directory}/temp-rewriteaof-bg-${this.options.processId}.aof`;
  }

  private nowSec(): number {
    return Math.floor(this.options.clock.wallMs() / 1000);
  }
}
