// Planted bugs: syncs that are left out, late, or of something else.

import type { SyncDone } from '../../../engine/io/disk.ts';
import type { Appender } from '../../../engine/persistence/appender.ts';
import type { EngineWrappers } from '../../../engine/start.ts';
import { always, everysec, snapshotsOnly, withLog } from './planted.ts';
import type { PlantedBug } from './planted.ts';
import { DiskLayer, isBase, isLog, isManifest, isSnapshot, onDisk } from './disk-layer.ts';

/** Leaves out the syncs of some files and directories. */
abstract class Skipping extends DiskLayer {
  protected abstract skips(path: string): boolean;

  override sync(fd: number): void {
    if (!this.skips(this.pathOf(fd))) this.inner.sync(fd);
  }

  override syncAsync(fd: number, done: SyncDone): void {
    if (this.skips(this.pathOf(fd))) this.scheduler.soon(() => done(null));
    else this.inner.syncAsync(fd, done);
  }

  override syncDirectory(path: string): void {
    if (!this.skips(`${path}/`)) this.inner.syncDirectory(path);
  }

  override syncDirectoryAsync(path: string, done: SyncDone): void {
    if (this.skips(`${path}/`)) this.scheduler.soon(() => done(null));
    else this.inner.syncDirectoryAsync(path, done);
  }
}

class NoSync extends Skipping {
  skips(): boolean {
    return true;
  }
}

class NoLogSync extends Skipping {
  skips(path: string): boolean {
    return isLog(path);
  }
}

class SometimesNoSync extends Skipping {
  #count = 0;

  skips(path: string): boolean {
    return isLog(path) && ++this.#count % 8 === 0;
  }
}

class NoDirectorySync extends Skipping {
  skips(path: string): boolean {
    return path.endsWith('/');
  }
}

class NoManifestSync extends Skipping {
  skips(path: string): boolean {
    return isManifest(path);
  }
}

class NoBaseSync extends Skipping {
  skips(path: string): boolean {
    return isBase(path);
  }
}

class NoSnapshotSync extends Skipping {
  skips(path: string): boolean {
    return isSnapshot(path);
  }
}

/** Does not sync what was in a log when it was opened for the first time. */
class NoFirstSync extends Skipping {
  readonly #seen: Set<string> = new Set();

  skips(path: string): boolean {
    if (!isLog(path) || this.#seen.has(path)) return false;
    this.#seen.add(path);
    return true;
  }
}

/** Each sync is done when the next one is asked for. */
class LateSync extends DiskLayer {
  #owed = -1;

  override sync(fd: number): void {
    if (!isLog(this.pathOf(fd))) {
      this.inner.sync(fd);
      return;
    }
    if (this.#owed >= 0 && this.paths.has(this.#owed)) this.inner.sync(this.#owed);
    this.#owed = fd;
  }
}

/** Syncs what it opened first, whatever is asked for. */
class SyncOfAnother extends DiskLayer {
  override sync(fd: number): void {
    const [first = fd] = this.paths.keys();
    this.inner.sync(isLog(this.pathOf(fd)) ? first : fd);
  }

  override open(path: string, mode: Parameters<DiskLayer['open']>[1]): number {
    if (this.paths.size === 0) super.open(path, 'append');
    return super.open(path, mode);
  }
}

/** Syncs the parent in place of the directory. */
class SyncOfParent extends DiskLayer {
  override syncDirectory(path: string): void {
    this.inner.syncDirectory(path.replace(/\/appendonlydir$/, ''));
  }

  override syncDirectoryAsync(path: string, done: SyncDone): void {
    this.inner.syncDirectoryAsync(path.replace(/\/appendonlydir$/, ''), done);
  }
}

/** Writes after the sync that should have covered it. */
class WriteAfterSync extends DiskLayer {
  #held: { fd: number; bytes: Uint8Array } | null = null;

  override write(fd: number, bytes: Uint8Array, offset: number, length: number): number {
    if (!isLog(this.pathOf(fd))) return this.inner.write(fd, bytes, offset, length);
    this.#flush();
    this.#held = { fd, bytes: Uint8Array.from(bytes.subarray(offset, offset + length)) };
    return length;
  }

  override sync(fd: number): void {
    this.inner.sync(fd);
    this.#flush();
  }

  override close(fd: number): void {
    this.#flush();
    super.close(fd);
  }

  #flush(): void {
    const held = this.#held;
    this.#held = null;
    if (held !== null) this.inner.write(held.fd, held.bytes, 0, held.bytes.length);
  }
}

/** Believes a sync that failed. */
class FailedSyncBelieved extends DiskLayer {
  override sync(fd: number): void {
    try {
      this.inner.sync(fd);
    } catch {
      // As if nothing had happened.
    }
  }

  override syncAsync(fd: number, done: SyncDone): void {
    this.inner.syncAsync(fd, () => done(null));
  }
}

/** Tries a sync of a log that failed once more, and believes that one. */
class FailedSyncAgain extends DiskLayer {
  override sync(fd: number): void {
    try {
      this.inner.sync(fd);
    } catch (error) {
      if (!isLog(this.pathOf(fd))) throw error;
      this.inner.sync(fd);
    }
  }

  override syncAsync(fd: number, done: SyncDone): void {
    this.inner.syncAsync(fd, (error) => {
      if (error === null || !isLog(this.pathOf(fd))) done(error);
      else this.inner.syncAsync(fd, done);
    });
  }
}

/** A rewrite heals whatever failed, also in the file that is appended to. */
function healsAnything(): EngineWrappers {
  return {
    journal: (journal) => {
      const appender = journal as Appender;
      const healed = appender.healed.bind(appender);
      appender.healed = (): void => {
        Reflect.set(appender, 'failedInUse', false);
        healed();
      };
      return appender;
    },
  };
}

/** One in four asynchronous syncs is done, the others only said to be. */
class RareSync extends DiskLayer {
  #count = 0;

  override syncAsync(fd: number, done: SyncDone): void {
    if (isLog(this.pathOf(fd)) && ++this.#count % 4 !== 0) this.scheduler.soon(() => done(null));
    else this.inner.syncAsync(fd, done);
  }
}

export const syncBugs: readonly PlantedBug[] = [
  {
    name: 'sync-never', what: 'no sync does anything',
    settings: always, crashes: ['power'], finds: ['lost', 'refused'], within: 3,
    wrap: onDisk(NoSync),
  },
  {
    name: 'log-sync-never', what: 'the log is never synced, everything else is',
    settings: always, crashes: ['power'], finds: ['lost'], within: 3, wrap: onDisk(NoLogSync),
  },
  {
    name: 'sync-one-in-eight-left-out', what: 'every eighth sync of the log does nothing',
    settings: always, crashes: ['power'], finds: ['lost'], within: 20,
    wrap: onDisk(SometimesNoSync),
  },
  {
    name: 'first-sync-left-out', what: 'the first sync of each file of the log does nothing',
    settings: always, crashes: ['power'], finds: ['lost', 'hole', 'refused'], within: 40,
    wrap: onDisk(NoFirstSync),
  },
  {
    name: 'directory-sync-never', what: 'no directory is ever synced',
    settings: always, crashes: ['power'], finds: ['lost', 'hole', 'refused'], within: 40,
    wrap: onDisk(NoDirectorySync),
  },
  {
    name: 'parent-synced-instead', what: 'the parent is synced in place of the log\'s directory',
    settings: always, crashes: ['power'], finds: ['lost', 'hole', 'refused'], within: 40,
    wrap: onDisk(SyncOfParent),
  },
  {
    name: 'manifest-sync-never', what: 'the manifest is renamed into place unsynced',
    settings: withLog, crashes: ['power'], finds: ['refused', 'lost', 'floor'], within: 10,
    wrap: onDisk(NoManifestSync),
  },
  {
    name: 'base-sync-never', what: 'the base is renamed into place unsynced',
    settings: withLog, crashes: ['power'], finds: ['refused', 'lost', 'floor', 'hole'], within: 20,
    wrap: onDisk(NoBaseSync),
  },
  {
    name: 'snapshot-sync-never', what: 'dump.rdb is renamed into place unsynced',
    settings: snapshotsOnly, crashes: ['power'], finds: ['refused', 'floor'], within: 10,
    wrap: onDisk(NoSnapshotSync),
  },
  {
    name: 'sync-one-behind', what: 'each sync is done when the next is asked for',
    settings: always, crashes: ['power'], finds: ['lost'], within: 3, wrap: onDisk(LateSync),
  },
  {
    name: 'another-file-synced', what: 'the wrong descriptor is synced',
    settings: always, crashes: ['power'], finds: ['lost'], within: 3, wrap: onDisk(SyncOfAnother),
  },
  {
    name: 'write-after-sync', what: 'the write goes to the system after the sync',
    settings: always, crashes: ['power'], finds: ['lost'], within: 3, wrap: onDisk(WriteAfterSync),
  },
  {
    name: 'failed-sync-believed', what: 'a sync that failed counts as done',
    settings: always, crashes: ['power'], finds: ['lost'], within: 200, faults: true,
    wrap: onDisk(FailedSyncBelieved),
  },
  {
    name: 'failed-sync-tried-again', what: 'a sync that failed is tried again, and that one counts',
    settings: always, crashes: ['power'], finds: ['lost'], within: 200, faults: true,
    wrap: onDisk(FailedSyncAgain),
  },
  {
    name: 'rewrite-heals-anything',
    what: 'a rewrite mends a failed sync of the file that is written on',
    settings: always, crashes: ['power'], finds: ['lost'], within: 500, faults: true,
    wrap: healsAnything,
  },
  {
    name: 'background-sync-rare', what: 'three in four background syncs are only said to be done',
    settings: everysec, crashes: ['power'], finds: ['window', 'floor'], within: 20,
    wrap: onDisk(RareSync),
  },
];
