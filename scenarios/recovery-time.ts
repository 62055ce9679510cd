// How long a crashed server takes until it serves again, for two sizes of data.

import { defineScenario } from '../harness/index.ts';
import type { Scenario } from '../harness/index.ts';

const scenario: Scenario = defineScenario({
  name: 'recovery-time',
  question: 'How long after a crash until the server answers reads and writes again?',
  tags: ['chaos', 'recovery'],
  settings: ['rdb', 'aof/everysec', 'rdb+aof/everysec'],
  crash: ['process'],
  measures: ['recovery'],
  preloadKeys: [50_000, 200_000],
  trials: 1,
  load: { mix: 'set', warmupMs: 0, durationMs: 500, clients: 50, pipeline: 1, keys: 20_000 },
});

export default scenario;
