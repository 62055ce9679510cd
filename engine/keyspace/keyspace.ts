// The keyspace: all databases over one arena, and what a snapshot needs to see them as they were.
//
// A snapshot costs nothing to start: it raises the epoch. What was born in an earlier epoch belongs
// to it; before such an entry goes or changes, the preserver is told. A flushed database that
// belongs to a running snapshot is kept aside until the snapshot ends.

import type { Arena } from '../memory/arena.ts';
import { TreeHost } from '../tree/host.ts';
import { Database, endPosition } from './database.ts';
import type { Position } from './database.ts';
import { Entries } from './entry.ts';
import type { EntryAddress } from './entry.ts';
import { KeyHash } from './hash.ts';
import { KeptVersions } from './kept.ts';
import { Segments } from './segments.ts';

/** What to build a keyspace from. */
export interface KeyspaceOptions {
  readonly arena: Arena;
  readonly databaseCount: number;
  /** Secret of the key hash, any integer up to 2^53; from Entropy, so that keys cannot be aimed. */
  readonly hashSeed: number;
  /** Slots of a dict segment at most, a power of two; tests make it small so that splits happen. */
  readonly segmentSlots?: number;
  /** Bytes of a tree's page at most; tests make it small. */
  readonly treePageBytes?: number;
}

/** Sees what is about to disappear while a snapshot runs. */
export interface Preserver {
  /**
   * Called just before an entry born before the snapshot is overwritten, replaced, renamed, given
   * another deadline, or removed. Encode it now if `positionOf(entry)` has not been walked yet.
   * `database` is the index that the entry's database had when the snapshot began (SWAPDB may have
   * moved it). Must not throw and must not change the keyspace.
   */
  preserve(database: number, entry: EntryAddress): void;
  /**
   * Called just before a database (-1: all) is flushed. Nothing has to be done: what the snapshot
   * still needs stays readable through `Keyspace.snapshotDatabase` until `endSnapshot`. A saver
   * that rather gives up, as Redis does on FLUSHALL, may call `endSnapshot` here.
   */
  flushed(database: number): void;
}

/** Where the memory is, in bytes. */
export interface KeyspaceStatistics {
  /** In blocks handed out: entries, values and index. */
  readonly usedBytes: number;
  /** Taken from the arena: used, free and bookkeeping. */
  readonly reservedBytes: number;
  /** The most that has been reserved. */
  readonly peakBytes: number;
  readonly capacityBytes: number;
  /** Segments and directories of all dicts. */
  readonly indexBytes: number;
  /** Index and entry headers: what is neither key nor value. */
  readonly overheadBytes: number;
}

const defaultSegmentSlots = 4096;
const headerBytes = 12;
const reclaimAtOnce = 200;
const reclaimUnderPressure = 4096;

/** All databases of a server. */
export class Keyspace {
  readonly arena: Arena;
  readonly databases: readonly Database[];
  /** Accessors of entries, the same for all databases. */
  readonly entries: Entries;
  /** Old versions that the writer of a snapshot still has to read. */
  readonly kept: KeptVersions;
  readonly segments: Segments;
  readonly keyHash: KeyHash;
  /** Owner of the trees that large collections are made of. */
  readonly treeHost: TreeHost;
  /** Changes since start ("dirty"): commands add to it, the keyspace itself does not. */
  changes: number = 0;
  /** Born into every entry written; grows by one when a snapshot begins. Read only outside. */
  epoch: number = 1;
  /** Set while a snapshot runs. Read only outside: use beginSnapshot and endSnapshot. */
  preserver: Preserver | null = null;
  /** Flushed databases that the running snapshot still needs. */
  private readonly aside: Database[] = [];
  /** Flushed databases whose entries still have to be given back. */
  private readonly buried: { database: Database; position: Position }[] = [];

  constructor(options: KeyspaceOptions) {
    this.arena = options.arena;
    this.treeHost = new TreeHost(options.arena, options.treePageBytes);
    this.entries = new Entries(options.arena, this.treeHost);
    this.kept = new KeptVersions(this.entries);
    this.segments = new Segments(options.arena, options.segmentSlots ?? defaultSegmentSlots);
    this.keyHash = new KeyHash(options.hashSeed % 2 ** 32, Math.floor(options.hashSeed / 2 ** 32));
    this.databases = Array.from(
      { length: options.databaseCount },
      (_, index) => new Database(this, index),
    );
    this.arena.reclaimer = () => {
      const before = this.arena.usedBytes;
      const done = this.reclaim(reclaimUnderPressure);
      return !done || this.arena.usedBytes < before;
    };
  }

  /** Keys in all databases. */
  get size(): number {
    return this.databases.reduce((sum, database) => sum + database.size, 0);
  }

  /** Where the memory is. */
  statistics(): KeyspaceStatistics {
    const { usedBytes, reservedBytes, peakBytes, capacityBytes } = this.arena;
    const indexBytes = this.segments.bytes;
    const overheadBytes = indexBytes + this.size * headerBytes;
    return { usedBytes, reservedBytes, peakBytes, capacityBytes, indexBytes, overheadBytes };
  }

  /**
   * Fixes the present as the snapshot; O(1). Then, for each index i, walk `snapshotDatabase(i)`
   * and take the entries for which `inSnapshot(entry)`; everything else reaches `preserve`.
   */
  beginSnapshot(preserver: Preserver): void {
    if (this.preserver !== null) {
      throw new Error('keyspace: a snapshot is running already');
    }
    this.epoch++;
    this.treeHost.freeze(this.epoch);
    this.kept.begin();
    this.preserver = preserver;
    for (const database of this.databases) {
      database.origin = database.index;
    }
  }

  /** Ends the snapshot, complete or not, and lets go of what was kept for it. */
  endSnapshot(): void {
    this.preserver = null;
    this.kept.acknowledgeAll();
    this.treeHost.thaw();
    for (const database of this.databases) {
      database.origin = -1;
    }
    for (const database of this.aside) {
      this.buried.push({ database, position: 0 });
    }
    this.aside.length = 0;
    this.giveBack();
  }

  /** The contents that database `index` had when the snapshot began, wherever they are by now. */
  snapshotDatabase(index: number): Database {
    const found = this.databases.find((database) => database.origin === index) ??
      this.aside.find((database) => database.origin === index);
    if (found === undefined) {
      throw new Error(`keyspace: no snapshot of database ${index} is running`);
    }
    return found;
  }

  /** Whether this version of an entry is part of the running snapshot (older than it). */
  inSnapshot(entry: EntryAddress): boolean {
    return this.entries.epoch(entry) < this.epoch;
  }

  /** Exchanges the contents of two databases (SWAPDB); Database objects keep their index. */
  swap(first: number, second: number): void {
    const a = this.databases[first];
    const b = this.databases[second];
    if (a === undefined || b === undefined) {
      throw new Error(`keyspace: there is no database ${a === undefined ? first : second}`);
    }
    if (a !== b) {
      a.exchange(b);
    }
  }

  /** Empties every database. */
  flushAll(): void {
    this.preserver?.flushed(-1);
    for (const database of this.databases) {
      this.setAside(database);
    }
    this.giveBack();
  }

  /** Empties one database; see Database.flush. */
  flush(database: Database): void {
    this.preserver?.flushed(database.index);
    this.setAside(database);
    this.giveBack();
  }

  /**
   * Gives back memory of flushed databases and released trees, about `budget` entries or blocks;
   * true when none is left.
   * The server's cron calls it; when the arena is full it happens by itself.
   */
  reclaim(budget: number): boolean {
    let left = budget;
    const nothingKept = this.kept.release(left);
    const release = (entry: EntryAddress): void => {
      this.entries.release(entry);
      left--;
    };
    for (let oldest = this.buried[0]; left > 0 && oldest !== undefined;) {
      oldest.position = oldest.database.walk(oldest.position, left, release);
      left--;
      if (oldest.position === endPosition) {
        oldest.database.clearIndex();
        this.buried.shift();
        oldest = this.buried[0];
      }
    }
    return this.treeHost.reclaim(Math.max(1, left)) && this.buried.length === 0 && nothingKept;
  }

  /** Takes the contents out of a database, to the snapshot that needs them or to be given back. */
  private setAside(database: Database): void {
    const contents = new Database(this, database.index);
    contents.exchange(database);
    if (this.preserver !== null && contents.origin >= 0) {
      this.aside.push(contents);
    } else {
      this.buried.push({ database: contents, position: 0 });
    }
  }

  /** Gives back a first slice of what is buried; all of it at once when nothing else is left. */
  private giveBack(): void {
    if (this.size > 0 || this.aside.length > 0 || this.preserver !== null) {
      this.reclaim(reclaimAtOnce);
      return;
    }
    this.buried.length = 0;
    this.segments.bytes = 0;
    for (const database of this.databases) {
      database.forget();
    }
    this.treeHost.forget();
    this.kept.forget();
    this.arena.reset();
  }
}
