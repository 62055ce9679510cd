// Kills while a server comes back: a faultfs holds a read of its files, so it is surely loading,
// and there it is killed. Once for `kill-in-loading`; `crash-loop` kills it again and again, each
// time a little further, before it may come back.

import { waitServing } from '../drivers/resp/probe.ts';
import type { FaultRule } from '../faultfs/client.ts';
import { monotonicNs } from '../metrics/monotonic.ts';
import type { RunningTarget } from '../targets/target.ts';
import { repeats } from './aimed.ts';
import { plainFault } from './fault.ts';
import type { Fault, RecoverySite } from './fault.ts';

/** What is held at each kill; the next kill comes when the server has been started again. */
const kills: Readonly<Record<string, readonly Omit<FaultRule, 'fault'>[][]>> = {
  'kill-in-loading': [
    [{ calls: ['read'], paths: '**/*.incr.aof' }, { calls: ['read'], paths: '*.rdb' }],
  ],
  'kills-in-loading': Array.from({ length: repeats }, (_, kill) => (
    [{ calls: ['read' as const], skip: kill % 5 }])),
  'crash-loop': [0, 1, 2, 3, 4].map((skip) => [{ calls: ['read'], skip }]),
};

/** Their names. */
export const loadingNames: readonly string[] = Object.keys(kills);

const windowMs = 20_000;

/** The kills of that name. */
export function loadingFault(name: string): Fault {
  const rounds = kills[name] ?? [];
  return {
    ...plainFault, name, when: 'recovery', needsFaultfs: true,
    inject: () => Promise.resolve({ cutNs: monotonicNs(), applied: true, why: name }),
    harass: async (site) => {
      const places: string[] = [];
      for (const rules of rounds) {
        const place = await killInRead(name, rules, site);
        if (place !== null) places.push(place);
      }
      const applied = places.length === rounds.length;
      const why = `killed ${places.length} of ${rounds.length} times while loading: `
        + (places.join(', ') || 'no read came');
      return { applied, why, kills: { met: places.length, of: rounds.length } };
    },
  };
}

/** Starts the server, kills it in the held read, answers the read; null when none came. */
async function killInRead(
  name: string, rules: readonly Omit<FaultRule, 'fault'>[], { disk, start }: RecoverySite,
): Promise<string | null> {
  if (disk.kind !== 'faultfs') throw new Error(`${name} on a ${disk.kind} disk`);
  const held = disk.nextHeld(windowMs); // before the rule: the call may come at once
  await disk.addFault(name, rules.map((rule) => ({ ...rule, fault: { kind: 'freeze' } })));
  const running = await start();
  const call = await Promise.race([
    held,
    running.exited.then(() => null),
    serves(running).then(() => null, () => held), // everything was read already
  ]);
  const { applied } = running.kill();
  await running.exited;
  await disk.removeFault(name);
  return call !== null && applied ? call.path : null;
}

/** Resolves when it answers with data: Redis takes connections while it loads. */
async function serves(running: RunningTarget): Promise<void> {
  await running.waitListening(windowMs);
  await waitServing(running, windowMs);
}
