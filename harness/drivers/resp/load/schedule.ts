// The open loop's timetable: when each operation is meant to be sent, whatever the server does.

/** Evenly spaced operations, the clients taking turns; times are CLOCK_MONOTONIC nanoseconds. */
export class Schedule {
  readonly #startNs: number;
  readonly #intervalNs: number;
  readonly #clients: number;
  readonly #taken: Float64Array;

  constructor(options: { ratePerSecond: number; clients: number; startNs: number }) {
    this.#startNs = options.startNs;
    this.#intervalNs = (1e9 * options.clients) / options.ratePerSecond;
    this.#clients = options.clients;
    this.#taken = new Float64Array(options.clients);
  }

  /** When the client's next operation is meant to be sent. */
  nextNs(client: number): number {
    const turns = (this.#taken[client] as number) + client / this.#clients;
    return this.#startNs + turns * this.#intervalNs;
  }

  /**
   * Takes the client's operations that are due, at most as many as `startNs` has room for, and
   * writes down when each was meant to be sent; returns how many.
   */
  take(client: number, nowNs: number, startNs: Float64Array): number {
    let count = 0;
    while (count < startNs.length) {
      const nextNs = this.nextNs(client);
      if (nextNs > nowNs) break;
      startNs[count++] = nextNs;
      this.#taken[client] = (this.#taken[client] as number) + 1;
    }
    return count;
  }
}
