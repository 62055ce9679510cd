// Values apart that the writer of a snapshot reads where they are, because a copy would take too
// long: as long as it may, they are not given back, and what changes in place is kept in pieces.
//
//   table    u32 for each piece of `pieceBytes` of the value as it was: address of a copy of it,
//            or 0 as long as it has not changed
//
// Whoever writes: keep a copy of the piece, put its address into the table, change the value.
// Whoever reads: copy the piece of the value, then look into the table, and if there is an address,
// take what lies there instead. All of it lies in the arena, which both see.

import { windowMask, windowShift } from '../memory/arena.ts';
import type { Address, Arena } from '../memory/arena.ts';

/** Bytes of a piece: a copy of one takes about 10 µs. */
export const pieceBytes = 65536;

interface Pin {
  readonly roomBytes: number;
  /** Kept versions that have this value. */
  holders: number;
  /** No key has the value any more: it goes with the last holder. */
  dropped: boolean;
  /** For which snapshot pieces are kept. */
  snapshot: number;
  /** Of the value in that snapshot. */
  lengthBytes: number;
  table: Address;
  /** Pieces given back by `trim` so far. */
  trimmed: number;
}

/** Pinned values. */
export class Pins {
  /** Told of bytes that are kept more, or less. */
  grown: (bytes: number) => void = () => {};
  private readonly arena: Arena;
  private readonly pins: Map<Address, Pin> = new Map();
  private snapshot = 0;

  constructor(arena: Arena) {
    this.arena = arena;
  }

  get size(): number {
    return this.pins.size;
  }

  has(value: Address): boolean {
    return this.pins.has(value);
  }

  /** Nobody reads what was pinned so far. */
  retire(): void {
    this.snapshot++;
  }

  /**
   * Adds a holder of a value with so many bytes; returns the address of its table.
   * @throws {EngineError} ARENA_FULL when there is no room; nothing has changed then.
   */
  hold(value: Address, { roomBytes, lengthBytes }: PinnedBytes): Address {
    const pin = this.pins.get(value);
    if (pin !== undefined && pin.snapshot === this.snapshot) {
      pin.holders++;
      return pin.table;
    }
    const table = this.newTable(lengthBytes);
    const { snapshot } = this;
    if (pin === undefined) {
      const holders = 1;
      this.pins.set(value, {
        roomBytes, lengthBytes, holders, dropped: false, snapshot, table, trimmed: 0,
      });
      return table;
    }
    // Holders for a snapshot that is over have not been given back yet.
    this.trim(value, Infinity);
    this.freeTable(pin);
    Object.assign(pin, { lengthBytes, holders: pin.holders + 1, snapshot, table, trimmed: 0 });
    return table;
  }

  /** One holder less; with the last one `trim` must have come first. */
  release(value: Address): void {
    const pin = this.pins.get(value);
    if (pin === undefined || --pin.holders > 0) return;
    this.trim(value, Infinity);
    this.freeTable(pin);
    this.pins.delete(value);
    if (!pin.dropped) return;
    this.arena.free(value, pin.roomBytes);
    this.grown(-pin.roomBytes);
  }

  /** Gives back at most so many pieces of a value that has one holder; returns how many. */
  trim(value: Address, most: number): number {
    const pin = this.pins.get(value);
    if (pin === undefined || (pin.holders > 1 && pin.snapshot === this.snapshot)) return 0;
    let given = 0;
    const { words, at } = this.tableOf(pin);
    for (const end = piecesOf(pin.lengthBytes); given < most && pin.trimmed < end; pin.trimmed++) {
      const piece = words[at + pin.trimmed] as number;
      if (piece === 0) continue;
      const bytes = this.bytesOf(pin, pin.trimmed);
      this.arena.free(piece, bytes);
      this.grown(-bytes);
      given++;
    }
    return given;
  }

  /** No key has the value any more; true when it is pinned, and so not to be given back now. */
  drop(value: Address): boolean {
    const pin = this.pins.get(value);
    if (pin === undefined) return false;
    pin.dropped = true;
    this.grown(pin.roomBytes);
    return true;
  }

  /**
   * Bytes `from` to `to` of a value are about to change in place: keeps what the snapshot reads.
   * @throws {EngineError} ARENA_FULL when there is no room; nothing may be changed then.
   */
  keep(value: Address, from: number, to: number): void {
    const pin = this.pins.get(value);
    if (pin === undefined || pin.snapshot !== this.snapshot) return;
    const end = Math.min(to, pin.lengthBytes);
    for (let piece = Math.floor(from / pieceBytes); piece * pieceBytes < end; piece++) {
      this.keepPiece(value, pin, piece);
    }
  }

  /** Forgets everything: the arena was reset. */
  forget(): void {
    this.pins.clear();
  }

  private keepPiece(value: Address, pin: Pin, piece: number): void {
    const { words, at } = this.tableOf(pin);
    if (words[at + piece] !== 0) return;
    const bytes = this.bytesOf(pin, piece);
    const copy = this.arena.allocate(bytes);
    const { windows } = this.arena;
    const start = (value & windowMask) * 8 + piece * pieceBytes;
    (windows[value >>> windowShift] as Buffer)
      .copy(windows[copy >>> windowShift] as Buffer, (copy & windowMask) * 8, start, start + bytes);
    Atomics.store(words, at + piece, copy);
    // A store and a load: what comes next stays behind both, on every processor.
    Atomics.load(words, at + piece);
    this.grown(bytes);
  }

  private bytesOf({ lengthBytes }: Pin, piece: number): number {
    return Math.min(pieceBytes, lengthBytes - piece * pieceBytes);
  }

  private tableOf({ table }: Pin): { words: Int32Array; at: number } {
    return {
      words: this.arena.words[table >>> windowShift] as Int32Array, at: (table & windowMask) * 2,
    };
  }

  private newTable(lengthBytes: number): Address {
    const count = piecesOf(lengthBytes);
    const table = this.arena.allocate(count * 4);
    const at = (table & windowMask) * 2;
    (this.arena.words[table >>> windowShift] as Int32Array).fill(0, at, at + count);
    return table;
  }

  private freeTable({ table, lengthBytes }: Pin): void {
    this.arena.free(table, piecesOf(lengthBytes) * 4);
  }
}

/** Sizes of a value to pin. */
export interface PinnedBytes {
  readonly roomBytes: number;
  readonly lengthBytes: number;
}

/** Pieces of a value, at least one. */
function piecesOf(lengthBytes: number): number {
  return Math.max(1, Math.ceil(lengthBytes / pieceBytes));
}
