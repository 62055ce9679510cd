// What the next trials of a soak are: target, setting, crash, fault and load, drawn from a seed.
// Pure.

import { faultNames } from '../faults/faults.ts';
import { defineScenario } from '../plan/define-scenario.ts';
import type { Scenario, TargetName } from '../plan/scenario.ts';
import { hashOf } from '../plan/seeds.ts';
import { settingLabels } from '../plan/settings.ts';

/** Left out: it takes memory away from everything on the machine. */
const tooRude: ReadonlySet<string> = new Set(['out-of-memory']);
const drawnFaults = faultNames.filter((name) => !tooRude.has(name));
const faultShare = 0.5;

/** The scenario of one trial. */
export function drawScenario(
  { seed, number, targets }: { seed: number; number: number; targets: readonly TargetName[] },
): Scenario {
  const draw = (what: string): number => hashOf(seed, number, what) / 2 ** 32;
  const pick = <T>(what: string, from: readonly T[]): T => (
    from[Math.floor(draw(what) * from.length)] as T);
  const crash = pick('crash', ['process', 'process', 'power', 'power-torn'] as const);
  const fault = draw('fault?') < faultShare ? pick('fault', drawnFaults) : '';
  return defineScenario({
    name: `soak-${number}`,
    question: 'Does it keep its promises, hour after hour?',
    measures: ['loss'],
    targets: [pick('target', targets)],
    settings: [pick('setting', settingLabels)],
    crash: [fault === '' ? crash : 'process'],
    faults: [fault],
    snapshots: Math.floor(draw('snapshots') * 3),
    trials: 1,
    load: {
      durationMs: 500 + Math.floor(draw('duration') * 1500), warmupMs: 0,
      clients: pick('clients', [1, 8, 32]), pipeline: pick('pipeline', [1, 4, 16]),
      keys: pick('keys', [2000, 8000]), mix: pick('mix', ['set', 'chaos', 'full'] as const),
    },
  });
}
