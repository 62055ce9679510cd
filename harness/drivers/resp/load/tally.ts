// Everything a load counts: operations, latency, the timeline, and how busy the driver itself was.

import { performance } from 'node:perf_hooks';
import type { EventLoopUtilization } from 'node:perf_hooks';
import { STATUS_INFO, STATUS_OK } from '../../../history/ledger.ts';
import type { LedgerWriter, OperationStatus } from '../../../history/ledger.ts';
import { LatencyHistogram } from '../../../metrics/histogram.ts';
import type { LatencyUs } from '../../../metrics/histogram.ts';
import { monotonicNs } from '../../../metrics/monotonic.ts';
import type { Batch } from './batch.ts';

const timelineStepNs = 100_000_000;

interface Meter {
  readonly atNs: number;
  readonly acknowledged: number;
  readonly cpuUs: number;
  readonly loop: EventLoopUtilization;
}

/** What the measured time came to. */
export interface Measured {
  readonly measuredMs: number;
  readonly acknowledged: number;
  readonly cpuUtilisation: number;
  readonly loopUtilisation: number;
}

/** The counters of one load. */
export class Tally {
  operations: number = 0;
  acknowledged: number = 0;
  errors: number = 0;
  unknown: number = 0;
  firstError: string | null = null;
  beginNs: number | null = null;
  lastAcknowledgedNs: number | null = null;
  readonly latency: LatencyHistogram = new LatencyHistogram();
  readonly timeline: number[] = [];
  latencyBeforeOutageUs: LatencyUs | null = null;
  readonly #ledger: LedgerWriter | null;
  #isMeasuring = false;
  #start: Meter | null = null;
  #end: Meter | null = null;

  constructor(ledger: LedgerWriter | null) {
    this.#ledger = ledger;
  }

  /** Counts the operation that the batch has just completed; hot. */
  answered(batch: Batch, status: OperationStatus, nowNs: number): void {
    const index = batch.done - 1;
    this.operations++;
    if (status === STATUS_OK) {
      if (this.#isMeasuring) this.latency.record((nowNs - (batch.startNs[index] as number)) / 1000);
    } else {
      this.errors++;
      if (status === STATUS_INFO) this.unknown++;
    }
    if (this.#ledger === null) return;
    this.#ledger.append(batch.client, batch.first + index, status, batch.sentNs, nowNs);
  }

  /** Counts acknowledgements that were read at one moment; hot. */
  acknowledgedAt(nowNs: number, count: number): void {
    this.acknowledged += count;
    this.lastAcknowledgedNs = nowNs;
    if (this.beginNs === null) return;
    const step = Math.floor((nowNs - this.beginNs) / timelineStepNs);
    while (this.timeline.length <= step) this.timeline.push(0);
    this.timeline[step] = (this.timeline[step] as number) + count;
  }

  /** Counts what is in flight on a connection that is gone: it may have happened or not. */
  abandoned(batch: Batch): void {
    for (; batch.done < batch.count; batch.done++) {
      this.operations++;
      this.unknown++;
      const sequence = batch.first + batch.done;
      this.#ledger?.append(batch.client, sequence, STATUS_INFO, batch.sentNs, Infinity);
    }
  }

  /** Starts the measured time. */
  startMeasuring(): void {
    if (this.#start !== null || this.#end !== null) return;
    this.#isMeasuring = true;
    this.#start = this.#read();
  }

  /** Ends it, once; what comes later changes neither QPS nor latency, except an outage. */
  stopMeasuring(): void {
    this.#isMeasuring = false;
    this.#end ??= this.#read();
  }

  /** What the measured time came to; zeros when there was none. */
  measured(): Measured {
    if (this.#start === null || this.#end === null) {
      return { measuredMs: 0, acknowledged: 0, cpuUtilisation: 0, loopUtilisation: 0 };
    }
    const wallUs = (this.#end.atNs - this.#start.atNs) / 1000;
    const cpuUs = this.#end.cpuUs - this.#start.cpuUs;
    return {
      measuredMs: wallUs / 1000,
      acknowledged: this.#end.acknowledged - this.#start.acknowledged,
      cpuUtilisation: wallUs === 0 ? 0 : Math.min(1, cpuUs / wallUs),
      loopUtilisation: performance.eventLoopUtilization(this.#end.loop, this.#start.loop)
        .utilization,
    };
  }

  /** Hands the ledger to the OS and closes it. */
  close(): void {
    this.#ledger?.close();
  }

  #read(): Meter {
    const cpu = process.threadCpuUsage();
    return {
      atNs: monotonicNs(),
      acknowledged: this.acknowledged,
      cpuUs: cpu.user + cpu.system,
      loop: performance.eventLoopUtilization(),
    };
  }
}
