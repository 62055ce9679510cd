// The operations of one connection that go out in one write, and what became of each of them.

import { STATUS_FAIL, STATUS_INFO, STATUS_OK } from '../../../history/ledger.ts';
import type { OperationStatus } from '../../../history/ledger.ts';
import type { Outbox } from './outbox.ts';
import type { ReplyParser } from './reply-parser.ts';

/** What a batch needs of an encoder; the workload's and the preload's both are one. */
export interface Encoder {
  readonly maximumBytes: number;
  encode(target: Buffer, at: number, client: number, sequence: number): number;
  repliesOf(client: number, sequence: number): number;
}

/** Which operations of a client are reads, and their bytes; see workloads/reads.ts. */
export interface ReadStream {
  readonly maximumBytes: number;
  isRead(client: number, turn: number): boolean;
  /** The brief key that it asks for instead of its slot's; 0: none. */
  briefOf(client: number, turn: number, written: number): number;
  encodeBrief(target: Buffer, at: number, client: number, sequence: number): number;
  encode(target: Buffer, at: number, client: number, turn: number): number;
}

/** Where a connection is in its operations: moved on by `fillMixed`. */
export interface Cursor {
  /** Operations to take. */
  count: number;
  /** Number of the next operation, from 1, reads and writes alike. */
  turn: number;
  /** Sequence of the next write. */
  sequence: number;
}

/** Some operations of one client, writes and reads; used again for the next ones. */
export class Batch {
  readonly client: number;
  count: number = 0;
  /** Operations answered; the next reply belongs to operation `done` of the batch. */
  done: number = 0;
  /** Sequence of each write; of a read, which the ledger does not keep, its turn below zero. */
  readonly sequences: Float64Array;
  /** Of a read: the brief key that it asks for, see Reads.briefOf; 0: its slot's. */
  readonly briefs: Float64Array;
  sentNs: number = 0;
  /** From when the latency of each operation counts: when it was sent, or was meant to be. */
  readonly startNs: Float64Array;
  readonly #replies: Uint16Array;
  readonly #outbox: Outbox;
  #isPlain = true;
  #repliesSeen = 0;
  #failures = 0;
  #firstFailed = false;
  #failedInside = false;

  constructor(client: number, capacity: number, outbox: Outbox) {
    this.client = client;
    this.startNs = new Float64Array(capacity);
    this.sequences = new Float64Array(capacity);
    this.briefs = new Float64Array(capacity);
    this.#replies = new Uint16Array(capacity);
    this.#outbox = outbox;
  }

  /** Becomes the given writes, whose bytes lie in the outbox. */
  fill(encoder: Encoder, first: number, count: number): void {
    this.#begin();
    for (let index = 0; index < count; index++) this.#write(encoder, first + index);
    this.#nextOperation();
  }

  /**
   * Becomes the operations at the cursor, of which `reads` says which are reads; the writes among
   * them take the sequences. Moves the cursor on.
   */
  fillMixed(encoder: Encoder, reads: ReadStream, at: Cursor): void {
    this.#begin();
    for (let index = 0; index < at.count; index++) {
      const turn = at.turn++;
      if (reads.isRead(this.client, turn)) this.#read(reads, turn, at.sequence - 1);
      else this.#write(encoder, at.sequence++);
    }
    this.#nextOperation();
  }

  #begin(): void {
    this.count = 0;
    this.done = 0;
    this.#isPlain = true;
  }

  #write(encoder: Encoder, sequence: number): void {
    const outbox = this.#outbox;
    const target = outbox.withRoom(encoder.maximumBytes);
    outbox.lengthBytes = encoder.encode(target, outbox.lengthBytes, this.client, sequence);
    const replies = encoder.repliesOf(this.client, sequence);
    if (replies !== 1) this.#isPlain = false;
    this.sequences[this.count] = sequence;
    this.#replies[this.count++] = replies;
  }

  #read(reads: ReadStream, turn: number, written: number): void {
    const outbox = this.#outbox;
    const target = outbox.withRoom(reads.maximumBytes);
    const brief = reads.briefOf(this.client, turn, written);
    const at = outbox.lengthBytes;
    outbox.lengthBytes = brief === 0 ? reads.encode(target, at, this.client, turn)
      : reads.encodeBrief(target, at, this.client, Math.abs(brief));
    this.briefs[this.count] = brief;
    this.#isPlain = false;
    this.sequences[this.count] = -turn;
    this.#replies[this.count++] = 1;
  }

  /** Operations that have no answer yet. */
  get inFlight(): number {
    return this.count - this.done;
  }

  /** Operations without an answer that one `+OK` completes: all of them writes. Hot. */
  get plainInFlight(): number {
    return this.#isPlain ? this.count - this.done : 0;
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
