// The main thread's part of a snapshot: it walks the index and pushes addresses of entries, and
// whatever is about to change or go before it was written, it keeps a copy of and pushes that.
//
// Entries that the snapshot has are, by their place in the walk:
//
//   written | in the ring | not walked yet
//           ^ written     ^ position
//
// Of the first nothing is kept. Of the last a copy is pushed, ahead of its turn, and since the
// entry is younger then, the walk passes it by. Of those in the ring a copy takes the entry's
// place, unless the writer has made one of its own by now (see ring.ts).

import { asError } from '../../errors.ts';
import { endPosition } from '../../keyspace/database.ts';
import type { EntryAddress } from '../../keyspace/entry.ts';
import type { Address } from '../../memory/arena.ts';
import type { Keyspace, Preserver } from '../../keyspace/keyspace.ts';
import { kindEnd, kindOf, ringCapacity } from './ring.ts';
import type { SnapshotRing } from './ring.ts';

/** Entries pushed ahead of the writer at most, for the walk to go on; a power of two. */
export const defaultLead = 16384;

/** Places in the walk that are remembered. */
const mostMarks = 256;

/** Tells whoever runs the snapshot what happened in the middle of a command. */
export interface FeedListener {
  /** A copy could not be kept: the snapshot cannot go on. */
  failed(error: Error): void;
  /** All databases are about to be flushed. */
  flushed(): void;
}

/** Feeds one snapshot. */
export class SnapshotFeed implements Preserver {
  private readonly keyspace: Keyspace;
  private readonly ring: SnapshotRing;
  private readonly listener: FeedListener;
  private readonly lead: number;
  private stopped = false;
  // Everything before this place was walked: databases before `index`, and in it up to `position`.
  private index = 0;
  private position = 0;
  // Everything before this place was written.
  private writtenIndex = 0;
  private writtenPosition = 0;
  /** Entries pushed, those in the backlog included. */
  private pushed = 0;
  /** Entries in the ring, written ones included. */
  private head = 0;
  private endSequence = -1;
  // What found no place in the ring: entry, kind and table.
  private backlog: number[] = [];
  private backlogFrom = 0;
  // Walked entries by sequence, modulo `lead`: which, and their place in the walk.
  private readonly walked: Int32Array;
  private readonly walkedSequences: Int32Array;
  private readonly walkedMask: number;
  // Places in the walk: by number, modulo their capacity, (sequence, index, position).
  private readonly marks: Float64Array = new Float64Array(mostMarks * 3);
  private firstMark = 0;
  private endMark = 0;
  private walkedCount = 0;
  // Entries just walked.
  private batch: Int32Array = new Int32Array(512);
  private batched = 0;
  private readonly visit: (entry: EntryAddress) => void;

  constructor(
    keyspace: Keyspace, ring: SnapshotRing, options: { listener: FeedListener; lead: number },
  ) {
    this.keyspace = keyspace;
    this.ring = ring;
    this.listener = options.listener;
    this.lead = options.lead;
    this.walkedMask = this.lead * 2 - 1;
    this.walked = new Int32Array(this.lead * 2);
    this.walkedSequences = new Int32Array(this.lead * 2);
    this.visit = (entry): void => {
      if (this.batched === this.batch.length) this.growBatch();
      this.batch[this.batched++] = entry;
    };
  }

  /** Fixes the picture. */
  begin(): void {
    this.ring.reset();
    this.keyspace.beginSnapshot(this);
  }

  /** Pushes nothing any more; what is in the ring is still protected, until `end`. */
  stop(): void {
    this.stopped = true;
  }

  /** The writer reads nothing any more. */
  end(): void {
    this.stopped = true;
    this.keyspace.endSnapshot();
  }

  /** Whether the writer has read everything, the end mark included. */
  get isRead(): boolean {
    return this.endSequence >= 0 && this.ring.tail > this.endSequence;
  }

  /** Walks about so many keys on; false when there was nothing to do or no place for more. */
  advance(keys: number): boolean {
    if (this.stopped || this.endSequence >= 0) return false;
    this.drain();
    const room = this.lead - (this.pushed - this.ring.tail);
    if (room < keys || this.backlogFrom < this.backlog.length) return false;
    const { databases } = this.keyspace;
    if (this.index >= databases.length) {
      this.endSequence = this.push(0, kindEnd);
    } else {
      const database = this.keyspace.snapshotDatabase(this.index);
      this.position = database.walk(this.position, keys, this.visit);
      this.pushBatch(kindOf(this.index, false));
      if (this.position >= endPosition) {
        this.index++;
        this.position = 0;
      }
      this.mark();
    }
    this.ring.publish(this.head);
    return true;
  }

  /** Takes note of what was written. */
  collect(): void {
    const { tail } = this.ring;
    while (this.firstMark < this.endMark) {
      const at = (this.firstMark % mostMarks) * 3;
      if ((this.marks[at] as number) > tail) break;
      this.writtenIndex = this.marks[at + 1] as number;
      this.writtenPosition = this.marks[at + 2] as number;
      this.firstMark++;
    }
    this.keyspace.kept.acknowledge(tail);
    this.drain();
  }

  // ---- what is about to change or go -----------------------------------------------------------

  preserve(index: number, entry: EntryAddress): void {
    if (index < this.writtenIndex) return;
    const position = this.keyspace.snapshotDatabase(index).positionOf(entry);
    if (index === this.writtenIndex && position < this.writtenPosition) return;
    try {
      if (index < this.index || (index === this.index && position < this.position)) {
        this.keepInRing(entry);
      } else if (!this.stopped) {
        const { kept } = this.keyspace;
        const copy = kept.copy(entry);
        kept.add(this.push(copy, kindOf(index, true), kept.table), copy);
        this.ring.publish(this.head);
      }
    } catch (error) {
      this.listener.failed(asError(error));
    }
  }

  flushed(database: number): void {
    if (database === -1) this.listener.flushed();
  }

  private keepInRing(entry: EntryAddress): void {
    const sequence = this.sequenceOf(entry);
    if (sequence < this.ring.tail) return;
    const { kept } = this.keyspace;
    if (this.ring.entryAt(sequence) === entry) {
      const copy = this.copyInRing(sequence, entry);
      this.ring.setTable(sequence, kept.table);
      if (this.ring.replace(sequence, entry, copy)) {
        kept.add(sequence, copy);
        return;
      }
      kept.pin(sequence, entry);
      kept.discard(copy);
      return;
    }
    // The writer has its copy of the entry, but it may be reading a big value of it.
    kept.pin(sequence, entry);
    this.ring.setTable(sequence, kept.table);
  }

  /** Copies an entry of the ring; when there is no room for that, the writer must not read it. */
  private copyInRing(sequence: number, entry: EntryAddress): EntryAddress {
    try {
      return this.keyspace.kept.copy(entry);
    } catch (error) {
      this.ring.replace(sequence, entry, 0);
      throw error;
    }
  }

  /** Where in the ring a walked entry is; -1 when it was written. */
  private sequenceOf(entry: EntryAddress): number {
    const { walked, walkedSequences, walkedCount } = this;
    const { tail } = this.ring;
    const oldest = Math.max(0, walkedCount - walked.length);
    for (let number = walkedCount - 1; number >= oldest; number--) {
      const at = number & this.walkedMask;
      if (walked[at] === entry) return walkedSequences[at] as number;
      if ((walkedSequences[at] as number) < tail) break;
    }
    return -1;
  }

  // ---- pushing ---------------------------------------------------------------------------------

  /**
   * Pushes those of the entries just walked that the snapshot has. Their epochs are looked at one
   * right after the other, so that the waits for memory overlap.
   */
  private pushBatch(kind: number): void {
    const { batch, batched, keyspace } = this;
    let kept = 0;
    for (let at = 0; at < batched; at++) {
      const entry = batch[at] as number;
      batch[kept] = entry;
      kept += keyspace.inSnapshot(entry) ? 1 : 0;
    }
    for (let at = 0; at < kept; at++) {
      const entry = batch[at] as number;
      const place = this.walkedCount++ & this.walkedMask;
      this.walked[place] = entry;
      this.walkedSequences[place] = this.push(entry, kind);
    }
    this.batched = 0;
  }

  private growBatch(): void {
    const larger = new Int32Array(this.batch.length * 2);
    larger.set(this.batch);
    this.batch = larger;
  }

  /** Returns the sequence. */
  private push(entry: EntryAddress, kind: number, table: Address = 0): number {
    const sequence = this.pushed++;
    const full = sequence - this.ring.tail >= ringCapacity;
    if (full || this.backlogFrom < this.backlog.length) {
      this.backlog.push(entry, kind, table);
    } else {
      this.ring.put(sequence, entry, kind);
      if (table !== 0) this.ring.setTable(sequence, table);
      this.head = sequence + 1;
    }
    return sequence;
  }

  /** Moves what waits into the ring, as far as there is place. */
  private drain(): void {
    const { backlog, ring } = this;
    if (this.backlogFrom === backlog.length) return;
    const end = ring.tail + ringCapacity;
    while (this.head < end && this.backlogFrom < backlog.length) {
      const entry = backlog[this.backlogFrom] as number;
      ring.put(this.head, entry, backlog[this.backlogFrom + 1] as number);
      ring.setTable(this.head++, backlog[this.backlogFrom + 2] as number);
      this.backlogFrom += 3;
    }
    if (this.backlogFrom === backlog.length) {
      this.backlog = [];
      this.backlogFrom = 0;
    }
    ring.publish(this.head);
  }

  /** Notes up to where the walk has come with what is pushed now; when full, in the last note. */
  private mark(): void {
    const last = ((this.endMark + mostMarks - 1) % mostMarks) * 3;
    const any = this.endMark > this.firstMark;
    const again = any && this.marks[last] === this.pushed;
    const full = this.endMark - this.firstMark === mostMarks;
    const at = again || full ? last : (this.endMark++ % mostMarks) * 3;
    this.marks[at] = this.pushed;
    this.marks[at + 1] = this.index;
    this.marks[at + 2] = this.position;
  }
}
