// The operations of one connection that go out in one write, and what became of each of them.

import { STATUS_FAIL, STATUS_INFO, STATUS_OK } from '../../../history/ledger.ts';
import type { OperationStatus } from '../../../history/ledger.ts';
import type { ReplyParser } from './reply-parser.ts';

/** What a batch needs of an encoder; the workload's and the preload's both are one. */
export interface Encoder {
  readonly maximumBytes: number;
  encode(target: Buffer, at: number, client: number, sequence: number): number;
  repliesOf(client: number, sequence: number): number;
}

/** Operations `first` to `first + count − 1` of one client; used again for the next ones. */
export class Batch {
  readonly client: number;
  first: number = 1;
  count: number = 0;
  /** Operations answered; the next reply belongs to `first + done`. */
  done: number = 0;
  sentNs: number = 0;
  /** From when the latency of each operation counts: when it was sent, or was meant to be. */
  readonly startNs: Float64Array;
  readonly #replies: Uint16Array;
  #bytes: Buffer;
  #lengthBytes = 0;
  #repliesSeen = 0;
  #failures = 0;
  #firstFailed = false;
  #failedInside = false;

  constructor(client: number, capacity: number, encoder: Encoder) {
    this.client = client;
    this.startNs = new Float64Array(capacity);
    this.#replies = new Uint16Array(capacity);
    this.#bytes = Buffer.alloc(capacity * encoder.maximumBytes);
  }

  /** Becomes the given operations, encoded and unsent. */
  fill(encoder: Encoder, first: number, count: number): void {
    let at = 0;
    for (let index = 0; index < count; index++) {
      at = encoder.encode(this.#bytes, at, this.client, first + index);
      this.#replies[index] = encoder.repliesOf(this.client, first + index);
    }
    this.first = first;
    this.count = count;
    this.done = 0;
    this.#lengthBytes = at;
    this.#nextOperation();
  }

  /** What goes to the socket; the memory is written again only after the last reply. */
  get bytes(): Buffer {
    return this.#bytes.subarray(0, this.#lengthBytes);
  }

  /** Operations that have no answer yet. */
  get inFlight(): number {
    return this.count - this.done;
  }

  /** Takes the reply just parsed; the status of the operation that it completes, or 0. */
  reply(parser: ReplyParser): OperationStatus | 0 {
    if (parser.failed) {
      this.#failures++;
      if (this.#repliesSeen === 0) this.#firstFailed = true;
    }
    if (parser.failedInside) this.#failedInside = true;
    this.#repliesSeen++;
    const expected = this.#replies[this.done] as number;
    if (this.#repliesSeen < expected) return 0;
    const status = this.#statusOf(expected, parser.failed);
    this.done++;
    this.#nextOperation();
    return status;
  }

  /**
   * `fail` promises that nothing happened. That is so for a refused command and a refused EXEC, but
   * not when EXEC reports errors inside, nor when MULTI failed and its commands ran by themselves.
   */
  #statusOf(expected: number, lastFailed: boolean): OperationStatus {
    if (this.#failures === 0 && !this.#failedInside) return STATUS_OK;
    const ranAlone = this.#firstFailed && this.#failures < expected;
    if (this.#failedInside || ranAlone || !lastFailed) return STATUS_INFO;
    return STATUS_FAIL;
  }

  #nextOperation(): void {
    this.#repliesSeen = 0;
    this.#failures = 0;
    this.#firstFailed = false;
    this.#failedInside = false;
  }
}
