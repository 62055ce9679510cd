// When saves and rewrites begin by themselves, and when they are tried again after a failure: the
// rules of Redis.
import test from 'ava';
import { memoryDisk, TestEngine } from './test-support/test-engine.ts';

const savePoints = [{ seconds: 1, changes: 1 }];
const growing = { autoRewriteMinBytes: 1, autoRewritePercentage: 1 };

/** What the cron of one second does. */
async function second(engine: TestEngine): Promise<void> {
  engine.clock.advanceMs(1000);
  engine.persistence.cron(0);
  await engine.settle();
}

test('the pauses between failed rewrites grow to an hour, and no further', async (t) => {
  const disk = memoryDisk();
  const engine = await TestEngine.start({ disk, settings: { appendOnly: true, ...growing } });
  engine.acknowledge('SET', 'a', 'x'.repeat(800));
  disk.inject({ call: 'open', code: 'ENOSPC', sticky: true });
  const pauses: number[] = [];
  let [failures, lastSec] = [0, 0];
  for (let sec = 0; pauses.length < 11; sec++) {
    engine.persistence.cron(0);
    await engine.settle();
    const now = Number(engine.info('aof_rewrites_consecutive_failures'));
    if (now > failures) {
      pauses.push(sec - lastSec);
      lastSec = sec;
    }
    failures = now;
    // The hours pass by minutes: the clock stands at whole ones after the first failures.
    if (failures >= 3) sec += 59;
    engine.clock.advanceMs(failures >= 3 ? 60_000 : 1000);
  }
  const minutes = pauses.slice(3).map((seconds) => seconds / 60);
  t.deepEqual(pauses.slice(0, 3), [0, 1, 1]);
  t.deepEqual(minutes, [1, 2, 4, 8, 16, 32, 60, 60]);
});

test('who asks for a rewrite is not made to wait; one that works ends the pauses', async (t) => {
  const disk = memoryDisk();
  const engine = await TestEngine.start({ disk, settings: { appendOnly: true, ...growing } });
  engine.acknowledge('SET', 'a', 'x'.repeat(800));
  for (const nth of [1, 2, 3]) disk.inject({ call: 'open', code: 'ENOSPC', nth });
  for (let i = 0; i < 8; i++) await second(engine);
  t.is(engine.info('aof_rewrites_consecutive_failures'), 3);
  t.is(engine.run('BGREWRITEAOF'), '+Background append only file rewriting started\r\n');
  await engine.settle();
  t.is(engine.info('aof_rewrites'), 1);
  t.is(engine.info('aof_rewrites_consecutive_failures'), 0);
  t.is(engine.info('aof_last_bgrewrite_status'), 'ok');
  disk.inject({ call: 'open', code: 'ENOSPC', sticky: true });
  engine.acknowledge('SET', 'a', 'x'.repeat(800));
  await second(engine);
  await second(engine);
  t.is(engine.info('aof_rewrites_consecutive_failures'), 2, 'counted from one again');
});

test('after a start growth is measured from the base alone', async (t) => {
  const disk = memoryDisk();
  const settings = { appendOnly: true, autoRewriteMinBytes: 600, autoRewritePercentage: 200 };
  const first = await TestEngine.start({ disk, settings: { appendOnly: true } });
  first.acknowledge('SET', 'a', 'x'.repeat(800));
  const engine = await TestEngine.start({ disk, settings });
  t.true(Number(engine.info('aof_base_size')) < 200);
  await second(engine);
  t.is(engine.info('aof_rewrites'), 1);
  t.is(engine.info('aof_base_size'), engine.info('aof_current_size'));
  await second(engine);
  t.is(engine.info('aof_rewrites'), 1);
});

test('a save that is due comes before a rewrite that is due, never beside it', async (t) => {
  const settings = { appendOnly: true, savePoints, ...growing };
  const engine = await TestEngine.start({ disk: memoryDisk(), settings, sliceKeys: 1 });
  for (let i = 0; i < 20; i++) engine.acknowledge('SET', `k${i}`, 'x'.repeat(100));
  engine.clock.advanceMs(2000);
  engine.persistence.cron(0);
  const running = (): unknown[] =>
    ['rdb_bgsave_in_progress', 'aof_rewrite_in_progress'].map((name) => engine.info(name));
  t.deepEqual(running(), [1, 0]);
  engine.persistence.cron(0);
  t.deepEqual(running(), [1, 0]);
  await engine.settle();
  engine.acknowledge('SET', 'k1', 'y');
  engine.persistence.cron(0);
  t.deepEqual(running(), [0, 1], 'the next save is due in a second');
  engine.clock.advanceMs(5000);
  engine.persistence.cron(0);
  t.deepEqual(running(), [0, 1]);
  await engine.settle();
  engine.persistence.cron(0);
  t.deepEqual(running(), [1, 0]);
});

test('changes count as not saved until a save has worked', async (t) => {
  const disk = memoryDisk();
  const engine = await TestEngine.start({ disk, settings: { savePoints } });
  engine.run('SET', 'a', '1');
  disk.inject({ call: 'rename', code: 'EIO' });
  await second(engine);
  await second(engine);
  t.is(engine.info('rdb_last_bgsave_status'), 'err');
  t.is(engine.info('rdb_changes_since_last_save'), 1);
  for (let i = 0; i < 6; i++) await second(engine);
  t.is(engine.info('rdb_last_bgsave_status'), 'ok');
  t.is(engine.info('rdb_changes_since_last_save'), 0);
});

test('BGSAVE SCHEDULE waits, too, after a save that failed; BGSAVE does not', async (t) => {
  const disk = memoryDisk();
  const engine = await TestEngine.start({ disk, settings: { appendOnly: true } });
  disk.inject({ call: 'rename', code: 'EIO' });
  engine.run('BGSAVE');
  await engine.settle();
  t.is(engine.info('rdb_last_bgsave_status'), 'err');
  engine.run('BGREWRITEAOF');
  t.is(engine.run('BGSAVE', 'SCHEDULE'), '+Background saving scheduled\r\n');
  await engine.settle();
  for (let i = 0; i < 5; i++) await second(engine);
  t.is(engine.info('rdb_saves'), 0);
  await second(engine);
  t.is(engine.info('rdb_saves'), 1);
  disk.inject({ call: 'rename', code: 'EIO' });
  engine.run('BGSAVE');
  await engine.settle();
  t.is(engine.run('BGSAVE'), '+Background saving started\r\n');
  await engine.settle();
  t.is(engine.info('rdb_saves'), 2);
});

for (const cure of ['after a failed sync', 'of a log that waits for its base'] as const) {
  test(`a rewrite ${cure} follows within a minute once the disk is well`, async (t) => {
    const disk = memoryDisk();
    const settings = { appendOnly: cure === 'after a failed sync', appendFsync: 'always' } as const;
    const engine = await TestEngine.start({ disk, settings });
    if (settings.appendOnly) disk.inject({ call: 'sync', code: 'EIO' });
    else disk.inject({ call: 'open', nth: 2, code: 'ENOSPC' });
    engine.persistence.configure({ appendOnly: true });
    engine.acknowledge('SET', 'a', '1');
    const failures = 12;
    for (let nth = 1; nth <= failures; nth++) disk.inject({ call: 'open', nth, code: 'ENOSPC' });
    const failed = (): boolean =>
      Number(engine.info('aof_rewrites_consecutive_failures')) >= failures;
    for (let sec = 0; !failed() && sec < 7200; sec++) await second(engine);
    t.true(failed(), 'it is tried often enough');
    for (let sec = 0; sec < 60; sec++) await second(engine);
    t.is(engine.persistence.refusal(), null);
    t.is(engine.info('aof_rewrites'), 1);
    const { journal } = engine.persistence;
    t.is(journal.releasable, journal.appended);
  });
}
