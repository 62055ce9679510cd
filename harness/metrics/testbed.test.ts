// What is said about the machine, and the fsync probe on it.

import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import test from 'ava';
import { probeFsync } from './fsync-probe.ts';
import { monotonicNs } from './monotonic.ts';
import { describeTestbed, machineTicks, mountIn, parseTicks, stealShare } from './testbed.ts';

const mounts = `/dev/vda / ext4 rw 0 0
tmpfs /tmp tmpfs rw 0 0
/dev/vdb /data\\040disk xfs rw 0 0
overlay /tmp overlay rw 0 0
`;

const rows = [
  ['/home/me', 'ext4'],
  ['/tmp', 'overlay'],
  ['/tmp/run/1', 'overlay'],
  ['/tmpfile', 'ext4'],
  ['/data disk/x', 'xfs'],
] as const;

for (const [directory, type] of rows) {
  test(`${directory} is on ${type}`, (t) => {
    t.is(mountIn(mounts, directory).fs, type);
  });
}

test('without /proc/mounts the type is unknown', (t) => {
  t.deepEqual(mountIn('', '/tmp'), { fs: 'unknown', mountOptions: '', device: 'unknown' });
  const xfs = { fs: 'xfs', mountOptions: 'rw', device: '/dev/vdb' };
  t.deepEqual(mountIn(mounts, '/data disk/x'), xfs);
});

test('this machine has every field', (t) => {
  const testbed = describeTestbed(os.tmpdir());
  t.true(testbed.cores >= 1);
  t.true(testbed.memoryBytes > 1e8);
  t.is(testbed.node, process.version);
  for (const text of [testbed.cpu, testbed.kernel, testbed.fs]) t.not(text, '');
  t.regex(testbed.fingerprint, /^[0-9a-f]{12}$/);
  t.is(describeTestbed(os.tmpdir()).fingerprint, testbed.fingerprint);
});

test('stolen time is a share of what passed between two readings', (t) => {
  const from = parseTicks('cpu  100 0 50 800 10 0 5 35 7 0\ncpu0 1 2 3\n');
  const to = parseTicks('cpu  150 0 70 1300 10 0 5 65 9 0\n');
  t.deepEqual(from, { all: 1000, stolen: 35 });
  t.is(stealShare(from, to), 30 / 600);
  t.is(stealShare(to, to), null);
  t.is(stealShare(null, to), null);
  t.is(parseTicks(''), null);
  t.true(process.platform !== 'linux' || (machineTicks()?.all ?? 0) > 0);
});

test('the fsync probe counts, orders its percentiles and leaves nothing behind', async (t) => {
  const directory = fs.mkdtempSync(path.join(os.tmpdir(), 'plugpull-probe-'));
  const probe = await probeFsync(directory, { count: 20 });
  t.true(probe.count >= 1 && probe.count <= 20);
  t.true(probe.p50Us <= probe.p99Us && probe.p99Us <= probe.maxUs);
  t.is((await probeFsync(directory, { count: 1000, maximumMs: 0 })).count, 1, 'bounded in time');
  t.is((await probeFsync(directory, { count: 3, call: 'fsync', maximumMs: 1e6 })).count, 3);
  t.deepEqual(fs.readdirSync(directory), []);
  fs.rmdirSync(directory);
  await t.throwsAsync(probeFsync(directory), { message: /ENOENT/ });
});

test('the clock is CLOCK_MONOTONIC and never steps back', (t) => {
  const before = process.hrtime();
  const nowNs = monotonicNs();
  const after = process.hrtime();
  const slackNs = 5000;
  t.true(nowNs >= before[0] * 1e9 + before[1] - slackNs);
  t.true(nowNs <= after[0] * 1e9 + after[1] + slackNs);
  t.true(Number.isSafeInteger(nowNs));
  let last = nowNs;
  for (let round = 0; round < 10_000; round++) {
    const next = monotonicNs();
    if (next < last) t.fail(`${next} after ${last}`);
    last = next;
  }
});
