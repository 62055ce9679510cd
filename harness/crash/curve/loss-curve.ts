// What a power cut costs at every instant of a recorded run, exactly, in one pass.
//
// The operations of the log files lie in one order (positions.ts). What a cut leaves is, for each
// client, the operations up to a sequence: those of the durable base, raised by the durable part of
// each increment. It changes at the ends of syncs only (instants.ts); between two of them losses
// only grow, with each acknowledgement. So the end of each such interval is its worst instant.

import type { OpLog } from '../../../engine/io/op-log.ts';
import type { Ledger } from '../../history/ledger.ts';
import type { Barriers } from '../../workloads/model/barriers.ts';
import type { Operations } from '../../workloads/operations.ts';
import type { Timeline } from '../timeline.ts';
import { Acknowledgements } from './acknowledgements.ts';
import { Envelope } from './envelope.ts';
import type { LossPoint } from './envelope.ts';
import { collectInstants, INSTANT_ASKED, INSTANT_GROWTH, INSTANT_NAMES } from './instants.ts';
import { Positions } from './positions.ts';
import { Prefixes } from './prefixes.ts';
import type { Gap, LostWrite } from './prefixes.ts';
import { Recoveries } from './recovered.ts';
import type { Layout } from './recovered.ts';

/** What a curve is made from. */
export interface CurveInput {
  readonly log: OpLog;
  readonly timeline: Timeline;
  readonly layout: Layout;
  readonly ledger: Ledger;
  readonly operations: Operations;
  /** Swaps and flushes of the run. */
  readonly barriers: Barriers;
  /** As the ledger's, or when the server released each reply. */
  readonly ackedNs: Float64Array;
  /** The load's first operation, and the kill. */
  readonly startNs: number;
  readonly endNs: number;
  /** Instants whose loss is told by itself, in any order; each from start to end. */
  readonly askedNs: readonly number[];
}

/** A time in which the durable state does not change; its end (not included) is its worst. */
export interface LossInterval {
  readonly fromNs: number;
  readonly toNs: number;
  readonly writes: number;
  readonly bytes: number;
  /** The oldest lost write; null when nothing is lost. */
  readonly oldest: LostWrite | null;
  /** When the first write of this interval was acknowledged that is lost in it. */
  readonly lostFromNs: number;
  /** Why recovery would refuse to start. */
  readonly refusal: string | null;
  /** A write that is not there although later ones of its client are. */
  readonly gap: Gap | null;
}

/** What a cut at one asked instant leaves and costs. */
export interface InstantLoss extends LossPoint {
  readonly atNs: number;
  readonly refusal: string | null;
  /** Last surviving operation of each client. */
  readonly prefixes: Float64Array;
}

/** The whole answer. */
export interface LossCurve {
  readonly startNs: number;
  readonly endNs: number;
  /** Instants between which the loss does not change: acknowledgements and ends of syncs. */
  readonly instants: number;
  readonly maximum: LossPoint;
  readonly intervals: readonly LossInterval[];
  /** In the order of `askedNs`. */
  readonly asked: readonly InstantLoss[];
  readonly envelope: Envelope;
  /** Operations found in the log files, and their files: for explanations. */
  readonly positions: Positions;
  readonly recoveries: Recoveries;
}

/**
 * Computes the loss of every instant.
 * @throws {EngineError} OP_LOG_BAD when the log names what it never made.
 */
export function lossCurve(input: CurveInput): LossCurve {
  return new Sweep(input).run();
}

class Sweep {
  readonly #input: CurveInput;
  readonly #positions = new Positions();
  readonly #recoveries: Recoveries;
  readonly #acks: Acknowledgements;
  readonly #prefixes: Prefixes;
  readonly #envelope: Envelope;
  readonly #intervals: LossInterval[] = [];
  readonly #asked = new Map<number, InstantLoss>();
  #nowNs: number;
  #instants = 0;
  #lostFromNs = Infinity;
  #most = { writes: 0, bytes: 0, windowMs: 0 };

  constructor(input: CurveInput) {
    const { timeline, layout, ledger, operations, barriers, ackedNs, startNs, endNs }
      = input;
    this.#input = input;
    this.#nowNs = startNs;
    this.#recoveries = new Recoveries(timeline, {
      layout, positions: this.#positions, clients: ledger.clients, barriers,
    });
    this.#acks = new Acknowledgements(ledger, ackedNs);
    this.#prefixes = new Prefixes({
      ledger, operations, positions: this.#positions, acknowledgements: this.#acks, barriers,
    });
    this.#envelope = new Envelope(startNs, endNs);
  }

  run(): LossCurve {
    const { startNs, endNs, askedNs } = this.#input;
    const { atNs, kinds } = collectInstants({
      ...this.#input, isIncrement: (name) => this.#recoveries.isIncrement(name),
    });
    this.#prefixes.become(this.#recoveries.at(startNs), startNs);
    if (askedNs.includes(startNs)) this.#tell();
    for (let index = 0; index < atNs.length; index++) {
      this.#instant(atNs[index] as number, kinds[index] as number);
    }
    while (this.#acks.atNs <= endNs) this.#acknowledge();
    this.#close(endNs);
    return {
      startNs, endNs,
      instants: this.#instants,
      maximum: this.#most,
      intervals: this.#intervals,
      asked: askedNs.map((each) => this.#asked.get(each) as InstantLoss),
      envelope: this.#envelope,
      positions: this.#positions,
      recoveries: this.#recoveries,
    };
  }

  #instant(atNs: number, kind: number): void {
    while (this.#acks.atNs < atNs) this.#acknowledge();
    this.#close(atNs);
    if ((kind & INSTANT_NAMES) !== 0) this.#prefixes.become(this.#recoveries.at(atNs), atNs);
    else if ((kind & INSTANT_GROWTH) !== 0) this.#prefixes.grow(atNs);
    while (this.#acks.atNs === atNs) this.#acknowledge();
    this.#lostFromNs = this.#prefixes.lostWrites > 0 ? atNs : Infinity;
    this.#observe();
    if ((kind & INSTANT_ASKED) !== 0) this.#tell();
  }

  #acknowledge(): void {
    const { client, sequence, atNs } = this.#acks;
    const prefixes = this.#prefixes;
    if (atNs !== this.#nowNs) {
      this.#envelope.moveTo(atNs, prefixes.lostWrites, prefixes.lostBytes);
      this.#nowNs = atNs;
      this.#instants++;
    }
    if (prefixes.acknowledge(client, sequence)) {
      if (this.#lostFromNs === Infinity) this.#lostFromNs = atNs;
      this.#observe();
    }
    this.#acks.take();
  }

  #observe(): void {
    const { lostWrites, lostBytes } = this.#prefixes;
    this.#envelope.note(lostWrites, lostBytes);
    if (lostWrites > this.#most.writes) this.#most.writes = lostWrites;
    if (lostBytes > this.#most.bytes) this.#most.bytes = lostBytes;
  }

  /** Ends the interval that runs since the last instant. */
  #close(toNs: number): void {
    const prefixes = this.#prefixes;
    const oldest = prefixes.oldestLost();
    this.#envelope.moveTo(toNs, prefixes.lostWrites, prefixes.lostBytes);
    this.#envelope.noteWindow(toNs, oldest?.ackedNs ?? Infinity);
    const windowMs = oldest === null ? 0 : (toNs - oldest.ackedNs) / 1e6;
    if (windowMs > this.#most.windowMs) this.#most.windowMs = windowMs;
    const fromNs = this.#intervals.at(-1)?.toNs ?? this.#input.startNs;
    this.#intervals.push({
      fromNs, toNs,
      writes: prefixes.lostWrites, bytes: prefixes.lostBytes, oldest,
      lostFromNs: this.#lostFromNs, refusal: prefixes.refusal, gap: prefixes.gap,
    });
    this.#nowNs = toNs;
    this.#instants++;
  }

  #tell(): void {
    const prefixes = this.#prefixes;
    const oldest = prefixes.oldestLost();
    this.#asked.set(this.#nowNs, {
      atNs: this.#nowNs,
      writes: prefixes.lostWrites,
      bytes: prefixes.lostBytes,
      windowMs: oldest === null ? 0 : (this.#nowNs - oldest.ackedNs) / 1e6,
      refusal: prefixes.refusal,
      prefixes: prefixes.values.slice(),
    });
  }
}
