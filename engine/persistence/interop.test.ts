// Files go both ways between the engine and redis-server 7.0.15.
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import test from 'ava';
import { keyspaceDigest } from '../commands/digest.ts';
import {
  hasRedisServer, RedisProcess, skippedWithoutRedis,
} from '../commands/test-support/redis-process.ts';
import { realDisk } from '../io/real-disk.ts';
import type { PersistenceSettings } from './settings.ts';
import { TestEngine } from './test-support/test-engine.ts';

const interop = hasRedisServer ? test : test.skip;
const title = (text: string): string =>
  hasRedisServer ? text : `${text} ${skippedWithoutRedis}`;

const values = [
  '', '0', '-1', '127', '128', '-32769', '2147483648', '-2147483649', '007', '3.0e10', 'text',
  'a'.repeat(30), 'ab'.repeat(300), '\0\xff\r\n', JSON.stringify({ name: 'somebody', tags: [1] }),
  'x'.repeat(70_000),
];

/** The same commands for both servers; the last ones after the snapshot or rewrite. */
function commands(part: 'before' | 'after'): string[][] {
  if (part === 'after') {
    return [
      ['SELECT', '0'], ['INCR', 'counter'], ['APPEND', 'key:14', 'more'], ['DEL', 'key:3'],
      ['MULTI'], ['SET', 'tx:a', '1'], ['SELECT', '5'], ['SET', 'tx:b', '2'], ['EXEC'],
      ['SELECT', '0'], ['PERSIST', 'key:1'], ['SETEX', 'key:0', '10000000000', 'late'],
    ];
  }
  const filled = values.flatMap((value, i) => [
    ['SET', `key:${i}`, value],
    ['SET', `${i * 1000}`, value, 'PXAT', String(4_102_444_800_000 + i)],
  ]);
  return [
    ...filled, ['PEXPIREAT', 'key:1', '4102444800999'], ['INCRBY', 'counter', '41'],
    ['SET', 'k'.repeat(500), 'long key'], ['SELECT', '3'], ['SET', 'other', 'database'],
    ['SELECT', '0'],
  ];
}

const directories: string[] = [];

function newDirectory(): string {
  const directory = mkdtempSync(path.join(tmpdir(), 'plugpull-interop-'));
  directories.push(directory);
  return directory;
}

test.after.always('temporary directories are removed', () => {
  for (const directory of directories) rmSync(directory, { recursive: true, force: true });
});

function startEngine(
  directory: string,
  settings: Partial<PersistenceSettings>,
): Promise<TestEngine> {
  return TestEngine.start({
    disk: realDisk(), directory, settings, databaseCount: 16, arenaBytes: 16 * 2 ** 20,
  });
}

function run(engine: TestEngine, part: 'before' | 'after'): void {
  for (const command of commands(part)) {
    engine.run(...command.map((word) => Buffer.from(word, 'latin1')));
    engine.persistence.journal.commit();
  }
}

/** Deadlines of all keys of the redis-server, as `db:key@ms`, sorted; and its digest. */
async function factsOf(redis: RedisProcess): Promise<{ digest: string; deadlines: string[] }> {
  const client = await redis.connect();
  const digest = (await client.send(['DEBUG', 'DIGEST'])).trim().slice(1);
  const deadlines: string[] = [];
  for (const key of ['key:0', 'key:1', '1000', '14000', 'counter', 'key:5']) {
    deadlines.push(`0:${key}@${(await client.send(['PEXPIRETIME', key])).trim()}`);
  }
  client.close();
  return { digest, deadlines };
}

function factsOfEngine(engine: TestEngine): { digest: string; deadlines: string[] } {
  engine.run('SELECT', '0');
  const deadlines = ['key:0', 'key:1', '1000', '14000', 'counter', 'key:5'].map((key) =>
    `0:${key}@${engine.run('PEXPIRETIME', key).trim()}`);
  return { digest: keyspaceDigest(engine.keyspace), deadlines };
}

function check(tool: string, file: string): number | null {
  return spawnSync(tool, [file]).status;
}

interop(title('the engine\'s snapshot loads in redis-server'), async (t) => {
  for (const rdbCompression of [true, false]) {
    const directory = newDirectory();
    const engine = await startEngine(directory, { rdbCompression });
    run(engine, 'before');
    t.is(engine.run('SAVE'), '+OK\r\n');
    t.is(check('redis-check-rdb', `${directory}/dump.rdb`), 0);
    const redis = await RedisProcess.start('--dir', directory);
    t.deepEqual(await factsOf(redis), factsOfEngine(engine));
    await redis.stop();
  }
});

for (const useRdbPreamble of [true, false]) {
  const format = useRdbPreamble ? 'snapshot' : 'command';
  interop(title(`the engine's log with a ${format} base loads in redis-server`), async (t) => {
    const directory = newDirectory();
    const engine = await startEngine(directory, { appendOnly: true, useRdbPreamble });
    run(engine, 'before');
    engine.run('BGREWRITEAOF');
    await engine.until(() => engine.info('aof_rewrites') === 1);
    run(engine, 'after');
    engine.persistence.shutdown(false, false);
    const manifest = `${directory}/appendonlydir/appendonly.aof.manifest`;
    t.is(check('redis-check-aof', manifest), 0);
    const redis = await RedisProcess.start('--dir', directory, '--appendonly', 'yes');
    t.deepEqual(await factsOf(redis), factsOfEngine(engine));
    await redis.stop();
    const again = await startEngine(directory, { appendOnly: true });
    t.is(keyspaceDigest(again.keyspace), keyspaceDigest(engine.keyspace));
  });
}

for (const aof of [false, true]) {
  for (const preamble of ['yes', 'no']) {
    const what = aof ? `log with aof-use-rdb-preamble ${preamble}` : `snapshot (${preamble})`;
    if (!aof && preamble === 'no') continue;
    interop(title(`the ${what} of redis-server loads in the engine`), async (t) => {
      const directory = newDirectory();
      // It ends by SIGKILL, and under everysec Redis may hold a write back while a sync is slow.
      const redis = await RedisProcess.start('--dir', directory, '--appendonly',
        aof ? 'yes' : 'no', '--aof-use-rdb-preamble', preamble, '--appendfsync', 'always');
      const client = await redis.connect();
      const send = async (part: 'before' | 'after'): Promise<void> => {
        for (const command of commands(part)) {
          await client.send(command.map((word) => Buffer.from(word, 'latin1')));
        }
      };
      await send('before');
      if (aof) {
        await client.send(['BGREWRITEAOF']);
        while ((await client.send(['INFO', 'persistence'])).includes('rewrite_in_progress:1'));
      }
      await send('after');
      if (!aof) await client.send(['SAVE']);
      const expected = await factsOf(redis);
      await redis.stop();
      const engine = await startEngine(directory, { appendOnly: aof });
      t.deepEqual(factsOfEngine(engine), expected);
      t.true(engine.acknowledge('SET', 'from the engine', '1'));
      if (!aof) return;
      engine.persistence.shutdown(false, false);
      const back = await RedisProcess.start('--dir', directory, '--appendonly', 'yes');
      t.deepEqual(await factsOf(back), factsOfEngine(engine));
      await back.stop();
    });
  }
}
