// Data directories that real servers wrote: loaded, compared key by key, written again, and given
// back to redis-server 7.0.15.
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import test from 'ava';
import { keyspaceDigest, valueDigest } from '../commands/digest.ts';
import type { DigestOptions } from '../commands/digest.ts';
import {
  hasRedisServer, RedisProcess, skippedWithoutRedis,
} from '../commands/test-support/redis-process.ts';
import { realDisk } from '../io/real-disk.ts';
import { endPosition } from '../keyspace/database.ts';
import type { Database } from '../keyspace/database.ts';
import { readFixtures } from './test-support/fixtures.ts';
import type { Fixture } from './test-support/fixtures.ts';
import { newerScoreText } from './test-support/score-text.ts';
import { memoryDisk, TestEngine } from './test-support/test-engine.ts';
import type { PersistenceSettings } from './settings.ts';

const typeNames = ['string', 'list', 'set', 'zset', 'hash'];
const fixtures = readFixtures();
const whole = fixtures.filter(({ expected, name }) =>
  expected.keys !== undefined && !name.includes('streams'));
const withStreams = fixtures.filter(({ name }) => name.includes('streams'));
const withDeadlines = fixtures.filter(({ expected }) => expected.hashes !== undefined);
const sizes = { databaseCount: 16, arenaBytes: 32 * 2 ** 20 };

function load(fixture: Fixture, settings: Partial<PersistenceSettings> = {}): Promise<TestEngine> {
  const files = [...fixture.files].map(([name, bytes]) => [`/data/${name}`, bytes] as const);
  const disk = memoryDisk(files);
  return TestEngine.start({
    disk, ...sizes, settings: { appendOnly: fixture.isLog, ...settings },
  });
}

/** How the server that wrote the directory digests scores. */
function stylesOf({ name }: Fixture, { context }: TestEngine): DigestOptions {
  const { collections } = context;
  if (name.startsWith('redis-7.0')) return { collections };
  return { collections, scoreText: newerScoreText };
}

type Facts = Record<string, [type: string, digest: string, deadlineMs: number]>;

/** What expected.json has of every key, from the engine. */
function keysOf({ keyspace }: TestEngine, style: DigestOptions): Facts {
  const found: Facts = {};
  for (const database of keyspace.databases) {
    let position = 0;
    while (position < endPosition) {
      position = database.walk(position, 1000, (entry) => {
        const start = database.keyStart(entry);
        const key = keyspace.arena.u8.toString('hex', start, start + database.keyLength(entry));
        const digest = valueDigest(database, entry, style);
        const type = typeNames[database.type(entry)] ?? '?';
        found[`${database.index}:${key}`] = [type, digest, database.deadlineMs(entry) || -1];
      });
    }
  }
  return found;
}

const sorted = <T>(record: Record<string, T>): [string, T][] =>
  Object.entries(record).sort(([left], [right]) => (left < right ? -1 : 1));

test('the fixtures are all there', (t) => {
  t.deepEqual([whole.length, withStreams.length, withDeadlines.length], [9, 3, 2]);
});

for (const fixture of whole) {
  test(`loads ${fixture.name}: digest, and each key's type, digest and deadline`, async (t) => {
    const engine = await load(fixture);
    const style = stylesOf(fixture, engine);
    t.is(keyspaceDigest(engine.keyspace, style), fixture.expected.debugDigest);
    t.deepEqual(sorted(keysOf(engine, style)), sorted(fixture.expected.keys as never));
  });
}

for (const fixture of withStreams) {
  test(`refuses ${fixture.name}, naming a key that is a stream`, async (t) => {
    const error = await t.throwsAsync(load(fixture), {
      message: /offset \d+: key ".+" in database \d+ is a stream( \(\d\))?, type \d+/,
    }) as { code?: string; message: string };
    t.is(error.code, 'RDB_UNSUPPORTED');
    const [, key = '', database = ''] = /key (".+") in database (\d+)/.exec(error.message) ?? [];
    const name = `${database}:${Buffer.from(String(JSON.parse(key)), 'latin1').toString('hex')}`;
    t.is(fixture.expected.keys?.[name]?.[0], 'stream', name);
  });
}

/** Fields, values and deadlines as expected.json has them. */
function hashOf(engine: TestEngine, key: string): unknown {
  const database = engine.keyspace.databases[0] as Database;
  const bytes = Buffer.from(key);
  const entry = database.find(bytes, 0, bytes.length);
  const hash = engine.context.collections.hash().open(database, entry);
  const fields: [string, string][] = [];
  const deadlines: [string, number][] = [];
  for (let more = hash.first(); more; more = hash.next()) {
    const field = hash.elementBuffer.toString('utf8', hash.elementStart, hash.elementEnd);
    fields.push([field, hash.valueBuffer.toString('utf8', hash.valueStart, hash.valueEnd)]);
    deadlines.push([field, hash.deadlineMs || -1]);
  }
  return {
    fields: Object.fromEntries(fields), fieldExpireAtMs: Object.fromEntries(deadlines),
    keyExpireAtMs: database.deadlineMs(entry) || -1,
  };
}

for (const fixture of withDeadlines) {
  test(`loads ${fixture.name}: fields, values, deadlines`, async (t) => {
    const engine = await load(fixture);
    const { hashes = {}, debugDigest } = fixture.expected;
    t.true(Object.keys(hashes).length > 0);
    for (const [key, expected] of Object.entries(hashes)) {
      t.deepEqual(hashOf(engine, key), expected);
    }
    t.is(keyspaceDigest(engine.keyspace), debugDigest);
  });

  test(`${fixture.name} again: as RDB 12, and as commands`, async (t) => {
    const engine = await load(fixture);
    t.regex(engine.run('SAVE'), /^-ERR key "h:\w+" in database 0 has fields .* set rdb-target 12/);
    t.regex(engine.run('BGSAVE'), /^-ERR key "h:\w+" in database 0 has fields/);
    engine.persistence.configure({ rdbTarget: 12 });
    t.is(engine.run('SAVE'), '+OK\r\n');
    const again = await TestEngine.start({ disk: engine.disk, ...sizes });
    for (const [key, expected] of Object.entries(fixture.expected.hashes ?? {})) {
      t.deepEqual(hashOf(again, key), expected);
    }
    t.is(keyspaceDigest(again.keyspace), fixture.expected.debugDigest);
  });

  test(`${fixture.name} in a log: a base of commands, since RDB 10 has no field deadlines`,
    async (t) => {
      const engine = await load(fixture);
      if (!fixture.isLog) engine.persistence.configure({ appendOnly: true });
      else engine.run('BGREWRITEAOF');
      await engine.until(() => engine.info('aof_rewrites') === 1);
      t.true(engine.file('appendonly.aof.manifest').includes('.base.aof'));
      engine.persistence.shutdown(false, false);
      const again = await TestEngine.start({
        disk: engine.disk, ...sizes, settings: { appendOnly: true },
      });
      for (const [key, expected] of Object.entries(fixture.expected.hashes ?? {})) {
        t.deepEqual(hashOf(again, key), expected);
      }
      t.is(keyspaceDigest(again.keyspace), fixture.expected.debugDigest);
    });
}

const interop = hasRedisServer ? test.serial : test.skip;
const title = (text: string): string => (hasRedisServer ? text : `${text} ${skippedWithoutRedis}`);

async function digestOfRedis(...directives: readonly string[]): Promise<string> {
  const redis = await RedisProcess.start(...directives);
  try {
    const client = await redis.connect();
    const digest = await client.send(['DEBUG', 'DIGEST']);
    client.close();
    return digest.trim().slice(1);
  } finally {
    await redis.stop();
  }
}

function onDisk(fixture: Fixture): string {
  const directory = mkdtempSync(path.join(tmpdir(), 'plugpull-fixture-'));
  for (const [name, bytes] of fixture.files) {
    mkdirSync(path.dirname(path.join(directory, name)), { recursive: true });
    writeFileSync(path.join(directory, name), bytes);
  }
  return directory;
}

for (const fixture of whole) {
  interop(title(`${fixture.name} saved and rewritten: redis-server reads the same`), async (t) => {
    const directory = onDisk(fixture);
    try {
      const engine = await TestEngine.start({
        disk: realDisk(), directory, ...sizes, settings: { appendOnly: fixture.isLog },
      });
      t.is(engine.run('SAVE'), '+OK\r\n');
      t.is(spawnSync('redis-check-rdb', [`${directory}/dump.rdb`]).status, 0);
      const expected = keyspaceDigest(engine.keyspace);
      if (fixture.name.startsWith('redis-7.0')) t.is(expected, fixture.expected.debugDigest);
      t.is(await digestOfRedis('--dir', directory), expected);
      for (const useRdbPreamble of [true, false]) {
        engine.persistence.configure({ appendOnly: true, useRdbPreamble });
        const before = engine.info('aof_rewrites') as number;
        if (fixture.isLog || before > 0) engine.run('BGREWRITEAOF');
        await engine.until(() => (engine.info('aof_rewrites') as number) > before);
        engine.persistence.journal.commit();
        const manifest = `${directory}/appendonlydir/appendonly.aof.manifest`;
        t.is(spawnSync('redis-check-aof', [manifest]).status, 0);
        const digest = await digestOfRedis('--dir', directory, '--appendonly', 'yes');
        t.is(digest, expected, `preamble ${useRdbPreamble}`);
      }
      engine.persistence.shutdown(false, false);
    } finally {
      rmSync(directory, { recursive: true, force: true });
    }
  });
}
