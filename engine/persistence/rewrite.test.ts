// BGREWRITEAOF, automatic rewrites, and switching the log on and off.
import { crc32 } from 'node:zlib';
import test from 'ava';
import { memoryDisk, TestEngine } from './test-support/test-engine.ts';

const on = { appendOnly: true, appendFsync: 'always' } as const;

async function started(sliceKeys = 1000): Promise<{
  engine: TestEngine; disk: ReturnType<typeof memoryDisk>;
}> {
  const disk = memoryDisk();
  const engine = await TestEngine.start({ disk, settings: { ...on }, sliceKeys });
  return { engine, disk };
}

async function reloaded(disk: ReturnType<typeof memoryDisk>): Promise<Map<string, string>> {
  const { files } = disk.powerCut().tree();
  return (await TestEngine.start({ disk: memoryDisk(files), settings: on })).contents();
}

/** The manifest of a base and increments with these sequences, below its checksum. */
function listing(base: number, ...increments: readonly number[]): RegExp {
  const lines = increments.map((number, at) => (
    `file appendonly.aof.${number}.incr.aof seq ${number} type i blocks yes`
    + `${at < increments.length - 1 ? '(?: bytes \\d+)?' : ''}\n`));
  const first = `file appendonly.aof.${base}.base.rdb seq ${base} type b bytes \\d+\n`;
  return new RegExp(`^# crc32 [0-9a-f]{8}\n${first}${lines.join('')}$`);
}

test('names, manifest and contents are those of Redis', async (t) => {
  const { engine, disk } = await started(1);
  t.regex(engine.file('appendonly.aof.manifest'), listing(1, 1));
  engine.acknowledge('SET', 'a', '1');
  engine.acknowledge('SET', 'b', '1');
  await engine.beginRewrite();
  t.is(engine.info('aof_rewrite_in_progress'), 1);
  t.true(engine.acknowledge('INCR', 'a'), 'nothing is left to sync of the one before');
  const { journal } = engine.persistence;
  await engine.until(() => journal.releasable === journal.appended);
  t.regex(engine.file('appendonly.aof.manifest'), listing(1, 1, 2));
  await engine.settle();
  t.regex(engine.file('appendonly.aof.manifest'), listing(2, 2));
  t.deepEqual(disk.list('/data/appendonlydir'), [
    'appendonly.aof.2.base.rdb', 'appendonly.aof.2.incr.aof', 'appendonly.aof.manifest',
  ]);
  t.deepEqual(disk.list('/data'), ['appendonlydir']);
  t.true(engine.file('appendonly.aof.2.incr.aof').includes('\n*2\r\n$6\r\nSELECT'));
  t.deepEqual(await reloaded(disk), new Map([['0:a', '2@0'], ['0:b', '1@0']]));
});

test('a base in commands: aof-use-rdb-preamble no', async (t) => {
  const { engine, disk } = await started();
  engine.persistence.configure({ useRdbPreamble: false });
  engine.acknowledge('SELECT', '2');
  engine.acknowledge('SET', 'k', 'v', 'PXAT', '4102444800000');
  engine.run('BGREWRITEAOF');
  await engine.settle();
  const text = '*2\r\n$6\r\nSELECT\r\n$1\r\n2\r\n'
    + '*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$1\r\nv\r\n'
    + '*3\r\n$9\r\nPEXPIREAT\r\n$1\r\nk\r\n$13\r\n4102444800000\r\n';
  const checksum = crc32(text).toString(16).padStart(8, '0');
  t.is(engine.file('appendonly.aof.2.base.aof'), `${text}#SUM:p1;crc:${checksum};\r\n`);
  t.deepEqual(await reloaded(disk), new Map([['2:k', 'v@4102444800000']]));
});

test('with everysec most of the old increment is synced off the main thread first', async (t) => {
  const files = (await started()).disk.tree().files;
  const disk = memoryDisk(files, { manualSyncs: true });
  const engine = await TestEngine.start({ disk, settings: { ...on, appendFsync: 'everysec' } });
  engine.acknowledge('SET', 'a', '1');
  engine.acknowledge('SET', 'b', '1');
  t.is(disk.syncsInFlight, 1);
  t.is(engine.run('BGREWRITEAOF'), '+Background append only file rewriting started\r\n');
  t.is(engine.info('aof_rewrite_in_progress'), 1);
  t.regex(engine.run('BGSAVE'), /Another child process/);
  disk.finishSyncs();
  t.is(disk.syncsInFlight, 1, 'never two at a time');
  disk.finishSyncs();
  t.regex(engine.file('appendonly.aof.manifest'), listing(1, 1, 2));
  let c = 0;
  for (; !engine.persistence.appender.isHeld; c++) {
    t.true(engine.acknowledge('INCR', 'c'), 'the old increment goes on, though not as the last');
    t.true(disk.finishSyncs() > 0);
  }
  t.is(engine.info('aof_buffer_length'), 0);
  t.false(engine.acknowledge('SET', 'd', '1'), 'the picture was taken: for the next increment');
  t.not(engine.info('aof_buffer_length'), 0);
  const abc = [['0:a', '1@0'], ['0:b', '1@0'], ['0:c', `${c}@0`]] as const;
  disk.finishSyncs();
  t.deepEqual(await reloaded(disk), new Map(abc), 'the old increment is durable to its end');
  t.regex(engine.file('appendonly.aof.manifest'), listing(1, 1, 2));
  for (let round = 0; round < 12; round++) {
    engine.runSteps();
    disk.finishSyncs();
  }
  engine.clock.advanceMs(1100);
  engine.persistence.cron(0);
  disk.finishSyncs();
  t.deepEqual(await reloaded(disk), new Map([...abc, ['0:d', '1@0']]));
  t.is(engine.info('aof_rewrites'), 1);
});

/** A rewrite with commands before and during it, broken off after so many of its syncs. */
async function brokenOff(syncs: number): Promise<{
  engine: TestEngine; disk: ReturnType<typeof memoryDisk>; running: boolean;
}> {
  const files = (await started()).disk.tree().files;
  const disk = memoryDisk(files, { manualSyncs: true });
  const settings = { ...on, appendFsync: 'everysec' } as const;
  const engine = await TestEngine.start({ disk, settings, arenaBytes: 2 ** 28 });
  engine.acknowledge('SET', 'a', '1');
  disk.finishSyncs();
  engine.run('BGREWRITEAOF');
  for (let sync = 0; sync < syncs; sync++) {
    engine.acknowledge('INCR', 'b');
    engine.runSteps();
    disk.finishSyncs(1);
  }
  return { engine, disk, running: engine.info('aof_rewrite_in_progress') === 1 };
}

test('broken off at any of its syncs, by SHUTDOWN or by the log being switched off', async (t) => {
  let [syncs, running] = [0, true];
  for (; running; syncs++) {
    const { engine, disk, ...state } = await brokenOff(syncs);
    ({ running } = state);
    engine.run('INCR', 'b');
    t.is(engine.persistence.shutdown(false, false).kind, 'ok');
    const expected = engine.contents();
    t.deepEqual(await reloaded(disk), expected, `SHUTDOWN after ${syncs} syncs`);

    const off = await brokenOff(syncs);
    off.engine.persistence.configure({ appendOnly: false });
    const { journal } = off.engine.persistence;
    t.is(journal.releasable, journal.appended, `nothing waits after ${syncs} syncs`);
    t.deepEqual(await reloaded(off.disk), off.engine.contents(), `off after ${syncs} syncs`);
    off.engine.run('INCR', 'b');
    off.engine.persistence.configure({ appendOnly: true });
    off.engine.run('INCR', 'b');
    for (let round = 0; round < 20; round++) {
      off.engine.runSteps();
      off.disk.finishSyncs();
      journal.commit();
    }
    t.is(off.engine.persistence.shutdown(false, false).kind, 'ok');
    t.deepEqual(await reloaded(off.disk), off.engine.contents(), `on after ${syncs} syncs`);
    const left = off.disk.list('/data/appendonlydir').filter((name) => /temp|base/.test(name));
    t.is(left.length, 1, `one base after ${syncs} syncs: ${left.join(' ')}`);
  }
  t.true(syncs > 8, `${syncs} syncs`);
});

test('too much that waits for the next increment is refused', async (t) => {
  const { engine, disk } = await brokenOff(4);
  t.true(engine.persistence.appender.isHeld);
  const large = Buffer.alloc(33 * 2 ** 20);
  for (let sent = 0; sent < 2; sent++) t.false(engine.acknowledge('SET', 'large', large));
  t.regex(engine.run('SET', 'c', '1'), /^-MISCONF .* too much waits for it/);
  t.regex(engine.run('DEBUG', 'LOADAOF'), /^-ERR .* just beginning/);
  for (let round = 0; round < 20; round++) {
    engine.runSteps();
    disk.finishSyncs();
  }
  t.is(engine.persistence.refusal(), null);
  t.true(engine.acknowledge('SET', 'c', '1'));
});

test('rewrites by itself when the log has grown', async (t) => {
  const { engine } = await started();
  engine.persistence.configure({ autoRewriteMinBytes: 1000, autoRewritePercentage: 100 });
  engine.acknowledge('SET', 'a', 'x'.repeat(800));
  engine.persistence.cron(0);
  t.is(engine.info('aof_rewrite_in_progress'), 0, 'too small');
  engine.acknowledge('SET', 'a', 'x'.repeat(800));
  engine.persistence.cron(0);
  t.is(engine.info('aof_rewrite_in_progress'), 1);
  await engine.settle();
  t.is(engine.info('aof_rewrites'), 1);
  t.is(engine.info('aof_base_size'), engine.info('aof_current_size'));
  engine.persistence.configure({ autoRewritePercentage: 0 });
  for (let i = 0; i < 9; i++) engine.acknowledge('SET', 'a', 'y'.repeat(800));
  engine.persistence.cron(0);
  t.is(engine.info('aof_rewrite_in_progress'), 0);
});

test('after three failures automatic rewrites come less and less often', async (t) => {
  const { engine, disk } = await started();
  engine.persistence.configure({ autoRewriteMinBytes: 1, autoRewritePercentage: 1 });
  engine.acknowledge('SET', 'a', 'x'.repeat(800));
  disk.inject({ call: 'open', code: 'ENOSPC', sticky: true });
  const tries: number[] = [];
  for (let second = 0; second < 400; second++) {
    engine.persistence.cron(0);
    await engine.settle();
    if (engine.info('aof_rewrites_consecutive_failures') === tries.length + 1) tries.push(second);
    engine.clock.advanceMs(1000);
  }
  t.deepEqual(tries, [0, 1, 2, 62, 182]);
  t.is(engine.info('aof_last_bgrewrite_status'), 'err');
  t.true(engine.acknowledge('SET', 'b', '1'), 'the old log goes on');
});

test('CONFIG SET appendonly yes: counts once the first base is there', async (t) => {
  const disk = memoryDisk();
  const engine = await TestEngine.start({ disk, sliceKeys: 1 });
  engine.acknowledge('SET', 'a', '1');
  t.is(engine.persistence.configure({ appendOnly: true, appendFsync: 'always' }), null);
  t.true(engine.acknowledge('SET', 'b', '1'));
  t.is(engine.info('aof_pending_rewrite'), 1);
  t.is(disk.stat('/data/appendonlydir/appendonly.aof.manifest'), null);
  await engine.settle();
  t.is(engine.info('aof_pending_rewrite'), 0);
  t.true(engine.acknowledge('SET', 'c', '1'));
  t.deepEqual([...(await reloaded(disk)).keys()].sort(), ['0:a', '0:b', '0:c']);
  t.deepEqual(disk.list('/data/appendonlydir'), [
    'appendonly.aof.1.base.rdb', 'appendonly.aof.1.incr.aof', 'appendonly.aof.manifest',
  ]);
  t.is(engine.persistence.configure({ appendOnly: false }), null);
  engine.acknowledge('SET', 'd', '1');
  t.is(engine.info('aof_enabled'), 0);
  t.is(engine.persistence.configure({ appendOnly: true }), null);
  await engine.settle();
  t.deepEqual([...(await reloaded(disk)).keys()].sort(), ['0:a', '0:b', '0:c', '0:d']);
  t.regex(engine.file('appendonly.aof.manifest'), listing(2, 2));
});

test('CONFIG SET appendonly yes while the disk refuses: an error, and off', async (t) => {
  const disk = memoryDisk();
  const engine = await TestEngine.start({ disk });
  disk.inject({ call: 'mkdir', code: 'EROFS' });
  t.regex(engine.persistence.configure({ appendOnly: true }) ?? '', /cannot be written/);
  t.is(engine.persistence.settings.appendOnly, false);
  t.is(engine.info('aof_enabled'), 0);
  t.true(engine.acknowledge('SET', 'a', '1'));
});

test('switching the log off and on again while its first base is being written', async (t) => {
  const disk = memoryDisk();
  const engine = await TestEngine.start({ disk, sliceKeys: 1 });
  for (let i = 0; i < 20; i++) engine.run('SET', `k${i}`, '1');
  engine.persistence.configure({ appendOnly: true });
  engine.runSteps(1);
  engine.persistence.configure({ appendOnly: false });
  t.deepEqual(disk.list('/data/appendonlydir'), []);
  engine.persistence.configure({ appendOnly: true });
  await engine.settle();
  t.is((await reloaded(disk)).size, 20);
});

test('BGREWRITEAOF with the log off writes a base, as Redis does', async (t) => {
  const disk = memoryDisk();
  const engine = await TestEngine.start({ disk });
  engine.run('SET', 'a', '1');
  engine.run('BGREWRITEAOF');
  await engine.settle();
  t.regex(engine.file('appendonly.aof.manifest'), listing(1));
  t.deepEqual(await reloaded(disk), new Map([['0:a', '1@0']]));
});

test('no-appendfsync-on-rewrite: no syncs of the log while a snapshot is written', async (t) => {
  const { engine, disk } = await started(1);
  for (let i = 0; i < 9; i++) engine.acknowledge('SET', `k${i}`, '1');
  engine.persistence.configure({ noFsyncOnRewrite: true });
  engine.run('BGSAVE');
  engine.persistence.cron(0);
  t.true(engine.acknowledge('SET', 'late', '1'));
  t.false((await reloaded(disk)).has('0:late'));
  await engine.settle();
  engine.persistence.cron(0);
  t.true((await reloaded(disk)).has('0:late'));
});

test('a replaced file that cannot be removed is removed by the next rewrite', async (t) => {
  const { engine, disk } = await started();
  disk.inject({ call: 'unlink', code: 'EIO' });
  engine.run('BGREWRITEAOF');
  await engine.settle();
  t.regex(engine.file('appendonly.aof.manifest'), /appendonly.aof.1.base.rdb seq 1 type h/);
  engine.run('BGREWRITEAOF');
  await engine.settle();
  t.notRegex(engine.file('appendonly.aof.manifest'), /type h/);
  const names = disk.list('/data/appendonlydir');
  t.deepEqual(names.filter((name) => name.includes('.base.')), ['appendonly.aof.3.base.rdb']);
});

test('no increment takes the name of one that is still to be removed', async (t) => {
  const { engine, disk } = await started();
  engine.acknowledge('SET', 'a', '1');
  engine.persistence.configure({ appendOnly: false });
  for (const nth of [1, 2]) disk.inject({ call: 'unlink', nth, code: 'EIO' });
  engine.run('BGREWRITEAOF');
  await engine.settle();
  t.regex(engine.file('appendonly.aof.manifest'), /appendonly.aof.1.incr.aof seq 1 type h/);
  engine.persistence.configure({ appendOnly: true });
  engine.acknowledge('SET', 'b', '1');
  await engine.settle();
  t.true(engine.acknowledge('SET', 'c', '1'));
  t.deepEqual(await reloaded(disk), engine.contents());
});
