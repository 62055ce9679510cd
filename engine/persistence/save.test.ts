// SAVE, BGSAVE, save points and SHUTDOWN.
import test from 'ava';
import type { MemoryDisk } from '../io/memory-disk.ts';
import { memoryDisk, TestEngine } from './test-support/test-engine.ts';

const failing = [
  { name: 'open', fault: { call: 'open', code: 'EACCES' } },
  { name: 'write', fault: { call: 'write', code: 'ENOSPC' } },
  { name: 'sync', fault: { call: 'sync', code: 'EIO' } },
  { name: 'close', fault: { call: 'close', code: 'EIO' } },
  { name: 'rename', fault: { call: 'rename', code: 'EROFS' } },
  { name: 'sync-directory', fault: { call: 'sync-directory', code: 'EIO' } },
] as const;

for (const { name, fault } of failing) {
  for (const command of ['SAVE', 'BGSAVE']) {
    test(`${command} that fails at ${name} leaves a valid snapshot, no other file`, async (t) => {
      const disk = memoryDisk();
      const engine = await TestEngine.start({ disk });
      engine.run('SET', 'a', '1');
      t.is(engine.run('SAVE'), '+OK\r\n');
      engine.run('SET', 'a', '2');
      disk.inject(fault);
      const reply = engine.run(command);
      await engine.settle();
      t.regex(reply, command === 'SAVE' ? /^-ERR/ : /^\+Background saving started/);
      t.is(engine.info('rdb_last_bgsave_status'), command === 'SAVE' ? 'ok' : 'err');
      t.is(engine.info('rdb_changes_since_last_save'), 1);
      t.deepEqual(disk.list('/data'), ['dump.rdb']);
      const found = (await TestEngine.start({ disk })).contents().get('0:a');
      // Once renamed it is the new one, only a power cut might still bring back the old.
      t.is(found, name === 'sync-directory' ? '2@0' : '1@0');
      t.is(engine.run('SAVE'), '+OK\r\n');
      t.is(engine.info('rdb_last_bgsave_status'), 'ok');
      t.is(engine.info('rdb_changes_since_last_save'), 0);
    });
  }
}

test('changes made during a save count as not saved', async (t) => {
  const engine = await TestEngine.start({ disk: memoryDisk(), sliceKeys: 1 });
  engine.run('SET', 'a', '1');
  engine.run('BGSAVE');
  t.is(engine.info('rdb_bgsave_in_progress'), 1);
  t.is(engine.info('current_save_keys_total'), 1);
  engine.run('SET', 'b', '1');
  engine.run('SET', 'c', '1');
  engine.clock.advanceMs(3000);
  await engine.settle();
  t.is(engine.info('rdb_bgsave_in_progress'), 0);
  t.is(engine.info('rdb_changes_since_last_save'), 2);
  t.is(engine.info('rdb_last_bgsave_time_sec'), 3);
  t.is(engine.persistence.lastSaveSec(), Math.floor(engine.clock.wallMs() / 1000));
});

test('one snapshot at a time, and what Redis answers then', async (t) => {
  const disk = memoryDisk();
  const engine = await TestEngine.start({ disk, settings: { appendOnly: true } });
  engine.run('SET', 'a', '1');
  engine.run('BGSAVE');
  t.is(engine.run('BGSAVE'), '-ERR Background save already in progress\r\n');
  t.is(engine.run('SAVE'), '-ERR Background save already in progress\r\n');
  t.is(engine.run('BGREWRITEAOF'), '+Background append only file rewriting scheduled\r\n');
  t.is(engine.info('aof_rewrite_scheduled'), 1);
  await engine.settle();
  engine.persistence.cron(0);
  t.is(engine.info('aof_rewrite_in_progress'), 1);
  t.regex(engine.run('BGSAVE'), /^-ERR Another child process is active \(AOF\?\)/);
  t.regex(engine.run('BGREWRITEAOF'), /^-ERR Background append only file rewriting already/);
  t.is(engine.run('BGSAVE', 'SCHEDULE'), '+Background saving scheduled\r\n');
  t.is(engine.run('SAVE'), '+OK\r\n', 'SAVE is possible beside a rewrite');
  await engine.settle();
  engine.persistence.cron(0);
  t.is(engine.info('rdb_bgsave_in_progress'), 1);
  await engine.settle();
  t.is(engine.info('rdb_saves'), 3);
  t.is(engine.info('aof_rewrites'), 1);
});

test('inside a transaction snapshots wait for its end: they would split it', async (t) => {
  const engine = await TestEngine.start({ disk: memoryDisk(), settings: { appendOnly: true } });
  engine.run('MULTI');
  engine.run('SET', 'a', '1');
  engine.run('BGSAVE');
  engine.run('BGREWRITEAOF');
  engine.run('SET', 'b', '1');
  const reply = engine.run('EXEC');
  t.regex(reply, /Background saving scheduled/);
  t.regex(reply, /rewriting scheduled/);
  for (let round = 0; round < 3; round++) {
    engine.persistence.journal.commit();
    engine.persistence.cron(0);
    await engine.settle();
  }
  t.is(engine.info('rdb_saves'), 1);
  t.is(engine.info('aof_rewrites'), 1);
});

test('save points: enough changes and enough time', async (t) => {
  const savePoints = [{ seconds: 60, changes: 2 }, { seconds: 5, changes: 4 }];
  const engine = await TestEngine.start({ disk: memoryDisk(), settings: { savePoints } });
  const saves = async (): Promise<unknown> => {
    engine.persistence.cron(0);
    await engine.settle();
    return engine.info('rdb_saves');
  };
  engine.run('SET', 'a', '1');
  engine.clock.advanceMs(100_000);
  t.is(await saves(), 0, 'one change is too few');
  engine.run('SET', 'a', '1');
  t.is(await saves(), 1);
  for (let i = 0; i < 4; i++) engine.run('INCR', 'n');
  engine.clock.advanceMs(5000);
  t.is(await saves(), 1, 'more than 5 seconds');
  engine.clock.advanceMs(1000);
  t.is(await saves(), 2);
});

test('after a failed save the next try comes after five seconds; writes are refused', async (t) => {
  const disk = memoryDisk();
  const savePoints = [{ seconds: 1, changes: 1 }];
  const engine = await TestEngine.start({ disk, settings: { savePoints } });
  engine.run('SET', 'a', '1');
  engine.clock.advanceMs(2000);
  disk.inject({ call: 'write', code: 'ENOSPC' });
  engine.persistence.cron(0);
  await engine.settle();
  t.is(engine.info('rdb_last_bgsave_status'), 'err');
  t.regex(engine.run('SET', 'a', '2'), /^-MISCONF Redis is configured to save RDB snapshots/);
  engine.persistence.configure({ stopWritesOnSaveError: false });
  t.is(engine.run('SET', 'a', '2'), '+OK\r\n');
  engine.persistence.configure({ stopWritesOnSaveError: true });
  engine.clock.advanceMs(5000);
  engine.persistence.cron(0);
  t.is(engine.info('rdb_bgsave_in_progress'), 0);
  engine.clock.advanceMs(1000);
  engine.persistence.cron(0);
  await engine.settle();
  t.is(engine.info('rdb_last_bgsave_status'), 'ok');
  t.is(engine.run('SET', 'a', '3'), '+OK\r\n');
});

/** The version of RDB that the snapshot is written in. */
function versionOf(disk: MemoryDisk): string {
  const bytes = disk.tree().files.get('/data/dump.rdb') ?? new Uint8Array();
  return Buffer.from(bytes.subarray(0, 9)).toString();
}

async function withFieldDeadline(): Promise<{ disk: MemoryDisk; engine: TestEngine }> {
  const disk = memoryDisk();
  const engine = await TestEngine.start({
    disk, settings: { savePoints: [{ seconds: 1, changes: 1 }] },
  });
  engine.run('HSET', 'h', 'f', 'v');
  engine.run('HPEXPIREAT', 'h', '4102444800000', 'FIELDS', '1', 'f');
  return { disk, engine };
}

test('whoever asks for what rdb-target cannot hold is told, and nothing else stops', async (t) => {
  const { disk, engine } = await withFieldDeadline();
  for (const command of [['SAVE'], ['BGSAVE'], ['DEBUG', 'RELOAD']]) {
    t.regex(engine.run(...command), /^-ERR key "h" in database 0 has fields .* set rdb-target 12/);
    t.is(engine.info('rdb_last_bgsave_status'), 'ok');
    t.is(engine.run('SET', 'k', 'v'), '+OK\r\n');
  }
  t.is(disk.stat('/data/dump.rdb'), null);
  t.regex(engine.logLines.join('\n'), /Snapshot refused: key "h" in database 0 has fields with/);
  t.is(engine.run('HPERSIST', 'h', 'FIELDS', '1', 'f'), '*1\r\n:1\r\n');
  t.is(engine.run('SAVE'), '+OK\r\n');
  t.is(versionOf(disk), 'REDIS0010');
});

test('what the server saves by itself is written in the version that it needs', async (t) => {
  const byItself: readonly ((engine: TestEngine) => void)[] = [
    (engine): void => {
      engine.clock.advanceMs(3000);
      engine.persistence.cron(0);
    },
    (engine): void => {
      t.is(engine.persistence.shutdown(null, false).kind, 'ok');
    },
  ];
  for (const save of byItself) {
    const { disk, engine } = await withFieldDeadline();
    save(engine);
    await engine.settle();
    t.is(versionOf(disk), 'REDIS0012');
    t.regex(engine.logLines.join('\n'),
      /warning: Saving in RDB version 12, because key "h" .* \(read by Redis 7.4 and later\)/);
    t.is(engine.info('rdb_last_bgsave_status'), 'ok');
    const again = await TestEngine.start({ disk });
    t.is(again.run('HPEXPIRETIME', 'h', 'FIELDS', '1', 'f'), '*1\r\n:4102444800000\r\n');
    t.is(again.run('DEL', 'h'), ':1\r\n');
    t.is(again.run('SAVE'), '+OK\r\n');
    t.is(versionOf(disk), 'REDIS0010');
  }
});

test('a SAVE that fails is no reason to refuse writes, one that works ends it', async (t) => {
  const disk = memoryDisk();
  const savePoints = [{ seconds: 1000, changes: 1 }];
  const engine = await TestEngine.start({ disk, settings: { savePoints } });
  const failing = { call: 'rename', code: 'EIO' } as const;
  for (const command of ['SAVE', 'FLUSHALL']) {
    disk.inject(failing);
    engine.run(command);
    t.is(engine.info('rdb_last_bgsave_status'), 'ok', command);
    t.is(engine.run('SET', 'a', '1'), '+OK\r\n');
  }
  disk.inject(failing);
  t.is(engine.persistence.shutdown(null, false).kind, 'error');
  t.is(engine.run('SET', 'a', '1'), '+OK\r\n');
  disk.inject(failing);
  engine.run('BGSAVE');
  await engine.settle();
  t.regex(engine.run('SET', 'a', '1'), /^-MISCONF/);
  t.is(engine.run('SAVE'), '+OK\r\n');
  t.is(engine.run('SET', 'a', '1'), '+OK\r\n');
});

test('SHUTDOWN saves when there are save points, and syncs the log', async (t) => {
  const disk = memoryDisk();
  const settings = {
    appendOnly: true, appendFsync: 'no', savePoints: [{ seconds: 60, changes: 1 }],
  } as const;
  const engine = await TestEngine.start({ disk, settings });
  engine.run('SET', 'a', '1');
  engine.run('BGREWRITEAOF');
  engine.runSteps(1);
  engine.run('SET', 'b', '1');
  t.is(engine.persistence.shutdown(null, false).kind, 'ok');
  t.deepEqual(disk.list('/data'), ['appendonlydir', 'dump.rdb']);
  const files = disk.powerCut().tree().files;
  for (const appendOnly of [true, false]) {
    const again = await TestEngine.start({ disk: memoryDisk(files), settings: { appendOnly } });
    t.deepEqual([...again.contents().keys()].sort(), ['0:a', '0:b']);
  }
});

test('SHUTDOWN SAVE and NOSAVE, and what happens when it cannot', async (t) => {
  const disk = memoryDisk();
  const engine = await TestEngine.start({ disk });
  engine.run('SET', 'a', '1');
  t.is(engine.persistence.shutdown(false, false).kind, 'ok');
  t.is(disk.stat('/data/dump.rdb'), null);
  disk.inject({ call: 'write', code: 'ENOSPC', sticky: true });
  t.is(engine.persistence.shutdown(true, false).kind, 'error');
  t.is(engine.persistence.shutdown(true, true).kind, 'ok');
});

test('a log that cannot be written keeps the server from ending, unless forced', async (t) => {
  const disk = memoryDisk();
  const engine = await TestEngine.start({ disk, settings: { appendOnly: true } });
  disk.inject({ call: 'write', code: 'ENOSPC', sticky: true });
  engine.run('SET', 'a', '1');
  const { journal } = engine.persistence;
  t.is(engine.persistence.shutdown(false, false).kind, 'error');
  t.true(journal.releasable < journal.appended);
  t.is(engine.persistence.shutdown(false, true).kind, 'ok');
  t.true(journal.releasable < journal.appended, 'what is lost is not acknowledged');
});
