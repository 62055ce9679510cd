// Process crash: SIGKILL. What the OS had accepted survives, what the process still held does not.

import { describeExit } from '../targets/server-process.ts';
import type { Availability, Fault, FaultSite, Injection } from './fault.ts';

/** SIGKILL to the server and its children. */
export const killFault: Fault = {
  name: 'kill',
  available: (): Availability => ({ available: true }),
  inject,
  heal: async (): Promise<void> => {},
};

async function inject({ running }: FaultSite): Promise<Injection> {
  const { cutNs, applied } = running.kill();
  const exit = await running.exited;
  if (applied && exit.cause === 'killed') {
    return { cutNs, applied: true, why: `process ${running.pid} ended by SIGKILL` };
  }
  const why = `process ${running.pid} was gone before the kill (${describeExit(exit)})`;
  return { cutNs, applied: false, why };
}
