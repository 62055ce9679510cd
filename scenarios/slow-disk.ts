// A disk whose syncs take long, all the time or for a while: needs /dev/fuse and root.

import { defineScenario } from '../harness/index.ts';
import type { Scenario } from '../harness/index.ts';

const scenario: Scenario = defineScenario({
  name: 'slow-disk',
  question: 'What does a slow disk cost under each policy: stalls, and a longer window of loss?',
  tags: ['chaos-extended', 'loss'],
  targets: ['bundled', 'redis'],
  settings: ['aof/no', 'aof/everysec', 'aof/always'],
  crash: ['process', 'power'],
  faults: ['disk-slow', 'disk-freezes@0.3-0.6'],
  measures: ['loss'],
  cutInstants: 2,
  load: { mix: 'chaos', warmupMs: 0, durationMs: 3000, clients: 16, pipeline: 2, keys: 4000 },
});

export default scenario;
