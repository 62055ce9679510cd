// Small things that the benches share: medians, columns, options, results.

import { reasonOf } from '../../../errors.ts';

export interface BenchOptions {
  /** A look instead of a measurement. */
  readonly quick: boolean;
  /** Of the data of large measurements; 1 = as large as they are meant to be. */
  readonly scale: number;
  readonly rounds: number;
  /** Seconds that one load of one server lasts, about. */
  readonly seconds: number;
  readonly policies: readonly string[];
  readonly pipelines: readonly number[];
  /** Names of tests; empty = all. */
  readonly tests: readonly string[];
  /** Length of the latency part. */
  readonly latencySeconds: number;
  /** How many the fuzz part sends. */
  readonly inputs: number;
  /** What repeats the fuzz part; null: drawn. */
  readonly seed: number | null;
}

export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1
    ? (sorted[middle] ?? NaN)
    : ((sorted[middle - 1] ?? NaN) + (sorted[middle] ?? NaN)) / 2;
}

/** One measured thing of ours beside a peer's; rates, where more is better, unless named else. */
export interface BenchResult {
  readonly name: string;
  readonly unit: 'operations a second' | 'µs CPU an operation' | 'bytes' | 'ns an operation'
    | 'seconds' | 'ms';
  readonly ours: number;
  /** Null where there is no peer to run beside. */
  readonly theirs: number | null;
  /** ours ÷ theirs of each round; the interval is null below 6 rounds. */
  readonly ratio: {
    readonly median: number;
    readonly ci95: readonly [low: number, high: number] | null;
    /** Of each round: what `plugpull compare` reads. */
    readonly rounds: readonly number[];
  } | null;
}

/** A part of the benches: prints its table, gives what a program may read of it. */
export type BenchPart = (options: BenchOptions) => Promise<readonly BenchResult[]>;

let output: NodeJS.WritableStream = process.stdout;

/** Tables go to stderr from now on: stdout is for a program. */
export function printToStderr(): void {
  output = process.stderr;
}

export function print(text = ''): void {
  output.write(`${text}\n`);
}

/** Says what could not be measured; the benches end with 1 then. */
export function printFailure(what: string, error: unknown): void {
  process.exitCode = 1;
  print(`${what}: FAILED: ${reasonOf(error)}`);
}

/** Medians of pairs of one measurement in each round, with the median of their ratios. */
export function resultOf(
  pairs: readonly (readonly [ours: number, theirs: number])[],
  { name, unit }: Pick<BenchResult, 'name' | 'unit'>,
): BenchResult {
  const rounds = pairs.map(([ours, theirs]) => ours / theirs);
  return {
    name, unit,
    ours: median(pairs.map(([ours]) => ours)),
    theirs: median(pairs.map(([, theirs]) => theirs)),
    ratio: { median: median(rounds), ci95: medianInterval(rounds), rounds },
  };
}

/** Holds the true median of what was drawn in at least 95 % of cases; null below 6 values. */
export function medianInterval(
  values: readonly number[],
): readonly [low: number, high: number] | null {
  const sorted = values.toSorted((a, b) => a - b);
  const rank = lowRank(sorted.length);
  const [low, high] = [sorted[rank - 1], sorted[sorted.length - rank]];
  return low === undefined || high === undefined ? null : [low, high];
}

/** `1.42 [1.3, 1.55]`: the median with its interval; alone where there is none. */
export function withInterval(
  { median: middle, ci95 }: Pick<NonNullable<BenchResult['ratio']>, 'median' | 'ci95'>,
  digits: number = 2,
): string {
  const text = (value: number): string => value.toFixed(digits);
  return ci95 === null ? text(middle) : `${text(middle)} [${text(ci95[0])}, ${text(ci95[1])}]`;
}

/** The rank of the order statistic that bounds a median at 97.5 % from below; 0 for none. */
function lowRank(count: number): number {
  let [rank, ways, below] = [0, 1, 0]; // ways: count over rank
  for (;;) {
    below += ways / 2 ** count;
    if (below > 0.025) return rank;
    ways = (ways * (count - rank)) / (rank + 1);
    rank++;
  }
}

/** Text to the left in the first column, numbers to the right in the others. */
export function row(widths: readonly number[], cells: readonly string[]): string {
  return cells.map((cell, at) =>
    at === 0 ? cell.padEnd(widths[at] ?? 0) : cell.padStart(widths[at] ?? 0)).join(' ');
}

/** `1.03 ok`, `0.97 LOW`, or the number alone where nothing is wanted. */
export function verdict(ratio: number, wanted: number): string {
  if (wanted === 0) return ratio.toFixed(2);
  return `${ratio.toFixed(2)} ${ratio >= wanted ? 'ok' : `LOW <${wanted}`}`;
}
