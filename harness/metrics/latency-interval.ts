// Latencies of a short interval: recorded in a few ns, read out as sorted values with counts, from
// which come the points of a time series, the lines of an interval log, and, added up, the whole.

/** What an interval held, in whole µs, ascending; values above 32 ms to 11 bits. */
export interface IntervalCounts {
  readonly valuesUs: readonly number[];
  readonly counts: readonly number[];
}

const flatLaneUs = 1 << 15;

/** Counts durations until they are drained. */
export class LatencyInterval {
  readonly #flat = new Uint32Array(flatLaneUs);
  readonly #high = new Map<number, number>();

  /** Counts a duration in µs; fractions are rounded, negatives count as 0. Hot. */
  record(us: number): void {
    const rounded = us > 0 ? Math.round(us) : 0;
    if (rounded < flatLaneUs) {
      this.#flat[rounded] = (this.#flat[rounded] as number) + 1;
    } else {
      const step = 2 ** (Math.floor(Math.log2(rounded)) - 11);
      const value = Math.floor(rounded / step) * step;
      this.#high.set(value, (this.#high.get(value) ?? 0) + 1);
    }
  }

  /** Gives everything away and is empty again. */
  drain(): IntervalCounts {
    const valuesUs: number[] = [];
    const counts: number[] = [];
    for (let us = 0; us < flatLaneUs; us++) {
      const count = this.#flat[us] as number;
      if (count === 0) continue;
      valuesUs.push(us);
      counts.push(count);
    }
    this.#flat.fill(0);
    for (const [value, count] of [...this.#high].sort(([one], [other]) => one - other)) {
      valuesUs.push(value);
      counts.push(count);
    }
    this.#high.clear();
    return { valuesUs, counts };
  }
}

/** Both together, still ascending. */
export function addCounts(one: IntervalCounts, other: IntervalCounts): IntervalCounts {
  const all = new Map<number, number>();
  for (const { valuesUs, counts } of [one, other]) {
    for (const [index, value] of valuesUs.entries()) {
      all.set(value, (all.get(value) ?? 0) + (counts[index] as number));
    }
  }
  const valuesUs = [...all.keys()].sort((low, high) => low - high);
  return { valuesUs, counts: valuesUs.map((value) => all.get(value) as number) };
}

/** The value that `percentile` (0 to 100) percent stay at or below; null when there are none. */
export function percentileOf(
  { valuesUs, counts }: IntervalCounts, percentile: number,
): number | null {
  const total = counts.reduce((sum, count) => sum + count, 0);
  const rank = Math.max(1, Math.ceil((percentile / 100) * total));
  let seen = 0;
  for (const [index, count] of counts.entries()) {
    seen += count;
    if (seen >= rank) return valuesUs[index] as number;
  }
  return null;
}
