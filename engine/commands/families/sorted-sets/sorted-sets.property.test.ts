// Sorted sets and sets of thousands of members against a model of maps: trees of several levels,
// which the comparison with redis-server is too small for. The seed is in the title of a failure.
import test from 'ava';
import * as fc from 'fast-check';
import { InProcessServer } from '../../test-support/in-process.ts';

const runs = 6;
const steps = 120;

type Random = (bound: number) => number;

/** A sorted set as a map, and as Redis orders it. */
class Model {
  readonly scores = new Map<string, number>();

  ordered(): [member: string, score: number][] {
    return [...this.scores].sort(([a, x], [b, y]) => x - y || (a < b ? -1 : 1));
  }
}

function randomFrom(seed: number): Random {
  let state = seed >>> 0;
  return (bound) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return Math.floor((state / 2 ** 32) * bound);
  };
}

function list(items: readonly (string | number)[]): string {
  return `[${items.map((item) => `"${item}"`).join(', ')}]`;
}

const name = (number: number): string => `${'member:'.repeat(number % 5)}${number}`;

/** One step: what is sent, and the answer that the model gives. */
function step(model: Model, random: Random): [command: (string | number)[], answer: string] {
  const { scores } = model;
  const ordered = model.ordered();
  const low = random(1000);
  const high = low + random(60);
  const start = random(ordered.length + 1);
  switch (random(9)) {
    case 0: {
      const pairs = Array.from({ length: 150 }, () => [random(1000), name(random(6000))] as const);
      const before = scores.size;
      for (const [score, member] of pairs) scores.set(member, score);
      return [['ZADD', 'z', ...pairs.flat()], `:${scores.size - before}`];
    }
    case 1: {
      const members = Array.from({ length: 50 }, () => name(random(6000)));
      const removed = members.filter((member) => scores.delete(member)).length;
      return [['ZREM', 'z', ...members], `:${removed}`];
    }
    case 2: {
      const inside = ordered.filter(([, score]) => score >= low && score <= high);
      return [['ZRANGE', 'z', low, high, 'BYSCORE', 'WITHSCORES'], list(inside.flat())];
    }
    case 3: {
      const inside = ordered.filter(([, score]) => score > low && score <= high).reverse();
      return [['ZREVRANGEBYSCORE', 'z', high, `(${low}`, 'LIMIT', 3, 20],
        list(inside.slice(3, 23).map(([member]) => member))];
    }
    case 4:
      return [['ZRANGE', 'z', start, start + 30, 'WITHSCORES'],
        list(ordered.slice(start, start + 31).flat())];
    case 5: {
      const member = ordered[start]?.[0] ?? 'none';
      return [['ZREVRANK', 'z', member],
        start < ordered.length ? `:${ordered.length - 1 - start}` : 'nil'];
    }
    case 6: {
      const popped = ordered.slice(-20).reverse();
      for (const [member] of popped) scores.delete(member);
      return [['ZPOPMAX', 'z', 20], list(popped.flat())];
    }
    case 7: {
      const inside = ordered.filter(([, score]) => score >= low && score < low + 3);
      for (const [member] of inside) scores.delete(member);
      return [['ZREMRANGEBYSCORE', 'z', low, `(${low + 3}`], `:${inside.length}`];
    }
    default:
      return [['ZCOUNT', 'z', low, `(${high}`],
        `:${ordered.filter(([, score]) => score >= low && score < high).length}`];
  }
}

test(`large sorted sets answer as a map does, ${runs} runs`, (t) => {
  fc.assert(fc.property(fc.integer(), (seed) => {
    const random = randomFrom(seed);
    const server = new InProcessServer();
    const model = new Model();
    const send = (parts: readonly (string | number)[]): string =>
      server.send(server.context.session, parts.map(String));
    for (let i = 0; i < 4000; i++) model.scores.set(name(i), i % 997);
    send(['ZADD', 'z', ...[...model.scores].flatMap(([member, score]) => [score, member])]);
    for (let i = 0; i < steps; i++) {
      const [command, answer] = step(model, random);
      const got = send(command);
      if (got === answer) continue;
      throw new Error(`step ${i}, ${command.slice(0, 9).join(' ')}: ${got.slice(0, 300)}, `
        + `expected ${answer.slice(0, 300)}`);
    }
  }), { numRuns: runs });
  t.pass();
});

test(`large sets: drawn, popped and combined, ${runs} runs`, (t) => {
  fc.assert(fc.property(fc.integer(), (seed) => {
    const random = randomFrom(seed);
    const server = new InProcessServer();
    const send = (...parts: (string | number)[]): string =>
      server.send(server.context.session, parts.map(String));
    const models = [new Set<string>(), new Set<string>(), new Set<string>()];
    models.forEach((model, i) => {
      for (let k = 0; k < 1500 * (i + 1); k++) model.add(name(random(6000)));
      t.is(send('SADD', `s${i}`, ...model), `:${model.size}`);
    });
    const [a = new Set(), b = new Set(), c = new Set()] = models;
    const members = (reply: string): string[] => [...reply.matchAll(/"([^"]*)"/g)]
      .map((match) => match[1] ?? '').sort();
    t.deepEqual(members(send('SINTER', 's0', 's1', 's2')),
      [...a].filter((member) => b.has(member) && c.has(member)).sort());
    t.deepEqual(members(send('SUNION', 's0', 's1', 's2')), [...new Set([...a, ...b, ...c])].sort());
    t.deepEqual(members(send('SDIFF', 's2', 's0', 's1')),
      [...c].filter((member) => !a.has(member) && !b.has(member)).sort());
    t.is(send('SUNIONSTORE', 's0', 's0', 's1'), `:${new Set([...a, ...b]).size}`);
    const drawn = members(send('SRANDMEMBER', 's1', 700));
    t.is(new Set(drawn).size, 700);
    t.true(drawn.every((member) => b.has(member)));
    const popped = members(send('SPOP', 's1', 1200));
    const gone = new Set(popped);
    t.is(gone.size, 1200);
    t.deepEqual(members(send('SMEMBERS', 's1')),
      [...b].filter((member) => !gone.has(member)).sort());
  }), { numRuns: runs });
});

test('SPOP of very many is logged in one transaction of several commands', (t) => {
  const server = new InProcessServer();
  const names = Array.from({ length: 3000 }, (_, i) => `m${i}`);
  server.send(server.context.session, ['SADD', 's', ...names]);
  server.sink.lines.length = 0;
  server.send(server.context.session, ['SPOP', 's', '2500']);
  const kinds = server.sink.lines.map((line) => line.split(' ').slice(0, 3).join(' '));
  t.deepEqual(kinds, ['MULTI', '0 SREM s', '0 SREM s', '0 SREM s', 'EXEC']);
});
