// The operations that run alone (swap and flush of mix `full`): what each of them does to all
// clients, and at which of a client's operations it came: told by the times in the ledger, since
// every client has an answer to all it sent before one begins.

import { STATUS_FAIL } from '../../history/ledger.ts';
import type { Ledger } from '../../history/ledger.ts';
import { KIND_FLUSH, KIND_SWAP } from '../operations.ts';
import type { Operations } from '../operations.ts';

/** Where a key is: with its client, in the other database, or nowhere. */
export const HERE = 0;
export const THERE = 1;
export const NOWHERE = 2;
export type Place = typeof HERE | typeof THERE | typeof NOWHERE;

/** An operation of client 0 that concerns all. */
export interface Barrier {
  /** Of client 0. */
  readonly sequence: number;
  readonly kind: typeof KIND_SWAP | typeof KIND_FLUSH;
  readonly sentNs: number;
  /** By client: the last operation that came before it. */
  readonly after: Float64Array;
}

/** The barriers of one run, those that were refused left out. */
export class Barriers {
  readonly list: readonly Barrier[];

  constructor(operations: Operations, ledger: Ledger) {
    const list: Barrier[] = [];
    const last = operations.spec.mix === 'full' ? ledger.count(0) : 0;
    for (let sequence = 1; sequence <= last; sequence++) {
      if (!operations.runsAlone(0, sequence)) continue;
      const index = ledger.at(0, sequence);
      if (ledger.status[index] === STATUS_FAIL) continue;
      const kind = operations.kind === KIND_FLUSH ? KIND_FLUSH : KIND_SWAP;
      const sentNs = ledger.sentNs[index] as number;
      const after = Float64Array.from({ length: ledger.clients }, (_, client) => (
        client === 0 ? sequence : ledger.lastSent(client, sentNs)));
      list.push({ sequence, kind, sentNs, after });
    }
    this.list = list;
  }

  /** How many of them lie within the first operations of client 0. */
  within(prefix: number): number {
    let [low, high] = [0, this.list.length];
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((this.list[middle] as Barrier).sequence <= prefix) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  /**
   * How many of them lie behind an empty snapshot that was begun at an instant. With save points
   * FLUSHALL writes one itself, before the witness beside it is there, so nothing in it says so.
   */
  emptiedBy(atNs: number): number {
    return this.list.findLastIndex(({ kind, sentNs }) => kind === KIND_FLUSH && sentNs <= atNs) + 1;
  }

  /** The first operations of a client that came before the last of `count` barriers. */
  before(count: number, client: number): number {
    return count === 0 ? 0 : (this.list[count - 1] as Barrier).after[client] as number;
  }

  /** Where what an operation wrote is after `count` barriers. */
  placeAfter(count: number, client: number, sequence: number): Place {
    let place: Place = HERE;
    for (let index = count - 1; index >= 0; index--) {
      const { after, kind } = this.list[index] as Barrier;
      if ((after[client] as number) < sequence) break;
      if (kind === KIND_FLUSH) return NOWHERE;
      place = place === HERE ? THERE : HERE;
    }
    return place;
  }
}
