// What the judge answers, and the words it answers in.

import type { Operations } from '../workloads/operations.ts';

export type Verdict = 'pass' | 'fail' | 'inconclusive';

/** What can be found; `breaks` of a finding says whether it fails the trial. */
export const findingKinds = [
  'lost', // acknowledged, gone, and the promise is that nothing is
  'window', // acknowledged, gone, and older than the promise allows
  'floor', // acknowledged, gone, and known to have been durable
  'hole', // missing although something later survived
  'split', // half of a MULTI
  'phantom', // there, but never sent, or refused, or applied twice
  'torn', // a value that matches no operation
  'resurrected', // back after its deletion or deadline
  'expired-early', // gone before its deadline
  'stale', // a read that a living server answered with another value than the one written
  'deadline', // the value is right and its deadline is not
  'not-empty', // survivors where nothing is kept
  'unrepeatable', // a second start brought back other data than the first
  'refused', // the server did not start by itself
  'not-applied', // the fault did nothing: the trial proves nothing
  'too-early', // the cut came before the first acknowledged write: it proves nothing
  'disagreement', // the loss curve and a booted image differ: a bug of ours
] as const;

export type FindingKind = (typeof findingKinds)[number];

/** What makes a trial inconclusive instead of failing it. */
const openKinds: ReadonlySet<FindingKind> = new Set([
  'not-applied', 'too-early', 'disagreement',
]);

/** One thing that is wrong, in plain words. */
export interface Finding {
  readonly kind: FindingKind;
  /** Whether it fails the trial; otherwise it makes it inconclusive. */
  readonly breaks: boolean;
  readonly text: string;
}

/** Acknowledged writes that did not survive. */
export interface Lost {
  readonly writes: number;
  /** Payload bytes: keys and values, see Operations.payloadBytes. */
  readonly bytes: number;
  /** Cut instant − acknowledgement of the oldest lost write; 0 when none is lost. */
  readonly windowMs: number;
}

/** What became of one trial, or of one cut instant of it. */
export interface Judgement {
  readonly verdict: Verdict;
  /** The promise of the setting as a sentence. */
  readonly promise: string;
  readonly lost: Lost;
  /** Writes acknowledged before the cut. */
  readonly acknowledged: number;
  /** Writes sent before the cut and not acknowledged by then: either way is right. */
  readonly inFlight: number;
  /** Writes whose effects were found, all clients together. */
  readonly survived: number;
  /** The last of them of each client. */
  readonly prefixes: readonly number[];
  /** The window the promise allows at this cut; null where it allows none or any. */
  readonly boundMs: number | null;
  readonly findings: readonly Finding[];
}

/** A server that did not start by itself after the crash. */
export interface Refusal {
  /** The file that it complained about, null = it named none. */
  readonly file: string | null;
  /** Its own words: the last lines of its log. */
  readonly words: readonly string[];
  /** What the documented repair brings back, null = not tried. */
  readonly repair: string | null;
}

/** Findings of one kind that are worded; further ones are counted. */
export const wordedPerKind = 5;

/** The findings of one judgement. */
export class Findings {
  readonly #worded: Finding[] = [];
  readonly #counts: Map<FindingKind, number> = new Map();

  /** Adds one that fails the trial; `text` is called only for those that are worded. */
  add(kind: FindingKind, text: () => string): void {
    this.more(kind, 1);
    if (this.#worded.filter((finding) => finding.kind === kind).length >= wordedPerKind) return;
    this.#worded.push({ kind, breaks: !openKinds.has(kind), text: text() });
  }

  /** Counts further ones without words. */
  more(kind: FindingKind, count: number): void {
    this.#counts.set(kind, this.count(kind) + count);
  }

  /** How many of a kind there are. */
  count(kind: FindingKind): number {
    return this.#counts.get(kind) ?? 0;
  }

  /** All of them, those that fail the trial first; a last one per kind says how many more. */
  list(): Finding[] {
    const all = [...this.#worded];
    for (const [kind, count] of this.#counts) {
      const more = count - all.filter((finding) => finding.kind === kind).length;
      const breaks = !openKinds.has(kind);
      if (more > 0) all.push({ kind, breaks, text: `and ${grouped(more)} more: ${kind}` });
    }
    return all.sort((a, b) => Number(b.breaks) - Number(a.breaks));
  }
}

/** An operation as people read it: "write 1,234 of client 3 (SET k:00003:00000012)". */
export function wordsOf(
  { operations }: { readonly operations: Operations }, client: number, sequence: number,
): string {
  const { kind, keys } = operations.describe(client, sequence);
  const verbs = {
    'set': 'SET', 'set-expire': 'SET with a deadline', 'pair': 'MULTI of SETs', 'increment': 'INCR',
    'delete': 'DEL', 'brief': 'SET with a deadline', 'collection': 'a change of',
    'swap': 'SWAPDB', 'flush': 'FLUSHALL',
  };
  const done = [verbs[kind], keys.join(', ')].filter((word) => word !== '').join(' ');
  return `write ${grouped(sequence)} of client ${client} (${done})`;
}

/** When it was acknowledged relative to the cut: "acknowledged 12.3 ms before the cut". */
export function acknowledgedWords(ackedNs: number, cutNs: number): string {
  if (ackedNs <= cutNs) return `acknowledged ${durationWords(cutNs - ackedNs)} before the cut`;
  return 'not acknowledged before the cut';
}

/** A duration in ns in the unit that people would choose. */
export function durationWords(durationNs: number): string {
  if (durationNs < 1e6) return `${(durationNs / 1e3).toFixed(0)} µs`;
  if (durationNs < 1e9) return `${(durationNs / 1e6).toFixed(1)} ms`;
  return `${(durationNs / 1e9).toFixed(3)} s`;
}

/** 1234567 → 1,234,567 */
export function grouped(value: number): string {
  return value.toLocaleString('en-US');
}

/** "1 write", "2 writes". */
export function counted(count: number, noun: string): string {
  return `${grouped(count)} ${noun}${count === 1 ? '' : 's'}`;
}
