// Random commands over all types at this engine and at redis-server: every reply and the digest of
// the data are equal, and what the engine logs rebuilds the same data.
import test from 'ava';
import * as fc from 'fast-check';
import { noEffects } from './context.ts';
import { InProcessServer } from './test-support/in-process.ts';
import { collectionCommand, collectionWrite } from './test-support/random-collections.ts';
import { hasRedisServer, RedisProcess, skippedWithoutRedis } from './test-support/redis-process.ts';
import type { RawClient } from './test-support/redis-process.ts';
import { sortedItems } from './test-support/replies.ts';
import { differenceText, smallestDifference } from './test-support/shrink-commands.ts';
import type { Command, Difference } from './test-support/shrink-commands.ts';

const withRedis = hasRedisServer ? test : test.skip;
const digest = ['DEBUG', 'DIGEST'];

/** Replies whose order Redis leaves open. */
const unordered = new Set(['SMEMBERS', 'SINTER', 'SUNION', 'SDIFF', 'HGETALL', 'HKEYS', 'HVALS']);

function comparable(parts: readonly string[], reply: string): string {
  return unordered.has(parts[0] ?? '') ? sortedItems(reply) : reply;
}

/** Runs the commands on both, emptied before, and finds the first reply that differs. */
async function differenceFrom(
  client: RawClient, commands: readonly Command[],
): Promise<Difference | null> {
  await Promise.all([client.send(['RESET']), client.send(['FLUSHALL'])]);
  const server = new InProcessServer();
  server.nowMs = Date.now();
  const replies = await Promise.all(commands.map((parts) => client.send(parts)));
  for (const [at, parts] of commands.entries()) {
    const ours = comparable(parts, server.send(server.context.session, parts));
    const theirs = comparable(parts, replies[at] ?? '');
    if (ours !== theirs) return { at, ours, theirs };
  }
  return null;
}

/** Throws at the first reply that differs. */
async function compare(client: RawClient, commands: readonly Command[]): Promise<void> {
  const found = await differenceFrom(client, commands);
  if (found === null) return;
  throw new Error(differenceText({ ...found, commands, repeats: true }));
}

async function onRedis(body: (client: RawClient) => Promise<void>): Promise<void> {
  const redis = await RedisProcess.start();
  const client = await redis.connect();
  try {
    await body(client);
  } finally {
    client.close();
    await redis.stop();
  }
}

const shortTitle = 'collections: random commands get the replies and the digest of Redis';
withRedis(hasRedisServer ? shortTitle : `${shortTitle} ${skippedWithoutRedis}`, async (t) => {
  const sequences = fc.array(collectionCommand, { minLength: 1, maxLength: 50 });
  await onRedis(async (client) => {
    await fc.assert(fc.asyncProperty(sequences, async (sequence) => {
      await compare(client, [...sequence, digest]);
    }), { numRuns: 150 });
  });
  t.pass();
});

const longTitle = 'collections: 10,000 random commands over one keyspace, one digest';
withRedis(hasRedisServer ? longTitle : `${longTitle} ${skippedWithoutRedis}`, async (t) => {
  const seed = Number(process.env['FC_SEED'] ?? Date.now() % 1_000_000);
  t.log(`seed ${seed} (FC_SEED repeats it)`);
  const commands = fc.sample(collectionCommand, { seed, numRuns: 10_000 });
  await onRedis(async (client) => {
    const found = await smallestDifference((some) => differenceFrom(client, some), commands);
    if (found !== null) t.log(differenceText(found));
    t.is(found, null);
  });
});

test('collections: what is logged rebuilds the same data', (t) => {
  const sequences = fc.array(collectionWrite, { minLength: 1, maxLength: 60 });
  fc.assert(fc.property(sequences, (sequence) => {
    const server = new InProcessServer();
    for (const parts of sequence) server.send(server.context.session, parts);
    const rebuilt = new InProcessServer({ hashSeed: 99 });
    rebuilt.context.effects = noEffects;
    for (const { databaseIndex, parts } of server.sink.commands) {
      rebuilt.replay(rebuilt.context.session, ['SELECT', String(databaseIndex)]);
      const status = rebuilt.replay(rebuilt.context.session, parts);
      if (status !== 'applied') throw new Error(`${status}: ${String(parts)}`);
    }
    const digestOf = (one: InProcessServer): string => one.send(one.connect(), digest);
    if (digestOf(rebuilt) !== digestOf(server)) throw new Error(server.sink.lines.join('\n'));
  }), { numRuns: 150 });
  t.pass();
});
