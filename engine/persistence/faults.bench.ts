// Every fault at every storage call under every policy: node engine/persistence/faults.bench.ts
//   --step N               only every so many calls
//   --only 'always inline EIO once'   those whose name has this in it
//   --skip N               without the first combinations: goes on where a run was ended
//   --from N, --to N       only these calls, of each combination
// Prints how many were tried, and what was lost: it must be nothing.
import { parseArgs } from 'node:util';
import { sweep, sweptFaults, sweptPolicies } from './test-support/fault-sweep.ts';

const { values } = parseArgs({
  options: {
    step: { type: 'string', default: '1' }, only: { type: 'string', default: '' },
    skip: { type: 'string', default: '0' },
    from: { type: 'string', default: '1' }, to: { type: 'string', default: 'Infinity' },
  },
});
const calls = {
  step: Number(values.step), from: Number(values.from), to: Number(values.to),
};
const combinations = sweptPolicies.flatMap((policy) => sweptFaults.map((fault) => (
  { policy, fault, name: `${policy.appendFsync} ${policy.syncStrategy} ${fault.name}` })))
  .filter(({ name }) => name.includes(values.only));
let [tried, acknowledged, lost, stuck] = [0, 0, 0, 0];
for (const [at, { policy, fault, name }] of combinations.entries()) {
  if (at < Number(values.skip)) continue;
  const result = await sweep(policy, fault, calls);
  tried += result.indexes;
  acknowledged += result.acknowledged;
  lost += result.lost;
  stuck += result.stuck;
  process.stdout.write(`${String(at + 1).padStart(2)} of ${combinations.length} ${name.padEnd(57)}`
    + ` ${String(result.indexes).padStart(5)} call indexes, ${result.acknowledged} acknowledged,`
    + ` lost ${result.lost}, stuck ${result.stuck}\n`);
  for (const finding of result.findings) process.stdout.write(`  ${finding}\n`);
}
process.stdout.write(`${tried} runs (call indexes × faults × policies), ${acknowledged} writes`
  + ` acknowledged, lost: ${lost}, runs that did not recover by themselves: ${stuck}\n`);
process.exitCode = lost + stuck === 0 ? 0 : 1;
