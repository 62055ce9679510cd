// The open loop: sends what the schedule says is due, whatever is still unanswered, and knows how
// late it was.

import { LatencyHistogram } from '../../../metrics/histogram.ts';
import { monotonicNs } from '../../../metrics/monotonic.ts';
import type { SendLateness } from '../messages.ts';
import type { Connection } from './connection.ts';
import type { Recorder } from './recorder.ts';
import type { Schedule } from './schedule.ts';

const spinNs = 2_000_000;
const inTimeNs = 1_000_000;

/** Keeps the connections to their schedule. */
export class Pacer {
  readonly #late = new LatencyHistogram();
  readonly #schedule: Schedule;
  readonly #connections: readonly Connection[];
  readonly #dueNs = new Float64Array(256);
  #sent = 0;
  #inTime = 0;
  #isArmed = false;
  #isStopped = false;

  constructor(schedule: Schedule, connections: readonly Connection[]) {
    this.#schedule = schedule;
    this.#connections = connections;
  }

  /** Goes on from the next turn of the loop; call it when it may have run out of free places. */
  pump(): void {
    if (this.#isArmed || this.#isStopped) return;
    this.#isArmed = true;
    setImmediate(this.#tick);
  }

  /** Sends nothing more. */
  stop(): void {
    this.#isStopped = true;
  }

  /** How late everything sent so far was; null when nothing was. */
  lateness(): SendLateness | null {
    if (this.#sent === 0) return null;
    return { ...this.#late.percentilesUs(), inTimeShare: this.#inTime / this.#sent };
  }

  /**
   * Records how long what was meant to be sent by `untilNs` has waited by then, for a client that
   * could not send it; returns how many operations that were.
   */
  skipped(client: number, untilNs: number, held: Pick<Recorder, 'hold'>): number {
    let skipped = 0;
    for (;;) {
      const count = this.#schedule.take(client, untilNs, this.#dueNs);
      for (let at = 0; at < count; at++) {
        held.hold((untilNs - (this.#dueNs[at] as number)) / 1000);
      }
      skipped += count;
      if (count < this.#dueNs.length) return skipped;
    }
  }

  /** One batch a turn: who is behind must come round to the replies, not only send. */
  #sendDue(connection: Connection): void {
    const batch = connection.next();
    const count = this.#schedule.take(connection.client, monotonicNs(), batch.startNs);
    if (count === 0) return;
    connection.send(count, true);
    this.#sent += count;
    for (let at = 0; at < count; at++) {
      const lateNs = batch.sentNs - (batch.startNs[at] as number);
      if (lateNs <= inTimeNs) this.#inTime++;
      this.#late.record(lateNs / 1000);
    }
  }

  readonly #tick = (): void => {
    this.#isArmed = false;
    if (this.#isStopped) return;
    const nowNs = monotonicNs();
    let nextNs = Infinity;
    for (const connection of this.#connections) {
      if (!connection.maySend) continue;
      if (this.#schedule.nextNs(connection.client) <= nowNs) this.#sendDue(connection);
      nextNs = Math.min(nextNs, this.#schedule.nextNs(connection.client));
    }
    if (nextNs === Infinity) return;
    this.#isArmed = true;
    // Timers are a millisecond coarse: sleep most of the way, then turn with the loop.
    const sleepMs = Math.floor((nextNs - nowNs - spinNs) / 1e6);
    if (sleepMs > 0) setTimeout(this.#tick, sleepMs);
    else setImmediate(this.#tick);
  };
}
