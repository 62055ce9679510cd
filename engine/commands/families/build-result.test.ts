// Stored results in an arena that gets full: the destination stays as it was, nothing is left over.
import test from 'ava';
import * as fc from 'fast-check';
import { InProcessServer } from '../test-support/in-process.ts';
import { sortedItems } from '../test-support/replies.ts';
import { setWrites } from '../test-support/random-set-commands.ts';

const outOfMemory = "-OOM command not allowed when used memory > 'maxmemory'.";

function fullServer(): { send(...parts: string[]): string } {
  const server = new InProcessServer({ arenaBytes: 1024 * 1024 });
  const send = (...parts: string[]): string => server.send(server.context.session, parts);
  for (let i = 0; i < 400; i++) send('SADD', 's', `${'member of some length '.repeat(10)}${i}`);
  for (let i = 0; i < 400; i++) send('ZADD', 'z', String(i), `${'of some length '.repeat(10)}${i}`);
  send('SADD', 'destination', 'as it was');
  let filler = 0;
  for (const size of [20_000, 4000, 500]) {
    while (send('SET', `filler:${filler++}`, 'x'.repeat(size)) === '+OK') filler++;
  }
  return { send };
}

const commands = [
  'SUNIONSTORE destination s', 'SINTERSTORE destination s s', 'SDIFFSTORE destination s',
  'ZUNIONSTORE destination 2 s z', 'ZINTERSTORE destination 1 z', 'ZDIFFSTORE destination 1 z',
  'ZRANGESTORE destination z 0 -1',
];

for (const command of commands) {
  test(`a full arena: ${command}`, (t) => {
    const { send } = fullServer();
    const keys = send('DBSIZE');
    const digest = send('DEBUG', 'DIGEST');
    t.is(send(...command.split(' ')), outOfMemory);
    t.is(send('DBSIZE'), keys);
    t.is(send('DEBUG', 'DIGEST'), digest);
    t.is(send('SMEMBERS', 'destination'), '["as it was"]');
    t.regex(send('SISMEMBER', 's', 'x'), /^:0$/);
  });
}

for (const name of ['SADD', 'ZADD']) {
  test(`a full arena: what ${name} has done so far is logged`, (t) => {
    const server = new InProcessServer({ arenaBytes: 1024 * 1024 });
    const send = (...parts: string[]): string => server.send(server.context.session, parts);
    const members = Array.from({ length: 3000 }, (_, i) => `${'x'.repeat(500)}${i}`);
    const items = name === 'SADD' ? members : members.flatMap((member) => ['1', member]);
    t.is(send(name, 'key', ...items), outOfMemory);
    const added = Number(send(name === 'SADD' ? 'SCARD' : 'ZCARD', 'key').slice(1));
    t.true(added > 100);
    const [logged] = server.sink.commands;
    t.is(logged?.parts.length, 2 + added * (name === 'SADD' ? 1 : 2));
    t.is(server.keyspace.changes, added);
  });
}

test('a full arena: the log rebuilds what random commands left in memory', (t) => {
  const writes = fc.array(fc.oneof(...setWrites), { minLength: 20, maxLength: 80, size: 'max' });
  let refusals = 0;
  fc.assert(fc.property(writes, (sequence) => {
    const server = new InProcessServer({ arenaBytes: 1024 * 1024 });
    const send = (parts: readonly string[]): string => server.send(server.context.session, parts);
    for (const size of [30_000, 4000, 300]) {
      for (let i = 0; send(['SET', `filler:${size}:${i}`, 'x'.repeat(size)]) === '+OK'; i++);
    }
    const some = sequence.filter(([name]) => name?.startsWith('B') !== true);
    for (const [i, parts] of some.entries()) {
      if (send(parts) === outOfMemory) refusals++;
      if (i % 4 === 0) send(['DEL', `filler:300:${i}`]);
    }
    const rebuilt = new InProcessServer({ hashSeed: 99 });
    for (const { parts } of server.sink.commands) {
      const status = rebuilt.replay(rebuilt.context.session, parts);
      if (status !== 'applied') throw new Error(`${status}: ${String(parts)}`);
    }
    const digest = (one: InProcessServer): string =>
      one.send(one.context.session, ['DEBUG', 'DIGEST']);
    if (digest(rebuilt) !== digest(server)) {
      throw new Error(server.sink.lines.map((line) => line.slice(0, 90)).slice(-40).join('\n'));
    }
  }), { numRuns: 30 });
  t.true(refusals > 30, `${refusals} refusals`);
});

test('a reply is combined alike on the heap and, when it is much, in the arena', (t) => {
  const server = new InProcessServer({ arenaBytes: 32 * 1024 * 1024 });
  const run = (command: string, ...more: readonly string[]): string =>
    server.send(server.context.session, [...command.split(' '), ...more]);
  const members = (from: number, count: number): string[] =>
    Array.from({ length: count }, (_, i) => `m${from + i}`);
  const scored = (from: number, modulus: number): string[] =>
    members(from, 100).flatMap((name, i) => [String(i % modulus), name]);
  run('ZADD z1', ...scored(0, 7));
  run('ZADD z2', ...scored(50, 5));
  // Too many for the heap: some that nobody else has, and all that the others have.
  const numbers = Array.from({ length: 17_000 }, (_, i) => String(i));
  run('SADD numbers', ...numbers);
  run('SADD all', ...members(0, 17_000));
  const withScores = ['WITHSCORES'];
  t.regex(run('ZDIFF 2 z1 z2 WITHSCORES'), /^\["m0", "0", .*\]$/);
  t.is(run('ZDIFF 3 z1 z2 numbers', ...withScores), run('ZDIFF 2 z1 z2', ...withScores));
  t.is(run('ZINTER 3 z1 z2 all WEIGHTS 1 1 0', ...withScores),
    run('ZINTER 2 z1 z2', ...withScores));
  t.is(run('ZUNION 3 z1 z2 numbers', ...withScores).replaceAll(/"\d+", "1", /g, ''),
    run('ZUNION 2 z1 z2', ...withScores));
  for (let i = 0; i < 5; i++) run(`SADD s${i}`, ...members(i * 50, 100));
  const union = run('SUNION s0 s1 s2 s3 s4 numbers').replaceAll(/"\d+"(, )?/g, '');
  t.is(sortedItems(union.replace(', ]', ']')), sortedItems(run('SUNION s0 s1 s2 s3 s4')));
  t.is(run('DBSIZE'), ':9');
});
