// What the main thread and the writer of a snapshot share: a ring of addresses of entries to be
// written, and a few words beside it. Nothing else goes between them while a snapshot runs.
//
//   word 0   head: entries pushed                 written by the main thread
//        1   tail: entries written                by the writer
//        2   cancelled: 1 = stop                  by the main thread
//        3   ended: 1 = the writer reads nothing any more
//        4   asleep: 1 = the writer waits for head to change
//        5   keys written
//        16… slots: i32 address, i32 kind
//        …   for each slot: the table of a pinned value (keyspace/pins.ts), 0 = not pinned
//
//   kind     bit 0: a copy that nobody changes · bit 1: the end, no entry · 2…: database
//
// An entry that is no copy may be changed by the main thread until the writer has taken a copy of
// its own. Whoever comes first decides: the writer by putting 0 in the place of the address, after
// it has copied the entry; the main thread by putting there the address of a copy, before it
// changes the entry. So what the writer has copied is whole if its exchange succeeds; if not, the
// slot has the address of a copy. A large value is not copied: before it changes, the table of its
// pieces stands beside the slot.

import type { EntryAddress } from '../../keyspace/entry.ts';
import type { Address } from '../../memory/arena.ts';

const headWord = 0;
const tailWord = 1;
const cancelledWord = 2;
const endedWord = 3;
const asleepWord = 4;
const keysWord = 5;
const firstSlotWord = 16;

/** Entries that fit. */
export const ringCapacity: number = 2 ** 15;
const slotMask = ringCapacity - 1;
const firstTableWord = firstSlotWord + ringCapacity * 2;

const copyBit = 1;
const endBit = 2;
const databaseShift = 2;

/** The ring, as either side sees it. Sequences count the entries of one snapshot from 0 on. */
export class SnapshotRing {
  readonly memory: SharedArrayBuffer;
  private readonly words: Int32Array;

  constructor(memory?: SharedArrayBuffer) {
    this.memory = memory ?? new SharedArrayBuffer((firstTableWord + ringCapacity) * 4);
    this.words = new Int32Array(this.memory);
  }

  get tail(): number {
    return Atomics.load(this.words, tailWord);
  }

  get head(): number {
    return Atomics.load(this.words, headWord);
  }

  get keys(): number {
    return Atomics.load(this.words, keysWord);
  }

  get isCancelled(): boolean {
    return Atomics.load(this.words, cancelledWord) !== 0;
  }

  get isEnded(): boolean {
    return Atomics.load(this.words, endedWord) !== 0;
  }

  // ---- main thread -----------------------------------------------------------------------------

  /** Empties the ring for another snapshot; no writer may be at work. */
  reset(): void {
    for (const word of [headWord, tailWord, cancelledWord, endedWord, asleepWord, keysWord]) {
      Atomics.store(this.words, word, 0);
    }
  }

  /** Puts an entry into the slot of `sequence`, which is free; `publish` shows it. */
  put(sequence: number, entry: EntryAddress, kind: number): void {
    const at = firstSlotWord + (sequence & slotMask) * 2;
    this.words[at] = entry;
    this.words[at + 1] = kind;
    this.words[firstTableWord + (sequence & slotMask)] = 0;
  }

  /** Says where the pieces of the entry's value are found that are about to change. */
  setTable(sequence: number, table: Address): void {
    Atomics.store(this.words, firstTableWord + (sequence & slotMask), table);
  }

  /** Shows the writer everything before `head`. */
  publish(head: number): void {
    Atomics.store(this.words, headWord, head);
  }

  /** Wakes the writer if it sleeps. */
  wake(): void {
    if (Atomics.load(this.words, asleepWord) !== 0) Atomics.notify(this.words, headWord);
  }

  cancel(): void {
    Atomics.store(this.words, cancelledWord, 1);
    Atomics.notify(this.words, headWord);
  }

  /** Puts a copy in the place of an entry; false: the writer has taken it already. */
  replace(sequence: number, entry: EntryAddress, copy: EntryAddress): boolean {
    const at = firstSlotWord + (sequence & slotMask) * 2;
    return Atomics.compareExchange(this.words, at, entry, copy) === entry;
  }

  /** Waits until the writer has ended, at most so long; true when it has. Blocks the thread. */
  waitForEnd(milliseconds: number): boolean {
    Atomics.wait(this.words, endedWord, 0, milliseconds);
    return this.isEnded;
  }

  // ---- writer ----------------------------------------------------------------------------------

  /** Waits for entries beyond `head`, or a moment. Blocks the thread. */
  waitForMore(head: number, milliseconds: number): void {
    Atomics.store(this.words, asleepWord, 1);
    Atomics.wait(this.words, headWord, head, milliseconds);
    Atomics.store(this.words, asleepWord, 0);
  }

  entryAt(sequence: number): EntryAddress {
    return Atomics.load(this.words, firstSlotWord + (sequence & slotMask) * 2);
  }

  kindAt(sequence: number): number {
    return this.words[firstSlotWord + (sequence & slotMask) * 2 + 1] as number;
  }

  /** The table of the entry's value, 0 = nothing of it has changed before what was read so far. */
  tableAt(sequence: number): Address {
    // Not a load: it would not keep the reads before it before it.
    return Atomics.or(this.words, firstTableWord + (sequence & slotMask), 0);
  }

  /** Takes the entry, of which the writer has a copy; false: the slot has one that is safe. */
  claim(sequence: number, entry: EntryAddress): boolean {
    const at = firstSlotWord + (sequence & slotMask) * 2;
    return Atomics.compareExchange(this.words, at, entry, 0) === entry;
  }

  /** Everything before `tail` is read; `keys` of it were keys. */
  advance(tail: number, keys: number): void {
    Atomics.store(this.words, keysWord, keys);
    Atomics.store(this.words, tailWord, tail);
  }

  /** Nothing is read any more, whatever the ring holds. */
  end(): void {
    Atomics.store(this.words, endedWord, 1);
    Atomics.notify(this.words, endedWord);
  }
}

/** The kind of an entry; `isCopy`: nobody changes it. */
export function kindOf(database: number, isCopy: boolean): number {
  return (database << databaseShift) | (isCopy ? copyBit : 0);
}

/** The kind of the end. */
export const kindEnd: number = endBit;

export function isEnd(kind: number): boolean {
  return (kind & endBit) !== 0;
}

export function isCopy(kind: number): boolean {
  return (kind & copyBit) !== 0;
}

export function databaseOf(kind: number): number {
  return kind >>> databaseShift;
}
