// Files, directories and their changes over the life of an op log. Plain data for timeline.ts.

/** A directory's content: what a crash leaves, or what there was before. Paths are relative. */
export interface FileTree {
  readonly files: ReadonlyMap<string, Uint8Array>;
  /** Parents first. */
  readonly directories: readonly string[];
}

/** From when on losses count, and what was there before the log began. */
export interface TimelineOptions {
  /** CLOCK_MONOTONIC ns: everything present at this moment is durable. */
  loadStartNs: number;
  /** The data directory when the log began; absent: it was empty. */
  initial?: FileTree;
}

/** What one call did to a file's bytes. */
export interface DataChange {
  /** When the call began. */
  readonly beginNs: number;
  /** Where the bytes go; without bytes the length that the file was given. */
  readonly offsetBytes: number;
  readonly bytes: Uint8Array | null;
}

/** A sync that failed and after which the changes it covered are lost to all later syncs. */
export interface Drop {
  readonly atNs: number;
  /** The changes `from … to` of the file were dropped; earlier ones were durable. */
  readonly from: number;
  readonly to: number;
}

/** What one call did to a name. */
export interface NameChange {
  /** Position in `Timeline.nameChanges`. */
  readonly order: number;
  readonly endNs: number;
  readonly node: CrashNode;
  readonly removed: Place | null;
  readonly added: Place | null;
  /** The full path of `added`, else of `removed`. */
  readonly path: string;
  /** Latest earlier changes of the same names. */
  readonly earlier: readonly NameChange[];
  /** When the node was last opened for writing, as of this change; 0: never in this log. */
  readonly openedNs: number;
  /** Infinity while it is not durable. */
  durableNs: number;
}

/** A name in a directory. */
export interface Place {
  readonly directory: CrashDirectory;
  readonly name: string;
}

/** A file over its life; its names come and go. */
export class CrashFile {
  readonly kind = 'file';
  readonly initial: Uint8Array;
  /** In the order in which the calls ended. */
  readonly changes: DataChange[] = [];
  /** When each change's call ended. */
  readonly endedNs: number[] = [];
  /** Syncs that made more changes durable: when, and how many changes were durable then. */
  readonly settledNs: number[] = [];
  readonly settledCounts: number[] = [];
  /** In the order in which the syncs ended. */
  readonly drops: Drop[] = [];
  place: Place | null = null;
  naming: NameChange | null = null;
  openedNs = 0;

  constructor(initial: Uint8Array = new Uint8Array(0)) {
    this.initial = initial;
  }

  /** How many changes were durable at an instant. */
  durableCount(atNs: number): number {
    const index = countUpTo(this.settledNs, atNs);
    return index === 0 ? 0 : (this.settledCounts[index - 1] as number);
  }

  /** The same, up to the first change that a failed sync dropped. */
  intactCount(atNs: number): number {
    const drop = this.drops.find((each) => each.atNs <= atNs);
    return Math.min(this.durableCount(atNs), drop?.from ?? Infinity);
  }

  /** Notes that a sync which covered the first `count` changes failed and dropped them. */
  drop(count: number, atNs: number): void {
    const from = this.settledCounts.at(-1) ?? 0;
    if (count > from) this.drops.push({ atNs, from, to: count });
  }

  /** Notes that the first `count` changes became durable. */
  settle(count: number, atNs: number): void {
    if (count <= (this.settledCounts.at(-1) ?? 0)) return;
    // One that began before what was dropped says nothing of it, not even of its length.
    if (this.drops.some(({ to }) => count < to)) return;
    this.settledNs.push(atNs);
    this.settledCounts.push(count);
  }
}

/** A directory over its life. */
export class CrashDirectory {
  readonly kind = 'directory';
  /** Names as callers see them while the log is read. */
  readonly live: Map<string, CrashNode> = new Map();
  /** The latest change of each name. */
  readonly lastChange: Map<string, NameChange> = new Map();
  /** Changes of names here, at least those that are not durable yet. */
  waiting: NameChange[] = [];
  place: Place | null = null;
  naming: NameChange | null = null;
}

export type CrashNode = CrashFile | CrashDirectory;

/** How many entries of an ascending list are ≤ `limit`. */
export function countUpTo(ascending: readonly number[], limit: number): number {
  let [low, high] = [0, ascending.length];
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((ascending[middle] as number) <= limit) low = middle + 1;
    else high = middle;
  }
  return low;
}
