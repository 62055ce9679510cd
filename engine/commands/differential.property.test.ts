// Random commands at this engine and at redis-server: every reply equal, and the digest of the data
// at the end. fast-check prints the seed of a failure and shrinks it.
import test from 'ava';
import * as fc from 'fast-check';
import { noEffects } from './context.ts';
import { InProcessServer } from './test-support/in-process.ts';
import { commandSequences, writeSequences } from './test-support/random-commands.ts';
import { hasRedisServer, RedisProcess, skippedWithoutRedis } from './test-support/redis-process.ts';
import type { RawClient } from './test-support/redis-process.ts';
import { sortedItems } from './test-support/replies.ts';

const runs = 250;
const title = `random commands get Redis' replies and digest, ${runs} sequences`;
const withRedis = hasRedisServer ? test : test.skip;

/** The order of keys is free: sorts the list in KEYS' and SCAN's replies. */
function comparable(parts: readonly string[], reply: string): string {
  if (parts[0] === 'KEYS') return sortedItems(reply);
  const keys = parts[0] === 'SCAN' ? /^\["0", (\[.*\])\]$/s.exec(reply) : null;
  return keys?.[1] === undefined ? reply : `["0", ${sortedItems(keys[1])}]`;
}

async function sendAll(client: RawClient, sequence: readonly string[][]): Promise<string[]> {
  return Promise.all(sequence.map((parts) => client.send(parts)));
}

withRedis(hasRedisServer ? title : `${title} ${skippedWithoutRedis}`, async (t) => {
  const redis = await RedisProcess.start();
  const client = await redis.connect();
  try {
    await fc.assert(fc.asyncProperty(commandSequences, async (sequence) => {
      await sendAll(client, [['RESET'], ['FLUSHALL']]);
      const server = new InProcessServer();
      server.nowMs = Date.now();
      const commands = [...sequence, ['DISCARD'], ['DEBUG', 'DIGEST']];
      const theirs = await sendAll(client, commands);
      const { session } = server.context;
      commands.forEach((parts, i) => {
        const ours = comparable(parts, server.send(session, parts));
        if (ours === comparable(parts, theirs[i] ?? '')) return;
        throw new Error(`${JSON.stringify(parts)}: ours ${ours}, Redis ${theirs[i]}`);
      });
    }), { numRuns: runs });
    t.pass();
  } finally {
    client.close();
    await redis.stop();
  }
});

test(`what is logged rebuilds the same data, ${runs} sequences`, (t) => {
  fc.assert(fc.property(writeSequences, (sequence) => {
    const server = new InProcessServer();
    const { session } = server.context;
    for (const parts of sequence) server.send(session, parts);
    const rebuilt = new InProcessServer({ hashSeed: 99 });
    rebuilt.context.effects = noEffects;
    rebuilt.nowMs = server.nowMs + 1e9; // The log is read much later: nothing may depend on now.
    const replayer = rebuilt.context.session;
    for (const { databaseIndex, parts } of server.sink.commands) {
      rebuilt.replay(replayer, ['SELECT', String(databaseIndex)]);
      const status = rebuilt.replay(replayer, parts);
      if (status !== 'applied') throw new Error(`${status}: ${String(parts)}`);
    }
    const digest = (one: InProcessServer): string => {
      const observer = one.connect();
      return one.send(observer, ['DEBUG', 'DIGEST']);
    };
    if (digest(rebuilt) !== digest(server)) throw new Error(server.sink.lines.join('\n'));
    if (rebuilt.context.statistics.expiredKeys > 0) throw new Error('replay must expire nothing');
  }), { numRuns: runs });
  t.pass();
});
