// How many acknowledged writes and bytes a process crash and a power cut cost.

import { defineScenario } from '../harness/index.ts';
import type { Scenario } from '../harness/index.ts';

const scenario: Scenario = defineScenario({
  name: 'bytes-lost',
  question: 'How many acknowledged writes does a process crash cost, and how many a power cut?',
  tags: ['chaos', 'loss'],
  settings: ['none', 'rdb', 'aof/no', 'aof/everysec', 'aof/always', 'rdb+aof/everysec'],
  crash: ['process', 'power'],
  measures: ['loss'],
  trials: 1,
  load: { mix: 'chaos', warmupMs: 0, durationMs: 1500, clients: 32, pipeline: 4, keys: 8000 },
  snapshots: 2,
  cutInstants: 2,
});

export default scenario;
