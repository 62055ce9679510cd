// What the parent and the driver's process say to each other, and what a load ends with.
// Plain data only: it crosses a process boundary as JSON.

import type { LatencyUs } from '../../metrics/histogram.ts';
import type { IntervalCounts } from '../../metrics/latency-interval.ts';
import type { WorkloadSpec } from '../../workloads/spec.ts';
import type { CheckedReads } from './load/live-check.ts';
import type { Profile } from './load/rate-profile.ts';

export type { Profile };

/** How late sends were after the time they were meant for. */
export interface SendLateness {
  readonly p50: number;
  readonly p99: number;
  readonly p999: number;
  readonly max: number;
  /** Share of the sends within 1 ms of their time, 0 to 1. */
  readonly inTimeShare: number;
}

/** What the driver is to send, where, and how fast. */
export interface DriverOptions {
  readonly host: string;
  readonly port: number;
  readonly workload: WorkloadSpec;
  /** Operations sent in one batch by a connection before it waits for all their replies. */
  readonly pipeline: number;
  /** File to which every operation is appended; null keeps no ledger. */
  readonly ledgerPath: string | null;
  /** Operations a second over all connections (open loop); null is a closed loop. */
  readonly ratePerSecond: number | null;
  /** Open loop: `even` unless given; `poisson` draws pauses from the workload's seed. */
  readonly arrivals?: 'even' | 'poisson';
  /** Open loop: `flat` unless given; it stretches over `loadMs`. */
  readonly profile?: Profile;
  readonly loadMs?: number;
  /** Share of the operations that are GETs, 0 to 1; 0 unless given. */
  readonly readShare?: number;
  /** Time after `begin` that counts for the ledger, but not for QPS and latency. */
  readonly warmupMs: number;
  /** Keeps the latencies of every 100 ms apart, for `steps`; false unless given. */
  readonly keepsSteps?: boolean;
  /**
   * Keys `p:0000000000` and on (workloads/keys.ts), written as fast as possible before `ready`. No
   * operation touches them, and they are not in the ledger: read-back counts them.
   */
  readonly preloadKeys: number;
}

/** How far the driver is. */
export interface DriverProgress {
  readonly phase: 'preload' | 'load' | 'outage' | 'stopped';
  /** Operations with an answer so far; in the phase `preload`, keys written. */
  readonly operations: number;
  readonly acknowledged: number;
  readonly errors: number;
  readonly connected: number;
  /** CLOCK_MONOTONIC. */
  readonly atNs: number;
}

/** What happened up to `ready`. */
export interface DriverReady {
  readonly preloadedKeys: number;
  readonly preloadMs: number;
  /** Local port of each client's connection, by client: how the target's op log names them. */
  readonly clientPorts: readonly number[];
  readonly atNs: number;
}

/** A point every 100 ms from `begin` on; an interval without answers has no percentiles. */
export interface Series {
  readonly stepMs: number;
  readonly acknowledged: readonly number[];
  readonly errors: readonly number[];
  readonly p50Us: readonly (number | null)[];
  readonly p99Us: readonly (number | null)[];
}

/** The latencies of one second of the measured time; `atMs` from `begin` on. */
export interface LatencySecond extends IntervalCounts {
  readonly atMs: number;
}

/** What a load ends with. Times are CLOCK_MONOTONIC nanoseconds. */
export interface DriverResult {
  /** All operations sent since `begin`, warm-up included, preload not: the ledger's count. */
  readonly operations: number;
  readonly acknowledged: number;
  /** Operations answered by an error. */
  readonly errors: number;
  /** Without a clear answer: in flight when the server died or at the end, or half of a MULTI. */
  readonly unknown: number;
  /** Warm-up's end to stopSending or to the loss of the server. */
  readonly measuredMs: number;
  readonly measuredAcknowledged: number;
  /** Acknowledged a second in the measured time; null when nothing was measured. */
  readonly qps: number | null;
  /** Reads answered in the measured time, a second. */
  readonly readsPerSecond: number | null;
  /** Of the reads alone; null without reads. */
  readonly readLatencyUs: LatencyUs | null;
  /** Reads whose replies were compared with what had been written; null: none was. */
  readonly checkedReads: CheckedReads | null;
  /** Of acknowledged operations after the warm-up, and of the outage, once a connection. */
  readonly latencyUs: LatencyUs;
  /** The same up to the loss of the server. */
  readonly latencyBeforeOutageUs: LatencyUs;
  /** HdrHistogram V2, compressed, base64, in µs; outage included. */
  readonly histogram: string;
  /** Last acknowledgement before the server was lost; null when it was not. */
  readonly lostNs: number | null;
  /** First read answered after that; null when none was. */
  readonly answeredNs: number | null;
  readonly outageMs: number | null;
  readonly lostConnections: number;
  readonly beginNs: number | null;
  readonly stoppedNs: number | null;
  readonly lastAcknowledgedNs: number | null;
  /** CPU time of the driver's thread over the measured time, 0 to 1. */
  readonly cpuUtilisation: number;
  /** Share of the measured time in which the event loop was not waiting, 0 to 1. */
  readonly loopUtilisation: number;
  /** How late turns of the driver's event loop were, µs. */
  readonly loopLagUs: { readonly p99: number; readonly max: number };
  /** Open loop: how late the sends were, µs; else null. */
  readonly sendLateUs: SendLateness | null;
  /** Open loop: operations that were due and not sent when the sending ended; else 0. */
  readonly unsent: number;
  /** The driver, not necessarily the server, was at its limit: combine with the server's CPU. */
  readonly generatorLimited: boolean;
  readonly firstError: string | null;
  readonly series: Series;
  /** The latencies of each point of the series, where `keepsSteps` asked for them; else empty. */
  readonly steps: readonly IntervalCounts[];
  /** Lines of an interval log. */
  readonly seconds: readonly LatencySecond[];
}

/** Parent to driver. */
export type DriverCommand =
  | { readonly kind: 'start'; readonly options: DriverOptions }
  | { readonly kind: 'begin' }
  | { readonly kind: 'stop-sending' }
  | { readonly kind: 'moved'; readonly port: number }
  | { readonly kind: 'finish'; readonly graceMs: number };

/** Driver to parent. */
export type DriverEvent =
  | { readonly kind: 'ready'; readonly ready: DriverReady }
  | { readonly kind: 'progress'; readonly progress: DriverProgress }
  | { readonly kind: 'lost'; readonly atNs: number }
  | { readonly kind: 'answered'; readonly atNs: number }
  | { readonly kind: 'stopped'; readonly atNs: number }
  | { readonly kind: 'result'; readonly result: DriverResult }
  | { readonly kind: 'failed'; readonly text: string };
