// What a claim is: a sentence that people repeat, what would refute it, how it is measured, and the
// rule of its verdict as code. `defineClaim` is what a file of scenarios/claims exports.

import type {
  ClaimChart, ClaimCourse, ClaimVerdict, Fact, Judgement,
} from '../report/claims/claims-record.ts';
import type { Lab } from './lab.ts';

export type { ClaimChart, ClaimCourse, ClaimVerdict, Fact, Judgement };

/** How much is measured: minutes for all claims together, or as long as a night has. */
export const claimProfiles = ['quick', 'nightly'] as const;
export type ClaimProfile = (typeof claimProfiles)[number];

/** What figures look like to a reader. */
export interface Shown {
  readonly facts: readonly Fact[];
  readonly chart: ClaimChart | null;
  readonly course?: ClaimCourse;
}

/** What a file of a claim says. */
export interface ClaimInput<TFigures, TParameters> {
  /** Its place in the list. */
  readonly number: number;
  /** Lower-case letters, digits and dashes. */
  readonly name: string;
  /** The claim in one sentence. */
  readonly sentence: string;
  /** Where it is commonly said. */
  readonly statedIn: string;
  /** What would have to be seen for it to be wrong. */
  readonly refutedBy: string;
  /** What is done and counted. */
  readonly measured: string;
  /** About how long it takes on one target, ms. */
  readonly estimatedMs: Readonly<Record<ClaimProfile, number>>;
  readonly parameters: Readonly<Record<ClaimProfile, TParameters>>;
  /**
   * Measures it on the target of the lab. The figures are plain data: they go into the record.
   * @throws {HarnessError} TARGET_FAILED, DRIVER_FAILED: the verdict is then `inconclusive`.
   */
  measure(lab: Lab, parameters: TParameters): Promise<TFigures>;
  /** The rule: figures → verdict. Pure. */
  judge(figures: TFigures): Judgement;
  /** Pure. */
  show(figures: TFigures): Shown;
}

/** What one target showed of a claim. */
export interface Examined extends Judgement, Shown {
  readonly figures: unknown;
}

/** A claim, whatever its figures are. */
export interface Claim extends Omit<
  ClaimInput<never, unknown>, 'measure' | 'judge' | 'show'
> {
  /** Measures and judges it on one target. */
  examine(lab: Lab, profile: ClaimProfile): Promise<Examined>;
}

/** Declares a claim; its rule and its parameters keep their own types. */
export function defineClaim<TFigures, TParameters>(
  input: ClaimInput<TFigures, TParameters>,
): Claim {
  const { measure, judge, show, ...facts } = input;
  return Object.freeze({
    ...facts,
    examine: async (lab: Lab, profile: ClaimProfile): Promise<Examined> => {
      const figures = await measure(lab, input.parameters[profile]);
      return { ...judge(figures), ...show(figures), figures };
    },
  });
}

/** True for what `defineClaim` returned. */
export function isClaim(value: unknown): value is Claim {
  return typeof value === 'object' && value !== null && 'examine' in value && 'sentence' in value;
}

/** The claim as it is stated. */
export function holds(decisive: string): Judgement {
  return { verdict: 'holds', within: null, decisive, instead: null };
}

/** True up to a limit; `instead` is the sentence that holds. */
export function holdsWithin(
  within: string, { decisive, instead }: { decisive: string; instead: string },
): Judgement {
  return { verdict: 'holds-within', within, decisive, instead };
}

/** Not as stated; `instead` is the sentence that holds. */
export function doesNotHold(
  { decisive, instead }: { decisive: string; instead: string },
): Judgement {
  return { verdict: 'does-not-hold', within: null, decisive, instead };
}

/** The data does not suffice; `why` says what is missing. */
export function inconclusive(decisive: string, why: string): Judgement {
  return { verdict: 'inconclusive', within: null, decisive, instead: why };
}
