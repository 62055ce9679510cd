// A plan that breaks a promise, made smaller as long as it breaks the same one: fewer lives,
// operations, events and failures, the smallest configuration.

import type { PlannedCut, PlannedLife, SimulationPlan } from './plan.ts';
import { simulate } from './simulate.ts';
import type { SimulationFailure, Wrap } from './simulate.ts';

/** What came of it. */
export interface Shrunk {
  readonly plan: SimulationPlan;
  readonly failure: SimulationFailure;
  /** Smaller plans that were tried. */
  readonly attempts: number;
}

const smallestValueBytes = 32;
const atTheEnd = 0.999;

/** How far it goes. */
export interface ShrinkLimits {
  /** Other plans that are tried at most: 400. */
  readonly attemptsMax?: number;
  /** Asked before each of them; what was reached by then is the result. */
  readonly isOver?: () => Promise<boolean>;
}

/** Makes a failing plan smaller. */
export async function shrink(
  failing: { readonly plan: SimulationPlan; readonly failure: SimulationFailure },
  wrap: Wrap = () => ({}),
  { attemptsMax = 400, isOver = async () => false }: ShrinkLimits = {},
): Promise<Shrunk> {
  let { plan, failure } = failing;
  const { kind } = worst(failure);
  let attempts = 0;
  for (let again = true; again;) {
    again = false;
    for (const smaller of smallerPlans(plan, failure)) {
      if (attempts === attemptsMax || await isOver()) return { plan, failure, attempts };
      attempts++;
      const result = await simulate(smaller, wrap);
      if (result.failure === null || worst(result.failure).kind !== kind) continue;
      [plan, failure, again] = [smaller, result.failure, true];
      break;
    }
  }
  return { plan, failure, attempts };
}

function worst({ outcome }: SimulationFailure): { readonly kind: string } {
  return outcome.judgement.findings[0] ?? { kind: 'none' };
}

/** Plans that are smaller in one respect, the largest steps first. */
function* smallerPlans(
  plan: SimulationPlan, { life, cut }: SimulationFailure,
): Generator<SimulationPlan> {
  const lives = plan.lives.slice(0, life + 1);
  const last = lives[life] as PlannedLife;
  if (plan.lives.length > lives.length || last.cuts.length > cut + 1) {
    yield { ...plan, lives: lives.with(life, { ...last, cuts: last.cuts.slice(0, cut + 1) }) };
  }
  for (const index of lives.keys()) {
    if (lives.length > 1) yield { ...plan, lives: lives.toSpliced(index, 1) };
  }
  // At the end of a life a crash stays where it is while the life gets shorter.
  const [only, ...others] = lives.at(-1)?.cuts ?? [];
  if (only !== undefined && others.length === 0 && only.at < atTheEnd) {
    const later = { ...last, cuts: [{ ...only, at: atTheEnd }] };
    yield { ...plan, lives: lives.with(lives.length - 1, later) };
  }
  // While a life is long, the promise still breaks in most smaller configurations.
  yield* smallerConfigurations(plan);
  for (const [index, each] of lives.entries()) {
    for (const smaller of smallerLives(each)) yield { ...plan, lives: lives.with(index, smaller) };
  }
}

function* smallerConfigurations(plan: SimulationPlan): Generator<SimulationPlan> {
  const { clients, keysPerClient, pipeline, valueSizeBytes, sliceKeys, directives } = plan;
  if (clients > 2) yield { ...plan, clients: 1 };
  if (clients > 1) yield { ...plan, clients: clients - 1 };
  if (keysPerClient > 2) yield { ...plan, keysPerClient: Math.max(2, keysPerClient >> 1) };
  if (pipeline > 1) yield { ...plan, pipeline: pipeline >> 1 };
  if (plan.mix === 'full') yield { ...plan, mix: 'chaos' };
  if ((plan.valueSizes ?? 'fixed') !== 'fixed') yield { ...plan, valueSizes: 'fixed' };
  if (valueSizeBytes > smallestValueBytes) yield { ...plan, valueSizeBytes: smallestValueBytes };
  if (sliceKeys < 16) yield { ...plan, sliceKeys: 16 };
  for (const [index, [name]] of directives.entries()) {
    if (name.startsWith('append')) continue;
    const isDefault = name === 'save' && directives[index]?.[1] === '';
    if (!isDefault) yield { ...plan, directives: without(directives, index, name) };
  }
}

/** Without a directive; `save` is switched off, since its default is not. */
function without(
  directives: SimulationPlan['directives'], index: number, name: string,
): SimulationPlan['directives'] {
  return name === 'save' ? directives.with(index, ['save', '']) : directives.toSpliced(index, 1);
}

function* smallerLives(life: PlannedLife): Generator<PlannedLife> {
  const { turns, events, faults, cuts } = life;
  if (turns > 1) {
    for (const part of [turns >> 2, turns >> 1, turns - 1]) {
      if (part < turns) yield { ...life, turns: part };
    }
  }
  for (const index of cuts.keys()) {
    if (cuts.length > 1) yield { ...life, cuts: cuts.toSpliced(index, 1) };
  }
  for (const index of events.keys()) yield { ...life, events: events.toSpliced(index, 1) };
  for (const index of faults.keys()) yield { ...life, faults: faults.toSpliced(index, 1) };
  for (const [index, cut] of cuts.entries()) {
    for (const simpler of simplerCuts(cut)) yield { ...life, cuts: cuts.with(index, simpler) };
  }
}

function* simplerCuts(cut: PlannedCut): Generator<PlannedCut> {
  if (cut.fault !== null) yield { ...cut, fault: null };
  if (cut.again !== null) yield { ...cut, again: null };
  if (cut.damage !== null) yield { ...cut, damage: null };
}
