// One client of the load: batches of operations over a simulated socket, and what became of them.

import { STATUS_FAIL, STATUS_INFO, STATUS_OK } from '../../history/ledger.ts';
import type { OperationStatus } from '../../history/ledger.ts';
import type { ManualClock } from '../../../engine/io/clock.ts';
import { Batch } from '../../drivers/resp/load/batch.ts';
import type { Cursor } from '../../drivers/resp/load/batch.ts';
import type { LiveCheck } from '../../drivers/resp/load/live-check.ts';
import { Outbox } from '../../drivers/resp/load/outbox.ts';
import { ReplyParser } from '../../drivers/resp/load/reply-parser.ts';
import { encodeCommand } from '../../drivers/resp/codec.ts';
import type { OperationEncoder } from '../../workloads/encoder.ts';
import type { Reads } from '../../workloads/reads.ts';
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
  /** The next operation, from 1, reads and writes alike. */
  turn: number = 1;

  /** Operations sent. */
  get count(): number {
    return this.sentNs.length;
  }

  /**
   * A crash is over and its survivors were read: what was seen becomes the truth. Operations up to
   * `prefix` happened, the rest never did and must not come back. (What was in flight within it may
   * have been refused, unless it ran alone.)
   */
  resolve(prefix: number, atNs: number, runsAlone: (sequence: number) => boolean): void {
    for (let index = 0; index < this.count; index++) {
      const isIn = index < prefix;
      if (!isIn) this.status[index] = STATUS_FAIL;
      else if (this.ackedNs[index] === Infinity && runsAlone(index + 1)) {
        this.status[index] = STATUS_OK;
      }
      if (this.ackedNs[index] === Infinity) this.ackedNs[index] = atNs;
    }
  }
}

/** What a client of the load is made of. */
export interface LoadClientParts {
  readonly client: number;
  readonly history: ClientHistory;
  readonly pipeline: number;
  readonly encoder: OperationEncoder;
  readonly clock: ManualClock;
  readonly reads: Reads;
  readonly live: LiveCheck;
  /** Selected as soon as it is connected. */
  readonly database: number;
}

/** Sends the operations of one client to one engine. */
export class LoadClient {
  readonly client: number;
  readonly history: ClientHistory;
  readonly #clock: ManualClock;
  readonly #encoder: OperationEncoder;
  readonly #reads: Reads;
  readonly #live: LiveCheck;
  /** Replies that belong to no operation. */
  #others = 0;
  readonly #outbox = new Outbox();
  readonly #batch: Batch;
  readonly #parser = new ReplyParser();
  readonly #socket: SimulatedSocket;

  constructor(engine: SimulatedEngine, about: LoadClientParts) {
    this.client = about.client;
    this.history = about.history;
    this.#clock = about.clock;
    this.#encoder = about.encoder;
    this.#reads = about.reads;
    this.#live = about.live;
    this.#batch = new Batch(about.client, about.pipeline, this.#outbox);
    const port = firstClientPort + about.client;
    this.#socket = new SimulatedSocket(engine.server, port, (bytes) => this.#received(bytes));
    if (about.database === 0) return;
    this.#others = 1;
    this.#socket.send(encodeCommand(['SELECT', about.database]));
  }

  /** Whether everything sent was answered. */
  get isIdle(): boolean {
    return this.#batch.done === this.#batch.count && this.#others === 0;
  }

  /** Whether the server still talks to it. */
  get isOpen(): boolean {
    return this.#socket.isOpen;
  }

  /** Whether its next write must run alone. */
  get isNextAlone(): boolean {
    return this.#encoder.runsAlone(this.client, this.history.count + 1);
  }

  /** Sends the write that runs alone; only when all clients are idle. */
  sendAlone(): void {
    this.#batch.fill(this.#encoder, this.history.count + 1, 1);
    this.#sent();
  }

  /** Sends the next operations, up to one that runs alone; only when idle. */
  send(most: number): void {
    const first = this.history.count + 1;
    let count = 0;
    while (count < most && !this.#encoder.runsAlone(this.client, first + count)) count++;
    const cursor: Cursor = { count, turn: this.history.turn, sequence: first };
    this.#batch.fillMixed(this.#encoder, this.#reads, cursor);
    this.history.turn = cursor.turn;
    this.#sent();
  }

  #sent(): void {
    const { history } = this;
    const sentNs = this.#clock.monotonicNs();
    for (let index = 0; index < this.#batch.count; index++) {
      if ((this.#batch.sequences[index] as number) < 0) continue;
      history.sentNs.push(sentNs);
      history.ackedNs.push(Infinity);
      history.status.push(STATUS_INFO);
    }
    this.#clock.advanceNs(lagNs);
    this.#socket.send(this.#outbox.take());
  }

  #received(bytes: Buffer): void {
    const nowNs = this.#clock.monotonicNs(); // the very instant at which the server let them go
    this.#clock.advanceNs(lagNs);
    const batch = this.#batch;
    let at = 0;
    while (at < bytes.length) {
      const from = at;
      at = this.#parser.next(bytes, at, bytes.length);
      if (at < 0) {
        if (this.#others === 0) this.#live.begun(batch, bytes.subarray(from));
        return;
      }
      if (this.#others > 0) {
        this.#others--;
        continue;
      }
      const index = (batch.sequences[batch.done] as number) - 1;
      const status = batch.reply(this.#parser);
      if (status === 0) continue;
      if (index >= 0) this.#answered(index, status, nowNs);
      this.#live.answered(batch, status, bytes.subarray(from, at));
    }
  }

  /** An unclear reply is no acknowledgement. */
  #answered(index: number, status: OperationStatus, nowNs: number): void {
    this.history.status[index] = status;
    if (status !== STATUS_INFO) this.history.ackedNs[index] = nowNs;
  }
}
