// What goes wrong with a disk while a server writes to it, by the rules of a faultfs.

import type { FaultRule } from '../faultfs/client.ts';
import { monotonicNs } from '../metrics/monotonic.ts';
import { plainFault } from './fault.ts';
import type { Fault, FaultSite } from './fault.ts';

const rulesOf: Readonly<Record<string, readonly FaultRule[]>> = {
  'disk-lies': [{ fault: { kind: 'lie' } }],
  'disk-slow': [{ calls: ['sync'], fault: { kind: 'delay', delayMs: 2000 } }],
  'disk-uneven': [
    { calls: ['sync'], fault: {
      kind: 'delay', delayMs: { kind: 'lognormal', medianMs: 20, sigma: 1.5 },
    } },
  ],
  'disk-busy': [
    { calls: ['write', 'sync'], fault: {
      kind: 'delay', delayMs: { kind: 'exponential', meanMs: 5 },
    } },
  ],
  'disk-freezes': [{ calls: ['write', 'sync'], fault: { kind: 'freeze' } }],
  'disk-full': [{ fault: { kind: 'full', budgetBytes: 64 * 1024 } }],
  'disk-read-only': [{ fault: { kind: 'read-only' } }],
  'sync-fails-once': [{ calls: ['sync'], fault: { kind: 'error', code: 'EIO' }, times: 1 }],
  'sync-fails': [{ calls: ['sync'], fault: { kind: 'error', code: 'EIO' } }],
  'write-fails-once': [{ calls: ['write'], fault: { kind: 'error', code: 'EIO' }, times: 1 }],
  'write-fails': [{ calls: ['write'], fault: { kind: 'error', code: 'EIO' } }],
  'short-write-once': [
    { calls: ['write'], fault: { kind: 'short-write', maxBytes: 40 }, times: 1 },
  ],
};

/** Their names. */
export const diskFaultNames: readonly string[] = Object.keys(rulesOf);

/** The fault of that name. */
export function diskFault(name: string): Fault {
  const rules = rulesOf[name] ?? [];
  return {
    ...plainFault, name, when: 'load', needsFaultfs: true,
    inject: async ({ disk, seed }) => {
      await faultfsOf(disk, name).addFault(name, rules.map((rule) => seeded(rule, seed)));
      return { cutNs: monotonicNs(), applied: true, why: name };
    },
    heal: async ({ disk }) => {
      const hits = await faultfsOf(disk, name).removeFault(name);
      return hits > 0 ? null : `${name} hit no call`;
    },
  };
}

function seeded(rule: FaultRule, seed: number): FaultRule {
  return rule.fault.kind === 'delay' ? { ...rule, fault: { ...rule.fault, seed } } : rule;
}

function faultfsOf(disk: FaultSite['disk'], name: string): FaultSite['disk'] & { kind: 'faultfs' } {
  if (disk.kind !== 'faultfs') throw new Error(`${name} on a ${disk.kind} disk`);
  return disk;
}
