// Latency histogram in whole µs: a flat lane for the common range in front of an HdrHistogram, so
// that recording costs a few ns instead of a hundred; both are joined whenever it is read.

import { build, decodeFromCompressedBase64, encodeIntoCompressedBase64 } from 'hdr-histogram-js';
import type { Histogram } from 'hdr-histogram-js';

/** Percentiles in µs; all zero when nothing was recorded. */
export interface LatencyUs {
  readonly p50: number;
  readonly p99: number;
  readonly p999: number;
  readonly max: number;
}

const flatLaneUs = 1 << 15;
const highestUs = 2 ** 49; // 17 years: no outage is cut short

function emptyHdr(): Histogram {
  return build({
    bitBucketSize: 64,
    lowestDiscernibleValue: 1,
    highestTrackableValue: highestUs,
    numberOfSignificantValueDigits: 3,
    autoResize: false,
  });
}

/** Counts durations in µs with three significant digits. */
export class LatencyHistogram {
  readonly #flat = new Uint32Array(flatLaneUs);
  #hdr = emptyHdr();

  /** Counts a duration `count` times; fractions are rounded, negatives count as 0. */
  record(us: number, count: number = 1): void {
    const rounded = us > 0 ? Math.round(us) : 0;
    if (rounded < flatLaneUs) {
      this.#flat[rounded] = (this.#flat[rounded] as number) + count;
    } else {
      this.#hdr.recordValueWithCount(Math.min(rounded, highestUs), count);
    }
  }

  /**
   * Counts a duration and those that it held up: where one was due every `intervalUs`, a wait of
   * three intervals kept two others from being sent, which would have waited two and one.
   */
  recordCorrected(us: number, intervalUs: number): void {
    this.record(us);
    for (let held = us - intervalUs; held >= intervalUs; held -= intervalUs) this.record(held);
  }

  /** Adds everything the other histogram holds. */
  merge(other: LatencyHistogram): void {
    this.#hdr.add(other.#joined());
  }

  /** Number of durations recorded. */
  get count(): number {
    return this.#joined().totalCount;
  }

  /** The duration in µs that `percentile` (0 to 100) percent of all stay at or below. */
  valueAtUs(percentile: number): number {
    return this.#joined().getValueAtPercentile(percentile);
  }

  /** The percentiles of the run record. */
  percentilesUs(): LatencyUs {
    const hdr = this.#joined();
    return {
      p50: hdr.getValueAtPercentile(50),
      p99: hdr.getValueAtPercentile(99),
      p999: hdr.getValueAtPercentile(99.9),
      max: hdr.maxValue,
    };
  }

  /** HdrHistogram V2 encoding, compressed, base64: what other HDR tools read. */
  encode(): string {
    return encodeIntoCompressedBase64(this.#joined());
  }

  /** The percentile distribution as text: what HdrHistogram's plotters read (`.hgrm`), in ms. */
  hgrm(): string {
    return this.#joined().outputPercentileDistribution(5, 1000);
  }

  /** Reads what `encode` or another HDR tool wrote. */
  static decode(text: string): LatencyHistogram {
    const histogram = new LatencyHistogram();
    histogram.#hdr.add(decodeFromCompressedBase64(text, 64));
    return histogram;
  }

  #joined(): Histogram {
    for (let us = 0; us < flatLaneUs; us++) {
      const count = this.#flat[us] as number;
      if (count > 0) this.#hdr.recordValueWithCount(us, count);
    }
    this.#flat.fill(0);
    return this.#hdr;
  }
}
