// Whose clock acknowledges, and operations of which nobody can know what they did.

import test from 'ava';

import { Ledger, STATUS_INFO, STATUS_OK } from '../history/ledger.ts';
import { Operations } from '../workloads/operations.ts';
import type { WorkloadSpec } from '../workloads/spec.ts';
import { acknowledgedByServer, releasesByClient, RunContext } from './context.ts';
import { judge } from './judge.ts';
import { toyCut, ToyRun, toyStartWallMs } from './test-support/toy-run.ts';
import type { ToyOperation } from './test-support/toy-run.ts';

const workload: WorkloadSpec = {
  seed: 1, clients: 2, keysPerClient: 4, valueSizeBytes: 32, mix: 'set', startWallMs: 1.7e12,
};

/** Two clients; client 0 has three operations, client 1 two. */
function ledger(ackedNs: number[], status: number[]): Ledger {
  return new Ledger({ clients: 2, workload }, {
    starts: Float64Array.of(0, 3, 5), sentNs: Float64Array.of(10, 20, 30, 11, 21),
    ackedNs: Float64Array.from(ackedNs), status: Uint8Array.from(status), tornBytes: 0,
  });
}

const ok = [STATUS_OK, STATUS_OK, STATUS_OK, STATUS_OK, STATUS_OK];

test('a release replaces the time at which the client read the reply', (t) => {
  const releases = releasesByClient([
    { clientPort: 501, count: 2, atNs: 40 }, { clientPort: 502, count: 3, atNs: 41 },
    { clientPort: 501, count: 4, atNs: 50 }, { clientPort: 999, count: 7, atNs: 51 },
  ], [501, 502], { repliesBefore: 1 });
  const acked = acknowledgedByServer(
    ledger([100, 101, 102, 103, 104], ok), new Operations(workload), releases,
  );
  // Client 0: replies 2, 3, 4 after one that is not ours. Client 1: replies 2 and 3.
  t.deepEqual([...acked], [40, 50, 50, 41, 41]);
});

test('a reply that the op log does not have keeps the time of the client', (t) => {
  const releases = releasesByClient([{ clientPort: 501, count: 1, atNs: 40 }], [501, 502]);
  t.is(releases[1], null);
  const acked = acknowledgedByServer(
    ledger([100, 101, 102, 103, 104], ok), new Operations(workload), releases,
  );
  t.deepEqual([...acked], [40, 101, 102, 103, 104]);
});

test('an unclear answer in mid-run is no acknowledgement, whenever it was released', (t) => {
  const releases = releasesByClient([{ clientPort: 501, count: 3, atNs: 40 }], [501, 502]);
  const status = [STATUS_OK, STATUS_INFO, STATUS_OK, STATUS_OK, STATUS_OK];
  const acked = acknowledgedByServer(
    ledger([100, Infinity, 102, 103, 104], status), new Operations(workload), releases,
  );
  t.deepEqual([...acked], [40, Infinity, 40, 103, 104]);
});

test('a MULTI is acknowledged with the release of its fourth reply', (t) => {
  const run = new ToyRun({ seed: 1, clients: 1, keysPerClient: 4, operations: 40 });
  const { ledger: chaos } = run.history();
  const multi = run.executed.find(({ sequence }) => run.operations.repliesOf(0, sequence) === 4);
  const at = (multi as ToyOperation).sequence;
  const before = Array.from({ length: at - 1 }, (_, index) => (
    run.operations.repliesOf(0, index + 1))).reduce((sum, replies) => sum + replies, 0);
  const releases = releasesByClient([
    { clientPort: 1, count: before + 3, atNs: 7 }, { clientPort: 1, count: before + 4, atNs: 8 },
  ], [1]);
  const acked = acknowledgedByServer(chaos, run.operations, releases);
  t.is(acked[chaos.at(0, at)], 8);
});

test('a released reply that nobody read was acknowledged: losing it breaks always', (t) => {
  const run = new ToyRun({ seed: 1, clients: 2, keysPerClient: 30, operations: 100, mix: 'set' });
  const last = run.executed[99] as ToyOperation;
  const deadNs = last.executedNs + 1;
  const history = run.history(deadNs);
  const own = history.ledger.count(last.client);
  t.is(history.ledger.status[history.ledger.at(last.client, own)], STATUS_INFO);
  const survivors = run.survivors(run.serverAfter(run.executed.slice(0, 99)), toyStartWallMs);
  const cut = toyCut(deadNs, survivors, {
    question: { persist: 'aof', appendfsync: 'always', crash: 'power', target: 'bundled' },
  });
  t.is(judge({ ...history, ...cut }).verdict, 'pass');
  const ports = [1, 2];
  const releases = releasesByClient(
    [{ clientPort: last.client + 1, count: own, atNs: deadNs - 1 }], ports,
  );
  const found = judge({ ...history, releases, ...cut });
  t.deepEqual(found.findings.map((finding) => finding.kind), ['lost']);
});

test('an unclear answer in mid-run lets its keys be either way until written again', (t) => {
  const shape = { seed: 9, clients: 1, keysPerClient: 12, operations: 120 };
  const run = new ToyRun(shape);
  const cutNs = run.executed.at(-1)?.executedNs ?? 0;
  for (const unclear of run.executed.slice(5, -5)) {
    const { ledger: own } = run.history();
    own.status[own.at(0, unclear.sequence)] = STATUS_INFO;
    own.ackedNs[own.at(0, unclear.sequence)] = Infinity;
    for (const kept of [run.executed, run.executed.filter((each) => each !== unclear)]) {
      const survivors = run.survivors(run.serverAfter(kept), toyStartWallMs);
      const found = judge({ workload: run.spec, ledger: own, releases: null,
        ...toyCut(cutNs, survivors) });
      t.is(found.verdict, 'pass', JSON.stringify(found.findings));
    }
  }
});

test('ledger and workload must be of one run', (t) => {
  const other = { ...workload, clients: 3 };
  t.throws(() => new RunContext({
    workload: other, ledger: ledger([1e3, 1e3, 1e3, 1e3, 1e3], ok), releases: null,
  }), { message: 'ledger of 2 clients, workload of 3' });
});
