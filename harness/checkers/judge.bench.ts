// How fast a run is judged: node harness/checkers/judge.bench.ts [operations] [cuts]

import { Ledger, STATUS_OK } from '../history/ledger.ts';
import { Operations } from '../workloads/operations.ts';
import { ownedKeys } from '../workloads/owned-keys.ts';
import { mixNames } from '../workloads/spec.ts';
import type { MixName, WorkloadSpec } from '../workloads/spec.ts';
import { Judge } from './judge.ts';
import { noFacts } from './promise.ts';

const total = Number(process.argv[2] ?? 2_000_000);
const cuts = Number(process.argv[3] ?? 10);
const clients = 50;
const each = Math.floor(total / clients);

/** Everything is lost at every cut: the longest way through the judge that needs no server. */
function run(mix: MixName): void {
  const workload: WorkloadSpec = {
    seed: 7, clients, keysPerClient: 200, valueSizeBytes: 100, mix, startWallMs: 1.76e12,
  };
  const time = (_: unknown, index: number): number => (index % each) * 10_000;
  const ledger = new Ledger({ clients, workload }, {
    starts: Float64Array.from({ length: clients + 1 }, (_, client) => client * each),
    sentNs: Float64Array.from({ length: clients * each }, time),
    ackedNs: Float64Array.from({ length: clients * each }, (_, at) => time(_, at) + 5_000),
    status: new Uint8Array(clients * each).fill(STATUS_OK), tornBytes: 0,
  });
  const operations = new Operations(workload);
  const empty = Array.from({ length: clients }, (_, client) => {
    const keys = ownedKeys(operations, client, each);
    const deadlinesMs = new Float64Array(keys.names.length).fill(-2);
    const side = { values: keys.names.map(() => null), deadlinesMs };
    return { keys, ...side, elsewhere: mix === 'full' ? side : null };
  });
  const began = process.hrtime.bigint();
  const judge = new Judge({ workload, ledger, releases: null });
  let lost = 0;
  for (let cut = 1; cut <= cuts; cut++) {
    lost += judge.judge({
      question: { persist: 'aof', appendfsync: 'no', crash: 'power', target: 'bundled' },
      cutNs: (each * 10_000 * cut) / (cuts + 1), facts: noFacts, refusal: null, notApplied: [],
      survivors: {
        clients: empty, totalKeys: 0, unknownKeys: [], preload: null,
        readFromWallMs: 1.76e12, readToWallMs: 1.76e12,
      },
    }).lost.writes;
  }
  const seconds = Number(process.hrtime.bigint() - began) / 1e9;
  const rate = Math.round((total * cuts) / seconds).toLocaleString('en');
  console.log(`${mix}: ${cuts} cuts of ${total.toLocaleString('en')} operations, `
    + `${lost.toLocaleString('en')} lost: ${seconds.toFixed(2)} s, ${rate} operations/s`);
}

for (const mix of mixNames) run(mix);
