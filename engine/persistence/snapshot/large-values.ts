// How the writer of a snapshot reads values too large to be copied at once: piece by piece, each as
// it was when the picture was taken, whether the main thread has changed it or is about to.
import { windowMask, windowShift } from '../../memory/arena.ts';
import type { Arena } from '../../memory/arena.ts';
import type { EntryAddress } from '../../keyspace/entry.ts';
import type { EntryView, LargeValues } from '../../keyspace/entry-view.ts';
import { pieceBytes } from '../../keyspace/pins.ts';
import type { SnapshotRing } from './ring.ts';

/** Reads the value of the entry that is being written. */
export class LargeValueReader implements LargeValues {
  /** The entry's place in the ring. */
  sequence = 0;
  private readonly arena: Arena;
  private readonly ring: SnapshotRing;
  private readonly copy: Buffer = Buffer.allocUnsafeSlow(pieceBytes);

  constructor(arena: Arena, ring: SnapshotRing) {
    this.arena = arena;
    this.ring = ring;
  }

  piece(view: EntryView, entry: EntryAddress, number: number): Buffer {
    const from = number * pieceBytes;
    const bytes = Math.min(pieceBytes, view.valueLength(entry) - from);
    const start = view.valueOffset(entry) + from;
    view.valueBuffer(entry).copy(this.copy, 0, start, start + bytes);
    // The copy first, and only then the question whether it may have come too late.
    const kept = this.keptPiece(number);
    if (kept !== 0) {
      const keptStart = (kept & windowMask) * 8;
      (this.arena.windows[kept >>> windowShift] as Buffer)
        .copy(this.copy, 0, keptStart, keptStart + bytes);
    }
    return this.copy.subarray(0, bytes);
  }

  /** The address of the piece as it was, if it has changed; else 0. */
  private keptPiece(number: number): number {
    const table = this.ring.tableAt(this.sequence);
    if (table === 0) return 0;
    const words = this.arena.words[table >>> windowShift] as Int32Array;
    return Atomics.or(words, (table & windowMask) * 2 + number, 0);
  }
}
