// DEBUG RELOAD and DEBUG LOADAOF, with keys of all types.
import test from 'ava';
import { keyspaceDigest } from '../commands/digest.ts';
import { memoryDisk, TestEngine } from './test-support/test-engine.ts';

const sizes = { arenaBytes: 16 * 2 ** 20 };
const many = Array.from({ length: 700 }, (_, i) => `element ${i}`);

function fill(engine: TestEngine): void {
  engine.run('SET', 'string', 'value', 'PX', '90000000');
  engine.run('RPUSH', 'list', 'a', '', '17');
  engine.run('RPUSH', 'long list', ...many, 'x'.repeat(20_000));
  engine.run('SADD', 'integers', '1', '2', '-5');
  engine.run('SADD', 'set', ...many);
  engine.run('ZADD', 'ranked', '1.5', 'a', '-inf', 'b');
  engine.run('ZADD', 'large ranked', ...many.flatMap((member, i) => [String(i / 7), member]));
  engine.run('HSET', 'hash', 'f', 'v', 'g', '12');
  engine.run('HSET', 'large hash', ...many.flatMap((field) => [field, field]));
  engine.run('SELECT', '2');
  engine.run('SET', 'elsewhere', '1');
  engine.run('SELECT', '0');
  engine.persistence.journal.commit();
}

test('DEBUG RELOAD finds the same again', async (t) => {
  const engine = await TestEngine.start({ disk: memoryDisk(), ...sizes });
  fill(engine);
  const [digest, contents] = [keyspaceDigest(engine.keyspace), engine.contents()];
  t.is(contents.size, 10);
  t.is(engine.run('DEBUG', 'RELOAD'), '+OK\r\n');
  t.is(keyspaceDigest(engine.keyspace), digest);
  t.deepEqual(engine.contents(), contents);
});

test('DEBUG RELOAD NOSAVE goes back; NOFLUSH and MERGE keep what is not saved', async (t) => {
  const engine = await TestEngine.start({ disk: memoryDisk(), ...sizes });
  t.regex(engine.run('DEBUG', 'RELOAD', 'NOSAVE'), /^-ERR Error trying to load the RDB dump/);
  fill(engine);
  engine.run('SAVE');
  const saved = engine.contents();
  engine.run('RPUSH', 'list', 'changed');
  engine.run('SET', 'new', '1');
  t.is(engine.run('DEBUG', 'RELOAD', 'NOSAVE', 'NOFLUSH', 'MERGE'), '+OK\r\n');
  t.deepEqual(engine.contents(), new Map([...saved, ['0:new', '1@0']].sort() as never));
  t.is(engine.run('DEBUG', 'RELOAD', 'NOSAVE'), '+OK\r\n');
  t.deepEqual(engine.contents(), saved);
  t.regex(engine.run('DEBUG', 'RELOAD', 'NOSAVE', 'NOFLUSH'), /^-ERR Error trying to load/);
  t.regex(engine.logLines.join('\n'), /expected a key that did not occur before/);
});

test('DEBUG RELOAD that cannot save changes nothing', async (t) => {
  const engine = await TestEngine.start({ disk: memoryDisk(), ...sizes });
  fill(engine);
  engine.run('HPEXPIREAT', 'hash', '4102444800000', 'FIELDS', '1', 'f');
  const contents = engine.contents();
  t.regex(engine.run('DEBUG', 'RELOAD'), /^-ERR key "hash" in database 0 has fields with deadli/);
  t.deepEqual(engine.contents(), contents);
  engine.persistence.configure({ rdbTarget: 12 });
  t.is(engine.run('DEBUG', 'RELOAD'), '+OK\r\n');
  t.deepEqual(engine.contents(), contents);
});

test('DEBUG RELOAD ends a save that runs, and lets a rewrite go on', async (t) => {
  const engine = await TestEngine.start({
    disk: memoryDisk(), ...sizes, settings: { appendOnly: true }, sliceKeys: 1,
  });
  fill(engine);
  const contents = engine.contents();
  engine.run('SAVE');
  engine.run('BGSAVE');
  engine.runSteps(2);
  t.is(engine.run('DEBUG', 'RELOAD', 'NOSAVE'), '+OK\r\n');
  await engine.settle();
  t.is(engine.info('rdb_bgsave_in_progress'), 0);
  engine.run('BGREWRITEAOF');
  engine.runSteps(3);
  t.is(engine.run('DEBUG', 'RELOAD', 'NOSAVE'), '+OK\r\n');
  await engine.until(() => engine.info('aof_rewrite_in_progress') === 0);
  t.deepEqual(engine.contents(), contents);
  engine.persistence.shutdown(false, false);
  const again = await TestEngine.start({
    disk: engine.disk, ...sizes, settings: { appendOnly: true },
  });
  t.deepEqual(again.contents(), contents);
});

test('DEBUG LOADAOF finds the same again, with what was not flushed yet', async (t) => {
  for (const useRdbPreamble of [true, false]) {
    const engine = await TestEngine.start({
      disk: memoryDisk(), ...sizes, settings: { appendOnly: true, useRdbPreamble },
    });
    fill(engine);
    engine.run('BGREWRITEAOF');
    await engine.until(() => engine.info('aof_rewrites') === 1);
    engine.run('LPOP', 'list');
    engine.run('SET', 'late', '1');
    const contents = engine.contents();
    t.is(engine.run('DEBUG', 'LOADAOF'), '+OK\r\n');
    t.deepEqual(engine.contents(), contents);
    t.is(engine.persistence.saver.changes, 0);
    t.true(engine.acknowledge('SET', 'later', '1'));
    engine.persistence.shutdown(false, false);
    const again = await TestEngine.start({
      disk: engine.disk, ...sizes, settings: { appendOnly: true },
    });
    t.deepEqual(again.contents(), engine.contents());
  }
});

test('DEBUG LOADAOF without a log is an error and changes nothing', async (t) => {
  const engine = await TestEngine.start({ disk: memoryDisk(), ...sizes });
  engine.run('SET', 'k', 'v');
  t.is(engine.run('DEBUG', 'LOADAOF'), '-ERR There is no append only file in /data\r\n');
  t.is(engine.contents().size, 1);
});
