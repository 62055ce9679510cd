// A server that crashes again and again while it comes back, as under a supervisor.

import { defineScenario } from '../harness/index.ts';
import type { Scenario } from '../harness/index.ts';

const scenario: Scenario = defineScenario({
  name: 'crash-loop',
  question: 'Does a server that is killed again and again while it recovers lose anything more?',
  tags: ['chaos-extended', 'loss'],
  targets: ['bundled', 'redis'],
  settings: ['rdb', 'aof/everysec', 'aof/always', 'rdb+aof/everysec'],
  crash: ['process'],
  faults: ['crash-loop'],
  measures: ['loss'],
  trials: 2,
  snapshots: 1,
  load: { mix: 'chaos', warmupMs: 0, durationMs: 1500, clients: 16, pipeline: 2, keys: 4000 },
});

export default scenario;
