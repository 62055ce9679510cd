// How busy the driver itself is: CPU time of its thread, its event loop, and how late the loop's
// turns are. What it finds decides whether the server or the generator was measured.

import { monitorEventLoopDelay, performance } from 'node:perf_hooks';
import type { EventLoopUtilization } from 'node:perf_hooks';
import { monotonicNs } from '../../../metrics/monotonic.ts';

/** One reading. */
interface Reading {
  readonly atNs: number;
  readonly acknowledged: number;
  readonly reads: number;
  readonly cpuUs: number;
  readonly loop: EventLoopUtilization;
}

/** What the measured time came to. */
export interface Measured {
  readonly measuredMs: number;
  readonly acknowledged: number;
  readonly reads: number;
  readonly cpuUtilisation: number;
  readonly loopUtilisation: number;
  /** How late turns of the event loop were beyond the sampling interval, µs. */
  readonly loopLagUs: { readonly p99: number; readonly max: number };
}

const sampleMs = 10;

/** Reads at the start and the end of the measured time. */
export class Meter {
  readonly #lag = monitorEventLoopDelay({ resolution: sampleMs });
  #start: Reading | null = null;
  #end: Reading | null = null;

  /** Starts the measured time, once. */
  start(counts: { acknowledged: number; reads: number }): void {
    if (this.#start !== null || this.#end !== null) return;
    this.#lag.enable();
    this.#start = read(counts);
  }

  /** Ends it, once. */
  stop(counts: { acknowledged: number; reads: number }): void {
    if (this.#end !== null) return;
    this.#end = read(counts);
    this.#lag.disable();
  }

  /** What it came to; zeros when there was none. */
  measured(): Measured {
    const [start, end] = [this.#start, this.#end];
    if (start === null || end === null) {
      const none = { measuredMs: 0, acknowledged: 0, reads: 0 };
      return { ...none, cpuUtilisation: 0, loopUtilisation: 0, loopLagUs: { p99: 0, max: 0 } };
    }
    const wallUs = (end.atNs - start.atNs) / 1000;
    const lateUs = (ns: number): number =>
      this.#lag.count === 0 ? 0 : Math.max(0, Math.round(ns / 1000 - sampleMs * 1000));
    return {
      measuredMs: wallUs / 1000,
      acknowledged: end.acknowledged - start.acknowledged,
      reads: end.reads - start.reads,
      cpuUtilisation: wallUs === 0 ? 0 : Math.min(1, (end.cpuUs - start.cpuUs) / wallUs),
      loopUtilisation: performance.eventLoopUtilization(end.loop, start.loop).utilization,
      loopLagUs: { p99: lateUs(this.#lag.percentile(99)), max: lateUs(this.#lag.max) },
    };
  }
}

function read({ acknowledged, reads }: { acknowledged: number; reads: number }): Reading {
  const cpu = process.threadCpuUsage();
  return {
    atNs: monotonicNs(), acknowledged, reads,
    cpuUs: cpu.user + cpu.system,
    loop: performance.eventLoopUtilization(),
  };
}
