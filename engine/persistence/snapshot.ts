// A picture of the keyspace at one instant, written to a file while the keyspace goes on changing.
// The port, and the implementation that works in slices on the main thread.
import { BaseEncoder } from '../aof/base-encoder.ts';
import type { Clock } from '../io/clock.ts';
import { writeFully } from '../io/disk.ts';
import type { Disk } from '../io/disk.ts';
import type { Database } from '../keyspace/database.ts';
import { endPosition } from '../keyspace/database.ts';
import type { EntryAddress } from '../keyspace/entry.ts';
import type { Keyspace, Preserver } from '../keyspace/keyspace.ts';
import { RdbEncoder } from '../rdb/encoder.ts';
import type { RdbHeader } from '../rdb/encoder.ts';
import type { WrittenVersion } from '../rdb/format.ts';

/** What to write, and where. */
export interface SnapshotRequest {
  /** The file; an existing one is overwritten. Whoever asked renames or removes it. */
  readonly path: string;
  readonly format: 'rdb' | 'commands';
  readonly header: RdbHeader;
  /** `rdb-target`; of no account for commands. */
  readonly version: WrittenVersion;
  readonly compress: boolean;
  readonly checksum: boolean;
  /** Give up when everything is flushed, as Redis does when it saves. */
  readonly stopOnFlushAll: boolean;
}

/** How it went. `error` null: the file is complete and synced. */
export interface SnapshotResult {
  readonly error: Error | null;
  /** Given up because everything was flushed: no failure. */
  readonly flushed: boolean;
  readonly bytes: number;
  readonly keys: number;
}

/** A snapshot on its way. */
export interface SnapshotRun {
  readonly keysDone: number;
  readonly keysTotal: number;
  /** Stops; `done` is not called any more and the file is closed. */
  abort(): void;
}

/** Writes snapshots. One at a time in the background; `runNow` is possible beside it. */
export interface SnapshotWalker {
  /** The picture is that of now. `done` is called once, later, never before this returns. */
  start(request: SnapshotRequest, done: (result: SnapshotResult) => void): SnapshotRun;
  /** Does it all before it returns. */
  runNow(request: SnapshotRequest): SnapshotResult;
}

/** What the slices need. */
export interface SliceWalkerOptions {
  readonly disk: Disk;
  readonly clock: Clock;
  readonly keyspace: Keyspace;
  readonly schedule: (step: () => void) => void;
  /** Keys walked in one slice at most; simulations make it small. Slices end after 1 ms anyway. */
  readonly sliceKeys?: number;
}

const sliceNs = 1e6;
const defaultSliceKeys = 65536;
// Keys between two looks at the clock.
const keysPerLook = 64;

/** Walks the keyspace in slices between which commands run. */
export class SliceWalker implements SnapshotWalker {
  private readonly options: SliceWalkerOptions;

  constructor(options: SliceWalkerOptions) {
    this.options = options;
  }

  start(request: SnapshotRequest, done: (result: SnapshotResult) => void): SnapshotRun {
    const run = new SliceRun(this.options, request, done);
    run.start();
    return run;
  }

  runNow(request: SnapshotRequest): SnapshotResult {
    const file = new SnapshotFile(this.options, request);
    try {
      file.open();
      for (const database of this.options.keyspace.databases) {
        const visit = (entry: EntryAddress): void => file.entry(database.index, database, entry);
        let position = 0;
        while (position < endPosition) position = database.walk(position, 1 << 20, visit);
      }
      file.finish();
      file.syncNow();
      file.close();
    } catch (error) {
      return file.failed(error);
    }
    return file.result();
  }
}

/** The bytes of one snapshot on their way to its file. */
class SnapshotFile {
  keys = 0;
  private readonly disk: Disk;
  private readonly request: SnapshotRequest;
  private readonly keyspace: Keyspace;
  private readonly encoder: RdbEncoder | BaseEncoder;
  // Counts of keys as they were when the picture was taken; 0 once they were written.
  private readonly sizes: number[];
  private readonly deadlines: number[];
  private selected = -1;
  private fd = -1;

  constructor(options: SliceWalkerOptions, request: SnapshotRequest) {
    this.disk = options.disk;
    this.keyspace = options.keyspace;
    this.request = request;
    const sink = {
      write: (bytes: Buffer, start: number, end: number): void =>
        writeFully(this.disk, this.fd, bytes, start, end - start),
    };
    this.encoder = request.format === 'commands'
      ? new BaseEncoder(sink, this.keyspace)
      : new RdbEncoder({
        sink,
        compress: request.compress,
        checksum: request.checksum,
        keyspace: this.keyspace,
        version: request.version,
      });
    this.sizes = this.keyspace.databases.map((database) => database.size);
    this.deadlines = this.keyspace.databases.map((database) => database.deadlineCount);
  }

  open(): void {
    this.fd = this.disk.open(this.request.path, 'truncate');
    if (this.encoder instanceof RdbEncoder) this.encoder.begin(this.request.header);
  }

  entry(index: number, database: Database, entry: EntryAddress): void {
    if (index !== this.selected) this.select(index);
    this.encoder.entry(database, entry);
    this.keys++;
  }

  private select(index: number): void {
    this.selected = index;
    this.encoder.selectDatabase(index);
    const size = this.sizes[index] as number;
    if (size === 0 || !(this.encoder instanceof RdbEncoder)) return;
    this.sizes[index] = 0;
    this.encoder.resizeDatabase(size, this.deadlines[index] as number);
  }

  finish(): void {
    this.encoder.finish();
  }

  syncNow(): void {
    this.disk.sync(this.fd);
  }

  sync(done: (error: Error | null) => void): void {
    this.disk.syncAsync(this.fd, done);
  }

  close(): void {
    const { fd } = this;
    this.fd = -1;
    if (fd >= 0) this.disk.close(fd);
  }

  result(): SnapshotResult {
    return { error: null, flushed: false, bytes: this.encoder.bytesEncoded, keys: this.keys };
  }

  failed(cause: unknown): SnapshotResult {
    const error = cause instanceof Error ? cause : new Error(String(cause));
    this.closeQuietly();
    return { error, flushed: false, bytes: this.encoder.bytesEncoded, keys: this.keys };
  }

  closeQuietly(): void {
    try {
      this.close();
    } catch {
      // Nothing of this file is used.
    }
  }
}

class SliceRun implements SnapshotRun, Preserver {
  readonly keysTotal: number;
  private readonly options: SliceWalkerOptions;
  private readonly request: SnapshotRequest;
  private readonly file: SnapshotFile;
  private readonly keyspace: Keyspace;
  private readonly visit: (entry: EntryAddress) => void;
  private done: ((result: SnapshotResult) => void) | null;
  private walking = false;
  private failure: Error | null = null;
  // Everything before this place was written: databases before `index`, and in it up to `position`.
  private index = 0;
  private position = 0;

  constructor(
    options: SliceWalkerOptions,
    request: SnapshotRequest,
    done: (result: SnapshotResult) => void,
  ) {
    this.options = options;
    this.request = request;
    this.keyspace = options.keyspace;
    this.keysTotal = options.keyspace.size;
    this.file = new SnapshotFile(options, request);
    this.done = done;
    this.visit = (entry): void => {
      if (this.keyspace.inSnapshot(entry)) this.write(this.index, entry);
    };
  }

  get keysDone(): number {
    return this.file.keys;
  }

  start(): void {
    try {
      this.file.open();
      this.keyspace.beginSnapshot(this);
      this.walking = true;
    } catch (error) {
      this.failure = error instanceof Error ? error : new Error(String(error));
    }
    this.options.schedule(() => this.slice());
  }

  abort(): void {
    this.done = null;
    this.stopWalking();
    this.file.closeQuietly();
  }

  // ---- what is about to disappear --------------------------------------------------------------

  preserve(index: number, entry: EntryAddress): void {
    if (!this.walking || index < this.index) return;
    if (index === this.index) {
      const database = this.keyspace.snapshotDatabase(index);
      if (database.positionOf(entry) < this.position) return;
    }
    this.write(index, entry);
  }

  flushed(database: number): void {
    if (database !== -1 || !this.request.stopOnFlushAll || !this.walking) return;
    this.stopWalking();
    const result = { ...this.file.result(), flushed: true };
    this.file.closeQuietly();
    this.options.schedule(() => this.end(result));
  }

  // ---- slices ----------------------------------------------------------------------------------

  private slice(): void {
    if (this.done === null) return;
    if (this.failure !== null) {
      this.stopWalking();
      this.end(this.file.failed(this.failure));
      return;
    }
    if (!this.walking) return;
    const { clock, sliceKeys = defaultSliceKeys } = this.options;
    const stopNs = clock.monotonicNs() + sliceNs;
    for (let keys = 0; keys < sliceKeys; keys += keysPerLook) {
      if (!this.walkSome(Math.min(keysPerLook, sliceKeys))) {
        this.finish();
        return;
      }
      if (this.failure !== null || clock.monotonicNs() >= stopNs) break;
    }
    this.options.schedule(() => this.slice());
  }

  /** Walks about so many keys on; false when there are no more. */
  private walkSome(keys: number): boolean {
    if (this.index >= this.keyspace.databases.length) return false;
    const database = this.keyspace.snapshotDatabase(this.index);
    this.position = database.walk(this.position, keys, this.visit);
    if (this.position >= endPosition) {
      this.index++;
      this.position = 0;
    }
    return true;
  }

  /** Never throws: it is called in the middle of commands. */
  private write(index: number, entry: EntryAddress): void {
    if (this.failure !== null) return;
    try {
      this.file.entry(index, this.keyspace.snapshotDatabase(index), entry);
    } catch (error) {
      this.failure = error instanceof Error ? error : new Error(String(error));
    }
  }

  private finish(): void {
    this.stopWalking();
    try {
      if (this.failure !== null) throw this.failure;
      this.file.finish();
      this.file.sync((error) => this.synced(error));
    } catch (error) {
      this.end(this.file.failed(error));
    }
  }

  private synced(error: Error | null): void {
    if (this.done === null) return;
    try {
      if (error !== null) throw error;
      this.file.close();
    } catch (cause) {
      this.end(this.file.failed(cause));
      return;
    }
    this.end(this.file.result());
  }

  private stopWalking(): void {
    if (!this.walking) return;
    this.walking = false;
    this.keyspace.endSnapshot();
  }

  private end(result: SnapshotResult): void {
    const { done } = this;
    this.done = null;
    if (done !== null) done(result);
  }
}
