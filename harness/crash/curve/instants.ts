// The instants at which what a power cut leaves may change, and those somebody asks about.

import type { OpLog } from '../../../engine/io/op-log.ts';
import type { CrashFile } from '../crash-tree.ts';
import type { Timeline } from '../timeline.ts';

/** Names changed, or a file that is no increment did: what is loaded must be asked anew. */
export const INSTANT_NAMES = 1;
/** More of an increment is durable. */
export const INSTANT_GROWTH = 2;
/** A sync of an increment began or ended: bounds change. */
export const INSTANT_SYNC = 4;
/** Somebody asked. */
export const INSTANT_ASKED = 8;

/** Ascending, no two equal. */
export interface Instants {
  readonly atNs: Float64Array;
  /** Bits, see the constants. */
  readonly kinds: Uint8Array;
}

/** Where to look. */
export interface InstantsInput {
  readonly log: OpLog;
  readonly timeline: Timeline;
  readonly isIncrement: (name: string) => boolean;
  readonly startNs: number;
  readonly endNs: number;
  readonly askedNs: readonly number[];
}

/** Collects the instants after the start and up to the end (included). */
export function collectInstants(input: InstantsInput): Instants {
  const { log, timeline, isIncrement, startNs, endNs } = input;
  const increments = incrementFiles(timeline, isIncrement);
  const found: [atNs: number, kind: number][] = [];
  const add = (atNs: number, kind: number): void => {
    if (atNs > startNs && atNs <= endNs) found.push([atNs, kind]);
  };
  for (const file of timeline.files) {
    const kind = increments.has(file) ? INSTANT_GROWTH : INSTANT_NAMES;
    for (const atNs of file.settledNs) add(atNs, kind);
    for (const { atNs } of file.drops) add(atNs, kind);
  }
  for (const { durableNs } of timeline.durableNames) add(durableNs, INSTANT_NAMES);
  for (const { call, path, beginNs, endNs: endedNs } of log.records) {
    if (call !== 'sync' || !isIncrement(path.slice(path.lastIndexOf('/') + 1))) continue;
    add(beginNs, INSTANT_SYNC);
    add(endedNs, INSTANT_SYNC);
  }
  for (const atNs of input.askedNs) add(atNs, INSTANT_ASKED);
  return joined(found.sort((a, b) => a[0] - b[0]));
}

function joined(sorted: readonly [atNs: number, kind: number][]): Instants {
  const atNs = new Float64Array(sorted.length);
  const kinds = new Uint8Array(sorted.length);
  let count = 0;
  for (const [time, kind] of sorted) {
    if (count === 0 || atNs[count - 1] !== time) atNs[count++] = time;
    kinds[count - 1] = (kinds[count - 1] as number) | kind;
  }
  return { atNs: atNs.subarray(0, count), kinds: kinds.subarray(0, count) };
}

function incrementFiles(
  timeline: Timeline, isIncrement: (name: string) => boolean,
): ReadonlySet<CrashFile> {
  const files = new Set<CrashFile>();
  for (const { node, name } of timeline.initialNames) {
    if (node.kind === 'file' && isIncrement(name)) files.add(node);
  }
  for (const { node, added } of timeline.nameChanges) {
    if (node.kind === 'file' && added !== null && isIncrement(added.name)) files.add(node);
  }
  return files;
}
