// Everything of ours beside its peer in one run: npm run bench -- --help.
import { execFile } from 'node:child_process';
import path from 'node:path';
import { parseArgs, promisify } from 'node:util';
import { policies } from '../../engine/server/test-support/bench/servers.ts';
import { print, printToStderr } from '../../engine/server/test-support/bench/table.ts';
import type { BenchOptions, BenchResult } from '../../engine/server/test-support/bench/table.ts';
import { bundleOf, cacheFolder } from '../metrics/bundle.ts';
import { aliases, parts } from './parts.bench.ts';

const usage = `npm run bench -- [options]
  --only micro,engine,memory,latency,persistence,slow-disk,disks,driver,trust,fuzz
                                        parts; default: all, about 25 minutes
  --json                                one object on stdout, {results: [{name, unit, ours, theirs,
                                        ratio: {median, ci95, rounds}}]}; tables go to stderr;
                                        plugpull compare ONE.json OTHER.json reads two of them
  --quick                               about a minute, for a look
  --scale F                             of the data of persistence; 1 unless --quick, then 0.1
  --tests set,get,lpush,...             of redis-benchmark's default tests
  --policy none,no,everysec,always      --pipeline 1,16
  --rounds N  --seconds N               of each measurement
  --latency-seconds N                   of mixed load for the slowest command
  --inputs N  --seed N                  of the fuzz part
Example: npm run bench -- --only engine --tests set,get --rounds 6 --json`;

function given(): ReturnType<typeof parse>['values'] {
  try {
    return parse().values;
  } catch (error) {
    print(error instanceof Error ? error.message : String(error));
    print(usage);
    process.exit(64);
  }
}

const parse = () => parseArgs({
  options: {
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
  },
});

const values = given();
if (values.help) {
  print(usage);
  process.exit(0);
}
if (values.json) printToStderr();
const list = (text: string | undefined): string[] => text?.toLowerCase().split(',') ?? [];
const { quick } = values;
const options: BenchOptions = {
  quick,
  scale: Number(values.scale ?? (quick ? 0.1 : 1)),
  rounds: Number(values.rounds ?? (quick ? 1 : 3)),
  seconds: Number(values.seconds ?? (quick ? 0.3 : 0.6)),
  policies: values.policy === undefined ? policies : list(values.policy),
  pipelines: values.pipeline === undefined ? [1, 16] : list(values.pipeline).map(Number),
  tests: list(values.tests),
  latencySeconds: Number(values['latency-seconds'] ?? (quick ? 5 : 60)),
  inputs: Number(values.inputs ?? (quick ? 20_000 : 1_000_000)),
  seed: values.seed === undefined ? null : Number(values.seed),
};

const chosen = (values.only === undefined ? Object.keys(parts) : list(values.only))
  .map((name) => aliases[name] ?? name);
const unknown = chosen.find((name) => parts[name] === undefined);
if (unknown !== undefined) {
  print(`--only: expected ${Object.keys(parts).join(', ')}, found '${unknown}'`);
  process.exit(64);
}
await useBundle();
const results: BenchResult[] = [];
const beganMs = performance.now();
for (const name of chosen) {
  results.push(...await parts[name]?.(options) ?? []);
  print();
}
print(`${((performance.now() - beganMs) / 1000).toFixed(0)} s`);
if (values.json) process.stdout.write(`${JSON.stringify({ results }, null, 2)}\n`);

/**
 * Engines start from the bundle that the package ships, with Node's compile cache, as users and the
 * harness start them: from two hundred sources a start takes half a second more.
 */
async function useBundle(): Promise<void> {
  const engine = path.join(import.meta.dirname, '../../engine');
  process.env['NODE_COMPILE_CACHE'] ??= cacheFolder;
  const entry = process.env['PLUGPULL_ENGINE_ENTRY']
    ??= await bundleOf(path.join(engine, 'main.ts'), [path.join(engine, 'snapshot-worker.ts')]);
  // A server that is killed leaves nothing in the cache; this one does.
  await promisify(execFile)(process.execPath, [entry, '--version']);
}
