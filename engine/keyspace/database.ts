// One numbered database: its keys, and which of them have a deadline.
//
// Hot calls take (buffer, start, end) and work on the key that `find` saw last:
//   const entry = database.find(buffer, keyStart, keyEnd);   // hashes once, remembers the place
//   database.put(buffer, valueStart, valueEnd, deadlineMs);  // sets that key, no second hash
// In between anything may change but the key's bytes in the buffer (lazy expiry removes the entry).
// Pass Buffers everywhere (one hidden class: fast).
//
// Every change follows one order: allocate (may throw ARENA_FULL, nothing has changed), tell the
// preserver, write.

import { Deadlines } from './deadlines.ts';
import { Dict } from './dict.ts';
import type { RandomSource } from './dict.ts';
import type { Entries, EntryAddress, EntryShape } from './entry.ts';
import { hashEnd } from './hash.ts';
import type { KeyHash } from './hash.ts';
import type { Keyspace } from './keyspace.ts';

export type { RandomSource } from './dict.ts';

/** A place in the hash order of a dict: 0 is the start, endPosition the end. */
export type Position = number;

/** What `walk` returns when nothing is left. */
export const endPosition: Position = hashEnd;

/** One numbered database. */
export class Database {
  readonly keyspace: Keyspace;
  readonly index: number;
  /** Index that the contents had when the running snapshot began; -1: they are younger. */
  origin: number = -1;
  private readonly entries: Entries;
  private readonly keyHash: KeyHash;
  private keys: Dict;
  private deadlines: Deadlines;
  // What `find` saw last.
  private foundBuffer: Buffer;
  private foundStart: number = 0;
  private foundEnd: number = 0;
  private foundHash: number = 0;
  private foundEntry: EntryAddress = 0;
  private foundVersion: number = -1;
  /** One for all entries created, since a literal each time would be garbage. */
  private readonly shape: EntryShape = {
    keyLength: 0, valueLength: 0, deadlineMs: 0, roomBytes: 0,
  };

  /** Made by Keyspace only. */
  constructor(keyspace: Keyspace, index: number) {
    this.keyspace = keyspace;
    this.index = index;
    this.entries = keyspace.entries;
    this.keyHash = keyspace.keyHash;
    this.keys = new Dict(keyspace);
    this.deadlines = new Deadlines(keyspace);
    this.foundBuffer = keyspace.arena.u8;
  }

  /** Keys, expired but not yet removed ones included. */
  get size(): number {
    return this.keys.count;
  }

  /** Keys with a deadline. */
  get deadlineCount(): number {
    return this.deadlines.dict.count;
  }

  // ---- look up ---------------------------------------------------------------------------------

  /** The entry of a key, or 0; deadlines are not looked at. Remembers the key for `put`. */
  find(buffer: Buffer, start: number, end: number): EntryAddress {
    const entry = this.keys.find(buffer, start, end);
    this.foundBuffer = buffer;
    this.foundStart = start;
    this.foundEnd = end;
    this.foundHash = this.keys.hash;
    this.foundEntry = entry;
    this.foundVersion = this.keys.version;
    return entry;
  }

  /** The entry's type: typeString, … */
  type(entry: EntryAddress): number {
    return this.entries.type(entry);
  }

  /** Bytes of the key. */
  keyLength(entry: EntryAddress): number {
    return this.entries.keyLength(entry);
  }

  /** Byte offset of the key in `arena.u8`. For native calls; past 2 GiB not for indexing. */
  keyStart(entry: EntryAddress): number {
    return this.entries.keyStart(entry);
  }

  /** A window of the arena with the key at `keyOffset`: always fast, also for indexing. */
  keyBuffer(entry: EntryAddress): Buffer {
    return this.entries.keyBuffer(entry);
  }

  /** Offset of the key in `keyBuffer`. */
  keyOffset(entry: EntryAddress): number {
    return this.entries.keyOffset(entry);
  }

  /** Bytes of the value. */
  valueLength(entry: EntryAddress): number {
    return this.entries.valueLength(entry);
  }

  /** Byte offset of the value in `arena.u8`. For native calls; past 2 GiB not for indexing. */
  valueStart(entry: EntryAddress): number {
    return this.entries.valueStart(entry);
  }

  /** A window of the arena with the value at `valueOffset`: always fast, also for indexing. */
  valueBuffer(entry: EntryAddress): Buffer {
    return this.entries.valueBuffer(entry);
  }

  /** Offset of the value in `valueBuffer`. */
  valueOffset(entry: EntryAddress): number {
    return this.entries.valueOffset(entry);
  }

  /** Unix time in ms at which the entry expires; 0 = never. */
  deadlineMs(entry: EntryAddress): number {
    return this.entries.deadlineMs(entry);
  }

  /** Bytes of arena that key and value occupy (MEMORY USAGE). */
  occupiedBytes(entry: EntryAddress): number {
    return this.entries.occupiedBytes(entry);
  }

  // ---- change ----------------------------------------------------------------------------------
  // Everything here tells the preserver first and leaves all as it was when it throws ARENA_FULL.
  // Addresses of the changed key become invalid, those of other keys stay.

  /**
   * Sets the key last given to `find` to a string, replacing any value and deadline.
   * `deadlineMs` 0 = none; to keep the deadline pass `deadlineMs(entry)`. The value may lie in
   * `arena.u8`, but not in this key's own value.
   * @throws {EngineError} ARENA_FULL when there is no room.
   */
  put(value: Buffer, start: number, end: number, deadlineMs: number): EntryAddress {
    const keyspace = this.keyspace;
    const found = this.foundEntry;
    // The commonest change, the same length again without a deadline, needs none of the rest.
    if (found !== 0 && deadlineMs === 0 && this.foundVersion === this.keys.version &&
      keyspace.preserver === null && this.entries.isPlain(found, end - start)) {
      this.entries.setEpoch(found, keyspace.epoch);
      this.entries.writePlainValue(found, value, start, end);
      return found;
    }
    const entry = this.reserve(end - start, deadlineMs);
    this.entries.writeValue(entry, 0, value, start, end);
    return entry;
  }

  /**
   * As `put`, with a value of `valueLength` undefined bytes, to be filled at `valueStart` at once
   * (RDB loading, decompression).
   * @throws {EngineError} ARENA_FULL when there is no room.
   */
  reserve(valueLength: number, deadlineMs: number): EntryAddress {
    const entries = this.entries;
    const hash = this.foundHash;
    const entry = this.foundVersion === this.keys.version
      ? this.foundEntry
      : this.keys.find(this.foundBuffer, this.foundStart, this.foundEnd);
    if (entry !== 0 && entries.fits(entry, valueLength) &&
      (deadlineMs === 0 || entries.hasDeadlineRoom(entry))) {
      this.deadlines.prepare(hash, entry, deadlineMs);
      this.preserve(entry);
      entries.setValueLength(entry, valueLength);
      entries.setEpoch(entry, this.keyspace.epoch);
      this.deadlines.write(hash, entry, deadlineMs);
      return entry;
    }
    return this.replace(entry, valueLength, deadlineMs);
  }

  /**
   * Appends to a string value; growing it again and again costs amortised O(appended).
   * @throws {EngineError} ARENA_FULL when there is no room.
   */
  append(entry: EntryAddress, value: Buffer, start: number, end: number): EntryAddress {
    return this.overwrite(entry, this.entries.valueLength(entry), value, start, end);
  }

  /**
   * Overwrites a string value from `offset` on (SETRANGE, INCR in place); a gap is filled with
   * zeros; the value grows as with `append`.
   * @throws {EngineError} ARENA_FULL when there is no room.
   */
  overwrite(
    entry: EntryAddress, offset: number, value: Buffer, start: number, end: number,
  ): EntryAddress {
    const entries = this.entries;
    const oldLength = entries.valueLength(entry);
    const length = Math.max(oldLength, offset + end - start);
    let target = entry;
    if (entries.fitsGrowing(entry, length)) {
      this.preserve(entry);
      entries.setValueLength(entry, length);
      entries.setEpoch(entry, this.keyspace.epoch);
    } else {
      target = this.enlarge(entry, length);
    }
    if (offset > oldLength) {
      entries.clearValue(target, oldLength, offset);
    }
    entries.writeValue(target, offset, value, start, end);
    return target;
  }

  /**
   * Sets the deadline, 0 = none (PERSIST).
   * @throws {EngineError} ARENA_FULL when there is no room; never for 0.
   */
  setDeadline(entry: EntryAddress, deadlineMs: number): EntryAddress {
    const entries = this.entries;
    const hash = this.hashOf(entry);
    this.deadlines.prepare(hash, entry, deadlineMs);
    if (deadlineMs === 0 || entries.hasDeadlineRoom(entry)) {
      this.preserve(entry);
      this.deadlines.write(hash, entry, deadlineMs);
      entries.setEpoch(entry, this.keyspace.epoch);
      return entry;
    }
    const start = entries.keyOffset(entry);
    const length = entries.keyLength(entry);
    const moved = entries.copyForKey(entry, length, true);
    entries.writeKey(moved, entries.keyBuffer(entry), start, start + length);
    entries.setDeadlineMs(moved, deadlineMs);
    this.take(hash, entry, moved);
    entries.releaseRecord(entry);
    return moved;
  }

  /**
   * Gives the entry another key, with value and deadline; whatever had that key is removed.
   * Big values are not copied. The same key is allowed.
   * @throws {EngineError} ARENA_FULL when there is no room.
   */
  rename(entry: EntryAddress, buffer: Buffer, start: number, end: number): EntryAddress {
    const entries = this.entries;
    const loser = this.find(buffer, start, end);
    if (loser === entry) {
      return entry;
    }
    const hash = this.foundHash;
    const deadlineMs = entries.deadlineMs(entry);
    this.prepare(hash, loser, deadlineMs);
    const moved = entries.copyForKey(entry, end - start, deadlineMs !== 0);
    entries.writeKey(moved, buffer, start, end);
    this.preserve(entry);
    this.take(hash, loser, moved);
    if (loser !== 0) {
      entries.release(loser);
    }
    this.unlink(entry);
    entries.releaseRecord(entry);
    return moved;
  }

  /** Removes the entry; needs no memory. */
  remove(entry: EntryAddress): void {
    this.preserve(entry);
    this.unlink(entry);
    this.entries.release(entry);
  }

  /** Removes everything at once; the memory comes back by slices (`Keyspace.reclaim`). */
  flush(): void {
    this.keyspace.flush(this);
  }

  // ---- iterate ---------------------------------------------------------------------------------
  // Hash order. `visit` must not change the keyspace: collect addresses and change afterwards
  // (addresses stay valid until their own key is changed).

  /**
   * Visits entries from `position` on and returns where to go on: endPosition when done. Visits
   * about `budget` entries, maybe none, and looks at no more than a few segments. Between calls
   * anything may change: what is present throughout is visited exactly once.
   */
  walk(position: Position, budget: number, visit: (entry: EntryAddress) => void): Position {
    return this.keys.walk(position, budget, visit);
  }

  /** SCAN: as `walk` with 0 for both the start and the end; any number is a valid cursor. */
  scan(cursor: number, count: number, visit: (entry: EntryAddress) => void): number {
    const next = this.keys.walk(cursor, count, visit);
    return next === endPosition ? 0 : next;
  }

  /** As `walk`, over the entries with a deadline only (active expiry). */
  walkDeadlines(
    position: Position, budget: number, visit: (entry: EntryAddress) => void,
  ): Position {
    return this.deadlines.dict.walk(position, budget, visit);
  }

  /** Where `walk` meets the entry: walked already iff less than the position returned last. */
  positionOf(entry: EntryAddress): Position {
    const start = this.entries.keyOffset(entry);
    const end = start + this.entries.keyLength(entry);
    return this.keyHash.of(this.entries.keyBuffer(entry), start, end);
  }

  /** An entry, all equally likely; 0 when there is none. */
  randomEntry(random: RandomSource): EntryAddress {
    return this.keys.randomEntry(random);
  }

  // ---- for Keyspace ----------------------------------------------------------------------------

  /** Exchanges the contents with another database, and what a running snapshot knows of them. */
  exchange(other: Database): void {
    const { keys, deadlines, origin } = other;
    other.keys = this.keys;
    other.deadlines = this.deadlines;
    other.origin = this.origin;
    this.keys = keys;
    this.deadlines = deadlines;
    this.origin = origin;
    this.foundVersion = -1;
    other.foundVersion = -1;
  }

  /** Gives back the index, not the entries. */
  clearIndex(): void {
    this.keys.clear();
    this.deadlines.dict.clear();
  }

  /** Forgets the contents, whose memory is gone already. */
  forget(): void {
    this.keys.forget();
    this.deadlines.dict.forget();
  }

  // ---- inside ----------------------------------------------------------------------------------

  /** Puts a new entry in the place of `entry` (0: none yet) for the key last given to `find`. */
  private replace(entry: EntryAddress, valueLength: number, deadlineMs: number): EntryAddress {
    const { entries, shape } = this;
    const hash = this.foundHash;
    this.prepare(hash, entry, deadlineMs);
    shape.keyLength = this.foundEnd - this.foundStart;
    shape.valueLength = shape.roomBytes = valueLength;
    shape.deadlineMs = deadlineMs;
    const created = entries.create(shape);
    entries.writeKey(created, this.foundBuffer, this.foundStart, this.foundEnd);
    this.take(hash, entry, created);
    if (entry !== 0) {
      entries.release(entry);
    }
    return created;
  }

  /** Moves the entry to where a value of `length` bytes fits, with room to grow when it is big. */
  private enlarge(entry: EntryAddress, length: number): EntryAddress {
    const { entries, shape } = this;
    const hash = this.hashOf(entry);
    const keyStart = entries.keyOffset(entry);
    const valueStart = entries.valueOffset(entry);
    const valueEnd = valueStart + entries.valueLength(entry);
    shape.keyLength = entries.keyLength(entry);
    shape.valueLength = length;
    shape.deadlineMs = entries.deadlineMs(entry);
    const larger = this.createWithSlack();
    entries.writeKey(larger, entries.keyBuffer(entry), keyStart, keyStart + shape.keyLength);
    entries.writeValue(larger, 0, entries.valueBuffer(entry), valueStart, valueEnd);
    this.take(hash, entry, larger);
    entries.release(entry);
    return larger;
  }

  /** Creates an entry of `shape` with room for half as much again, or if need be without. */
  private createWithSlack(): EntryAddress {
    const { entries, shape } = this;
    shape.roomBytes = shape.valueLength + (shape.valueLength >>> 1);
    try {
      return entries.create(shape);
    } catch {
      shape.roomBytes = shape.valueLength;
      return entries.create(shape);
    }
  }

  /** Everything that may throw before `take`, but for creating the new entry. */
  private prepare(hash: number, old: EntryAddress, deadlineMs: number): void {
    if (old === 0) {
      this.keys.makeRoom(hash);
    }
    this.deadlines.prepare(hash, old, deadlineMs);
  }

  /** The new entry takes the place of the old one (0: none), which is still to be released. */
  private take(hash: number, old: EntryAddress, created: EntryAddress): void {
    this.entries.setEpoch(created, this.keyspace.epoch);
    if (old === 0) {
      this.keys.insert(hash, created);
    } else {
      this.preserve(old);
      this.keys.readdress(hash, old, created);
    }
    this.deadlines.replace(hash, old, created);
  }

  private unlink(entry: EntryAddress): void {
    const hash = this.hashOf(entry);
    this.deadlines.remove(hash, entry);
    if (!this.keys.remove(hash, entry)) {
      throw new Error(`keyspace: entry ${entry} is not in database ${this.index}`);
    }
  }

  private hashOf(entry: EntryAddress): number {
    return entry === this.foundEntry && this.foundVersion === this.keys.version
      ? this.foundHash
      : this.positionOf(entry);
  }

  private preserve(entry: EntryAddress): void {
    const { preserver, epoch } = this.keyspace;
    if (preserver !== null && this.entries.epoch(entry) < epoch) {
      preserver.preserve(this.origin, entry);
    }
  }
}
