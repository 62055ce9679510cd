// The flags that choose and change what is run, shared by `run` and `list`.

import type { Command } from 'commander';
import { isProfile, profileExpected } from '../drivers/resp/load/rate-profile.ts';
import { limits } from '../plan/define-scenario.ts';
import type { Overrides } from '../plan/overrides.ts';
import { arrivalNames, crashModels, fileSystems, targetNames } from '../plan/scenario.ts';
import type { Load } from '../plan/scenario.ts';
import { fsyncNames, persistNames, reservedDirectives } from '../plan/settings.ts';
import { mixNames } from '../workloads/spec.ts';
import { distributionExpected, isDistribution } from '../workloads/key-distribution.ts';
import {
  parseRate, parseRateList, parseShape, parseShare, parseValueSize, parseValueSizeList,
} from './load-values.ts';
import { parseAssignments, parseCount, parseDurationMs, parseNames, usage } from './values.ts';

/** The flags as commander hands them over: words, not yet checked. */
export interface SelectionFlags {
  readonly target?: readonly string[];
  readonly persist?: readonly string[];
  readonly fsync?: readonly string[];
  readonly crash?: readonly string[];
  readonly fs?: readonly string[];
  readonly fault?: readonly string[];
  readonly tag?: readonly string[];
  readonly trials?: string;
  readonly duration?: string;
  readonly clients?: string;
  readonly pipeline?: string;
  readonly rate?: string;
  readonly keys?: string;
  readonly arrivals?: string;
  readonly profile?: string;
  readonly dist?: string;
  readonly reads?: string;
  readonly mix?: string;
  readonly valueSize?: string;
  readonly images?: string;
  readonly set?: readonly string[];
  readonly seed?: string;
}

/** Those of `run`: what is run, and what becomes of it. */
export interface RunFlags extends SelectionFlags {
  readonly out: string;
  readonly json?: boolean;
  readonly open?: boolean;
  readonly dryRun?: boolean;
  readonly shard?: string;
  readonly durations?: string;
}

/** What the flags ask for. */
export interface Selection {
  readonly tags: readonly string[];
  /** Null: the run draws one. */
  readonly seed: number | null;
  readonly overrides: Overrides;
  /** The flags of `overrides` that a command to run a cell again must carry. */
  readonly flags: readonly string[];
}

/** Adds the flags to a command. Lists take commas and repetition alike. */
export function addSelectionFlags(command: Command): Command {
  const more = (word: string, words: readonly string[] = []): string[] => [...words, word];
  return command
    .optionsGroup('What to run:')
    .option('--tag <tags>', 'scenarios with one of these tags (default: chaos)', more)
    .option('--target <names>', 'bundled, redis, valkey, command', more)
    .option('--persist <names>', 'none, rdb, aof, rdb+aof', more)
    .option('--fsync <names>', 'always, everysec, no', more)
    .option('--crash <models>', 'process, power, power-torn, block', more)
    .option('--fs <names>', 'file systems of block: ext4, xfs', more)
    .option('--fault <faults>', 'such as disk-slow@0.2-0.6 or kill-in-rewrite; see README', more)
    .option('--seed <number>', 'repeats the plan of a former run')
    .optionsGroup('Changes to the scenarios:')
    .option('--trials <number>', 'repetitions of each cell')
    .option('--duration <time>', 'measured load of a trial: 500ms, 3s, 1m')
    .option('--clients <number>', 'connections')
    .option('--pipeline <number>', 'requests in flight on each connection')
    .option('--rate <rate>', 'open loop: 50k a second, 100/client, 70% of the peak; or max; '
      + 'in a study of background work 2k,5k,10k one by one')
    .option('--arrivals <name>', 'open loop: even, poisson')
    .option('--profile <shape>', 'open loop: flat, ramp:0.1-1, steps:0.5,1,2')
    .option('--mix <name>', 'operations: set, chaos, full (every type, two databases)')
    .option('--keys <number>', 'keys of the load: 8000, 50k, 1m')
    .option('--dist <name>', 'uniform, sequential, zipf:0.99, hotset:0.1:0.9')
    .option('--reads <share>', 'GETs among the operations: 0.5, 50%')
    .option('--value-size <bytes>', '100, 4kb, uniform:64-512, lognormal:200:0.8, trace:FILE; '
      + 'in a study 100,1kb,4kb one by one')
    .option('--images <number>', 'crash images that are booted of each power cut run')
    .option('--set <directive=value>', 'further directive for the target, repeatable', more);
}

/**
 * Checks the flags.
 * @throws {HarnessError} USAGE naming the flag, what was expected and what was found.
 */
export function parseSelection(given: SelectionFlags): Selection {
  return {
    tags: (given.tag ?? []).flatMap((word) => word.split(',')),
    seed: given.seed === undefined ? null : parseCount('--seed', given.seed, [0, 0xffffffff]),
    overrides: {
      ...whenGiven('targets', parsedNames('--target', given.target, targetNames)),
      ...whenGiven('persist', parsedNames('--persist', given.persist, persistNames)),
      ...whenGiven('fsync', parsedNames('--fsync', given.fsync, fsyncNames)),
      ...whenGiven('crash', parsedNames('--crash', given.crash, crashModels)),
      ...whenGiven('faults', given.fault?.flatMap((word) => word.split(','))),
      ...whenGiven('fileSystems', parsedNames('--fs', given.fs, fileSystems)),
      ...whenGiven('trials', given.trials === undefined ? undefined
        : parseCount('--trials', given.trials, limits.trials)),
      ...whenGiven('images', given.images === undefined ? undefined
        : parseCount('--images', given.images, limits.images)),
      load: parseLoad(given),
      ...whenGiven('valueSizeBytes', parseValueSizeList(given.valueSize)),
      ...whenGiven('ratePerSecond', parseRateList(given.rate)),
      ...whenGiven('ratePerClient', parseRate(given.rate).ratePerClient),
      directives: parseDirectives(given.set ?? []),
    },
    flags: repeatedFlags(given),
  };
}

function parseLoad(given: SelectionFlags): Partial<Load> {
  const { duration, clients, pipeline, rate, keys } = given;
  return {
    ...whenGiven('durationMs', duration === undefined ? undefined
      : parseDurationMs('--duration', duration, limits.durationMs)),
    ...whenGiven('clients', clients === undefined ? undefined
      : parseCount('--clients', clients, limits.clients)),
    ...whenGiven('pipeline', pipeline === undefined ? undefined
      : parseCount('--pipeline', pipeline, limits.pipeline)),
    ...parseRate(rate).load,
    ...whenGiven('arrivals', parsedNames('--arrivals', listOf(given.arrivals), arrivalNames)?.[0]),
    ...whenGiven('profile', parseShape('--profile', given.profile,
      { is: isProfile, expected: profileExpected })),
    ...whenGiven('mix', parsedNames('--mix', listOf(given.mix), mixNames)?.[0]),
    ...whenGiven('distribution', parseShape('--dist', given.dist,
      { is: isDistribution, expected: distributionExpected })),
    ...whenGiven('readShare', given.reads === undefined ? undefined
      : parseShare('--reads', given.reads, [0, 0.99])),
    ...whenGiven('keys', keys === undefined ? undefined
      : parseCount('--keys', keys, limits.keys)),
    ...parseValueSize(given.valueSize),
  };
}

const listOf = (word: string | undefined): string[] | undefined => word?.split(',');

function parseDirectives(words: readonly string[]): Record<string, string> {
  const directives = parseAssignments('--set', words);
  for (const name of Object.keys(directives)) {
    const reason = reservedDirectives[name];
    if (reason !== undefined) throw usage(`--set: '${name}' cannot be set here; ${reason}`);
  }
  return directives;
}

function parsedNames<const TName extends string>(
  flag: string, words: readonly string[] | undefined, known: readonly TName[],
): TName[] | undefined {
  return words === undefined ? undefined : parseNames(flag, words, known);
}

const repeated = [
  ['--trials', 'trials'], ['--duration', 'duration'], ['--clients', 'clients'],
  ['--pipeline', 'pipeline'], ['--rate', 'rate'], ['--arrivals', 'arrivals'],
  ['--profile', 'profile'], ['--mix', 'mix'], ['--keys', 'keys'], ['--dist', 'dist'],
  ['--reads', 'reads'], ['--value-size', 'valueSize'], ['--images', 'images'],
] as const;

function repeatedFlags(given: SelectionFlags): string[] {
  const flags = repeated.flatMap(([flag, name]) => {
    const value = given[name];
    return value === undefined ? [] : [flag, value];
  });
  return [...flags, ...(given.set ?? []).flatMap((word) => ['--set', word])];
}

/** An object with the field, or without it: fields that are there are never undefined. */
function whenGiven<const TName extends string, TValue>(
  name: TName, value: TValue | undefined,
): Partial<Record<TName, TValue>> {
  return value === undefined ? {} : { [name]: value } as Record<TName, TValue>;
}
