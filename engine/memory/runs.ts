// Free runs of whole units: lists by length, merged with their neighbours as soon as they are
// given back. What was never used, or is free up to the end, is the untouched top.

import { runNext, runPrevious, unitState, unitWords } from './unit-table.ts';

const exactBins = 64;
const binCount = exactBins + 8 * 20;
const binWords = Math.ceil(binCount / 32);
/** How many runs of the own bin are tried before a longer run is cut. */
const patience = 8;

/** Lengths below 64 have a list each; above, eight lists to each doubling. */
function binOf(units: number): number {
  if (units < exactBins) {
    return units;
  }
  const doubling = 31 - Math.clz32(units);
  return exactBins + (doubling - 6) * 8 + ((units >>> (doubling - 3)) & 7);
}

/** Hands out runs of consecutive units between two bounds. */
export class Runs {
  /** First unit above everything in use. */
  top: number;
  /** The highest `top` so far. */
  peak: number;
  private readonly table: Int32Array;
  private readonly first: number;
  private readonly limit: number;
  private readonly heads: Int32Array = new Int32Array(binCount);
  private readonly occupied: Int32Array = new Int32Array(binWords);

  /** Manages the units `first` to `limit` (exclusive), described in the unit table. */
  constructor(table: Int32Array, first: number, limit: number) {
    this.table = table;
    this.first = first;
    this.limit = limit;
    this.top = first;
    this.peak = first;
  }

  /** Takes `units` consecutive units and returns the first, or 0 when there is no such run. */
  take(units: number): number {
    if (units > this.limit - this.first) {
      return 0;
    }
    const bin = binOf(units);
    let run = this.searchBin(bin, units, patience);
    if (run === 0) {
      run = this.searchBins(bin + 1);
    }
    if (run !== 0) {
      return this.cut(run, units);
    }
    if (this.top + units <= this.limit) {
      return this.raiseTop(units);
    }
    run = this.searchBin(bin, units, Infinity);
    return run === 0 ? 0 : this.cut(run, units);
  }

  /** Gives back a run. */
  give(unit: number, units: number): void {
    const table = this.table;
    let start = unit;
    let length = units;
    const before = start > this.first ? (table[(start - 1) * unitWords + unitState] as number) : 0;
    if (before < 0) {
      start += before;
      length -= before;
      this.unlink(start, -before);
    }
    const end = start + length;
    const after = end < this.top ? (table[end * unitWords + unitState] as number) : 0;
    if (after < 0) {
      this.unlink(end, -after);
      length -= after;
    }
    if (start + length === this.top) {
      this.top = start;
    } else {
      this.link(start, length);
    }
  }

  /** Forgets every run: all units are free again. */
  reset(): void {
    this.top = this.first;
    this.heads.fill(0);
    this.occupied.fill(0);
  }

  /** Free units below the top: what fragmentation costs. */
  freeUnits(): number {
    let free = 0;
    for (const head of this.heads) {
      for (let run = head; run !== 0; run = this.table[run * unitWords + runNext] as number) {
        free -= this.table[run * unitWords + unitState] as number;
      }
    }
    return free;
  }

  private raiseTop(units: number): number {
    const unit = this.top;
    this.top += units;
    if (this.top > this.peak) {
      this.peak = this.top;
    }
    this.clearEnds(unit, units);
    return unit;
  }

  private searchBin(bin: number, units: number, tries: number): number {
    const table = this.table;
    let run = this.heads[bin] as number;
    for (let tried = 0; run !== 0 && tried < tries; tried++) {
      if (-(table[run * unitWords + unitState] as number) >= units) {
        return run;
      }
      run = table[run * unitWords + runNext] as number;
    }
    return 0;
  }

  private searchBins(from: number): number {
    for (let word = from >>> 5; word < binWords; word++) {
      let bits = this.occupied[word] as number;
      if (word === from >>> 5) {
        bits &= -1 << (from & 31);
      }
      if (bits !== 0) {
        return this.heads[word * 32 + 31 - Math.clz32(bits & -bits)] as number;
      }
    }
    return 0;
  }

  /** Takes the front of a free run, the rest stays free. */
  private cut(run: number, units: number): number {
    const length = -(this.table[run * unitWords + unitState] as number);
    this.unlink(run, length);
    if (length > units) {
      this.link(run + units, length - units);
    }
    this.clearEnds(run, units);
    return run;
  }

  private clearEnds(unit: number, units: number): void {
    this.table[unit * unitWords + unitState] = 0;
    this.table[(unit + units - 1) * unitWords + unitState] = 0;
  }

  private link(run: number, length: number): void {
    const table = this.table;
    const bin = binOf(length);
    const next = this.heads[bin] as number;
    table[run * unitWords + unitState] = -length;
    table[(run + length - 1) * unitWords + unitState] = -length;
    table[run * unitWords + runNext] = next;
    table[run * unitWords + runPrevious] = 0;
    if (next !== 0) {
      table[next * unitWords + runPrevious] = run;
    }
    this.heads[bin] = run;
    this.occupied[bin >>> 5] = (this.occupied[bin >>> 5] as number) | (1 << (bin & 31));
  }

  private unlink(run: number, length: number): void {
    const table = this.table;
    const next = table[run * unitWords + runNext] as number;
    const previous = table[run * unitWords + runPrevious] as number;
    this.clearEnds(run, length);
    if (next !== 0) {
      table[next * unitWords + runPrevious] = previous;
    }
    if (previous !== 0) {
      table[previous * unitWords + runNext] = next;
      return;
    }
    const bin = binOf(length);
    this.heads[bin] = next;
    if (next === 0) {
      this.occupied[bin >>> 5] = (this.occupied[bin >>> 5] as number) & ~(1 << (bin & 31));
    }
  }
}
