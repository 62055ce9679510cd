// `plugpull backup` and `restore` through S3: there and back after everything else is gone, broken
// connections, Ctrl-C, refusals, and no secret in anything that is shown or stored.

import { existsSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import test from 'ava';
import type { Harm } from '../s3/own-server/server.ts';
import { filesIn, logOf, s3ServerFor, withS3, writeFiles } from './backup-test-support.ts';
import { temporaryFolder } from './test-support.ts';
import type { Press } from './test-support.ts';

const to = ['--to', 's3://bucket/deep/prefix', '--staging', '.'] as const;
const from = ['--from', 's3://bucket/deep/prefix'] as const;
const digestIn = (text: string): string | undefined => /digest ([0-9a-f]{40})/.exec(text)?.[1];

test('backup, delete everything, restore: the digest is equal', async (t) => {
  const cwd = temporaryFolder(t);
  const server = await s3ServerFor(t);
  const data = logOf(3000);
  writeFiles(join(cwd, 'data'), data);
  const backup = await withS3(t, server, { cwd, argv: ['backup', 'data', ...to] });
  t.is(backup.code, 0, backup.stderr);
  t.true(server.requests.filter((each) => each.includes('partNumber=')).length >= 10);
  const name = backup.stdout.split(' ')[0] ?? '';
  t.deepEqual([...server.objects.keys()].sort(), [
    ...Object.keys(data).map((file) => `deep/prefix/${name}/data/${file}`),
    `deep/prefix/${name}/backup.json`,
  ].sort());
  rmSync(join(cwd, 'data'), { recursive: true });
  t.deepEqual(readdirSync(cwd), [], 'nothing stayed behind');
  const restore = await withS3(t, server, { cwd, argv: ['restore', 'data', ...from] });
  t.is(restore.code, 0, restore.stderr);
  t.is(digestIn(restore.stdout), digestIn(backup.stdout));
  t.deepEqual(filesIn(join(cwd, 'data')), data);
  const verify = await withS3(t, server, { cwd, argv: ['backup', 'verify', from[1], 'all'] });
  t.is(verify.code, 0, verify.stderr);
  const pruned = await withS3(t, server, {
    cwd, now: new Date('2026-11-23T00:00:00Z'), argv: ['backup', 'data', ...to, '--keep-last', '1'],
  });
  t.is(pruned.code, 0, pruned.stderr);
  t.true([...server.objects.keys()].every((key) => key.startsWith('deep/prefix/2026-11-23T')));
});

test('an upload that breaks at ten places one after the other goes on each time', async (t) => {
  const cwd = temporaryFolder(t);
  const broken = new Set<string>();
  const server = await s3ServerFor(t, {
    harm: ({ method, query }): Harm => {
      const part = query.get('partNumber');
      if (method !== 'PUT' || part === null || broken.size >= 10 || broken.has(part)) {
        return { kind: 'none' };
      }
      broken.add(part);
      return { kind: 'break-upload', afterBytes: Number(part) * 1000 };
    },
  });
  writeFiles(join(cwd, 'data'), logOf(3500));
  const backup = await withS3(t, server, { cwd, argv: ['backup', 'data', ...to] });
  t.is(backup.code, 0, backup.stderr);
  t.is(broken.size, 10);
  t.is(backup.stderr.match(/try 2 of 3 follows/g)?.length, 10);
  const verify = await withS3(t, server, { cwd, argv: ['backup', 'verify', from[1]] });
  t.is(verify.code, 0, verify.stdout);
});

test('an upload that is given up is no backup, stays here, and is pushed later', async (t) => {
  const cwd = temporaryFolder(t);
  let parts = 0;
  const server = await s3ServerFor(t, {
    harm: ({ method, query }): Harm => (
      method === 'PUT' && query.has('partNumber') && ++parts > 4
        ? { kind: 'break-upload', afterBytes: 10 } : { kind: 'none' }),
  });
  writeFiles(join(cwd, 'data'), logOf(3000));
  const backup = await withS3(t, server, { cwd, argv: ['backup', 'data', ...to] });
  t.is(backup.code, 69);
  const kept = /plugpull backup push (\S+) --to/.exec(backup.stderr)?.[1] ?? '';
  t.true(existsSync(join(kept, 'backup.json')), backup.stderr);
  const list = await withS3(t, server, { cwd, argv: ['backup', 'list', from[1]] });
  t.is(list.stdout, '');
  t.regex(list.stderr, /not whole, so no backup/);
  const early = await withS3(t, server, { cwd, argv: ['restore', 'back', ...from] });
  t.is(early.code, 64);
  t.regex(early.stderr, /no backup 'latest'; it has none/);
  parts = -100;
  const before = server.requests.length;
  const push = await withS3(t, server, { cwd, argv: ['backup', 'push', kept, '--to', from[1]] });
  t.is(push.code, 0, push.stderr);
  const sent = server.requests.slice(before).filter((each) => each.includes('partNumber='));
  t.false(sent.some((each) => /partNumber=[1-4]&/.test(each)), 'those were there already');
  const restore = await withS3(t, server, { cwd, argv: ['restore', 'back', ...from] });
  t.is(restore.code, 0, restore.stderr);
  t.deepEqual(filesIn(join(cwd, 'back')), logOf(3000));
});

test('a download that is given up is no data, and goes on when asked again', async (t) => {
  const cwd = temporaryFolder(t);
  let breaks = false;
  const server = await s3ServerFor(t, {
    harm: ({ method, key }): Harm => (breaks && method === 'GET' && key.endsWith('incr.aof')
      ? { kind: 'break-download', afterBytes: 50_000 } : { kind: 'none' }),
  });
  writeFiles(join(cwd, 'data'), logOf(3000));
  await withS3(t, server, { cwd, argv: ['backup', 'data', ...to] });
  breaks = true;
  const broken = await withS3(t, server, { cwd, argv: ['restore', 'back', ...from] });
  t.is(broken.code, 69, broken.stderr);
  t.true(readdirSync(join(cwd, 'back')).every((name) => name.startsWith('.plugpull-restore-')));
  breaks = false;
  const before = server.requests.length;
  const again = await withS3(t, server, { cwd, argv: ['restore', 'back', ...from] });
  t.is(again.code, 0, again.stderr);
  t.deepEqual(filesIn(join(cwd, 'back')), logOf(3000));
  const ranges = server.received.slice(before).filter((each) => each.includes('incr.aof'))
    .map((each) => /"range":"bytes=(\d+)/.exec(each)?.[1]);
  t.deepEqual(ranges.map((start) => Number(start) > 0), [true], 'the rest only');
});

test('damage on the way, or in the bucket, is found and nothing is restored', async (t) => {
  const cwd = temporaryFolder(t);
  let flips = false;
  const server = await s3ServerFor(t, {
    harm: ({ method, key }): Harm => (flips && method === 'GET' && key.endsWith('incr.aof')
      ? { kind: 'flip-bit' } : { kind: 'none' }),
  });
  writeFiles(join(cwd, 'data'), logOf(100));
  await withS3(t, server, { cwd, argv: ['backup', 'data', ...to] });
  flips = true;
  for (const argv of [['restore', 'back', ...from], ['backup', 'verify', from[1]]]) {
    const outcome = await withS3(t, server, { cwd, argv });
    t.is(outcome.code, 1, outcome.stderr);
    t.regex(outcome.stderr + outcome.stdout, /incr.aof is damaged: SHA-256/);
    t.false(existsSync(join(cwd, 'back')));
  }
});

test('Ctrl-C in an upload and in a download leaves nothing half', async (t) => {
  const cwd = temporaryFolder(t);
  let press: Press | null | ((name?: 'SIGINT') => void) = null;
  let at = '';
  const server = await s3ServerFor(t, {
    harm: ({ method, query, key }): Harm => {
      const now = method === 'PUT' && query.get('partNumber') === '3' ? 'upload'
        : method === 'GET' && key.endsWith('incr.aof') ? 'download' : '';
      if (now !== '' && now === at) press?.();
      return { kind: 'none' };
    },
  });
  writeFiles(join(cwd, 'data'), logOf(3000));
  const onPress = (given: typeof press): void => {
    press = given;
  };
  at = 'upload';
  const backup = await withS3(t, server, { cwd, onPress, argv: ['backup', 'data', ...to] });
  t.is(backup.code, 130, backup.stderr);
  t.regex(backup.stderr, /nothing half is left/);
  t.is(server.uploads.size, 0, 'the parts were given up');
  t.deepEqual(readdirSync(cwd), ['data']);
  at = '';
  t.is((await withS3(t, server, { cwd, argv: ['backup', 'data', ...to] })).code, 0);
  at = 'download';
  const restore = await withS3(t, server, { cwd, onPress, argv: ['restore', 'back', ...from] });
  t.is(restore.code, 130, restore.stderr);
  t.deepEqual(readdirSync(cwd), ['data']);
});

test('what the store refuses is told before anything is done', async (t) => {
  const cwd = temporaryFolder(t);
  const rows = [
    [/no such bucket 'another'/, {}, {}, 's3://another/p'],
    [/access key is unknown/, {}, { AWS_ACCESS_KEY_ID: 'AKIASOMEBODYELSE' }, to[1]],
    [/secret does not belong/, {}, { AWS_SECRET_ACCESS_KEY: 'not-the-secret-at-all' }, to[1]],
    [/clocks differ too much/, { skewMs: 7_200_000 }, {}, to[1]],
  ] as const;
  writeFiles(join(cwd, 'data'), logOf(1));
  for (const [text, options, env, store] of rows) {
    const server = await s3ServerFor(t, options);
    for (const argv of [['backup', 'data', '--to', store, '--staging', '.'],
      ['restore', 'back', '--from', store], ['backup', 'list', store]]) {
      const outcome = await withS3(t, server, { cwd, env, argv });
      t.is(outcome.code, 69, `${argv.join(' ')}: ${outcome.stderr}`);
      t.regex(outcome.stderr, text);
      t.false(existsSync(join(cwd, 'back')));
      t.is(server.objects.size, 0);
    }
    t.deepEqual(readdirSync(cwd), ['data'], 'it was known before the work');
  }
});
