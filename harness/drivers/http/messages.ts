// What the parent and the process that drives HTTP say to each other. Plain data.

import type { LatencyUs } from '../../metrics/histogram.ts';
import type { WorkloadSpec } from '../../workloads/spec.ts';

/** What is sent over HTTP, where, and how fast; each client has a connection of its own. */
export interface HttpLoad {
  readonly host: string;
  readonly port: number;
  /** Its mix is `set`. */
  readonly workload: WorkloadSpec;
  /** Share of the operations that are reads, 0 to 1. */
  readonly readShare: number;
  /**
   * Requests a second over all clients, at least one for each; null sends as fast as answers come.
   * autocannon sends what is due in a second at that second's beginning.
   */
  readonly ratePerSecond: number | null;
  /** Not counted. */
  readonly warmupMs: number;
  /**
   * Null: the server will be killed. Then the measured time ends with the first connection that is
   * lost, and the load when every client has been answered again.
   */
  readonly durationMs: number | null;
}

/** What autocannon says itself, in its own unit: whole milliseconds, warm-up included. */
export interface StatedMs {
  readonly p50: number;
  readonly p99: number;
  readonly p999: number;
  readonly max: number;
}

/** What a load over HTTP came to. */
export interface HttpResult {
  readonly perSecond: number;
  readonly answered: number;
  /** Answers that were no 2xx. */
  readonly refused: number;
  /** Connections that broke while nobody was to be killed, requests unanswered for ten seconds. */
  readonly errors: number;
  readonly measuredMs: number;
  /** From when each request was sent; up to the crash. */
  readonly latencyUs: LatencyUs;
  /** At a rate: with what a stalled connection could not send in time added; else null. */
  readonly correctedUs: LatencyUs | null;
  readonly statedMs: StatedMs;
  /** CPU time of the generator over the measured time, of one core. */
  readonly cpuShare: number;
  /** Of a load whose server was killed; else null. */
  readonly crash: HttpCrash | null;
}

/** What a killed server cost its clients. */
export interface HttpCrash {
  /** From the last answer before the loss to the first after it; null when none came. */
  readonly outageMs: number | null;
  /** Requests in flight when their connection was lost. */
  readonly unanswered: number;
  /** The latencies and, once a client, from the unanswered request to the first answer. */
  readonly latencyUs: LatencyUs;
}

/** Parent to process. */
export type HttpCommand =
  | { readonly kind: 'start'; readonly load: HttpLoad }
  /** Wait no longer for clients without an answer. */
  | { readonly kind: 'finish' };

/** Process to parent. */
export type HttpEvent =
  /** The warm-up is over. */
  | { readonly kind: 'measuring' }
  | { readonly kind: 'result'; readonly result: HttpResult }
  | { readonly kind: 'failed'; readonly text: string };
