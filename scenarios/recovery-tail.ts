// How the time to come back grows with what was logged since the last rewrite.

import { defineScenario } from '../harness/index.ts';
import type { Scenario } from '../harness/index.ts';

const scenario: Scenario = defineScenario({
  name: 'recovery-tail',
  question: 'What does each command that was logged since the last rewrite cost at the next start?',
  tags: ['recovery', 'study'],
  forms: ['aof-rdb-base', 'aof-quarter-tail', 'aof-long-tail', 'aof-fourfold-tail'],
  caches: ['warm'],
  preloadKeys: [100_000, 400_000],
  measures: ['recovery'],
  load: { clients: 50, pipeline: 4, keys: 5000, warmupMs: 0 },
});

export default scenario;
