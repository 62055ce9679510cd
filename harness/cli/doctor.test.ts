// `plugpull doctor`: what is ready, what is missing, what was left.
import test from 'ava';
import { cli, temporaryFolder } from './test-support.ts';

test('a machine that has everything', async (t) => {
  const { code, stdout } = await cli(['doctor'], { cwd: temporaryFolder(t) });
  t.is(code, 0);
  t.regex(stdout, /^target redis +1\.2\.3, \/usr\/bin\/redis-server$/m);
  t.regex(stdout, /^block on xfs +ready$/m);
  t.regex(stdout, /fdatasync {2}p50 130 µs, p99 400 µs\n {2}honest/);
  t.regex(stdout, /nothing was left behind/);
});

test('what is missing is named, and a disk that is too fast is not believed', async (t) => {
  const { code, stdout } = await cli(['doctor'], {
    cwd: temporaryFolder(t), missing: ['valkey'], syncUs: 2,
    lacks: { block: 'xfs_io missing (apt-get install xfsprogs)', faultfs: '/dev/fuse is missing' },
    leftovers: ['folder /a', 'mount /b'],
  });
  t.is(code, 0);
  t.regex(stdout, /^target valkey +missing: looked for .*apt-get install valkey$/m);
  t.regex(stdout, /^block on ext4 +xfs_io missing \(apt-get install xfsprogs\)$/m);
  t.regex(stdout, /^power cut of others, disk faults +\/dev\/fuse is missing$/m);
  t.regex(stdout, /warning: an fdatasync took 2 µs, which no device can do/);
  t.regex(stdout, / {2}folder \/a\n {2}mount \/b\nplugpull doctor --clean undoes it/);
});

test('--clean says what is gone, and ends with 69 when something stays', async (t) => {
  const cwd = temporaryFolder(t);
  const good = await cli(['doctor', '--clean'], { cwd, leftovers: ['folder /a'] });
  t.deepEqual([good.code, good.stdout], [0, 'gone: folder /a\n']);
  const bad = await cli(['doctor', '--clean'], { cwd, leftovers: ['mount /b'] });
  t.deepEqual([bad.code, bad.stdout], [69, 'still there: mount /b: busy\n']);
  t.is((await cli(['doctor', '--clean'], { cwd })).stdout, 'nothing to clean\n');
});
