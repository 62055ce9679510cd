// The acknowledgements of all clients in the order of time: a heap of one entry a client. Hot.

import { STATUS_FAIL } from '../../history/ledger.ts';
import type { Ledger } from '../../history/ledger.ts';

/** Walks the acknowledged operations in order; nothing is sorted or copied. */
export class Acknowledgements {
  /** Client and sequence of the earliest one that was not taken; −1: none is left. */
  client: number = -1;
  sequence: number = 0;
  atNs: number = Infinity;
  readonly #ledger: Ledger;
  readonly #ackedNs: Float64Array;
  readonly #next: Float64Array;
  readonly #times: Float64Array;
  readonly #heap: Int32Array;
  #size = 0;

  constructor(ledger: Ledger, ackedNs: Float64Array) {
    const { clients } = ledger;
    this.#ledger = ledger;
    this.#ackedNs = ackedNs;
    this.#next = new Float64Array(clients);
    this.#times = new Float64Array(clients);
    this.#heap = new Int32Array(clients);
    for (let client = 0; client < clients; client++) {
      if (!this.#seek(client)) continue;
      this.#heap[this.#size++] = client;
      this.#up(this.#size - 1);
    }
    this.#show();
  }

  /** Whether an operation is ever acknowledged. */
  isAcknowledged(client: number, sequence: number): boolean {
    const index = this.#ledger.at(client, sequence);
    return this.#ledger.status[index] !== STATUS_FAIL && this.#ackedNs[index] !== Infinity;
  }

  /** When, Infinity: never. */
  acknowledgedNs(client: number, sequence: number): number {
    const index = this.#ledger.at(client, sequence);
    return this.#ledger.status[index] === STATUS_FAIL ? Infinity : this.#ackedNs[index] as number;
  }

  /** Takes the earliest one. */
  take(): void {
    if (!this.#seek(this.client)) {
      this.#size--;
      this.#heap[0] = this.#heap[this.#size] as number;
    }
    this.#down();
    this.#show();
  }

  #show(): void {
    this.client = this.#size === 0 ? -1 : this.#heap[0] as number;
    this.sequence = this.client < 0 ? 0 : this.#next[this.client] as number;
    this.atNs = this.client < 0 ? Infinity : this.#times[this.client] as number;
  }

  /** Moves a client to its next acknowledged operation; false: it has none. */
  #seek(client: number): boolean {
    const count = this.#ledger.count(client);
    let sequence = (this.#next[client] as number) + 1;
    while (sequence <= count && !this.isAcknowledged(client, sequence)) sequence++;
    this.#next[client] = sequence;
    if (sequence > count) return false;
    this.#times[client] = this.#ackedNs[this.#ledger.at(client, sequence)] as number;
    return true;
  }

  #up(from: number): void {
    const heap = this.#heap;
    const client = heap[from] as number;
    const time = this.#times[client] as number;
    let at = from;
    while (at > 0) {
      const parent = (at - 1) >> 1;
      const above = heap[parent] as number;
      if ((this.#times[above] as number) <= time) break;
      heap[at] = above;
      at = parent;
    }
    heap[at] = client;
  }

  #down(): void {
    const [heap, times, size] = [this.#heap, this.#times, this.#size];
    if (size === 0) return;
    const client = heap[0] as number;
    const time = times[client] as number;
    let at = 0;
    for (;;) {
      let child = 2 * at + 1;
      if (child >= size) break;
      const right = child + 1;
      if (right < size
        && (times[heap[right] as number] as number) < (times[heap[child] as number] as number)) {
        child = right;
      }
      const below = heap[child] as number;
      if ((times[below] as number) >= time) break;
      heap[at] = below;
      at = child;
    }
    heap[at] = client;
  }
}
