// Group commit: one sync for all that came meanwhile, and who waits for it.
import test from 'ava';
import { dirtySession } from './test-support/dirty-session.ts';
import { memoryDisk, TestEngine } from './test-support/test-engine.ts';
import type { MemoryDisk } from '../io/memory-disk.ts';
import type { PersistenceSettings } from './settings.ts';

/** An engine whose syncs end when the test says so; its log has its first files. */
async function started(
  settings: Partial<PersistenceSettings> = {},
): Promise<{ engine: TestEngine; disk: MemoryDisk }> {
  const first = memoryDisk();
  await TestEngine.start({ disk: first, settings: { appendOnly: true } });
  const disk = memoryDisk(first.tree().files, { manualSyncs: true });
  const engine = await TestEngine.start({
    disk,
    settings: { appendOnly: true, appendFsync: 'always', syncStrategy: 'thread', ...settings },
  });
  return { engine, disk };
}

async function durableKeys(disk: MemoryDisk): Promise<string[]> {
  const engine = await TestEngine.start({
    disk: memoryDisk(disk.powerCut().tree().files), settings: { appendOnly: true },
  });
  return [...engine.contents().keys()].sort();
}

test('one sync at a time, the next for all that came meanwhile', async (t) => {
  const { engine, disk } = await started();
  const { journal } = engine.persistence;
  t.false(engine.acknowledge('SET', 'a', '1'));
  t.is(disk.syncsInFlight, 1);
  const first = journal.appended;
  const before = disk.calls;
  t.false(engine.acknowledge('SET', 'b', '1'));
  t.false(engine.acknowledge('SET', 'c', '1'));
  t.is(disk.calls, before, 'nothing is written while the file is synced');
  disk.finishSyncs();
  t.is(journal.releasable, first);
  t.is(disk.syncsInFlight, 1);
  t.deepEqual(await durableKeys(disk), ['0:a']);
  disk.finishSyncs();
  t.is(journal.releasable, journal.appended);
  t.is(disk.syncsInFlight, 0);
  t.deepEqual(await durableKeys(disk), ['0:a', '0:b', '0:c']);
});

test('replies wait for the writes to the keys that they tell of, and for no others', async (t) => {
  const { engine, disk } = await started();
  const session = dirtySession(engine);
  engine.run('MSET', 'clean', '1', 'list-source', 'x');
  engine.run('DEL', 'list-source');
  engine.run('RPUSH', 'list', 'x');
  session.commit();
  disk.finishSyncs();
  disk.finishSyncs();
  t.is(session.waits('GET', 'a'), false);
  engine.run('SET', 'a', '1');
  engine.run('MSET', 'b', '1', 'c', '1');
  engine.run('LMOVE', 'list', 'list2', 'LEFT', 'LEFT');
  engine.run('SINTERSTORE', 'target', 'none', 'none2');
  session.commit();
  const rows: readonly (readonly [boolean, ...string[]])[] = [
    [true, 'GET', 'a'], [true, 'GET', 'b'], [true, 'EXISTS', 'clean', 'c'],
    [true, 'LLEN', 'list'], [true, 'LRANGE', 'list2', '0', '-1'], [false, 'GET', 'clean'],
    [true, 'SETNX', 'a', '2'], [true, 'STRLEN', 'c'], [false, 'GET', 'none'], [false, 'PING'],
    [false, 'EXISTS', 'clean', 'none'], [true, 'DBSIZE'], [true, 'KEYS', '*'], [true, 'SCAN', '0'],
    [true, 'SINTERCARD', '2', 'clean', 'a'], [false, 'SINTERCARD', '1', 'none', 'LIMIT', '1'],
    [true, 'OBJECT', 'ENCODING', 'a'], [false, 'OBJECT', 'ENCODING', 'clean'],
    [false, 'ECHO', 'a'], [true, 'SORT', 'list', 'BY', 'a*'],
  ];
  for (const [waits, ...command] of rows) t.is(session.waits(...command), waits, command.join(' '));
  disk.finishSyncs();
  disk.finishSyncs();
  for (const [, ...command] of rows) t.is(session.waits(...command), false, command.join(' '));
});

test('a transaction waits for what is read in it, and FLUSHALL makes every key wait', async (t) => {
  const { engine, disk } = await started();
  const session = dirtySession(engine);
  engine.run('SET', 'a', '1');
  session.commit();
  session.commit();
  for (const [key, waits] of [['a', true], ['b', false]] as const) {
    engine.run('MULTI');
    engine.run('GET', key);
    t.is(session.waits('EXEC'), waits, key);
  }
  engine.run('FLUSHALL');
  session.commit();
  disk.finishSyncs(1);
  t.is(session.waits('GET', 'b'), true);
  disk.finishSyncs();
  t.is(session.waits('GET', 'b'), false);
});

test('on the main thread nothing is marked until something cannot be written', async (t) => {
  const { engine, disk } = await started({ syncStrategy: 'inline' });
  const session = dirtySession(engine);
  t.true(engine.acknowledge('SET', 'a', '1'));
  t.false(session.dirty.active);
  disk.inject({ call: 'write', code: 'ENOSPC', sticky: true });
  t.false(engine.acknowledge('SET', 'a', '2'));
  t.true(session.dirty.active);
  t.is(session.dirty.floor, engine.persistence.journal.appended, 'this turn may have read it');
  session.commit();
  t.is(session.dirty.floor, 0);
  t.true(session.waits('GET', 'a'));
  t.false(session.waits('GET', 'b'));
});

test('a failed sync off the main thread is not trusted, and healed by a rewrite', async (t) => {
  const { engine, disk } = await started();
  disk.inject({ call: 'sync', code: 'EIO' });
  t.false(engine.acknowledge('SET', 'a', '1'));
  const token = engine.persistence.journal.appended;
  disk.finishSyncs();
  t.true(engine.persistence.journal.releasable < token);
  t.regex(engine.run('SET', 'b', '1'), /^-MISCONF Errors writing to the AOF file: EIO/);
  engine.clock.advanceMs(1500);
  engine.persistence.cron(0);
  for (let round = 0; round < 12; round++) {
    engine.runSteps();
    disk.finishSyncs();
  }
  t.true(engine.persistence.journal.releasable >= token);
  t.is(engine.persistence.refusal(), null);
  t.deepEqual(await durableKeys(disk), ['0:a']);
});

test('INFO says where syncs run; the setting can force it', async (t) => {
  const { engine, disk } = await started({ syncStrategy: 'auto' });
  t.true(engine.acknowledge('SET', 'a', '1'), 'a clock that stands still shows a fast disk');
  t.is(engine.info('aof_sync_strategy'), 'inline');
  engine.persistence.configure({ syncStrategy: 'thread' });
  t.false(engine.acknowledge('SET', 'a', '1'));
  t.is(engine.info('aof_sync_strategy'), 'thread');
  disk.finishSyncs();
  engine.persistence.configure({ syncStrategy: 'inline' });
  t.true(engine.acknowledge('SET', 'a', '1'));
  t.is(engine.info('aof_sync_strategy'), 'inline');
});

test('everysec, aof-late-sync acknowledge: as Redis, replies leave for two seconds', async (t) => {
  const { engine, disk } = await started({ appendFsync: 'everysec', lateSync: 'acknowledge' });
  t.true(engine.acknowledge('SET', 'a', '1'));
  t.is(disk.syncsInFlight, 1);
  const before = disk.calls;
  t.true(engine.acknowledge('SET', 'b', '1'));
  engine.clock.advanceMs(1900);
  t.true(engine.acknowledge('SET', 'c', '1'));
  t.is(disk.calls, before, 'acknowledged, and in memory only');
  engine.clock.advanceMs(200);
  t.true(engine.acknowledge('SET', 'd', '1'));
  t.is(disk.calls, before + 1, 'written while the sync still runs');
  t.is(engine.info('aof_delayed_fsync'), 1);
});
