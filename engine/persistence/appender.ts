// The journal: effects of commands → bytes of the log → disk, and which replies may leave.
//
// Rules, the same for every policy:
// - A reply to a write leaves when its bytes were written (no, everysec) or synced (always); a
//   reply that tells of a key waits for the writes to it (dirty-keys.ts). Others do not wait.
// - Bytes that cannot be written stay in the buffer, in order; what got through in part is cut off
//   again. Their replies wait, new writes are refused with MISCONF, and the write is tried again
//   each second: so nothing is acknowledged that is not in the log, and nothing need be undone.
// - One sync at a time. Under always, what comes while one runs off the main thread stays in the
//   buffer and is written and synced together when it ends: one sync for all clients. Where it
//   runs is measured (sync-strategy.ts).
// - everysec: when a sync is still running after a second, nothing more is released until it ends:
//   otherwise what a power cut costs would grow with the disk's slowness. `aof-late-sync
//   acknowledge` does as Redis does: replies leave, and what they tell is held in memory for up to
//   two seconds.
// - A file that somebody has deleted is as good as one whose sync has failed. It is looked for with
//   each sync of always, and once a second.
// - A failed sync is never repeated: the kernel may have dropped the pages and call them clean.
//   Writes are refused and no more replies are released until a rewrite from memory has replaced
//   the file.
import type { Wait } from '../aof/waits.ts';
import type { EffectSink } from '../commands/context.ts';
import { reasonOf } from '../errors.ts';
import type { Disk } from '../io/disk.ts';
import { Effects } from './effects.ts';
import type { PersistenceOptions } from './settings.ts';
import { SyncStrategy } from './sync-strategy.ts';

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
const cronsPerLook = 10;
// While replies wait for a sync the log is not written, so as not to block on the disk.
const heldBytesMax = 64 * 1024 * 1024;
const waitsForFile = 'the disk takes long to make the next file, and too much waits for it';
// aof-late-sync acknowledge: how long Redis postpones a write.
const postponeNs = 2 * nsPerSecond;

/** Appends to one file at a time, the last increment. Does nothing while it has none. */
export class Appender extends Effects implements Journal {
  releasable = 0;
  onRelease: (() => void) | null = null;
  /** Called when `synced` grew. */
  onSynced: (() => void) | null = null;
  readonly strategy: SyncStrategy = new SyncStrategy();
  /** `no-appendfsync-on-rewrite`: a rewrite runs and syncs are left out meanwhile. */
  syncsSuspended = false;
  /** Another file is about to take over: nothing is written until then. */
  private held = false;
  /** How often replies had to wait for a late sync. */
  delayedSyncs = 0;
  /** Why a sync failed; stays until another file has replaced this one. */
  syncError: string | null = null;
  /** The file appended to is the one whose sync failed: a base taken before does not hold it. */
  private failedInUse = false;
  private readonly disk: Disk;
  private syncedTotal = 0;
  /** What was synced for sure when a sync failed. */
  private syncedBeforeFailure = 0;
  /** Somebody waits for this to be synced, whatever the policy. */
  private wanted = 0;
  private syncInFlight = false;
  private syncCovers = 0;
  private syncBeganNs = -Infinity;
  private late = false;
  /** Since when writes are postponed as Redis postpones them; -1: they are not. */
  private postponedSinceNs = -1;
  private afterSync: (() => void) | null = null;
  private cronsToLook = cronsPerLook;
  /** Counts files: the end of a sync of an earlier one means nothing. */
  private generation = 0;

  constructor(options: PersistenceOptions) {
    super(options);
    this.disk = options.disk;
  }

  /** Why writing failed last, or null: the log is in order. */
  get writeError(): string | null {
    return this.file.writeError;
  }

  /** Is there a file to append to? */
  get enabled(): boolean {
    return this.file.fd >= 0;
  }

  /** Bytes waiting to be written. */
  get bufferedBytes(): number {
    return this.log.length;
  }

  /** The file appended to. */
  get path(): string {
    return this.file.path;
  }

  /** Bytes of the file appended to. */
  get fileBytes(): number {
    return this.file.fileBytes;
  }

  get isSyncing(): boolean {
    return this.syncInFlight;
  }

  /** Up to here the log is durable. */
  get synced(): number {
    return this.syncError === null ? this.syncedTotal : this.syncedBeforeFailure;
  }

  /** The log is to be synced up to `position` soon. */
  wantSync(position: number): void {
    if (position > this.wanted) this.wanted = position;
  }

  // ---- the tick --------------------------------------------------------------------------------

  commit(): void {
    const { dirty, log } = this;
    dirty.floor = 0;
    if (this.file.fd < 0) return;
    if (log.length === 0 && this.releasable === this.file.writtenTotal) return;
    const { bytes, length } = log;
    const writtenBefore = this.file.writtenTotal;
    this.advance(this.options.clock.monotonicNs(), 0);
    if (this.releasable < this.appended && !dirty.active) {
      // What was written in this turn outlives it undurable, and nobody has asked for it so far.
      dirty.begin();
      dirty.floor = this.appended;
      if (writtenBefore > this.releasable) dirty.markEverything(this.appended);
      else dirty.mark(bytes, 0, length, this.appended);
    }
    this.watchKeysAsNeeded();
  }

  /** Marking costs nothing while nothing stays undurable, and cannot begin within a turn. */
  private watchKeysAsNeeded(): void {
    const groups = this.strategy.offThread && this.settings.appendFsync === 'always';
    if (groups) this.dirty.begin();
    else if (this.releasable === this.appended) this.dirty.active = false;
  }

  /** Ten times a second: due syncs, and the retry of a failed write. */
  cron(): void {
    if (this.file.fd < 0) return;
    if (--this.cronsToLook <= 0) this.lookWhetherDeleted();
    const idle = this.log.length === 0 && this.syncedTotal === this.file.writtenTotal
      && this.releasable === this.file.writtenTotal;
    if (!idle) this.advanceAlone(cronNs);
  }

  /** Outside of a tick. */
  private advanceAlone(slackNs: number): void {
    const before = this.releasable;
    this.advance(this.options.clock.monotonicNs(), slackNs);
    this.watchKeysAsNeeded();
    if (this.releasable > before && this.onRelease !== null) this.onRelease();
  }

  /** Writes, syncs what falls due within the slack, and releases what may be. */
  private advance(nowNs: number, slackNs: number): void {
    if (this.syncInFlight && this.waitsForSync(nowNs)) return;
    if (this.log.length > 0 && !this.held) {
      // What cannot be written now keeps nothing from being synced that was written before.
      if (!this.file.mustWait(nowNs)) this.write(nowNs);
    }
    this.syncAsDue(nowNs, slackNs);
  }

  /** A sync runs: must what is new wait for its end? */
  private waitsForSync(nowNs: number): boolean {
    const policy = this.settings.appendFsync;
    if (policy === 'always') return !this.syncsSuspended && this.log.length < heldBytesMax;
    if (policy === 'no' || this.syncsSuspended || this.log.length === 0) return false;
    if (this.settings.lateSync === 'acknowledge' || this.settings.compatStrict) {
      return this.postpones(nowNs);
    }
    if (nowNs - this.syncBeganNs > nsPerSecond) this.holdForLateSync();
    return this.late && this.log.length < heldBytesMax;
  }

  /** As Redis: replies leave while what they tell is in memory only, for up to two seconds. */
  private postpones(nowNs: number): boolean {
    if (this.postponedSinceNs < 0) this.postponedSinceNs = nowNs;
    if (nowNs - this.postponedSinceNs < postponeNs) {
      if (this.syncError === null && this.writeError === null) this.releasable = this.appended;
      return true;
    }
    this.delayedSyncs++;
    this.options.log('notice', 'Asynchronous AOF fsync is taking too long (disk is busy?). Writing'
      + ' the AOF buffer without waiting for fsync to complete, this may slow down Redis.');
    return false;
  }

  private syncAsDue(nowNs: number, slackNs: number): void {
    const policy = this.settings.appendFsync;
    if (policy === 'always' && !this.syncsSuspended) {
      this.syncForAll(nowNs);
      return;
    }
    const sinceBegan = nowNs + slackNs - this.syncBeganNs;
    const due = policy === 'everysec' ? !this.syncsSuspended && sinceBegan >= nsPerSecond
      : policy === 'no' && this.wanted > this.syncedTotal;
    const idle = this.syncInFlight || this.syncedTotal === this.file.writtenTotal;
    if (due && !idle) this.beginSync(nowNs);
    if (!this.late && this.syncError === null) this.releasable = this.file.writtenTotal;
  }

  /** always: one sync for all that has come since the last one. */
  private syncForAll(nowNs: number): void {
    // A sync that runs comes back here when it ends.
    if (this.syncInFlight) return;
    this.strategy.obey(this.settings.syncStrategy);
    const dirty = this.syncedTotal < this.file.writtenTotal;
    if (this.strategy.offThread) {
      if (dirty) this.beginSync(nowNs);
    } else if (this.syncNow() && dirty) {
      this.measured(nowNs);
    }
    this.release(this.syncedTotal);
  }

  private measured(beganNs: number): void {
    const { options, settings, strategy } = this;
    const durationNs = options.clock.monotonicNs() - beganNs;
    if (strategy.record(durationNs, settings.syncStrategy)) options.log('notice', strategy.text);
  }

  private release(position: number): void {
    if (this.syncError === null && position > this.releasable) this.releasable = position;
  }

  private holdForLateSync(): void {
    if (this.late) return;
    this.late = true;
    this.delayedSyncs++;
    this.options.log('notice', 'Asynchronous AOF fsync is taking too long (disk is busy?). Replies'
      + ' to writes wait until it ends.');
  }

  // ---- writing ---------------------------------------------------------------------------------

  protected override writeEarly(): void {
    const mayBlock = this.syncInFlight && this.log.length < heldBytesMax;
    if (this.held || mayBlock || this.writeError !== null) return;
    this.write(this.options.clock.monotonicNs());
  }

  private write(nowNs: number): boolean {
    this.postponedSinceNs = -1;
    return this.file.write(nowNs);
  }

  // ---- syncing ---------------------------------------------------------------------------------

  /** Syncs on this thread; false when that failed. No sync may be in flight. */
  private syncNow(): boolean {
    if (this.syncError !== null) return false;
    if (this.syncedTotal === this.file.writtenTotal) return true;
    try {
      this.disk.sync(this.file.fd);
    } catch (error) {
      this.syncFailed(error);
      return false;
    }
    if (this.lookWhetherDeleted()) return false;
    this.nowSynced(this.file.writtenTotal);
    return true;
  }

  private nowSynced(position: number): void {
    if (position <= this.syncedTotal) return;
    this.syncedTotal = position;
    const { file } = this;
    file.syncedFileBytes = file.fileBytes - (file.writtenTotal - position);
    if (this.onSynced !== null) this.onSynced();
  }

  private beginSync(nowNs: number): void {
    if (this.syncError !== null) return;
    this.syncInFlight = true;
    this.syncBeganNs = nowNs;
    this.syncCovers = this.file.writtenTotal;
    const { generation } = this;
    try {
      this.disk.syncAsync(this.file.fd, (error) => {
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
    if (error === null) {
      if (this.settings.appendFsync === 'always') this.measured(this.syncBeganNs);
      if (!this.lookWhetherDeleted()) this.nowSynced(this.syncCovers);
    } else {
      this.syncFailed(error);
    }
    const next = this.afterSync;
    this.afterSync = null;
    if (next !== null) next();
    if (this.file.fd >= 0) this.advanceAlone(0);
  }

  /** True: what is in the file now is lost when it is closed, however often it was synced. */
  private lookWhetherDeleted(): boolean {
    this.cronsToLook = cronsPerLook;
    if (this.syncError !== null || !this.file.isDeleted) return this.syncError !== null;
    this.syncFailed(new Error('somebody has deleted the file'));
    return true;
  }

  private syncFailed(error: unknown): void {
    this.syncError = reasonOf(error);
    this.failedInUse = true;
    this.syncedBeforeFailure = this.syncedTotal;
    this.options.log('warning', `Fail to fsync the AOF file: ${this.syncError} (${this.file.path}).`
      + ' Writes are refused until a rewrite has replaced it.');
  }

  // ---- files -----------------------------------------------------------------------------------

  /** Appends to this file from now on; its bytes count as not synced yet. */
  open(fd: number, path: string, sizeBytes: number): void {
    this.file.open(fd, path, sizeBytes);
    this.failedInUse = false;
    this.selectedDatabase = -1;
    if (sizeBytes > 0) this.syncedTotal = this.file.writtenTotal - 1;
  }

  /**
   * A new base was installed: what a file before the one in use could not sync is in it. When the
   * sync of the one in use has failed, only the next rewrite is the cure.
   */
  healed(): void {
    if (this.syncError === null || this.failedInUse) return;
    this.syncError = null;
    if (this.onSynced !== null) this.onSynced();
    this.options.log('notice', 'The AOF was rewritten after a failed fsync. Writes are welcome.');
    if (this.file.fd >= 0) this.advanceAlone(0);
  }

  /**
   * Ends when what is in the file now is synced, or its sync has failed: at once with always, after
   * an asynchronous sync otherwise.
   */
  readonly nearlySynced: Wait = { later: (done) => this.whenNearlySynced(() => done(null)) };

  private whenNearlySynced(then: () => void): void {
    const clean = this.syncedTotal === this.file.writtenTotal && !this.syncInFlight;
    if (this.file.fd < 0 || this.syncError !== null || clean) {
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

  /**
   * Writes nothing until `switchTo`, or `resume`: what comes from now on is for the next file.
   * Its replies wait; more than 64 MiB of it is refused.
   */
  hold(): void {
    this.held = true;
    this.selectedDatabase = -1;
  }

  /** The file goes on after all. */
  resume(): void {
    if (!this.held) return;
    this.held = false;
    this.advanceAlone(0);
  }

  /** Does what comes wait for the next file? */
  get isHeld(): boolean {
    return this.held;
  }

  /** Writes everything, on this thread; returns why that failed, or null. */
  flush(): string | null {
    if (this.file.fd < 0 || this.held || this.log.length === 0) return null;
    return this.write(this.options.clock.monotonicNs()) ? null : this.writeError;
  }

  /** Syncs everything, on this thread; returns why that failed, or null. */
  sync(): string | null {
    if (this.file.fd < 0 || this.syncNow()) return null;
    return this.syncError;
  }

  /**
   * Goes over to another, empty file. What was not synced counts as such. What was held back comes
   * first in it; else what could not be written is dropped: a base taken now will hold it, and must
   * not be followed by it once more.
   */
  switchTo(fd: number, path: string): void {
    const { held } = this;
    this.closeQuietly();
    if (!held) this.file.dropUnwritten();
    this.nowSynced(this.file.writtenTotal);
    this.open(fd, path, 0);
    if (held) this.advanceAlone(0);
  }

  /**
   * Stops appending; what could not be written is dropped. `release`: the log is switched off and
   * promises nothing any more, so replies that wait for it may leave.
   */
  close(release: boolean): void {
    this.closeQuietly();
    this.file.dropUnwritten();
    this.syncError = null;
    this.failedInUse = false;
    this.dirty.active = false;
    if (!release || this.releasable === this.file.writtenTotal) return;
    this.releasable = this.file.writtenTotal;
    if (this.onRelease !== null) this.onRelease();
  }

  private closeQuietly(): void {
    this.generation++;
    this.held = false;
    this.syncInFlight = false;
    this.late = false;
    this.afterSync = null;
    this.postponedSinceNs = -1;
    this.file.closeQuietly();
  }

  /** The error for write commands, or null while the log is in order. */
  refusal(): string | null {
    const tooMuch = this.held && this.log.length > heldBytesMax;
    const reason = this.syncError ?? this.writeError ?? (tooMuch ? waitsForFile : null);
    return reason === null ? null : `MISCONF Errors writing to the AOF file: ${reason}`;
  }
}
