// What reads must answer while the server lives: each client reads its own keys, and on one
// connection in the order of its writes, so every reply is known exactly: read your writes, and
// never an older one again; a key with a deadline is there before it and gone after it. For mixes
// that have a model (workloads/model) and ask for reads.

import { STATUS_FAIL, STATUS_INFO, STATUS_OK } from '../../../history/ledger.ts';
import type { OperationStatus } from '../../../history/ledger.ts';
import { ClientModel } from '../../../workloads/model/client-model.ts';
import type { SideModel } from '../../../workloads/model/client-model.ts';
import { isSame, readContent, sizeOf } from '../../../workloads/model/content.ts';
import { briefKey, slotKey } from '../../../workloads/keys.ts';
import { KIND_BRIEF, KIND_FLUSH, KIND_SWAP, Operations } from '../../../workloads/operations.ts';
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
    if (sequence > 0) {
      this.#wrote(batch.client, sequence, status);
      return;
    }
    const parts = this.#begun.get(batch.client);
    this.#begun.delete(batch.client);
    if (status !== STATUS_OK) return;
    const reader = new ReplyReader();
    reader.push(Buffer.concat([...parts ?? [], bytes]));
    const reply = reader.next() ?? null;
    const brief = batch.briefs[batch.done - 1] as number;
    if (brief === 0) this.#readSlot(batch.client, { turn: -sequence, reply });
    else this.#readBrief(batch.client, { brief, reply });
  }

  #wrote(client: number, sequence: number, status: OperationStatus): void {
    if (status === STATUS_FAIL) return;
    const isUnclear = status === STATUS_INFO;
    const model = this.#models[client];
    model?.apply(sequence, isUnclear);
    this.#operations.load(client, sequence);
    if (this.#operations.kind === KIND_BRIEF && !this.#reads.livesOn(client, sequence)) {
      model?.here.dropBrief(sequence); // near its deadline, or over: it will not be asked for
    }
    if (!this.#operations.runsAlone(client, sequence)) return;
    const kind = this.#operations.kind === KIND_FLUSH ? KIND_FLUSH : KIND_SWAP;
    for (const [other, model] of this.#models.entries()) {
      if (other !== client) model.pass(kind, isUnclear);
    }
  }

  #readSlot(client: number, { turn, reply }: { turn: number; reply: Reply }): void {
    const slot = this.#reads.slotOf(client, turn);
    const model = this.#models[client]?.here;
    if (model === undefined || model.unclear[slot] === 1) return;
    this.#checked++;
    const found = this.#wordsOf(model, { client, slot, reply });
    if (found === null) return;
    const name = slotKey(this.#operations.spec, client, slot);
    this.#isWrong(`client ${client} read ${name} while the server was up, after its write `
      + `${model.lastOperation[slot]} of it, and found ${found}`);
  }

  /** A key with a deadline: sent well before it and answered well before it, or sent well after. */
  #readBrief(client: number, { brief, reply }: { brief: number; reply: Reply }): void {
    const sequence = Math.abs(brief);
    const isOver = brief < 0;
    if (!isOver && !this.#reads.livesOn(client, sequence)) return;
    const isThere = isOver ? false : this.#models[client]?.here.isBriefPresent(sequence) ?? null;
    if (isThere === null) return;
    this.#checked++;
    const expected = isThere ? sequence : 0;
    const found = this.#valueWords(reply, client, expected);
    if (found === null) return;
    this.#isWrong(`client ${client} read ${briefKey(client, sequence)} while the server was up, `
      + `${isOver ? 'more than a second after' : 'well before'} its deadline, and found ${found}`);
  }

  #isWrong(words: string): void {
    this.#wrong++;
    if (this.#words.length < worded) this.#words.push(words);
  }

  /** What is wrong with the value of a key that operation `expected` wrote, 0 = none. */
  #valueWords(reply: Reply, client: number, expected: number): string | null {
    if (reply instanceof ReplyError) return reply.message;
    if (!(reply instanceof Uint8Array)) return expected === 0 ? null : 'nothing';
    if (expected === 0) return 'a value, though there must be none';
    const sequence = this.#values.read(reply, client);
    return sequence === expected ? null : sequence <= 0
      ? 'a value that matches no write of this client' : `write ${sequence}`;
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
    const isThere = model.isPresent(slot);
    if (slot >= slots.plain && isThere && reply instanceof Uint8Array) {
      const counted = Number(reply.toString('latin1'));
      const should = model.counters[slot - slots.plain];
      return counted === should ? null : `${counted} instead of ${should}`;
    }
    return this.#valueWords(reply, client, isThere ? model.lastOperation[slot] as number : 0);
  }
}
