// What `npm run bench` is asked for: its flags, checked before anything starts, and the document
// that a program reads of it.

import { parseArgs } from 'node:util';
import { policies } from '../../engine/server/test-support/bench/servers.ts';
import type { BenchOptions, BenchResult } from '../../engine/server/test-support/bench/table.ts';
import { mainWorkloads, otherWorkloads } from '../../engine/server/test-support/bench/workloads.ts';
import { reasonOf } from '../errors.ts';
import { describeTestbed } from '../metrics/testbed.ts';
import type { Testbed } from '../metrics/testbed.ts';

export const usage: string = `npm run -s bench -- [options]
  --only micro,engine,memory,latency,persistence,slow-disk,disks,driver,trust,fuzz
                                        parts; default: all, about half an hour
  --json                                one object on stdout, {testbed, results: [{name, unit,
                                        ours, theirs, ratio: {median, ci95, rounds}}]}; tables go
                                        to stderr; plugpull compare ONE.json OTHER.json reads two
  --quick                               a few minutes, for a look: one round, no intervals
  --scale F                             of the data of persistence; 1 unless --quick, then 0.1
  --tests set,get,lpush,...             of redis-benchmark's default tests; start, bgsave,
                                        bgrewriteaof of persistence
  --policy none,no,everysec,always      --pipeline 1,16
  --rounds N                            of each measurement; 6 of micro, engine and driver, below
                                        which a median has no 95 % interval; 3 of the others
  --seconds N                           of each load; 0.4 of engine, 0.6 of the others
  --latency-seconds N                   of mixed load for the slowest command
  --inputs N  --seed N                  of the fuzz part
VALKEY_SERVER_BIN=PATH puts the engine beside valkey-server too (twice the time), MEMTIER_BIN=PATH
the driver beside memtier_benchmark. Exit code 1: a part failed; 64: a flag that is none.
Example: npm run -s bench -- --only engine --tests set,get --json > bench.json`;

/** A flag that cannot be. */
export class BenchUsageError extends Error {}

/** What is to be done. */
export interface BenchOrder {
  readonly help: boolean;
  readonly json: boolean;
  /** Names of parts, in the order asked for. */
  readonly chosen: readonly string[];
  /** The options of a part: what is not given differs from part to part. */
  readonly optionsOf: (part: string) => BenchOptions;
}

/** Parts by name, and former names. */
export interface KnownParts {
  readonly names: readonly string[];
  readonly aliases: Readonly<Record<string, string>>;
}

const flags = {
  help: { type: 'boolean', short: 'h', default: false },
  only: { type: 'string' },
  json: { type: 'boolean', default: false },
  quick: { type: 'boolean', default: false },
  scale: { type: 'string' },
  rounds: { type: 'string' },
  seconds: { type: 'string' },
  policy: { type: 'string' },
  pipeline: { type: 'string' },
  tests: { type: 'string' },
  'latency-seconds': { type: 'string' },
  inputs: { type: 'string' },
  seed: { type: 'string' },
} as const;

/** Where a median needs its interval: these ratios are what speed is claimed by. */
const usualRounds: Readonly<Record<string, number>> = { micro: 6, engine: 6, driver: 6 };
const usualSeconds: Readonly<Record<string, number>> = { engine: 0.4 };

/** Reads the words after `bench --`. @throws {BenchUsageError} what was expected and found. */
export function parseOrder(words: readonly string[], known: KnownParts): BenchOrder {
  const values = valuesOf(words);
  const { quick } = values;
  const number = (name: keyof typeof values, kind: NumberKind): number | null => {
    const text = values[name];
    return typeof text === 'string' ? numberOf(`--${name}`, text, kind) : null;
  };
  const [rounds, seconds] = [number('rounds', 'count'), number('seconds', 'amount')];
  const common = {
    quick,
    scale: number('scale', 'amount') ?? (quick ? 0.1 : 1),
    policies: values.policy === undefined ? policies
      : listOf('--policy', values.policy, policies),
    pipelines: values.pipeline === undefined ? [1, 16]
      : values.pipeline.split(',').map((text) => numberOf('--pipeline', text, 'count')),
    tests: values.tests === undefined ? [] : listOf('--tests', values.tests, tests),
    latencySeconds: number('latency-seconds', 'amount') ?? (quick ? 5 : 60),
    inputs: number('inputs', 'count') ?? (quick ? 20_000 : 1_000_000),
    seed: number('seed', 'seed'),
  };
  const names = [...known.names, ...Object.keys(known.aliases)];
  const chosen = values.only === undefined ? known.names
    : listOf('--only', values.only, names).map((name) => known.aliases[name] ?? name);
  return {
    help: values.help, json: values.json, chosen,
    optionsOf: (part) => ({
      ...common,
      rounds: rounds ?? (quick ? 1 : usualRounds[part] ?? 3),
      seconds: seconds ?? (quick ? 0.3 : usualSeconds[part] ?? 0.6),
    }),
  };
}

/** Of redis-benchmark, and those of the part `persistence`. */
const tests: readonly string[] = [
  ...[...mainWorkloads, ...otherWorkloads].map(({ name }) => name.toLowerCase()),
  'start', 'bgsave', 'bgrewriteaof',
];

function valuesOf(words: readonly string[]) {
  try {
    return parseArgs({ args: [...words], options: flags }).values;
  } catch (error) {
    throw new BenchUsageError(reasonOf(error));
  }
}

type NumberKind = 'count' | 'amount' | 'seed';

const expected: Readonly<Record<NumberKind, string>> = {
  count: 'a whole number above 0', amount: 'a number above 0', seed: 'a whole number from 0 on',
};

function numberOf(flag: string, text: string, kind: NumberKind): number {
  const value = /^\d+(\.\d+)?$/.test(text) ? Number(text) : Number.NaN;
  const isWhole = kind === 'amount' || Number.isSafeInteger(value);
  if (isWhole && value >= (kind === 'seed' ? 0 : Number.MIN_VALUE)) return value;
  throw new BenchUsageError(`${flag}: expected ${expected[kind]}, found '${text}'`);
}

function listOf(flag: string, text: string, known: readonly string[]): string[] {
  const words = text.toLowerCase().split(',');
  const unknown = words.find((word) => !known.includes(word));
  if (unknown === undefined) return words;
  throw new BenchUsageError(`${flag}: expected ${known.join(', ')}, found '${unknown}'`);
}

/** What `--json` prints. */
export interface BenchDocument {
  readonly testbed: Testbed;
  readonly results: readonly BenchResult[];
}

/** The results with the machine that they are from; `directory`: where the servers' data lay. */
export function documentOf(results: readonly BenchResult[], directory: string): BenchDocument {
  return { testbed: describeTestbed(directory), results };
}
