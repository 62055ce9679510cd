// The arena: one shared buffer that holds every key, value and index, so that nothing per key lies
// on the JavaScript heap and no garbage collection grows with the data.
//
//   | unit table | units …                                    … | untouched top |
//                | slab: 16 units cut into blocks of one class  | run of units  |
//
// Small blocks come from slabs, larger ones are runs of units. A slab without blocks in use goes
// back to the runs, and runs merge: memory of one size is available to every other.
//
// Hot code indexes windows, never the whole: an index past 2^31 makes Maglev (V8 14.6) deoptimise
// again and again: five times slower, and 1 kB of garbage for each operation. Window n begins at
// n GiB and spans two, so that a block lies in the window of its address as a whole (blocks beyond
// 1 GiB excepted: native calls on `u8` are for those).

import { EngineError } from '../errors.ts';
import { Runs } from './runs.ts';
import { sizeClasses } from './size-classes.ts';
import type { SizeClasses } from './size-classes.ts';
import {
  unitCarve, unitFreeHead, unitNext, unitPrevious, unitSlab, unitState, unitUsed, unitWords,
} from './unit-table.ts';

/** A place in the arena in units of 8 bytes; below 2^31: always a small integer; 0 means none. */
export type Address = number;

/** Addresses of one window: 1 GiB. The window of an address is `address >>> windowShift`. */
export const windowShift = 27;
/** The place of an address in its window is `address & windowMask`, in units of 8 bytes. */
export const windowMask: number = 2 ** windowShift - 1;
const windowBytes = 2 ** (windowShift + 3);

/** How large an arena to reserve. */
export interface ArenaOptions {
  /** Bytes wanted, 1 MiB to 16 GiB; the default is 16 GiB. Halved until the OS agrees. */
  readonly capacityBytes?: number;
  /** Memory to use instead, all zeros: a simulation that starts thousands of engines has it. */
  readonly buffer?: SharedArrayBuffer;
  /** For tests: leave the bytes below this unused, so that all addresses are high. */
  readonly startBytes?: number;
  /** The buffer of another arena, to be read only: nothing may be allocated here or given back. */
  readonly viewOf?: SharedArrayBuffer;
}

const smallestCapacityBytes = 2 ** 20;
/** Addresses in units of 8 bytes stay below 2^31: small integers, and exact in an Int32Array. */
const largestCapacityBytes = 2 ** 34;
const slabUnits = 16;
/** A slab holds at least this many blocks. */
const blocksPerSlab = 4;

function reserve(wantedBytes: number): SharedArrayBuffer {
  let bytes = Math.max(smallestCapacityBytes, Math.min(largestCapacityBytes, wantedBytes));
  for (;;) {
    try {
      return new SharedArrayBuffer(bytes);
    } catch (error) {
      bytes = Math.floor(bytes / 2);
      if (bytes < smallestCapacityBytes) {
        throw new EngineError(
          'ARENA_UNAVAILABLE',
          `the system gave no memory for an arena, not even ${smallestCapacityBytes} bytes; ` +
            'raise the address space limit (ulimit -v) or free memory',
          { cause: error },
        );
      }
    }
  }
}

function windowStarts(capacityBytes: number): number[] {
  const count = Math.ceil(capacityBytes / windowBytes);
  return Array.from({ length: count }, (_, window) => window * windowBytes);
}

/** Units of 512 bytes for 1 MiB up to 4096 from 64 MiB on: a small arena holds many slabs, too. */
function unitBytesFor(capacityBytes: number): number {
  let bytes = 512;
  while (bytes < 4096 && bytes * 16384 < capacityBytes) {
    bytes *= 2;
  }
  return bytes;
}

/** Hands out blocks of one SharedArrayBuffer that the OS commits page by page as it is touched. */
export class Arena {
  /** What it lies in; a view of it in another thread is made with `viewOf`. */
  readonly buffer: SharedArrayBuffer;
  /** By window: its bytes; those of `address` begin at `(address & windowMask) * 8`. */
  readonly windows: readonly Buffer[];
  /** By window: its words, signed; the first of `address` is at `(address & windowMask) * 2`. */
  readonly words: readonly Int32Array[];
  /** The whole arena as bytes, for native calls: `copy`, `compare`, `toString`, `fill`. */
  readonly u8: Buffer;
  /** The whole as signed words; the first of `address` is `i32[address * 2]`. Not for hot code. */
  readonly i32: Int32Array;
  /** The whole as unsigned words. Not for hot code. */
  readonly u32: Uint32Array;
  /** The whole as doubles; the first of `address` is `f64[address]`. */
  readonly f64: Float64Array;
  /** Bytes of the reservation, bookkeeping included. */
  readonly capacityBytes: number;
  /** Called when the arena is full: frees something and returns true, or returns false. */
  reclaimer: (() => boolean) | null = null;

  private readonly table: Int32Array;
  private readonly runs: Runs;
  private readonly firstUnit: number;
  private readonly unitBytes: number;
  /** address >>> unitShift = unit. */
  private readonly unitShift: number;
  private readonly classes: SizeClasses;
  private readonly smallBytes: number;
  private readonly classOfWords: Uint8Array;
  /** By class: words of a block, blocks of a slab, first slab with room. */
  private readonly blockWords: Int32Array;
  private readonly slabBlocks: Int32Array;
  private readonly partial: Int32Array;
  /** `usedBytes / 8`: an integer, and up to date, for each write asks whether memory is short. */
  private usedWords: number = 0;

  /**
   * Reserves the memory; nothing of it is committed yet.
   * @throws {EngineError} ARENA_UNAVAILABLE when the OS refuses even the smallest arena.
   */
  constructor(options: ArenaOptions = {}) {
    const buffer = options.viewOf ?? options.buffer
      ?? reserve(options.capacityBytes ?? largestCapacityBytes);
    const words = Math.floor(buffer.byteLength / 8);
    const starts = windowStarts(buffer.byteLength);
    const span = (start: number): number => Math.min(2 * windowBytes, words * 8 - start);
    this.windows = starts.map((start) => Buffer.from(buffer, start, span(start)));
    this.words = starts.map((start) => new Int32Array(buffer, start, span(start) / 4));
    this.buffer = buffer;
    this.u8 = Buffer.from(buffer);
    this.i32 = new Int32Array(buffer, 0, words * 2);
    this.u32 = new Uint32Array(buffer, 0, words * 2);
    this.f64 = new Float64Array(buffer, 0, words);
    this.capacityBytes = buffer.byteLength;
    this.unitBytes = unitBytesFor(buffer.byteLength);
    this.unitShift = Math.log2(this.unitBytes / 8);
    const unitCount = Math.floor(buffer.byteLength / this.unitBytes);
    const tableUnits = Math.ceil((unitCount * unitWords * 4) / this.unitBytes);
    this.firstUnit = Math.max(tableUnits, Math.ceil((options.startBytes ?? 0) / this.unitBytes));
    this.table = this.words[0] as Int32Array;
    this.runs = new Runs(this.table, this.firstUnit, unitCount);
    this.classes = sizeClasses((this.unitBytes * slabUnits) / blocksPerSlab);
    this.smallBytes = this.classes.maxBytes;
    this.classOfWords = this.classes.ofWords;
    const slabBytes = this.unitBytes * slabUnits;
    this.blockWords = this.classes.bytes.map((bytes) => bytes / 8);
    this.slabBlocks = this.classes.bytes.map((bytes) => Math.floor(slabBytes / bytes));
    this.partial = new Int32Array(this.classes.count);
  }

  /** Bytes handed out and not given back, rounded up to their blocks. */
  get usedBytes(): number {
    return this.usedWords * 8;
  }

  /** Bytes up to the untouched top, free blocks and bookkeeping included. */
  get reservedBytes(): number {
    return (this.runs.top - this.firstUnit) * (this.unitBytes + unitWords * 4);
  }

  /** Everything from here to the end has never been written to. */
  get touchedBytes(): number {
    return this.runs.peak * this.unitBytes;
  }

  /** The most that `reservedBytes` has been: about what the OS had to commit. */
  get peakBytes(): number {
    return (this.runs.peak - this.firstUnit) * (this.unitBytes + unitWords * 4);
  }

  /** Bytes of runs that are free below the top: what fragmentation keeps. */
  get freeRunBytes(): number {
    return this.runs.freeUnits() * this.unitBytes;
  }

  /**
   * Takes a block of at least `bytes` bytes, aligned to 8, contents undefined.
   * @throws {EngineError} ARENA_FULL when there is no room; nothing has changed then.
   */
  allocate(bytes: number): Address {
    if (bytes > this.smallBytes) {
      return this.allocateRun(bytes);
    }
    const table = this.table;
    const cls = this.classOfWords[(bytes + 7) >>> 3] as number;
    let slab = this.partial[cls] as number;
    if (slab === 0) {
      slab = this.openSlab(cls, bytes);
    }
    const entry = slab * unitWords;
    let address = table[entry + unitFreeHead] as number;
    if (address !== 0) {
      const block = this.words[address >>> windowShift] as Int32Array;
      table[entry + unitFreeHead] = block[(address & windowMask) * 2] as number;
    } else {
      address = table[entry + unitCarve] as number;
      table[entry + unitCarve] = address + (this.blockWords[cls] as number);
    }
    const used = (table[entry + unitUsed] as number) + 1;
    table[entry + unitUsed] = used;
    if (used === this.slabBlocks[cls]) {
      this.unlinkSlab(slab, cls);
    }
    this.usedWords += this.blockWords[cls] as number;
    return address;
  }

  /** Gives back a block; `bytes` is what was asked for, or any size with the same block size. */
  free(address: Address, bytes: number): void {
    if (bytes > this.smallBytes) {
      const units = Math.ceil(bytes / this.unitBytes);
      this.usedWords -= units * (this.unitBytes / 8);
      this.runs.give(address >>> this.unitShift, units);
      return;
    }
    const table = this.table;
    const slab = table[(address >>> this.unitShift) * unitWords + unitSlab] as number;
    const entry = slab * unitWords;
    const cls = this.classOfWords[(bytes + 7) >>> 3] as number;
    if (table[entry + unitState] !== cls + 1) {
      throw new Error(`arena: block ${address} was not allocated with ${bytes} bytes`);
    }
    const block = this.words[address >>> windowShift] as Int32Array;
    block[(address & windowMask) * 2] = table[entry + unitFreeHead] as number;
    table[entry + unitFreeHead] = address;
    const used = (table[entry + unitUsed] as number) - 1;
    table[entry + unitUsed] = used;
    this.usedWords -= this.blockWords[cls] as number;
    if (used === (this.slabBlocks[cls] as number) - 1) {
      this.linkSlab(slab, cls);
    } else if (used === 0) {
      this.closeSlab(slab, cls, false);
    }
  }

  /** Bytes that a block for `bytes` really has: as long as this stays equal, a block still fits. */
  blockBytes(bytes: number): number {
    if (bytes > this.smallBytes) {
      return Math.ceil(bytes / this.unitBytes) * this.unitBytes;
    }
    return this.classes.bytes[this.classOfWords[(bytes + 7) >>> 3] as number] as number;
  }

  /** Takes back everything at once, in constant time. Every address becomes invalid. */
  reset(): void {
    this.runs.reset();
    this.partial.fill(0);
    this.usedWords = 0;
  }

  /** Gives empty slabs, of which each class keeps one, back to the runs. */
  trim(): void {
    for (let cls = 0; cls < this.classes.count; cls++) {
      let slab = this.partial[cls] as number;
      while (slab !== 0) {
        const next = this.table[slab * unitWords + unitNext] as number;
        if (this.table[slab * unitWords + unitUsed] === 0) {
          this.closeSlab(slab, cls, true);
        }
        slab = next;
      }
    }
  }

  private allocateRun(bytes: number): Address {
    if (bytes > this.capacityBytes) {
      throw this.full(bytes);
    }
    const units = Math.ceil(bytes / this.unitBytes);
    const unit = this.takeUnits(units, bytes, -1);
    this.usedWords += units * (this.unitBytes / 8);
    return unit * (this.unitBytes / 8);
  }

  /** Takes a run for `cls` (-1: for itself); 0 when the class has a slab with room by now. */
  private takeUnits(units: number, bytes: number, cls: number): number {
    let unit = this.runs.take(units);
    if (unit === 0) {
      this.trim();
      unit = this.runs.take(units);
    }
    while (unit === 0) {
      if (this.reclaimer === null || !this.reclaimer()) {
        throw this.full(bytes);
      }
      if (cls >= 0 && this.partial[cls] !== 0) {
        return 0;
      }
      this.trim();
      unit = this.runs.take(units);
    }
    return unit;
  }

  private full(bytes: number): EngineError {
    return new EngineError(
      'ARENA_FULL',
      `no room in the arena for ${bytes} bytes: ${this.usedBytes} of ${this.capacityBytes} ` +
        'bytes are in use; delete keys or raise arena-bytes',
    );
  }

  private openSlab(cls: number, bytes: number): number {
    const table = this.table;
    const slab = this.takeUnits(slabUnits, bytes, cls);
    if (slab === 0) {
      return this.partial[cls] as number;
    }
    for (let unit = slab; unit < slab + slabUnits; unit++) {
      table[unit * unitWords + unitState] = 0;
      table[unit * unitWords + unitSlab] = slab;
    }
    const entry = slab * unitWords;
    table[entry + unitState] = cls + 1;
    table[entry + unitFreeHead] = 0;
    table[entry + unitUsed] = 0;
    table[entry + unitCarve] = slab * (this.unitBytes / 8);
    this.linkSlab(slab, cls);
    return slab;
  }

  /** Returns an empty slab to the runs; the last one of its class stays unless `all`. */
  private closeSlab(slab: number, cls: number, all: boolean): void {
    const entry = slab * unitWords;
    if (!all && this.partial[cls] === slab && this.table[entry + unitNext] === 0) {
      return;
    }
    this.unlinkSlab(slab, cls);
    this.runs.give(slab, slabUnits);
  }

  private linkSlab(slab: number, cls: number): void {
    const table = this.table;
    const next = this.partial[cls] as number;
    table[slab * unitWords + unitNext] = next;
    table[slab * unitWords + unitPrevious] = 0;
    if (next !== 0) {
      table[next * unitWords + unitPrevious] = slab;
    }
    this.partial[cls] = slab;
  }

  private unlinkSlab(slab: number, cls: number): void {
    const table = this.table;
    const next = table[slab * unitWords + unitNext] as number;
    const previous = table[slab * unitWords + unitPrevious] as number;
    if (next !== 0) {
      table[next * unitWords + unitPrevious] = previous;
    }
    if (previous !== 0) {
      table[previous * unitWords + unitNext] = next;
    } else {
      this.partial[cls] = next;
    }
  }
}
