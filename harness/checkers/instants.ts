// Every instant of a recorded run held against the promise: not only those that were booted. The
// intervals come from the loss curve (harness/crash/curve); the worst instant of each is its end.

import type { RunContext } from './context.ts';
import { durationWords, Findings, wordsOf } from './judgement.ts';
import type { Finding } from './judgement.ts';
import { promiseRule, promiseSentence } from './promise.ts';
import type { DurabilityFacts, PromiseQuestion } from './promise.ts';

/** A time in which what a cut leaves does not change; harness/crash has the same. */
export interface JudgedInterval {
  readonly fromNs: number;
  readonly toNs: number;
  readonly writes: number;
  readonly oldest: { readonly client: number; readonly sequence: number;
    readonly ackedNs: number } | null;
  readonly lostFromNs: number;
  readonly refusal: string | null;
  readonly gap: { readonly client: number; readonly sequence: number;
    readonly survivor: number } | null;
}

/** What every instant is held to. */
export interface InstantsQuestion {
  readonly question: PromiseQuestion;
  /** What was known to be durable in an interval; a sync in flight has run until its end. */
  readonly factsOf: (interval: JudgedInterval) => DurabilityFacts;
  /** When the load began: times in findings count from here. */
  readonly startNs: number;
  /** What else is known about a lost write, as the end of a sentence; '' = nothing. */
  readonly storyOf: (write: { client: number; sequence: number }) => string;
}

/** The instants at which the promise does not hold. */
export interface BrokenSpan {
  readonly fromNs: number;
  readonly toNs: number;
}

/** What came of it. */
export interface InstantsJudgement {
  /** Joined where they meet. */
  readonly broken: readonly BrokenSpan[];
  readonly findings: readonly Finding[];
}

/** Judges all instants of a run. */
export function judgeInstants(
  run: RunContext, intervals: readonly JudgedInterval[], asked: InstantsQuestion,
): InstantsJudgement {
  const findings = new Findings();
  const broken: { fromNs: number; toNs: number }[] = [];
  const checker = new IntervalChecker(run, findings, asked);
  for (const interval of intervals) {
    const fromNs = checker.brokenFrom(interval);
    if (fromNs === Infinity || interval.toNs === interval.fromNs) continue;
    const last = broken.at(-1);
    if (last !== undefined && fromNs <= last.toNs) last.toNs = interval.toNs;
    else broken.push({ fromNs, toNs: interval.toNs });
  }
  return { broken, findings: findings.list() };
}

class IntervalChecker {
  readonly #run: RunContext;
  readonly #findings: Findings;
  readonly #asked: InstantsQuestion;
  // One finding a write or reason, however long it lasts.
  readonly #told = new Set<string>();

  constructor(run: RunContext, findings: Findings, asked: InstantsQuestion) {
    this.#run = run;
    this.#findings = findings;
    this.#asked = asked;
  }

  /** From when on the promise is broken in an interval; Infinity: it holds. */
  brokenFrom(interval: JudgedInterval): number {
    const { question } = this.#asked;
    const facts = this.#asked.factsOf(interval);
    const rule = promiseRule(question, facts);
    if (rule.kind === 'empty') return Infinity;
    let fromNs = Infinity;
    if (interval.refusal !== null) {
      this.#add('refused', interval.refusal, () => `would not start by itself after a power cut at `
        + `${this.#span(interval.fromNs, interval.toNs)}: ${interval.refusal}`);
      return interval.fromNs;
    }
    if (interval.gap !== null) fromNs = this.#gap(interval);
    const { oldest } = interval;
    if (oldest === null) return fromNs;
    if (rule.kind === 'zero-lost') return Math.min(fromNs, this.#lost(interval));
    const floor = facts.floors.find(({ atNs }) => oldest.ackedNs <= atNs);
    if (floor !== undefined) fromNs = Math.min(fromNs, this.#floor(interval, floor.reason));
    if (rule.kind !== 'window') return fromNs;
    const dueNs = Math.max(interval.fromNs, oldest.ackedNs + rule.boundMs * 1e6);
    if (dueNs >= interval.toNs) return fromNs;
    this.#add('window', `${oldest.client} ${oldest.sequence}`, () => `${this.#words(interval)} is `
      + `lost by a power cut at ${this.#span(dueNs, interval.toNs)}; with the syncs as measured at `
      + `most ${durationWords(rule.boundMs * 1e6)} may be lost: this setting `
      + `${promiseSentence(question)}${this.#story(interval)}`);
    return Math.min(fromNs, dueNs);
  }

  #gap(interval: JudgedInterval): number {
    const { client = 0, sequence = 0, survivor = 0 } = interval.gap ?? {};
    this.#add('hole', `${client} ${sequence}`, () => `${wordsOf(this.#run, client, sequence)} is `
      + `missing after a power cut at ${this.#span(interval.fromNs, interval.toNs)} although write `
      + `${survivor} of the same client survives${this.#asked.storyOf({ client, sequence })}`);
    return interval.fromNs;
  }

  #lost(interval: JudgedInterval): number {
    const fromNs = Math.max(interval.fromNs, interval.lostFromNs);
    this.#add('lost', `${interval.oldest?.client} ${interval.oldest?.sequence}`, () => (
      `${this.#words(interval)} is lost by a power cut at ${this.#span(fromNs, interval.toNs)}: `
      + `this setting ${promiseSentence(this.#asked.question)}${this.#story(interval)}`));
    return fromNs;
  }

  #floor(interval: JudgedInterval, reason: string): number {
    this.#add('floor', `${interval.oldest?.client} ${interval.oldest?.sequence}`, () => (
      `${this.#words(interval)} is lost by a power cut at `
      + `${this.#span(interval.fromNs, interval.toNs)}, although ${reason}`
      + this.#story(interval)));
    return interval.fromNs;
  }

  #words({ oldest }: JudgedInterval): string {
    if (oldest === null) return '';
    const at = durationWords(oldest.ackedNs - this.#asked.startNs);
    return `${wordsOf(this.#run, oldest.client, oldest.sequence)}, acknowledged at ${at} of the `
      + 'load,';
  }

  #story({ oldest }: JudgedInterval): string {
    return oldest === null ? '' : this.#asked.storyOf(oldest);
  }

  #span(fromNs: number, toNs: number): string {
    const { startNs } = this.#asked;
    return `any instant from ${durationWords(fromNs - startNs)} to `
      + `${durationWords(toNs - startNs)} of the load`;
  }

  #add(kind: Parameters<Findings['add']>[0], key: string, text: () => string): void {
    if (this.#told.has(`${kind} ${key}`)) return;
    this.#told.add(`${kind} ${key}`);
    this.#findings.add(kind, text);
  }
}
