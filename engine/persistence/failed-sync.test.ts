// A sync that fails while a rewrite runs: what it covered is lost, and no later success of a sync
// of the same file says otherwise.
import test from 'ava';
import type { MemoryDisk } from '../io/memory-disk.ts';
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

test('a rewrite is no cure for a sync that failed behind its picture', async (t) => {
  const disk = memoryDisk();
  const engine = await TestEngine.start({ disk, settings: on, sliceKeys: 1 });
  for (const key of ['a', 'b', 'c']) engine.acknowledge('SET', key, '1');
  await engine.beginRewrite();
  await engine.until(() => engine.file('appendonly.aof.manifest').includes('seq 2 type i'));
  await engine.until(() => !engine.persistence.appender.isHeld);
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
