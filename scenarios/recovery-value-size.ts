// How the time to come back grows with the bytes of the data, the number of keys being the same.

import { defineScenario } from '../harness/index.ts';
import type { Scenario } from '../harness/index.ts';

const scenario: Scenario = defineScenario({
  name: 'recovery-value-size',
  question: 'What does each byte of the values cost at the next start, and what each key?',
  tags: ['recovery', 'study'],
  forms: ['rdb', 'aof-rdb-base', 'aof-resp-base', 'aof-long-tail'],
  caches: ['warm'],
  valueSizeBytes: [100, 1000, 4000],
  preloadKeys: [20_000, 50_000],
  measures: ['recovery'],
  load: { clients: 50, pipeline: 4, keys: 5000, warmupMs: 0 },
});

export default scenario;
