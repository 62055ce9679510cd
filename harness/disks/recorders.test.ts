// Two recorders of one run: the engine's own recording disk, and a faultfs below it. Wherever no
// call is under way, both must give the same crash image.
import test from 'ava';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { readOpLog } from '../../engine/io/op-log.ts';
import type { OpLog } from '../../engine/io/op-log.ts';
import { CrashImager } from '../crash/image.ts';
import { RespClient } from '../drivers/resp/client.ts';
import { listingOf } from '../faultfs/test-support.ts';
import { freePort } from '../targets/ports.ts';
import { bundledTarget } from '../targets/bundled.ts';
import { startListening } from '../targets/targets.ts';
import { openDisk } from './disks.ts';
import { diskTest } from './test-support.ts';

/** Middles of the gaps in which the engine had no call under way, at most `most` of them. */
function quietInstants(log: OpLog, most: number): number[] {
  const calls = log.records.toSorted((one, other) => one.beginNs - other.beginNs);
  const quiet: number[] = [];
  let endedNs = 0;
  for (const { beginNs, endNs } of calls) {
    if (endedNs > 0 && beginNs > endedNs) quiet.push((endedNs + beginNs) / 2);
    endedNs = Math.max(endedNs, endNs);
  }
  const step = Math.max(1, Math.floor(quiet.length / most));
  return quiet.filter((_, place) => place % step === 0);
}

async function write(port: number): Promise<void> {
  const client = await RespClient.connect({ port });
  const round = async (from: number): Promise<void> => {
    for (let n = 0; n < 40; n += 1) {
      await client.pipeline([['SET', `k${n % 7}`, String(from + n)], ['RPUSH', 'l', String(n)]]);
    }
  };
  const settled = async (field: string): Promise<void> => {
    while (!String(await client.call('INFO', 'persistence')).includes(`${field}:0`)) await sleep(5);
  };
  await round(0);
  await client.call('BGREWRITEAOF');
  await round(100);
  await settled('aof_rewrite_in_progress');
  await client.call('BGSAVE');
  await round(200);
  await settled('rdb_bgsave_in_progress');
  client.close();
}

for (const appendfsync of ['always', 'no'] as const) {
  const { run, title } = diskTest('faultfs');
  run(title(`${appendfsync}: the recording disk and a faultfs agree on every image`), async (t) => {
    const root = fs.mkdtempSync(path.join(os.tmpdir(), 'plugpull-recorders-'));
    t.teardown(() => fs.rmSync(root, { recursive: true, force: true }));
    const dataDirectory = path.join(root, 'data');
    fs.mkdirSync(dataDirectory);
    const disk = await openDisk({
      kind: 'faultfs', root, dataDirectory, record: { syncDelayMs: 0 },
      fileSystem: 'ext4', sizeBytes: 0,
    });
    const opLogPath = path.join(root, 'engine-op-log');
    const { running } = await startListening(bundledTarget(), {
      directory: disk.directory, port: await freePort(), logPath: path.join(root, 'log'),
      directives: [['save', ''], ['appendonly', 'yes'], ['appendfsync', appendfsync]],
      record: { opLogPath, syncDelayMs: 1 },
    }, 30_000);
    await write(running.port);
    await running.stop();
    t.is((await disk.settle()).broken, null);
    const engine = readOpLog(fs.readFileSync(opLogPath));
    const below = readOpLog(fs.readFileSync(disk.opLogPath ?? ''));
    await disk.remove();
    const instants = quietInstants(engine, 60);
    t.true(instants.length > 20, `${instants.length} instants`);
    const imagers = [engine, below].map((log) => new CrashImager(log, { loadStartNs: 0 }));
    const images = new Set<string>();
    for (const cutNs of [...instants, Infinity]) {
      const [one, other] = imagers.map((imager) => listingOf(imager.at(cutNs)));
      t.deepEqual(one, other, `at ${cutNs}`);
      images.add(JSON.stringify(one));
      const [live, liveBelow] = imagers.map((imager) => listingOf(imager.liveAt(cutNs)));
      t.deepEqual(live, liveBelow, `alive at ${cutNs}`);
    }
    t.true(images.size > (appendfsync === 'always' ? 10 : 2), 'the images differ over time');
  });
}

test('quiet instants lie between calls, and in no call', (t) => {
  const record = (beginNs: number, endNs: number): unknown => ({ beginNs, endNs });
  const records = [record(10, 50), record(20, 30), record(60, 70), record(90, Infinity)];
  t.deepEqual(quietInstants({ records } as unknown as OpLog, 9), [55, 80]);
});
