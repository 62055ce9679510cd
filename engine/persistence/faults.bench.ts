// Every fault at every storage call under every policy: node engine/persistence/faults.bench.ts
// [--step N] [--only 'always inline']: those whose name has this in it.
// Prints how many were tried, and what was lost: it must be nothing.
import { parseArgs } from 'node:util';
import { sweep, sweptFaults, sweptPolicies } from './test-support/fault-sweep.ts';

const { values } = parseArgs({
  options: { step: { type: 'string', default: '1' }, only: { type: 'string', default: '' } },
});
let [tried, acknowledged, lost, stuck] = [0, 0, 0, 0];
for (const policy of sweptPolicies) {
  for (const fault of sweptFaults) {
    const name = `${policy.appendFsync} ${policy.syncStrategy}`.padEnd(16) + ` ${fault.name}`;
    if (!name.includes(values.only)) continue;
    const result = await sweep(policy, fault, Number(values.step));
    tried += result.indexes;
    acknowledged += result.acknowledged;
    lost += result.lost;
    stuck += result.stuck;
    process.stdout.write(`${name.padEnd(57)} ${String(result.indexes).padStart(5)} call indexes,`
      + ` lost ${result.lost}, stuck ${result.stuck}\n`);
    for (const finding of result.findings) process.stdout.write(`  ${finding}\n`);
  }
}
process.stdout.write(`${tried} runs (call indexes × faults × policies), ${acknowledged} writes`
  + ` acknowledged, lost: ${lost}, runs that did not recover by themselves: ${stuck}\n`);
process.exitCode = lost + stuck === 0 ? 0 : 1;
