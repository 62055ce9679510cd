// Decides what befalls a call, by the rules in force.

import { delayDrawer } from './delays.ts';
import { errnos } from './protocol.ts';
import { faultCalls } from './rules.ts';
import type { Fault, FaultCall, FaultRule } from './rules.ts';

/** A call as the rules see it. */
export interface Subject {
  readonly call: FaultCall;
  /** Relative to the mount. */
  readonly path: string;
  /** Of a rename or link, else ''. */
  readonly newPath: string;
  /** Would change something: false for reads, syncs, and opening for reading. */
  readonly changes: boolean;
}

/** What the rules make of a call that is no longer held. */
export interface Outcome {
  /** 0: no error. */
  readonly errno: number;
  /** A sync only seems to be done. */
  readonly lie: boolean;
  /** How many bytes of a write are taken. */
  readonly maxBytes: number;
}

/** A call that nothing befalls. */
export const unharmed: Outcome = { errno: 0, lie: false, maxBytes: Infinity };

interface Rule {
  readonly fault: Fault;
  readonly matches: RegExp | null;
  readonly calls: ReadonlySet<FaultCall>;
  skip: number;
  times: number;
  budgetBytes: number;
  /** Of a delay: the next one, ms. */
  readonly delayMs: () => number;
}

const frozen = Infinity;

/** The rules in force, with what is left of them. */
export class Faults {
  #rules: Rule[] = [];
  // Hits per rule, shared with the main thread.
  readonly #hits: Int32Array;

  constructor(hits: Int32Array) {
    this.#hits = hits;
  }

  get active(): boolean {
    return this.#rules.length > 0;
  }

  /** Replaces all rules; counts and budgets start anew. */
  set(rules: readonly FaultRule[]): void {
    this.#hits.fill(0);
    this.#rules = rules.map((rule) => ({
      fault: rule.fault,
      matches: rule.paths === undefined ? null : globPattern(rule.paths),
      calls: new Set(rule.calls ?? callsOf(rule.fault)),
      skip: rule.skip ?? 0,
      times: rule.times ?? Infinity,
      budgetBytes: rule.fault.kind === 'full' ? rule.fault.budgetBytes : 0,
      delayMs: rule.fault.kind === 'delay'
        ? delayDrawer(rule.fault.delayMs, rule.fault.seed ?? 0) : () => frozen,
    }));
  }

  /** For how many ms a call is held: 0 not at all, Infinity until the rules change. */
  holdMs(subject: Subject): number {
    let delayMs = 0;
    for (const [index, rule] of this.#rules.entries()) {
      const { kind } = rule.fault;
      if (kind !== 'delay' && kind !== 'freeze') continue;
      if (!applies(rule, subject) || !this.#take(rule, index)) continue;
      delayMs += rule.delayMs();
    }
    return delayMs;
  }

  /** What befalls a call now. `growBytes`: how much a write of `length` bytes grows its file. */
  outcome(subject: Subject, length: number, growBytes: () => number): Outcome {
    for (const [index, rule] of this.#rules.entries()) {
      const { fault } = rule;
      if (fault.kind === 'delay' || fault.kind === 'freeze' || !applies(rule, subject)) continue;
      if (fault.kind === 'full') {
        const outcome = spend(rule, length, growBytes());
        if (outcome !== null && this.#take(rule, index)) return outcome;
      } else if (this.#take(rule, index)) return outcomeOf(fault);
    }
    return unharmed;
  }

  /** Bytes of a file are free again: its last name went, or it was cut. */
  release(path: string, bytes: number): void {
    for (const rule of this.#rules) {
      if (rule.fault.kind === 'full' && matchesPath(rule, path)) rule.budgetBytes += bytes;
    }
  }

  #take(rule: Rule, index: number): boolean {
    if (rule.skip > 0) {
      rule.skip -= 1;
      return false;
    }
    if (rule.times <= 0) return false;
    rule.times -= 1;
    this.#hits[index] = (this.#hits[index] as number) + 1;
    return true;
  }
}

function applies(rule: Rule, subject: Subject): boolean {
  if (!rule.calls.has(subject.call)) return false;
  if (rule.fault.kind === 'read-only' && !subject.changes) return false;
  if (matchesPath(rule, subject.path)) return true;
  return subject.newPath !== '' && matchesPath(rule, subject.newPath);
}

function matchesPath(rule: Rule, path: string): boolean {
  return rule.matches === null || rule.matches.test(path);
}

// What does not grow the file costs nothing. null: there is room for all of it.
function spend(rule: Rule, length: number, growBytes: number): Outcome | null {
  if (growBytes <= rule.budgetBytes) {
    rule.budgetBytes -= growBytes;
    return null;
  }
  const maxBytes = length - growBytes + rule.budgetBytes;
  rule.budgetBytes = 0;
  return maxBytes > 0 ? { ...unharmed, maxBytes } : { ...unharmed, errno: errnos.ENOSPC };
}

function outcomeOf(fault: Fault): Outcome {
  switch (fault.kind) {
    case 'error':
      return { ...unharmed, errno: errnos[fault.code] };
    case 'read-only':
      return { ...unharmed, errno: errnos.EROFS };
    case 'short-write':
      return { ...unharmed, maxBytes: fault.maxBytes };
    case 'lie':
      return { ...unharmed, lie: true };
    default:
      return unharmed;
  }
}

function callsOf(fault: Fault): readonly FaultCall[] {
  switch (fault.kind) {
    case 'lie':
      return ['sync', 'sync-directory'];
    case 'short-write':
    case 'full':
      return ['write'];
    default:
      return faultCalls;
  }
}

/** `*` any but `/`, `**` any, `?` one character but `/`. */
export function globPattern(glob: string): RegExp {
  const source = glob.replace(/\*\*\/?|[*?.+^${}()|[\]\\]/g, (found) => {
    if (found === '**/') return '(?:.*/)?';
    if (found === '**') return '.*';
    if (found === '*') return '[^/]*';
    return found === '?' ? '[^/]' : `\\${found}`;
  });
  return new RegExp(`^${source}$`, 'su');
}
