// What BGSAVE and BGREWRITEAOF cost a steady load while they run.

import { defineScenario } from '../harness/index.ts';
import type { Scenario } from '../harness/index.ts';

const scenario: Scenario = defineScenario({
  name: 'snapshot-impact',
  question: 'What do latency, rate, memory and the disk pay while a snapshot or rewrite runs?',
  tags: ['study'],
  actions: ['bgsave', 'bgrewriteaof', 'bgrewriteaof-unsynced'],
  preloadKeys: [200_000, 1_000_000],
  measures: ['qps'],
  load: { clients: 20, keys: 200_000, warmupMs: 0, ratePerSecond: 10_000 },
});

export default scenario;
