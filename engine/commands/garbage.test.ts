// From the bytes of a request to those of its reply nothing is left for the garbage collector: V8
// counts the bytes it allocates, over decoder, prefetch, registry, handler and reply.
import { getHeapStatistics } from 'node:v8';
import test from 'ava';
import { requestReady } from '../resp/decoder.ts';
import { noEffects } from './context.ts';
import { Prefetcher } from './prefetch.ts';
import { InProcessServer } from './test-support/in-process.ts';
import { encodeRequest } from './test-support/replies.ts';

const count = 1000;
const cycles = 100;
/** The best of so many rounds counts: until everything is compiled, there is garbage. */
const mostRounds = 20;
/** One boxed number for each request would be 16. */
const mostBytesEach = 4;
const value = 'v'.repeat(100);

/** One request of the common kinds for each of `count` keys. */
const requests: Readonly<Record<string, (at: number) => readonly string[]>> = {
  PING: () => ['PING'],
  SET: (at) => ['SET', `key:${at}`, value],
  GET: (at) => ['GET', `key:${at}`],
  'GET of nothing': (at) => ['GET', `none:${at}`],
  INCR: (at) => ['INCR', `number:${at}`],
  LPUSH: () => ['LPUSH', 'list', 'abc'],
  RPOP: () => ['RPOP', 'list'],
  SADD: (at) => ['SADD', 'set', `member:${at}`],
  HSET: (at) => ['HSET', 'hash', `field:${at}`, 'abc'],
  ZADD: (at) => ['ZADD', 'sorted', String(at), `member:${at}`],
};

for (const [name, partsOf] of Object.entries(requests)) {
  test(`no garbage for ${name}, from bytes to bytes`, (t) => {
    const { context, decoder, reply, runner } = new InProcessServer({ arenaBytes: 2 ** 26 });
    context.effects = noEffects;
    const prefetcher = new Prefetcher(0);
    const bytes = Buffer.concat(
      Array.from({ length: count }, (_, at) => encodeRequest(partsOf(at))));
    const run = (): void => {
      reply.clear();
      let hintedTo = 1;
      for (let at = 0; at < bytes.length; at = decoder.requestEnd) {
        if (at >= hintedTo) hintedTo = prefetcher.hint(context.database, bytes, at, bytes.length);
        if (decoder.decode(bytes, at, bytes.length) !== requestReady) throw new Error('cut');
        context.setRequest(bytes, decoder);
        runner.run(context);
      }
    };
    let best = Infinity;
    for (let round = 0; round < mostRounds && best > mostBytesEach; round++) {
      const before = getHeapStatistics().total_allocated_bytes;
      for (let cycle = 0; cycle < cycles; cycle++) run();
      best = (getHeapStatistics().total_allocated_bytes - before) / (cycles * count);
    }
    t.is(reply.errors, 0);
    t.true(best <= mostBytesEach, `${best.toFixed(1)} bytes of garbage`);
  });
}
