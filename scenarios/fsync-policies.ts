// Write rate and latency of each persistence setting, every load ended by a kill.

import { defineScenario } from '../harness/index.ts';
import type { Scenario } from '../harness/index.ts';

const scenario: Scenario = defineScenario({
  name: 'fsync-policies',
  question: 'How many writes a second does each setting take, and how long does a reply take?',
  tags: ['chaos', 'speed'],
  settings: ['none', 'rdb', 'aof/no', 'aof/everysec', 'aof/always', 'rdb+aof/everysec'],
  crash: ['process'],
  measures: ['qps'],
  trials: 2,
  load: { mix: 'set', warmupMs: 100, durationMs: 1800, clients: 50, pipeline: 1, keys: 20_000 },
  snapshots: 1,
});

export default scenario;
