// npm run fuzz [-- --inputs N] [--redis N] [--seed N]: a million damaged inputs, then some to
// redis-server as well, which must answer alike. Exits with 1 at what is not borne.
import { randomInt } from 'node:crypto';
import { parseArgs } from 'node:util';
import { hasRedis } from './test-support/bench/servers.ts';
import { print } from './test-support/bench/table.ts';
import { compareWithRedis } from './test-support/fuzz/differential.ts';
import { fuzz } from './test-support/fuzz/fuzzer.ts';

const { values } = parseArgs({
  options: {
    inputs: { type: 'string', default: '1000000' },
    redis: { type: 'string', default: '5000' },
    seed: { type: 'string' },
  },
});
const seed = Number(values.seed ?? randomInt(2 ** 31));
const inputs = Number(values.inputs);
print(`fuzz: ${inputs} inputs, --seed ${seed}`);
const beganMs = performance.now();
const report = await fuzz(seed, inputs);
const seconds = (performance.now() - beganMs) / 1000;
print(`${report.inputs} inputs, ${(report.bytes / 1e6).toFixed(0)} MB, ${report.replies} replies `
  + `(${report.errors} errors), ${report.closed} connections closed, ${seconds.toFixed(0)} s`);
print(report.failure ?? 'nothing was thrown, every reply whole, the other client always served');

let different = 0;
if (await hasRedis()) {
  const { inputs: compared, differences } = await compareWithRedis(seed, Number(values.redis));
  different = differences.length;
  print(`${compared} inputs to redis-server as well: ${different} answered differently`);
  for (const difference of differences.slice(0, 10)) print(difference);
}
process.exit(report.failure === null && different === 0 ? 0 : 1);
