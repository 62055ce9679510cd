// Reads among the writes: which operations of a client are GETs and of which key. They leave no
// evidence and take no sequence, so the ledger and the checkers need not know about them.

import { mix32, saltOf } from './hash.ts';
import { keyPicker } from './key-distribution.ts';
import type { KeyPicker } from './key-distribution.ts';
import { clientDigits, indexDigits, keyNameBytes, slotKey } from './keys.ts';
import type { WorkloadSpec } from './spec.ts';
import { writeDigits } from './value.ts';

/** The reads of one workload; hot, allocates nothing per operation. */
export class Reads {
  /** Bytes of each read. */
  readonly maximumBytes: number;
  readonly #spec: WorkloadSpec;
  readonly #below: number;
  readonly #salts: Uint32Array;
  readonly #picker: KeyPicker;
  readonly #request: Uint8Array;
  readonly #nameAt: number;

  /** `share` of the operations, 0 to 1, are reads; their keys have the writes' distribution. */
  constructor(spec: WorkloadSpec, share: number) {
    this.#spec = spec;
    this.#below = share * 4_294_967_296;
    // A stream of its own: reads must not follow from the writes.
    this.#salts = Uint32Array.from({ length: spec.clients }, (_, client) =>
      mix32(saltOf(spec.seed, client) ^ 0x3c6ef372));
    this.#picker = keyPicker(spec.distribution ?? 'uniform', spec.keysPerClient);
    const name = slotKey(spec, 0, 0);
    const text = `*2\r\n$3\r\nGET\r\n$${name.length}\r\n${name}\r\n`;
    this.#nameAt = text.indexOf(name);
    this.#request = Uint8Array.from(Buffer.from(text, 'latin1'));
    this.maximumBytes = this.#request.length;
  }

  /** Whether operation `turn` (from 1) of a client is a read. */
  isRead(client: number, turn: number): boolean {
    return this.#bits(client, turn) < this.#below;
  }

  /** Writes the read at `at`; returns the offset after it. One reply. */
  encode(target: Uint8Array, at: number, client: number, turn: number): number {
    const request = this.#request;
    for (let index = 0; index < request.length; index++) {
      target[at + index] = request[index] as number;
    }
    const slot = this.#slot(client, turn);
    const name = at + this.#nameAt;
    writeDigits(target, name + 2, client, clientDigits);
    writeDigits(target, name + keyNameBytes - indexDigits, slot, indexDigits);
    return at + request.length;
  }

  /** The key that the read asks for. */
  keyOf(client: number, turn: number): string {
    return slotKey(this.#spec, client, this.#slot(client, turn));
  }

  #slot(client: number, turn: number): number {
    return this.#picker.pick(mix32(this.#bits(client, turn) ^ 0x85ebca6b), turn);
  }

  #bits(client: number, turn: number): number {
    return mix32((this.#salts[client] as number) + Math.imul(turn, 0x9e3779b9));
  }
}
