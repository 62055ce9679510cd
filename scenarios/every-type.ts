// Every type of value in two databases, with FLUSHALL and SWAPDB, read while it is written; long
// enough for keys to expire and be asked for after it.

import { defineScenario } from '../harness/index.ts';
import type { Scenario } from '../harness/index.ts';

const scenario: Scenario = defineScenario({
  name: 'every-type',
  question: 'Do lists, hashes, sets and sorted sets survive as strings do, in two databases?',
  tags: ['loss', 'types'],
  settings: ['rdb', 'aof/everysec', 'aof/always', 'rdb+aof/everysec'],
  crash: ['process', 'power', 'power-torn'],
  measures: ['loss'],
  trials: 1,
  load: {
    mix: 'full', warmupMs: 0, durationMs: 4000, clients: 16, pipeline: 4, keys: 4000,
    readShare: 0.2, valueSizes: 'lognormal:100:1.5',
  },
  snapshots: 2,
  cutInstants: 3,
});

export default scenario;
