// What was read back after a recovery, key by key, and what one client's survivors say: the
// sequence in each value, and so the prefix that survived. Values that say nothing (torn) or cannot
// be (phantom) are reported here; then their slot is wild: it counts for nothing, nor against it.

import type { OwnedKeys } from '../workloads/owned-keys.ts';
import { KIND_DELETE } from '../workloads/operations.ts';
import { readContent, sequencesIn } from '../workloads/model/content.ts';
import type { Content } from '../workloads/model/content.ts';
import { readDigits, VALUE_OF_ANOTHER, VALUE_TORN } from '../workloads/value.ts';
import { sequenceDigits } from '../workloads/keys.ts';
import type { RunContext } from './context.ts';
import { grouped } from './judgement.ts';
import type { Findings } from './judgement.ts';

/** `deadlinesMs` of a key that has no deadline; PEXPIRETIME's own word for it. */
export const NO_DEADLINE: number = -1;
/** `deadlinesMs` of a key that is absent, or was not asked. */
export const NOT_ASKED: number = -2;

/** What one client's keys held in one database. */
export interface SideSurvivors {
  /** Value of keys.names[i], the elements of a collection; null = absent. */
  readonly values: readonly (Uint8Array | readonly Uint8Array[] | null)[];
  /** Absolute deadline of keys.names[i] in ms, or NO_DEADLINE, or NOT_ASKED. */
  readonly deadlinesMs: Float64Array;
}

/** What one client's keys held. */
export interface ClientSurvivors extends SideSurvivors {
  /** ownedKeys(operations, client, upTo), with upTo = the last sequence in the ledger. */
  readonly keys: OwnedKeys;
  /** In the database that is not the client's; null where there is only one. */
  readonly elsewhere: SideSurvivors | null;
}

/** What the server held after it had recovered. */
export interface Survivors {
  /** By client number, all of them. */
  readonly clients: readonly ClientSurvivors[];
  /** DBSIZE after all keys were read, null = not asked. */
  readonly totalKeys: number | null;
  /** Keys that neither the workload nor the preload makes (ownerOf), the first few. */
  readonly unknownKeys: readonly string[];
  /** Preloaded keys that had to be there and those found; null = nothing was preloaded. */
  readonly preload: { readonly expected: number; readonly found: number } | null;
  /** Wall clock just before the first read and just after the last, in ms. */
  readonly readFromWallMs: number;
  readonly readToWallMs: number;
}

/** `slots` where a value cannot be used. */
export const WILD = 0xffff_ffff;
/** The same for counters, and for the witness. */
export const WILD_NUMBER: number = -2;
/** `counters` where the counter is absent. */
export const NO_COUNTER: number = -1;

/** What one client's keys say. */
export interface Evidence {
  readonly client: number;
  /** Operations that survived, counted from the first. */
  readonly prefix: number;
  /** Keys that are there. */
  readonly present: number;
  /** In the client's database, and in the other one where there are two. */
  readonly sides: readonly SideEvidence[];
}

/** What the keys in one database say. */
export interface SideEvidence extends SideSurvivors {
  /** Sequence found in each plain key, 0 = absent, WILD. */
  readonly slots: Uint32Array;
  /** Value of each counter, NO_COUNTER, WILD_NUMBER. */
  readonly counters: Float64Array;
  /** Of each collection, counted from the first; null = cannot be used. */
  readonly contents: readonly (Content | null)[];
  /** Sequence in the witness, 0 = absent, WILD_NUMBER. */
  readonly witness: number;
  /** By index in keys.briefSequences: sequence, 0 = absent, WILD. */
  readonly briefs: Uint32Array;
}

/** What may be found at most, and at least. */
export interface EvidenceOptions {
  /** Last sequence that the client had sent while the target was alive. */
  readonly sentLimit: number;
  /** Operations that came before a swap or flush that happened; what they left may be gone. */
  readonly atLeast: number;
  readonly findings: Findings;
}

/** Reads the survivors of one client. */
export function readEvidence(
  run: RunContext, survivors: ClientSurvivors, options: EvidenceOptions,
): Evidence {
  return new EvidenceReader(run, survivors, options).read();
}

/** The highest sequence that a client's witnesses name, at most `sentLimit`; 0 = none. */
export function witnessed(
  { keys, values, elsewhere }: ClientSurvivors, sentLimit: number,
): number {
  let highest = 0;
  for (const side of [values, elsewhere?.values ?? []]) {
    const value = side[keys.witnessIndex];
    if (!(value instanceof Uint8Array) || value.length !== sequenceDigits) continue;
    const sequence = readDigits(value, 0, sequenceDigits);
    if (sequence <= sentLimit) highest = Math.max(highest, sequence);
  }
  return highest;
}

class EvidenceReader {
  readonly #run: RunContext;
  readonly #survivors: ClientSurvivors;
  #side: SideSurvivors;
  readonly #options: EvidenceOptions;
  readonly #client: number;
  #prefix: number;

  constructor(run: RunContext, survivors: ClientSurvivors, options: EvidenceOptions) {
    this.#run = run;
    this.#survivors = survivors;
    this.#side = survivors;
    this.#prefix = options.atLeast;
    this.#options = options;
    this.#client = survivors.keys.client;
  }

  read(): Evidence {
    const { elsewhere } = this.#survivors;
    const own = this.#readSide(this.#survivors);
    const sides = elsewhere === null ? [own] : [own, this.#readSide(elsewhere)];
    let present = 0;
    for (const { values } of sides) for (const value of values) if (value !== null) present++;
    const prefix = this.#extended(own.slots);
    return { client: this.#client, prefix, present, sides };
  }

  #readSide(side: SideSurvivors): SideEvidence {
    this.#side = side;
    const { keys } = this.#survivors;
    const { operations } = this.#run;
    const { plain, collectionsFrom, count } = operations.slots;
    const slots = Uint32Array.from({ length: plain }, (_, slot) => this.#plain(slot));
    const counters = Float64Array.from(
      { length: operations.counterCount }, (_, index) => this.#counter(plain + index),
    );
    const contents = Array.from({ length: count - collectionsFrom }, (_, index) => (
      this.#collection(collectionsFrom + index)));
    const witness = keys.witnessIndex < 0 ? 0 : this.#witness(keys.witnessIndex);
    const firstBrief = keys.names.length - keys.briefSequences.length;
    const briefs = keys.briefSequences.map(
      (sequence, index) => this.#brief(firstBrief + index, sequence),
    );
    const { values, deadlinesMs } = side;
    return { values, deadlinesMs, slots, counters, contents, witness, briefs };
  }

  /** The value of a key that holds a string; a collection in its place is none. */
  #valueAt(index: number): Uint8Array | null {
    const value = this.#side.values[index] ?? null;
    return value === null || value instanceof Uint8Array ? value : Buffer.from('a collection');
  }

  /** What a collection holds; null when that cannot be, which is reported. */
  #collection(slot: number): Content | null {
    const value = this.#side.values[slot] ?? [];
    const { operations, values } = this.#run;
    if (value instanceof Uint8Array) {
      this.#torn(slot, value, 'a collection');
      return null;
    }
    const read = readContent(value, { operations, values, client: this.#client, slot });
    if (read.kind !== 'content') {
      const name = this.#survivors.keys.names[slot];
      this.#options.findings.add(read.kind, () => `${name} holds ${read.text}`);
      return null;
    }
    for (const sequence of sequencesIn(read.content)) {
      if (this.#isImpossible(slot, sequence)) return null;
      if (!operations.touches(this.#client, sequence, slot)) {
        this.#phantom(slot, `write ${grouped(sequence)}, which does not write this key`);
        return null;
      }
      this.#seen(sequence);
    }
    return read.content;
  }

  #plain(slot: number): number {
    const value = this.#valueAt(slot);
    if (!value) return 0;
    const sequence = this.#sequenceIn(slot, value);
    if (sequence === WILD) return WILD;
    if (!this.#run.operations.touches(this.#client, sequence, slot)
      || this.#run.operations.kind === KIND_DELETE) {
      return this.#phantom(slot, `write ${grouped(sequence)}, which does not write this key`);
    }
    return this.#seen(sequence);
  }

  #brief(index: number, written: number): number {
    const value = this.#valueAt(index);
    if (!value) return 0;
    const sequence = this.#sequenceIn(index, value);
    if (sequence === WILD) return WILD;
    if (sequence !== written) {
      return this.#phantom(index, `write ${grouped(sequence)}, which does not write this key`);
    }
    return this.#seen(sequence);
  }

  #counter(slot: number): number {
    const value = this.#valueAt(slot);
    if (!value) return NO_COUNTER;
    const text = Buffer.from(value).toString('latin1');
    if (/^[1-9]\d{0,9}$/.test(text)) return Number(text);
    this.#torn(slot, value, 'a counter');
    return WILD_NUMBER;
  }

  #witness(index: number): number {
    const value = this.#valueAt(index);
    if (!value) return 0;
    const sequence = value.length === sequenceDigits ? readDigits(value, 0, sequenceDigits) : -1;
    if (sequence < 1) {
      this.#torn(index, value, 'a witness');
      return WILD_NUMBER;
    }
    if (this.#isImpossible(index, sequence)) return WILD_NUMBER;
    this.#run.operations.load(this.#client, sequence);
    if (!this.#run.operations.hasWitness) {
      this.#phantom(index, `write ${grouped(sequence)}, which does not write this key`);
      return WILD_NUMBER;
    }
    return this.#seen(sequence);
  }

  /** The sequence in a value, or WILD when it was reported. */
  #sequenceIn(index: number, value: Uint8Array): number {
    const sequence = this.#run.values.read(value, this.#client);
    if (sequence === VALUE_TORN) return this.#torn(index, value, 'a value');
    if (sequence === VALUE_OF_ANOTHER) {
      return this.#phantom(index, 'the value of another client');
    }
    return this.#isImpossible(index, sequence) ? WILD : sequence;
  }

  /** Reports what was never sent, or was refused. */
  #isImpossible(index: number, sequence: number): boolean {
    const { sentLimit } = this.#options;
    if (sequence > sentLimit) {
      this.#phantom(index, `write ${grouped(sequence)}, but only ${grouped(sentLimit)} were sent`);
      return true;
    }
    if (this.#run.hasFailed(this.#client, sequence)) {
      this.#phantom(index, `write ${grouped(sequence)}, which the server refused with an error`);
      return true;
    }
    return false;
  }

  #seen(sequence: number): number {
    if (sequence > this.#prefix) this.#prefix = sequence;
    return sequence;
  }

  /**
   * The last write may be the one whose value cannot be used: operations that touch nothing but
   * wild slots belong to the prefix.
   */
  #extended(slots: Uint32Array): number {
    const { operations } = this.#run;
    let prefix = this.#prefix;
    while (prefix < this.#options.sentLimit) {
      operations.load(this.#client, prefix + 1);
      const { slotA, slotB, hasWitness } = operations;
      if (hasWitness || slots[slotA] !== WILD) break;
      if (slotB >= 0 && slots[slotB] !== WILD) break;
      prefix++;
    }
    return prefix;
  }

  #phantom(index: number, holds: string): number {
    const name = this.#survivors.keys.names[index];
    this.#options.findings.add('phantom', () => `${name} holds ${holds}`);
    return WILD;
  }

  #torn(index: number, value: Uint8Array, what: string): number {
    const name = this.#survivors.keys.names[index];
    this.#options.findings.add('torn', () => {
      const head = JSON.stringify(Buffer.from(value.subarray(0, 17)).toString('latin1'));
      return `${name} holds ${value.length} bytes that match no operation and are not ${what} `
        + `as it was sent; they begin with ${head}`;
    });
    return WILD;
  }
}
