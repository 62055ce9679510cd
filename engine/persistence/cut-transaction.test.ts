// A transaction that spans two blocks, as older builds wrote large ones: cut inside the second, its
// beginning stands in the middle of the first, behind commands that count.
import test from 'ava';
import { LogBuffer } from '../aof/log-buffer.ts';
import type { DiskTree } from '../io/memory-disk.ts';
import { momentOf, Progress, watch } from './test-support/scenario.ts';
import type { Moment } from './test-support/scenario.ts';
import { memoryDisk, TestEngine } from './test-support/test-engine.ts';

const on = { appendOnly: true, appendFsync: 'always' } as const;
const increment = '/data/appendonlydir/appendonly.aof.1.incr.aof';

/** A log and where its second block begins. */
async function spanning(): Promise<{ tree: DiskTree; bytes: Buffer; second: number }> {
  const disk = memoryDisk();
  await TestEngine.start({ disk, settings: on });
  const log = new LogBuffer();
  log.beginBlock();
  log.select(0);
  log.command(['SET', 'a', '1']);
  log.multi();
  log.command(['SET', 'b', '1']);
  log.seal(0, { continues: false, syncedBytes: 0 });
  const second = log.length;
  log.beginBlock();
  log.command(['SET', 'c', '1']);
  log.exec();
  log.seal(0, { continues: true, syncedBytes: 0 });
  return { tree: disk.tree(), bytes: Buffer.from(log.bytes.subarray(0, log.length)), second };
}

async function keysOf(files: DiskTree['files']): Promise<string> {
  const engine = await TestEngine.start({ disk: memoryDisk(files), settings: on });
  return [...engine.contents().keys()].join();
}

test('cut at every byte of its second block, written on and started again', async (t) => {
  const { tree, bytes, second } = await spanning();
  t.is(await keysOf(new Map([...tree.files, [increment, bytes]])), '0:a,0:b,0:c');
  for (let length = second; length < bytes.length; length++) {
    const cut = bytes.subarray(0, length);
    const disk = memoryDisk(new Map([...tree.files, [increment, cut]]));
    const engine = await TestEngine.start({ disk, settings: on });
    t.is([...engine.contents().keys()].join(), '0:a', `cut at ${length}`);
    t.true(engine.acknowledge('SET', 'd', '1'));
    t.is(await keysOf(disk.powerCut().tree().files), '0:a,0:d', `cut at ${length}`);
  }
});

test('a crash while it is cut finds what counts', async (t) => {
  const { tree, bytes } = await spanning();
  const files = new Map([...tree.files, [increment, bytes.subarray(0, -1)]]);
  const moments: Moment[] = [];
  const disk = memoryDisk(files);
  const progress = new Progress();
  await TestEngine.start({ disk: watch(disk, progress, moments), settings: on });
  moments.push(momentOf(disk, progress, 'end'));
  t.true(moments.some(({ call }) => call === 'rename'));
  for (const { call, afterKill, afterPowerCut } of moments) {
    t.is(await keysOf(afterKill.files), '0:a', `before ${call}, SIGKILL`);
    t.is(await keysOf(afterPowerCut.files), '0:a', `before ${call}, power cut`);
  }
  t.deepEqual([...disk.tree().files.keys()].sort(), [...tree.files.keys()].sort());
});

test('a long transaction is one block', async (t) => {
  const disk = memoryDisk();
  const engine = await TestEngine.start({ disk, settings: on });
  engine.run('SET', 'a', '1');
  engine.run('MULTI');
  for (let i = 0; i < 12; i++) engine.run('SET', 'big', 'x'.repeat(1_500_000));
  engine.run('EXEC');
  t.true(engine.persistence.appender.bufferedBytes < 2 ** 20, 'written once it is whole');
  engine.persistence.journal.commit();
  t.is(engine.file('appendonly.aof.1.incr.aof').split('#HDR:').length - 1, 1);
});
