// The same damaged bytes to the engine and to redis-server, each on a connection of its own that
// then ends its side: what comes back until the close must be the same, byte for byte.
import net from 'node:net';
import { encodeRequest } from '../../../commands/test-support/replies.ts';
import { startServer } from '../bench/servers.ts';
import { damaged, Random } from './inputs.ts';

/** Commands whose replies depend on nothing but what was sent before. */
const commands: readonly (readonly string[])[] = [
  ['PING'], ['ECHO', 'v'], ['SET', 'k', 'v'], ['GET', 'k'], ['APPEND', 'k', 'v'], ['INCR', 'n'],
  ['DEL', 'k', 'n'], ['SETRANGE', 'k', '3', 'v'], ['GETRANGE', 'k', '0', '-1'], ['STRLEN', 'k'],
  ['RPUSH', 'l', 'a', 'b'], ['LRANGE', 'l', '0', '-1'], ['DEL', 'l'], ['MULTI'], ['EXEC'],
  ['HSET', 'h', 'f', 'v'], ['HGET', 'h', 'f'], ['ZADD', 'z', '1.5', 'm'], ['ZSCORE', 'z', 'm'],
  ['QUIT'], ['SELECT', '1'], ['MSET', 'k', 'v', 'n', '7'], ['EXISTS', 'k', 'k'], ['TYPE', 'l'],
];
const timeoutMs = 10_000;

function exchange(port: number, bytes: Buffer): Promise<string> {
  const { promise, resolve } = Promise.withResolvers<string>();
  const socket = net.connect({ port, host: '127.0.0.1', allowHalfOpen: true });
  let received = '';
  socket.setTimeout(timeoutMs, () => {
    received += ' (no end)';
    socket.destroy();
  });
  socket.on('data', (chunk: Buffer) => {
    received += chunk.toString('latin1');
  });
  socket.on('end', () => socket.end());
  socket.on('error', () => {});
  socket.on('close', () => resolve(received));
  socket.end(bytes);
  return promise;
}

/** How often both answered alike, and the inputs where they did not. */
export interface Comparison {
  readonly inputs: number;
  readonly differences: readonly string[];
}

/** Needs redis-server. */
export async function compareWithRedis(seed: number, count: number): Promise<Comparison> {
  const random = new Random(seed);
  const engine = await startServer('engine', 'none');
  const redis = await startServer('redis', 'none');
  const differences: string[] = [];
  try {
    for (let at = 0; at < count; at++) {
      const requests = Array.from({ length: 1 + random.below(4) }, () =>
        encodeRequest(random.of(commands)));
      const whole = Buffer.concat(requests);
      const bytes = random.below(4) === 0 ? whole : damaged(random, whole);
      const [ours, theirs] = await Promise.all(
        [engine, redis].map((server) => exchange(server.port, bytes)));
      if (ours === theirs) continue;
      differences.push(JSON.stringify({ sent: bytes.toString('latin1'), ours, theirs }));
    }
  } finally {
    await engine.stop();
    await redis.stop();
  }
  return { inputs: count, differences };
}
