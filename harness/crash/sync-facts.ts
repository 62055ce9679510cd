// What was synced when: the facts from which checkers take floors and windows. Pure.

import type { OpLog } from '../../engine/io/op-log.ts';
import { countUpTo } from './crash-tree.ts';
import { liveNodes } from './names.ts';
import type { Timeline } from './timeline.ts';

/** Chooses files by their path, relative to the data directory. */
export type PathFilter = (path: string) => boolean;

/** The syncs of some files, as far as they had come at a cut. */
export interface SyncFacts {
  /** Successful syncs that had ended by the cut. */
  readonly syncs: number;
  /** Syncs that had failed by the cut. */
  readonly failedSyncs: number;
  /**
   * When the last successful sync began (it had ended by the cut): whatever had been written to
   * that file before is durable. null: there was none.
   */
  readonly lastSyncBeganNs: number | null;
  readonly lastSyncEndedNs: number | null;
  /** Duration of the longest successful sync; 0 without one. */
  readonly longestSyncNs: number;
  /** Durations of the last successful sync and of the one before it; 0 without one. */
  readonly lastTwoSyncNs: readonly [last: number, before: number];
  /** How long the oldest sync in flight at the cut had been running; null: none was. */
  readonly inFlightSyncNs: number | null;
}

/** The syncs (fsync, fdatasync) of the files that `filter` chooses, up to a cut. */
export function syncFacts(log: OpLog, cutNs: number, filter: PathFilter): SyncFacts {
  const good: { beginNs: number; endNs: number }[] = [];
  let failedSyncs = 0;
  let inFlightSinceNs = Infinity;
  for (const record of log.records) {
    if (record.call !== 'sync' || record.beginNs > cutNs || !filter(record.path)) continue;
    const running = record.endNs > cutNs || record.endNs === Infinity;
    if (running) inFlightSinceNs = Math.min(inFlightSinceNs, record.beginNs);
    else if (record.result < 0) failedSyncs += 1;
    else good.push(record);
  }
  good.sort((a, b) => a.endNs - b.endNs);
  const durations = good.map((sync) => sync.endNs - sync.beginNs);
  const began = good.map((sync) => sync.beginNs);
  return {
    syncs: good.length,
    failedSyncs,
    lastSyncBeganNs: good.length === 0 ? null : largest(began),
    lastSyncEndedNs: good.at(-1)?.endNs ?? null,
    longestSyncNs: largest(durations),
    lastTwoSyncNs: [durations.at(-1) ?? 0, durations.at(-2) ?? 0],
    inFlightSyncNs: inFlightSinceNs === Infinity ? null : cutNs - inFlightSinceNs,
  };
}

function largest(values: readonly number[]): number {
  return values.reduce((most, value) => Math.max(most, value), 0);
}

/**
 * When the first write began that a power cut at `cutNs` undoes, in files that `filter` chooses by
 * the name they bear at the cut; null when it undoes none. Bytes written before it are all there.
 */
export function firstUndurableWriteNs(
  timeline: Timeline,
  cutNs: number,
  filter: PathFilter,
): number | null {
  let firstNs = Infinity;
  for (const [path, node] of liveNodes(timeline, cutNs)) {
    if (node.kind !== 'file' || !filter(path)) continue;
    const pending = node.changes.slice(node.intactCount(cutNs), countUpTo(node.endedNs, cutNs));
    const write = pending.find((change) => change.bytes !== null);
    firstNs = Math.min(firstNs, write?.beginNs ?? Infinity);
  }
  return firstNs === Infinity ? null : firstNs;
}

/** A file written under a temporary name and renamed: a snapshot, a manifest, a base file. */
export interface SnapshotFact {
  /** The name that the rename gave it. */
  readonly path: string;
  /** When its temporary file was opened: it holds everything from before that. */
  readonly openedNs: number;
  readonly renamedNs: number;
  /** From when on a power cut leaves it under this name. */
  readonly durableNs: number;
}

/**
 * The snapshots renamed to a path that `filter` chooses, in order, whose rename was durable by the
 * cut. With `cutNs` Infinity: all that ever became durable.
 */
export function durableSnapshots(
  timeline: Timeline,
  cutNs: number,
  filter: PathFilter,
): SnapshotFact[] {
  return completedSnapshots(timeline, cutNs, filter).filter((fact) => fact.durableNs <= cutNs);
}

/** The same for all renames that had returned by the cut; `durableNs` may be later, or Infinity. */
export function completedSnapshots(
  timeline: Timeline,
  cutNs: number,
  filter: PathFilter,
): SnapshotFact[] {
  const facts: SnapshotFact[] = [];
  for (const change of timeline.nameChanges) {
    if (change.removed === null || change.added === null || change.endNs > cutNs) continue;
    if (change.node.kind !== 'file' || !filter(change.path)) continue;
    const { path, openedNs, endNs, durableNs } = change;
    facts.push({ path, openedNs, renamedNs: endNs, durableNs });
  }
  return facts;
}
