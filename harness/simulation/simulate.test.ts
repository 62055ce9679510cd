// The simulated world: the same seed gives the same history, and a healthy engine no alarm.

import test from 'ava';
import { Random } from './random.ts';
import { planSimulation } from './plan.ts';
import { simulate } from './simulate.ts';

test('a seed twice: the same calls, replies and judgements; another differs', async (t) => {
  const digests = new Set<string>();
  for (const seed of [11, 12, 13]) {
    const [first, second] = [await simulate(planSimulation(seed)),
      await simulate(planSimulation(seed))];
    t.is(first.digest, second.digest, `seed ${seed}`);
    t.true(first.cycles > 0 && first.operations > 0);
    digests.add(first.digest);
  }
  t.is(digests.size, 3);
});

test('a plan is plain data: written down and read back it does the same', async (t) => {
  const plan = planSimulation(7);
  const copy = JSON.parse(JSON.stringify(plan)) as typeof plan;
  t.is((await simulate(copy)).digest, (await simulate(plan)).digest);
});

test('healthy engines give no alarm', async (t) => {
  const first = new Random(Number(process.env['SEED'] ?? 20261130)).seed();
  t.log(`seeds from ${first} on (SEED=${process.env['SEED'] ?? 20261130})`);
  for (let seed = first; seed < first + 20; seed++) {
    const { failure } = await simulate(planSimulation(seed));
    t.deepEqual(failure?.outcome.judgement.findings ?? [], [], `seed ${seed}`);
  }
});
