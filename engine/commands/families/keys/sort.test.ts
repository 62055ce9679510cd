// SORT of 100,000 elements with ties, beside redis-server where there is one: every reply and the
// digest of what is stored. And what a long SORT leaves behind.
import test from 'ava';
import { createHash } from 'node:crypto';
import { InProcessServer } from '../../test-support/in-process.ts';
import {
  hasRedisServer, RedisProcess, skippedWithoutRedis,
} from '../../test-support/redis-process.ts';
import { SortElements } from './sort-order.ts';

const length = 100_000;
const perCommand = 10_000;

/** Each number three times, among them the same ones written otherwise. */
const numbers = Array.from({ length }, (_, i) => {
  const number = (i * 7919) % (length / 4);
  return i % 4 === 0 ? `${number}.0` : String(i % 8 === 1 ? -number : number);
});
const words = Array.from({ length }, (_, i) => {
  const tail = 'x'.repeat(i % 7 === 0 ? 60 : i % 5);
  return `${(i * 104_729) % 1000}${tail}`;
});

function inBatches(name: string, key: string, elements: readonly string[]): string[][] {
  return Array.from({ length: Math.ceil(elements.length / perCommand) }, (_, i) =>
    [name, key, ...elements.slice(i * perCommand, (i + 1) * perCommand)]);
}

const filling = [
  ...inBatches('RPUSH', 'n', numbers), ...inBatches('RPUSH', 'w', words),
  ...inBatches('SADD', 's', numbers),
  // Weights for a few: most elements have none, and many the same.
  ['MSET', ...Array.from({ length: 200 }, (_, i) => [`weight_${i}`, String(i % 9)]).flat()],
  ['HSET', 'o_5', 'f', 'five'], ['HSET', 'o_7', 'f', 'seven'],
];
const asking = [
  ['SORT', 'n', 'LIMIT', '49990', '2000'], ['SORT', 'n', 'DESC', 'LIMIT', '0', '2000'],
  ['SORT', 'w', 'ALPHA', 'DESC', 'LIMIT', '5', '2000'],
  ['SORT', 's', 'BY', 'weight_*', 'LIMIT', '98000', '-1'],
  ['SORT', 's', 'BY', 'weight_*', 'DESC', 'LIMIT', '0', '2000', 'GET', '#', 'GET', 'o_*->f'],
  ['SORT', 'n', 'BY', 'none', 'LIMIT', '500', '2000'],
  ['SORT', 'n', 'STORE', 'd1'], ['SORT', 's', 'ALPHA', 'STORE', 'd2'],
  ['SORT', 'n', 'LIMIT', '10', '90000', 'GET', 'weight_*', 'GET', '#', 'STORE', 'd3'],
  ['DEBUG', 'DIGEST-VALUE', 'd1', 'd2', 'd3'],
];

const short = (reply: string): string => (reply.length < 200
  ? reply
  : createHash('sha1').update(reply).digest('hex'));

const title = 'SORT of 100,000 elements with ties: the replies of Redis';
(hasRedisServer ? test : test.skip)(hasRedisServer ? title : `${title} ${skippedWithoutRedis}`,
  async (t) => {
    const server = new InProcessServer({ arenaBytes: 64 << 20 });
    const redis = await RedisProcess.start();
    const client = await redis.connect();
    try {
      for (const parts of [...filling, ...asking]) {
        const ours = server.send(server.context.session, parts);
        const theirs = await client.send(parts);
        t.is(short(ours), short(theirs), parts.slice(0, 8).join(' '));
      }
    } finally {
      client.close();
      await redis.stop();
    }
  });

test('SORT of 100,000 elements is in order, ties by their bytes', (t) => {
  const server = new InProcessServer({ arenaBytes: 64 << 20 });
  const send = (...parts: string[]): string => server.send(server.context.session, parts);
  for (const parts of inBatches('RPUSH', 'n', numbers)) send(...parts);
  t.is(send('SORT', 'n', 'STORE', 'd'), `:${length}`);
  const expected = numbers.toSorted((one, other) =>
    Number(one) - Number(other) || Buffer.compare(Buffer.from(one), Buffer.from(other)));
  const quoted = (texts: readonly string[]): string => `["${texts.join('", "')}"]`;
  t.true(send('LRANGE', 'd', '0', '-1') === quoted(expected));
  t.is(send('SORT', 'n', 'DESC', 'LIMIT', '3', '5'), quoted(expected.toReversed().slice(3, 8)));
});

test('SORT gives large room back', (t) => {
  const elements = new SortElements();
  const word = Buffer.from('0123456789');
  elements.reset(length);
  for (let i = 0; i < length; i++) elements.rows.add(word, 0, word.length);
  t.true(elements.rows.buffer.length >= length * 10 && elements.order.length >= length);
  elements.reset(0);
  t.true(elements.rows.buffer.length <= 65_536 && elements.order.length <= 65_536);
  elements.rows.add(word, 2, 4);
  t.is(elements.rows.buffer.toString('latin1', elements.rows.start(0), elements.rows.end(0)), '23');
});
