// The curve as it is drawn: the time of the load in equal bins, the largest loss in each of them,
// and the loss at the beginning of each, from which the quantiles over all instants come.

/** What a cut at an instant costs. */
export interface LossPoint {
  readonly writes: number;
  /** Payload bytes of those writes. */
  readonly bytes: number;
  /** The instant − acknowledgement of the oldest lost write, ms; 0: none is lost. */
  readonly windowMs: number;
}

const binCount = 2048;

/** Fills the bins in the order of time; hot. */
export class Envelope {
  readonly startNs: number;
  readonly binNs: number;
  /** Largest value in each bin. */
  readonly writes: Float64Array = new Float64Array(binCount);
  readonly bytes: Float64Array = new Float64Array(binCount);
  readonly windowMs: Float64Array = new Float64Array(binCount);
  // Values at the beginning of each bin.
  readonly #atWrites = new Float64Array(binCount);
  readonly #atBytes = new Float64Array(binCount);
  readonly #atWindowMs = new Float64Array(binCount);
  #bin = 0;
  #binOfWindow = 0;

  constructor(startNs: number, endNs: number) {
    this.startNs = startNs;
    this.binNs = Math.max(1, (endNs - startNs) / binCount);
  }

  /** The loss held until `atNs` and is from then on what `note` says. */
  moveTo(atNs: number, writes: number, bytes: number): void {
    const bin = Math.min(binCount - 1, Math.floor((atNs - this.startNs) / this.binNs));
    while (this.#bin < bin) {
      this.#bin++;
      this.#atWrites[this.#bin] = writes;
      this.#atBytes[this.#bin] = bytes;
      this.note(writes, bytes);
    }
  }

  /** The loss at the instant that was moved to. */
  note(writes: number, bytes: number): void {
    if (writes > (this.writes[this.#bin] as number)) this.writes[this.#bin] = writes;
    if (bytes > (this.bytes[this.#bin] as number)) this.bytes[this.#bin] = bytes;
  }

  /** From the last call until `toNs`, the oldest lost write is one acknowledged at `oldestNs`. */
  noteWindow(toNs: number, oldestNs: number): void {
    const last = Math.min(binCount - 1, Math.floor((toNs - this.startNs) / this.binNs));
    for (let bin = this.#binOfWindow; bin <= last; bin++) {
      const fromNs = this.startNs + bin * this.binNs;
      const untilNs = Math.min(toNs, fromNs + this.binNs);
      const windowMs = Math.max(0, (untilNs - oldestNs) / 1e6);
      if (windowMs > (this.windowMs[bin] as number)) this.windowMs[bin] = windowMs;
      if (bin > this.#binOfWindow) {
        this.#atWindowMs[bin] = Math.max(0, (fromNs - oldestNs) / 1e6);
      }
    }
    this.#binOfWindow = Math.max(this.#binOfWindow, last);
  }

  /** The loss that the given share of all instants does not exceed. */
  quantile(share: number): LossPoint {
    return {
      writes: quantileOf(this.#atWrites, share),
      bytes: quantileOf(this.#atBytes, share),
      windowMs: quantileOf(this.#atWindowMs, share),
    };
  }
}

function quantileOf(values: Float64Array, share: number): number {
  const sorted = values.toSorted();
  return sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))] as number;
}
