// The operations of a workload: a pure function of (spec, client, sequence), without allocating.
//
//   kind        commands                                       evidence it leaves
//   set         SET k v                                        the sequence in v
//   set-expire  SET k v PXAT far                               the sequence in v
//   pair        MULTI, SET a v, SET b v, EXEC                  the sequence in both values
//   increment   MULTI, INCR n, SET w sequence, EXEC            the witness w
//   delete      MULTI, DEL k or n, SET w sequence, EXEC        the witness w
//   brief       MULTI, SET x v PXAT soon, SET w sequence, EXEC the witness w (x may be gone)
//   collection  MULTI, a change of a collection, SET w, EXEC   the witness w
//   swap        MULTI, SWAPDB 0 1, SET w sequence, EXEC        the witness w
//   flush       MULTI, FLUSHALL, SET w sequence, EXEC          the witness w
//
// The last three are of mix `full` alone. There clients with an odd number work in database 1:
// their first operation begins with SELECT. Swap and flush are sent by client 0 and run alone:
// every client has an answer to all it sent, and sends nothing until they are answered.

import { mix32, saltOf, scale } from './hash.ts';
import { keyPicker } from './key-distribution.ts';
import type { KeyPicker } from './key-distribution.ts';
import { changePayloadBytes, drawAction, drawField, REMAIN_UNTIL } from './changes.ts';
import { briefKey, briefNameBytes, keyNameBytes, slotKey } from './keys.ts';
import { slotsOf } from './slots.ts';
import type { Slots } from './slots.ts';
import type { WorkloadSpec } from './spec.ts';
import { ValueCodec } from './value.ts';

export const operationKinds = [
  'set', 'set-expire', 'pair', 'increment', 'delete', 'brief', 'collection', 'swap', 'flush',
] as const;

/** What an operation does, see the table above. */
export type OperationKind = (typeof operationKinds)[number];

export const KIND_SET = 0;
export const KIND_SET_EXPIRE = 1;
export const KIND_PAIR = 2;
export const KIND_INCREMENT = 3;
export const KIND_DELETE = 4;
export const KIND_BRIEF = 5;
export const KIND_COLLECTION = 6;
export const KIND_SWAP = 7;
export const KIND_FLUSH = 8;

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

// Of mix `full`: 80 of 256 operations change a collection, the rest are those of `chaos`; of
// client 0 every 128th runs alone, and every fourth of these empties both databases.
const untilCollection = 80;
const aloneOneIn = 128;
const flushOneIn = 4;

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
 * plain keys of a client, the `counterCount` slots after them its counters, see slots.ts.
 */
export class Operations {
  readonly spec: WorkloadSpec;
  readonly slots: Slots;
  readonly counterCount: number;
  readonly slotCount: number;
  /** Of a collection: what is done to it and to which field, see changes.ts. */
  action: number = 0;
  field: number = 0;
  kind: number = KIND_SET;
  slotA: number = 0;
  slotB: number = NO_SLOT;
  deadlineMs: number = 0;
  readonly #salts: Uint32Array;
  readonly #keys: number;
  readonly #picker: KeyPicker;
  readonly #values: ValueCodec;
  readonly #plain: boolean;
  readonly #full: boolean;

  constructor(spec: WorkloadSpec) {
    this.spec = spec;
    this.#plain = spec.mix === 'set';
    this.#full = spec.mix === 'full';
    this.slots = slotsOf(spec);
    this.#keys = spec.keysPerClient;
    this.#picker = keyPicker(spec.distribution ?? 'uniform', spec.keysPerClient);
    this.#values = new ValueCodec(spec);
    this.counterCount = this.slots.counters;
    this.slotCount = this.slots.count;
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
    if (this.#full && this.#loadFull(hash, client)) return;
    this.#loadChaos(hash, sequence);
  }

  /** Whether the loaded operation is a MULTI that also writes the witness. */
  get hasWitness(): boolean {
    return this.kind >= KIND_INCREMENT;
  }

  /** RESP replies of an operation: MULTI and EXEC and what they queue answer one each. */
  repliesOf(client: number, sequence: number): number {
    if (this.#plain) return 1;
    this.load(client, sequence);
    const replies = this.kind <= KIND_SET_EXPIRE ? 1 : 4;
    return this.selects(client, sequence) ? replies + 1 : replies;
  }

  /** Database of a client's keys, until a swap. */
  databaseOf(client: number): number {
    return this.#full ? client & 1 : 0;
  }

  /** Whether an operation begins with SELECT. */
  selects(client: number, sequence: number): boolean {
    return sequence === 1 && this.databaseOf(client) !== 0;
  }

  /** Whether an operation must run alone: all clients answered before and after it. */
  runsAlone(client: number, sequence: number): boolean {
    if (!this.#full || client !== 0) return false;
    this.load(client, sequence);
    return this.kind >= KIND_SWAP;
  }

  /**
   * Payload of an operation: bytes of the keys it names and the values it gives. The witness is
   * bookkeeping and does not count, nor does the protocol around it.
   */
  payloadBytes(client: number, sequence: number): number {
    this.load(client, sequence);
    if (this.kind >= KIND_SWAP) return 0;
    const value = this.#values.sizeOf(client, sequence);
    if (this.kind === KIND_COLLECTION) {
      return keyNameBytes + changePayloadBytes(this.slots.typeOf(this.slotA), this.action, value);
    }
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

  /** True when it is an operation of this mix alone. */
  #loadFull(hash: number, client: number): boolean {
    const bits = mix32(hash ^ 0x27d4eb2f);
    const isAlone = client === 0 && (bits >>> 8) % aloneOneIn === 0;
    if (!isAlone && (bits & 0xff) >= untilCollection) return false;
    this.slotB = NO_SLOT;
    this.deadlineMs = 0;
    if (isAlone) {
      this.slotA = NO_SLOT;
      this.kind = mix32(bits) % flushOneIn === 0 ? KIND_FLUSH : KIND_SWAP;
      return true;
    }
    const { collectionsFrom, count } = this.slots;
    const pick = mix32(bits ^ 0x85ebca6b);
    this.kind = KIND_COLLECTION;
    this.slotA = collectionsFrom + scale(pick, count - collectionsFrom);
    const draw = mix32(pick ^ 0xc2b2ae35);
    this.action = drawAction(draw);
    this.field = drawField(mix32(draw));
    if (this.action === REMAIN_UNTIL) {
      this.deadlineMs = this.spec.startWallMs + farDeadlineMs
        + scale(mix32(draw ^ 1), farDeadlineMs);
    }
    return true;
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
