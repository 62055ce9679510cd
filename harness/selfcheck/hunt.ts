// Looks for one planted bug, trial after trial, until it is found.

import type { FindingKind } from '../checkers/judgement.ts';
import { planSimulation } from '../simulation/plan.ts';
import type { SimulatedCrash, SimulationScope } from '../simulation/plan.ts';
import { simulate } from '../simulation/simulate.ts';
import type { PlantedBug } from './bugs/planted.ts';

/** What became of the hunt for one bug. */
export interface Hunt {
  readonly bug: string;
  readonly what: string;
  /** The first finding; null: it got away. */
  readonly finding: FindingKind | null;
  readonly crash: SimulatedCrash | null;
  /** Of the trial that found it. */
  readonly seed: number | null;
  readonly trials: number;
  readonly within: number;
  readonly tookMs: number;
  /** The finding in words. */
  readonly text: string | null;
}

/** Where a bug can show. */
export function scopeOf(bug: PlantedBug): SimulationScope {
  return {
    settings: bug.settings, crashes: bug.crashes,
    faults: bug.faults === true, damage: bug.damage === true,
  };
}

/** Runs trials of the seeds from `firstSeed` on until one finds the bug, or as many as it may. */
export async function hunt(bug: PlantedBug, firstSeed: number): Promise<Hunt> {
  const beganMs = performance.now();
  const known = { bug: bug.name, what: bug.what, within: bug.within };
  for (let trials = 1; trials <= bug.within; trials++) {
    const seed = firstSeed + trials - 1;
    const plan = planSimulation(seed, scopeOf(bug));
    const directives = [...plan.directives, ...bug.directives ?? []];
    const { failure } = await simulate({ ...plan, directives }, bug.wrap);
    const finding = failure?.outcome.judgement.findings
      .find(({ kind, breaks }) => breaks && bug.finds.includes(kind));
    if (failure === null || finding === undefined) continue;
    return {
      ...known, finding: finding.kind, crash: failure.outcome.crash, seed, trials,
      tookMs: performance.now() - beganMs, text: finding.text,
    };
  }
  return {
    ...known, finding: null, crash: null, seed: null, trials: bug.within,
    tookMs: performance.now() - beganMs, text: null,
  };
}
