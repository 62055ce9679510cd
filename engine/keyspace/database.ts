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
import type { EntryAddress } from './entry.ts';
import { EntryView } from './entry-view.ts';
import { hashEnd } from './hash.ts';
import type { KeyHash } from './hash.ts';
import type { Keyspace } from './keyspace.ts';

export type { RandomSource } from './dict.ts';
/** A place in the hash order of a dict: 0 is the start, endPosition the end. */
export type Position = number;

/** What `walk` returns when nothing is left. */
export const endPosition: Position = hashEnd;

/** One numbered database. */
export class Database extends EntryView {
  readonly keyspace: Keyspace;
  readonly index: number;
  /** Index that the contents had when the running snapshot began; -1: they are younger. */
  origin: number = -1;
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
  /** Means nothing: as long as it is stored, the loads of `prefetch` cannot be left out. */
  prefetched: number = 0;
  /** One for all entries created, since a literal each time would be garbage. */
  private readonly shape = { keyLength: 0, valueLength: 0, deadlineMs: 0, roomBytes: 0 };

  /** Made by Keyspace only. */
  constructor(keyspace: Keyspace, index: number) {
    super(keyspace.entries);
    this.keyspace = keyspace;
    this.index = index;
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

  /** Hashes that hold fields with deadlines. */
  get fieldDeadlineCount(): number {
    return this.deadlines.fields.count;
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

  /** A hint: the keys with these hashes (`KeyHash.of`) are about to be looked up. */
  prefetch(hashes: Int32Array, count: number): void {
    this.prefetched = this.keys.prefetch(hashes, count);
  }

  /** A hint: so many keys are about to be added. Does nothing unless the database is empty. */
  expect(keys: number): void {
    this.keys.expect(keys);
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
      this.entries.isPlain(found, end - start)) {
      this.preserve(found);
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
      if (!entries.isPinned(entry)) {
        this.deadlines.dropFields(hash, entry);
        entries.setValueLength(entry, valueLength);
        entries.setEpoch(entry, this.keyspace.epoch);
        this.deadlines.write(hash, entry, deadlineMs);
        return entry;
      }
    }
    return this.replace(entry, valueLength, deadlineMs);
  }

  /**
   * As `reserve`, for a value of any type: a tree's roots are written at once, too. The old value
   * is released.
   * @throws {EngineError} ARENA_FULL when there is no room.
   */
  reserveTyped(
    type: number, encoding: number, valueLength: number, deadlineMs: number,
  ): EntryAddress {
    const entry = this.reserve(valueLength, deadlineMs);
    this.entries.setKind(entry, type, encoding);
    return entry;
  }

  /**
   * Makes the value ready for changes in place. The entry stays, and so does the value, unless it
   * is large and a snapshot reads it: then it may throw ARENA_FULL, and nothing has changed.
   */
  touch(entry: EntryAddress): void {
    this.preserve(entry);
    this.entries.unpin(entry);
    this.entries.setEpoch(entry, this.keyspace.epoch);
  }

  /**
   * Makes bytes `from` to `to` of a string ready for changes in place: nothing moves.
   * @throws {EngineError} ARENA_FULL when there is no room; nothing has changed then.
   */
  alter(entry: EntryAddress, from: number, to: number): void {
    const { entries } = this;
    this.preserve(entry);
    if (entries.pins.size !== 0) entries.pins.keep(entries.valueApart(entry), from, to);
    entries.setEpoch(entry, this.keyspace.epoch);
  }

  /**
   * Gives the value `length` bytes, of which the first ones are kept and the others undefined;
   * type, encoding and deadline stay. Big values grow with slack. The same length: as `touch`.
   * @throws {EngineError} ARENA_FULL when there is no room; never for the same length.
   */
  resizeValue(entry: EntryAddress, length: number): EntryAddress {
    const entries = this.entries;
    const fits = entries.fitsResized(entry, length);
    if (fits) this.preserve(entry);
    if (!fits || entries.isPinned(entry)) {
      return this.relocate(entry, length);
    }
    entries.changeValueLength(entry, length);
    entries.setEpoch(entry, this.keyspace.epoch);
    return entry;
  }

  /** Sets the encoding of a value just written: after `resizeValue`, in the same step. */
  setEncoding(entry: EntryAddress, encoding: number): void {
    this.entries.setKind(entry, this.entries.type(entry), encoding);
  }

  /**
   * Notes whether a hash holds fields with deadlines: `earliestMs` 0 = none. What is noted goes
   * with the entry until it is removed or its value replaced. Call it before the first change.
   * @throws {EngineError} ARENA_FULL when there is no room; never for 0.
   */
  noteFieldDeadline(entry: EntryAddress, earliestMs: number): void {
    this.deadlines.noteFields(this.hashOf(entry), entry, earliestMs);
  }

  /** As `overwrite`, at the end; again and again costs amortised O(appended). */
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
    const fits = entries.fitsGrowing(entry, length);
    if (fits) this.alter(entry, offset, offset + end - start);
    const target = fits ? entry : this.relocate(entry, length);
    if (fits) entries.setValueLength(entry, length);
    if (offset > oldLength) entries.clearValue(target, oldLength, offset);
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
    this.deadlines.moveFields(hash, entry, moved);
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
    const mortalFields = this.deadlines.hasFields(this.hashOf(entry), entry);
    this.prepare(hash, loser, deadlineMs);
    if (mortalFields) {
      this.deadlines.fields.makeRoom(hash);
    }
    const moved = entries.copyForKey(entry, end - start, deadlineMs !== 0);
    entries.writeKey(moved, buffer, start, end);
    this.preserve(entry);
    if (mortalFields) {
      this.deadlines.fields.insert(hash, moved);
    }
    this.take(hash, loser, moved);
    if (loser !== 0) {
      this.deadlines.dropFields(hash, loser);
      entries.release(loser);
    }
    this.unlink(entry);
    entries.releaseRecord(entry);
    return moved;
  }

  /**
   * Moves the entry, which keeps its address, to another database that does not have its key.
   * @throws {EngineError} ARENA_FULL when there is no room; nothing has changed then.
   */
  move(entry: EntryAddress, target: Database): void {
    const hash = this.positionOf(entry);
    const mortalFields = this.deadlines.hasFields(this.hashOf(entry), entry);
    if (this.entries.deadlineMs(entry) !== 0) {
      target.deadlines.dict.makeRoom(hash);
    }
    if (mortalFields) {
      target.deadlines.fields.makeRoom(hash);
    }
    target.keys.makeRoom(hash);
    this.preserve(entry);
    this.unlink(entry);
    target.take(hash, 0, entry);
    if (mortalFields) {
      target.deadlines.fields.insert(hash, entry);
    }
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

  /** As `walk`, over the hashes that hold fields with deadlines only. */
  walkFieldDeadlines(
    position: Position, budget: number, visit: (entry: EntryAddress) => void,
  ): Position {
    return this.deadlines.fields.walk(position, budget, visit);
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
    this.deadlines.clear();
  }

  /** Forgets the contents, whose memory is gone already. */
  forget(): void {
    this.keys.forget();
    this.deadlines.forget();
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
      this.deadlines.dropFields(hash, entry);
      entries.release(entry);
    }
    return created;
  }

  /** Moves the entry to where a value of `length` bytes fits, with room to grow when it is big. */
  private relocate(entry: EntryAddress, length: number): EntryAddress {
    const { entries, shape } = this;
    const hash = this.hashOf(entry);
    const keyStart = entries.keyOffset(entry);
    const valueStart = entries.valueOffset(entry);
    const present = entries.valueLength(entry);
    shape.keyLength = entries.keyLength(entry);
    shape.valueLength = shape.roomBytes = length;
    shape.deadlineMs = entries.deadlineMs(entry);
    const moved = length > present ? this.createWithSlack() : entries.create(shape);
    const kept = valueStart + Math.min(present, length);
    entries.writeKey(moved, entries.keyBuffer(entry), keyStart, keyStart + shape.keyLength);
    entries.writeValue(moved, 0, entries.valueBuffer(entry), valueStart, kept);
    entries.setKind(moved, entries.type(entry), entries.encoding(entry));
    this.take(hash, entry, moved);
    this.deadlines.moveFields(hash, entry, moved);
    entries.releaseBlocks(entry);
    return moved;
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
      // Once is enough, should the change go another way after all.
      this.entries.setEpoch(entry, epoch);
    }
  }
}
