// The open loop's timetable: when each operation is meant to be sent, whatever the server does.

import { mix32, saltOf } from '../../../workloads/hash.ts';
import { RateProfile } from './rate-profile.ts';
import type { Profile } from './rate-profile.ts';

/** What a timetable is made from; times are CLOCK_MONOTONIC nanoseconds. */
export interface ScheduleOptions {
  readonly ratePerSecond: number;
  readonly clients: number;
  readonly startNs: number;
  /** `even`: the clients take turns. `poisson`: each by itself, with exponential pauses. */
  readonly arrivals?: 'even' | 'poisson';
  /** `flat` unless given; it stretches over `loadMs`. */
  readonly profile?: Profile;
  readonly loadMs?: number;
  /** Of the random pauses. */
  readonly seed?: number;
}

/** Knows what is due. */
export class Schedule {
  readonly #startNs: number;
  /** Work between two operations of a client, in ns at the full rate. */
  readonly #gapNs: number;
  readonly #isPoisson: boolean;
  readonly #salts: Uint32Array;
  readonly #taken: Float64Array;
  readonly #workNs: Float64Array;
  readonly #nextNs: Float64Array;
  readonly #clients: number;
  readonly #profile: RateProfile;

  constructor(options: ScheduleOptions) {
    const { clients, seed = 0 } = options;
    this.#clients = clients;
    this.#startNs = options.startNs;
    this.#gapNs = (1e9 * clients) / options.ratePerSecond;
    this.#isPoisson = options.arrivals === 'poisson';
    this.#profile = new RateProfile(options.profile ?? 'flat', options.loadMs ?? 0);
    this.#salts = Uint32Array.from({ length: clients }, (_, client) =>
      mix32(saltOf(seed, client) ^ 0x1f83d9ab));
    this.#taken = new Float64Array(clients);
    this.#workNs = new Float64Array(clients);
    this.#nextNs = new Float64Array(clients);
    for (let client = 0; client < clients; client++) this.#advance(client);
  }

  /** When the client's next operation is meant to be sent. */
  nextNs(client: number): number {
    return this.#nextNs[client] as number;
  }

  /**
   * Takes the client's operations that are due, at most as many as `startNs` has room for, and
   * writes down when each was meant to be sent; returns how many.
   */
  take(client: number, nowNs: number, startNs: Float64Array): number {
    let count = 0;
    while (count < startNs.length) {
      const nextNs = this.#nextNs[client] as number;
      if (nextNs > nowNs) break;
      startNs[count++] = nextNs;
      this.#advance(client);
    }
    return count;
  }

  #advance(client: number): void {
    const taken = this.#taken[client] as number;
    this.#taken[client] = taken + 1;
    if (this.#isPoisson) {
      const bits = mix32((this.#salts[client] as number) + Math.imul(taken + 1, 0x9e3779b9));
      const pause = -Math.log((bits + 0.5) / 4_294_967_296);
      this.#workNs[client] = (this.#workNs[client] as number) + pause * this.#gapNs;
    } else {
      this.#workNs[client] = (taken + client / this.#clients) * this.#gapNs;
    }
    this.#nextNs[client] = this.#startNs + this.#profile.timeNs(this.#workNs[client] as number);
  }
}
