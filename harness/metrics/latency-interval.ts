// Latencies of a short interval: recorded in a few ns, read out as sorted values with counts, from
// which come the points of a time series, the lines of an interval log, and, added up, the whole.

/** What an interval held, in whole µs, ascending; values above 32 ms to 11 bits. */
export interface IntervalCounts {
  readonly valuesUs: readonly number[];
  readonly counts: readonly number[];
}

const flatLaneUs = 1 << 15;

/** What takes durations, each so many times. */
export interface LatencyTaker {
  record(us: number, count: number): void;
}

/** Counts durations until they are drained. Nothing here looks at more than was recorded. */
export class LatencyInterval implements LatencyTaker {
  readonly #flat = new Uint32Array(flatLaneUs);
  readonly #high = new Map<number, number>();
  /** Of the flat lane; -1 while it is empty. */
  #highestUs = -1;
  #count = 0;

  /** Counts a duration in µs; fractions are rounded, negatives count as 0. Hot. */
  record(us: number, count: number = 1): void {
    const rounded = us > 0 ? Math.round(us) : 0;
    this.#count += count;
    if (rounded < flatLaneUs) {
      this.#flat[rounded] = (this.#flat[rounded] as number) + count;
      if (rounded > this.#highestUs) this.#highestUs = rounded;
    } else {
      const step = 2 ** (Math.floor(Math.log2(rounded)) - 11);
      const value = Math.floor(rounded / step) * step;
      this.#high.set(value, (this.#high.get(value) ?? 0) + count);
    }
  }

  /** Gives each of its durations to another one too. */
  addTo(taker: LatencyTaker): void {
    for (let us = 0; us <= this.#highestUs; us++) {
      const count = this.#flat[us] as number;
      if (count > 0) taker.record(us, count);
    }
    for (const [value, count] of this.#high) taker.record(value, count);
  }

  /** The duration that `percentile` (0 to 100) percent stay at or below; null without any. */
  percentileUs(percentile: number): number | null {
    const rank = Math.max(1, Math.ceil((percentile / 100) * this.#count));
    let seen = 0;
    for (let us = 0; us <= this.#highestUs; us++) {
      seen += this.#flat[us] as number;
      if (seen >= rank) return us;
    }
    for (const [value, count] of this.#sortedHigh()) {
      seen += count;
      if (seen >= rank) return value;
    }
    return null;
  }

  /** Forgets everything. */
  clear(): void {
    this.#flat.fill(0, 0, this.#highestUs + 1);
    this.#high.clear();
    this.#highestUs = -1;
    this.#count = 0;
  }

  /** Gives everything away and is empty again. */
  drain(): IntervalCounts {
    const valuesUs: number[] = [];
    const counts: number[] = [];
    for (let us = 0; us <= this.#highestUs; us++) {
      const count = this.#flat[us] as number;
      if (count === 0) continue;
      valuesUs.push(us);
      counts.push(count);
    }
    for (const [value, count] of this.#sortedHigh()) {
      valuesUs.push(value);
      counts.push(count);
    }
    this.clear();
    return { valuesUs, counts };
  }

  #sortedHigh(): [value: number, count: number][] {
    return [...this.#high].sort(([one], [other]) => one - other);
  }
}
