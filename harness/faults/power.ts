// Power cut of a real file system: its shutdown, then SIGKILL to a server that nothing answers.

import { describeExit } from '../targets/server-process.ts';
import { plainFault } from './fault.ts';
import type { Fault, FaultSite, Injection } from './fault.ts';

/** The cut of a `block` disk, and the end of the server on it. */
export const powerFault: Fault = { ...plainFault, name: 'power', when: 'end', inject };

async function inject({ running, disk }: FaultSite): Promise<Injection> {
  if (disk.kind !== 'block') throw new Error(`power fault on a ${disk.kind} disk`);
  const { cutNs, tookMs, unproven } = await disk.cut();
  const { applied: wasAlive } = running.kill();
  const exit = await running.exited;
  if (unproven !== null) {
    return { cutNs, applied: false, why: `the cut is not proven: ${unproven}` };
  }
  if (exit.atNs < cutNs) {
    const why = `process ${running.pid} was gone before the cut (${describeExit(exit)})`;
    return { cutNs, applied: false, why };
  }
  // Redis ends by itself at the first write that fails: that is how it meets the cut.
  const how = wasAlive ? 'ended by SIGKILL' : `ended by itself (${describeExit(exit)})`;
  const why = `the file system was cut in ${tookMs.toFixed(1)} ms; process ${running.pid} ${how}`;
  return { cutNs, applied: true, why };
}
