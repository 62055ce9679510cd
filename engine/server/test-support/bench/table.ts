// Small things that the benches share: medians, columns, options.

export interface BenchOptions {
  /** A look instead of a measurement. */
  readonly quick: boolean;
  readonly rounds: number;
  /** Seconds that one load of one server lasts, about. */
  readonly seconds: number;
  readonly policies: readonly string[];
  readonly pipelines: readonly number[];
  /** Names of tests; empty = all. */
  readonly tests: readonly string[];
  /** Length of the latency part. */
  readonly latencySeconds: number;
}

export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1
    ? (sorted[middle] ?? NaN)
    : ((sorted[middle - 1] ?? NaN) + (sorted[middle] ?? NaN)) / 2;
}

export function print(text = ''): void {
  process.stdout.write(`${text}\n`);
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
