// What a pull request must not break: the promises of each setting, in both crashes.

import { defineScenario } from '../harness/index.ts';
import type { Scenario } from '../harness/index.ts';

const scenario: Scenario = defineScenario({
  name: 'gate-promises',
  question: 'Is every promise about data still kept?',
  tags: ['gate', 'loss'],
  settings: ['rdb', 'aof/no', 'aof/everysec', 'aof/always', 'rdb+aof/everysec'],
  crash: ['process', 'power'],
  measures: ['loss'],
  trials: 2,
  load: { mix: 'chaos', warmupMs: 0, durationMs: 1200, clients: 16, pipeline: 4, keys: 4000 },
  snapshots: 1,
  cutInstants: 2,
});

export default scenario;
