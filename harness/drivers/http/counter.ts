// What a load over HTTP comes to: answers, latencies, and what a killed server costs each client.
// Counted here, in µs and by client: autocannon's own latencies are whole milliseconds, and after
// a lost connection it takes each answer for that of a request before it.

import { LatencyHistogram } from '../../metrics/histogram.ts';
import type { HttpCrash, HttpResult } from './messages.ts';

/** The figures that do not come from autocannon. */
export type Counted = Omit<HttpResult, 'errors' | 'statedMs'>;

/** Counts what the clients of a load see. */
export class Counter {
  readonly #latency = new LatencyHistogram();
  readonly #corrected = new LatencyHistogram();
  readonly #outage = new LatencyHistogram();
  readonly #intervalUs: number | null;
  /** By client: when its oldest unanswered request was sent; NaN without one. */
  readonly #sinceMs: Float64Array;
  /** Lost and not answered since. */
  readonly #lost = new Set<number>();
  readonly #returned = new Set<number>();
  #answered = 0;
  #refused = 0;
  #unanswered = 0;
  #fromMs = Infinity;
  #untilMs = Infinity;
  #cpuUs = 0;
  #lastMs: number | null = null;
  #backMs: number | null = null;

  /** `intervalUs` lies between two requests of a connection; null when there is no rate. */
  constructor(clients: number, intervalUs: number | null) {
    this.#intervalUs = intervalUs;
    this.#sinceMs = new Float64Array(clients).fill(Number.NaN);
  }

  /** The measured time begins. */
  start(): void {
    this.#fromMs = performance.now();
    this.#cpuUs = cpuUs();
  }

  /** It ends; a second call does nothing. */
  stop(): void {
    if (this.#untilMs !== Infinity) return;
    this.#untilMs = performance.now();
    this.#cpuUs = cpuUs() - this.#cpuUs;
  }

  /** Whether every client was lost and is answered again. */
  get isBack(): boolean {
    return this.#returned.size === this.#sinceMs.length;
  }

  /** A client has sent a request; after a lost one it still waits for an answer to that. */
  sent(client: number): void {
    if (Number.isNaN(this.#sinceMs[client])) this.#sinceMs[client] = performance.now();
  }

  /** A client was answered. */
  answered(client: number, status: number): void {
    const nowMs = performance.now();
    const us = (nowMs - (this.#sinceMs[client] ?? nowMs)) * 1000;
    this.#sinceMs[client] = Number.NaN;
    if (this.#lost.delete(client)) {
      this.#returned.add(client);
      this.#backMs ??= nowMs;
      this.#record(this.#outage, us);
      return;
    }
    if (this.#fromMs === Infinity || this.#untilMs !== Infinity) return;
    this.#lastMs = nowMs;
    this.#answered++;
    if (status < 200 || status > 299) this.#refused++;
    this.#latency.record(us);
    this.#record(this.#corrected, us);
  }

  /** A client has lost its connection; also when one that it had tried instead is refused. */
  lost(client: number): void {
    this.stop();
    if (this.#lost.has(client) || this.#returned.has(client)) return;
    this.#lost.add(client);
    if (!Number.isNaN(this.#sinceMs[client])) this.#unanswered++;
  }

  /** What it came to. */
  result({ isKilled }: { readonly isKilled: boolean }): Counted {
    const measuredMs = this.#untilMs - this.#fromMs;
    return {
      perSecond: (this.#answered * 1000) / measuredMs,
      answered: this.#answered, refused: this.#refused, measuredMs,
      latencyUs: this.#latency.percentilesUs(),
      correctedUs: this.#intervalUs === null ? null : this.#corrected.percentilesUs(),
      cpuShare: this.#cpuUs / 1000 / measuredMs,
      crash: isKilled ? this.#crash() : null,
    };
  }

  #crash(): HttpCrash {
    const [lastMs, backMs] = [this.#lastMs, this.#backMs];
    const all = new LatencyHistogram();
    all.merge(this.#intervalUs === null ? this.#latency : this.#corrected);
    all.merge(this.#outage);
    return {
      outageMs: lastMs === null || backMs === null ? null : backMs - lastMs,
      unanswered: this.#unanswered, latencyUs: all.percentilesUs(),
    };
  }

  /** At a rate with what the wait has held up. */
  #record(histogram: LatencyHistogram, us: number): void {
    if (this.#intervalUs === null) histogram.record(us);
    else histogram.recordCorrected(us, this.#intervalUs);
  }
}

function cpuUs(): number {
  const { user, system } = process.cpuUsage();
  return user + system;
}
