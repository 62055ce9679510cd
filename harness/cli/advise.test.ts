// `plugpull advise` on the record of a run: three targets, one of them impossible.
import test from 'ava';
import { cli, temporaryFolder } from './test-support.ts';

test('three targets, one impossible: the setting, its lines, and codes', async (t) => {
  const cwd = temporaryFolder(t);
  await cli(['run', '--seed', '7', '--trials', '6'], { cwd });
  const rows = [
    [['--rpo', '1s', '--rto', '10s'], 0, /take aof\/everysec[^]*appendfsync everysec/],
    [['--rpo', '0s', '--rto', '10s', '--qps', '1k'], 0, /take aof\/always[^]*appendfsync always/],
    [['--rpo', '0s', '--rto', '1ms'], 1, /no setting met this[^]*aof\/always: .*asked 1 ms/],
  ] as const;
  for (const [flags, code, text] of rows) {
    const outcome = await cli(['advise', ...flags], { cwd });
    t.regex(outcome.stdout, text, outcome.stderr);
    t.is(outcome.code, code, outcome.stdout);
  }
  const json = JSON.parse((await cli(['advise', '--rpo', '1s', '--rto', '10s', '--json'], { cwd }))
    .stdout) as { setting: string; redisConf: string[] }[];
  t.like(json[0], {
    setting: 'aof/everysec', redisConf: ['save ""', 'appendonly yes', 'appendfsync everysec'],
  });
  for (const flags of [['--rto', '1s'], ['--rpo', '1', '--rto', '1s'],
    ['--rpo', '1s', '--rto', '1s', '--qps', 'many'], ['--rpo', '1s', '--rto', '1s', 'gone']]) {
    t.is((await cli(['advise', ...flags], { cwd })).code, 64);
  }
});
