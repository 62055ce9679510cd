// Reads among the writes: which operations of a client are reads, and of which key: GETs of plain
// keys; of mix `full` every type is read in its own way. They leave no evidence and take no
// sequence, so the ledger need not know about them.
//
// Where keys expire during the run (mixes `chaos` and `full`) some reads are of such brief keys,
// before their deadline and after it, never near it.

import { mix32, saltOf, scale } from './hash.ts';
import { keyPicker } from './key-distribution.ts';
import type { KeyPicker } from './key-distribution.ts';
import {
  briefKey, clientDigits, indexDigits, keyNameBytes, sequenceDigits, slotKey,
} from './keys.ts';
import { KIND_BRIEF, Operations } from './operations.ts';
import { readCommand } from './owned-keys.ts';
import { array, copy, makePiece } from './pieces.ts';
import type { Piece } from './pieces.ts';
import { slotsOf, TYPE_PLAIN, typeCount } from './slots.ts';
import type { Slots } from './slots.ts';
import type { WorkloadSpec } from './spec.ts';
import { writeDigits } from './value.ts';

/** No operation touches a brief key within so much of its deadline. */
export const deadlineMarginMs = 1000;

/** ms since 1970-01-01 UTC. */
export type WallClock = () => number;

/** Of the reads, one in so many looks for a brief key. */
const briefOneIn = 4;
/** It looks from one write back over so many. */
const briefSearch = 64;
/** Every second time that write is one of the newest. */
const newestWrites = 128;

/** The reads of a workload; null when a share of 0 is none. */
export function readsOf(
  spec: WorkloadSpec, share: number, wallMs: WallClock | null = null,
): Reads | null {
  return share > 0 ? new Reads(spec, share, wallMs) : null;
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
  readonly #brief: Piece;
  readonly #operations: Operations;
  readonly #wallMs: WallClock | null;

  /**
   * `share` of the operations, 0 to 1, are reads; their keys have the writes' distribution.
   * `wallMs` is the server's clock, by which keys expire; null: brief keys are not read.
   */
  constructor(spec: WorkloadSpec, share: number, wallMs: WallClock | null = null) {
    this.#spec = spec;
    this.#operations = new Operations(spec);
    this.#wallMs = wallMs;
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
    const brief = briefKey(0, 0);
    this.#brief = makePiece(array(...readCommand(TYPE_PLAIN, brief)), brief);
    const longest = wallMs === null ? this.#requests : [...this.#requests, this.#brief];
    this.maximumBytes = Math.max(...longest.map(({ bytes }) => bytes.length));
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

  /**
   * The brief key that a read asks for instead of its slot's, told by the write that made it: its
   * sequence, below zero when its deadline is over; 0: none. `written` writes were sent by then.
   */
  briefOf(client: number, turn: number, written: number): number {
    if (this.#spec.mix === 'set' || this.#wallMs === null) return 0;
    const bits = mix32(this.#bits(client, turn) ^ 0x27d4eb2f);
    if (bits % briefOneIn !== 0) return 0;
    const nowMs = this.#wallMs();
    const drawn = mix32(bits);
    const span = (drawn & 1) === 1 ? Math.min(written, newestWrites) : written;
    const newest = written - scale(mix32(drawn), span);
    const oldest = Math.max(1, newest - briefSearch + 1);
    for (let sequence = newest; sequence >= oldest; sequence--) {
      this.#operations.load(client, sequence);
      if (this.#operations.kind !== KIND_BRIEF) continue;
      const leftMs = this.#operations.deadlineMs - nowMs;
      if (leftMs > deadlineMarginMs) return sequence;
      if (leftMs < -deadlineMarginMs) return -sequence;
    }
    return 0;
  }

  /** Whether what one brief operation wrote is still far from its deadline. */
  livesOn(client: number, sequence: number): boolean {
    if (this.#wallMs === null) return false;
    this.#operations.load(client, sequence);
    return this.#operations.deadlineMs - this.#wallMs() > deadlineMarginMs;
  }

  /** Writes the read of a brief key, as `encode` does one of a slot's. */
  encodeBrief(target: Uint8Array, at: number, client: number, sequence: number): number {
    const next = copy(this.#brief.bytes, target, at);
    const name = at + this.#brief.nameAt;
    writeDigits(target, name + 2, client, clientDigits);
    writeDigits(target, name + 3 + clientDigits, sequence, sequenceDigits);
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
