// What a run says while it goes, and what it is given to run with. `run/` sends these events,
// `report/progress.ts` shows them.

import type { Verdict } from '../checkers/judgement.ts';
import type { Target, TargetName } from '../targets/target.ts';

export type { Verdict };

/** The steps of a trial, in order. */
export const trialPhases = [
  'start', 'preload', 'warm-up', 'load', 'crash', 'recover', 'read-back', 'check',
] as const;
export type TrialPhase = (typeof trialPhases)[number];

/** From best to worst: a later one beats an earlier one. */
export const verdicts: readonly Verdict[] = ['pass', 'inconclusive', 'fail'];

/** Names a trial in an event. */
export interface TrialName {
  readonly cell: string;
  /** 0 for the first repetition. */
  readonly index: number;
  readonly seed: number;
}

/** One thing that happened during a run. */
export type RunEvent =
  | { readonly kind: 'run-started'; readonly id: string; readonly seed: number;
      readonly trials: number; readonly estimatedMs: number }
  | { readonly kind: 'trial-started'; readonly trial: TrialName; readonly estimatedMs: number;
      /** What is done to the target, in words: `disk-slow@0.2-0.6, power cut`. */
      readonly fault: string }
  | { readonly kind: 'phase'; readonly trial: TrialName; readonly phase: TrialPhase }
  | { readonly kind: 'load-progress'; readonly operations: number;
      /** ms since the load of this trial began. */ readonly atMs: number }
  | { readonly kind: 'finding'; readonly trial: TrialName; readonly breaks: boolean;
      readonly text: string }
  | { readonly kind: 'trial-finished'; readonly trial: TrialName; readonly verdict: Verdict;
      readonly tookMs: number; readonly estimatedMs: number;
      /** A few words: `41,203 writes lost`. */ readonly summary: string }
  | { readonly kind: 'run-finished'; readonly verdict: Verdict; readonly tookMs: number;
      readonly interrupted: boolean };

/** What the caller of a run decides. */
export interface RunOptions {
  /** Names the run and its folder. */
  readonly id: string;
  /** ISO 8601, UTC. */
  readonly startedAt: string;
  /** Exists and is writable; files that the record names go here. */
  readonly runDirectory: string;
  /** Created and removed by the run: data directories of the trials, on the disk under test. */
  readonly workDirectory: string;
  /** The systems under test, already located. */
  readonly targets: Readonly<Record<TargetName, Target>>;
  /** Aborted by Ctrl-C: end every process, keep what was measured, return a partial record. */
  readonly signal: AbortSignal;
  readonly onEvent: (event: RunEvent) => void;
}
