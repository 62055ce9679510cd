// A disk that fills up under load and has room again: needs /dev/fuse and root.

import { defineScenario } from '../harness/index.ts';
import type { Scenario } from '../harness/index.ts';

const scenario: Scenario = defineScenario({
  name: 'disk-full',
  question: 'What do clients see while the disk is full, and what is lost of what was '
    + 'acknowledged?',
  tags: ['chaos-extended', 'loss'],
  targets: ['bundled', 'redis'],
  settings: ['aof/everysec', 'aof/always', 'rdb+aof/everysec'],
  crash: ['process', 'power'],
  faults: ['disk-full@0.2-0.6', 'disk-full@0.2'],
  measures: ['loss'],
  snapshots: 1,
  load: { mix: 'chaos', warmupMs: 0, durationMs: 3000, clients: 16, pipeline: 2, keys: 4000 },
});

export default scenario;
