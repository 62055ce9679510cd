// What is said about the machine, and the fsync probe on it.

import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import test from 'ava';
import { probeFsync } from './fsync-probe.ts';
import { monotonicNs } from './monotonic.ts';
import { describeTestbed, fileSystemIn } from './testbed.ts';

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
    t.is(fileSystemIn(mounts, directory), type);
  });
}

test('without /proc/mounts the type is unknown', (t) => {
  t.is(fileSystemIn('', '/tmp'), 'unknown');
});

test('this machine has every field', (t) => {
  const testbed = describeTestbed(os.tmpdir());
  t.true(testbed.cores >= 1);
  t.true(testbed.memoryBytes > 1e8);
  t.is(testbed.node, process.version);
  for (const text of [testbed.cpu, testbed.kernel, testbed.fs]) t.not(text, '');
});

test('the fsync probe counts, orders its percentiles and leaves nothing behind', async (t) => {
  const directory = fs.mkdtempSync(path.join(os.tmpdir(), 'plugpull-probe-'));
  const probe = await probeFsync(directory, { count: 20 });
  t.true(probe.count >= 1 && probe.count <= 20);
  t.true(probe.p50Us <= probe.p99Us && probe.p99Us <= probe.maxUs);
  t.is((await probeFsync(directory, { count: 1000, maximumMs: 0 })).count, 1, 'bounded in time');
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
