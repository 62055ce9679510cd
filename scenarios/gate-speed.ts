// What a pull request may slow down: asked often enough that a change of a tenth is beyond doubt.

import { defineScenario } from '../harness/index.ts';
import type { Scenario } from '../harness/index.ts';

// Fourteen pairs: with about twenty metrics a sign test of twelve is the least that can be sure.
const scenario: Scenario = defineScenario({
  name: 'gate-speed',
  question: 'Did the write rate, a reply, CPU or the time to serve again get worse?',
  tags: ['gate', 'speed'],
  settings: ['none', 'aof/everysec', 'aof/always'],
  crash: ['process'],
  measures: ['qps', 'recovery'],
  trials: 14,
  load: { mix: 'set', warmupMs: 200, durationMs: 1200, clients: 50, pipeline: 1, keys: 20_000 },
});

export default scenario;
