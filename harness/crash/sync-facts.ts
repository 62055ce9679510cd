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

interface Sync {
  readonly beginNs: number;
  readonly endNs: number;
}

// More syncs than this are never in flight at one moment.
const mostInFlight = 64;

/** The syncs (fsync, fdatasync) of the files that a filter chooses, sorted once. */
export class SyncHistory {
  readonly #good: readonly Sync[];
  readonly #goodEndedNs: readonly number[];
  readonly #failedEndedNs: readonly number[];
  readonly #began: readonly Sync[];
  readonly #beganNs: readonly number[];
  /** By the number of good syncs: the latest beginning and the longest duration among them. */
  readonly #latestBeganNs: readonly number[];
  readonly #longestNs: readonly number[];

  constructor(log: OpLog, filter: PathFilter) {
    const syncs = log.records.filter(({ call, path }) => call === 'sync' && filter(path));
    const ended = syncs.filter(({ endNs }) => endNs !== Infinity);
    this.#good = ended.filter(({ result }) => result >= 0).sort((a, b) => a.endNs - b.endNs);
    this.#goodEndedNs = this.#good.map(({ endNs }) => endNs);
    this.#failedEndedNs = ended.filter(({ result }) => result < 0)
      .map(({ endNs }) => endNs).sort((a, b) => a - b);
    this.#began = syncs.toSorted((a, b) => a.beginNs - b.beginNs);
    this.#beganNs = this.#began.map(({ beginNs }) => beginNs);
    this.#latestBeganNs = runningMost(this.#good.map(({ beginNs }) => beginNs));
    this.#longestNs = runningMost(this.#good.map((sync) => sync.endNs - sync.beginNs));
  }

  /** What had happened by a cut. */
  at(cutNs: number): SyncFacts {
    const count = countUpTo(this.#goodEndedNs, cutNs);
    const duration = (index: number): number => {
      const sync = this.#good[index];
      return sync === undefined ? 0 : sync.endNs - sync.beginNs;
    };
    return {
      syncs: count,
      failedSyncs: countUpTo(this.#failedEndedNs, cutNs),
      lastSyncBeganNs: this.#latestBeganNs[count - 1] ?? null,
      lastSyncEndedNs: this.#good[count - 1]?.endNs ?? null,
      longestSyncNs: this.#longestNs[count - 1] ?? 0,
      lastTwoSyncNs: [duration(count - 1), duration(count - 2)],
      inFlightSyncNs: this.#inFlightNs(cutNs),
    };
  }

  #inFlightNs(cutNs: number): number | null {
    const end = countUpTo(this.#beganNs, cutNs);
    const running = this.#began.slice(Math.max(0, end - mostInFlight), end)
      .find(({ endNs }) => endNs > cutNs || endNs === Infinity);
    return running === undefined ? null : cutNs - running.beginNs;
  }
}

function runningMost(values: readonly number[]): number[] {
  let most = -Infinity;
  return values.map((value) => (most = Math.max(most, value)));
}

/** The syncs of the files that `filter` chooses, up to a cut. */
export function syncFacts(log: OpLog, cutNs: number, filter: PathFilter): SyncFacts {
  return new SyncHistory(log, filter).at(cutNs);
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
