// The open loop: sends what the schedule says is due, and knows how late it was itself.

import { LatencyHistogram } from '../../../metrics/histogram.ts';
import { monotonicNs } from '../../../metrics/monotonic.ts';
import type { Connection } from './connection.ts';
import type { Schedule } from './schedule.ts';

const spinNs = 2_000_000;

/** Keeps the connections to their schedule. */
export class Pacer {
  /** How late sends were although the connection was free: the driver's fault, not the server's. */
  readonly sendLag: LatencyHistogram = new LatencyHistogram();
  readonly #schedule: Schedule;
  readonly #connections: readonly Connection[];
  #isArmed = false;
  #isStopped = false;

  constructor(schedule: Schedule, connections: readonly Connection[]) {
    this.#schedule = schedule;
    this.#connections = connections;
  }

  /** Sends what is due on an idle connection; when nothing is, comes back when something is. */
  sendDue(connection: Connection): void {
    const { batch } = connection;
    const count = this.#schedule.take(connection.client, monotonicNs(), batch.startNs);
    if (count === 0) {
      this.pump();
      return;
    }
    connection.send(count, true);
    const couldSendNs = Math.max(batch.startNs[0] as number, connection.freeSinceNs);
    this.sendLag.record((batch.sentNs - couldSendNs) / 1000);
  }

  /** Looks after the idle connections from the next turn of the loop on. */
  pump(): void {
    if (this.#isArmed || this.#isStopped) return;
    this.#isArmed = true;
    setImmediate(this.#tick);
  }

  /** Sends nothing more. */
  stop(): void {
    this.#isStopped = true;
  }

  /** Records how long what was meant to be sent during an outage has waited when it ended. */
  skipped(client: number, answeredNs: number, latency: LatencyHistogram): void {
    const startNs = new Float64Array(256);
    for (;;) {
      const count = this.#schedule.take(client, answeredNs, startNs);
      if (count === 0) return;
      for (let at = 0; at < count; at++) {
        latency.record((answeredNs - (startNs[at] as number)) / 1000);
      }
    }
  }

  readonly #tick = (): void => {
    this.#isArmed = false;
    if (this.#isStopped) return;
    const nowNs = monotonicNs();
    let nextNs = Infinity;
    for (const connection of this.#connections) {
      if (!connection.isOpen || connection.isBusy) continue;
      const dueNs = this.#schedule.nextNs(connection.client);
      if (dueNs <= nowNs) this.sendDue(connection);
      else nextNs = Math.min(nextNs, dueNs);
    }
    if (nextNs === Infinity || this.#isArmed) return;
    this.#isArmed = true;
    // Timers are a millisecond coarse: sleep most of the way, then turn with the loop.
    const sleepMs = Math.floor((nextNs - nowNs - spinNs) / 1e6);
    if (sleepMs > 0) setTimeout(this.#tick, sleepMs);
    else setImmediate(this.#tick);
  };
}
