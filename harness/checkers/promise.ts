// What a setting promises, as a rule for the judge and as a sentence for people.

/** The setting, the crash and the target that a promise depends on. */
export interface PromiseQuestion {
  readonly persist: 'none' | 'rdb' | 'aof' | 'rdb+aof';
  readonly appendfsync: 'always' | 'everysec' | 'no' | null;
  readonly crash: 'process' | 'power' | 'power-torn' | 'block';
  /** 'bundled', 'redis', 'valkey' or another server, which is then held to Redis' promise. */
  readonly target: string;
}

/**
 * Measured syncs of the log file, up to the cut; SyncFacts of harness/crash has these fields. A
 * sync that had not ended at the cut is in flight.
 */
export interface SyncTimes {
  /** Durations of the last sync that ended and of the one before it; 0 without one. */
  readonly lastTwoSyncNs: readonly [last: number, before: number];
  /** How long the sync in flight at the cut had been running; null = none was. */
  readonly inFlightSyncNs: number | null;
}

/** An instant up to which everything acknowledged must have survived. */
export interface Floor {
  /** CLOCK_MONOTONIC ns; acknowledged at or before it = must be there. */
  readonly atNs: number;
  /** Why, as the end of a sentence: "a sync of appendonly.aof.1.incr.aof had ended by then". */
  readonly reason: string;
}

/** What was measured about durability in the run, up to the cut. */
export interface DurabilityFacts {
  readonly floors: readonly Floor[];
  /** null = not measured; they count as instant. */
  readonly syncs: SyncTimes | null;
  /**
   * Redis, `process`, everysec: for how long before the cut it may have held writes back that it
   * had acknowledged, because a sync was running; 0 = not at all.
   */
  readonly heldBackMs: number;
  /** How late the server's own clockwork may be, in ms; a tick of 10 Hz is 100. */
  readonly tickMs: number;
}

/** Facts of a run in which nothing was measured. */
export const noFacts: DurabilityFacts = {
  floors: [], syncs: null, heldBackMs: 0, tickMs: 100,
};

/** Redis lets a flush wait this long for a slow sync while it goes on replying. */
const postponedMs = 2_000;
/** Redis compares whole seconds, so its sync may come a second later than it would have to. */
const redisSlackMs = 1_000;

/** How the losses beyond the surviving prefix are judged. */
export type PromiseRule =
  /** Nothing may be there. */
  | { readonly kind: 'empty' }
  /** Any prefix that respects the floors. */
  | { readonly kind: 'prefix' }
  /** No acknowledged write may be lost. */
  | { readonly kind: 'zero-lost' }
  /** The oldest lost write was acknowledged at most this long before the cut. */
  | { readonly kind: 'window'; readonly boundMs: number };

/** The rule of a setting under a crash, with the bound that the measured syncs give. */
export function promiseRule(question: PromiseQuestion, facts: DurabilityFacts): PromiseRule {
  const { persist, appendfsync, crash, target } = question;
  if (persist === 'none') return { kind: 'empty' };
  if (persist === 'rdb') return { kind: 'prefix' };
  if (appendfsync === 'always') return { kind: 'zero-lost' };
  if (crash === 'process') {
    const mayWait = appendfsync === 'everysec' && target !== 'bundled' && facts.heldBackMs > 0;
    if (!mayWait) return { kind: 'zero-lost' };
    return { kind: 'window', boundMs: Math.min(postponedMs, facts.heldBackMs) };
  }
  if (appendfsync === 'no') return { kind: 'prefix' };
  return { kind: 'window', boundMs: everysecBoundMs(question, facts) };
}

/** The rule as a sentence, without measured figures: the same for every trial of a cell. */
export function promiseSentence(question: PromiseQuestion): string {
  const { persist, appendfsync, crash, target } = question;
  const isProcess = crash === 'process';
  if (persist === 'none') return 'keeps nothing: it starts empty';
  if (persist === 'rdb') {
    const snapshot = isProcess ? 'completed snapshot' : 'snapshot whose rename is durable';
    return `keeps at least everything up to the last ${snapshot}`;
  }
  if (appendfsync === 'no' && !isProcess) {
    return 'keeps a prefix of the writes; how long a one is up to the operating system';
  }
  if (appendfsync !== 'everysec' || (isProcess && target === 'bundled')) {
    return 'loses no acknowledged write';
  }
  if (isProcess) {
    return 'loses no acknowledged write, or at most 2 s of them when a sync was slow';
  }
  const slack = target === 'bundled' ? '' : ', plus 1 s';
  return 'loses at most the acknowledged writes of one second (or one sync, if longer), one sync '
    + `and one tick${slack}; folklore says 1 s`;
}

/**
 * max(1 s, T₁) + T₂ + one tick: a write may come just after a sync (T₁) began, waits for the next
 * to begin, and is durable when that one (T₂) ends.
 */
function everysecBoundMs(question: PromiseQuestion, facts: DurabilityFacts): number {
  const [lastNs] = facts.syncs?.lastTwoSyncNs ?? [0, 0];
  const nextNs = facts.syncs?.inFlightSyncNs ?? lastNs;
  const slackMs = question.target === 'bundled' ? 0 : redisSlackMs;
  return Math.max(1_000, lastNs / 1e6) + nextNs / 1e6 + facts.tickMs + slackMs;
}
