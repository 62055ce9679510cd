// Durations by logarithm: 32 steps to each power of two of nanoseconds, up to one second.
const stepBits = 5;
const steps = 1 << stepBits;
const largestNs = 1e9;
const bucketCount = (31 - stepBits) * steps;

/** Counts of durations; values are read back to 3 %. */
export class TimeHistogram {
  count = 0;
  private readonly buckets: Float64Array = new Float64Array(bucketCount);

  add(durationUs: number, weight: number): void {
    this.count += weight;
    const bucket = bucketOf(durationUs * 1000);
    this.buckets[bucket] = (this.buckets[bucket] as number) + weight;
  }

  /** The duration in µs that so many percent of the calls stayed within. */
  percentileUs(percent: number): number {
    const wanted = Math.max(1, Math.ceil((this.count * percent) / 100));
    let seen = 0;
    for (let bucket = 0; bucket < bucketCount; bucket++) {
      seen += this.buckets[bucket] as number;
      if (seen >= wanted) return largestIn(bucket) / 1000;
    }
    return 0;
  }

  /** Cumulative counts at the powers of two in µs where something was added. */
  byPowerOfTwo(): [boundUs: number, count: number][] {
    const found: [number, number][] = [];
    let seen = 0;
    let bucket = 0;
    for (let boundUs = 1; seen < this.count && boundUs < 2 ** 21; boundUs *= 2) {
      const before = seen;
      for (; bucket < bucketCount && largestIn(bucket) <= boundUs * 1024; bucket++) {
        seen += this.buckets[bucket] as number;
      }
      if (seen > before) found.push([boundUs, seen]);
    }
    return found;
  }
}

function bucketOf(durationNs: number): number {
  const ns = Math.min(Math.max(Math.round(durationNs), 1), largestNs);
  if (ns < steps) return ns;
  const exponent = 31 - Math.clz32(ns);
  return (exponent - stepBits) * steps + (ns >>> (exponent - stepBits));
}

function largestIn(bucket: number): number {
  if (bucket < 2 * steps) return bucket;
  const shift = (bucket >>> stepBits) - 1;
  const mantissa = (bucket & (steps - 1)) + steps;
  return (mantissa + 1) * 2 ** shift - 1;
}
