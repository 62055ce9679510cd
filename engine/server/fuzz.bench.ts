// npm run fuzz [-- --inputs N] [--seed N]: a million damaged inputs; exits with 1 at the first that
// is not borne.
import { randomInt } from 'node:crypto';
import { parseArgs } from 'node:util';
import { print } from './test-support/bench/table.ts';
import { fuzz } from './test-support/fuzz/fuzzer.ts';

const { values } = parseArgs({
  options: { inputs: { type: 'string', default: '1000000' }, seed: { type: 'string' } },
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
process.exit(report.failure === null ? 0 : 1);
