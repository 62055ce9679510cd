// The record of `plugpull run claims`: each claim, what was measured of it for each target, and the
// verdict. Plain data, schema 1; `claims.md` and `claims.html` are made from it and nothing else.

import type { TargetName } from '../../plan/scenario.ts';

/** The version of this shape. */
export const claimsSchema = 1;

/** What the measurement says of a claim on one target. */
export const claimVerdicts = ['holds', 'holds-within', 'does-not-hold', 'inconclusive'] as const;
export type ClaimVerdict = (typeof claimVerdicts)[number];

/** A judged claim. */
export interface Judgement {
  readonly verdict: ClaimVerdict;
  /** Of `holds-within`: the limit, as it goes on from "holds within"; else null. */
  readonly within: string | null;
  /** The figure that decided, in a few words. */
  readonly decisive: string;
  /** The sentence that would hold, or why nothing can be said; null where the claim holds. */
  readonly instead: string | null;
}

/** One bar; the same label of several targets is drawn side by side. */
export interface ClaimBar {
  readonly label: string;
  /** Null: not measured here. */
  readonly value: number | null;
  /** Lowest and highest of the repetitions, or an interval. */
  readonly range?: readonly [low: number, high: number];
}

/** What a claim is drawn as. */
export interface ClaimChart {
  readonly title: string;
  readonly unit: 'ms' | 'bytes' | 'per second' | 'percent' | 'count';
  /** Where values lie orders of magnitude apart. */
  readonly isLog?: boolean;
  readonly bars: readonly ClaimBar[];
}

/** One line of a course. */
export interface ClaimLine {
  readonly label: string;
  readonly points: readonly (readonly [atMs: number, value: number])[];
}

/** How a figure went over time, of one target. */
export interface ClaimCourse {
  readonly title: string;
  /** The one sentence in words, made from the data. */
  readonly reading: string;
  /** What the values are, with their unit. */
  readonly valueLabel: string;
  /** What time counts from. */
  readonly timeLabel: string;
  readonly lines: readonly ClaimLine[];
}

/** A figure with its name, as people read it. */
export type Fact = readonly [label: string, text: string];

/** One claim on one target. */
export interface ClaimResult extends Judgement {
  readonly target: TargetName;
  readonly facts: readonly Fact[];
  readonly chart: ClaimChart | null;
  readonly course?: ClaimCourse;
  /** What was measured, as the rule of the verdict got it; null when measuring failed. */
  readonly figures: unknown;
  /** Promises about data that runs of this claim saw broken, in words. */
  readonly broken: readonly string[];
  /** Records of the runs behind it, paths from the folder of this record. */
  readonly runs: readonly string[];
  readonly tookMs: number;
}

/** One claim. */
export interface ClaimRecord {
  readonly number: number;
  readonly name: string;
  readonly sentence: string;
  readonly statedIn: string;
  readonly refutedBy: string;
  readonly measured: string;
  readonly parameters: unknown;
  readonly results: readonly ClaimResult[];
}

/** A scenario that goes further than the claims. */
export interface ExtendedScenario {
  readonly name: string;
  readonly question: string;
}

/** All claims of a run. */
export interface ClaimsRecord {
  readonly schema: typeof claimsSchema;
  readonly kind: 'claims';
  readonly id: string;
  readonly plugpull: string;
  readonly profile: 'quick' | 'nightly';
  readonly seed: number;
  readonly startedAt: string;
  readonly tookMs: number;
  /** True when Ctrl-C ended it: what is there is whole, but claims are missing. */
  readonly interrupted: boolean;
  readonly testbed: {
    readonly cpu: string;
    readonly cores: number;
    readonly kernel: string;
    readonly fs: string;
    readonly node: string;
    /** Median time of an fdatasync before the first claim, µs. */
    readonly fdatasyncUs: number;
  };
  readonly targets: readonly { readonly name: TargetName; readonly version: string }[];
  /** Targets that are not on this machine, with what to do about it. */
  readonly missing: readonly { readonly name: TargetName; readonly reason: string }[];
  readonly claims: readonly ClaimRecord[];
  readonly extended: readonly ExtendedScenario[];
}

/** `holds`, `holds within 2 s`, `does not hold`, `inconclusive`. */
export function verdictText({ verdict, within }: Pick<Judgement, 'verdict' | 'within'>): string {
  if (verdict === 'holds-within') return `holds within ${within}`;
  return verdict === 'does-not-hold' ? 'does not hold' : verdict;
}

/** The servers as people call them. */
export function serverName(target: TargetName): string {
  return target === 'bundled' ? 'bundled engine' : `${target}-server`;
}
