// redis-server and valkey-server: found or not, started as the cell says. Real ones where present.

import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import test from 'ava';
import type { HarnessError } from '../errors.ts';
import { parseLoadingMs } from './log-file.ts';
import { freePort } from './ports.ts';
import { parseStatCpuUs } from './proc.ts';
import { parseVersion, redisTarget, valkeyTarget } from './redis.ts';
import { startListening } from './targets.ts';

const located = await redisTarget().locate();
const title = (text: string): string =>
  located.kind === 'found' ? text : `${text} (skipped: redis-server is not on the PATH)`;
const testRedis = located.kind === 'found' ? test : test.skip;

test('a missing server names what was looked for and how to install it', async (t) => {
  const target = redisTarget({ PATH: '/nowhere:/void' });
  const found = await target.locate();
  if (found.kind !== 'missing') return t.fail(`found ${found.binary}`);
  t.deepEqual(found.lookedFor, [
    '/nowhere/redis-server', '/void/redis-server', '$REDIS_SERVER_BIN (not set)',
  ]);
  t.regex(found.install, /apt-get install redis-server.*REDIS_SERVER_BIN/);
  const directory = os.tmpdir();
  const options = { directory, port: 1, directives: [], logPath: '/dev/null', record: null };
  const error = await t.throwsAsync(target.start(options));
  t.is((error as HarnessError).code, 'ENVIRONMENT');
  t.regex(error?.message ?? '', /no redis-server: looked for \/nowhere\/redis-server, /);
});

test('the variable wins over the PATH, also when it is wrong', async (t) => {
  const environment = { PATH: process.env['PATH'], VALKEY_SERVER_BIN: '/no/v' };
  const found = await valkeyTarget(environment).locate();
  if (found.kind !== 'missing') return t.fail(`found ${found.binary}`);
  t.deepEqual(found.lookedFor, ['/no/v ($VALKEY_SERVER_BIN)']);
});

test('a program that is something else is missing, too', async (t) => {
  const found = await redisTarget({ REDIS_SERVER_BIN: process.execPath }).locate();
  if (found.kind !== 'missing') return t.fail(`found ${found.binary}`);
  t.regex(found.lookedFor[0] ?? '', /node: --version failed: expected .* found "v\d/);
});

test('versions', (t) => {
  t.is(parseVersion('Redis server v=7.0.15 sha=00000000:0 malloc=jemalloc-5.3.0\n'), '7.0.15');
  t.is(parseVersion('Valkey server v=8.1.1 sha=0:0 bits=64\n'), '8.1.1');
  t.throws(() => parseVersion('nginx version: 1.2'), { message: /found "nginx version: 1.2"/ });
});

test('loading times: the total, not its parts', (t) => {
  const stamp = '8660:M 22 Nov 2026 17:48:21.880 * ';
  t.is(parseLoadingMs(`${stamp}DB loaded from append only file: 1.250 seconds`), 1250);
  t.is(parseLoadingMs(`${stamp}DB loaded from disk: 0.004 seconds`), 4);
  t.is(parseLoadingMs(`${stamp}DB loaded from base file x.base.rdb: 1.000 seconds`), null);
  t.is(parseLoadingMs(`${stamp}DB loaded from incr file x.incr.aof: 0.250 seconds`), null);
});

test('CPU time of a process with a nasty name', (t) => {
  const stat = '7 (a) b (c) S 1 7 7 0 -1 4194560 100 0 0 0 250 50 0 0 20 0 4 0 1 1 1';
  t.is(parseStatCpuUs(stat), 3_000_000);
  t.is(parseStatCpuUs(''), null);
});

testRedis(title('redis-server gets exactly the directives'), async (t) => {
  const directory = fs.mkdtempSync(path.join(os.tmpdir(), 'plugpull-redis-'));
  const { running } = await startListening(
    redisTarget(),
    {
      directory,
      port: await freePort(),
      directives: [['save', '3600 1 300 100'], ['appendonly', 'yes'], ['appendfsync', 'always']],
      logPath: path.join(directory, 'log'),
      record: null,
    },
    5000,
  );
  const get = (name: string): string =>
    execFileSync('redis-cli', ['-p', String(running.port), 'CONFIG', 'GET', name], {
      encoding: 'utf8',
    }).split('\n')[1] ?? '';
  t.is(get('save'), '3600 1 300 100');
  t.is(get('appendfsync'), 'always');
  t.is(get('dir'), fs.realpathSync(directory));
  t.is(get('bind'), '127.0.0.1');
  t.is(running.loadingMs(), null, 'there was nothing to load');
  await running.stop();
  t.is((await running.exited).code, 0);
  fs.rmSync(directory, { recursive: true });
});

testRedis(title('a bad directive is TARGET_FAILED with the words of redis-server'), async (t) => {
  const directory = fs.mkdtempSync(path.join(os.tmpdir(), 'plugpull-redis-'));
  const logPath = path.join(directory, 'log');
  const port = await freePort();
  const options = { directory, port, directives: [['sieve', '1']], logPath, record: null } as const;
  const error = await t.throwsAsync(startListening(redisTarget(), options, 5000));
  t.is((error as HarnessError).code, 'TARGET_FAILED');
  t.regex(error?.message ?? '', /redis \d[\d.]+ ended before it listened \(exit code 1\)/);
  t.regex(error?.message ?? '', /sieve[^]*Bad directive/);
  const recording = { ...options, record: { opLogPath: '/x', syncDelayMs: 1 } };
  const second = await t.throwsAsync(redisTarget().start(recording));
  t.is((second as HarnessError).code, 'USAGE');
  fs.rmSync(directory, { recursive: true });
});
