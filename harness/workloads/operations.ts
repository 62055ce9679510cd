// The operations of a workload: a pure function of (spec, client, sequence), without allocating.
//
//   kind        commands                                       evidence it leaves
//   set         SET k v                                        the sequence in v
//   set-expire  SET k v PXAT far                               the sequence in v
//   pair        MULTI, SET a v, SET b v, EXEC                  the sequence in both values
//   increment   MULTI, INCR n, SET w sequence, EXEC            the witness w
//   delete      MULTI, DEL k or n, SET w sequence, EXEC        the witness w
//   brief       MULTI, SET x v PXAT soon, SET w sequence, EXEC the witness w (x may be gone)
//
// So the highest sequence among a client's survivors is the prefix that survived. A brief key is
// written once and never again: no operation touches a key within a second of its deadline.

import { mix32, saltOf } from './hash.ts';
import { keyPicker } from './key-distribution.ts';
import type { KeyPicker } from './key-distribution.ts';
import { briefKey, briefNameBytes, keyNameBytes, slotKey } from './keys.ts';
import type { WorkloadSpec } from './spec.ts';
import { ValueCodec } from './value.ts';

export const operationKinds = [
  'set', 'set-expire', 'pair', 'increment', 'delete', 'brief',
] as const;

/** What an operation does, see the table above. */
export type OperationKind = (typeof operationKinds)[number];

export const KIND_SET = 0;
export const KIND_SET_EXPIRE = 1;
export const KIND_PAIR = 2;
export const KIND_INCREMENT = 3;
export const KIND_DELETE = 4;
export const KIND_BRIEF = 5;

/** `slotB` of an operation that touches one slot; `slotA` of a brief one, whose key is its own. */
export const NO_SLOT = -1;

/** Far deadlines lie between one and two hours after the start of the load. */
export const farDeadlineMs = 3_600_000;

// Brief deadlines: some pass before the crash, some during it, some after the read-back.
const briefDeadlineFromMs = 1_500;
const briefDeadlineSpanMs = 8_500;

// Shares of the chaos mix in 256ths, cumulated: 59 % set, 9 % set-expire, 10 % pair,
// 9 % increment, 9 % delete, 4 % brief.
const untilSet = 150;
const untilSetExpire = 172;
const untilPair = 198;
const untilIncrement = 222;
const untilDelete = 246;

/** One operation as plain data, for tests, findings and reports; never on a hot path. */
export interface Operation {
  readonly kind: OperationKind;
  /** The keys of the data, without the witness. */
  readonly keys: readonly string[];
  /** Absolute deadline of the keys in ms, 0 = none. */
  readonly deadlineMs: number;
  readonly hasWitness: boolean;
}

/**
 * A reader of operations: `load` one, then read the fields. Slots 0 to keysPerClient − 1 are the
 * plain keys of a client, the `counterCount` slots after them its counters.
 */
export class Operations {
  readonly spec: WorkloadSpec;
  readonly counterCount: number;
  readonly slotCount: number;
  kind: number = KIND_SET;
  slotA: number = 0;
  slotB: number = NO_SLOT;
  deadlineMs: number = 0;
  readonly #salts: Uint32Array;
  readonly #keys: number;
  readonly #picker: KeyPicker;
  readonly #values: ValueCodec;
  readonly #plain: boolean;

  constructor(spec: WorkloadSpec) {
    this.spec = spec;
    this.#plain = spec.mix === 'set';
    this.#keys = spec.keysPerClient;
    this.#picker = keyPicker(spec.distribution ?? 'uniform', spec.keysPerClient);
    this.#values = new ValueCodec(spec);
    this.counterCount = this.#plain ? 0 : Math.min(16, spec.keysPerClient);
    this.slotCount = spec.keysPerClient + this.counterCount;
    this.#salts = new Uint32Array(spec.clients);
    for (let client = 0; client < spec.clients; client++) {
      this.#salts[client] = saltOf(spec.seed, client);
    }
  }

  /** Makes the fields those of one operation; sequence counts from 1. Hot: no allocation. */
  load(client: number, sequence: number): void {
    const hash = mix32((this.#salts[client] as number) + Math.imul(sequence, 0x9e3779b9));
    if (this.#plain) {
      this.slotA = this.#picker.pick(hash, sequence);
      return;
    }
    this.#loadChaos(hash, sequence);
  }

  /** Whether the loaded operation is a MULTI that also writes the witness. */
  get hasWitness(): boolean {
    return this.kind >= KIND_INCREMENT;
  }

  /** RESP replies of an operation: MULTI and EXEC and what they queue answer one each. */
  repliesOf(client: number, sequence: number): number {
    this.load(client, sequence);
    return this.kind <= KIND_SET_EXPIRE ? 1 : 4;
  }

  /**
   * Payload of an operation: bytes of the keys it names and the values it gives. The witness is
   * bookkeeping and does not count, nor does the protocol around it.
   */
  payloadBytes(client: number, sequence: number): number {
    this.load(client, sequence);
    const value = this.#values.sizeOf(client, sequence);
    if (this.kind === KIND_PAIR) return 2 * (keyNameBytes + value);
    if (this.kind === KIND_INCREMENT || this.kind === KIND_DELETE) return keyNameBytes;
    return value + (this.kind === KIND_BRIEF ? briefNameBytes : keyNameBytes);
  }

  /** Whether an operation writes or deletes a slot. */
  touches(client: number, sequence: number, slot: number): boolean {
    this.load(client, sequence);
    return this.slotA === slot || this.slotB === slot;
  }

  /** One operation as plain data. */
  describe(client: number, sequence: number): Operation {
    this.load(client, sequence);
    const keys = this.kind === KIND_BRIEF
      ? [briefKey(client, sequence)]
      : [this.slotA, this.slotB].filter((slot) => slot !== NO_SLOT)
        .map((slot) => slotKey(this.spec, client, slot));
    const kind = operationKinds[this.kind] as OperationKind;
    return { kind, keys, deadlineMs: this.deadlineMs, hasWitness: this.hasWitness };
  }

  #loadChaos(hash: number, sequence: number): void {
    const choice = hash & 0xff;
    const pick = mix32(hash ^ 0x85ebca6b);
    this.slotA = this.#picker.pick(pick, sequence);
    this.slotB = NO_SLOT;
    this.deadlineMs = 0;
    if (choice < untilSet) {
      this.kind = KIND_SET;
    } else if (choice < untilSetExpire) {
      this.kind = KIND_SET_EXPIRE;
      this.deadlineMs = this.spec.startWallMs + farDeadlineMs
        + scale(mix32(pick ^ 0xc2b2ae35), farDeadlineMs);
    } else if (choice < untilPair) {
      this.kind = KIND_PAIR;
      const step = 1 + scale(mix32(pick ^ 0xc2b2ae35), this.#keys - 1);
      this.slotB = (this.slotA + step) % this.#keys;
    } else {
      this.#loadWitnessed(choice, pick);
    }
  }

  #loadWitnessed(choice: number, pick: number): void {
    const counter = this.#keys + (pick % this.counterCount);
    if (choice < untilIncrement) {
      this.kind = KIND_INCREMENT;
      this.slotA = counter;
    } else if (choice < untilDelete) {
      this.kind = KIND_DELETE;
      if (mix32(pick ^ 0xc2b2ae35) % 8 === 0) this.slotA = counter;
    } else {
      this.kind = KIND_BRIEF;
      this.slotA = NO_SLOT;
      this.deadlineMs = this.spec.startWallMs + briefDeadlineFromMs
        + scale(mix32(pick ^ 0xc2b2ae35), briefDeadlineSpanMs);
    }
  }
}

/** Maps 32 random bits to 0 … limit − 1, evenly. */
function scale(bits: number, limit: number): number {
  return Math.floor((bits / 4_294_967_296) * limit);
}
