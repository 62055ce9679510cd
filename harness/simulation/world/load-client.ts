// One client of the load: batches of operations over a simulated socket, and what became of them.

import { STATUS_FAIL, STATUS_INFO } from '../../history/ledger.ts';
import type { OperationStatus } from '../../history/ledger.ts';
import type { ManualClock } from '../../../engine/io/clock.ts';
import { Batch } from '../../drivers/resp/load/batch.ts';
import type { Encoder } from '../../drivers/resp/load/batch.ts';
import { ReplyParser } from '../../drivers/resp/load/reply-parser.ts';
import { SimulatedSocket } from './socket.ts';
import type { SimulatedEngine } from './engine.ts';

/** Local port of client 0; the others count up from it. */
export const firstClientPort = 40_000;
/** How long a request is on its way, and a reply before the client's next step; ns. */
const lagNs = 2_000;

/** What one client has done in all its lives; sequence n at index n − 1. */
export class ClientHistory {
  readonly sentNs: number[] = [];
  /** Infinity: never answered. */
  readonly ackedNs: number[] = [];
  readonly status: OperationStatus[] = [];

  /** Operations sent. */
  get count(): number {
    return this.sentNs.length;
  }

  /**
   * A crash is over and its survivors were read: what was seen becomes the truth. Operations up to
   * `prefix` happened, the rest never did and must not come back.
   */
  resolve(prefix: number, atNs: number): void {
    for (let index = 0; index < this.count; index++) {
      const isIn = index < prefix;
      if (!isIn) this.status[index] = STATUS_FAIL;
      if (this.ackedNs[index] === Infinity) this.ackedNs[index] = atNs;
    }
  }
}

/** Sends the operations of one client to one engine. */
export class LoadClient {
  readonly client: number;
  readonly history: ClientHistory;
  readonly #clock: ManualClock;
  readonly #encoder: Encoder;
  readonly #batch: Batch;
  readonly #parser = new ReplyParser();
  readonly #socket: SimulatedSocket;

  constructor(
    engine: SimulatedEngine,
    about: { client: number; history: ClientHistory; pipeline: number; encoder: Encoder;
      clock: ManualClock },
  ) {
    this.client = about.client;
    this.history = about.history;
    this.#clock = about.clock;
    this.#encoder = about.encoder;
    this.#batch = new Batch(about.client, about.pipeline, about.encoder);
    const port = firstClientPort + about.client;
    this.#socket = new SimulatedSocket(engine.server, port, (bytes) => this.#received(bytes));
  }

  /** Whether everything sent was answered. */
  get isIdle(): boolean {
    return this.#batch.done === this.#batch.count;
  }

  /** Whether the server still talks to it. */
  get isOpen(): boolean {
    return this.#socket.isOpen;
  }

  /** Sends the next operations; only when idle. */
  send(count: number): void {
    const { history } = this;
    this.#batch.fill(this.#encoder, history.count + 1, count);
    const sentNs = this.#clock.monotonicNs();
    for (let index = 0; index < count; index++) {
      history.sentNs.push(sentNs);
      history.ackedNs.push(Infinity);
      history.status.push(STATUS_INFO);
    }
    this.#clock.advanceNs(lagNs);
    this.#socket.send(this.#batch.bytes);
  }

  #received(bytes: Buffer): void {
    const nowNs = this.#clock.monotonicNs(); // the very instant at which the server let them go
    this.#clock.advanceNs(lagNs);
    const batch = this.#batch;
    let at = 0;
    while (at < bytes.length) {
      at = this.#parser.next(bytes, at, bytes.length);
      if (at < 0) return;
      const index = (batch.sequences[batch.done] as number) - 1;
      const status = batch.reply(this.#parser);
      if (status !== 0) this.#answered(index, status, nowNs);
    }
  }

  /** An unclear reply is no acknowledgement. */
  #answered(index: number, status: OperationStatus, nowNs: number): void {
    this.history.status[index] = status;
    if (status !== STATUS_INFO) this.history.ackedNs[index] = nowNs;
  }
}
