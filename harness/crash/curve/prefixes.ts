// How far each client's operations survive a cut, and what that loses, kept up to date in small
// steps: an acknowledgement, a growing log, another set of files. Hot.

import { STATUS_OK } from '../../history/ledger.ts';
import type { Ledger } from '../../history/ledger.ts';
import type { Barriers } from '../../workloads/model/barriers.ts';
import type { Operations } from '../../workloads/operations.ts';
import type { Acknowledgements } from './acknowledgements.ts';
import { mayBeFollowed } from './decoded-log.ts';
import type { DecodedLog, LogRange } from './decoded-log.ts';
import { LOG_BROKEN } from './log-decoder.ts';
import type { Positions } from './positions.ts';
import type { Recovery } from './recovered.ts';

/** An acknowledged write that a cut loses. */
export interface LostWrite {
  readonly client: number;
  readonly sequence: number;
  readonly ackedNs: number;
}

/** A write that is not there although a later one of its client is. */
export interface Gap {
  readonly client: number;
  readonly sequence: number;
  /** The later one. */
  readonly survivor: number;
}

/** What it is made from. */
export interface PrefixesInput {
  readonly ledger: Ledger;
  readonly operations: Operations;
  readonly positions: Positions;
  readonly acknowledgements: Acknowledgements;
  readonly barriers: Barriers;
}

/** The surviving prefixes at one instant. */
export class Prefixes {
  /** Last surviving operation of each client. */
  readonly values: Float64Array;
  lostWrites: number = 0;
  lostBytes: number = 0;
  refusal: string | null = null;
  gap: Gap | null = null;
  readonly #ledger: Ledger;
  readonly #operations: Operations;
  readonly #positions: Positions;
  readonly #acks: Acknowledgements;
  readonly #barriers: Barriers;
  /** Last acknowledged operation of each client. */
  readonly #acked: Float64Array;
  #logs: readonly DecodedLog[] = [];
  #ranges: LogRange[] = [];
  #base: Float64Array | null = null;

  constructor({ ledger, operations, positions, acknowledgements, barriers }: PrefixesInput) {
    this.#ledger = ledger;
    this.#operations = operations;
    this.#positions = positions;
    this.#acks = acknowledgements;
    this.#barriers = barriers;
    this.values = new Float64Array(ledger.clients);
    this.#acked = new Float64Array(ledger.clients);
  }

  /** An operation is acknowledged; true when a cut now would lose it. */
  acknowledge(client: number, sequence: number): boolean {
    this.#acked[client] = sequence;
    if (sequence <= (this.values[client] as number)) return false;
    this.lostWrites++;
    this.lostBytes += this.#operations.payloadBytes(client, sequence);
    return true;
  }

  /** Another set of files is what a recovery loads. */
  become(recovery: Recovery, atNs: number): void {
    const base = recovery.kind === 'loads' ? recovery.base : null;
    const logs = recovery.kind === 'loads' ? recovery.logs : [];
    const refusal = recovery.kind === 'refuses' ? recovery.why : null;
    const isSame = refusal === null && this.refusal === null && base === this.#base
      && logs.length === this.#logs.length && logs.every((log, at) => log === this.#logs[at]);
    if (isSame && this.#ranges.length > 0) return this.grow(atNs);
    this.#base = base;
    this.#logs = logs;
    this.refusal = refusal;
    this.#rebuild(atNs);
  }

  /** More of the same files is durable. */
  grow(atNs: number): void {
    for (const [at, log] of this.#logs.entries()) {
      const [before, range] = [this.#ranges[at], log.durableAt(atNs)];
      if (before === undefined || before.from !== range.from || range.to < before.to
        || !this.#isReadable(range, at)) {
        return this.#rebuild(atNs);
      }
      this.#ranges[at] = range;
      this.#apply(before.to, range.to);
    }
  }

  /** The lost write that was acknowledged first; null when none is lost. */
  oldestLost(): LostWrite | null {
    if (this.lostWrites === 0) return null;
    let oldest: LostWrite | null = null;
    for (let client = 0; client < this.values.length; client++) {
      const last = this.#acked[client] as number;
      let sequence = (this.values[client] as number) + 1;
      while (sequence <= last && !this.#acks.isAcknowledged(client, sequence)) sequence++;
      if (sequence > last) continue;
      const ackedNs = this.#acks.acknowledgedNs(client, sequence);
      if (oldest === null || ackedNs < oldest.ackedNs) oldest = { client, sequence, ackedNs };
    }
    return oldest;
  }

  /** A file that another one follows must be whole, and none may be anything but commands. */
  #isReadable(range: LogRange, at: number): boolean {
    if (range.ending === LOG_BROKEN) return false;
    return at === this.#logs.length - 1 || mayBeFollowed(range);
  }

  #rebuild(atNs: number): void {
    this.values.fill(0);
    this.gap = null;
    this.#ranges = this.#logs.map((log) => log.durableAt(atNs));
    const broken = this.#ranges.findIndex((range, at) => !this.#isReadable(range, at));
    if (broken >= 0) this.refusal = 'a log file that is not the last one ends inside a command';
    else if (this.#logs.length > 0) this.refusal = null;
    if (this.refusal === null) {
      if (this.#base !== null) this.#setBase(this.#base);
      // What is lost is counted anew below.
      this.lostWrites = -Infinity;
      for (const range of this.#ranges) this.#apply(range.from, range.to);
    }
    this.#count();
  }

  /** What a flush has emptied leaves no trace in a base; that the flush is in it does. */
  #setBase(base: Float64Array): void {
    this.values.set(base);
    const barriers = this.#barriers.within(base[0] as number);
    if (barriers === 0) return;
    for (let client = 1; client < base.length; client++) {
      const before = this.#barriers.before(barriers, client);
      this.values[client] = Math.max(before, base[client] as number);
    }
  }

  #apply(from: number, to: number): void {
    const { client: clients, sequence: sequences } = this.#positions;
    const isCounting = this.lostWrites !== -Infinity;
    for (let position = from; position < to; position++) {
      const client = clients[position] as number;
      const sequence = sequences[position] as number;
      const before = this.values[client] as number;
      if (sequence <= before) continue;
      if (sequence > before + 1) this.#lookForGap(client, before, sequence);
      this.values[client] = sequence;
      if (isCounting) this.#found(client, before, sequence);
    }
  }

  /** Acknowledged writes that are lost no more. */
  #found(client: number, before: number, sequence: number): void {
    const last = Math.min(sequence, this.#acked[client] as number);
    for (let each = before + 1; each <= last; each++) {
      if (!this.#acks.isAcknowledged(client, each)) continue;
      this.lostWrites--;
      this.lostBytes -= this.#operations.payloadBytes(client, each);
    }
  }

  #lookForGap(client: number, before: number, sequence: number): void {
    for (let each = before + 1; each < sequence && this.gap === null; each++) {
      if (this.#ledger.status[this.#ledger.at(client, each)] !== STATUS_OK) continue;
      this.gap = { client, sequence: each, survivor: sequence };
    }
  }

  #count(): void {
    this.lostWrites = 0;
    this.lostBytes = 0;
    for (let client = 0; client < this.values.length; client++) {
      const last = this.#acked[client] as number;
      for (let each = (this.values[client] as number) + 1; each <= last; each++) {
        if (!this.#acks.isAcknowledged(client, each)) continue;
        this.lostWrites++;
        this.lostBytes += this.#operations.payloadBytes(client, each);
      }
    }
  }
}
