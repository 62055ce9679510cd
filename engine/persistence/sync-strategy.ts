// Where `appendfsync always` syncs: on the main thread, or off it while commands go on.
//
// On a fast device a call that blocks for 0.1 ms costs less than a way through the thread pool and
// one more turn of the event loop; on a slow one reads would stand still for milliseconds. So the
// syncs are timed and the place is chosen anew after each window of them. On the thread the syncs
// that were slow are counted, so that a single one, which every busy disk has, moves nothing. Off
// it the time includes how long the event loop took to notice, so there the fastest of a window
// counts.
// Each time the thread is left soon after a return, the next return is thought of later: a device
// that is now fast and now slow is not followed in its every mood.
import type { SyncStrategySetting } from './settings.ts';

/** A sync too slow for the main thread, and the fastest one that is worth a return to it. */
const slowNs = 1e6;
const fastNs = 0.4e6;
/** Two like this, one after the other, are enough to leave. */
const verySlowNs = 20e6;
/** So many slow ones of a window are the device's way, not an accident. */
const windowSyncs = 16;
const slowSyncs = windowSyncs / 2;
const firstPatience = windowSyncs / 2;
const longestPatience = 4096;
/** Syncs on the main thread after which earlier moods of the device are forgotten. */
const settledSyncs = 1024;

/** Decides for one log. */
export class SyncStrategy {
  /** Syncs run off the main thread. */
  offThread = false;
  /** How often the place was changed. */
  changes = 0;
  lastNs = 0;
  private fastestNs = Infinity;
  private sumNs = 0;
  private count = 0;
  private slow = 0;
  /** Syncs since the last change. */
  private sinceChange = 0;
  private meanNs = 0;
  /** Syncs off the thread before a return is thought of. */
  private patience = firstPatience;

  /** How long a sync takes lately, as far as is known. */
  get typicalNs(): number {
    return this.meanNs === 0 ? this.lastNs : this.meanNs;
  }

  /** What is done and why, for the log. */
  get text(): string {
    return `AOF: syncs take about ${Math.round(this.typicalNs / 1000)} µs and run`
      + ` ${this.offThread ? 'off' : 'on'} the main thread from now on`;
  }

  /** A sync took so long where the strategy had put it; true when the next ones go elsewhere. */
  record(durationNs: number, setting: SyncStrategySetting): boolean {
    const { offThread } = this;
    const leave = !offThread && durationNs >= verySlowNs && this.lastNs >= verySlowNs;
    this.lastNs = durationNs;
    this.fastestNs = Math.min(this.fastestNs, durationNs);
    this.sumNs += durationNs;
    this.count++;
    this.sinceChange++;
    if (durationNs >= slowNs) this.slow++;
    if (!offThread && this.sinceChange === settledSyncs) this.patience = firstPatience;
    if (this.count >= (offThread ? this.patience : windowSyncs) || leave) this.decide(leave);
    this.obey(setting);
    return this.offThread !== offThread;
  }

  /** Goes where the setting wants it, unless that leaves it free. */
  obey(setting: SyncStrategySetting): void {
    if (setting !== 'auto' && this.offThread !== (setting === 'thread')) this.change();
  }

  private decide(leave: boolean): void {
    this.meanNs = this.sumNs / this.count;
    const isSlow = leave || this.slow >= slowSyncs;
    const isFast = this.fastestNs < fastNs;
    this.sumNs = 0;
    this.count = 0;
    this.slow = 0;
    this.fastestNs = Infinity;
    if (this.offThread ? isFast : isSlow) this.change();
  }

  private change(): void {
    this.offThread = !this.offThread;
    this.changes++;
    this.sinceChange = 0;
    if (this.offThread) this.patience = Math.min(longestPatience, 2 * this.patience);
  }
}
