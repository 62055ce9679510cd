// What a server that acknowledges before it writes must have kept: Redis does under everysec, while
// a sync runs. Pure.

import type { OpLog, OpRecord } from '../../engine/io/op-log.ts';
import { countUpTo } from './crash-tree.ts';
import type { PathFilter } from './sync-facts.ts';

/** Floors of one log file, by the ends of its syncs. */
export class WrittenFloors {
  // When each good sync ended, and when the last write began that had ended before it began.
  readonly #endedNs: number[] = [];
  readonly #floorNs: number[] = [];
  readonly #switchedNs: number;

  /** `filter` chooses the log files by their paths. */
  constructor(log: OpLog, filter: PathFilter) {
    const calls = log.records.filter((each) => each.endNs !== Infinity && filter(each.path));
    const writes = calls.filter(({ call }) => call === 'write');
    const file = writes[0]?.inode;
    // From then on what was acknowledged may lie in either file.
    this.#switchedNs = writes.find(({ inode }) => inode !== file)?.beginNs ?? Infinity;
    const own = writes.filter(({ inode }) => inode === file).toSorted(byEnd);
    const ends = own.map(({ endNs }) => endNs);
    const syncs = calls.filter((each) => each.call === 'sync' && each.inode === file);
    let floorNs = -Infinity;
    for (const sync of syncs.toSorted(byEnd)) {
      if (sync.result < 0) break; // what it dropped, no later one covers
      const last = own[countUpTo(ends, sync.beginNs) - 1];
      floorNs = Math.max(floorNs, last?.beginNs ?? -Infinity);
      this.#endedNs.push(sync.endNs);
      this.#floorNs.push(floorNs);
    }
  }

  /**
   * Whatever a client had seen acknowledged at this instant is durable at the cut, given that the
   * server writes its whole buffer at once; null when nothing is sure.
   */
  at(cutNs: number): number | null {
    const count = countUpTo(this.#endedNs, cutNs);
    const floorNs = count === 0 ? -Infinity : (this.#floorNs[count - 1] as number);
    if (floorNs === -Infinity) return null;
    return Math.min(floorNs, this.#switchedNs);
  }
}

function byEnd(one: OpRecord, other: OpRecord): number {
  return one.endNs - other.endNs;
}
