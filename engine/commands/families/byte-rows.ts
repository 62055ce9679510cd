// Many values, their bytes in one buffer: what a command gathers before it answers.
import { copyBytes, misfits, newScratch } from '../../collections/bytes.ts';

const leastRows = 16;

/** Rows of bytes, numbered from 0; a row may stand for nothing at all, as nil does. */
export class ByteRows {
  /** Holds all rows; another one after `add` or `reset`. */
  buffer: Buffer = newScratch(0);
  count: number = 0;
  private endBytes = 0;
  private starts: Float64Array = new Float64Array(leastRows);
  /** Below the start: nil. */
  private ends: Float64Array = new Float64Array(leastRows);

  /** Forgets all rows, gives large room back, and makes room for so many rows. */
  reset(rows: number): void {
    this.count = 0;
    this.endBytes = 0;
    if (misfits(this.buffer.length, 0)) this.buffer = newScratch(0);
    if (misfits(this.starts.length, rows)) this.resize(Math.max(rows, leastRows));
  }

  /** Adds a copy of the bytes, which must not lie in these rows. */
  add(buffer: Buffer, start: number, end: number): void {
    const at = this.endBytes;
    const next = at + end - start;
    if (next > this.buffer.length) this.grow(next);
    copyBytes(this.buffer, at, buffer, start, end);
    this.endBytes = next;
    this.addRow(at, next);
  }

  addNil(): void {
    this.addRow(0, -1);
  }

  isNil(row: number): boolean {
    return this.end(row) < 0;
  }

  start(row: number): number {
    return this.starts[row] as number;
  }

  end(row: number): number {
    return this.ends[row] as number;
  }

  private addRow(start: number, end: number): void {
    if (this.count === this.starts.length) this.resize(this.count * 2);
    this.starts[this.count] = start;
    this.ends[this.count++] = end;
  }

  private resize(rows: number): void {
    const { starts, ends, count } = this;
    this.starts = new Float64Array(rows);
    this.ends = new Float64Array(rows);
    this.starts.set(starts.subarray(0, count));
    this.ends.set(ends.subarray(0, count));
  }

  private grow(bytes: number): void {
    const larger = newScratch(bytes);
    this.buffer.copy(larger, 0, 0, this.endBytes);
    this.buffer = larger;
  }
}
