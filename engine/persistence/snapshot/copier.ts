// How the writer, in its thread, reads entries that the main thread may change at any moment: it
// copies record and value into its scratch pad, and only then asks whether they were still what the
// ring says. A value too large for that is pinned by the main thread before it changes (kept.ts).
import { windowMask, windowShift } from '../../memory/arena.ts';
import type { ArenaView } from '../../memory/view.ts';
import type { EntryAddress } from '../../keyspace/entry.ts';
import { copyBytes } from '../../keyspace/kept.ts';
import { apartBit, pointerOffset, recordBytes } from '../../keyspace/record.ts';
import type { EntryCopier } from './writer.ts';
import type { SnapshotRing } from './ring.ts';

const cacheLineWords = 16;
const loopWords = 64;
/** No record is longer: a key and a value in it of at most this many bytes. */
const mostRecordBytes = 2 ** 30;

/** Copies into the scratch pad of a view. */
export class ScratchCopier implements EntryCopier {
  /** Means nothing: keeps the loads of `lookAhead` alive. */
  looked = 0;
  private readonly view: ArenaView;

  constructor(view: ArenaView) {
    this.view = view;
  }

  lookAhead(ring: SnapshotRing, from: number, to: number): void {
    const { words } = this.view;
    let sum = 0;
    for (let sequence = from; sequence < to; sequence++) {
      const entry = ring.entryAt(sequence);
      const at = (entry & windowMask) * 2;
      const window = words[entry >>> windowShift] as Int32Array;
      sum ^= (window[at] as number) ^ (window[at + cacheLineWords] as number);
    }
    this.looked = sum;
  }

  copy(ring: SnapshotRing, sequence: number): EntryAddress {
    const { view } = this;
    for (;;) {
      const entry = ring.entryAt(sequence);
      if (entry === 0) return 0;
      const needed = this.copyRecord(entry);
      if (needed === 0 && ring.claim(sequence, entry)) return view.scratch;
      // What looked too long may have been torn; if it was not, there must be room for it.
      if (ring.entryAt(sequence) !== entry) return ring.entryAt(sequence);
      view.ensureScratch(needed);
    }
  }

  /** Copies the entry; returns 0, or how many bytes the scratch pad would have to have. */
  private copyRecord(entry: EntryAddress): number {
    const { view } = this;
    const words = view.words[entry >>> windowShift] as Int32Array;
    const at = (entry & windowMask) * 2;
    const bytes = recordBytes(words, at);
    if (bytes < 0 || bytes > mostRecordBytes) return 8;
    if (bytes > view.scratchBuffer.length) return bytes;
    this.copyBlock(entry, 0, bytes);
    const header = view.scratchWords[0] as number;
    if ((header & apartBit) === 0) return 0;
    return this.copyApart(header, Math.ceil(bytes / 8) * 8);
  }

  /** Copies a value apart behind the record, where that makes `from` bytes, unless it is large. */
  private copyApart(header: number, from: number): number {
    const { scratchWords, scratchBuffer, scratch } = this.view;
    const pointer = pointerOffset(header) >> 2;
    const value = scratchWords[pointer] as number;
    const roomBytes = (scratchWords[pointer + 1] as number) * 8;
    if (roomBytes > copyBytes || roomBytes < 0) return 0;
    if (from + roomBytes > scratchBuffer.length) return from + roomBytes;
    if (value < 0 || value >>> windowShift >= this.view.windows.length - 1) return 0;
    this.copyBlock(value, from, roomBytes);
    scratchWords[pointer] = scratch + from / 8;
    return 0;
  }

  private copyBlock(block: number, to: number, bytes: number): void {
    const { words, windows, scratchWords, scratchBuffer } = this.view;
    const window = block >>> windowShift;
    const first = (block & windowMask) * 2;
    const count = (bytes + 3) >> 2;
    if (count > loopWords) {
      (windows[window] as Buffer).copy(scratchBuffer, to, first * 4, first * 4 + bytes);
      return;
    }
    const source = words[window] as Int32Array;
    for (let word = 0; word < count; word++) {
      scratchWords[(to >> 2) + word] = source[first + word] as number;
    }
  }
}
