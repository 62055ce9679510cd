// What reads must answer while the server lives: each client reads its own keys, and on one
// connection in the order of its writes, so every reply is known exactly: read your writes, and
// never an older one again. For mixes that have a model (workloads/model) and ask for reads.

import { STATUS_FAIL, STATUS_INFO, STATUS_OK } from '../../../history/ledger.ts';
import type { OperationStatus } from '../../../history/ledger.ts';
import { ClientModel } from '../../../workloads/model/client-model.ts';
import type { SideModel } from '../../../workloads/model/client-model.ts';
import { isSame, readContent, sizeOf } from '../../../workloads/model/content.ts';
import { slotKey } from '../../../workloads/keys.ts';
import { KIND_FLUSH, KIND_SWAP, Operations } from '../../../workloads/operations.ts';
import type { Reads } from '../../../workloads/reads.ts';
import type { WorkloadSpec } from '../../../workloads/spec.ts';
import { ValueCodec } from '../../../workloads/value.ts';
import { ReplyError, ReplyReader } from '../codec.ts';
import type { Reply } from '../codec.ts';
import type { Batch } from './batch.ts';

/** What came of the reads. */
export interface CheckedReads {
  readonly checked: number;
  readonly wrong: number;
  /** The first few, in words. */
  readonly words: readonly string[];
}

const worded = 5;

/** The reads of all clients of a load. */
export class LiveCheck {
  #checked = 0;
  #wrong = 0;
  readonly #words: string[] = [];
  readonly #operations: Operations;
  readonly #values: ValueCodec;
  readonly #reads: Reads;
  readonly #models: readonly ClientModel[];
  /** By client: what came of a reply that goes on in the next chunk. */
  readonly #begun = new Map<number, Buffer[]>();

  /** Without models: nothing has been written yet. */
  constructor(workload: WorkloadSpec, reads: Reads, models?: readonly ClientModel[]) {
    this.#operations = new Operations(workload);
    this.#values = new ValueCodec(workload);
    this.#reads = reads;
    this.#models = models ?? Array.from(
      { length: workload.clients }, (_, client) => new ClientModel(this.#operations, client));
  }

  /** What was found so far. */
  result(): CheckedReads {
    return { checked: this.#checked, wrong: this.#wrong, words: this.#words };
  }

  /** A chunk ended inside a reply. */
  begun(batch: Batch, bytes: Buffer): void {
    if ((batch.sequences[batch.done] as number) >= 0) return;
    const parts = this.#begun.get(batch.client) ?? [];
    parts.push(Buffer.from(bytes));
    this.#begun.set(batch.client, parts);
  }

  /** The batch has just completed an operation, with a reply that ends in `bytes`. */
  answered(batch: Batch, status: OperationStatus, bytes: Buffer): void {
    const sequence = batch.sequences[batch.done - 1] as number;
    if (sequence > 0) this.#wrote(batch.client, sequence, status);
    else this.#read(batch.client, { turn: -sequence, status, bytes });
  }

  #wrote(client: number, sequence: number, status: OperationStatus): void {
    if (status === STATUS_FAIL) return;
    const isUnclear = status === STATUS_INFO;
    this.#models[client]?.apply(sequence, isUnclear);
    if (!this.#operations.runsAlone(client, sequence)) return;
    const kind = this.#operations.kind === KIND_FLUSH ? KIND_FLUSH : KIND_SWAP;
    for (const [other, model] of this.#models.entries()) {
      if (other !== client) model.pass(kind, isUnclear);
    }
  }

  #read(
    client: number,
    { turn, status, bytes }: { turn: number; status: OperationStatus; bytes: Buffer },
  ): void {
    const parts = this.#begun.get(client);
    this.#begun.delete(client);
    if (status !== STATUS_OK) return;
    const slot = this.#reads.slotOf(client, turn);
    const model = this.#models[client]?.here;
    if (model === undefined || model.unclear[slot] === 1) return;
    const reader = new ReplyReader();
    reader.push(Buffer.concat([...parts ?? [], bytes]));
    this.#checked++;
    const found = this.#wordsOf(model, { client, slot, reply: reader.next() ?? null });
    if (found === null) return;
    this.#wrong++;
    if (this.#words.length >= worded) return;
    const name = slotKey(this.#operations.spec, client, slot);
    this.#words.push(`client ${client} read ${name} while the server was up, after its write `
      + `${model.lastOperation[slot]} of it, and found ${found}`);
  }

  /** What is wrong with a reply; null: it is right. */
  #wordsOf(
    model: SideModel, { client, slot, reply }: { client: number; slot: number; reply: Reply },
  ): string | null {
    const { slots } = this.#operations;
    const expected = model.contentOf(slot);
    if (expected !== undefined) {
      const elements = Array.isArray(reply) ? reply as Buffer[] : [];
      const about = { operations: this.#operations, values: this.#values, client, slot };
      const read = readContent(elements, about);
      if (read.kind !== 'content') return read.text;
      if (isSame(read.content, expected)) return null;
      return `${sizeOf(read.content)} elements, not the ${sizeOf(expected)} that must be there`;
    }
    if (reply instanceof ReplyError) return reply.message;
    const isThere = model.isPresent(slot);
    if (!(reply instanceof Uint8Array)) return isThere ? 'nothing' : null;
    if (!isThere) return 'a value, though there must be none';
    if (slot >= slots.plain) {
      const counted = Number(reply.toString('latin1'));
      const should = model.counters[slot - slots.plain];
      return counted === should ? null : `${counted} instead of ${should}`;
    }
    const sequence = this.#values.read(reply, client);
    return sequence === model.lastOperation[slot] ? null : sequence <= 0
      ? 'a value that matches no write of this client' : `write ${sequence}`;
  }
}
