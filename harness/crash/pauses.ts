// How long the server did nothing at all: on a starved machine its clockwork is late, and that is
// no fault of its own. Read from the op log: under load it makes a call or lets a reply go all the
// time.

import type { OpLog } from '../../engine/io/op-log.ts';

interface Pause {
  readonly fromNs: number;
  readonly toNs: number;
}

// Shorter ones are within the tick that every promise allows.
const shortestNs = 20e6;
/** A pause matters to losses for so long after it. */
const memoryNs = 3e9;

/** The pauses of one recorded run. */
export class LongestPauses {
  readonly #pauses: readonly Pause[];

  constructor(log: OpLog) {
    const times = new Float64Array(2 * log.records.length + log.releases.length);
    let count = 0;
    for (const { beginNs, endNs } of log.records) {
      times[count++] = beginNs;
      if (endNs !== Infinity) times[count++] = endNs;
    }
    for (const { atNs } of log.releases) times[count++] = atNs;
    const sorted = times.subarray(0, count).sort();
    const pauses: Pause[] = [];
    for (let at = 1; at < count; at++) {
      const [fromNs, toNs] = [sorted[at - 1] as number, sorted[at] as number];
      if (toNs - fromNs > shortestNs) pauses.push({ fromNs, toNs });
    }
    this.#pauses = pauses;
  }

  /** The longest one shortly before an instant, ms; 0: there was none. */
  beforeMs(atNs: number): number {
    let longestNs = 0;
    for (const { fromNs, toNs } of this.#pauses) {
      if (fromNs >= atNs || toNs < atNs - memoryNs) continue;
      longestNs = Math.max(longestNs, Math.min(toNs, atNs) - fromNs);
    }
    return longestNs / 1e6;
  }
}
