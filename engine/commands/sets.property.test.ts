// Sets and sorted sets: random commands get the replies of redis-server, also where everything is
// a tree because the packs are tiny; and what is logged rebuilds the same data.
import test from 'ava';
import * as fc from 'fast-check';
import { noEffects } from './context.ts';
import { InProcessServer } from './test-support/in-process.ts';
import { hasRedisServer, RedisProcess, skippedWithoutRedis } from './test-support/redis-process.ts';
import { setReads, setWrites } from './test-support/random-set-commands.ts';
import { sortedItems } from './test-support/replies.ts';

const runs = 60;
const withRedis = hasRedisServer ? test : test.skip;
const anyCommand = fc.oneof(
  { weight: 3, arbitrary: fc.oneof(...setWrites) },
  { weight: 2, arbitrary: fc.oneof(...setReads) },
);
const sequences = fc.array(anyCommand, { minLength: 1, maxLength: 120, size: 'max' });
const writes = fc.array(fc.oneof(...setWrites), { minLength: 1, maxLength: 120, size: 'max' });
const unordered = new Set(['SMEMBERS', 'SINTER', 'SUNION', 'SDIFF', 'SPOP', 'SRANDMEMBER', 'SSCAN',
  'ZRANDMEMBER', 'ZSCAN']);

function comparable(parts: readonly string[], reply: string): string {
  if (!unordered.has(parts[0] ?? '')) return reply;
  const list = /^\["0", (\[.*\])\]$/s.exec(reply)?.[1] ?? reply;
  return sortedItems(list);
}

/** In a transaction nothing waits. */
function withoutWaiting(parts: string[]): string[][] {
  return parts[0]?.startsWith('BZ') === true ? [['MULTI'], parts, ['EXEC']] : [parts];
}

/** `tiny`: what Redis keeps in packs are trees here. */
function newServer(tiny: boolean, hashSeed: number): InProcessServer {
  const server = new InProcessServer({ hashSeed });
  if (!tiny) return server;
  const { limits } = server.context.collections;
  Object.assign(limits, { setEntries: 2, intSetEntries: 3, sortedSetEntries: 2 });
  return server;
}

for (const tiny of [false, true]) {
  const title = `sets: Redis' replies and digest, ${tiny ? 'tiny packs, ' : ''}${runs} sequences`;
  withRedis(hasRedisServer ? title : `${title} ${skippedWithoutRedis}`, async (t) => {
    const redis = await RedisProcess.start();
    const client = await redis.connect();
    try {
      await fc.assert(fc.asyncProperty(sequences, async (sequence) => {
        await client.send(['FLUSHALL']);
        const server = newServer(tiny, 42);
        const { session } = server.context;
        const commands = [...sequence.flatMap(withoutWaiting), ['DEBUG', 'DIGEST']];
        const theirs = await Promise.all(commands.map((parts) => client.send(parts)));
        commands.forEach((parts, i) => {
          const ours = comparable(parts, server.send(session, parts));
          const their = comparable(parts, theirs[i] ?? '');
          if (ours !== their) {
            throw new Error(`${i}: ${JSON.stringify(parts)}: ours ${ours}, Redis ${their}`);
          }
        });
      }), { numRuns: runs });
      t.pass();
    } finally {
      client.close();
      await redis.stop();
    }
  });

  test(`sets: what is logged rebuilds the data${tiny ? ', tiny packs' : ''}`, (t) => {
    fc.assert(fc.property(writes, (sequence) => {
      const server = newServer(tiny, 42);
      const { session } = server.context;
      for (const parts of sequence.flatMap(withoutWaiting)) server.send(session, parts);
      const rebuilt = newServer(!tiny, 99);
      rebuilt.context.effects = noEffects;
      for (const { parts } of server.sink.commands) {
        const status = rebuilt.replay(rebuilt.context.session, parts);
        if (status !== 'applied') throw new Error(`${status}: ${String(parts)}`);
      }
      const digest = (one: InProcessServer): string => one.send(one.connect(), ['DEBUG', 'DIGEST']);
      if (digest(rebuilt) !== digest(server)) throw new Error(server.sink.lines.join('\n'));
    }), { numRuns: runs });
    t.pass();
  });
}
