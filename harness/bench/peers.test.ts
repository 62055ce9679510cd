// Peers that are not installed everywhere, through a stand-in that writes their format.

import fs from 'node:fs';
import path from 'node:path';
import test from 'ava';
import { runMemtier } from './peers.bench.ts';

const standIn = path.join(import.meta.dirname, 'testdata', 'memtier-stand-in.sh');
const order = { port: 6390, serverPid: process.pid, pipeline: 16, durationMs: 1500 };

test.serial('memtier is asked for the same load, and its figures are read', async (t) => {
  const { qps, p99Ms } = await runMemtier(standIn, order);
  t.is(qps, 76_230);
  t.is(p99Ms, 1.111);
});

for (const key of ['Count', 'Ops.sec', 'p99.00']) {
  test.serial(`without ${key} it says what it expected`, async (t) => {
    process.env['WITHOUT'] = key;
    t.teardown(() => delete process.env['WITHOUT']);
    await t.throwsAsync(runMemtier(standIn, order), { message: /expected "ALL STATS"[^]*p99\.00/ });
  });
}

test.serial('a program that is not there, and one that writes nothing', async (t) => {
  await t.throwsAsync(runMemtier(path.join(import.meta.dirname, 'no-memtier'), order), {
    code: 'ENOENT',
  });
  await t.throwsAsync(runMemtier('echo', order), {
    message: /echo wrote no figures[^]*--server 127\.0\.0\.1 --port 6390 --clients 50 --threads 1/,
  });
  t.true(fs.existsSync(standIn));
});
