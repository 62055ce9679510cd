// Latency over time: a histogram of the whole, points of 100 ms, lines of a second. Each operation
// is recorded once, into the interval that runs; the rest is added up when an interval ends.

import { LatencyHistogram } from '../../../metrics/histogram.ts';
import { LatencyInterval } from '../../../metrics/latency-interval.ts';
import type { IntervalCounts } from '../../../metrics/latency-interval.ts';
import type { LatencySecond, Series } from '../messages.ts';

const stepMs = 100;
const stepsPerSecond = 10;

/** The latencies of one load. */
export class Recorder {
  /** Of the measured time, and of what an outage held up. */
  readonly latency: LatencyHistogram = new LatencyHistogram();
  /** Lines of an interval log; measured time only. */
  readonly seconds: LatencySecond[] = [];
  /** The latencies of each point of the series; empty unless they are kept. */
  readonly steps: IntervalCounts[] = [];
  readonly #interval = new LatencyInterval();
  readonly #series = {
    stepMs, acknowledged: [] as number[], errors: [] as number[],
    p50Us: [] as (number | null)[], p99Us: [] as (number | null)[],
  };
  #beginNs = 0;
  #endsNs = Infinity;
  #acknowledged = 0;
  #errors = 0;
  #isMeasured = false;
  readonly #second = new LatencyInterval();
  /** Since the last point, whatever was taken meanwhile; null when nobody asked. */
  readonly #step: LatencyInterval | null;

  /** With `keepsSteps` the latencies of each point are kept apart. */
  constructor({ keepsSteps = false }: { readonly keepsSteps?: boolean } = {}) {
    this.#step = keepsSteps ? new LatencyInterval() : null;
  }

  /** Everything counts from here. */
  begin(nowNs: number): void {
    this.#beginNs = nowNs;
    this.#endsNs = nowNs + stepMs * 1e6;
  }

  /** Ends the intervals that are over; ask it before recording what happened at `nowNs`. Hot. */
  advance(nowNs: number): void {
    if (nowNs >= this.#endsNs) this.#roll(nowNs);
  }

  /** Counts the latency of one operation. Hot. */
  record(us: number): void {
    this.#interval.record(us);
  }

  /**
   * Counts what waited for an answer through an outage, or was not sent at all: in the whole, and
   * in the second in which it was known. It is no point of the series.
   */
  hold(us: number): void {
    this.latency.record(us);
    this.#second.record(us);
  }

  /** Counts acknowledgements or an error. Hot. */
  count(acknowledged: number, errors: number): void {
    this.#acknowledged += acknowledged;
    this.#errors += errors;
  }

  /** What is recorded from now on counts for the whole; the interval is cut here. */
  measure(): void {
    this.#take();
    this.#isMeasured = true;
  }

  /** Adds what the running interval holds to the whole. */
  flush(): void {
    this.#take();
  }

  /** Ends the last interval. */
  end(nowNs: number): Series {
    if (this.#endsNs === Infinity) return this.#series;
    this.advance(nowNs);
    this.#endsNs = nowNs;
    if (this.#acknowledged + this.#errors > 0) this.#point();
    else this.flush();
    this.#endSecond();
    return this.#series;
  }

  #roll(nowNs: number): void {
    while (this.#endsNs <= nowNs) {
      this.#point();
      if (this.#series.acknowledged.length % stepsPerSecond === 0) this.#endSecond();
      this.#endsNs += stepMs * 1e6;
    }
  }

  #point(): void {
    const { acknowledged, errors, p50Us, p99Us } = this.#series;
    acknowledged.push(this.#acknowledged);
    errors.push(this.#errors);
    p50Us.push(this.#interval.percentileUs(50));
    p99Us.push(this.#interval.percentileUs(99));
    this.#take();
    if (this.#step !== null) this.steps.push(this.#step.drain());
    this.#acknowledged = 0;
    this.#errors = 0;
  }

  #take(): void {
    if (this.#step !== null) this.#interval.addTo(this.#step);
    if (this.#isMeasured) {
      this.#interval.addTo(this.latency);
      this.#interval.addTo(this.#second);
    }
    this.#interval.clear();
  }

  #endSecond(): void {
    const counts = this.#second.drain();
    if (counts.valuesUs.length === 0) return;
    const endMs = (this.#endsNs - this.#beginNs) / 1e6;
    const atMs = (Math.ceil(endMs / 1000) - 1) * 1000;
    this.seconds.push({ atMs: Math.max(0, atMs), ...counts });
  }
}
