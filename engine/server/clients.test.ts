// Client libraries as they come from npm, unmodified, each over all the types: what they send to
// get going, and how they read the answers, is theirs.

import test from 'ava';
import type { ExecutionContext } from 'ava';
import { Redis as IoRedis } from 'ioredis';
import { createClient } from 'redis';
import { Redis as Upstash } from '@upstash/redis';
import { startTestEngine } from './test-support/engine.ts';
import type { TestEngine } from './test-support/engine.ts';

const password = 'a long password';

async function started(t: ExecutionContext): Promise<TestEngine> {
  const running = await startTestEngine({ 'rest-port': '0', requirepass: password });
  t.teardown(() => running.engine.close());
  return running;
}

async function ioredis(t: ExecutionContext, port: number): Promise<IoRedis> {
  const client = new IoRedis({ port, host: '127.0.0.1', password, connectionName: 'smoke' });
  t.teardown(() => client.disconnect());
  await client.ping();
  return client;
}

test('ioredis: every type, pipeline, transaction, scans', async (t) => {
  const client = await ioredis(t, (await started(t)).port);
  t.is(await client.set('s', 'v', 'EX', 100), 'OK');
  t.deepEqual(await client.getBuffer('s'), Buffer.from('v'));
  t.is(await client.incrbyfloat('f', 1.5), '1.5');
  t.deepEqual(await client.mget('s', 'none'), ['v', null]);
  t.is(await client.hset('h', { a: '1', b: '2' }), 2);
  t.deepEqual(await client.hgetall('h'), { a: '1', b: '2' });
  t.is(await client.rpush('l', 'a', 'b', 'c'), 3);
  t.deepEqual(await client.lrange('l', 0, -1), ['a', 'b', 'c']);
  t.is(await client.sadd('set', 'x', 'y'), 2);
  t.deepEqual((await client.smembers('set')).sort(), ['x', 'y']);
  t.is(await client.zadd('z', 1, 'one', 2.5, 'two'), 2);
  t.deepEqual(await client.zrange('z', '0', '-1', 'WITHSCORES'), ['one', '1', 'two', '2.5']);
  t.deepEqual(await client.pipeline().set('p', '1').incr('p').get('p').exec(),
    [[null, 'OK'], [null, 2], [null, '2']]);
  t.deepEqual(await client.multi().set('m', '1').lpush('m', 'x').exec().then((all) =>
    all?.map(([error, value]) => error?.message ?? value)),
  ['OK', 'WRONGTYPE Operation against a key holding the wrong kind of value']);
  await client.mset(Object.fromEntries(Array.from({ length: 500 }, (_, i) => [`key:${i}`, i])));
  const found = new Set<string>();
  for await (const keys of client.scanStream({ match: 'key:*', count: 50 })) {
    for (const key of keys as string[]) found.add(key);
  }
  t.is(found.size, 500);
  await t.throwsAsync(client.call('XADD', 's', '*', 'a', '1'), { message: /not part of this/ });
});

test('ioredis: publish and subscribe, blocking, watch', async (t) => {
  const { port } = await started(t);
  const [client, other] = [await ioredis(t, port), await ioredis(t, port)];
  const heard = new Promise<readonly string[]>((resolve) => {
    other.on('pmessage', (...message: string[]) => resolve(message));
  });
  await other.psubscribe('news.*');
  t.is(await client.publish('news.today', 'sun'), 1);
  t.deepEqual(await heard, ['news.*', 'news.today', 'sun']);
  await other.punsubscribe('news.*');
  const popped = other.blpop('queue', 10);
  await client.lpush('queue', 'job');
  t.deepEqual(await popped, ['queue', 'job']);
  await client.watch('w');
  await other.set('w', 'changed');
  t.is(await client.multi().set('w', 'mine').exec(), null);
});

test('node-redis with RESP3: every type, transaction, iterators', async (t) => {
  const { port } = await started(t);
  const client = createClient({ RESP: 3, password, name: 'smoke', socket: { port } });
  client.on('error', (error) => t.fail(String(error)));
  await client.connect();
  t.teardown(() => client.destroy());
  t.is(await client.set('s', 'v', { expiration: { type: 'EX', value: 100 } }), 'OK');
  t.is(await client.get('s'), 'v');
  t.is(await client.get('none'), null);
  t.is(await client.hSet('h', { a: '1', b: '2' }), 2);
  t.deepEqual({ ...await client.hGetAll('h') }, { a: '1', b: '2' });
  t.is(await client.rPush('l', ['a', 'b']), 2);
  t.is(await client.lMove('l', 'l2', 'LEFT', 'RIGHT'), 'a');
  t.is(await client.sAdd('set', ['x', 'y']), 2);
  t.deepEqual(await client.smIsMember('set', ['x', 'none']).then((all) => all.map(Boolean)),
    [true, false]);
  t.is(await client.zAdd('z', [{ score: 1, value: 'one' }, { score: 2.5, value: 'two' }]), 2);
  t.deepEqual(await client.zRangeWithScores('z', 0, -1),
    [{ value: 'one', score: 1 }, { value: 'two', score: 2.5 }]);
  t.is(await client.zScore('z', 'two'), 2.5);
  t.is(await client.setBit('bits', 7, 1), 0);
  t.is(await client.pfAdd('hll', ['a', 'b']), 1);
  t.is(await client.pfCount('hll'), 2);
  t.deepEqual(await client.multi().incr('n').incr('n').get('n').exec(), [1, 2, '2']);
  await client.mSet(Array.from({ length: 300 }, (_, i) => [`key:${i}`, '1'] as [string, string]));
  let found = 0;
  for await (const keys of client.scanIterator({ MATCH: 'key:*', COUNT: 20 })) {
    found += keys.length;
  }
  t.is(found, 300);
  let fields = 0;
  for await (const entries of client.hScanIterator('h')) fields += entries.length;
  t.is(fields, 2);
  t.is(await client.configGet('maxmemory').then((all) => all['maxmemory']), '0');
  t.regex(await client.info('server'), /redis_version:7\.0\.15/);
  await t.throwsAsync(client.lPush('s', 'x'), { message: /^WRONGTYPE/ });
});

test('node-redis with RESP3: publish and subscribe', async (t) => {
  const { port } = await started(t);
  const client = createClient({ RESP: 3, password, socket: { port } });
  await client.connect();
  const listener = client.duplicate();
  await listener.connect();
  t.teardown(() => {
    client.destroy();
    listener.destroy();
  });
  const heard = new Promise<string>((resolve) => {
    void listener.subscribe('channel', (message) => resolve(message)).then(() =>
      client.publish('channel', 'hello'));
  });
  t.is(await heard, 'hello');
  t.is(await listener.ping(), 'PONG', 'RESP3 listeners may still ask');
});

test('@upstash/redis over REST: every type, pipeline, transaction, scans', async (t) => {
  const { engine } = await started(t);
  const client = new Upstash({ url: `http://127.0.0.1:${engine.restPort}`, token: password,
    enableTelemetry: false });
  t.is(await client.set('s', { deep: ['ä', 1] }, { ex: 100 }), 'OK');
  t.deepEqual(await client.get('s'), { deep: ['ä', 1] });
  t.is(await client.get('none'), null);
  t.is(await client.set('nx', 'OK', { nx: true }), 'OK');
  t.is(await client.set('nx', '2', { nx: true }), null);
  t.is(await client.get('nx'), 'OK');
  t.is(await client.incrby('n', 5), 5);
  t.is(await client.hset('h', { a: 1, b: 'two' }), 2);
  t.deepEqual(await client.hgetall('h'), { a: 1, b: 'two' });
  t.is(await client.rpush('l', 'a', 'b'), 2);
  t.deepEqual(await client.lrange('l', 0, -1), ['a', 'b']);
  t.is(await client.sadd('set', 'x', 'y'), 2);
  t.deepEqual((await client.smembers('set')).sort(), ['x', 'y']);
  t.is(await client.zadd('z', { score: 1, member: 'one' }, { score: 2.5, member: 'two' }), 2);
  t.deepEqual(await client.zrange('z', 0, -1, { withScores: true }), ['one', 1, 'two', 2.5]);
  t.deepEqual(await client.pipeline().set('p', 1).incr('p').get('p').exec(), ['OK', 2, 2]);
  t.deepEqual(await client.multi().set('m', 1).incr('m').exec(), ['OK', 2]);
  t.is(await client.publish('channel', 'hello'), 0);
  t.is(await client.type('h'), 'hash');
  t.is(await client.ping(), 'PONG');
  await client.mset(Object.fromEntries(Array.from({ length: 200 }, (_, i) => [`key:${i}`, i])));
  let cursor = '0';
  let found = 0;
  do {
    const [next, keys] = await client.scan(cursor, { match: 'key:*', count: 20 });
    cursor = next;
    found += keys.length;
  } while (cursor !== '0');
  t.is(found, 200);
  await t.throwsAsync(client.lpush('s', 'x'), { message: /WRONGTYPE Operation/ });
  const stranger = new Upstash({ url: `http://127.0.0.1:${engine.restPort}`, token: 'x' });
  await t.throwsAsync(stranger.get('s'), { message: /WRONGPASS invalid or missing auth token/ });
});
