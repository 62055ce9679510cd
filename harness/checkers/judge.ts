// The oracle: history and survivors → pass, fail or inconclusive, with reasons in plain words.

import { RunContext } from './context.ts';
import type { RunHistory } from './context.ts';
import { counted, Findings } from './judgement.ts';
import type { Judgement, Refusal } from './judgement.ts';
import { checkAcrossClients, checkPromise, countLosses } from './loss.ts';
import type { Losses } from './loss.ts';
import { hasFlush, ReplayedModel } from './model.ts';
import { promiseRule, promiseSentence } from './promise.ts';
import type { DurabilityFacts, PromiseQuestion, PromiseRule } from './promise.ts';
import { checkState } from './state.ts';
import { readEvidence, witnessed } from './survivors.ts';
import type { ClientSurvivors, Survivors } from './survivors.ts';

/** One crash and what was read back after it. */
export interface Cut {
  readonly question: PromiseQuestion;
  /** When the cut was called, CLOCK_MONOTONIC ns. */
  readonly cutNs: number;
  /**
   * Until when the target may still have taken writes: its exit for `process` and `block` (without
   * it: forever), the cut itself for `power`.
   */
  readonly deadNs?: number;
  /** null = the server did not start: say why in `refusal`. */
  readonly survivors: Survivors | null;
  readonly refusal: Refusal | null;
  readonly facts: DurabilityFacts;
  /** Why the fault may not have been applied (process still alive, …); [] = it was. */
  readonly notApplied: readonly string[];
  /** That nothing was in flight proves nothing: a slow open loop asked for speed alone. */
  readonly mayBeIdle?: boolean;
}

/** Everything for one judgement. */
export type JudgeInput = RunHistory & Cut;

/** Judges several cuts of one run; the model is advanced, not replayed, when cuts come in order. */
export class Judge {
  /** The run as it is judged: operations, and when each was acknowledged. */
  readonly run: RunContext;
  readonly #models: ReplayedModel[];

  constructor(history: RunHistory) {
    this.run = new RunContext(history);
    this.#models = Array.from(
      { length: history.workload.clients }, (_, client) => new ReplayedModel(this.run, client),
    );
  }

  /** Judges one crash. */
  judge(cut: Cut): Judgement {
    const findings = new Findings();
    const rule = promiseRule(cut.question, cut.facts);
    const isKept = rule.kind !== 'empty' && cut.survivors !== null;
    const { barriers, isEmptied } = this.#barriers(cut, isKept ? cut.survivors : null);
    const survived = !isKept ? []
      : this.#readClients(cut, { survivors: cut.survivors, barriers, isEmptied }, findings);
    const prefixes = this.#models.map((_, client) => survived[client]?.prefix ?? 0);
    const losses = countLosses(this.run, prefixes, cut.cutNs);
    const isKnown = cut.survivors !== null || cut.refusal !== null;
    if (cut.survivors === null) reportRefusal(cut, findings);
    else if (isKept) this.#checkKept(cut, { losses, rule, findings });
    else checkEmpty(cut.survivors, findings);
    if (isKept && cut.survivors !== null) {
      const isFlushed = hasFlush(this.run, barriers);
      checkTotals(cut.survivors, survived, { isFlushed, findings });
    }
    this.#checkApplied(cut, losses, findings);
    const known = isKnown ? losses : withoutLoss(losses);
    return answer(cut, { losses: known, rule, findings, prefixes });
  }

  /**
   * Swaps and flushes that happened: the first client's witness tells. Nothing at all tells of the
   * empty snapshot that a flush has written before its witness.
   */
  #barriers(cut: Cut, survivors: Survivors | null): { barriers: number; isEmptied: boolean } {
    const own = survivors?.clients[0];
    const { barriers } = this.run;
    if (barriers.list.length === 0 || own === undefined || survivors === null) {
      return { barriers: 0, isEmptied: false };
    }
    if (cut.question.persist !== 'rdb' || survivors.totalKeys !== 0) {
      return {
        barriers: barriers.within(witnessed(own, this.#sentLimit(cut, 0))), isEmptied: false,
      };
    }
    const snapshotNs = Math.max(...cut.facts.floors.map(({ atNs }) => atNs));
    const emptied = barriers.emptiedBy(snapshotNs);
    return { barriers: emptied, isEmptied: emptied > 0 };
  }

  #readClients(
    cut: Cut,
    { survivors, barriers, isEmptied }: {
      survivors: Survivors; barriers: number; isEmptied: boolean;
    },
    findings: Findings,
  ): ClientResult[] {
    return this.#models.map((model, client) => {
      const own = survivors.clients[client];
      const sentLimit = this.#sentLimit(cut, client);
      mustCover(own, { client, sentLimit });
      const atLeast = this.run.barriers.before(barriers, client);
      const evidence = readEvidence(this.run, own, { sentLimit, atLeast, findings });
      const prefix = checkState({
        run: this.run, model, evidence, keys: own.keys, times: survivors, barriers, isEmptied,
        cutNs: cut.cutNs, sentLimit, findings,
      });
      return { prefix, present: evidence.present };
    });
  }

  #checkKept(
    cut: Cut, { losses, rule, findings }: { losses: Losses; rule: PromiseRule; findings: Findings },
  ): void {
    checkAcrossClients(this.run, losses, findings);
    const promise = promiseSentence(cut.question);
    checkPromise(this.run, losses, { rule, promise, floors: cut.facts.floors, findings });
  }

  /** What the target can have seen: all that was sent while it may have been alive. */
  #sentLimit(cut: Cut, client: number): number {
    const outlivesCut = cut.question.crash === 'process' || cut.question.crash === 'block';
    const deadNs = cut.deadNs ?? (outlivesCut ? Infinity : cut.cutNs);
    return this.run.ledger.lastSent(client, deadNs);
  }

  #checkApplied(cut: Cut, losses: Losses, findings: Findings): void {
    const reasons = [...cut.notApplied];
    if (losses.acknowledged === 0) {
      findings.add('too-early', () => 'nothing was acknowledged before the cut');
    } else if (cut.mayBeIdle !== true && !this.#isBusyAt(cut)) {
      reasons.push('no write was in flight at the cut');
    }
    for (const reason of reasons) findings.add('not-applied', () => reason);
  }

  /**
   * By the clients' clocks: a reply that was released but not read is still in flight for them. A
   * power cut is read from a recording, so there it is enough that the load went on afterwards.
   */
  #isBusyAt(cut: Cut): boolean {
    const { ledger } = this.run;
    const isRecorded = cut.question.crash === 'power' || cut.question.crash === 'power-torn';
    return this.#models.some((_, client) => {
      const last = ledger.lastSent(client, cut.cutNs);
      if (isRecorded && last < ledger.count(client)) return true;
      return last > 0 && (ledger.ackedNs[ledger.at(client, last)] as number) > cut.cutNs;
    });
  }
}

/** Judges a run with a single crash. */
export function judge(input: JudgeInput): Judgement {
  return new Judge(input).judge(input);
}

/** How many operations of a client survived, and how many of its keys are there. */
interface ClientResult {
  readonly prefix: number;
  readonly present: number;
}

interface Parts {
  readonly losses: Losses;
  readonly rule: PromiseRule;
  readonly findings: Findings;
  readonly prefixes: readonly number[];
}

/** Fail beats inconclusive beats pass. */
function answer(cut: Cut, { losses, rule, findings, prefixes }: Parts): Judgement {
  const list = findings.list();
  const breaks = list.some((finding) => finding.breaks);
  return {
    verdict: breaks ? 'fail' : list.length > 0 ? 'inconclusive' : 'pass',
    promise: promiseSentence(cut.question),
    lost: losses.lost,
    acknowledged: losses.acknowledged,
    inFlight: losses.inFlight,
    survived: prefixes.reduce((sum, prefix) => sum + prefix, 0),
    prefixes,
    boundMs: rule.kind === 'window' ? rule.boundMs : null,
    findings: list,
  };
}

/** Nobody looked, so nothing is known to be lost. */
function withoutLoss(losses: Losses): Losses {
  return { ...losses, lost: { writes: 0, bytes: 0, windowMs: 0 } };
}

function mustCover(
  own: ClientSurvivors | undefined, expected: { client: number; sentLimit: number },
): asserts own is ClientSurvivors {
  const { client, sentLimit } = expected;
  if (own === undefined || own.keys.client !== client || own.keys.upTo < sentLimit) {
    throw new RangeError(`survivors of client ${client}: expected its keys up to write `
      + `${sentLimit}, found ${own === undefined ? 'none' : `client ${own.keys.client} `
      + `up to write ${own.keys.upTo}`}`);
  }
}

function reportRefusal(cut: Cut, findings: Findings): void {
  if (cut.refusal !== null) {
    const { refusal } = cut;
    findings.add('refused', () => refusalWords(refusal));
  } else if (cut.notApplied.length === 0) {
    findings.add('not-applied', () => 'nothing was read back');
  }
}

// The reason comes last, and what a log line begins with says nothing about it.
const wordsTold = 2;
const logPrefix = /^\s*\d+:[A-Z] \d\d \w+ \d{4} [\d:.]+ [.*#-] /;

function refusalWords({ file, words, repair }: Refusal): string {
  const about = file === null ? '' : ` because of ${file}`;
  const last = words.slice(-wordsTold).map((line) => line.replace(logPrefix, ''));
  const said = words.length === 0 ? 'it said nothing' : `it said: ${last.join(' / ')}`;
  const after = repair === null ? '' : `; the documented repair: ${repair}`;
  return `the server did not start by itself${about}: ${said}${after}`;
}

function checkEmpty(survivors: Survivors, findings: Findings): void {
  for (const { keys, values, elsewhere } of survivors.clients) {
    const index = [...values, ...elsewhere?.values ?? []].findIndex((value) => value !== null);
    if (index < 0) continue;
    const name = keys.names[index % keys.names.length];
    findings.add('not-empty', () => `${name} is there, and persistence is off`);
  }
  const total = survivors.totalKeys ?? 0;
  if (findings.count('not-empty') === 0 && total > 0) {
    findings.add('not-empty', () => `${counted(total, 'key')} there, and persistence is off`);
  }
}

/** Keys of nobody, and preloaded keys that are gone. */
function checkTotals(
  survivors: Survivors, survived: readonly ClientResult[],
  { isFlushed, findings }: { isFlushed: boolean; findings: Findings },
): void {
  const { preload, totalKeys, unknownKeys } = survivors;
  for (const name of unknownKeys) {
    findings.add('phantom', () => `${name} is there, which nobody wrote`);
  }
  const missing = preload === null ? 0 : preload.expected - preload.found;
  if (missing > 0 && !isFlushed) {
    findings.add('floor', () => `${counted(missing, 'key')} of ${preload?.expected} that were `
      + 'there before the load began are gone');
  }
  if (isFlushed && preload !== null && preload.found > 0) {
    findings.add('resurrected', () => `${counted(preload.found, 'key')} that were there before the `
      + 'load began are back, though everything was emptied since');
  }
  if (totalKeys === null || unknownKeys.length > 0) return;
  const present = survived.reduce((sum, each) => sum + each.present, 0);
  const extra = totalKeys - present - (preload?.found ?? 0);
  if (extra > 0) {
    findings.add('phantom', () => `${counted(extra, 'key')} more than were read back, `
      + 'which nobody wrote');
  }
}
