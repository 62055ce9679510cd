// The bytes of packs beside those that redis-server has: DUMP shows them as they are.

import test from 'ava';
import net from 'node:net';
import { encodeRequest } from '../commands/test-support/replies.ts';
import {
  hasRedisServer, RedisProcess, skippedWithoutRedis,
} from '../commands/test-support/redis-process.ts';
import type { CollectionHandle } from './handle.ts';
import { SortedSetHandle } from './sorted-set.ts';
import { argument, World } from './test-support/world.ts';

const values = [
  '0', '127', '128', '-1', '-4096', '4095', '4096', '-32768', '32767', '32768', '-8388608',
  '8388607', '8388608', '2147483647', '2147483648', '-9223372036854775808', '9223372036854775807',
  '9223372036854775808', '01', '-0', '', 'a', 'x'.repeat(62), 'x'.repeat(63), 'x'.repeat(64), '1.5',
];

/** Halves, quarters and eighths: digits of which Redis 7.0 writes no more than today's does. */
const scores = [
  0.5, -0.5, 1.5, 3276.5, 3277.5, -3276.5, -3277.5, 838_860.5, 838_861.5, 214_748_364.5,
  214_748_365.5, 0.25, -99.25, 83_886.25, 0.125, -7.125, 2_147_483.125, 2_147_484.125,
  0.0625, 1e9 + 0.5,
  -5, 0, 127, 128, 2 ** 40, Infinity, -Infinity,
];

/** What a request answers, whole and raw, when that is a bulk. */
function bulkOf(port: number, ...request: readonly string[]): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const socket = net.connect(port, '127.0.0.1');
    let bytes = Buffer.alloc(0);
    socket.on('error', reject);
    socket.on('data', (chunk: Buffer) => {
      bytes = Buffer.concat([bytes, chunk]);
      const line = bytes.indexOf('\r\n');
      const length = Number(bytes.toString('latin1', 1, Math.max(1, line)));
      if (line > 0 && bytes.length >= line + 4 + length) {
        socket.destroy();
        resolve(bytes.subarray(line + 2, line + 2 + length));
      }
    });
    socket.write(encodeRequest(request));
  });
}

function packOf(handle: CollectionHandle): string {
  if (handle instanceof SortedSetHandle) {
    const { packBuffer, packStart, packEnd } = handle.plainPack();
    return packBuffer.toString('hex', packStart, packEnd);
  }
  return handle.packBuffer.toString('hex', handle.packStart, handle.packEnd);
}

const rows: readonly {
  readonly name: string;
  readonly request: readonly string[];
  readonly fill: (world: World) => CollectionHandle;
}[] = [
  {
    name: 'list',
    request: ['RPUSH', 'k', ...values],
    fill(world) {
      for (const value of values) world.list().push(false, ...argument(value));
      return world.list();
    },
  },
  {
    name: 'list from the head',
    request: ['LPUSH', 'k', ...values],
    fill(world) {
      for (const value of values) world.list().push(true, ...argument(value));
      return world.list();
    },
  },
  {
    name: 'hash',
    request: [
      'HSET', 'k', ...values.flatMap((value, at) => [value, `v${at * 997}`, `${at}f`, value]),
    ],
    fill(world) {
      for (const [at, value] of values.entries()) {
        for (const [field, held] of [[value, `v${at * 997}`], [`${at}f`, value]] as const) {
          const hash = world.hash();
          hash.find(...argument(field));
          hash.put(...argument(held));
        }
      }
      return world.hash();
    },
  },
  {
    name: 'sorted set',
    request: ['ZADD', 'k', ...values.flatMap((value, at) => [String((at * 7 - 40) % 11), value])],
    fill(world) {
      for (const [at, value] of values.entries()) {
        const set = world.sortedSet();
        set.find(...argument(value));
        set.put((at * 7 - 40) % 11);
      }
      return world.sortedSet();
    },
  },
  {
    name: 'sorted set with points in its scores',
    request: ['ZADD', 'k', ...scores.flatMap((score, at) => [String(score), `m${at}`])],
    fill(world) {
      for (const [at, score] of scores.entries()) {
        const set = world.sortedSet();
        set.find(...argument(`m${at}`));
        set.put(score);
      }
      return world.sortedSet();
    },
  },
  ...[1, 40_000, 2 ** 40].map((scale) => ({
    name: `set of integers × ${scale}`,
    request: ['SADD', 'k', ...[5, 1, -3, 9, 2, 7].map((at) => String(at * scale))],
    fill(world: World): CollectionHandle {
      for (const at of [5, 1, -3, 9, 2, 7]) world.set().add(...argument(String(at * scale)));
      return world.set();
    },
  })),
];

if (hasRedisServer) {
  test('packs are byte for byte those of redis-server', async (t) => {
    const redis = await RedisProcess.start('--rdbcompression', 'no');
    const client = await redis.connect();
    try {
      for (const { name, request, fill } of rows) {
        await client.send(['DEL', 'k']);
        await client.send(request);
        const dump = (await bulkOf(redis.port, 'DUMP', 'k')).toString('hex');
        const pack = packOf(fill(new World()));
        // Type and lengths come before, version and checksum (10 bytes) after the pack.
        t.is(dump.slice(-20 - pack.length, -20), pack, name);
        t.true(dump.length - pack.length < 36, `${name}: nothing else is in the dump`);
      }
    } finally {
      client.close();
      await redis.stop();
    }
  });
} else {
  test.skip(`packs are byte for byte those of redis-server ${skippedWithoutRedis}`, () => {});
}
