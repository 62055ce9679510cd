// What a client's keys must hold after its first m operations: replayed once, then advanced.

import {
  KIND_DELETE, KIND_INCREMENT, KIND_PAIR, NO_SLOT,
} from '../workloads/operations.ts';
import type { RunContext } from './context.ts';

/** The state of one client's slots at a prefix; memory grows with keys, not with operations. */
export class ClientModel {
  /** Last operation of the prefix that wrote or deleted each slot, 0 = none. */
  readonly lastOperation: Uint32Array;
  /** 1 where nobody can know what the slot holds, see RunContext.isUnclear. */
  readonly unclear: Uint8Array;
  /** Value of each counter; 0 where it is absent. */
  readonly counters: Uint32Array;
  /** What each counter held before it was last deleted. */
  readonly beforeDelete: Uint32Array;
  /** Last operation of the prefix that wrote the witness, 0 = none. */
  witness: number = 0;
  isWitnessUnclear: boolean = false;
  prefix: number = 0;
  readonly #run: RunContext;
  readonly #client: number;

  constructor(run: RunContext, client: number) {
    const { slotCount, counterCount } = run.operations;
    this.#run = run;
    this.#client = client;
    this.lastOperation = new Uint32Array(slotCount);
    this.unclear = new Uint8Array(slotCount);
    this.counters = new Uint32Array(counterCount);
    this.beforeDelete = new Uint32Array(counterCount);
  }

  /** Moves to prefix m: forward by the operations between, back by replaying from the start. */
  moveTo(prefix: number): void {
    if (prefix < this.prefix) this.#reset();
    while (this.prefix < prefix) {
      this.prefix++;
      if (!this.#run.hasFailed(this.#client, this.prefix)) this.#apply(this.prefix);
    }
  }

  /** Whether a slot must hold something. */
  isPresent(slot: number): boolean {
    const last = this.lastOperation[slot] as number;
    if (last === 0) return false;
    this.#run.operations.load(this.#client, last);
    return this.#run.operations.kind !== KIND_DELETE;
  }

  #apply(sequence: number): void {
    const { operations } = this.#run;
    operations.load(this.#client, sequence);
    const isUnclear = this.#run.isUnclear(this.#client, sequence);
    if (operations.hasWitness) {
      this.witness = sequence;
      this.isWitnessUnclear = isUnclear;
    }
    if (operations.slotA === NO_SLOT) return;
    this.#touch(operations.slotA, sequence, isUnclear);
    if (operations.kind === KIND_PAIR) this.#touch(operations.slotB, sequence, isUnclear);
  }

  #touch(slot: number, sequence: number, isUnclear: boolean): void {
    const { operations } = this.#run;
    this.lastOperation[slot] = sequence;
    // An increment of what nobody knows gives what nobody knows; a write or a deletion is certain.
    if (operations.kind !== KIND_INCREMENT || isUnclear) this.unclear[slot] = isUnclear ? 1 : 0;
    const counter = slot - operations.spec.keysPerClient;
    if (counter < 0) return;
    if (operations.kind === KIND_INCREMENT) {
      this.counters[counter] = (this.counters[counter] as number) + 1;
    } else {
      this.beforeDelete[counter] = this.counters[counter] as number;
      this.counters[counter] = 0;
    }
  }

  #reset(): void {
    this.lastOperation.fill(0);
    this.unclear.fill(0);
    this.counters.fill(0);
    this.beforeDelete.fill(0);
    this.witness = 0;
    this.isWitnessUnclear = false;
    this.prefix = 0;
  }
}
