// Everything a load counts: operations by what became of them, their latency, and the ledger.

import { STATUS_INFO, STATUS_OK } from '../../../history/ledger.ts';
import type { LedgerWriter, OperationStatus } from '../../../history/ledger.ts';
import { LatencyHistogram } from '../../../metrics/histogram.ts';
import type { LatencyUs } from '../../../metrics/histogram.ts';
import { monotonicNs } from '../../../metrics/monotonic.ts';
import type { Batch } from './batch.ts';
import { Meter } from './meter.ts';
import type { Measured } from './meter.ts';
import { Recorder } from './recorder.ts';

/** The counters of one load. Operations are writes: what the ledger keeps; reads stand beside. */
export class Tally {
  operations: number = 0;
  acknowledged: number = 0;
  errors: number = 0;
  unknown: number = 0;
  /** Reads that were answered by data. */
  reads: number = 0;
  firstError: string | null = null;
  beginNs: number | null = null;
  lastAcknowledgedNs: number | null = null;
  readonly recorder: Recorder;
  /** Of the reads alone. */
  readonly readLatency: LatencyHistogram = new LatencyHistogram();
  latencyBeforeOutageUs: LatencyUs | null = null;
  readonly #ledger: LedgerWriter | null;
  readonly #meter = new Meter();
  #isMeasuring = false;

  constructor(ledger: LedgerWriter | null, options: { readonly keepsSteps?: boolean } = {}) {
    this.#ledger = ledger;
    this.recorder = new Recorder(options);
  }

  /** The load begins. */
  begin(nowNs: number): void {
    this.beginNs = nowNs;
    this.recorder.begin(nowNs);
  }

  /** Counts the operation that the batch has just completed; hot. */
  answered(batch: Batch, status: OperationStatus, nowNs: number): void {
    const index = batch.done - 1;
    const sequence = batch.sequences[index] as number;
    const us = (nowNs - (batch.startNs[index] as number)) / 1000;
    this.recorder.advance(nowNs);
    if (status === STATUS_OK) this.recorder.record(us);
    if (sequence < 0) {
      this.#readAnswered(status, us);
      return;
    }
    this.operations++;
    if (status !== STATUS_OK) {
      this.errors++;
      this.recorder.count(0, 1);
      if (status === STATUS_INFO) this.unknown++;
    }
    if (this.#ledger === null) return;
    this.#ledger.append(batch.client, sequence, status, batch.sentNs, nowNs);
  }

  /** The same for the next writes of a batch at once, all of them acknowledged; hot. */
  acknowledgedPlain(batch: Batch, count: number, nowNs: number): void {
    const { recorder } = this;
    const ledger = this.#ledger;
    recorder.advance(nowNs);
    const end = batch.done + count;
    for (let index = batch.done; index < end; index++) {
      recorder.record((nowNs - (batch.startNs[index] as number)) / 1000);
      if (ledger === null) continue;
      const sequence = batch.sequences[index] as number;
      ledger.append(batch.client, sequence, STATUS_OK, batch.sentNs, nowNs);
    }
    batch.done = end;
    this.operations += count;
  }

  #readAnswered(status: OperationStatus, us: number): void {
    if (status === STATUS_OK) {
      this.reads++;
      if (this.#isMeasuring) this.readLatency.record(us);
    } else {
      this.errors++;
      this.recorder.count(0, 1);
    }
  }

  /** Counts acknowledgements that were read at one moment; hot. */
  acknowledgedAt(nowNs: number, count: number): void {
    this.acknowledged += count;
    this.lastAcknowledgedNs = nowNs;
    this.recorder.count(count, 0);
  }

  /** Counts what is in flight on a connection that is gone: it may have happened or not. */
  abandoned(batch: Batch): void {
    for (; batch.done < batch.count; batch.done++) {
      const sequence = batch.sequences[batch.done] as number;
      if (sequence < 0) continue;
      this.operations++;
      this.unknown++;
      this.#ledger?.append(batch.client, sequence, STATUS_INFO, batch.sentNs, Infinity);
    }
  }

  /** Starts the measured time. */
  startMeasuring(): void {
    this.#meter.start(this);
    this.#isMeasuring = true;
    this.recorder.measure();
  }

  /**
   * Ends it, once; what comes later does not change QPS. The latency of what was in flight still
   * counts: leaving it out would hide exactly the operations that wait longest.
   */
  stopMeasuring(): void {
    this.recorder.flush();
    this.#meter.stop(this);
  }

  /** What the measured time came to; zeros when there was none. */
  measured(): Measured {
    return this.#meter.measured();
  }

  /** Hands the ledger to the OS and closes it. */
  close(): void {
    this.recorder.advance(monotonicNs());
    this.#ledger?.close();
  }
}
