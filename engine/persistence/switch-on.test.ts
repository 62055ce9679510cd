// CONFIG SET appendonly yes, when a crash or a failure comes in between.
import test from 'ava';
import type { MemoryDisk } from '../io/memory-disk.ts';
import { momentOf, Progress, watch } from './test-support/scenario.ts';
import type { Moment } from './test-support/scenario.ts';
import { memoryDisk, TestEngine } from './test-support/test-engine.ts';

const on = { appendOnly: true, appendFsync: 'always' } as const;

async function reloaded(files: Map<string, Uint8Array>): Promise<Map<string, string>> {
  return (await TestEngine.start({ disk: memoryDisk(files), settings: on })).contents();
}

test('a crash while the log is being switched on leaves files that start', async (t) => {
  for (const logBefore of [false, true]) {
    const moments: Moment[] = [];
    const disk = memoryDisk();
    const progress = new Progress();
    const engine = await TestEngine.start({
      disk: watch(disk, progress, moments), settings: { ...on, appendOnly: logBefore },
      sliceKeys: 1,
    });
    engine.acknowledge('SET', 'a', '1');
    if (logBefore) engine.persistence.configure({ appendOnly: false });
    engine.acknowledge('SET', 'b', '1');
    moments.length = 0;
    engine.persistence.configure({ appendOnly: true });
    engine.acknowledge('SET', 'c', '1');
    await engine.settle();
    moments.push(momentOf(disk, progress, 'end'));
    for (const [index, { call, afterKill, afterPowerCut }] of moments.entries()) {
      for (const { files } of [afterKill, afterPowerCut]) {
        const where = `log before: ${logBefore}, before call ${index} (${call})`;
        const found = [...(await reloaded(files)).keys()].join();
        t.regex(found, /^(?:|0:a|0:a,0:b|0:a,0:b,0:c)$/, where);
        if (index === moments.length - 1) t.is(found, '0:a,0:b,0:c', where);
      }
    }
  }
});

test('what waited for a full disk is not logged again behind the base that holds it', async (t) => {
  const disk = memoryDisk();
  const engine = await TestEngine.start({ disk });
  disk.inject({ call: 'write', code: 'ENOSPC', nth: 1 });
  disk.inject({ call: 'write', code: 'ENOSPC', nth: 2 });
  engine.persistence.configure(on);
  t.false(engine.acknowledge('INCR', 'n'));
  await engine.settle();
  t.is(engine.info('aof_last_bgrewrite_status'), 'err');
  engine.run('BGREWRITEAOF');
  await engine.settle();
  t.is(engine.info('aof_pending_rewrite'), 0);
  engine.clock.advanceMs(1000);
  engine.persistence.cron(0);
  t.is(engine.persistence.refusal(), null);
  t.true(engine.acknowledge('INCR', 'n'));
  t.deepEqual(await reloaded(disk.powerCut().tree().files), engine.contents());
});

test('a switch that had to wait for a save and then failed is tried again', async (t) => {
  const disk = memoryDisk();
  const engine = await TestEngine.start({ disk });
  engine.run('SET', 'a', '1');
  engine.run('BGSAVE');
  t.is(engine.persistence.configure(on), null);
  disk.inject({ call: 'mkdir', code: 'ENOSPC' });
  for (let second = 0; second < 4; second++) {
    await engine.settle();
    engine.persistence.cron(0);
    engine.clock.advanceMs(1000);
  }
  await engine.settle();
  t.is(engine.info('aof_enabled'), 1);
  t.is((await reloaded(disk.powerCut().tree().files)).size, 1);
});

test('a base begun with the log off takes no increment that it does not know', async (t) => {
  const disk = memoryDisk([['/data/appendonlydir/temp-appendonly.aof.incr',
    Buffer.from('*3\r\n$3\r\nSET\r\n$5\r\nstale\r\n$1\r\n1\r\n')]]);
  const engine = await TestEngine.start({ disk, sliceKeys: 1 });
  for (let i = 0; i < 20; i++) engine.run('SET', `k${i}`, '1');
  engine.run('BGREWRITEAOF');
  engine.runSteps(1);
  t.is(engine.persistence.configure(on), null);
  await engine.settle();
  t.is(engine.info('aof_rewrites_consecutive_failures'), 0);
  t.true(engine.persistence.rewriter.waitsForBase, 'this base is not the first of the log');
  engine.persistence.cron(0);
  await engine.settle();
  t.is(engine.info('aof_pending_rewrite'), 0);
  t.deepEqual(await reloaded(disk.powerCut().tree().files), engine.contents());
});

/** An engine whose log is being switched on, with something in it that no file holds. */
async function waiting(logBefore: boolean): Promise<{ engine: TestEngine; disk: MemoryDisk }> {
  const disk = memoryDisk();
  const engine = await TestEngine.start({
    disk, settings: { ...on, appendOnly: logBefore }, sliceKeys: 1,
  });
  if (logBefore) engine.persistence.configure({ appendOnly: false });
  for (const key of ['a', 'b']) engine.acknowledge('SET', key, '1');
  engine.persistence.configure({ appendOnly: true });
  if (!engine.persistence.rewriter.waitsForBase) throw new Error('its base is there');
  return { engine, disk };
}

test('SHUTDOWN before the first base is refused, unless a save holds all', async (t) => {
  for (const logBefore of [false, true]) {
    const { engine, disk } = await waiting(logBefore);
    const { persistence } = engine;
    const refusal = persistence.shutdown(false, false);
    t.is(refusal.kind, 'error');
    t.regex(refusal.text, /Writing initial AOF, can't exit/);
    t.true(persistence.rewriter.inProgress, 'the rewrite goes on');
    t.true(engine.acknowledge('SET', 'c', '1'), 'and clients are served');
    // An older log would be loaded and not the snapshot.
    t.is(persistence.shutdown(true, false).kind, logBefore ? 'error' : 'ok');
    if (logBefore) {
      persistence.cron(0);
      await engine.settle();
      t.is(persistence.shutdown(false, false).kind, 'ok', 'once the base is there');
    }
    const found = await reloaded(disk.powerCut().tree().files);
    t.deepEqual([...found.keys()], ['0:a', '0:b', '0:c'], `a log before: ${logBefore}`);
  }
});

test('SHUTDOWN FORCE before the first base ends all the same', async (t) => {
  const { engine } = await waiting(false);
  t.is(engine.persistence.shutdown(false, true).kind, 'ok');
  t.regex(engine.logLines.join('\n'), /Writing initial AOF\. Exit anyway/);
});

test('a directory whose name could not be synced is not taken for durable', async (t) => {
  const disk = memoryDisk();
  const engine = await TestEngine.start({ disk });
  engine.acknowledge('SET', 'a', '1');
  disk.inject({ call: 'sync-directory', code: 'EIO' });
  t.not(engine.persistence.configure(on), null, 'refused');
  const synced: string[] = [];
  const watched = disk.syncDirectory.bind(disk);
  disk.syncDirectory = (path: string): void => {
    synced.push(path);
    watched(path);
  };
  t.is(engine.persistence.configure(on), null);
  t.deepEqual(synced, ['/data']);
  await engine.settle();
  t.deepEqual(await reloaded(disk.powerCut().tree().files), engine.contents());
});

test('INFO calls a log enabled that is still being loaded or waits for its base', async (t) => {
  const disk = memoryDisk();
  const engine = new TestEngine({ disk, settings: on });
  t.is(engine.info('aof_enabled'), 1);
  t.is(engine.info('aof_current_size'), 0);
  await engine.recover();
  engine.persistence.configure({ appendOnly: false });
  t.is(engine.info('aof_enabled'), 0);
  disk.inject({ call: 'open', code: 'EIO', nth: 2 });
  engine.run('BGSAVE');
  engine.persistence.configure({ appendOnly: true });
  t.is(engine.info('aof_enabled'), 1, 'a save comes first');
  t.is(engine.info('aof_pending_rewrite'), 1);
});
