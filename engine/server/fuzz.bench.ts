// Damaged inputs, a million of them unless told otherwise, then some to redis-server as well, which
// must answer alike. The process ends with 1 at what is not borne.
import { randomInt } from 'node:crypto';
import { hasRedis } from './test-support/bench/servers.ts';
import { print } from './test-support/bench/table.ts';
import type { BenchOptions, BenchResult } from './test-support/bench/table.ts';
import { compareWithRedis } from './test-support/fuzz/differential.ts';
import { fuzz } from './test-support/fuzz/fuzzer.ts';

/** Of so many inputs one is given to redis-server as well. */
const inputsToCompared = 200;

/** Prints what was sent, with the seed that repeats it, and what came of it. */
export async function fuzzing(options: BenchOptions): Promise<BenchResult[]> {
  const seed = options.seed ?? randomInt(2 ** 31);
  print(`fuzz: ${options.inputs} inputs, --seed ${seed}`);
  const beganMs = performance.now();
  const report = await fuzz(seed, options.inputs);
  const seconds = (performance.now() - beganMs) / 1000;
  print(`${report.inputs} inputs, ${(report.bytes / 1e6).toFixed(0)} MB, ${report.replies} replies `
    + `(${report.errors} errors), ${report.closed} connections closed, ${seconds.toFixed(0)} s`);
  print(report.failure ?? 'nothing was thrown, every reply whole, the other client always served');
  if (report.failure !== null) process.exitCode = 1;
  if (await hasRedis()) await compare(seed, Math.ceil(options.inputs / inputsToCompared));
  return []; // borne or not: there is nothing to compare
}

async function compare(seed: number, count: number): Promise<void> {
  const { inputs, differences } = await compareWithRedis(seed, count);
  print(`${inputs} inputs to redis-server as well: ${differences.length} answered differently`);
  for (const difference of differences.slice(0, 10)) print(difference);
  if (differences.length > 0) process.exitCode = 1;
}
