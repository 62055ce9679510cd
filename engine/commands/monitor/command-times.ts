// How often each command ran and how long it took, for INFO, LATENCY HISTOGRAM and SLOWLOG.
//
// Reading the clock twice costs more than a GET does, so commands that are quick by their nature
// are timed for their first calls and then one in 64, which stands for those since the one before.
// Commands that may take long are always timed, and so are all while somebody looks for slow ones.
import type { CommandSpec } from '../spec.ts';
import { TimeHistogram } from './time-histogram.ts';

/** More than there are commands and subcommands; what lies beyond is not counted. */
const capacity = 1024;
/** Quick commands are timed for so many calls, … */
const firstCalls = 128;
/** … then one in so many. */
const sampledCalls = 64;
/** A request this long makes any command slow. */
const longRequestBytes = 64 * 1024;

/** Counters by `CommandSpec.index`. */
export class CommandTimes {
  /** `latency-tracking`. */
  tracking = true;
  readonly failed: Float64Array = new Float64Array(capacity);
  readonly rejected: Float64Array = new Float64Array(capacity);
  /** Calls up to the last timed one, and the time that they took in µs. */
  private readonly timedCalls: Float64Array = new Float64Array(capacity);
  private readonly timedUs: Float64Array = new Float64Array(capacity);
  /** Calls since then; at `every` the next is timed. Integers, for these two are hot. */
  private readonly recent: Int32Array = new Int32Array(capacity);
  private readonly every: Int32Array = new Int32Array(capacity).fill(1);
  private readonly histograms: (TimeHistogram | null)[] = [];
  private all = false;

  /** Time every call? */
  get timeAll(): boolean {
    return this.all;
  }

  set timeAll(all: boolean) {
    this.all = all;
    // Without it each goes back to samples with its next timed call.
    this.every.fill(1);
  }

  /** Counts a call; true when it is to be timed. */
  begin(spec: CommandSpec, requestBytes: number): boolean {
    const { index } = spec;
    const recent = (this.recent[index] as number) + 1;
    this.recent[index] = recent;
    return recent >= (this.every[index] as number) || requestBytes > longRequestBytes;
  }

  /** A timed call has ended; it stands for all since the last one. */
  end(spec: CommandSpec, durationUs: number): void {
    const { index } = spec;
    const weight = this.recent[index] as number;
    const calls = (this.timedCalls[index] as number) + weight;
    this.recent[index] = 0;
    this.timedCalls[index] = calls;
    this.timedUs[index] = (this.timedUs[index] as number) + durationUs * weight;
    const always = spec.mayBeSlow || this.all || calls < firstCalls;
    this.every[index] = always ? 1 : sampledCalls;
    if (this.tracking && weight > 0) this.histogramFor(index).add(durationUs, weight);
  }

  calls(spec: CommandSpec): number {
    return (this.timedCalls[spec.index] as number) + (this.recent[spec.index] as number);
  }

  /** The calls times the mean of those that were timed, in whole µs. */
  usedUs(spec: CommandSpec): number {
    const timed = this.timedCalls[spec.index] as number;
    if (timed === 0) return 0;
    return Math.round(((this.timedUs[spec.index] as number) / timed) * this.calls(spec));
  }

  histogram(spec: CommandSpec): TimeHistogram | null {
    return this.histograms[spec.index] ?? null;
  }

  /** CONFIG RESETSTAT. */
  reset(): void {
    const { failed, rejected, timedCalls, timedUs, recent } = this;
    for (const counters of [failed, rejected, timedCalls, timedUs, recent]) counters.fill(0);
    this.every.fill(1);
    this.forgetHistograms();
  }

  /** `latency-tracking no`. */
  forgetHistograms(): void {
    this.histograms.length = 0;
  }

  private histogramFor(index: number): TimeHistogram {
    const known = this.histograms[index];
    if (known !== undefined && known !== null) return known;
    while (this.histograms.length <= index) this.histograms.push(null);
    const made = new TimeHistogram();
    this.histograms[index] = made;
    return made;
  }
}
