// How fast a whole run is judged: node harness/crash/curve/loss-curve.bench.ts [operations]
// Everything counts: reading the op log and the ledger's columns, decoding, the curve.

import { ManualClock } from '../../../engine/io/clock.ts';
import { MemorySink, OpLogWriter, opFlags, readOpLog } from '../../../engine/io/op-log.ts';
import type { OpBegin } from '../../../engine/io/op-log.ts';
import { Ledger, STATUS_OK } from '../../history/ledger.ts';
import { OperationEncoder } from '../../workloads/encoder.ts';
import { Barriers } from '../../workloads/model/barriers.ts';
import { Operations } from '../../workloads/operations.ts';
import type { WorkloadSpec } from '../../workloads/spec.ts';
import { Timeline } from '../timeline.ts';
import { lossCurve } from './loss-curve.ts';
import { layoutOf } from './recovered.ts';

const total = Number(process.argv[2] ?? 2_000_000);
const clients = 50;
const each = Math.floor(total / clients);
const operationsPerWrite = 100;
const writesPerSync = 5;
const gapNs = 1000;

const none = new Uint8Array(0);
const manifest = 'file appendonly.aof.1.incr.aof seq 1 type i\n';

/** An op log as a server under `everysec` writes it, and when each operation was logged. */
function recorded(workload: WorkloadSpec): Uint8Array {
  const clock = new ManualClock({ monotonicNs: 1000 });
  const sink = new MemorySink();
  const writer = new OpLogWriter(sink, clock);
  let inode = 1;
  const run = (op: Partial<OpBegin> & Pick<OpBegin, 'call' | 'path'>, data = none): void => {
    const id = writer.begin({ inode, newPath: none, flags: 0, offsetBytes: 0, ...op }, data);
    clock.advanceNs(100);
    writer.end(id, data.length, inode);
  };
  const directory = Buffer.from('appendonlydir');
  run({ call: 'mkdir', path: directory, flags: opFlags.created });
  const flags = opFlags.create | opFlags.created;
  const names = ['appendonly.aof.manifest', 'appendonly.aof.1.incr.aof'];
  const [manifestPath, logPath] = names.map((name) => Buffer.from(`appendonlydir/${name}`));
  inode = 2;
  run({ call: 'open', path: manifestPath as Buffer, flags });
  run({ call: 'write', path: manifestPath as Buffer }, Buffer.from(manifest));
  inode = 3;
  run({ call: 'open', path: logPath as Buffer, flags });
  const encoder = new OperationEncoder(workload);
  const bytes = Buffer.alloc(encoder.maximumBytes * operationsPerWrite);
  let offsetBytes = 0;
  for (let done = 0, writes = 1; done < each * clients; writes++) {
    let at = 0;
    for (let count = 0; count < operationsPerWrite; count++, done++) {
      at = encoder.encode(bytes, at, done % clients, Math.floor(done / clients) + 1);
    }
    clock.advanceNs(startNs + done * gapNs - clock.monotonicNs());
    run({ call: 'write', path: logPath as Buffer, offsetBytes }, bytes.subarray(0, at));
    offsetBytes += at;
    if (writes % writesPerSync === 0) run({ call: 'sync', path: logPath as Buffer });
  }
  return sink.bytes();
}

const startNs = 1_000_000;

function ledgerOf(workload: WorkloadSpec): Ledger {
  const time = (_: unknown, index: number): number => {
    const sequence = index % each;
    return startNs + (sequence * clients + Math.floor(index / each)) * gapNs;
  };
  return new Ledger({ clients, workload }, {
    starts: Float64Array.from({ length: clients + 1 }, (_, client) => client * each),
    sentNs: Float64Array.from({ length: each * clients }, time),
    ackedNs: Float64Array.from({ length: each * clients }, (_, at) => time(_, at) + 300_000),
    status: new Uint8Array(each * clients).fill(STATUS_OK), tornBytes: 0,
  });
}

for (const mix of ['set', 'chaos'] as const) {
  const workload: WorkloadSpec = {
    seed: 7, clients, keysPerClient: 200, valueSizeBytes: 100, mix, startWallMs: 1.76e12,
  };
  const bytes = recorded(workload);
  const ledger = ledgerOf(workload);
  const began = process.hrtime.bigint();
  const cpu = process.cpuUsage();
  const log = readOpLog(bytes);
  const timeline = new Timeline(log, { loadStartNs: startNs - 1000 });
  const operations = new Operations(workload);
  const curve = lossCurve({
    log, timeline, layout: layoutOf('aof', new Map()), ledger,
    operations, barriers: new Barriers(operations, ledger), ackedNs: ledger.ackedNs,
    startNs: startNs - 1000, endNs: startNs + (total + 500) * gapNs, askedNs: [],
  });
  const seconds = Number(process.hrtime.bigint() - began) / 1e9;
  const used = process.cpuUsage(cpu);
  const { positions } = curve;
  const columns = ledger.sentNs.byteLength + ledger.ackedNs.byteLength + ledger.status.byteLength;
  const own = positions.client.byteLength + positions.sequence.byteLength;
  const rate = Math.round(positions.count / seconds).toLocaleString('en');
  console.log(`${mix}: ${positions.count.toLocaleString('en')} operations in `
    + `${seconds.toFixed(2)} s (CPU ${((used.user + used.system) / 1e6).toFixed(2)} s): ${rate} `
    + `operations/s; ledger ${(columns / total).toFixed(1)} bytes and curve `
    + `${(own / total).toFixed(1)} bytes an operation; `
    + `${curve.instants.toLocaleString('en')} instants, at most `
    + `${curve.maximum.writes.toLocaleString('en')} writes lost`);
}
