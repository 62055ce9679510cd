// What a simulation will do, drawn from a seed as plain data: so that it can be written down,
// repeated, and made smaller.

import type { Fault } from '../../engine/io/memory-disk.ts';
import type { CrashModel } from '../plan/scenario.ts';
import { parseSetting } from '../plan/settings.ts';
import type { SettingLabel } from '../plan/settings.ts';
import type { MixName } from '../workloads/spec.ts';
import type { ValueSizes } from '../workloads/value-sizes.ts';
import { damageKinds } from './damage.ts';
import type { DamageKind } from './damage.ts';
import { Random } from './random.ts';

/** Crash models that need nothing but the op log. */
export type SimulatedCrash = Exclude<CrashModel, 'block'>;
export const simulatedCrashes: readonly SimulatedCrash[] = ['process', 'power', 'power-torn'];

/** Settings that keep something. */
export const simulatedSettings: readonly SettingLabel[] = [
  'rdb', 'aof/no', 'aof/everysec', 'aof/always', 'rdb+aof/everysec', 'rdb+aof/always',
];

/** Something that happens at a turn of a life. */
export interface PlannedEvent {
  readonly turn: number;
  readonly kind: 'bgsave' | 'save' | 'rewrite' | 'jump' | 'hold-syncs';
  /** `jump`: ms that pass at once. `hold-syncs`: turns for which no asynchronous sync ends. */
  readonly amount: number;
}

/** A failure of the disk; its n-th call counts from the turn. */
export interface PlannedFault {
  readonly turn: number;
  readonly fault: Fault;
}

/** One crash to be looked at. */
export interface PlannedCut {
  /** Where in the life's op log, 0 to 1. */
  readonly at: number;
  readonly crash: SimulatedCrash;
  /** Seed of what a torn crash keeps. */
  readonly seed: number;
  /** A failure while the engine recovers from it, after which it is started again. */
  readonly fault: Fault | null;
  /** Where recovery itself is crashed, 0 to 1 of its storage calls; null: it is not. */
  readonly again: number | null;
  /** What is done to the image besides; null: nothing. */
  readonly damage: DamageKind | null;
}

/** From one start of the engine to its crash. */
export interface PlannedLife {
  readonly seed: number;
  readonly turns: number;
  readonly events: readonly PlannedEvent[];
  readonly faults: readonly PlannedFault[];
  /** Crashes to be looked at, in the order of `at`; after the last one the next life begins. */
  readonly cuts: readonly PlannedCut[];
}

/** A whole simulation. */
export interface SimulationPlan {
  readonly seed: number;
  readonly setting: SettingLabel;
  readonly directives: readonly (readonly [string, string])[];
  readonly mix: MixName;
  readonly clients: number;
  readonly keysPerClient: number;
  readonly valueSizeBytes: number;
  /** `fixed` unless given. */
  readonly valueSizes?: ValueSizes;
  readonly pipeline: number;
  readonly sliceKeys: number;
  readonly lives: readonly PlannedLife[];
}

/** What may be drawn; a planted bug narrows it to where it can show. */
export interface SimulationScope {
  readonly settings: readonly SettingLabel[];
  readonly crashes: readonly SimulatedCrash[];
  /** Whether the disk may fail. */
  readonly faults: boolean;
  /** Whether what was durable may be damaged. */
  readonly damage: boolean;
}

/** Everything. */
export const wholeScope: SimulationScope = {
  settings: simulatedSettings, crashes: simulatedCrashes, faults: true, damage: true,
};

const cutsPerLife = 12;

/** The plan of a seed. */
export function planSimulation(seed: number, scope: SimulationScope = wholeScope): SimulationPlan {
  const random = new Random(seed);
  const setting = random.pick(scope.settings);
  const lives = random.between(1, 3);
  // A stream of its own, so that the rest of a plan does not depend on it.
  const load = new Random(seed ^ 0x5bd1e995);
  return {
    seed,
    setting,
    directives: directivesOf(setting, random),
    mix: load.oneIn(3) ? 'chaos' : 'full',
    valueSizes: load.oneIn(4) ? 'lognormal:100:1.2' : 'fixed',
    clients: random.between(1, 4),
    keysPerClient: random.between(2, 10),
    valueSizeBytes: random.pick([32, 40, 64, 200]),
    pipeline: random.between(1, 6),
    sliceKeys: random.pick([1, 2, 4, 16]),
    lives: Array.from({ length: lives }, () => planLife(random, scope)),
  };
}

function directivesOf(setting: SettingLabel, random: Random): (readonly [string, string])[] {
  const { persist, appendfsync } = parseSetting(setting);
  const hasLog = appendfsync !== null;
  return [
    ['appendonly', hasLog ? 'yes' : 'no'],
    ...(hasLog ? [['appendfsync', appendfsync] as const] : []),
    ['save', persist.startsWith('rdb') && random.oneIn(2) ? '1 10' : ''],
    ['aof-use-rdb-preamble', random.oneIn(3) ? 'no' : 'yes'],
    ['auto-aof-rewrite-min-size', random.oneIn(3) ? '2kb' : '64mb'],
    ['rdbcompression', random.oneIn(2) ? 'no' : 'yes'],
  ];
}

function planLife(random: Random, scope: SimulationScope): PlannedLife {
  const turns = random.between(40, 240);
  const at = (count: number): number[] =>
    Array.from({ length: count }, () => random.below(turns)).sort((a, b) => a - b);
  const hasFaults = scope.faults && random.oneIn(3);
  return {
    seed: random.seed(),
    turns,
    events: at(random.between(0, 6)).map((turn) => planEvent(turn, random)),
    faults: at(hasFaults ? random.between(1, 2) : 0)
      .map((turn) => ({ turn, fault: planFault(random) })),
    cuts: planCuts(random, scope),
  };
}

/** In order; the last one, which the next life goes on from, does no damage. */
function planCuts(random: Random, scope: SimulationScope): PlannedCut[] {
  const cuts = Array.from({ length: cutsPerLife }, () => planCut(random, scope));
  cuts.sort((a, b) => a.at - b.at);
  return cuts.map((cut, index) => (index === cuts.length - 1 ? { ...cut, damage: null } : cut));
}

function planCut(random: Random, scope: SimulationScope): PlannedCut {
  const fraction = (): number => random.below(1_000_000) / 1_000_000;
  return {
    at: fraction(),
    crash: random.pick(scope.crashes),
    seed: random.seed(),
    fault: scope.faults && random.oneIn(12) ? planFault(random) : null,
    again: random.oneIn(6) ? fraction() : null,
    damage: scope.damage && random.oneIn(6) ? random.pick(damageKinds) : null,
  };
}

function planEvent(turn: number, random: Random): PlannedEvent {
  const kind = random.pick(
    ['bgsave', 'bgsave', 'save', 'rewrite', 'rewrite', 'rewrite', 'jump', 'hold-syncs'] as const,
  );
  if (kind === 'jump') return { turn, kind, amount: random.between(1_100, 12_000) };
  return { turn, kind, amount: kind === 'hold-syncs' ? random.between(5, 60) : 0 };
}

function planFault(random: Random): Fault {
  const nth = random.between(1, 30);
  if (random.oneIn(3)) return { call: 'write', shortBytes: random.between(0, 40), nth };
  return {
    nth,
    code: random.pick(['EIO', 'ENOSPC']),
    sticky: random.oneIn(6),
  };
}
