// Read-back and recovery probe against a fake server: errors, duplicates, a server that loads.

import test from 'ava';
import type { HarnessError } from '../../errors.ts';
import { monotonicNs } from '../../metrics/monotonic.ts';
import type { RunningTarget } from '../../targets/target.ts';
import { RespClient } from './client.ts';
import { probeRecovery } from './probe.ts';
import { readBack } from './read-back.ts';
import { answerLikeRedis, FakeServer } from './testdata/fake-server.ts';

const workload = {
  seed: 7, clients: 2, keysPerClient: 3, valueSizeBytes: 40, mix: 'set', startWallMs: 1.8e12,
} as const;

const bulk = (text: string): string => `$${text.length}\r\n${text}\r\n`;

test('keys, counts and strangers; what SCAN says twice counts once', async (t) => {
  const names = [
    'p:0000000001', 'k:00000:00000001', 'p:0000000001', 'p:0000000009', 'plugpull:probe',
  ];
  const server = new FakeServer({
    answer: ([name, key = '']) => {
      if (name === 'DBSIZE') return ':5\r\n';
      if (name === 'GET') return key === 'k:00000:00000001' ? bulk('value') : '$-1\r\n';
      const isFirst = key === '0';
      const page = isFirst ? names : ['other', ...names];
      const next = isFirst ? '77' : '0';
      return `*2\r\n${bulk(next)}*${page.length}\r\n${page.map(bulk).join('')}`;
    },
  });
  await server.listen();
  const client = await RespClient.connect({ port: server.port });
  const read = await readBack(client, { workload, upTo: [5, 0], preloadKeys: 3 });
  t.is(read.totalKeys, 5);
  t.deepEqual(read.preload, { expected: 3, found: 1 });
  t.deepEqual(read.unknownKeys, ['p:0000000009', 'other']);
  t.deepEqual(read.clients[0]?.values, [null, Buffer.from('value'), null]);
  t.deepEqual(read.clients[1]?.values, [null, null, null]);
  t.deepEqual([...(read.clients[0]?.deadlinesMs ?? [])], [-2, -2, -2]);
  t.true(read.readFromWallMs <= read.readToWallMs);
  client.close();
  server.die();
});

test('an error on a read is no missing key', async (t) => {
  const server = new FakeServer({ answer: () => '-LOADING wait\r\n' });
  await server.listen();
  const client = await RespClient.connect({ port: server.port });
  const reading = readBack(client, { workload, upTo: [1, 1], preloadKeys: 0 });
  const error = await t.throwsAsync(reading);
  t.is((error as HarnessError).code, 'TARGET_FAILED');
  t.regex(error?.message ?? '', /reading back failed: GET k:00000:00000000: LOADING wait/);
  client.close();
  server.die();
});

/** As much of a target as a probe looks at. */
function running(server: FakeServer): RunningTarget {
  return {
    pid: process.pid,
    host: '127.0.0.1',
    port: server.port,
    spawnedNs: monotonicNs(),
    waitListening: async () => monotonicNs(),
    exited: new Promise(() => {}),
    exitInfo: () => null,
    kill: () => ({ cutNs: 0, applied: false }),
    stop: async () => {},
    logTail: () => ['a word'],
    loadingMs: () => null,
    cpuUs: () => null,
    rssBytes: () => null,
  };
}

test('phases end with data, not with an error; a broken connection is tried again', async (t) => {
  let asked = 0;
  const server = new FakeServer({
    answer: (command) => {
      asked++;
      if (asked === 3) server.dropConnections();
      if (asked < 6) return '-LOADING wait\r\n';
      if (command[0] === 'SET' && asked < 9) return '-MISCONF not now\r\n';
      return answerLikeRedis(command);
    },
  });
  await server.listen();
  const times = await probeRecovery(running(server), { timeoutMs: 5000 });
  t.true(times.spawnedNs <= times.listeningNs && times.listeningNs < times.firstReadNs);
  t.true(times.firstReadNs < times.firstWriteNs);
  t.deepEqual(Object.fromEntries(server.counts), { GET: 6, SET: 3, DEL: 1 });
  server.die();
});

test('a server that never gets there: TARGET_FAILED, its last answer and words', async (t) => {
  const server = new FakeServer({ answer: () => '-LOADING wait\r\n' });
  await server.listen();
  const error = await t.throwsAsync(probeRecovery(running(server), { timeoutMs: 100 }));
  t.is((error as HarnessError).code, 'TARGET_FAILED');
  t.regex(error?.message ?? '', /did not answer GET in time; last answer: LOADING wait[^]*a word/);
  server.die();
});
