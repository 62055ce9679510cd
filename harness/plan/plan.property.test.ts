// Whatever the scenario and the seed: every moment of every trial lies inside its load.
import test from 'ava';
import * as fc from 'fast-check';
import { defineScenario } from './define-scenario.ts';
import { planRun } from './plan.ts';
import { crashModels } from './scenario.ts';

const seed = Number(process.env['FAST_CHECK_SEED'] ?? 20_261_122);

const anyPlan = fc.record({
  runSeed: fc.integer({ min: 0, max: 0xffffffff }),
  durationMs: fc.integer({ min: 1, max: 20_000 }),
  warmupMs: fc.integer({ min: 0, max: 3000 }),
  snapshots: fc.integer({ min: 0, max: 20 }),
  cutInstants: fc.integer({ min: 1, max: 40 }),
  measure: fc.constantFrom('qps', 'recovery', 'loss'),
  crash: fc.constantFrom(...crashModels),
}).map(({ runSeed, durationMs, warmupMs, snapshots, cutInstants, measure, crash }) => {
  const scenario = defineScenario({
    name: 'any', question: 'Any?', measures: [measure], crash: [crash], trials: 3, snapshots,
    cutInstants, load: { durationMs, warmupMs },
  });
  return planRun({ scenarios: [{ scenario, source: 'any' }], seed: runSeed });
});

const ascending = (values: readonly number[]): boolean => (
  values.every((value, at) => at === 0 || value >= (values[at - 1] ?? value))
);

test(`moments lie inside the load (seed ${seed})`, (t) => {
  t.plan(1);
  fc.assert(fc.property(anyPlan, (plan) => plan.trials.every((trial) => {
    const { warmupMs, durationMs } = trial.cell.load;
    const { crashAtMs, snapshotsAtMs, cutFractions } = trial;
    return Number.isInteger(crashAtMs) && crashAtMs > warmupMs && crashAtMs <= warmupMs + durationMs
      && ascending(snapshotsAtMs) && snapshotsAtMs.every((at) => at >= 0 && at < crashAtMs)
      && ascending(cutFractions) && cutFractions.every((cut) => cut > 0 && cut <= 1)
      && trial.seed >= 0 && trial.seed <= 0xffffffff;
  })), { seed, numRuns: 300 });
  t.pass();
});
