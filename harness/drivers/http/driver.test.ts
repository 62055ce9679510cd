// Requests against what RESP would have sent, and the generator against a server that tells what it
// was asked.

import http from 'node:http';
import type { AddressInfo } from 'node:net';
import test from 'ava';
import type { ExecutionContext } from 'ava';
import { OperationEncoder } from '../../workloads/encoder.ts';
import { Reads } from '../../workloads/reads.ts';
import type { WorkloadSpec } from '../../workloads/spec.ts';
import { driveHttp, httpMissing } from './driver.ts';
import type { HttpLoad } from './driver.ts';
import { requestsOf } from './requests.ts';

const workload: WorkloadSpec = {
  seed: 3, clients: 4, keysPerClient: 20, valueSizeBytes: 64, mix: 'set', startWallMs: 1.76e12,
};

test('keys and values are those of RESP, reads among them', (t) => {
  const encoder = new OperationEncoder(workload);
  const reads = new Reads(workload, 0.4);
  const bytes = Buffer.alloc(encoder.maximumBytes);
  let sequence = 1;
  const requests = requestsOf(workload, { client: 2, count: 200, readShare: 0.4 });
  for (const [at, request] of requests.entries()) {
    const isRead = reads.isRead(2, at + 1);
    const end = isRead
      ? reads.encode(bytes, 0, 2, at + 1) : encoder.encode(bytes, 0, 2, sequence++);
    const [key = '', ...value] = bytes.toString('latin1', 0, end).split('\r\n').slice(4);
    t.is(request.path, `/${isRead ? 'get' : 'set'}/${key}`);
    t.is(request.method, isRead ? 'GET' : 'POST');
    // A value may hold CR LF itself: what was split is joined again.
    if (!isRead) t.is(request.body?.toString('latin1'), value.slice(1, -1).join('\r\n'));
  }
  t.true(sequence > 50 && sequence < 200, `${sequence}`);
});

interface Seen {
  readonly load: HttpLoad;
  readonly clients: Set<string>;
}

/** Counts requests by client; answers with `status` after `lateMs`. */
async function server(
  t: ExecutionContext, { status = 200, lateMs = 0 }: { status?: number; lateMs?: number },
): Promise<Seen> {
  const clients = new Set<string>();
  const listening = http.createServer((request, response) => {
    clients.add(/\/[sg]et\/k:(\d+):/.exec(request.url ?? '')?.[1] ?? request.url ?? '');
    request.resume();
    setTimeout(() => response.writeHead(status).end('{"result":"OK"}'), lateMs);
  }).listen(0, '127.0.0.1');
  await new Promise((resolve) => listening.once('listening', resolve));
  t.teardown(() => {
    listening.closeAllConnections();
    listening.close();
  });
  const { port } = listening.address() as AddressInfo;
  return { clients, load: {
    host: '127.0.0.1', port, workload, readShare: 0, ratePerSecond: null, warmupMs: 100,
    durationMs: 400,
  } };
}

const never = new AbortController().signal;

test('every client sends its own keys; answers, refusals and latency are counted', async (t) => {
  t.is(httpMissing(), null);
  const { load, clients } = await server(t, { lateMs: 5 });
  const result = await driveHttp(load, never);
  t.deepEqual([...clients].sort(), ['00000', '00001', '00002', '00003']);
  t.true(result.answered > 0 && result.refused === 0 && result.errors === 0);
  t.is(result.correctedUs, null);
  t.true(result.latencyUs.p50 >= 4000 && result.latencyUs.p50 <= result.latencyUs.max);
  t.true(result.measuredMs >= 390);
  const refusing = await server(t, { status: 400 });
  const refused = await driveHttp(refusing.load, never);
  t.true(refused.answered > 0 && refused.refused === refused.answered);
});

test('at a rate: the rate is kept, and a slow server is corrected for', async (t) => {
  // 20 a second for each client: after 120 ms two others are due.
  const [slow, fast] = [await server(t, { lateMs: 120 }), await server(t, {})];
  const [result, quick] = await Promise.all([slow, fast].map(({ load }) =>
    driveHttp({ ...load, ratePerSecond: 80, durationMs: 1500 }, never)));
  if (result === undefined || quick === undefined) return t.fail();
  const begunSeconds = Math.ceil(quick.measuredMs / 1000) + 1;
  t.true(quick.answered > 0 && quick.answered <= 80 * begunSeconds, `${quick.answered}`);
  const { latencyUs, correctedUs } = result;
  t.true(latencyUs.p50 >= 119_000 && (correctedUs?.p50 ?? Infinity) < latencyUs.p50);
  t.is(correctedUs?.max, latencyUs.max);
});

test('a server that is not there is errors, an interrupt ends it', async (t) => {
  const { load } = await server(t, {});
  const gone = await driveHttp({ ...load, port: 1 }, never);
  t.true(gone.answered === 0 && gone.errors > 0);
  const controller = new AbortController();
  const promise = driveHttp({ ...load, durationMs: 60_000 }, controller.signal);
  setTimeout(() => controller.abort(), 100);
  await t.throwsAsync(promise, { code: 'INTERRUPTED' });
  await t.throwsAsync(driveHttp(load, controller.signal), { code: 'INTERRUPTED' });
});
