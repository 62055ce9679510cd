// Which entries of a database have a deadline: a second dict over the same entries, so that active
// expiry never looks at the others. The deadline itself is in the entry. A third dict holds the
// hashes with fields that have deadlines; nothing in the entry says so.

import { Dict } from './dict.ts';
import type { DictParts } from './dict.ts';
import { typeHash } from './entry.ts';
import type { Entries, EntryAddress } from './entry.ts';

/** The entries with a deadline. `prepare` may throw, everything after it cannot. */
export class Deadlines {
  readonly dict: Dict;
  /** Hashes that hold fields with deadlines. */
  readonly fields: Dict;
  private readonly entries: Entries;

  constructor(parts: DictParts) {
    this.dict = new Dict(parts);
    this.fields = new Dict(parts);
    this.entries = parts.entries;
  }

  /**
   * Makes sure that `entry` (0: none yet), or what replaces it, can be given this deadline.
   * @throws {EngineError} ARENA_FULL when there is no room.
   */
  prepare(hash: number, entry: EntryAddress, deadlineMs: number): void {
    if (deadlineMs !== 0 && (entry === 0 || this.entries.deadlineMs(entry) === 0)) {
      this.dict.makeRoom(hash);
    }
  }

  /** Gives an entry that stays in its place a deadline, or takes it away (0). */
  write(hash: number, entry: EntryAddress, deadlineMs: number): void {
    if (!this.entries.hasDeadlineRoom(entry)) {
      return;
    }
    const old = this.entries.deadlineMs(entry);
    if (old !== 0 && deadlineMs === 0) {
      this.dict.remove(hash, entry);
    } else if (old === 0 && deadlineMs !== 0) {
      this.dict.insert(hash, entry);
    }
    this.entries.setDeadlineMs(entry, deadlineMs);
  }

  /** Notes that `entry`, deadline written, takes the place of `old` (0: none), still readable. */
  replace(hash: number, old: EntryAddress, entry: EntryAddress): void {
    const had = old !== 0 && this.entries.deadlineMs(old) !== 0;
    const has = this.entries.deadlineMs(entry) !== 0;
    if (had && has) {
      this.dict.readdress(hash, old, entry);
    } else if (had) {
      this.dict.remove(hash, old);
    } else if (has) {
      this.dict.insert(hash, entry);
    }
  }

  /** Notes that the entry, still readable, goes away. */
  remove(hash: number, entry: EntryAddress): void {
    if (this.entries.deadlineMs(entry) !== 0) {
      this.dict.remove(hash, entry);
    }
    this.dropFields(hash, entry);
  }

  /**
   * Notes whether a hash holds fields with deadlines; 0: none.
   * @throws {EngineError} ARENA_FULL when there is no room; never for 0.
   */
  noteFields(hash: number, entry: EntryAddress, earliestMs: number): void {
    if (earliestMs === 0) {
      this.fields.remove(hash, entry);
    } else if (!this.fields.has(hash, entry)) {
      this.fields.makeRoom(hash);
      this.fields.insert(hash, entry);
    }
  }

  /** Whether the entry is noted as a hash that holds fields with deadlines. */
  hasFields(hash: number, entry: EntryAddress): boolean {
    return this.fields.root !== 0 && this.fields.has(hash, entry);
  }

  /** Notes that the entry, still readable, holds no fields with deadlines any more. */
  dropFields(hash: number, entry: EntryAddress): void {
    if (this.fields.root !== 0 && this.entries.type(entry) === typeHash) {
      this.fields.remove(hash, entry);
    }
  }

  /** Notes that the hash, if it was noted, is at another address now; the old is readable. */
  moveFields(hash: number, entry: EntryAddress, moved: EntryAddress): void {
    if (this.fields.root !== 0 && this.entries.type(entry) === typeHash) {
      this.fields.readdress(hash, entry, moved);
    }
  }

  /** Gives back the index. */
  clear(): void {
    this.dict.clear();
    this.fields.clear();
  }

  /** Forgets the index, whose memory is gone already. */
  forget(): void {
    this.dict.forget();
    this.fields.forget();
  }
}
