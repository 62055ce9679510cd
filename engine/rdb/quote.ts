// Keys in messages.

const shownBytes = 64;

/** Bytes as text in quotes, cut after 64. */
export function quote(buffer: Buffer, start: number, end: number): string {
  const stop = Math.min(end, start + shownBytes);
  const shown = JSON.stringify(buffer.toString('latin1', start, stop));
  return end - start > shownBytes ? `${shown}… (${end - start} bytes)` : shown;
}
