// Which setting is the cheapest that met what a reader asks for. The page carries this function as
// text, so it uses nothing from outside itself.

/** What a setting was seen to do. */
export interface Candidate {
  readonly target: string;
  /** Median write rate; null: not measured. */
  readonly perSecond: number | null;
  /** What its interval reaches up to, of few trials what they span. */
  readonly highPerSecond: number | null;
  readonly lowPerSecond: number | null;
  /** Worst loss window seen, ms; null: not measured, or nothing bounds it. */
  readonly windowMs: number | null;
  /** From spawn to the first answered write, ms; null: not measured. */
  readonly readyMs: number | null;
  readonly hasFailed: boolean;
}

/** What a reader asks for: recovery point and recovery time objective, ms. */
export interface Objective {
  readonly rpoMs: number;
  readonly rtoMs: number;
}

/** The fastest of a target, and those that this run cannot tell from it; positions. */
export interface Choice {
  readonly at: number;
  readonly alike: readonly number[];
}

/** For each target the fastest candidate that met both; none where none did. */
export function cheapest(candidates: readonly Candidate[], objective: Objective): Choice[] {
  const meets = (each: Candidate): boolean => !each.hasFailed && each.perSecond !== null
    && each.windowMs !== null && each.windowMs <= objective.rpoMs
    && each.readyMs !== null && each.readyMs <= objective.rtoMs;
  const rate = (at: number): number => candidates[at]?.perSecond ?? 0;
  const targets = [...new Set(candidates.map(({ target }) => target))];
  return targets.flatMap((target) => {
    const [first, ...others] = candidates.flatMap((each, at) => (
      each.target === target && meets(each) ? [at] : []))
      .sort((one, other) => rate(other) - rate(one));
    if (first === undefined) return [];
    const low = candidates[first]?.lowPerSecond ?? rate(first);
    const alike = others.filter((at) => (candidates[at]?.highPerSecond ?? rate(at)) >= low);
    return [{ at: first, alike }];
  });
}
