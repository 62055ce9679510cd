// Several clients at once, the same lines for this engine and for redis-server: blocking commands,
// publish and subscribe.

import test from 'ava';
import {
  hasRedisServer, RedisProcess, skippedWithoutRedis,
} from '../commands/test-support/redis-process.ts';
import { startTestEngine } from './test-support/engine.ts';
import { play } from './test-support/conversations.ts';
import type { Conversation } from './test-support/conversations.ts';
import { blockingConversations } from './testdata/blocking.conversations.ts';
import { eventConversations, newerEventConversations } from './testdata/events.conversations.ts';
import { pubsubConversations } from './testdata/pubsub.conversations.ts';

const tables: Readonly<Record<string, readonly Conversation[]>> = {
  blocking: blockingConversations, 'publish and subscribe': pubsubConversations,
  'keyspace events': eventConversations,
};

async function playAll(
  all: readonly Conversation[], server: { port: number; isRedis: boolean },
): Promise<string[]> {
  const flush: Conversation = { name: 'flush', lines: [['z: FLUSHALL', '+OK']], options: {} };
  const problems: string[] = [];
  for (const one of all) {
    problems.push(...await play(flush, server), ...await play(one, server));
  }
  return problems;
}

for (const [name, all] of Object.entries(tables)) {
  test(`${name}: ${all.length} conversations`, async (t) => {
    const { engine, port } = await startTestEngine();
    t.teardown(() => engine.close());
    t.deepEqual(await playAll(all, { port, isRedis: false }), []);
  });

  const title = `${name}: the same with redis-server`;
  const withRedis = hasRedisServer ? test : test.skip;
  withRedis(hasRedisServer ? title : `${title} ${skippedWithoutRedis}`, async (t) => {
    const redis = await RedisProcess.start();
    try {
      t.deepEqual(await playAll(all, { port: redis.port, isRedis: true }), []);
    } finally {
      await redis.stop();
    }
  });
}

test('keyspace events of newer commands', async (t) => {
  const { engine, port } = await startTestEngine();
  t.teardown(() => engine.close());
  t.deepEqual(await playAll(newerEventConversations, { port, isRedis: false }), []);
});
