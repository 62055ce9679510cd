// Registers of a sparse HyperLogLog: reading, raising one, becoming dense. Diagram in format.ts.
import {
  denseBytes, encodingDense, headerBytes, invalidate, raiseDense, registerCount, sparseMaxValue,
} from './format.ts';

/** Runs that are looked at for merging after a change, from the one before it on. */
const mergeRuns = 5;
const longestZeros = 64;
const longestValues = 4;

function isValue(run: number): boolean {
  return (run & 0x80) !== 0;
}

function isLongZeros(run: number): boolean {
  return (run & 0xc0) === 0x40;
}

function valueOf(run: number): number {
  return ((run >> 2) & 0x1f) + 1;
}

function valueRun(value: number, length: number): number {
  return 0x80 | ((value - 1) << 2) | (length - 1);
}

function runLength(sketch: Buffer, at: number): number {
  const run = sketch[at] as number;
  if (isValue(run)) return (run & 3) + 1;
  if (!isLongZeros(run)) return (run & 0x3f) + 1;
  return (((run & 0x3f) << 8) | (sketch[at + 1] ?? 0)) + 1;
}

/**
 * Calls `visit` for each run of registers; false when the runs do not cover the registers exactly:
 * the sketch is corrupt.
 */
export function eachRun(
  sketch: Buffer, visit: (index: number, length: number, value: number) => void,
): boolean {
  let index = 0;
  let at = headerBytes;
  while (at < sketch.length) {
    const run = sketch[at] as number;
    const length = runLength(sketch, at);
    if (index + length > registerCount) return false;
    visit(index, length, isValue(run) ? valueOf(run) : 0);
    index += length;
    at += isLongZeros(run) ? 2 : 1;
  }
  return index === registerCount;
}

/** The same registers, dense; null when the sketch is corrupt. */
export function toDense(sketch: Buffer): Buffer | null {
  const dense = Buffer.alloc(denseBytes);
  sketch.copy(dense, 0, 0, headerBytes);
  dense[4] = encodingDense;
  const whole = eachRun(sketch, (index, length, value) => {
    if (value === 0) return;
    for (let i = index; i < index + length; i++) raiseDense(dense, i, value);
  });
  return whole ? dense : null;
}

interface Run {
  /** Offset of the run that covers the register, and of the one before it (0: there is none). */
  readonly at: number;
  readonly before: number;
  /** First register of the run. */
  readonly first: number;
  readonly length: number;
}

function findRun(sketch: Buffer, index: number): Run | null {
  let first = 0;
  let before = 0;
  let at = headerBytes;
  while (at < sketch.length) {
    const length = runLength(sketch, at);
    if (index < first + length) return { at, before, first, length };
    before = at;
    first += length;
    at += isLongZeros(sketch[at] as number) ? 2 : 1;
  }
  return null;
}

function pushZeros(runs: number[], length: number): void {
  if (length === 0) return;
  if (length > longestZeros) runs.push(0x40 | ((length - 1) >> 8), (length - 1) & 0xff);
  else runs.push(length - 1);
}

/** What stands for the run once its register `index` has the new value. */
function splitRun(found: Run, old: number, change: { index: number; value: number }): number[] {
  const { index, value } = change;
  const runs: number[] = [];
  const [left, right] = [index - found.first, found.first + found.length - 1 - index];
  if (old === 0) pushZeros(runs, left);
  else if (left > 0) runs.push(valueRun(old, left));
  runs.push(valueRun(value, 1));
  if (old === 0) pushZeros(runs, right);
  else if (right > 0) runs.push(valueRun(old, right));
  return runs;
}

/** Joins neighbouring runs of one value near a change, exactly where Redis does. */
function mergeRunsFrom(sketch: Buffer, start: number): Buffer {
  let end = sketch.length;
  let at = start;
  for (let left = mergeRuns; at < end && left > 0; left--) {
    const run = sketch[at] as number;
    if (!isValue(run)) {
      at += isLongZeros(run) ? 2 : 1;
      continue;
    }
    const next = at + 1 < end ? (sketch[at + 1] as number) : 0;
    const length = (run & 3) + (next & 3) + 2;
    if (isValue(next) && valueOf(next) === valueOf(run) && length <= longestValues) {
      sketch[at + 1] = valueRun(valueOf(run), length);
      sketch.copyWithin(at, at + 1, end);
      end--;
      continue;
    }
    at++;
  }
  return sketch.subarray(0, end);
}

/**
 * Raises a register. Returns the sketch afterwards (another buffer when its length changed; dense
 * when the sparse form would take more than `mostBytes`), the same object unchanged when the
 * register was that high, or null when the sketch is corrupt.
 */
export function raiseSparse(
  sketch: Buffer, index: number, value: number, mostBytes: number,
): Buffer | null {
  if (value > sparseMaxValue) return raiseAsDense(sketch, index, value);
  const found = findRun(sketch, index);
  if (found === null) return null;
  const run = sketch[found.at] as number;
  const old = isValue(run) ? valueOf(run) : 0;
  if (old >= value) return sketch;
  const oldBytes = isLongZeros(run) ? 2 : 1;
  const runs = found.length === 1 && oldBytes === 1
    ? [valueRun(value, 1)]
    : splitRun(found, old, { index, value });
  const growth = runs.length - oldBytes;
  if (growth > 0 && sketch.length + growth > mostBytes) {
    return raiseAsDense(sketch, index, value);
  }
  const changed = Buffer.concat([
    sketch.subarray(0, found.at), Buffer.from(runs), sketch.subarray(found.at + oldBytes),
  ]);
  const merged = mergeRunsFrom(changed, found.before === 0 ? headerBytes : found.before);
  invalidate(merged);
  return merged;
}

function raiseAsDense(sketch: Buffer, index: number, value: number): Buffer | null {
  const dense = toDense(sketch);
  if (dense !== null) raiseDense(dense, index, value);
  return dense;
}
