// The writer of a snapshot: takes entries from the ring and encodes them into the file. It runs in
// a thread of its own over its own view of the arena, or in steps on the main thread.
import { BaseEncoder } from '../../aof/base-encoder.ts';
import { writeFully } from '../../io/disk.ts';
import type { Disk } from '../../io/disk.ts';
import type { Database } from '../../keyspace/database.ts';
import type { EntryAddress } from '../../keyspace/entry.ts';
import type { Keyspace } from '../../keyspace/keyspace.ts';
import { RdbEncoder } from '../../rdb/encoder.ts';
import type { RdbHeader } from '../../rdb/encoder.ts';
import type { WrittenVersion } from '../../rdb/format.ts';
import type { LargeValues } from '../../keyspace/entry-view.ts';
import { LargeValueReader } from './large-values.ts';
import { databaseOf, isCopy, isEnd } from './ring.ts';
import type { SnapshotRing } from './ring.ts';

/** What to write. Plain data: it is sent to the thread. */
export interface SnapshotContents {
  readonly format: 'rdb' | 'commands';
  readonly header: RdbHeader;
  /** `rdb-target`; of no account for commands. */
  readonly version: WrittenVersion;
  readonly compress: boolean;
  readonly checksum: boolean;
  /** By database: its keys, and those with a deadline, as they were when the picture was taken. */
  readonly keys: readonly number[];
  readonly deadlines: readonly number[];
}

/** The writer was told to stop. */
export class Cancelled extends Error {
  constructor() {
    super('the snapshot was cancelled');
    this.name = 'Cancelled';
  }
}

/** Bytes written between two looks of the disk at them: a sync at the end has little left to do. */
const bytesPerSync = 32 * 1024 * 1024;
/** Entries between two reports of what was written. */
const entriesPerReport = 32;

/** Where the bytes come from and go to. */
export interface EncodingParts {
  /** How entries are read. */
  readonly keyspace: Keyspace;
  /** How values are read that change meanwhile; null: none does. */
  readonly largeValues: LargeValues | null;
  readonly write: (bytes: Buffer, start: number, end: number) => void;
}

/** The bytes of one snapshot on their way to an open file. */
export class SnapshotEncoder {
  keys = 0;
  private readonly contents: SnapshotContents;
  private readonly encoder: RdbEncoder | BaseEncoder;
  private readonly sized: boolean[] = [];
  private selected = -1;

  constructor(contents: SnapshotContents, { keyspace, largeValues, write }: EncodingParts) {
    this.contents = contents;
    const sink = { write };
    const { compress, checksum, version } = contents;
    this.encoder = contents.format === 'commands'
      ? new BaseEncoder(sink, { keyspace, largeValues })
      : new RdbEncoder({ sink, compress, checksum, keyspace, version, largeValues });
  }

  get bytes(): number {
    return this.encoder.bytesEncoded;
  }

  begin(): void {
    if (this.encoder instanceof RdbEncoder) this.encoder.begin(this.contents.header);
  }

  entry(index: number, database: Database, entry: EntryAddress): void {
    if (index !== this.selected) this.select(index);
    this.encoder.entry(database, entry);
    this.keys++;
  }

  private select(index: number): void {
    this.selected = index;
    this.encoder.selectDatabase(index);
    if (this.sized[index] === true || !(this.encoder instanceof RdbEncoder)) return;
    this.sized[index] = true;
    const { keys, deadlines } = this.contents;
    this.encoder.resizeDatabase(keys[index] as number, deadlines[index] as number);
  }

  finish(): void {
    this.encoder.finish();
  }
}

/** What a writer works with. */
export interface WriterParts {
  readonly ring: SnapshotRing;
  readonly disk: Disk;
  /** The open file. Who opened it closes it. */
  readonly fd: number;
  readonly contents: SnapshotContents;
  /** How entries are read. */
  readonly keyspace: Keyspace;
  /** In a thread: makes copies of entries that the main thread may change. */
  readonly copier: EntryCopier | null;
  /** Sync now and then; in a thread only, since it waits. */
  readonly syncsEarly: boolean;
}

/** Copies entries so that they stay as they are. */
export interface EntryCopier {
  /** The entries that come next: looks at them, so that they are in the processor's cache. */
  lookAhead(ring: SnapshotRing, from: number, to: number): void;
  /** Copies the entry in the slot; returns the address of a copy, here or there. */
  copy(ring: SnapshotRing, sequence: number): EntryAddress;
}

/** Writes one snapshot. */
export class SnapshotWriter {
  /** The end mark was met and everything is in the file, not synced. */
  done = false;
  private readonly parts: WriterParts;
  private readonly encoder: SnapshotEncoder;
  private readonly largeValues: LargeValueReader;
  private tail = 0;
  private unsyncedBytes = 0;

  constructor(parts: WriterParts) {
    this.parts = parts;
    const { keyspace, ring } = parts;
    this.largeValues = new LargeValueReader(keyspace.arena, ring);
    this.encoder = new SnapshotEncoder(parts.contents, {
      keyspace, largeValues: this.largeValues,
      write: (bytes, start, end) => this.write(bytes, start, end),
    });
    this.encoder.begin();
  }

  get keys(): number {
    return this.encoder.keys;
  }

  get bytes(): number {
    return this.encoder.bytes;
  }

  /**
   * Writes at most so many entries; returns how many there were.
   * @throws {Cancelled} {WriteError} {EngineError} RDB_UNSUPPORTED
   */
  step(most: number): number {
    const { ring, copier } = this.parts;
    const begun = this.tail;
    const end = Math.min(ring.head, begun + most);
    while (this.tail < end && !this.done) {
      if (ring.isCancelled) throw new Cancelled();
      const next = Math.min(end, this.tail + entriesPerReport);
      copier?.lookAhead(ring, this.tail, next);
      for (; this.tail < next; this.tail++) this.take(this.tail);
      ring.advance(this.tail, this.encoder.keys);
    }
    return this.tail - begun;
  }

  private take(sequence: number): void {
    const { ring, copier, keyspace } = this.parts;
    const kind = ring.kindAt(sequence);
    if (isEnd(kind)) {
      this.encoder.finish();
      this.done = true;
      return;
    }
    const entry = copier === null || isCopy(kind)
      ? ring.entryAt(sequence)
      : copier.copy(ring, sequence);
    if (entry === 0) throw new Cancelled();
    const index = databaseOf(kind);
    this.largeValues.sequence = sequence;
    this.encoder.entry(index, keyspace.databases[index] as Database, entry);
  }

  private write(bytes: Buffer, start: number, end: number): void {
    const { disk, fd, ring, syncsEarly } = this.parts;
    if (ring.isCancelled) throw new Cancelled();
    writeFully(disk, fd, bytes, start, end - start);
    this.unsyncedBytes += end - start;
    if (syncsEarly && this.unsyncedBytes >= bytesPerSync) {
      disk.sync(fd);
      this.unsyncedBytes = 0;
    }
  }
}
