// A failing plan gets smaller and keeps failing for the same reason.

import test from 'ava';
import type { Disk } from '../../engine/io/disk.ts';
import type { EngineWrappers } from '../../engine/start.ts';
import { planSimulation } from './plan.ts';
import { shrink } from './shrink.ts';
import { simulate } from './simulate.ts';

/** No sync of a log does anything. */
function lying(): EngineWrappers {
  return {
    disk: (disk: Disk) => new Proxy(disk, {
      get(target, name) {
        if (name === 'sync') return () => {};
        const value: unknown = Reflect.get(target, name);
        return typeof value === 'function' ? value.bind(target) : value;
      },
    }),
  };
}

test('a lost write: one client, one life, a handful of turns, and still lost', async (t) => {
  const plan = planSimulation(1, {
    settings: ['aof/always'], crashes: ['power'], faults: true, damage: true,
  });
  const { failure } = await simulate(plan, lying);
  if (failure === null) {
    t.fail('the sabotage was not found');
    return;
  }
  const small = await shrink({ plan, failure }, lying);
  t.is(small.plan.lives.length, 1);
  t.is(small.plan.lives[0]?.cuts.length, 1);
  t.deepEqual(small.plan.lives[0]?.faults, []);
  t.true((small.plan.lives[0]?.turns ?? 99) < (plan.lives[0]?.turns ?? 0));
  t.is(small.failure.outcome.judgement.findings[0]?.kind,
    failure.outcome.judgement.findings[0]?.kind);
  const again = await simulate(small.plan, lying);
  t.deepEqual(again.failure?.outcome.judgement, small.failure.outcome.judgement);
});
