// The driver's process against a fake server: that acknowledges, refuses, stutters, dies, returns.

import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import test from 'ava';
import type { ExecutionContext } from 'ava';
import { HarnessError } from '../../errors.ts';
import { readLedger, STATUS_FAIL, STATUS_INFO, STATUS_OK } from '../../history/ledger.ts';
import type { Ledger } from '../../history/ledger.ts';
import { LatencyHistogram } from '../../metrics/histogram.ts';
import { monotonicNs } from '../../metrics/monotonic.ts';
import { startDriver } from './driver.ts';
import type { Driver, DriverOptions, DriverProgress, DriverSurroundings } from './driver.ts';
import { answerLikeRedis, FakeServer } from './testdata/fake-server.ts';
import type { FakeBehaviour } from './testdata/fake-server.ts';

interface Started {
  readonly server: FakeServer;
  readonly driver: Driver;
  readonly ledger: () => Ledger;
}

interface StartedWith {
  readonly behaviour?: Partial<FakeBehaviour>;
  readonly options?: Partial<DriverOptions>;
  readonly surroundings?: DriverSurroundings;
}

const workload = {
  seed: 7, clients: 5, keysPerClient: 100, valueSizeBytes: 40, mix: 'set', startWallMs: 1.8e12,
} as const;

async function started(t: ExecutionContext, input: StartedWith): Promise<Started> {
  const directory = fs.mkdtempSync(path.join(os.tmpdir(), 'plugpull-driver-'));
  const ledgerPath = path.join(directory, 'ledger');
  const server = new FakeServer(input.behaviour);
  await server.listen();
  const base: DriverOptions = {
    host: '127.0.0.1', port: server.port, workload, pipeline: 3, ledgerPath,
    ratePerSecond: null, warmupMs: 0, preloadKeys: 0,
  };
  const driver = await startDriver({ ...base, ...input.options }, input.surroundings);
  t.teardown(async () => {
    await driver.kill();
    server.die();
    fs.rmSync(directory, { recursive: true });
  });
  return { server, driver, ledger: () => readLedger(fs.readFileSync(ledgerPath)) };
}

function statuses(ledger: Ledger, status: number): number {
  return ledger.status.reduce((sum, one) => sum + (one === status ? 1 : 0), 0);
}

test.serial('what the server saw is acknowledged once, and in the ledger', async (t) => {
  const { server, driver, ledger } = await started(t, {});
  const ready = await driver.ready;
  t.is(new Set(ready.clientPorts).size, 5);
  const beginNs = monotonicNs();
  driver.begin();
  await sleep(300);
  const stoppedNs = await driver.stopSending();
  const seen = server.commands;
  const result = await driver.finish();
  t.is(server.commands, seen, 'nothing after stopSending resolved');
  t.true(result.operations > 0);
  t.deepEqual([result.acknowledged, result.errors, result.unknown], [seen, 0, 0]);
  t.deepEqual([result.lostNs, result.outageMs, result.firstError], [null, null, null]);
  t.is(result.series.acknowledged.reduce((sum, count) => sum + count, 0), seen);
  t.true((result.qps ?? 0) > 0 && result.measuredMs > 0);
  t.true(result.measuredAcknowledged <= result.acknowledged);
  const read = ledger();
  t.is(read.operations, seen);
  t.is(statuses(read, STATUS_OK), seen);
  t.true(read.sentNs.every((sentNs) => sentNs >= beginNs && sentNs <= stoppedNs));
  t.true(read.ackedNs.every((ackedNs, at) => ackedNs >= (read.sentNs[at] as number)));
  const histogram = LatencyHistogram.decode(result.histogram);
  t.true(histogram.count >= result.measuredAcknowledged && histogram.count <= seen);
});

test.serial('replies byte by byte, transactions among them', async (t) => {
  const { server, driver, ledger } = await started(t, {
    behaviour: { isByteByByte: true },
    options: { workload: { ...workload, mix: 'chaos' } },
  });
  await driver.ready;
  driver.begin();
  await sleep(300);
  await driver.stopSending();
  const result = await driver.finish();
  t.deepEqual([result.errors, result.unknown, result.firstError], [0, 0, null]);
  t.is(statuses(ledger(), STATUS_OK), result.acknowledged);
  const transactions = server.counts.get('EXEC') ?? 0;
  t.true(transactions > 0);
  t.is(result.acknowledged, server.commands - 3 * transactions);
});

test.serial('errors are failures, not acknowledgements; the first text is kept', async (t) => {
  let count = 0;
  const answer = (): string => (++count % 2 === 0 ? `-MISCONF number ${count}\r\n` : '+OK\r\n');
  const { driver, ledger } = await started(t, { behaviour: { answer } });
  await driver.ready;
  driver.begin();
  await sleep(200);
  await driver.stopSending();
  const result = await driver.finish();
  t.is(result.errors + result.acknowledged, result.operations);
  t.true(Math.abs(result.errors - result.acknowledged) <= 1);
  t.is(result.firstError, 'MISCONF number 2');
  t.is(statuses(ledger(), STATUS_FAIL), result.errors);
  t.is(result.series.acknowledged.reduce((sum, one) => sum + one, 0), result.acknowledged);
});

test.serial('an error inside EXEC is neither', async (t) => {
  const answer = (command: readonly string[]): string =>
    command[0] === 'EXEC' ? '*2\r\n+OK\r\n-WRONGTYPE x\r\n' : answerLikeRedis(command);
  const { server, driver, ledger } = await started(t, {
    behaviour: { answer },
    options: { workload: { ...workload, mix: 'chaos' }, pipeline: 1 },
  });
  await driver.ready;
  driver.begin();
  await sleep(200);
  await driver.stopSending();
  const result = await driver.finish();
  t.is(result.unknown, server.counts.get('EXEC') ?? 0);
  t.is(statuses(ledger(), STATUS_INFO), result.unknown);
  t.is(result.firstError, 'WRONGTYPE x');
});

test.serial('the server dies: in flight unknown, no write follows, outage measured', async (t) => {
  const { server, driver, ledger } = await started(t, { behaviour: { dieAfter: 1000 } });
  await driver.ready;
  driver.begin();
  const lostNs = await driver.lost;
  await sleep(150);
  const before = server.commands;
  let isLoading = true;
  server.behaviour.answer = (command) =>
    isLoading ? '-LOADING wait\r\n' : answerLikeRedis(command);
  const backNs = monotonicNs();
  await server.listen();
  await sleep(100);
  t.is(server.counts.get('SET'), before, 'only reads ask whether it is back');
  const whileLoading = server.counts.get('GET') ?? 0;
  // One scout, every 10 ms at most; five clients would ask five times as often.
  const mostProbes = 2 + (monotonicNs() - backNs) / 10e6;
  t.true(whileLoading >= 1 && whileLoading <= mostProbes, `${whileLoading} of ${mostProbes}`);
  isLoading = false;
  const answeredNs = await driver.answered;
  const result = await driver.finish();
  t.is(result.lostNs, lostNs);
  t.is(result.answeredNs, answeredNs);
  t.is(result.lostConnections, 5);
  t.true((result.outageMs ?? 0) >= 240);
  t.is(server.counts.get('SET'), before);
  t.true(result.unknown >= 1 && result.unknown <= 5 * 3);
  t.is(result.acknowledged + result.unknown, result.operations);
  t.true(result.latencyUs.max >= 240_000, 'the outage is in the histogram');
  t.true(result.latencyBeforeOutageUs.max <= result.latencyUs.max);
  const read = ledger();
  t.is(read.operations, result.operations);
  t.is(statuses(read, STATUS_INFO), result.unknown);
  t.true(read.ackedNs.every((ackedNs, at) => (ackedNs === Infinity) === (read.status[at] === 3)));
});

test.serial('a server that stays away: no end of the outage, finish does not wait', async (t) => {
  const { driver } = await started(t, { behaviour: { dieAfter: 100 } });
  await driver.ready;
  driver.begin();
  await driver.lost;
  t.true((await driver.stopSending()) > 0, 'nothing is in flight any more');
  const result = await driver.finish(50);
  t.not(result.lostNs, null);
  t.deepEqual([result.answeredNs, result.outageMs], [null, null]);
});

test.serial('it comes back on another port', async (t) => {
  const { server, driver } = await started(t, { behaviour: { dieAfter: 100 } });
  await driver.ready;
  driver.begin();
  await driver.lost;
  const other = new FakeServer();
  await other.listen();
  driver.moved(other.port);
  await driver.answered;
  t.not((await driver.finish()).outageMs, null);
  t.is(other.counts.get('GET'), 5, 'every client has been answered');
  t.is(server.counts.get('GET'), undefined);
  other.die();
});

test.serial('a server that hangs: in flight is unknown at the end', async (t) => {
  const { driver, ledger } = await started(t, { behaviour: { answer: () => null } });
  await driver.ready;
  driver.begin();
  await sleep(100);
  const result = await driver.finish(50);
  t.deepEqual([result.operations, result.acknowledged, result.unknown], [15, 0, 15]);
  t.deepEqual([result.lostNs, result.qps], [null, 0]);
  t.is(statuses(ledger(), STATUS_INFO), 15);
});

test.serial('open loop keeps to its rate', async (t) => {
  const { server, driver } = await started(t, {
    options: { ratePerSecond: 1000, pipeline: 100 },
  });
  await driver.ready;
  driver.begin();
  await sleep(500);
  await driver.stopSending();
  const result = await driver.finish();
  t.is(result.acknowledged, server.commands);
  const dueMs = ((result.stoppedNs ?? 0) - (result.beginNs ?? 0)) / 1e6;
  t.true(result.acknowledged <= dueMs + 1, `${result.acknowledged} in ${dueMs} ms`);
  t.true(result.acknowledged >= dueMs / 4, `${result.acknowledged} in ${dueMs} ms`);
  t.true((result.sendLateUs?.inTimeShare ?? 0) > 0);
});

test.serial('open loop: what was due while the server stood still has waited', async (t) => {
  const { driver } = await started(t, { options: { ratePerSecond: 1000, pipeline: 100 } });
  await driver.ready;
  driver.begin();
  await sleep(100);
  const until = performance.now() + 300; // the fake server lives in this process: it stands still
  while (performance.now() < until);
  await sleep(200);
  await driver.stopSending();
  const result = await driver.finish();
  const dueMs = ((result.stoppedNs ?? 0) - (result.beginNs ?? 0)) / 1e6;
  t.true(result.acknowledged > 0.6 * dueMs, 'what was meant to be sent was sent: no half missing');
  t.true(result.latencyUs.max >= 250_000);
  const waited = LatencyHistogram.decode(result.histogram);
  t.true(waited.valueAtUs(75) > 20_000, 'half of the operations were due during the stall');
});

test.serial('open loop: a server that answers nothing does not slow the sending', async (t) => {
  const { server, driver } = await started(t, {
    behaviour: { answer: () => null }, options: { ratePerSecond: 2000, pipeline: 1 },
  });
  await driver.ready;
  driver.begin();
  while (server.commands < 200) await sleep(10); // far more than the five connections
  const result = await driver.finish(0);
  t.true(result.unknown >= 200);
});

test.serial('open loop: through a crash what was due waits until the answer', async (t) => {
  const { server, driver } = await started(t, {
    behaviour: { dieAfter: 200 }, options: { ratePerSecond: 1000, pipeline: 1 },
  });
  await driver.ready;
  driver.begin();
  const lostNs = await driver.lost;
  await sleep(400);
  await server.listen();
  const answeredNs = await driver.answered;
  const result = await driver.finish();
  const outageMs = (answeredNs - lostNs) / 1e6;
  const waited = LatencyHistogram.decode(result.histogram);
  // A thousand were due in each second of the outage, evenly: half of them in its first half.
  t.true(waited.count - result.acknowledged >= 0.8 * outageMs, `${waited.count}, ${outageMs} ms`);
  t.true(result.latencyUs.max >= 0.9 * outageMs * 1000);
  const inSeconds = result.seconds.flatMap(({ counts }) => counts);
  t.is(inSeconds.reduce((sum, count) => sum + count, 0), waited.count, 'both files agree');
  t.true(result.latencyBeforeOutageUs.max <= result.latencyUs.max);
});

test.serial('reads go between the writes and stay out of the ledger', async (t) => {
  const { server, driver, ledger } = await started(t, { options: { readShare: 0.4 } });
  await driver.ready;
  driver.begin();
  while (server.commands < 500) await sleep(10);
  await driver.stopSending();
  const result = await driver.finish();
  const [reads, writes] = [server.counts.get('GET') ?? 0, server.counts.get('SET') ?? 0];
  t.is(ledger().operations, writes);
  t.is(result.acknowledged, writes);
  t.true(Math.abs(reads / (reads + writes) - 0.4) < 0.12);
  t.true((result.readsPerSecond ?? 0) > 0 && (result.readLatencyUs?.max ?? 0) > 0);
  t.is(LatencyHistogram.decode(result.histogram).count, reads + writes);
});

test.serial('warm-up counts for the ledger, not for the measurement', async (t) => {
  const { driver } = await started(t, { options: { warmupMs: 60_000 } });
  await driver.ready;
  driver.begin();
  await sleep(100);
  await driver.stopSending();
  const result = await driver.finish();
  t.true(result.acknowledged > 0);
  t.deepEqual([result.measuredAcknowledged, result.measuredMs, result.qps], [0, 0, null]);
  t.is(LatencyHistogram.decode(result.histogram).count, 0);
});

test.serial('preload writes every key once, before ready and outside the ledger', async (t) => {
  const keys = new Map<string, number>();
  const answer = (command: readonly string[]): string => {
    keys.set(command[1] ?? '', (keys.get(command[1] ?? '') ?? 0) + 1);
    return '+OK\r\n';
  };
  const { driver, ledger } = await started(t, {
    behaviour: { answer },
    options: { preloadKeys: 1003 },
  });
  t.is((await driver.ready).preloadedKeys, 1003);
  t.is(keys.size, 1003);
  t.true([...keys.values()].every((count) => count === 1));
  t.true(keys.has('p:0000000000') && keys.has('p:0000001002'));
  t.is((await driver.finish()).operations, 0);
  t.is(ledger().operations, 0);
});

test.serial('a preload that the server refuses is DRIVER_FAILED', async (t) => {
  const { driver } = await started(t, {
    behaviour: { answer: () => '-OOM full\r\n' },
    options: { preloadKeys: 10 },
  });
  const error = await t.throwsAsync(driver.ready);
  t.is((error as HarnessError).code, 'DRIVER_FAILED');
  t.regex(error?.message ?? '', /refused to be filled: OOM full/);
  await t.throwsAsync(driver.finish(), { message: /refused to be filled/ });
});

test.serial('nobody listens: DRIVER_FAILED with the address', async (t) => {
  const server = new FakeServer();
  await server.listen();
  server.die();
  const { driver } = await started(t, { options: { port: server.port } });
  await t.throwsAsync(driver.ready, { message: /ECONNREFUSED 127\.0\.0\.1/ });
});

test.serial('a server that speaks something else ends the load and says so', async (t) => {
  const { driver } = await started(t, { behaviour: { answer: () => 'HTTP/1.1 400\r\n' } });
  await driver.ready;
  driver.begin();
  await driver.lost;
  const result = await driver.finish(0);
  t.is(result.acknowledged, 0);
  t.is(result.firstError, 'the server sent bytes that are not RESP2');
});

test.serial('a driver that dies gives its last words', async (t) => {
  const { driver } = await started(t, {});
  await driver.ready;
  driver.begin();
  process.kill(driver.pid, 'SIGTERM');
  const error = await t.throwsAsync(driver.finish());
  t.is((error as HarnessError).code, 'DRIVER_FAILED');
  t.regex(error?.message ?? '', /ended by itself \(signal SIGTERM\); it said nothing/);
});

test.serial('abort kills it and everything pending is INTERRUPTED', async (t) => {
  const abort = new AbortController();
  const seen: DriverProgress[] = [];
  const { driver } = await started(t, {
    surroundings: { signal: abort.signal, onProgress: (progress) => seen.push(progress) },
  });
  await driver.ready;
  driver.begin();
  await sleep(500);
  abort.abort();
  const error = await t.throwsAsync(driver.finish());
  t.true(error instanceof HarnessError && error.code === 'INTERRUPTED');
  await driver.kill();
  t.throws(() => process.kill(driver.pid, 0), { code: 'ESRCH' });
  const last = seen.at(-1);
  t.true(seen.length >= 2 && last?.phase === 'load' && last.operations > 0 && last.connected === 5);
});
