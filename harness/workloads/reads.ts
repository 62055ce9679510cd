// Reads among the writes: which operations of a client are reads, and of which key: GETs of plain
// keys; of mix `full` every type is read in its own way. They leave no evidence and take no
// sequence, so the ledger need not know about them.

import { mix32, saltOf, scale } from './hash.ts';
import { keyPicker } from './key-distribution.ts';
import type { KeyPicker } from './key-distribution.ts';
import { clientDigits, indexDigits, keyNameBytes, slotKey } from './keys.ts';
import { readCommand } from './owned-keys.ts';
import { array, copy, makePiece } from './pieces.ts';
import type { Piece } from './pieces.ts';
import { slotsOf, typeCount } from './slots.ts';
import type { Slots } from './slots.ts';
import type { WorkloadSpec } from './spec.ts';
import { writeDigits } from './value.ts';

/** The reads of a workload; null when a share of 0 is none. */
export function readsOf(spec: WorkloadSpec, share: number): Reads | null {
  return share > 0 ? new Reads(spec, share) : null;
}

/** The reads of one workload; hot, allocates nothing per operation. */
export class Reads {
  /** Bytes of the longest read. */
  readonly maximumBytes: number;
  readonly #spec: WorkloadSpec;
  readonly #below: number;
  readonly #salts: Uint32Array;
  readonly #picker: KeyPicker;
  readonly #slots: Slots;
  readonly #isFull: boolean;
  /** By type of key. */
  readonly #requests: readonly Piece[];

  /** `share` of the operations, 0 to 1, are reads; their keys have the writes' distribution. */
  constructor(spec: WorkloadSpec, share: number) {
    this.#spec = spec;
    this.#below = share * 4_294_967_296;
    // A stream of its own: reads must not follow from the writes.
    this.#salts = Uint32Array.from({ length: spec.clients }, (_, client) =>
      mix32(saltOf(spec.seed, client) ^ 0x3c6ef372));
    this.#picker = keyPicker(spec.distribution ?? 'uniform', spec.keysPerClient);
    this.#slots = slotsOf(spec);
    this.#isFull = spec.mix === 'full';
    const name = slotKey(spec, 0, 0);
    this.#requests = Array.from({ length: this.#isFull ? typeCount : 1 }, (_, type) => (
      makePiece(array(...readCommand(type, name)), name)));
    this.maximumBytes = Math.max(...this.#requests.map(({ bytes }) => bytes.length));
  }

  /** Whether operation `turn` (from 1) of a client is a read. */
  isRead(client: number, turn: number): boolean {
    return this.#bits(client, turn) < this.#below;
  }

  /** The slot that a read reads. */
  slotOf(client: number, turn: number): number {
    const bits = mix32(this.#bits(client, turn) ^ 0x85ebca6b);
    const { plain, count } = this.#slots;
    if (this.#isFull && (bits & 1) === 1) return plain + scale(mix32(bits), count - plain);
    return this.#picker.pick(bits, turn);
  }

  /** Writes the read at `at`; returns the offset after it. One reply. */
  encode(target: Uint8Array, at: number, client: number, turn: number): number {
    const slot = this.slotOf(client, turn);
    const piece = this.#requests[this.#slots.typeOf(slot)] as Piece;
    const next = copy(piece.bytes, target, at);
    const name = at + piece.nameAt;
    target[name] = this.#slots.letterOf(slot);
    writeDigits(target, name + 2, client, clientDigits);
    const index = this.#slots.indexOf(slot);
    writeDigits(target, name + keyNameBytes - indexDigits, index, indexDigits);
    return next;
  }

  /** The key that the read asks for. */
  keyOf(client: number, turn: number): string {
    return slotKey(this.#spec, client, this.slotOf(client, turn));
  }

  #bits(client: number, turn: number): number {
    return mix32((this.#salts[client] as number) + Math.imul(turn, 0x9e3779b9));
  }
}
