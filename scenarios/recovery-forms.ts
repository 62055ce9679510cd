// How long each form of persistence takes to come back, from a cold and from a warm page cache.

import { defineScenario } from '../harness/index.ts';
import type { Scenario } from '../harness/index.ts';

const scenario: Scenario = defineScenario({
  name: 'recovery-forms',
  question: 'How does the time until a server serves again grow with its data, form by form?',
  tags: ['recovery', 'study'],
  forms: ['rdb', 'aof-rdb-base', 'aof-resp-base', 'aof-long-tail', 'rdb+aof'],
  caches: ['warm', 'cold'],
  preloadKeys: [50_000, 200_000, 800_000],
  measures: ['recovery'],
  load: { clients: 50, pipeline: 4, keys: 5000, warmupMs: 0 },
});

export default scenario;
