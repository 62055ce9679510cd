// The snapshot file: SAVE, BGSAVE and save points.
//
// temp-<pid>.rdb → sync → rename → directory sync. Only then the save counts; until then, and
// whenever a step fails, the old file stays what it was.
import { atOnce, directorySynced, inTurn } from '../aof/waits.ts';
import type { Waiting, Work } from '../aof/waits.ts';
import type { CommandOutcome } from '../commands/context.ts';
import { redisVersion } from '../commands/context.ts';
import { reasonOf } from '../errors.ts';
import type { EngineError } from '../errors.ts';
import type { Disk } from '../io/disk.ts';
import { endPosition } from '../keyspace/database.ts';
import type { RdbHeader } from '../rdb/encoder.ts';
import { newestVersion } from '../rdb/format.ts';
import type { WrittenVersion } from '../rdb/format.ts';
import { deadlinesUnsupported } from '../rdb/value-encoder.ts';
import type { PersistenceOptions, PersistenceSettings } from './settings.ts';
import { noCosts } from './snapshot.ts';
import type {
  SnapshotCosts, SnapshotRequest, SnapshotResult, SnapshotRun, SnapshotWalker,
} from './snapshot.ts';

const retryDelaySec = 5;

const misconfigured = "MISCONF Redis is configured to save RDB snapshots, but it's currently unable"
  + ' to persist to disk. Commands that may modify the data set are disabled, because this instance'
  + ' is configured to report errors during writes if RDB snapshotting fails'
  + ' (stop-writes-on-bgsave-error option). Please check the Redis logs for details about the RDB'
  + ' error.';

/** The first lines of a snapshot taken now. */
export function headerNow(options: PersistenceOptions, aofBase: boolean): RdbHeader {
  return {
    redisVersion,
    createdSec: Math.floor(options.clock.wallMs() / 1000),
    usedMemoryBytes: options.keyspace.arena.usedBytes,
    aofBase,
  };
}

/** Why no snapshot can be written now, because of what a key holds; null when one can. */
export function unsaveable({ keyspace, settings }: PersistenceOptions): EngineError | null {
  const { rdbTarget } = settings;
  if (rdbTarget >= 12) return null;
  const found: EngineError[] = [];
  for (const database of keyspace.databases) {
    let position = 0;
    while (database.fieldDeadlineCount > 0 && found.length === 0 && position < endPosition) {
      position = database.walkFieldDeadlines(position, 1, (entry) => {
        found.push(deadlinesUnsupported(database, entry, rdbTarget));
      });
    }
  }
  return found[0] ?? null;
}

/** What the base of a log is written as: commands, when RDB cannot express all that there is. */
export function baseFormat(options: PersistenceOptions): 'rdb' | 'commands' {
  return options.settings.useRdbPreamble && unsaveable(options) === null ? 'rdb' : 'commands';
}

/** Who saves: somebody who can be told that it is impossible, or the server by itself. */
export type SaveCause = 'command' | 'server';

/** Takes snapshots into `dbfilename`. */
export class Saver {
  /** Unix time of the last successful save, at first of the start. */
  lastSaveSec: number;
  /** Did the last save in the background work? One that works in the foreground mends it. */
  healthy = true;
  /** Saves that worked. */
  saves = 0;
  lastDurationSec = -1;
  /** What the last save in the background cost. */
  lastCosts: SnapshotCosts = noCosts;
  /** A save is to begin once the rewrite has ended. */
  scheduled = false;
  private readonly options: PersistenceOptions;
  private readonly settings: PersistenceSettings;
  private readonly walker: SnapshotWalker;
  private run: SnapshotRun | null = null;
  /** The finished snapshot is put in its place. */
  private work: Work | null = null;
  private startedSec = 0;
  private lastTrySec = -Infinity;
  /** `keyspace.changes` as the last saved snapshot saw it. */
  private savedChanges = 0;

  constructor(options: PersistenceOptions, walker: SnapshotWalker) {
    this.options = options;
    this.settings = options.settings;
    this.walker = walker;
    this.lastSaveSec = this.nowSec();
  }

  get running(): SnapshotRun | null {
    return this.run;
  }

  /** Seconds that the running save has taken so far; -1 when none runs. */
  get currentDurationSec(): number {
    return this.run === null ? -1 : this.nowSec() - this.startedSec;
  }

  /** Unix time at which the last save in the background began. */
  get lastStartSec(): number {
    return this.startedSec;
  }

  /** Changes since the last save. */
  get changes(): number {
    return this.options.keyspace.changes - this.savedChanges;
  }

  /** The data just loaded counts as saved. */
  loaded(): void {
    this.savedChanges = this.options.keyspace.changes;
    this.lastSaveSec = this.nowSec();
  }

  /** SAVE, and the save of a shutdown. One that fails is its caller's matter, as in Redis. */
  save(cause: SaveCause): CommandOutcome {
    if (this.run !== null) {
      return { kind: 'error', text: 'ERR Background save already in progress' };
    }
    const refused = this.refused(cause);
    if (refused !== null) return refused;
    const { changes } = this.options.keyspace;
    const result = this.walker.runNow(this.request());
    let error: unknown = null;
    try {
      atOnce(this.installing(result));
    } catch (thrown) {
      error = thrown;
    }
    if (!this.installed(result, changes, error)) {
      return { kind: 'error', text: 'ERR The snapshot could not be written; see the log' };
    }
    return { kind: 'ok', text: 'OK' };
  }

  /** BGSAVE, when nothing else walks the keyspace. The outcome is what it answers. */
  begin(cause: SaveCause): CommandOutcome {
    this.scheduled = false;
    const refused = this.refused(cause);
    if (refused !== null) return refused;
    this.startedSec = this.nowSec();
    this.lastTrySec = this.startedSec;
    const { changes } = this.options.keyspace;
    this.run = this.walker.start(this.request(), (result) => this.ended(result, changes));
    this.options.log('notice', 'Background saving started');
    return { kind: 'ok', text: 'Background saving started' };
  }

  /**
   * The error for a command while a key holds what `rdb-target` has no way to say. Where nobody
   * would read it the snapshot is written in a version that has: none at all would be worse.
   */
  private refused(cause: SaveCause): CommandOutcome | null {
    const error = unsaveable(this.options);
    if (error === null) return null;
    const { log } = this.options;
    if (cause === 'server') {
      log('warning', `Saving in RDB version ${newestVersion}, because ${error.message}.`);
      return null;
    }
    log('warning', `Snapshot refused: ${error.message}. The old snapshot stays.`);
    return { kind: 'error', text: `ERR ${error.message}` };
  }

  private get version(): WrittenVersion {
    return unsaveable(this.options) === null ? this.settings.rdbTarget : newestVersion;
  }

  /** Stops the running save, if any, without calling it a failure. */
  abort(): void {
    if (this.run === null) return;
    this.run.abort();
    this.run = null;
    this.work?.stop();
    removeQuietly(this.options.disk, this.temporaryPath());
    this.options.log('notice', 'Background saving aborted');
  }

  /** Whether a save may begin by itself: not soon after one that failed. */
  get mayTry(): boolean {
    return this.healthy || this.nowSec() - this.lastTrySec > retryDelaySec;
  }

  /** The save point that is reached, or null. */
  duePoint(): { readonly seconds: number; readonly changes: number } | null {
    if (!this.mayTry) return null;
    const nowSec = this.nowSec();
    for (const point of this.settings.savePoints) {
      if (this.changes >= point.changes && nowSec - this.lastSaveSec > point.seconds) return point;
    }
    return null;
  }

  /** The error for write commands while snapshots fail, or null. */
  refusal(): string | null {
    const refuses = !this.healthy && this.settings.stopWritesOnSaveError;
    return refuses && this.settings.savePoints.length > 0 ? misconfigured : null;
  }

  private ended(result: SnapshotResult, changes: number): void {
    this.lastCosts = result.costs;
    if (result.flushed) {
      this.run = null;
      this.lastDurationSec = this.nowSec() - this.startedSec;
      removeQuietly(this.options.disk, this.temporaryPath());
      this.options.log('notice', 'Background saving stopped: all keys were flushed');
      return;
    }
    this.work = inTurn(this.installing(result), (error) => {
      this.run = null;
      this.lastDurationSec = this.nowSec() - this.startedSec;
      const worked = this.installed(result, changes, error);
      this.healthy = worked;
      this.options.log(worked ? 'notice' : 'warning',
        worked ? 'Background saving terminated with success' : 'Background saving error');
    });
  }

  /** Puts the finished file in its place. */
  private *installing(result: SnapshotResult): Waiting {
    if (result.error !== null) throw result.error;
    const { options: { disk }, settings: { directory, dbFileName } } = this;
    disk.rename(this.temporaryPath(), `${directory}/${dbFileName}`);
    yield directorySynced(disk, directory);
  }

  /** Whether the file is in its place. */
  private installed(
    result: SnapshotResult, changes: number, error: unknown,
  ): boolean {
    const { log } = this.options;
    if (error !== null) {
      log('warning', `Write error saving DB on disk: ${reasonOf(error)}. The old snapshot stays.`);
      removeQuietly(this.options.disk, this.temporaryPath());
      return false;
    }
    this.healthy = true;
    this.saves++;
    this.savedChanges = changes;
    this.lastSaveSec = this.nowSec();
    log('notice', `DB saved on disk: ${result.keys} keys, ${result.bytes} bytes`);
    return true;
  }

  private request(): SnapshotRequest {
    return {
      path: this.temporaryPath(),
      format: 'rdb',
      header: headerNow(this.options, false),
      version: this.version,
      compress: this.settings.rdbCompression,
      checksum: this.settings.rdbChecksum,
      stopOnFlushAll: true,
    };
  }

  private temporaryPath(): string {
    return `${this.settings.directory}/temp-${this.options.processId}.rdb`;
  }

  private nowSec(): number {
    return Math.floor(this.options.clock.wallMs() / 1000);
  }
}

/** Removes a temporary file; one that stays is removed at the next start. */
export function removeQuietly(disk: Disk, path: string): void {
  try {
    disk.unlink(path);
  } catch {
    // Not there, or not now.
  }
}
