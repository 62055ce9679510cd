// A directive that only the server itself can judge: asked before any load, of a real redis-server.
import test from 'ava';
import { spawnSync } from 'node:child_process';
import { defineScenario } from '../plan/define-scenario.ts';
import { planRun } from '../plan/plan.ts';
import type { Plan } from '../plan/plan.ts';
import { targets } from '../targets/targets.ts';
import { tryDirectives } from './directive-trial.ts';

const hasRedis = spawnSync(process.env['REDIS_SERVER_BIN'] ?? 'redis-server', ['--version']).status
  === 0;
const redisTest = hasRedis ? test : test.skip;
const skipped = hasRedis ? '' : ' (skipped: redis-server is not on the PATH)';

function planWith(directives: Readonly<Record<string, string>>): Plan {
  const scenario = defineScenario({
    name: 'one', question: 'Does it start?', measures: ['loss'], targets: ['redis'],
    settings: ['none'], directives,
  });
  return planRun({ scenarios: [{ scenario, source: 'one' }], seed: 1 });
}

redisTest(`redis-server refuses a directive or value: USAGE, its words${skipped}`, async (t) => {
  for (const [name, value] of [['nonsense', '1'], ['hz', 'banana']] as const) {
    const error = await t.throwsAsync(tryDirectives(planWith({ [name]: value }), targets));
    t.like(error, { code: 'USAGE' });
    t.regex(error.message, new RegExp(`${name} ${value}`));
    t.regex(error.message, /FATAL CONFIG/);
  }
});

redisTest(`redis-server takes a directive that nobody here knows${skipped}`, async (t) => {
  await t.notThrowsAsync(tryDirectives(planWith({ 'lfu-decay-time': '3' }), targets));
});

test('nothing is started for the directives of a setting alone', async (t) => {
  const redis = { ...targets.redis, start: () => Promise.reject(new Error('it was started')) };
  await t.notThrowsAsync(tryDirectives(planWith({}), { ...targets, redis }));
});
