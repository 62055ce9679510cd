// A disk that says synced when nothing was: needs /dev/fuse and root.

import { defineScenario } from '../harness/index.ts';
import type { Scenario } from '../harness/index.ts';

const scenario: Scenario = defineScenario({
  name: 'lying-disk',
  question: 'What is left of each promise on a disk that lies about its syncs?',
  tags: ['chaos-extended', 'loss'],
  targets: ['bundled', 'redis'],
  settings: ['aof/everysec', 'aof/always', 'rdb+aof/always'],
  crash: ['process', 'power'],
  faults: ['disk-lies'],
  measures: ['loss'],
  snapshots: 1,
  cutInstants: 2,
  load: { mix: 'chaos', warmupMs: 0, durationMs: 2000, clients: 16, pipeline: 2, keys: 4000 },
});

export default scenario;
