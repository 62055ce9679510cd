// Copying and comparing bytes: a loop for a few, a native call for more (its call alone costs as
// much as the loop).

const loopBytes = 24;
/** A scratch that grew beyond this for a huge element makes way when a small one comes. */
const keptScratchBytes = 64 * 1024;
const leastScratchBytes = 256;

/** Copies bytes between buffers, or within one where they do not overlap. */
export function copyBytes(
  target: Buffer, at: number, buffer: Buffer, start: number, end: number,
): void {
  if (end - start > loopBytes) {
    buffer.copy(target, at, start, end);
    return;
  }
  for (let from = start, to = at; from < end; from++, to++) {
    target[to] = buffer[from] as number;
  }
}

/** Whether a scratch of so many bytes is too small for what comes, or far too large. */
export function misfits(scratchBytes: number, bytes: number): boolean {
  return bytes > scratchBytes || (scratchBytes > keptScratchBytes && bytes < scratchBytes >> 3);
}

/** A scratch for so many bytes and some more. */
export function newScratch(bytes: number): Buffer {
  return Buffer.alloc(Math.max(bytes * 2, leastScratchBytes));
}

/** Moves bytes within a buffer; the ranges may overlap. */
export function moveBytes(buffer: Buffer, target: number, start: number, end: number): void {
  if (end - start > loopBytes) {
    buffer.copyWithin(target, start, end);
  } else if (target < start) {
    for (let from = start, to = target; from < end; from++, to++) {
      buffer[to] = buffer[from] as number;
    }
  } else {
    for (let from = end - 1, to = target + end - start - 1; from >= start; from--, to--) {
      buffer[to] = buffer[from] as number;
    }
  }
}

/** Whether as many bytes from `at` on are those from `start` to `end`. */
export function sameBytes(
  left: Buffer, at: number, buffer: Buffer, start: number, end: number,
): boolean {
  const bytes = end - start;
  if (bytes > loopBytes * 2) {
    return left.compare(buffer, start, end, at, at + bytes) === 0;
  }
  for (let index = bytes - 1; index >= 0; index--) {
    if (left[at + index] !== buffer[start + index]) {
      return false;
    }
  }
  return true;
}

/** Below, at or above 0 as the bytes left are below, the same as, or above those right. */
export function compareBytes(
  left: Buffer, leftStart: number, leftEnd: number, right: Buffer, rightStart: number,
  rightEnd: number,
): number {
  const shorter = Math.min(leftEnd - leftStart, rightEnd - rightStart);
  if (shorter > loopBytes * 2) {
    return left.compare(right, rightStart, rightEnd, leftStart, leftEnd);
  }
  for (let index = 0; index < shorter; index++) {
    const order = (left[leftStart + index] as number) - (right[rightStart + index] as number);
    if (order !== 0) {
      return order;
    }
  }
  return leftEnd - leftStart - (rightEnd - rightStart);
}
