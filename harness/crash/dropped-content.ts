// What is durable of a file some of whose syncs failed, as Linux does it: the failed sync marks the
// dirty pages clean. Reads go on seeing them, later syncs pass them over, and a cut loses them,
// unless a later write dirties the page again: then all of it is written. Lengths are metadata and
// come with the next good sync: bytes that were never written are zeros.

import type { CrashFile, DataChange } from './crash-tree.ts';
import { FileContent } from './file-content.ts';

const pageBytes = 4096;

/** The durable bytes of a file with drops at an instant; in one pass, nothing is kept. */
export function contentAfterDrops(file: CrashFile, cutNs: number): Uint8Array {
  const live = new FileContent(file);
  const dirty = new Set<number>();
  let durable = file.initial;
  let applied = 0;
  // Since the last good sync: what lies beyond it was cut off.
  let shortest = Infinity;
  for (const event of eventsUpTo(file, cutNs)) {
    for (; applied < event.count; applied += 1) {
      const change = file.changes[applied];
      if (change === undefined) break;
      markDirty(dirty, change);
      if (change.bytes === null) shortest = Math.min(shortest, change.offsetBytes);
    }
    if (!event.drops) {
      durable = written(durable.subarray(0, shortest), live.at(event.count), dirty);
      shortest = Infinity;
    }
    dirty.clear();
  }
  return durable;
}

interface Event {
  readonly atNs: number;
  /** How many changes the sync covers. */
  readonly count: number;
  readonly drops: boolean;
}

function eventsUpTo(file: CrashFile, cutNs: number): Event[] {
  const good = file.settledNs.map((atNs, index): Event => {
    return { atNs, count: file.settledCounts[index] as number, drops: false };
  });
  const bad = file.drops.map(({ atNs, to }): Event => ({ atNs, count: to, drops: true }));
  const events = [...good, ...bad].filter(({ atNs }) => atNs <= cutNs);
  return events.sort((a, b) => a.atNs - b.atNs);
}

function markDirty(dirty: Set<number>, { offsetBytes, bytes }: DataChange): void {
  const last = offsetBytes + Math.max(bytes?.length ?? 0, 1) - 1;
  for (let page = Math.floor(offsetBytes / pageBytes); page * pageBytes <= last; page += 1) {
    dirty.add(page);
  }
}

// The dirty pages of `now` over what was there before.
function written(before: Uint8Array, now: Uint8Array, dirty: ReadonlySet<number>): Uint8Array {
  const result = new Uint8Array(now.length);
  result.set(before.subarray(0, now.length));
  for (const page of dirty) {
    const at = page * pageBytes;
    if (at < now.length) result.set(now.subarray(at, at + pageBytes), at);
  }
  return result;
}
