// What a client's keys hold after its first m operations, applied one by one. Of mix `full` there
// are two sides: the database that the client works in, and the other one, whose place a SWAPDB
// changes with it.

import {
  KIND_BRIEF, KIND_COLLECTION, KIND_DELETE, KIND_FLUSH, KIND_INCREMENT, KIND_PAIR, KIND_SWAP,
  NO_SLOT,
} from '../operations.ts';
import type { Operations } from '../operations.ts';
import { change, clear, noContent, sizeOf } from './content.ts';
import type { Content } from './content.ts';

/** The keys of one client in one database; memory grows with keys, not with operations. */
export class SideModel {
  /** Last operation that wrote or deleted each slot, 0 = none. */
  readonly lastOperation: Uint32Array;
  /** 1 where nobody can know what the slot holds, see RunContext.isUnclear. */
  readonly unclear: Uint8Array;
  /** Value of each counter; 0 where it is absent. */
  readonly counters: Uint32Array;
  /** What each counter held before it was last deleted. */
  readonly beforeDelete: Uint32Array;
  /** Of each collection, counted from the first. */
  readonly contents: readonly Content[];
  /** Last operation that wrote the witness, 0 = none. */
  witness: number = 0;
  isWitnessUnclear: boolean = false;
  /** Brief operations that are here, as they were until their deadline, and whether surely. */
  readonly #briefs = new Map<number, boolean>();
  #hasForgotten = false;
  readonly #operations: Operations;
  readonly #client: number;

  constructor(operations: Operations, client: number) {
    const { slotCount, counterCount, slots } = operations;
    this.#operations = operations;
    this.#client = client;
    this.lastOperation = new Uint32Array(slotCount);
    this.unclear = new Uint8Array(slotCount);
    this.counters = new Uint32Array(counterCount);
    this.beforeDelete = new Uint32Array(counterCount);
    this.contents = Array.from({ length: slotCount - slots.collectionsFrom }, noContent);
  }

  /** Whether a slot must hold something. */
  isPresent(slot: number): boolean {
    const last = this.lastOperation[slot] as number;
    if (last === 0) return false;
    const content = this.contentOf(slot);
    if (content !== undefined) return sizeOf(content) > 0;
    this.#operations.load(this.#client, last);
    return this.#operations.kind !== KIND_DELETE;
  }

  /** Whether the key of a brief operation is there until its deadline; null: nobody can know. */
  isBriefPresent(sequence: number): boolean | null {
    const isSure = this.#briefs.get(sequence);
    if (isSure === undefined) return this.#hasForgotten ? null : false;
    return isSure ? true : null;
  }

  /** A brief operation happened. */
  touchBrief(sequence: number, isUnclear: boolean): void {
    this.#briefs.set(sequence, !isUnclear);
  }

  /** Nobody will ask for it before its deadline. */
  dropBrief(sequence: number): void {
    this.#briefs.delete(sequence);
  }

  /** What a slot's collection holds; undefined when it is none. */
  contentOf(slot: number): Content | undefined {
    return this.contents[slot - this.#operations.slots.collectionsFrom];
  }

  /** Does what the loaded operation does to a slot. */
  touch(slot: number, sequence: number, isUnclear: boolean): void {
    const { kind, slots } = this.#operations;
    this.lastOperation[slot] = sequence;
    // An increment of what nobody knows gives what nobody knows; a write or a deletion is certain.
    const isChange = kind === KIND_INCREMENT || kind === KIND_COLLECTION;
    if (!isChange || isUnclear) this.unclear[slot] = isUnclear ? 1 : 0;
    const content = kind === KIND_COLLECTION ? this.contentOf(slot) : undefined;
    if (content !== undefined) {
      change(content, this.#operations, sequence);
      return;
    }
    const counter = slot - slots.plain;
    if (counter < 0) return;
    if (kind === KIND_INCREMENT) {
      this.counters[counter] = (this.counters[counter] as number) + 1;
    } else {
      this.beforeDelete[counter] = this.counters[counter] as number;
      this.counters[counter] = 0;
    }
  }

  /** Nothing is there. */
  clear(): void {
    this.lastOperation.fill(0);
    this.unclear.fill(0);
    this.counters.fill(0);
    this.beforeDelete.fill(0);
    for (const content of this.contents) clear(content);
    this.#briefs.clear();
    this.#hasForgotten = false;
    this.witness = 0;
    this.isWitnessUnclear = false;
  }

  /** Nobody can know what is there. */
  forget(): void {
    this.unclear.fill(1);
    this.#briefs.clear();
    this.#hasForgotten = true;
    this.isWitnessUnclear = true;
  }
}

/** The keys of one client. */
export class ClientModel {
  /** In the database that it works in. */
  here: SideModel;
  /** In the other one; null where there is only one. */
  there: SideModel | null;
  readonly #operations: Operations;
  readonly #client: number;

  constructor(operations: Operations, client: number) {
    this.#operations = operations;
    this.#client = client;
    this.here = new SideModel(operations, client);
    this.there = operations.spec.mix === 'full' ? new SideModel(operations, client) : null;
  }

  /** The next operation happened, or nobody knows whether it did; not for one that was refused. */
  apply(sequence: number, isUnclear: boolean): void {
    const operations = this.#operations;
    operations.load(this.#client, sequence);
    const { kind } = operations;
    if (kind === KIND_SWAP || kind === KIND_FLUSH) this.pass(kind, isUnclear);
    if (operations.hasWitness) {
      this.here.witness = sequence;
      this.here.isWitnessUnclear = isUnclear;
    }
    if (kind === KIND_BRIEF) this.here.touchBrief(sequence, isUnclear);
    if (operations.slotA === NO_SLOT) return;
    this.here.touch(operations.slotA, sequence, isUnclear);
    if (kind === KIND_PAIR) this.here.touch(operations.slotB, sequence, isUnclear);
  }

  /** A swap or a flush, whoever sent it. */
  pass(kind: typeof KIND_SWAP | typeof KIND_FLUSH, isUnclear: boolean): void {
    if (isUnclear) {
      this.here.forget();
      this.there?.forget();
    } else if (kind === KIND_FLUSH) {
      this.here.clear();
      this.there?.clear();
    } else if (this.there !== null) {
      [this.here, this.there] = [this.there, this.here];
    }
  }

  /** Before the first operation. */
  reset(): void {
    this.here.clear();
    this.there?.clear();
  }
}
