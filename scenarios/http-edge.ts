// The REST edge beside RESP: the same operations on the same engine.

import { defineScenario } from '../harness/index.ts';
import type { Scenario } from '../harness/index.ts';

const scenario: Scenario = defineScenario({
  name: 'http-edge',
  question: 'What do rate and latency become for those who use the REST edge instead of RESP?',
  tags: ['study', 'http'],
  edges: ['http'],
  settings: ['none', 'aof/everysec', 'aof/always'],
  trials: 3,
  measures: ['qps'],
  load: { clients: 20, keys: 10_000, warmupMs: 500, durationMs: 2000 },
});

export default scenario;
