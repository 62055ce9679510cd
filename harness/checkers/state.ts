// Compares one client's survivors with the model at their prefix, key by key.

import { HERE, THERE } from '../workloads/model/barriers.ts';
import type { SideModel } from '../workloads/model/client-model.ts';
import {
  KIND_BRIEF, KIND_COLLECTION, KIND_DELETE, KIND_INCREMENT, KIND_PAIR, KIND_SWAP,
} from '../workloads/operations.ts';
import { slotKey } from '../workloads/keys.ts';
import type { OwnedKeys } from '../workloads/owned-keys.ts';
import { differenceOf, isExplainedBy, lookAhead } from './collections.ts';
import type { RunContext } from './context.ts';
import { acknowledgedWords, counted, durationWords, grouped, wordsOf } from './judgement.ts';
import type { Findings } from './judgement.ts';
import type { ReplayedModel } from './model.ts';
import { NO_COUNTER, NO_DEADLINE, WILD, WILD_NUMBER } from './survivors.ts';
import type { Evidence, SideEvidence, Survivors } from './survivors.ts';

/** No operation touches a key, and nothing is judged, within this time of a deadline. */
export const deadlineMarginMs = 1_000;

/** Everything for one client. */
export interface StateCheck {
  readonly run: RunContext;
  readonly model: ReplayedModel;
  readonly evidence: Evidence;
  readonly keys: OwnedKeys;
  /** Swaps and flushes that happened. */
  readonly barriers: number;
  /** Nothing is there, not even the witness of the last flush: see Barriers.emptiedBy. */
  readonly isEmptied: boolean;
  /** When the keys were read. */
  readonly times: Pick<Survivors, 'readFromWallMs' | 'readToWallMs'>;
  readonly cutNs: number;
  readonly sentLimit: number;
  readonly findings: Findings;
}

/**
 * Reports every key of one client that is not as its prefix left it. Returns how far it came: the
 * prefix, or an operation after it that left its data without its witness.
 */
export function checkState(check: StateCheck): number {
  const { model, evidence, barriers } = check;
  model.moveTo(evidence.prefix, barriers);
  const { here, there } = model.keys;
  const sides = [here, there].map((side, place) => {
    const found = evidence.sides[place];
    return side === null || found === undefined ? 0
      : new StateChecker(check, side, { found, place }).check();
  });
  return Math.max(...sides);
}

/** Checks the keys in one database. */
class StateChecker {
  readonly #check: StateCheck;
  readonly #model: SideModel;
  readonly #found: SideEvidence;
  readonly #place: number;
  readonly #client: number;
  #reached: number;

  constructor(
    check: StateCheck, model: SideModel, { found, place }: { found: SideEvidence; place: number },
  ) {
    this.#check = check;
    this.#model = model;
    this.#found = found;
    this.#place = place;
    this.#client = check.evidence.client;
    this.#reached = check.evidence.prefix;
  }

  check(): number {
    const { run, keys } = this.#check;
    const [model, found] = [this.#model, this.#found];
    const { plain, collectionsFrom } = run.operations.slots;
    for (let slot = 0; slot < plain; slot++) {
      if (model.unclear[slot] === 0 && found.slots[slot] !== WILD) this.#plain(slot);
    }
    for (let counter = 0; counter < found.counters.length; counter++) {
      const isUsable = found.counters[counter] !== WILD_NUMBER;
      if (model.unclear[plain + counter] === 0 && isUsable) this.#counter(counter);
    }
    for (let at = 0; at < found.contents.length; at++) {
      if (model.unclear[collectionsFrom + at] === 0) this.#collection(at);
    }
    if (keys.witnessIndex >= 0) this.#witness();
    found.briefs.forEach((sequence, index) => this.#brief(index, sequence));
    return this.#reached;
  }

  #plain(slot: number): void {
    const model = this.#model;
    const found = this.#found.slots[slot] as number;
    const last = model.lastOperation[slot] as number;
    if (!model.isPresent(slot)) {
      if (found !== 0) this.#resurrected(slot, last);
      return;
    }
    if (found === last) {
      this.#deadline(slot, last);
    } else if (found === 0) {
      this.#missing(slot, last);
    } else {
      this.#without(slot, last, `still holds write ${grouped(found)}`);
    }
  }

  /** A key that must be there and is not. */
  #missing(slot: number, last: number): void {
    const { run } = this.#check;
    if (this.#isExplainedBeyond(slot, NO_COUNTER, last)) return;
    run.operations.load(this.#client, last);
    const { deadlineMs } = run.operations;
    if (deadlineMs === 0) this.#without(slot, last, 'is absent');
    else if (this.#dueAt(deadlineMs) === 'pending') {
      this.#expiredEarly(this.#name(slot), last, deadlineMs);
    }
  }

  #collection(index: number): void {
    const { run } = this.#check;
    const content = this.#found.contents[index];
    const slot = run.operations.slots.collectionsFrom + index;
    const expected = this.#model.contents[index];
    if (!content || expected === undefined) return;
    const last = this.#model.lastOperation[slot] as number;
    const difference = differenceOf(expected, content);
    if (difference === null) {
      this.#remains(slot, expected.deadlineMs, last);
      return;
    }
    const beyond = this.#isBeyondHere()
      ? isExplainedBy(this.#check, slot, { expected, content }) : 0;
    if (beyond > 0) this.#withoutWitness(slot, beyond);
    else if (difference.kind === 'missing') {
      this.#without(slot, difference.sequence || last, difference.text);
    } else {
      this.#add(difference.kind, () => `${this.#name(slot)} ${difference.text} after write `
        + `${grouped(this.#check.evidence.prefix)} of client ${this.#client}`);
    }
  }

  /** The elements of a collection are right; its deadline must be as well. */
  #remains(slot: number, expectedMs: number, last: number): void {
    const foundMs = this.#found.deadlinesMs[slot] as number;
    if (foundMs < NO_DEADLINE || foundMs === (expectedMs === 0 ? NO_DEADLINE : expectedMs)) return;
    this.#add('deadline', () => `${this.#name(slot)} has ${deadlineWords(foundMs)} instead of `
      + `${deadlineWords(expectedMs === 0 ? NO_DEADLINE : expectedMs)} after `
      + this.#words(last));
  }

  /** Operations beyond the prefix change what is in the client's own database only. */
  #isBeyondHere(): boolean {
    return this.#place === HERE;
  }

  #counter(counter: number): void {
    const { run } = this.#check;
    const model = this.#model;
    const slot = run.operations.spec.keysPerClient + counter;
    const found = this.#found.counters[counter] as number;
    const last = model.lastOperation[slot] as number;
    const expected = model.isPresent(slot) ? model.counters[counter] as number : NO_COUNTER;
    if (found === expected) return;
    if (this.#isExplainedBeyond(slot, found, expected)) return;
    if (found === NO_COUNTER) {
      this.#without(slot, last, `is absent instead of ${grouped(expected)}`);
    } else if (found < expected) {
      this.#without(slot, last, `is ${grouped(found)} instead of ${grouped(expected)}`);
    } else {
      this.#counterTooHigh(counter, found, Math.max(expected, 0));
    }
  }

  #counterTooHigh(counter: number, found: number, expected: number): void {
    const { run, evidence } = this.#check;
    const slot = run.operations.spec.keysPerClient + counter;
    const before = this.#model.beforeDelete[counter] as number;
    // A deleted 1 that is back looks like an increment done twice; the latter is likelier.
    if (found === expected + before && (expected === 0 || before > 1)) {
      this.#add('resurrected', () => `${this.#name(slot)} is ${grouped(found)} as if it had not `
        + `been deleted when it was ${grouped(before)}; its increments since make `
        + grouped(expected));
      return;
    }
    this.#add('phantom', () => `${this.#name(slot)} is ${grouped(found)}, but its increments up to `
      + `write ${grouped(evidence.prefix)} of client ${this.#client} make ${grouped(expected)}: `
      + `${counted(found - expected, 'increment')} too many`);
  }

  /**
   * Whether the next operation on a slot, beyond the prefix, made it so and left no witness.
   * `found` and `expected` are NO_COUNTER for absent, else a counter or any other number.
   */
  #isExplainedBeyond(slot: number, found: number, expected: number): boolean {
    const { run, evidence, sentLimit } = this.#check;
    if (!this.#isBeyondHere()) return false;
    const end = Math.min(sentLimit, evidence.prefix + lookAhead);
    let value = expected;
    for (let sequence = evidence.prefix + 1; sequence <= end; sequence++) {
      if (!run.operations.touches(this.#client, sequence, slot)) continue;
      const { kind } = run.operations;
      if (kind === KIND_DELETE) value = NO_COUNTER;
      else value = kind === KIND_INCREMENT ? Math.max(value, 0) + 1 : sequence;
      if (value === found) {
        this.#withoutWitness(slot, sequence);
        return true;
      }
      // A witness that cannot be read hides any number of operations, a whole one at most one.
      if (this.#found.witness !== WILD_NUMBER) return false;
    }
    return false;
  }

  #witness(): void {
    const { witness } = this.#found;
    if (witness === WILD_NUMBER || this.#model.isWitnessUnclear || this.#check.isEmptied) return;
    if (witness === this.#model.witness) return;
    const sequence = this.#model.witness;
    if (sequence === 0) {
      this.#add('resurrected', () => `the witness of client ${this.#client} says `
        + `${grouped(witness)} in a database where there is none of it`);
      return;
    }
    const text = (): string => `${this.#words(sequence)} survived in part: its witness says `
      + `${grouped(witness)}`;
    if (this.#hasData(sequence)) this.#add('split', text);
    else this.#hole(sequence, 'neither its data nor its witness is there');
  }

  #brief(index: number, found: number): void {
    const { keys, evidence, run, barriers } = this.#check;
    const sequence = keys.briefSequences[index] as number;
    if (found === WILD || sequence > evidence.prefix) return;
    if (run.hasFailed(this.#client, sequence) || run.isUnclear(this.#client, sequence)) return;
    const at = keys.names.length - keys.briefSequences.length + index;
    if (run.barriers.placeAfter(barriers, this.#client, sequence) !== this.#place) {
      if (found !== 0 && !this.#model.isWitnessUnclear) this.#misplaced(at, sequence);
      return;
    }
    run.operations.load(this.#client, sequence);
    const { deadlineMs } = run.operations;
    if (found !== 0) {
      this.#deadline(at, sequence);
    } else if (this.#dueAt(deadlineMs) === 'pending' && !this.#model.isWitnessUnclear) {
      this.#expiredEarly(keys.names[at] ?? '', sequence, deadlineMs);
    }
  }

  #misplaced(index: number, sequence: number): void {
    const where = this.#place === THERE ? 'in the other database' : 'in its database';
    const name = this.#check.keys.names[index];
    this.#add('resurrected', () => `${name} of ${this.#words(sequence)} is ${where}, where no swap `
      + 'has brought it, or from where a flush has removed it');
  }

  /** The value is right; its deadline must be as well, and must not have passed. */
  #deadline(index: number, sequence: number): void {
    const { run, keys, times } = this.#check;
    const found = this.#found.deadlinesMs[index] as number;
    const name = keys.names[index];
    run.operations.load(this.#client, sequence);
    const expected = run.operations.deadlineMs;
    if (expected !== 0 && this.#dueAt(expected) === 'past') {
      const lateNs = (times.readFromWallMs - expected) * 1e6;
      this.#add('resurrected', () => `${name} is there ${durationWords(lateNs)} after its `
        + `deadline, which ${this.#words(sequence)} set`);
      return;
    }
    if (found < NO_DEADLINE || found === (expected === 0 ? NO_DEADLINE : expected)) return;
    this.#add('deadline', () => `${name} has ${deadlineWords(found)} instead of `
      + `${deadlineWords(expected === 0 ? NO_DEADLINE : expected)}, which `
      + `${this.#words(sequence)} gave it`);
  }

  #resurrected(slot: number, deletion: number): void {
    if (deletion === 0) {
      this.#add('resurrected', () => `${this.#name(slot)} is there although everything was `
        + 'emptied, or is in the other database, and nothing has written it since');
      return;
    }
    this.#add('resurrected', () => `${this.#name(slot)} is back although ${this.#words(deletion)}, `
      + `${this.#acknowledged(deletion)}, deleted it`);
  }

  #expiredEarly(name: string, sequence: number, deadlineMs: number): void {
    const leftNs = (deadlineMs - this.#check.times.readToWallMs) * 1e6;
    this.#add('expired-early', () => `${name} is gone ${durationWords(leftNs)} before its `
      + `deadline, which ${this.#words(sequence)} set`);
  }

  /** An operation within the prefix has not had its effect on a slot: a hole, or half a MULTI. */
  #without(slot: number, sequence: number, state: string): void {
    const text = `${this.#name(slot)} ${state}`;
    if (this.#hasOtherHalf(slot, sequence)) {
      this.#add('split', () => `${this.#words(sequence)} survived in part: ${text}`);
    } else {
      this.#hole(sequence, text);
    }
  }

  #hole(sequence: number, text: string): void {
    this.#add('hole', () => `${this.#words(sequence)}, ${this.#acknowledged(sequence)}, has no `
      + `effect although write ${grouped(this.#check.evidence.prefix)} of the same client `
      + `survived: ${text}`);
  }

  /** An operation after the prefix shows in its data alone: half of it, if the witness is whole. */
  #withoutWitness(slot: number, sequence: number): void {
    const { witness } = this.#found;
    this.#reached = Math.max(this.#reached, sequence);
    if (witness === WILD_NUMBER) return;
    this.#add('split', () => `${this.#words(sequence)} survived in part: `
      + `${this.#name(slot)} shows it, its witness says ${grouped(witness)}`);
  }

  /** Whether another part of the same MULTI shows the operation. */
  #hasOtherHalf(slot: number, sequence: number): boolean {
    const { run } = this.#check;
    run.operations.load(this.#client, sequence);
    const { kind, slotA, slotB, hasWitness } = run.operations;
    if (hasWitness) return this.#found.witness === sequence;
    if (kind !== KIND_PAIR) return false;
    return this.#found.slots[slotA === slot ? slotB : slotA] === sequence;
  }

  /** Whether the data of a witnessed operation is there. */
  #hasData(sequence: number): boolean {
    const { run, keys } = this.#check;
    const [model, evidence] = [this.#model, this.#found];
    run.operations.load(this.#client, sequence);
    const { kind, slotA } = run.operations;
    if (kind === KIND_BRIEF) {
      return evidence.briefs[keys.briefSequences.indexOf(sequence)] === sequence;
    }
    if (kind >= KIND_SWAP) return true;
    if (model.lastOperation[slotA] !== sequence) return false;
    if (kind === KIND_COLLECTION) {
      const [found, expected] = [evidence.contents, model.contents].map(
        (contents) => contents[slotA - run.operations.slots.collectionsFrom]);
      return !!found && !!expected && differenceOf(expected, found) === null;
    }
    const counter = slotA - run.operations.spec.keysPerClient;
    if (kind === KIND_INCREMENT) return evidence.counters[counter] === model.counters[counter];
    return counter < 0 ? evidence.slots[slotA] === 0 : evidence.counters[counter] === NO_COUNTER;
  }

  #dueAt(deadlineMs: number): 'past' | 'pending' | 'near' {
    const { readFromWallMs, readToWallMs } = this.#check.times;
    if (readFromWallMs > deadlineMs + deadlineMarginMs) return 'past';
    return readToWallMs < deadlineMs - deadlineMarginMs ? 'pending' : 'near';
  }

  #name(slot: number): string {
    return slotKey(this.#check.run.operations.spec, this.#client, slot);
  }

  #words(sequence: number): string {
    return wordsOf(this.#check.run, this.#client, sequence);
  }

  #acknowledged(sequence: number): string {
    const ackedNs = this.#check.run.acknowledgedNs(this.#client, sequence);
    return acknowledgedWords(ackedNs, this.#check.cutNs);
  }

  #add(kind: Parameters<Findings['add']>[0], text: () => string): void {
    this.#check.findings.add(kind, text);
  }
}

function deadlineWords(deadlineMs: number): string {
  return deadlineMs === NO_DEADLINE ? 'no deadline' : `the deadline ${deadlineMs} ms`;
}
