// DUMP of one server, RESTORE by the other, both ways and for every type; and payloads that are no
// values.
import test from 'ava';
import * as fc from 'fast-check';
import { checksumOf } from '../rdb/test-support/rdb-files.ts';
import { samples } from '../rdb/test-support/records.ts';
import { InProcessServer } from './test-support/in-process.ts';
import { hasRedisServer, RedisProcess, skippedWithoutRedis } from './test-support/redis-process.ts';
import { splitCommand } from './test-support/replies.ts';

const text = fc.oneof(
  fc.string({ maxLength: 20 }), fc.integer().map(String), fc.bigInt({
    min: -(2n ** 63n), max: 2n ** 63n - 1n,
  }).map(String),
  fc.constantFrom('', '0', '-0', '007', 'a'.repeat(64), 'b'.repeat(65), 'ab'.repeat(3000),
    'x'.repeat(9000)),
);
const score = fc.oneof(fc.integer().map(String), fc.double({ noNaN: true }).map((value) =>
  (Number.isFinite(value) ? String(value) : value > 0 ? 'inf' : '-inf')));
const size = { minLength: 1, maxLength: 20 };
const manyIntegers = fc.integer({ min: 1, max: 700 }).map((count) =>
  Array.from({ length: count }, (_, i) => String(i * 3 - 100)));
const many = fc.oneof({ weight: 5, arbitrary: fc.array(text, size) },
  { weight: 2, arbitrary: manyIntegers });

/** A command that makes `k`. */
const maker: fc.Arbitrary<string[]> = fc.oneof(
  text.map((value) => ['SET', 'k', value]),
  many.map((values) => ['RPUSH', 'k', ...values]),
  many.map((values) => ['SADD', 'k', ...values]),
  fc.array(fc.tuple(score, text), size).map((pairs) => ['ZADD', 'k', ...pairs.flat()]),
  manyIntegers.map((values) => ['ZADD', 'k', ...values.flatMap((value) => [value, `m${value}`])]),
  fc.array(fc.tuple(text, text), size).map((pairs) => ['HSET', 'k', ...pairs.flat()]),
  manyIntegers.map((values) => ['HSET', 'k', ...values.flatMap((value) => [value, 'v'])]),
);

const withRedis = hasRedisServer ? test : test.skip;
const title = 'DUMP and RESTORE go both ways between the engine and redis-server';

withRedis(hasRedisServer ? title : `${title} ${skippedWithoutRedis}`, async (t) => {
  const server = new InProcessServer();
  const engine = (...parts: (string | Buffer)[]): string =>
    server.send(server.context.session, parts);
  const redis = await RedisProcess.start();
  const client = await redis.connect();
  try {
    await fc.assert(fc.asyncProperty(maker, async (made) => {
      const parts = made.map((part) => Buffer.from(part));
      engine('FLUSHALL');
      await client.send(['FLUSHALL']);
      t.is(engine(...parts), await client.send(parts));
      const ours = splitCommand(engine('DUMP', 'k'))[0] as Buffer;
      const theirs = splitCommand(await client.send(['DUMP', 'k']))[0] as Buffer;
      t.is(engine('RESTORE', 'other', '0', theirs), '+OK');
      t.is(await client.send(['RESTORE', 'other', '0', ours]), '+OK');
      const digest = await client.send(['DEBUG', 'DIGEST-VALUE', 'k', 'other']);
      t.is(engine('DEBUG', 'DIGEST-VALUE', 'k', 'other'), digest);
      t.is(engine('OBJECT', 'ENCODING', 'other'), engine('OBJECT', 'ENCODING', 'k'));
    }), { numRuns: 150 });
  } finally {
    client.close();
    await redis.stop();
  }
});

function payloadOf(type: number, body: Uint8Array, version: number): Buffer {
  const whole = Buffer.concat([Buffer.from([type]), body, Buffer.from([version, 0])]);
  return Buffer.concat([whole, checksumOf(whole)]);
}

test('RESTORE takes every encoding that files may have', (t) => {
  const server = new InProcessServer();
  const { session } = server.context;
  for (const { body, name, type, valkey } of samples) {
    const payload = payloadOf(type, body, valkey === true ? 80 : 12);
    t.is(server.send(session, ['RESTORE', name, '0', payload]), '+OK', name);
    t.is(server.send(session, ['EXISTS', name]), ':1', name);
  }
});

test('a payload that is damaged, although its checksum fits, leaves the key as it was', (t) => {
  const server = new InProcessServer();
  const { session } = server.context;
  server.send(session, ['SET', 'k', 'kept']);
  const wrong: string[] = [];
  let tried = 0;
  for (const { body, name, type } of samples) {
    for (let end = 0; end < body.length; end++) {
      const payload = payloadOf(type, body.subarray(0, end), 12);
      const reply = server.send(session, ['RESTORE', 'k', '0', payload, 'REPLACE']);
      if (reply !== '-ERR Bad data format') wrong.push(`${name} cut at ${end}: ${reply}`);
      tried++;
    }
  }
  for (const type of [6, 7, 15, 19, 21, 26, 99, 255]) {
    const reply = server.send(session, ['RESTORE', 'k', '0', payloadOf(type, Buffer.of(0), 12),
      'REPLACE']);
    if (reply !== '-ERR Bad data format') wrong.push(`type ${type}: ${reply}`);
  }
  t.deepEqual(wrong, []);
  t.log(`${tried} tried`);
  t.is(server.send(session, ['GET', 'k']), '"kept"');
  t.is(server.send(session, ['DBSIZE']), ':1');
});

test('versions of a payload', (t) => {
  const server = new InProcessServer();
  const { session } = server.context;
  const body = Buffer.from([1, 118]);
  for (const version of [1, 9, 10, 11, 12, 80, 81]) {
    const payload = payloadOf(0, body, version);
    t.is(server.send(session, ['RESTORE', 'k', '0', payload, 'REPLACE']), '+OK', `${version}`);
  }
  for (const version of [13, 79, 82, 255]) {
    t.is(server.send(session, ['RESTORE', 'k', '0', payloadOf(0, body, version), 'REPLACE']),
      '-ERR DUMP payload version or checksum are wrong');
  }
});
