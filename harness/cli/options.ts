// The flags that choose and change what is run, shared by `run` and `list`.

import type { Command } from 'commander';
import { limits } from '../plan/define-scenario.ts';
import type { Overrides } from '../plan/overrides.ts';
import { crashModels, fileSystems, targetNames } from '../plan/scenario.ts';
import type { Load } from '../plan/scenario.ts';
import { fsyncNames, persistNames, reservedDirectives } from '../plan/settings.ts';
import {
  parseAssignments, parseCount, parseDurationMs, parseNames, parseSizeBytes, usage,
} from './values.ts';

/** The flags as commander hands them over: words, not yet checked. */
export interface SelectionFlags {
  readonly target?: readonly string[];
  readonly persist?: readonly string[];
  readonly fsync?: readonly string[];
  readonly crash?: readonly string[];
  readonly fs?: readonly string[];
  readonly tag?: readonly string[];
  readonly trials?: string;
  readonly duration?: string;
  readonly clients?: string;
  readonly pipeline?: string;
  readonly rate?: string;
  readonly keys?: string;
  readonly valueSize?: string;
  readonly set?: readonly string[];
  readonly seed?: string;
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
    .option('--target <names>', 'bundled, redis, valkey', more)
    .option('--persist <names>', 'none, rdb, aof, rdb+aof', more)
    .option('--fsync <names>', 'always, everysec, no', more)
    .option('--crash <models>', 'process, power, power-torn, block', more)
    .option('--fs <names>', 'file systems of block: ext4, xfs', more)
    .option('--seed <number>', 'repeats the plan of a former run')
    .optionsGroup('Changes to the scenarios:')
    .option('--trials <number>', 'repetitions of each cell')
    .option('--duration <time>', 'measured load of a trial: 500ms, 3s, 1m')
    .option('--clients <number>', 'connections')
    .option('--pipeline <number>', 'requests in flight on each connection')
    .option('--rate <number>', 'operations a second; without it as fast as replies come')
    .option('--keys <number>', 'keys of the load: 8000, 50k, 1m')
    .option('--value-size <bytes>', 'size of a value: 100, 4kb')
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
      ...whenGiven('fileSystems', parsedNames('--fs', given.fs, fileSystems)),
      ...whenGiven('trials', given.trials === undefined ? undefined
        : parseCount('--trials', given.trials, limits.trials)),
      load: parseLoad(given),
      directives: parseDirectives(given.set ?? []),
    },
    flags: repeatedFlags(given),
  };
}

function parseLoad(given: SelectionFlags): Partial<Load> {
  const { duration, clients, pipeline, rate, keys, valueSize } = given;
  return {
    ...whenGiven('durationMs', duration === undefined ? undefined
      : parseDurationMs('--duration', duration, limits.durationMs)),
    ...whenGiven('clients', clients === undefined ? undefined
      : parseCount('--clients', clients, limits.clients)),
    ...whenGiven('pipeline', pipeline === undefined ? undefined
      : parseCount('--pipeline', pipeline, limits.pipeline)),
    ...whenGiven('ratePerSecond', rate === undefined ? undefined
      : parseCount('--rate', rate, limits.ratePerSecond)),
    ...whenGiven('keys', keys === undefined ? undefined
      : parseCount('--keys', keys, limits.keys)),
    ...whenGiven('valueSizeBytes', valueSize === undefined ? undefined
      : parseSizeBytes('--value-size', valueSize, limits.valueSizeBytes)),
  };
}

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
  ['--pipeline', 'pipeline'], ['--rate', 'rate'], ['--keys', 'keys'],
  ['--value-size', 'valueSize'],
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
