// The journal: effects of commands → bytes of the log → disk, and which replies may leave.
//
// Rules, the same for every policy:
// - A reply to a write leaves when its bytes were written (no, everysec) or synced (always).
// - Bytes that cannot be written stay in the buffer, in order; what got through in part is cut off
//   again. Their replies wait, new writes are refused with MISCONF, and the write is tried again
//   each second: so nothing is acknowledged that is not in the log, and nothing need be undone.
// - everysec: at most one sync in flight. When it is still running after a second, nothing more is
//   released until it ends: otherwise what a power cut costs would grow with the disk's slowness.
// - A failed sync is never repeated: the kernel may have dropped the pages and call them clean.
//   With always nothing can be promised any more: the process ends. Otherwise writes are refused
//   and no more replies are released until a rewrite has replaced the file.
import { LogBuffer } from '../aof/log-buffer.ts';
import type { CommandContext, EffectSink, SeenElement } from '../commands/context.ts';
import { reasonOf } from '../errors.ts';
import { WriteError, writeFully } from '../io/disk.ts';
import type { Disk } from '../io/disk.ts';
import type { PersistenceOptions, PersistenceSettings } from './settings.ts';

/** What the server's tick sees of the log. */
export interface Journal extends EffectSink {
  /** Bytes appended since the start; only grows. A reply's token is its value after the command. */
  readonly appended: number;
  /** Replies whose token is at most this may leave. */
  readonly releasable: number;
  /** End of a tick: write, and with `always` sync. May leave `releasable` behind `appended`. */
  commit(): void;
  /** Called when `releasable` grew outside `commit()`. */
  onRelease: (() => void) | null;
}

const nsPerSecond = 1e9;
// With everysec a sync that falls due before the next cron begins now: never later than a second.
const cronNs = 0.1 * nsPerSecond;
// Within one tick, bytes beyond this are written before the tick ends.
const earlyWriteBytes = 16 * 1024 * 1024;
// While replies wait for a late sync the log is not written, so as not to block on the disk.
const heldBytesMax = 64 * 1024 * 1024;
const errorLogIntervalNs = 30 * nsPerSecond;

/** Appends to one file at a time, the last increment. Does nothing while it has none. */
export class Appender implements Journal {
  releasable = 0;
  onRelease: (() => void) | null = null;
  /** `no-appendfsync-on-rewrite`: a rewrite runs and syncs are left out meanwhile. */
  syncsSuspended = false;
  /** How often replies had to wait for a late sync. */
  delayedSyncs = 0;
  /** Why writing failed last, or null: the log is in order. */
  writeError: string | null = null;
  /** Why a sync failed; stays until another file has replaced this one. */
  syncError: string | null = null;
  private readonly disk: Disk;
  private readonly settings: PersistenceSettings;
  private readonly options: PersistenceOptions;
  private readonly log = new LogBuffer();
  private fd = -1;
  private path = '';
  /** Length of the file without what a failed write left behind. */
  private fileLength = 0;
  /** Whether bytes of a failed write may still stand behind `fileLength`. */
  private dirtyTail = false;
  private writtenTotal = 0;
  private syncedTotal = 0;
  private syncInFlight = false;
  private syncCovers = 0;
  private syncBeganNs = -Infinity;
  private late = false;
  private afterSync: (() => void) | null = null;
  /** Counts files: the end of a sync of an earlier one means nothing. */
  private generation = 0;
  private retryAtNs = 0;
  private errorLoggedNs = -Infinity;
  private selectedDatabase = -1;
  private inTransaction = false;
  private transactionLogged = false;

  constructor(options: PersistenceOptions) {
    this.options = options;
    this.disk = options.disk;
    this.settings = options.settings;
  }

  get appended(): number {
    return this.writtenTotal + this.log.length;
  }

  /** Is there a file to append to? */
  get enabled(): boolean {
    return this.fd >= 0;
  }

  /** Is a transaction being executed? */
  get transactionOpen(): boolean {
    return this.inTransaction;
  }

  /** Bytes waiting to be written. */
  get bufferedBytes(): number {
    return this.log.length;
  }

  /** Bytes of the file appended to. */
  get fileBytes(): number {
    return this.fileLength;
  }

  get isSyncing(): boolean {
    return this.syncInFlight;
  }

  // ---- effects ---------------------------------------------------------------------------------

  request(databaseIndex: number, ctx: CommandContext): void {
    if (this.fd < 0) return;
    this.precede(databaseIndex);
    this.log.request(ctx);
    if (this.log.length > earlyWriteBytes) this.writeEarly();
  }

  command(databaseIndex: number, ...parts: readonly (string | Uint8Array)[]): void {
    if (this.fd < 0) return;
    this.precede(databaseIndex);
    this.log.command(parts);
  }

  element(name: Uint8Array, ctx: CommandContext, seen: SeenElement): void {
    if (this.fd < 0) return;
    this.precede(ctx.database.index);
    this.log.element(name, ctx, seen);
  }

  beginTransaction(): void {
    this.inTransaction = true;
    this.transactionLogged = false;
  }

  endTransaction(): void {
    if (this.transactionLogged && this.fd >= 0) this.log.exec();
    this.inTransaction = false;
    this.transactionLogged = false;
  }

  private precede(databaseIndex: number): void {
    if (this.inTransaction && !this.transactionLogged) {
      this.log.multi();
      this.transactionLogged = true;
    }
    if (databaseIndex === this.selectedDatabase) return;
    this.log.select(databaseIndex);
    this.selectedDatabase = databaseIndex;
  }

  // ---- the tick --------------------------------------------------------------------------------

  commit(): void {
    if (this.fd < 0) return;
    if (this.log.length === 0 && this.releasable === this.writtenTotal) return;
    this.advance(this.options.clock.monotonicNs(), 0);
  }

  /** Ten times a second: due syncs, and the retry of a failed write. */
  cron(): void {
    if (this.fd < 0) return;
    const idle = this.log.length === 0 && this.syncedTotal === this.writtenTotal
      && this.releasable === this.writtenTotal;
    if (!idle) this.advanceAlone(cronNs);
  }

  /** Outside of a tick. */
  private advanceAlone(slackNs: number): void {
    const before = this.releasable;
    this.advance(this.options.clock.monotonicNs(), slackNs);
    if (this.releasable > before && this.onRelease !== null) this.onRelease();
  }

  /** Writes, syncs what falls due within the slack, and releases what may be. */
  private advance(nowNs: number, slackNs: number): void {
    if (this.syncInFlight && nowNs - this.syncBeganNs > nsPerSecond) this.holdForLateSync();
    if (this.log.length > 0) {
      if (this.late && this.log.length < heldBytesMax) return;
      if (this.writeError !== null && nowNs < this.retryAtNs) return;
      if (!this.write(nowNs)) return;
    }
    this.syncAsDue(nowNs, slackNs);
  }

  private syncAsDue(nowNs: number, slackNs: number): void {
    const policy = this.settings.appendFsync;
    if (policy === 'always' && !this.syncsSuspended) {
      // A sync still in flight from another policy: its end comes back here.
      if (this.syncInFlight || !this.syncNow()) return;
    } else if (policy === 'everysec' && !this.syncsSuspended) {
      const due = nowNs + slackNs - this.syncBeganNs >= nsPerSecond;
      if (due && !this.syncInFlight && this.syncedTotal < this.writtenTotal) {
        this.beginSync(nowNs);
      }
    }
    if (!this.late && this.syncError === null) this.releasable = this.writtenTotal;
  }

  private holdForLateSync(): void {
    if (this.late || this.settings.appendFsync !== 'everysec' || this.syncsSuspended) return;
    this.late = true;
    this.delayedSyncs++;
    this.options.log('notice', 'Asynchronous AOF fsync is taking too long (disk is busy?). Replies'
      + ' to writes wait until it ends.');
  }

  // ---- writing ---------------------------------------------------------------------------------

  /** In the middle of a tick: keeps the buffer bounded, releases nothing. */
  private writeEarly(): void {
    if (this.writeError === null && !this.late) this.write(this.options.clock.monotonicNs());
  }

  /** Writes the whole buffer; false when that failed. */
  private write(nowNs: number): boolean {
    try {
      if (this.dirtyTail) this.cutTail();
      writeFully(this.disk, this.fd, this.log.bytes, 0, this.log.length);
    } catch (error) {
      this.writeFailed(error, nowNs);
      return false;
    }
    this.wrote(this.log.length);
    if (this.writeError !== null) {
      this.writeError = null;
      this.options.log('warning', 'AOF write error looks solved. The server can write again.');
    }
    return true;
  }

  private wrote(count: number): void {
    this.fileLength += count;
    this.writtenTotal += count;
    this.log.consume(count);
  }

  private writeFailed(error: unknown, nowNs: number): void {
    const reason = reasonOf(error instanceof WriteError ? error.cause ?? error : error);
    const partBytes = error instanceof WriteError ? error.writtenBytes : 0;
    if (nowNs - this.errorLoggedNs >= errorLogIntervalNs) {
      this.errorLoggedNs = nowNs;
      this.options.log('warning', `Error writing to the AOF file: ${reason}`
        + ` (${partBytes} of ${this.log.length} bytes; ${this.path}). Writes are refused.`);
    }
    this.writeError = reason;
    this.retryAtNs = nowNs + nsPerSecond;
    if (partBytes === 0) return;
    this.dirtyTail = true;
    try {
      this.cutTail();
    } catch (cutError) {
      // Cut again before the next write. Should the process end first, recovery cuts it.
      this.options.log('warning', `Could not remove short write from the append-only file:`
        + ` ${reasonOf(cutError)}`);
    }
  }

  private cutTail(): void {
    this.disk.truncateOpen(this.fd, this.fileLength);
    this.dirtyTail = false;
  }

  // ---- syncing ---------------------------------------------------------------------------------

  /** Syncs on this thread; false when that failed. No sync may be in flight. */
  private syncNow(): boolean {
    if (this.syncError !== null) return false;
    if (this.syncedTotal === this.writtenTotal) return true;
    try {
      this.disk.sync(this.fd);
    } catch (error) {
      this.syncFailed(error);
      return false;
    }
    this.syncedTotal = this.writtenTotal;
    return true;
  }

  private beginSync(nowNs: number): void {
    if (this.syncError !== null) return;
    this.syncInFlight = true;
    this.syncBeganNs = nowNs;
    this.syncCovers = this.writtenTotal;
    const { generation } = this;
    try {
      this.disk.syncAsync(this.fd, (error) => {
        if (generation === this.generation) this.syncEnded(error);
      });
    } catch (error) {
      this.syncInFlight = false;
      this.syncFailed(error);
    }
  }

  private syncEnded(error: Error | null): void {
    this.syncInFlight = false;
    this.late = false;
    if (error === null) this.syncedTotal = Math.max(this.syncedTotal, this.syncCovers);
    else this.syncFailed(error);
    const next = this.afterSync;
    this.afterSync = null;
    if (next !== null) next();
    this.advanceAlone(0);
  }

  private syncFailed(error: unknown): void {
    this.syncError = reasonOf(error);
    const text = `Fail to fsync the AOF file: ${this.syncError} (${this.path}).`;
    if (this.settings.appendFsync === 'always') {
      this.options.log('warning', `${text} Can't keep the promise of 'appendfsync always'.`
        + ' Exiting...');
      this.options.fatal(text);
    } else {
      this.options.log('warning', `${text} Writes are refused until a rewrite has replaced it.`);
    }
  }

  // ---- files -----------------------------------------------------------------------------------

  /** Appends to this file from now on; its bytes count as not synced yet. */
  open(fd: number, path: string, sizeBytes: number): void {
    this.fd = fd;
    this.path = path;
    this.fileLength = sizeBytes;
    this.dirtyTail = false;
    this.selectedDatabase = -1;
    if (sizeBytes > 0) this.syncedTotal = this.writtenTotal - 1;
  }

  /** The file that could not be synced is no longer needed: its data is in a new base. */
  healed(): void {
    if (this.syncError === null) return;
    this.syncError = null;
    this.options.log('notice', 'The AOF was rewritten after a failed fsync. Writes are welcome.');
    if (this.fd >= 0) this.advanceAlone(0);
  }

  /**
   * Calls `then` when nearly all of the file is synced, so that `sync` is quick: at once with
   * always, after an asynchronous sync otherwise.
   */
  whenNearlySynced(then: () => void): void {
    const clean = this.syncedTotal === this.writtenTotal && !this.syncInFlight;
    if (this.fd < 0 || this.syncError !== null || clean) {
      then();
      return;
    }
    if (this.syncInFlight) {
      this.afterSync = (): void => this.whenNearlySynced(then);
      return;
    }
    this.afterSync = then;
    this.beginSync(this.options.clock.monotonicNs());
    if (!this.syncInFlight && this.afterSync !== null) {
      this.afterSync = null;
      then();
    }
  }

  /** Writes everything, on this thread; returns why that failed, or null. */
  flush(): string | null {
    if (this.fd < 0 || this.log.length === 0) return null;
    return this.write(this.options.clock.monotonicNs()) ? null : this.writeError;
  }

  /** Syncs everything, on this thread; returns why that failed, or null. */
  sync(): string | null {
    if (this.fd < 0 || this.syncNow()) return null;
    return this.syncError;
  }

  /**
   * Goes over to another, empty file. What was not synced counts as such, and what could not be
   * written is dropped: a base taken now will hold it, and must not be followed by it once more.
   */
  switchTo(fd: number, path: string): void {
    this.closeQuietly();
    this.dropUnwritten();
    this.syncedTotal = this.writtenTotal;
    this.open(fd, path, 0);
  }

  /**
   * Stops appending; what could not be written is dropped. `release`: the log is switched off and
   * promises nothing any more, so replies that wait for it may leave.
   */
  close(release: boolean): void {
    this.closeQuietly();
    this.dropUnwritten();
    this.syncError = null;
    if (!release || this.releasable === this.writtenTotal) return;
    this.releasable = this.writtenTotal;
    if (this.onRelease !== null) this.onRelease();
  }

  private dropUnwritten(): void {
    this.writtenTotal += this.log.length;
    this.log.consume(this.log.length);
    this.writeError = null;
  }

  private closeQuietly(): void {
    const { fd } = this;
    this.fd = -1;
    this.generation++;
    this.syncInFlight = false;
    this.late = false;
    this.afterSync = null;
    if (fd < 0) return;
    try {
      this.disk.close(fd);
    } catch (error) {
      this.options.log('warning', `Closing ${this.path}: ${reasonOf(error)}`);
    }
  }

  /** The error for write commands, or null while the log is in order. */
  refusal(): string | null {
    const reason = this.syncError ?? this.writeError;
    return reason === null ? null : `MISCONF Errors writing to the AOF file: ${reason}`;
  }
}
