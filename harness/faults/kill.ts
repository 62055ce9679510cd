// Process crashes: SIGKILL, and SIGTERM as the polite one. What the OS had accepted survives, what
// the process still held does not.

import { HarnessError } from '../errors.ts';
import { monotonicNs } from '../metrics/monotonic.ts';
import { describeExit } from '../targets/server-process.ts';
import { plainFault } from './fault.ts';
import type { Availability, Fault, FaultSite, Injection } from './fault.ts';

const anywhere = { ...plainFault, available: (): Availability => ({ available: true }) } as const;

/** SIGKILL to the server and its children. */
export const killFault: Fault = { ...anywhere, name: 'kill', when: 'end', inject: kill };

async function kill({ running }: FaultSite): Promise<Injection> {
  const { cutNs, applied } = running.kill();
  const exit = await running.exited;
  if (applied && exit.cause === 'killed') {
    const why = running.pid === 0 ? 'its kill command ended it'
      : `process ${running.pid} ended by SIGKILL`;
    return { cutNs, applied: true, why };
  }
  if (exit.killFailure !== undefined) throw new HarnessError('TARGET_FAILED', exit.killFailure);
  const why = `process ${running.pid} was gone before the kill (${describeExit(exit)})`;
  return { cutNs, applied: false, why };
}

const terminateMs = 60_000;

/** SIGTERM: the server may put its affairs in order. */
export const terminateFault: Fault = {
  ...anywhere, name: 'terminate', when: 'end',
  inject: async ({ running }) => {
    const cutNs = monotonicNs();
    const wasAlive = running.exitInfo() === null;
    await running.stop(terminateMs);
    const exit = await running.exited;
    const applied = wasAlive && exit.cause === 'stopped' && exit.signal !== 'SIGKILL';
    return { cutNs, applied, why: `SIGTERM: ${describeExit(exit)}` };
  },
};
