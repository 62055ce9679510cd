// What disks that lie, stall, fill up and fail do to each policy: needs /dev/fuse and root.

import { defineScenario } from '../harness/index.ts';
import type { Scenario } from '../harness/index.ts';

const scenario: Scenario = defineScenario({
  name: 'disk-faults',
  question: 'What does a failing disk cost under each policy, and what does the server say of it?',
  tags: ['disk-faults', 'loss'],
  targets: ['bundled', 'redis'],
  settings: ['aof/no', 'aof/everysec', 'aof/always'],
  crash: ['process', 'power'],
  faults: [
    'disk-lies', 'disk-slow', 'disk-freezes@0.3-0.6', 'disk-full@0.2-0.6',
    'disk-read-only@0.2-0.6', 'sync-fails-once', 'write-fails-once', 'short-write-once',
  ],
  measures: ['loss'],
  load: { mix: 'chaos', warmupMs: 0, durationMs: 3000, clients: 16, pipeline: 2, keys: 4000 },
  cutInstants: 2,
});

export default scenario;
