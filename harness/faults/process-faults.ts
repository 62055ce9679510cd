// What befalls a process while it lives: stopped for a while, or short of memory.

import fs from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { hasTool, runTool } from '../holdings/system.ts';
import { monotonicNs } from '../metrics/monotonic.ts';
import { describeExit } from '../targets/server-process.ts';
import { plainFault } from './fault.ts';
import type { Fault, FaultSite, Injection } from './fault.ts';

/** SIGSTOP; SIGCONT when it is healed. */
export function pauseFault(): Fault {
  let wasStopped = false;
  return {
    ...plainFault, name: 'pause', when: 'load',
    inject: async ({ running }) => {
      const cutNs = monotonicNs();
      signalGroup(running.pid, 'SIGSTOP');
      for (let poll = 0; poll < 100 && !wasStopped; poll += 1) {
        wasStopped = stateOf(running.pid) === 'T';
        if (!wasStopped) await sleep(5);
      }
      return { cutNs, applied: wasStopped, why: `SIGSTOP: state ${stateOf(running.pid)}` };
    },
    heal: async ({ running }) => {
      signalGroup(running.pid, 'SIGCONT');
      return wasStopped ? null : 'the process was never seen stopped';
    },
  };
}

function signalGroup(pid: number, signal: 'SIGSTOP' | 'SIGCONT'): void {
  try {
    process.kill(-pid, signal);
  } catch {
    // It is gone: whoever waits for it hears that.
  }
}

function stateOf(pid: number): string {
  try {
    return /^State:\s+(\S)/m.exec(fs.readFileSync(`/proc/${pid}/status`, 'latin1'))?.[1] ?? '?';
  } catch {
    return 'gone';
  }
}

const starveMs = 20_000;

/** No more memory than it has: the next allocation from the kernel fails. */
export const outOfMemoryFault: Fault = {
  ...plainFault, name: 'out-of-memory', when: 'end',
  available: (target) => (hasTool('prlimit') ? plainFault.available(target)
    : { available: false, why: 'prlimit is missing (apt-get install util-linux)' }),
  inject: starve,
};

async function starve({ running }: FaultSite): Promise<Injection> {
  const status = fs.readFileSync(`/proc/${running.pid}/status`, 'latin1');
  const bytes = Number(/^VmSize:\s+(\d+) kB$/m.exec(status)?.[1] ?? 0) * 1024;
  const limit = ['--pid', String(running.pid), `--as=${bytes}`];
  const { code, words } = await runTool('prlimit', limit);
  await Promise.race([running.exited, sleep(starveMs, undefined, { ref: false })]);
  const exit = running.exitInfo();
  if (exit !== null && code === 0) {
    const why = `held to ${bytes} bytes of address space: ${describeExit(exit)}`;
    return { cutNs: exit.atNs, applied: true, why };
  }
  const { cutNs } = running.kill();
  await running.exited;
  const why = code === 0 ? 'it got along with the memory it had' : `prlimit: ${words}`;
  return { cutNs, applied: false, why: `out of memory: ${why}` };
}

/** Listed because it is asked for: it says why nobody can do it. */
export const clockJumpFault: Fault = {
  ...plainFault, name: 'clock-jump', when: 'load',
  available: () => ({
    available: false,
    why: 'Linux has one wall clock for all processes: a time namespace shifts CLOCK_MONOTONIC and '
      + 'CLOCK_BOOTTIME only, and the clock of the machine is not ours to set. The bundled engine '
      + 'jumps in simulation',
  }),
  inject: () => Promise.reject(new Error('clock-jump is never available')),
};
