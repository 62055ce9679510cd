// A sync that fails while a rewrite runs: what it covered is lost, and no later success of a sync
// of the same file says otherwise.
import test from 'ava';
import type { MemoryDisk } from '../io/memory-disk.ts';
import { Progress, watch } from './test-support/scenario.ts';
import type { Moment } from './test-support/scenario.ts';
import { memoryDisk, TestEngine } from './test-support/test-engine.ts';

const on = { appendOnly: true, appendFsync: 'always' } as const;

async function durable(disk: MemoryDisk): Promise<Map<string, string>> {
  const files = disk.powerCut().tree().files;
  return (await TestEngine.start({ disk: memoryDisk(files), settings: on })).contents();
}

/** Lets retries come until writes are welcome again. */
async function untilWelcome(engine: TestEngine): Promise<void> {
  for (let second = 0; second < 60; second++) {
    await engine.settle();
    if (engine.persistence.refusal() === null && second > 1) return;
    engine.clock.advanceMs(1000);
    engine.persistence.cron(0);
  }
}

/** Goes on, in a rewrite, until the next increment is written to. */
async function untilNext(engine: TestEngine): Promise<void> {
  await engine.beginRewrite();
  await engine.until(() => !engine.persistence.appender.isHeld);
}

test('a rewrite is no cure for a sync that failed behind its picture', async (t) => {
  const disk = memoryDisk();
  const engine = await TestEngine.start({ disk, settings: on, sliceKeys: 1 });
  for (const key of ['a', 'b', 'c']) engine.acknowledge('SET', key, '1');
  await untilNext(engine);
  t.true(engine.persistence.rewriter.inProgress);
  disk.inject({ call: 'sync', code: 'EIO' });
  t.false(engine.acknowledge('SET', 'd', '1'), 'not synced');
  t.false(engine.acknowledge('SET', 'e', '1'), 'refused');
  await untilWelcome(engine);
  const { journal } = engine.persistence;
  t.is(journal.releasable, journal.appended);
  t.deepEqual(await durable(disk), engine.contents());
  t.true(engine.acknowledge('SET', 'f', '1'));
  t.is(engine.info('aof_rewrites'), 2);
  t.deepEqual(await durable(disk), engine.contents());
});

test('nor is the first base for a sync of what waits for it', async (t) => {
  const disk = memoryDisk();
  const engine = await TestEngine.start({ disk, sliceKeys: 1 });
  for (const key of ['a', 'b', 'c']) engine.acknowledge('SET', key, '1');
  engine.persistence.configure(on);
  disk.inject({ call: 'sync', code: 'EIO' });
  t.false(engine.acknowledge('SET', 'd', '1'), 'not synced');
  await untilWelcome(engine);
  t.deepEqual(await durable(disk), engine.contents());
  t.true(engine.acknowledge('SET', 'f', '1'));
  t.is(engine.info('aof_rewrites'), 2);
  t.deepEqual(await durable(disk), engine.contents());
});

test('a file announced to no avail is not taken for the one that was written', async (t) => {
  const moments: Moment[] = [];
  const disk = memoryDisk();
  const progress = new Progress();
  const engine = await TestEngine.start({ disk: watch(disk, progress, moments), settings: on });
  engine.acknowledge('SET', 'a', '1');
  // The first sync is for the name of the new increment, the second for that of the manifest.
  disk.inject({ call: 'sync-directory', nth: 2, code: 'EIO' });
  engine.run('BGREWRITEAOF');
  await engine.settle();
  t.is(engine.info('aof_last_bgrewrite_status'), 'err');
  t.regex(engine.file('appendonly.aof.manifest'), /seq 2 type i/, 'the manifest names it');
  engine.acknowledge('SET', 'b', '1');
  await untilNext(engine);
  t.true(engine.acknowledge('SET', 'c', '1'));
  moments.length = 0;
  await engine.settle();
  t.is(engine.info('aof_rewrites'), 1);
  for (const { call, afterKill, afterPowerCut } of moments) {
    for (const { files } of [afterKill, afterPowerCut]) {
      const found = await TestEngine.start({ disk: memoryDisk(files), settings: on });
      t.deepEqual(found.contents(), engine.contents(), `before ${call}`);
    }
  }
});

test('nothing follows a file whose sync has failed before the base is in its place', async (t) => {
  const engine = await TestEngine.start({ disk: memoryDisk(), settings: on, sliceKeys: 1 });
  engine.acknowledge('SET', 'k', '1', 'PX', '100');
  (engine.disk as MemoryDisk).inject({ call: 'sync', code: 'EIO' });
  t.false(engine.acknowledge('SET', 'a', '1'));
  await engine.beginRewrite();
  engine.clock.advanceMs(200);
  engine.acknowledge('GET', 'k');
  t.true(engine.persistence.appender.bufferedBytes > 0, 'that k has expired waits');
  const next = 'appendonly.aof.2.incr.aof';
  let steps = 0;
  await engine.until(() => {
    steps++;
    const based = engine.file('appendonly.aof.manifest').includes('2.base');
    t.true(based || engine.file(next) === '', `step ${steps}`);
    return engine.persistence.refusal() === null;
  });
  t.true(steps > 2);
  t.true(engine.file(next).includes('DEL'));
});
