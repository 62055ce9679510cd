// Kills in windows that are too short to hit by chance: needs /dev/fuse and root.

import { defineScenario } from '../harness/index.ts';
import type { Scenario } from '../harness/index.ts';

const scenario: Scenario = defineScenario({
  name: 'windows',
  question: 'Does a kill amid a snapshot, a rewrite, a swap of files or a recovery lose anything?',
  tags: ['windows', 'loss'],
  targets: ['bundled', 'redis'],
  settings: ['aof/everysec', 'rdb+aof/always'],
  crash: ['process'],
  faults: [
    'kill-in-bgsave', 'kill-at-rdb-rename', 'kill-in-rewrite', 'kill-at-base-rename',
    'kill-at-manifest-swap', 'kill-in-shutdown', 'kill-in-loading', 'crash-loop',
  ],
  measures: ['loss'],
  trials: 9,
  // What counts is the kill: a small load, so that a hundred kills take minutes.
  load: { mix: 'chaos', warmupMs: 0, durationMs: 400, clients: 8, pipeline: 2, keys: 1000 },
});

export default scenario;
