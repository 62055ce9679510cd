// What a client's keys must hold after its first m operations: replayed once, then advanced.

import { KIND_FLUSH } from '../workloads/operations.ts';
import { ClientModel } from '../workloads/model/client-model.ts';
import type { RunContext } from './context.ts';

/** A client's keys at a prefix of its operations. */
export class ReplayedModel {
  readonly keys: ClientModel;
  prefix: number = 0;
  /** Swaps and flushes that have happened. */
  #barriers: number = 0;
  readonly #run: RunContext;
  readonly #client: number;

  constructor(run: RunContext, client: number) {
    this.keys = new ClientModel(run.operations, client);
    this.#run = run;
    this.#client = client;
  }

  /**
   * Moves to prefix m, with so many swaps and flushes: forward by what lies between, back by
   * replaying from the start.
   */
  moveTo(prefix: number, barriers: number = 0): void {
    if (prefix < this.prefix || barriers < this.#barriers) {
      this.keys.reset();
      this.prefix = 0;
      this.#barriers = 0;
    }
    this.#pass(barriers);
    while (this.prefix < prefix) {
      this.prefix++;
      if (!this.#run.hasFailed(this.#client, this.prefix)) {
        this.keys.apply(this.prefix, this.#run.isUnclear(this.#client, this.prefix));
      }
      this.#pass(barriers);
    }
  }

  /** Swaps and flushes come between the operations of the clients that did not send them. */
  #pass(upTo: number): void {
    const { list } = this.#run.barriers;
    for (; this.#barriers < upTo; this.#barriers++) {
      const barrier = list[this.#barriers];
      if (barrier === undefined || (barrier.after[this.#client] as number) > this.prefix) return;
      if (this.#client === 0) continue; // one of its own operations
      this.keys.pass(barrier.kind, this.#run.isUnclear(0, barrier.sequence));
    }
  }
}

/** Whether one of the first barriers emptied everything. */
export function hasFlush(run: RunContext, barriers: number): boolean {
  return run.barriers.list.slice(0, barriers).some(({ kind }) => kind === KIND_FLUSH);
}
