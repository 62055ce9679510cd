// The registry of faults, and reading what a scenario or a flag asks for.
//
//   disk-full@0.2-0.6+kill-in-rewrite      joined by +; @from-to are fractions of the load
//   disk-full@random                       drawn for each trial anew, by its seed

import { HarnessError } from '../errors.ts';
import { aimedKill, aimedNames, repeatedKills, repeatedNames } from './aimed.ts';
import { damageFault, damageNames } from './damage.ts';
import { diskFault, diskFaultNames } from './disk-faults.ts';
import type { Fault } from './fault.ts';
import { killFault, terminateFault } from './kill.ts';
import { loadingFault, loadingNames } from './loading.ts';
import { noFault } from './none.ts';
import { powerFault } from './power.ts';
import { clockJumpFault, outOfMemoryFault, pauseFault } from './process-faults.ts';

/** The ends of a load that the crash models have. */
export const faults: Readonly<Record<'kill' | 'none' | 'power', Fault>> = {
  kill: killFault, none: noFault, power: powerFault,
};

const made: ReadonlyMap<string, () => Fault> = new Map<string, () => Fault>([
  ...diskFaultNames.map((name): [string, () => Fault] => [name, () => diskFault(name)]),
  ['pause', pauseFault],
  ['clock-jump', () => clockJumpFault],
  ['terminate', () => terminateFault],
  ['out-of-memory', () => outOfMemoryFault],
  ...aimedNames.map((name): [string, () => Fault] => [name, () => aimedKill(name)]),
  ...repeatedNames.map((name): [string, () => Fault] => [name, () => repeatedKills(name)]),
  ...loadingNames.map((name): [string, () => Fault] => [name, () => loadingFault(name)]),
  ...damageNames.map((name): [string, () => Fault] => [name, () => damageFault(name)]),
]);

/** Everything that `--fault` takes. */
export const faultNames: readonly string[] = [...made.keys()];

/** One fault of a cell, and when. */
export interface FaultStep {
  readonly name: string;
  /** Fraction of the time to the crash. */
  readonly from: number;
  /** When it is healed; 1: at the crash. */
  readonly to: number;
  /** Each trial draws moments of its own. */
  readonly isRandom: boolean;
}

/** Makes the fault of a step, for one trial. */
export function makeFault(name: string): Fault {
  const make = made.get(name);
  if (make === undefined) throw new Error(`no fault ${name}`);
  return make();
}

const defaultFrom = 0.3;
// In thousandths of the load: a fault is in force for a twentieth of it at least.
const [whole, shortest] = [1000, 50];

/** The step with moments of one trial; `draw` gives whole numbers, bounds included. */
export function atMoments(step: FaultStep, draw: (from: number, to: number) => number): FaultStep {
  if (!step.isRandom) return step;
  const from = draw(0, whole - 2 * shortest);
  const to = draw(from + shortest, whole);
  return { ...step, from: from / whole, to: to / whole };
}

/**
 * The steps in a text such as `disk-full@0.2-0.6+kill-in-rewrite`; none in ''.
 * @throws {HarnessError} USAGE naming the word, what was expected and what was found.
 */
export function parseFaults(text: string): FaultStep[] {
  const steps = text === '' ? [] : text.split('+').map(parseStep);
  const ends = steps.filter(({ name }) => makeFault(name).when === 'end');
  if (ends.length > 1) {
    const names = ends.map(({ name }) => name).join(' and ');
    throw bad(text, `at most one fault that ends the server, found ${names}`);
  }
  return steps;
}

function parseStep(word: string): FaultStep {
  const [name = '', times, ...more] = word.split('@');
  if (!made.has(name)) throw bad(word, `one of ${faultNames.join(', ')}`);
  if (times === 'random' && more.length === 0) return { name, from: 0, to: 1, isRandom: true };
  const match = /^(\d(?:\.\d+)?)(?:-(\d(?:\.\d+)?))?$/.exec(times ?? String(defaultFrom));
  const [from, to] = [Number(match?.[1]), Number(match?.[2] ?? 1)];
  if (match === null || more.length > 0 || !(from >= 0 && from < to && to <= 1)) {
    throw bad(word, '@random, or fractions of the load such as @0.3 or @0.2-0.6');
  }
  return { name, from, to, isRandom: false };
}

function bad(found: string, expected: string): HarnessError {
  return new HarnessError('USAGE', `fault '${found}': expected ${expected}`);
}
