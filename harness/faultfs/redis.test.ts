// redis-server on a mount: works as on a plain directory, and its power cuts keep its promise.

import * as fs from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import test from 'ava';
import type { ExecutionContext } from 'ava';
import { unaccounted } from '../crash/coverage.ts';
import { CrashImager } from '../crash/image.ts';
import { fileSizes, materialize } from '../crash/materialize.ts';
import { RespClient } from '../drivers/resp/client.ts';
import { monotonicNs } from '../metrics/monotonic.ts';
import { freePort } from '../targets/ports.ts';
import { redisTarget } from '../targets/redis.ts';
import { startListening } from '../targets/targets.ts';
import type { RunningTarget } from '../targets/target.ts';
import { faultfsUnavailable } from './client.ts';
import { benchOf } from './test-support.ts';

const located = await redisTarget().locate();
const missing = located.kind === 'found' ? faultfsUnavailable() : 'redis-server is not on the PATH';
const testRedis = missing === null ? test : test.skip;
const title = (text: string): string => (missing === null ? text : `${text} (skipped: ${missing})`);

async function start(
  t: ExecutionContext,
  directory: string,
  appendfsync = 'always',
): Promise<{ running: RunningTarget; client: RespClient }> {
  const logPath = join(fs.mkdtempSync(join(tmpdir(), 'plugpull-faultfs-redis-')), 'log');
  const { running } = await startListening(
    redisTarget(),
    {
      directory,
      port: await freePort(),
      directives: [
        ['save', ''],
        ['appendonly', 'yes'],
        ['appendfsync', appendfsync],
        ['enable-debug-command', 'local'],
      ],
      logPath,
      record: null,
    },
    10_000,
  );
  t.teardown(async () => {
    running.kill();
    await running.exited;
    fs.rmSync(join(logPath, '..'), { recursive: true });
  });
  const client = await RespClient.connect({ port: running.port });
  while ((await client.call('PING').catch(() => 'LOADING')) !== 'PONG') await sleep(5);
  return { running, client };
}

async function rewrite(client: RespClient): Promise<void> {
  await client.call('BGREWRITEAOF');
  for (;;) {
    const info = String(await client.call('INFO', 'persistence'));
    if (/aof_rewrite_in_progress:0/.test(info) && /aof_rewrite_scheduled:0/.test(info)) return;
  }
}

function fill(client: RespClient, from: number, count: number): Promise<unknown> {
  const commands = Array.from({ length: count }, (_, n) => {
    return ['SET', `key ${(from + n) % 1500}`, `${from + n} ${'x'.repeat(n % 200)}`];
  });
  return client.pipeline(commands);
}

testRedis(title('load, BGREWRITEAOF, restart: the same keys; the op log is whole'), async (t) => {
  const bench = await benchOf(t, { name: 'redis ü ' });
  const first = await start(t, bench.mount.mountPoint, 'everysec');
  await fill(first.client, 0, 2000);
  await rewrite(first.client);
  await fill(first.client, 2000, 1000);
  const digest = String(await first.client.call('DEBUG', 'DIGEST'));
  t.notRegex(digest, /^0+$/);
  await first.running.stop();
  const second = await start(t, bench.mount.mountPoint, 'everysec');
  t.is(String(await second.client.call('DEBUG', 'DIGEST')), digest);
  t.is(await second.client.call('DBSIZE'), 1500);
  await second.running.stop();
  const log = await bench.finish();
  const imager = new CrashImager(log, { loadStartNs: 0 });
  t.deepEqual(unaccounted(log, imager, fileSizes(bench.backing)), []);
  const live = imager.liveAt(Infinity);
  for (const [path, bytes] of live.files) {
    t.true(fs.readFileSync(join(bench.backing, path)).equals(bytes), path);
  }
});

interface Load {
  readonly ackedNs: number[];
  readonly done: Promise<void>;
}

// One connection counts up its own key, one write at a time, until `stop`.
function count(client: RespClient, key: string, stop: () => boolean): Load {
  const ackedNs: number[] = [];
  const run = async (): Promise<void> => {
    while (!stop()) {
      await client.call('SET', key, String(ackedNs.length + 1));
      ackedNs.push(monotonicNs());
    }
  };
  return { ackedNs, done: run() };
}

async function survivors(t: ExecutionContext, directory: string): Promise<number[]> {
  const { running, client } = await start(t, directory);
  const values = (await client.call('MGET', 'c0', 'c1', 'c2', 'c3')) as unknown[];
  client.close();
  running.kill();
  await running.exited;
  return values.map((value) => Number(String(value ?? 0)));
}

async function cutUnderLoad(t: ExecutionContext, lying: boolean): Promise<number> {
  const bench = await benchOf(t, {
    rules: lying ? [{ fault: { kind: 'lie' }, skip: 12 }] : [],
  });
  const { running } = await start(t, bench.mount.mountPoint);
  const loadStartNs = monotonicNs();
  const clients = await Promise.all(
    [0, 1, 2, 3].map(() => RespClient.connect({ port: running.port })),
  );
  let stopped = false;
  const loads = clients.map((client, n) => count(client, `c${n}`, () => stopped));
  const rewriting = rewrite(await RespClient.connect({ port: running.port }));
  await Promise.all([rewriting, sleep(400)]);
  stopped = true;
  const endNs = monotonicNs();
  await Promise.all(loads.map(({ done }) => done));
  running.kill();
  await running.exited;
  const log = await bench.finish();
  const imager = new CrashImager(log, { loadStartNs });
  let lost = 0;
  for (const [index, part] of [0.3, 0.7, 1].entries()) {
    const cutNs = loadStartNs + (endNs - loadStartNs) * part;
    const image = join(bench.directory, `image ${index}`);
    materialize(imager.at(cutNs), image);
    const values = await survivors(t, image);
    for (const [n, { ackedNs }] of loads.entries()) {
      const acked = ackedNs.filter((ns) => ns <= cutNs).length;
      t.true(acked > 0 || part < 1, 'the load wrote something');
      lost += Math.max(0, acked - (values[n] ?? 0));
    }
  }
  return lost;
}

testRedis(title('a power cut under always loses no acknowledged write'), async (t) => {
  t.is(await cutUnderLoad(t, false), 0);
});

testRedis(title('a power cut after lying syncs does: the test can fail'), async (t) => {
  t.true((await cutUnderLoad(t, true)) > 0);
});
