// As many kills as a minute holds: little data and a short load, for a bound that says something.

import { defineScenario } from '../harness/index.ts';
import type { Scenario } from '../harness/index.ts';

const scenario: Scenario = defineScenario({
  name: 'many-kills',
  question: 'Does `always` lose a write in any of a hundred kills?',
  tags: ['loss', 'kills'],
  settings: ['aof/always'],
  crash: ['process'],
  measures: ['loss'],
  trials: 100,
  load: { mix: 'chaos', warmupMs: 0, durationMs: 300, clients: 4, pipeline: 4, keys: 200 },
});

export default scenario;
