// The engine beside redis-server in one run: npm run bench -- --help.
import { parseArgs } from 'node:util';
import { compare } from './compare.bench.ts';
import { latency } from './latency.bench.ts';
import { memory } from './memory.bench.ts';
import { micro } from './micro.bench.ts';
import { policies } from './test-support/bench/servers.ts';
import { print } from './test-support/bench/table.ts';
import type { BenchOptions } from './test-support/bench/table.ts';

const parts: Readonly<Record<string, (options: BenchOptions) => Promise<void>>> = {
  micro, compare, memory, latency,
};

const usage = `npm run bench -- [options]
  --only micro,compare,memory,latency   parts; default: all, about five minutes
  --quick                               about a minute, for a look
  --tests set,get,lpush,...             of redis-benchmark's default tests
  --policy none,no,everysec,always      --pipeline 1,16
  --rounds N  --seconds N               of each measurement
  --latency-seconds N                   of mixed load for the slowest command
Example: npm run bench -- --only compare --tests set,get --rounds 5`;

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
    quick: { type: 'boolean', default: false },
    rounds: { type: 'string' },
    seconds: { type: 'string' },
    policy: { type: 'string' },
    pipeline: { type: 'string' },
    tests: { type: 'string' },
    'latency-seconds': { type: 'string' },
  },
});

const values = given();
if (values.help) {
  print(usage);
  process.exit(0);
}
const list = (text: string | undefined): string[] => text?.toLowerCase().split(',') ?? [];
const { quick } = values;
const options: BenchOptions = {
  quick,
  rounds: Number(values.rounds ?? (quick ? 1 : 3)),
  seconds: Number(values.seconds ?? (quick ? 0.3 : 0.6)),
  policies: values.policy === undefined ? policies : list(values.policy),
  pipelines: values.pipeline === undefined ? [1, 16] : list(values.pipeline).map(Number),
  tests: list(values.tests),
  latencySeconds: Number(values['latency-seconds'] ?? (quick ? 5 : 20)),
};

const chosen = values.only === undefined ? Object.keys(parts) : list(values.only);
const beganMs = performance.now();
for (const name of chosen) {
  const part = parts[name];
  if (part === undefined) {
    print(`--only: expected ${Object.keys(parts).join(', ')}, found '${name}'`);
    process.exit(64);
  }
  await part(options);
  print();
}
print(`${((performance.now() - beganMs) / 1000).toFixed(0)} s`);
