// The driver, read-back and probe on a real redis-server: its own counters have the last word.

import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import test from 'ava';
import type { ExecutionContext } from 'ava';
import { plainDisk } from '../../disks/disks.ts';
import { faults } from '../../faults/faults.ts';
import { readLedger, STATUS_INFO } from '../../history/ledger.ts';
import { freePort } from '../../targets/ports.ts';
import type { RunningTarget } from '../../targets/target.ts';
import { startListening, targets } from '../../targets/targets.ts';
import type { WorkloadSpec } from '../../workloads/spec.ts';
import { RespClient } from './client.ts';
import { startDriver } from './driver.ts';
import type { Driver, DriverOptions } from './driver.ts';
import { probeRecovery } from './probe.ts';
import { readBack } from './read-back.ts';

const located = await targets.redis.locate();
const isHere = located.kind === 'found';
const title = (text: string): string =>
  isHere ? text : `${text} (skipped: redis-server is not on the PATH)`;
const testRedis = isHere ? test.serial : test.skip;

const workload: WorkloadSpec = {
  seed: 3, clients: 10, keysPerClient: 300, valueSizeBytes: 100, mix: 'set',
  startWallMs: Date.now(),
};

interface Place {
  readonly directory: string;
  readonly start: (port?: number) => Promise<RunningTarget>;
  readonly load: (running: RunningTarget, options: Partial<DriverOptions>) => Promise<Driver>;
}

function place(t: ExecutionContext, appendonly: 'yes' | 'no'): Place {
  const directory = fs.mkdtempSync(path.join(os.tmpdir(), 'plugpull-redis-'));
  const ended: (() => Promise<unknown>)[] = [];
  t.teardown(async () => {
    for (const end of ended) await end();
    fs.rmSync(directory, { recursive: true });
  });
  const directives = [['save', ''], ['appendonly', appendonly], ['appendfsync', 'no']] as const;
  const logPath = path.join(directory, 'log');
  return {
    directory,
    start: async (port) => {
      const options = { directory, port: port ?? (await freePort()), directives, logPath };
      const { running } = await startListening(targets.redis, { ...options, record: null }, 10_000);
      ended.push(() => running.stop());
      return running;
    },
    load: async (running, options) => {
      const base: DriverOptions = {
        host: '127.0.0.1', port: running.port, workload, pipeline: 4,
        ledgerPath: path.join(directory, 'ledger'), ratePerSecond: null, warmupMs: 100,
        preloadKeys: 0,
      };
      const driver = await startDriver({ ...base, ...options });
      ended.push(() => driver.kill());
      await driver.ready;
      return driver;
    },
  };
}

/** Calls of each command as the server counts them. */
async function commandStats(client: RespClient): Promise<Map<string, number>> {
  const text = String(await client.call('INFO', 'commandstats'));
  const found = text.matchAll(/cmdstat_([a-z|]+):calls=(\d+),/g);
  return new Map([...found].map(([, name = '', calls]) => [name, Number(calls)]));
}

testRedis(title('a second of SETs: acknowledged is what the server counted'), async (t) => {
  const { directory, start, load } = place(t, 'no');
  const running = await start();
  const driver = await load(running, { preloadKeys: 5000 });
  driver.begin();
  await sleep(1000);
  await driver.stopSending();
  const result = await driver.finish();
  const client = await RespClient.connect({ port: running.port });
  t.is((await commandStats(client)).get('set'), result.acknowledged + 5000);
  t.deepEqual([result.errors, result.unknown, result.lostNs], [0, 0, null]);
  t.true((result.qps ?? 0) > 1000, `${result.qps}`);
  const ledger = readLedger(fs.readFileSync(path.join(directory, 'ledger')));
  t.is(ledger.operations, result.acknowledged);

  const upTo = Array.from({ length: workload.clients }, (_, number) => ledger.count(number));
  const read = await readBack(client, { workload, upTo, preloadKeys: 5000 });
  t.deepEqual(read.preload, { expected: 5000, found: 5000 });
  t.deepEqual(read.unknownKeys, []);
  const present = read.clients.flatMap(({ values }) => values.filter((value) => value !== null));
  t.is(read.totalKeys, present.length + 5000);
  t.true(present.every((value) => value?.length === 100));
  client.close();
});

testRedis(title('chaos mix: commands, deadlines and stray keys are read back'), async (t) => {
  const { directory, start, load } = place(t, 'no');
  const running = await start();
  const chaos: WorkloadSpec = { ...workload, mix: 'chaos', startWallMs: Date.now() };
  const driver = await load(running, { workload: chaos });
  driver.begin();
  await sleep(400);
  await driver.stopSending();
  const result = await driver.finish();
  const client = await RespClient.connect({ port: running.port });
  const stats = await commandStats(client);
  t.is(result.errors, 0, result.firstError ?? '');
  t.is(stats.get('exec'), stats.get('multi'));
  const ledger = readLedger(fs.readFileSync(path.join(directory, 'ledger')));
  await client.call('SET', 'stray', '1');
  await client.call('SET', 'p:0000000007', '1');
  const upTo = Array.from({ length: chaos.clients }, (_, number) => ledger.count(number));
  const read = await readBack(client, { workload: chaos, upTo, preloadKeys: 0 });
  t.deepEqual(read.unknownKeys.toSorted(), ['p:0000000007', 'stray']);
  const first = read.clients[0];
  t.is(first?.keys.upTo, ledger.count(0));
  const deadlines = [...(first?.deadlinesMs ?? [])];
  t.true(deadlines.some((deadlineMs) => deadlineMs > Date.now()));
  t.true(deadlines.includes(-1) && deadlines.includes(-2));
  client.close();
});

testRedis(title('SIGKILL and restart: unknown in flight, ordered phases, outage'), async (t) => {
  const { directory, start, load } = place(t, 'yes');
  const running = await start();
  const driver = await load(running, { preloadKeys: 20_000 });
  driver.begin();
  await sleep(400);
  const injection = await faults.kill.inject({ running, disk: plainDisk(''), seed: 1 });
  t.true(injection.applied);
  await driver.lost;
  const again = await start(running.port);
  const times = await probeRecovery(again, { timeoutMs: 10_000 });
  t.true(times.spawnedNs < times.listeningNs);
  t.true(times.listeningNs < times.firstReadNs && times.firstReadNs < times.firstWriteNs);
  await driver.answered;
  const result = await driver.finish();
  t.true((result.outageMs ?? 0) > 0);
  t.true((again.loadingMs() ?? -1) >= 0);
  const ledger = readLedger(fs.readFileSync(path.join(directory, 'ledger')));
  const unknown = ledger.status.reduce((sum, one) => sum + (one === STATUS_INFO ? 1 : 0), 0);
  t.is(unknown, result.unknown);
  t.true(unknown >= 1 && unknown <= 40);

  const client = await RespClient.connect({ port: again.port });
  t.is(await client.call('EXISTS', 'plugpull:probe'), 0, 'the probe cleans up');
  const stats = await commandStats(client);
  t.is(stats.get('set'), 1, 'the only write after the outage is the probe');
  const upTo = Array.from({ length: workload.clients }, (_, number) => ledger.count(number));
  const read = await readBack(client, { workload, upTo, preloadKeys: 20_000 });
  t.deepEqual(read.preload, { expected: 20_000, found: 20_000 });
  t.deepEqual(read.unknownKeys, []);
  client.close();
});

testRedis(title('a server that refuses its files: the probe says what it said'), async (t) => {
  const { directory, start } = place(t, 'yes');
  const running = await start();
  await faults.kill.inject({ running, disk: plainDisk(''), seed: 1 });
  const manifest = path.join(directory, 'appendonlydir/appendonly.aof.manifest');
  fs.writeFileSync(manifest, 'file nonsense\n');
  const again = await targets.redis.start({
    directory, port: running.port, directives: [['appendonly', 'yes']],
    logPath: path.join(directory, 'log'), record: null,
  });
  const error = await t.throwsAsync(probeRecovery(again, { timeoutMs: 10_000 }));
  t.regex(error?.message ?? '', /exit code 1[^]*manifest/);
  t.is((await again.exited).cause, 'alone');
});
