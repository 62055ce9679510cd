// The journal under each policy, with syncs and failures at will.
import test from 'ava';
import type { MemoryDisk } from '../io/memory-disk.ts';
import type { AppendFsync, PersistenceSettings } from './settings.ts';
import { afterPowerCut, memoryDisk, TestEngine } from './test-support/test-engine.ts';

const increment = 'appendonly.aof.1.incr.aof';
const plain = { logChecksum: false };

/** An engine whose log has its first files, all durable; syncs then end when the test says so. */
async function started(
  appendFsync: AppendFsync, settings: Partial<PersistenceSettings> = {},
): Promise<{ engine: TestEngine; disk: MemoryDisk }> {
  const first = memoryDisk();
  await TestEngine.start({ disk: first, settings: { appendOnly: true } });
  const disk = memoryDisk(first.tree().files, { manualSyncs: true });
  const engine = await TestEngine.start({
    disk, settings: { appendOnly: true, appendFsync, ...settings },
  });
  return { engine, disk };
}

/** The cron finds that a rewrite is due, and it runs to its end. */
function letRewrite(engine: TestEngine, disk: MemoryDisk): void {
  engine.clock.advanceMs(1500);
  engine.persistence.cron(0);
  for (let round = 0; round < 12; round++) {
    engine.runSteps();
    disk.finishSyncs();
  }
}

/** Keys that a power cut now would leave. */
async function durableKeys(disk: MemoryDisk): Promise<string[]> {
  const engine = await TestEngine.start({
    disk: memoryDisk(afterPowerCut(disk).tree().files), settings: { appendOnly: true },
  });
  return [...engine.contents().keys()].sort();
}

test('what is logged: requests as they came, SELECT when the database changes', async (t) => {
  const { engine } = await started('no', plain);
  engine.run('SET', 'a', '1');
  engine.run('GET', 'a');
  engine.run('set', 'b', '2');
  engine.run('SELECT', '2');
  engine.run('INCR', 'n');
  engine.persistence.journal.commit();
  t.is(engine.file(increment), '*2\r\n$6\r\nSELECT\r\n$1\r\n0\r\n'
    + '*3\r\n$3\r\nSET\r\n$1\r\na\r\n$1\r\n1\r\n*3\r\n$3\r\nset\r\n$1\r\nb\r\n$1\r\n2\r\n'
    + '*2\r\n$6\r\nSELECT\r\n$1\r\n2\r\n*2\r\n$4\r\nINCR\r\n$1\r\nn\r\n');
});

test('a transaction is in brackets, when something in it was logged', async (t) => {
  const { engine } = await started('no', plain);
  for (const inner of [['GET', 'a'], ['SET', 'a', '1']]) {
    engine.run('MULTI');
    engine.run(...inner);
    engine.run('EXEC');
  }
  engine.persistence.journal.commit();
  t.is(engine.file(increment), '*1\r\n$5\r\nMULTI\r\n*2\r\n$6\r\nSELECT\r\n$1\r\n0\r\n'
    + '*3\r\n$3\r\nSET\r\n$1\r\na\r\n$1\r\n1\r\n*1\r\n$4\r\nEXEC\r\n');
});

test('always: replies leave when the bytes are durable', async (t) => {
  const { engine, disk } = await started('always');
  engine.run('SET', 'a', '1');
  const { journal } = engine.persistence;
  t.true(journal.releasable < journal.appended);
  t.deepEqual(await durableKeys(disk), []);
  journal.commit();
  t.is(journal.releasable, journal.appended);
  t.deepEqual(await durableKeys(disk), ['0:a']);
});

test('always: one sync a tick, and none when nothing was written', async (t) => {
  const { engine, disk } = await started('always');
  engine.run('SET', 'a', '1');
  engine.run('SET', 'b', '1');
  const before = disk.calls;
  engine.persistence.journal.commit();
  t.is(disk.calls - before, 2);
  engine.run('GET', 'a');
  engine.persistence.journal.commit();
  t.is(disk.calls - before, 2);
});

test('everysec: written before the reply, synced each second, one at a time', async (t) => {
  const { engine, disk } = await started('everysec');
  t.true(engine.acknowledge('SET', 'a', '1'));
  t.is(disk.syncsInFlight, 1);
  t.true(engine.acknowledge('SET', 'b', '1'));
  engine.clock.advanceMs(999);
  t.true(engine.acknowledge('SET', 'c', '1'));
  t.is(disk.syncsInFlight, 1);
  disk.finishSyncs();
  t.deepEqual(await durableKeys(disk), ['0:a']);
  t.is(disk.syncsInFlight, 0);
  engine.persistence.cron(0);
  t.is(disk.syncsInFlight, 1);
  disk.finishSyncs();
  t.deepEqual(await durableKeys(disk), ['0:a', '0:b', '0:c']);
  engine.clock.advanceMs(5000);
  engine.persistence.cron(0);
  t.is(disk.syncsInFlight, 0, 'nothing new to sync');
});

test('everysec: while a sync is late replies wait, and leave when it ends', async (t) => {
  const { engine, disk } = await started('everysec');
  const { journal } = engine.persistence;
  let released = 0;
  journal.onRelease = (): void => {
    released++;
  };
  t.true(engine.acknowledge('SET', 'a', '1'));
  engine.clock.advanceMs(1001);
  t.false(engine.acknowledge('SET', 'b', '1'));
  engine.clock.advanceMs(3000);
  t.false(engine.acknowledge('SET', 'c', '1'));
  engine.persistence.cron(0);
  t.is(disk.syncsInFlight, 1);
  t.is(released, 0);
  t.is(engine.info('aof_delayed_fsync'), 1);
  t.is(engine.info('aof_pending_bio_fsync'), 1);
  disk.finishSyncs();
  t.is(released, 1);
  t.is(journal.releasable, journal.appended);
  t.is(disk.syncsInFlight, 1, 'the next one begins at once');
  disk.finishSyncs();
  t.deepEqual(await durableKeys(disk), ['0:a', '0:b', '0:c']);
});

test('no: written, never synced', async (t) => {
  const { engine, disk } = await started('no');
  t.true(engine.acknowledge('SET', 'a', '1'));
  engine.clock.advanceMs(10_000);
  engine.persistence.cron(0);
  t.is(disk.syncsInFlight, 0);
  t.deepEqual(await durableKeys(disk), []);
  t.true(disk.tree().files.get(`/data/appendonlydir/${increment}`)?.length as number > 0);
});

for (const policy of ['always', 'everysec', 'no'] as const) {
  for (const fault of [
    { name: 'ENOSPC', inject: { call: 'write', code: 'ENOSPC' } },
    { name: 'EIO', inject: { call: 'write', code: 'EIO' } },
    { name: 'a short write', inject: { call: 'write', shortBytes: 10 } },
  ] as const) {
    test(`${policy}: after ${fault.name} nothing is lost, nothing is doubled`, async (t) => {
      const { engine, disk } = await started(policy);
      const { journal } = engine.persistence;
      t.true(engine.acknowledge('INCR', 'n'));
      disk.inject(fault.inject);
      if (fault.name === 'a short write') disk.inject({ call: 'write', nth: 2, code: 'ENOSPC' });
      const whole = engine.file(increment);
      t.false(engine.acknowledge('INCR', 'n'), 'its reply waits');
      t.is(engine.file(increment), whole, 'half a command was cut off again');
      t.regex(engine.run('INCR', 'n'), /^-MISCONF Errors writing to the AOF file: /);
      t.is(engine.run('GET', 'n'), '$1\r\n2\r\n');
      t.is(engine.info('aof_last_write_status'), 'err');
      let released = false;
      journal.onRelease = (): void => {
        released = true;
      };
      engine.persistence.cron(0);
      t.false(released, 'tried again each second, not at once');
      engine.clock.advanceMs(1000);
      engine.persistence.cron(0);
      t.true(released);
      t.true(engine.logLines.some((line) => line.includes('AOF write error looks solved')));
      t.is(engine.info('aof_last_write_status'), 'ok');
      t.true(engine.acknowledge('INCR', 'n'));
      const again = await TestEngine.start({
        disk: memoryDisk(disk.tree().files), settings: { appendOnly: true },
      });
      t.is(again.contents().get('0:n'), '3@0');
    });
  }
}

test('everysec: what was written is synced in time though the disk is full now', async (t) => {
  const { engine, disk } = await started('everysec');
  disk.finishSyncs();
  t.true(engine.acknowledge('SET', 'a', '1'));
  while (disk.finishSyncs() > 0);
  engine.clock.advanceMs(10);
  t.true(engine.acknowledge('SET', 'b', '1'), 'written, and a sync is due in a second');
  disk.inject({ call: 'write', code: 'ENOSPC', sticky: true });
  t.false(engine.acknowledge('SET', 'c', '1'));
  engine.clock.advanceMs(1000);
  engine.persistence.cron(0);
  t.is(disk.syncsInFlight, 1);
  disk.finishSyncs();
  t.deepEqual(await durableKeys(disk), ['0:a', '0:b']);
  const { journal } = engine.persistence;
  t.true(journal.releasable < journal.appended, 'the reply to the third still waits');
});

test('when the half command cannot be cut off at once, it is before the next write', async (t) => {
  const { engine, disk } = await started('no', plain);
  disk.inject({ call: 'write', shortBytes: 5 });
  disk.inject({ call: 'write', nth: 2, code: 'EIO' });
  disk.inject({ call: 'truncate', code: 'EIO' });
  t.false(engine.acknowledge('INCR', 'n'));
  t.is(engine.file(increment).length, 5);
  engine.clock.advanceMs(1000);
  engine.persistence.cron(0);
  t.true(engine.acknowledge('INCR', 'n'));
  t.is(engine.file(increment).split('INCR').length, 3);
  t.true(engine.file(increment).startsWith('*2\r\n$6\r\nSELECT'));
});

test('always: after a failed sync nothing is released until a rewrite holds it', async (t) => {
  const { engine, disk } = await started('always');
  const { journal } = engine.persistence;
  disk.inject({ call: 'sync', code: 'EIO' });
  t.false(engine.acknowledge('SET', 'a', '1'));
  const token = journal.appended;
  t.regex(engine.run('SET', 'b', '1'), /^-MISCONF Errors writing to the AOF file: EIO/);
  t.true(engine.logLines.some((line) => /Fail to fsync the AOF file: EIO/.test(line)));
  journal.commit();
  t.true(journal.releasable < token, 'the sync is not tried again');
  t.deepEqual(await durableKeys(disk), []);
  letRewrite(engine, disk);
  t.true(journal.releasable >= token);
  t.deepEqual(await durableKeys(disk), ['0:a']);
  t.true(engine.acknowledge('SET', 'b', '1'));
  t.false(disk.tree().files.has(`/data/appendonlydir/${increment}`), 'not trusted any more');
});

test('everysec: after a failed sync writes are refused until a rewrite', async (t) => {
  const { engine, disk } = await started('everysec');
  disk.inject({ call: 'sync', code: 'EIO' });
  t.true(engine.acknowledge('SET', 'a', '1'));
  disk.finishSyncs();
  t.regex(engine.run('SET', 'b', '1'), /^-MISCONF Errors writing to the AOF file: EIO/);
  letRewrite(engine, disk);
  t.is(engine.persistence.refusal(), null);
  t.true(engine.acknowledge('SET', 'b', '1'));
  t.is(engine.info('aof_rewrites'), 1);
  const { files } = disk.tree();
  t.false(files.has(`/data/appendonlydir/${increment}`), 'the file is not trusted any more');
  disk.finishSyncs();
  t.deepEqual(await durableKeys(disk), ['0:a', '0:b']);
});

for (const { policy, noticed } of [
  { policy: 'always', noticed: 'at once' }, { policy: 'everysec', noticed: 'within a second' },
  { policy: 'no', noticed: 'within a second' },
] as const) {
  test(`${policy}: that somebody deleted the log is noticed ${noticed}, and mended`, async (t) => {
    const { engine, disk } = await started(policy);
    engine.acknowledge('SET', 'a', '1');
    disk.finishSyncs();
    for (const name of disk.list('/data/appendonlydir')) disk.unlink(`/data/appendonlydir/${name}`);
    disk.syncDirectory('/data/appendonlydir');
    if (policy === 'always') {
      t.false(engine.acknowledge('SET', 'b', '1'));
    } else {
      engine.clock.advanceMs(1000);
      for (let tenth = 0; tenth < 10; tenth++) engine.persistence.cron(0);
    }
    t.regex(engine.run('SET', 'c', '1'), /^-MISCONF .*: somebody has deleted the file/);
    letRewrite(engine, disk);
    t.is(engine.persistence.refusal(), null);
    const { journal } = engine.persistence;
    t.is(journal.releasable, journal.appended);
    disk.finishSyncs();
    t.deepEqual(await durableKeys(disk), policy === 'always' ? ['0:a', '0:b'] : ['0:a']);
  });
}

test('from everysec to always: the sync in flight is waited for, not doubled', async (t) => {
  const { engine, disk } = await started('everysec');
  engine.acknowledge('SET', 'a', '1');
  t.is(disk.syncsInFlight, 1);
  engine.persistence.configure({ appendFsync: 'always' });
  const before = disk.calls;
  t.false(engine.acknowledge('SET', 'b', '1'));
  t.is(disk.calls - before, 0, 'neither written nor synced');
  disk.finishSyncs();
  const { journal } = engine.persistence;
  t.is(journal.releasable, journal.appended);
  t.deepEqual(await durableKeys(disk), ['0:a', '0:b']);
});

test('a long tick does not gather without bound, and releases nothing early', async (t) => {
  const { engine, disk } = await started('always');
  const value = 'x'.repeat(6_000_000 / 4);
  for (let i = 0; i < 12; i++) engine.run('SET', 'big', value);
  t.true(engine.persistence.appender.bufferedBytes < 17 * 2 ** 20);
  t.is(engine.persistence.journal.releasable, 0);
  t.true(engine.file(increment).length > 0);
  engine.persistence.journal.commit();
  t.is(engine.persistence.journal.releasable, engine.persistence.journal.appended);
  t.deepEqual(await durableKeys(disk), ['0:big']);
});

test('switched off: nothing is appended, everything may leave', async (t) => {
  const engine = await TestEngine.start({ disk: memoryDisk() });
  t.true(engine.acknowledge('SET', 'a', '1'));
  t.is(engine.persistence.journal.appended, 0);
  t.is(engine.info('aof_enabled'), 0);
  t.is(engine.info('aof_current_size'), undefined);
});
