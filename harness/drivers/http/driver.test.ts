// Requests against what RESP would have sent, and the generator against a server that tells what it
// was asked.

import http from 'node:http';
import net from 'node:net';
import type { AddressInfo } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import test from 'ava';
import type { ExecutionContext } from 'ava';
import { OperationEncoder } from '../../workloads/encoder.ts';
import { Reads } from '../../workloads/reads.ts';
import type { WorkloadSpec } from '../../workloads/spec.ts';
import { httpMissing, startHttp } from './driver.ts';
import type { HttpLoad, HttpResult } from './driver.ts';
import { RequestStream } from './requests.ts';

const workload: WorkloadSpec = {
  seed: 3, clients: 4, keysPerClient: 20, valueSizeBytes: 64, mix: 'set', startWallMs: 1.76e12,
};

test('keys and values are those of RESP, reads among them', (t) => {
  const encoder = new OperationEncoder(workload);
  const reads = new Reads(workload, 0.4);
  const bytes = Buffer.alloc(encoder.maximumBytes);
  let sequence = 1;
  const stream = new RequestStream(workload, { client: 2, readShare: 0.4, host: 'h:1' });
  const common = 'HTTP/1.1\r\nHost: h:1\r\nConnection: keep-alive\r\n';
  for (let at = 0; at < 200; at++) {
    const request = stream.next().toString('latin1');
    const isRead = reads.isRead(2, at + 1);
    const end = isRead
      ? reads.encode(bytes, 0, 2, at + 1) : encoder.encode(bytes, 0, 2, sequence++);
    const [key = '', ...value] = bytes.toString('latin1', 0, end).split('\r\n').slice(4);
    // A value may hold CR LF itself: what was split is joined again.
    const body = value.slice(1, -1).join('\r\n');
    t.is(request, isRead ? `GET /get/${key} ${common}\r\n`
      : `POST /set/${key} ${common}Content-Length: ${body.length}\r\n\r\n${body}`);
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

function driveHttp(load: HttpLoad, signal: AbortSignal): Promise<HttpResult> {
  return startHttp(load, signal).result;
}

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

test('each request is the next operation, however many there are', async (t) => {
  const one = { ...workload, clients: 1 };
  const [seen, wanted] = [[] as string[], 600];
  const enough = Promise.withResolvers<void>();
  const listening = http.createServer((request, response) => {
    const parts: Buffer[] = [];
    request.on('data', (part: Buffer) => parts.push(part));
    request.on('end', () => {
      seen.push(`${request.method} ${request.url} ${Buffer.concat(parts).toString('latin1')}`);
      if (seen.length === wanted) enough.resolve();
      response.end('{}');
    });
  }).listen(0, '127.0.0.1');
  await new Promise((resolve) => listening.once('listening', resolve));
  t.teardown(() => {
    listening.closeAllConnections();
    listening.close();
  });
  const { port } = listening.address() as AddressInfo;
  const driver = startHttp({
    host: '127.0.0.1', port, workload: one, readShare: 0.3, ratePerSecond: null, warmupMs: 1,
    durationMs: 60_000,
  }, never);
  await enough.promise;
  driver.finish();
  await driver.result;
  const stream = new RequestStream(one, { client: 0, readShare: 0.3, host: 'h' });
  for (const text of seen.slice(0, wanted)) {
    const [head = '', body = ''] = stream.next().toString('latin1').split(/\r\n\r\n([^]*)/);
    t.is(text, `${head.split(' HTTP/')[0]} ${body}`);
  }
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

test('a killed server: every client comes back, and the outage is in the latency', async (t) => {
  const { load } = await server(t, { lateMs: 20 });
  const proxied = await killable(t, load.port);
  const driver = startHttp({ ...load, port: proxied.port, durationMs: null }, never);
  await driver.measuring;
  await proxied.hasAnswered();
  const downMs = await proxied.kill(200);
  const { crash, errors, latencyUs, answered } = await driver.result;
  t.is(errors, 0, 'who knocks is not refused');
  t.true(answered > 0);
  t.true(crash !== null && crash.unanswered >= 1 && crash.unanswered <= workload.clients);
  t.true((crash?.outageMs ?? 0) >= downMs, `${crash?.outageMs} of ${downMs}`);
  t.true((crash?.latencyUs.max ?? 0) >= downMs * 999);
  t.true(latencyUs.max <= (crash?.latencyUs.max ?? 0));
});

/** What stands before a server and can be killed: connections are reset, nobody listens. */
async function killable(t: ExecutionContext, behind: number): Promise<{
  port: number; hasAnswered: () => Promise<unknown>; kill: (ms: number) => Promise<number>;
}> {
  const sockets = new Set<net.Socket>();
  const seen = Promise.withResolvers<void>();
  let answers = 0;
  const front = net.createServer((socket) => {
    const back = net.connect(behind, '127.0.0.1');
    socket.pipe(back).pipe(socket);
    back.on('data', () => {
      if (++answers === 40) seen.resolve();
    });
    for (const one of [socket, back]) sockets.add(one.on('error', () => {}));
  });
  const listen = (port: number): Promise<unknown> => new Promise((resolve) => {
    front.listen(port, '127.0.0.1', () => resolve(null));
  });
  const end = (): void => {
    front.close();
    for (const socket of sockets) socket.resetAndDestroy();
  };
  await listen(0);
  const { port } = front.address() as AddressInfo;
  t.teardown(end);
  return { port, hasAnswered: () => seen.promise, kill: async (ms) => {
    end();
    const fromMs = performance.now();
    await sleep(ms);
    const downMs = performance.now() - fromMs;
    await listen(port);
    return downMs;
  } };
}

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
