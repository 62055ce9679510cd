// What BGSAVE and BGREWRITEAOF cost a steady load, by the writes a second that it brings.

import { defineScenario } from '../harness/index.ts';
import type { Scenario } from '../harness/index.ts';

const scenario: Scenario = defineScenario({
  name: 'snapshot-rate',
  question: 'How do the cost and the time of a snapshot grow with the writes that come meanwhile?',
  tags: ['study'],
  actions: ['bgsave', 'bgrewriteaof'],
  ratePerSecond: [1000, 5000, 10_000, 20_000],
  preloadKeys: [200_000],
  measures: ['qps'],
  load: { clients: 20, keys: 200_000, warmupMs: 0 },
});

export default scenario;
