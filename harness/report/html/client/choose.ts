// Which setting is the cheapest that met what a reader asks for. The page carries this function as
// text, so it uses nothing from outside itself.

/** What a setting was seen to do. */
export interface Candidate {
  readonly target: string;
  /** Median write rate; null: not measured. */
  readonly perSecond: number | null;
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

/** For each target the position of the fastest candidate that met both; none where none did. */
export function cheapest(candidates: readonly Candidate[], objective: Objective): number[] {
  const best = new Map<string, number>();
  candidates.forEach((each, at) => {
    if (each.hasFailed || each.perSecond === null) return;
    if (each.windowMs === null || each.windowMs > objective.rpoMs) return;
    if (each.readyMs === null || each.readyMs > objective.rtoMs) return;
    const found = best.get(each.target);
    const rate = found === undefined ? null : candidates[found]?.perSecond ?? null;
    if (rate === null || each.perSecond > rate) best.set(each.target, at);
  });
  return [...best.values()];
}
