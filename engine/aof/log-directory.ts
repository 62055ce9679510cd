// The directory of a log: its manifest on disk, replaced in ways that survive a power cut.
import { EngineError } from '../errors.ts';
import { readStart, writeFully } from '../io/disk.ts';
import type { Disk } from '../io/disk.ts';
import {
  baseName,
  incrementName,
  manifestName,
  temporaryManifestName,
  waitingIncrementName,
} from './format.ts';
import { emptyManifest, formatManifest, parseManifest } from './manifest.ts';
import type { LogFile, Manifest } from './manifest.ts';
import { directorySynced, fileSynced } from './waits.ts';
import type { SyncWait, Waiting } from './waits.ts';

/** Where a log lives. */
export interface LogDirectoryOptions {
  readonly disk: Disk;
  /** `dir`, absolute */
  readonly parent: string;
  /** `appenddirname` */
  readonly name: string;
  /** `appendfilename` */
  readonly prefix: string;
  /** `aof-checksum`: are increments begun now written in blocks? */
  readonly inBlocks: () => boolean;
}

/** A file opened for appending. */
export interface OpenIncrement {
  readonly fd: number;
  readonly path: string;
}

/** An increment that is durable and empty, and the manifest, written, that will name it. */
export interface PreparedIncrement extends OpenIncrement {
  readonly file: LogFile;
  readonly manifest: Manifest;
}

/**
 * `manifest` is what the file named P.manifest says. When a call throws after its rename, the new
 * manifest is in place but may not survive a power cut: then no file of either may be removed.
 */
export class LogDirectory {
  manifest: Manifest = emptyManifest;
  readonly path: string;
  readonly prefix: string;
  private readonly disk: Disk;
  private readonly parent: string;
  private readonly inBlocks: () => boolean;
  private settled = true;

  constructor(options: LogDirectoryOptions) {
    this.disk = options.disk;
    this.parent = options.parent;
    this.path = `${options.parent}/${options.name}`;
    this.prefix = options.prefix;
    this.inBlocks = options.inBlocks;
  }

  get manifestPath(): string {
    return this.pathOf(manifestName(this.prefix));
  }

  pathOf(name: string): string {
    return `${this.path}/${name}`;
  }

  /**
   * Names in the directory; none when it does not exist.
   * @throws {EngineError} DIRECTORY_UNUSABLE when it is a file.
   */
  list(): readonly string[] {
    const stat = this.disk.stat(this.path);
    if (stat?.kind !== 'file') return stat === null ? [] : this.disk.list(this.path);
    throw new EngineError('DIRECTORY_UNUSABLE', `${this.path} is a file, where the log has its`
      + " directory: move it away, or name another one with 'appenddirname'");
  }

  /**
   * Reads the manifest; false when there is none.
   * @throws {EngineError} MANIFEST_BAD
   */
  read(): boolean {
    const path = this.manifestPath;
    const stat = this.disk.stat(path);
    if (stat === null) return false;
    if (stat.kind !== 'file') {
      throw new EngineError('MANIFEST_BAD', `${path} is a directory: expected the manifest of a`
        + ' log. Move it away, or restore the manifest from a copy');
    }
    this.manifest = parseManifest(readStart(this.disk, path, stat.sizeBytes), path);
    return true;
  }

  /** Makes the directory, durably: one that holds a log is, any other may not be synced yet. */
  create(): void {
    const made = this.disk.stat(this.path) !== null;
    if (made && this.manifest.base !== null) return;
    if (!made) this.disk.makeDirectory(this.path);
    this.disk.syncDirectory(this.parent);
  }

  /** Replaces the manifest; it is durable at the end. */
  *install(next: Manifest): Waiting {
    yield* this.write(next);
    yield* this.replace(next);
  }

  /** Writes a manifest beside the one in place. */
  private *write(next: Manifest): Waiting {
    const bytes = formatManifest(next);
    const fd = this.disk.open(this.temporaryPath, 'truncate');
    try {
      writeFully(this.disk, fd, bytes, 0, bytes.length);
      yield fileSynced(this.disk, fd);
    } finally {
      this.disk.close(fd);
    }
  }

  /** Puts the manifest that was written in its place. */
  private *replace(next: Manifest): Waiting {
    this.disk.rename(this.temporaryPath, this.manifestPath);
    this.manifest = next;
    this.settled = false;
    yield this.synced();
    this.settled = true;
  }

  private synced(): SyncWait {
    return directorySynced(this.disk, this.path);
  }

  private get temporaryPath(): string {
    return this.pathOf(temporaryManifestName(this.prefix));
  }

  /** The increment that comes next; not made yet. */
  nextIncrement(): LogFile {
    const { increments, history } = this.manifest;
    const last = increments.at(-1)?.sequence ?? 0;
    const sequence = Math.max(last, highestSequence(history, /\.incr\.aof$/)) + 1;
    const file = { name: incrementName(this.prefix, sequence), sequence };
    return this.inBlocks() ? { ...file, inBlocks: true } : file;
  }

  /** Opens a new, empty increment and puts it last in the manifest before its first byte. */
  *addIncrement(): Waiting<OpenIncrement> {
    const prepared = yield* this.prepareIncrement();
    let added = false;
    try {
      yield* this.announce(prepared);
      added = true;
    } finally {
      if (!added) this.abandon(prepared);
    }
    return prepared;
  }

  /** Opens a new, empty increment. It counts, and may be written to, once it is announced. */
  *prepareIncrement(): Waiting<PreparedIncrement> {
    const file = this.nextIncrement();
    const path = this.pathOf(file.name);
    const manifest = { ...this.manifest, increments: [...this.manifest.increments, file] };
    const prepared = { fd: this.disk.open(path, 'truncate'), path, file, manifest };
    let done = false;
    try {
      // The name first, durably: a manifest must never name a file that a power cut forgets.
      yield this.synced();
      yield* this.write(manifest);
      done = true;
    } finally {
      if (!done) this.abandon(prepared);
    }
    return prepared;
  }

  /** Puts the increment last in the manifest; nothing else may have changed it meanwhile. */
  announce({ manifest }: PreparedIncrement): Waiting {
    return this.replace(manifest);
  }

  /** Notes how long an increment is: nothing is appended to it any more. */
  *noteLength(path: string, bytes: number): Waiting {
    const { increments } = this.manifest;
    yield* this.install({
      ...this.manifest,
      increments: increments.map((file) => (
        this.pathOf(file.name) === path ? { ...file, bytes } : file)),
    });
  }

  /** For a file that was cut on purpose: the manifest says no more how long it is. */
  *forgetLength(path: string): Waiting {
    const { increments } = this.manifest;
    if (increments.every(({ name, bytes }) => bytes === undefined || this.pathOf(name) !== path)) {
      return;
    }
    yield* this.install({
      ...this.manifest,
      increments: increments.map(({ bytes, ...file }) => (
        bytes === undefined || this.pathOf(file.name) === path ? file : { ...file, bytes })),
    });
  }

  /** Does without the increment. The manifest may name it all the same: it stays empty then. */
  abandon({ fd, path, file }: PreparedIncrement): void {
    try {
      this.disk.close(fd);
      if (!this.manifest.increments.some(({ name }) => name === file.name)) this.disk.unlink(path);
    } catch {
      // It is empty and stays out of the way: the next increment of this number truncates it.
    }
  }

  /** Opens an increment that counts for nothing until a base of it is installed. */
  openWaiting(): OpenIncrement {
    const path = this.pathOf(waitingIncrementName(this.prefix));
    return { fd: this.openFresh(path), path };
  }

  /** Opens a new file: bytes of an old one, merely truncated, could come back with a power cut. */
  private openFresh(path: string): number {
    if (this.disk.stat(path) !== null) this.disk.unlink(path);
    return this.disk.open(path, 'truncate');
  }

  /**
   * Makes `temporaryPath`, which is synced, the base; what is not in `increments` is history.
   * When it throws, the old base is still valid.
   */
  *installBase(temporaryPath: string, rdb: boolean, next: Manifest['increments']): Waiting {
    const old = this.manifest;
    const sequence = this.nextBaseSequence();
    const name = baseName(this.prefix, sequence, rdb);
    const kept = new Set(next.map((file) => file.name));
    const replaced = old.increments.filter((file) => !kept.has(file.name));
    const history = [...old.history, ...(old.base === null ? [] : [old.base]), ...replaced];
    const bytes = this.disk.stat(temporaryPath)?.sizeBytes ?? 0;
    this.disk.rename(temporaryPath, this.pathOf(name));
    try {
      yield this.synced();
      yield* this.install({ base: { name, sequence, bytes }, history, increments: next });
    } finally {
      if (this.manifest === old) this.removeQuietly(this.pathOf(name));
    }
  }

  /**
   * As `installBase`, with the waiting increment as the only one. The manifest names it while it
   * is still empty: a name with commands that no manifest knows would keep the next start away.
   * @throws what the disk throws; the files in place are whole, the increment may still wait.
   */
  *installBaseOfWaiting(temporaryPath: string, rdb: boolean): Waiting {
    const file = this.nextIncrement();
    const path = this.pathOf(file.name);
    this.disk.close(this.openFresh(path));
    yield* this.installBase(temporaryPath, rdb, [file]);
    this.disk.rename(this.pathOf(waitingIncrementName(this.prefix)), path);
    yield this.synced();
  }

  /**
   * Removes replaced files, once no power cut can bring back a manifest that needs them. What
   * cannot be removed stays history, for the next time.
   */
  *removeHistory(): Waiting {
    if (this.manifest.history.length === 0) return;
    if (!this.settled) {
      yield this.synced();
      this.settled = true;
    }
    const { history } = this.manifest;
    const left = history.filter((file) => !this.removeQuietly(this.pathOf(file.name)));
    if (left.length < history.length) yield* this.install({ ...this.manifest, history: left });
  }

  /** Removes what was being written when an earlier process ended. */
  removeTemporaries(): void {
    const names = [temporaryManifestName(this.prefix), waitingIncrementName(this.prefix)];
    for (const name of names) {
      if (this.disk.stat(this.pathOf(name)) !== null) this.removeQuietly(this.pathOf(name));
    }
  }

  /** False: it is still there. */
  removeQuietly(path: string): boolean {
    try {
      this.disk.unlink(path);
    } catch {
      // Left over: harmless, and removed or overwritten later.
      return this.disk.stat(path) === null;
    }
    return true;
  }

  private nextBaseSequence(): number {
    const { base, history } = this.manifest;
    return Math.max(base?.sequence ?? 0, highestSequence(history, /\.base\.(rdb|aof)$/)) + 1;
  }
}

function highestSequence(files: readonly LogFile[], names: RegExp): number {
  let highest = 0;
  for (const { name, sequence } of files) {
    if (names.test(name)) highest = Math.max(highest, sequence);
  }
  return highest;
}
