// No room left: commands answer OOM, change as much as they log, and lose nothing.
import test from 'ava';
import * as fc from 'fast-check';
import { noEffects } from '../../context.ts';
import { InProcessServer } from '../../test-support/in-process.ts';

const key = fc.constantFrom('h', 'g', 'l', 's');
const field = fc.nat(400).map((number) => `f${number}`);
const value = fc.constantFrom('1', 'x'.repeat(60), 'y'.repeat(3000), 'z'.repeat(30_000));
const pairs = fc.array(fc.tuple(field, value), { minLength: 1, maxLength: 40, size: 'max' })
  .map((all) => all.flat());
const fields = fc.array(field, { minLength: 1, maxLength: 20 });
const commands = fc.oneof(
  fc.tuple(key, pairs).map(([name, all]) => ['HSET', name, ...all]),
  fc.tuple(key, pairs).map(([name, all]) =>
    ['HSETEX', name, 'EX', '1000', 'FIELDS', String(all.length / 2), ...all]),
  fc.tuple(key, fields).map(([name, all]) => ['HDEL', name, ...all]),
  fc.tuple(key, fields).map(([name, all]) =>
    ['HEXPIRE', name, '500', 'FIELDS', String(all.length), ...all]),
  fc.tuple(key, fields).map(([name, all]) => ['RPUSH', `list:${name}`, ...all]),
  fc.tuple(key, key).map(([from, to]) => ['COPY', from, to, 'REPLACE']),
  fc.tuple(key, key).map(([from, to]) => ['COPY', `list:${from}`, to, 'REPLACE']),
  fc.tuple(key, key).map(([from, to]) => ['SORT', `list:${from}`, 'ALPHA', 'STORE', to]),
  fc.tuple(key, key).map(([from, to]) => ['RENAME', from, to]),
);

const digest = (server: InProcessServer): string =>
  server.send(server.connect(), ['DEBUG', 'DIGEST']);

test('what a full arena let through is what is logged', (t) => {
  let refusals = 0;
  const sequences = fc.array(commands, { minLength: 20, maxLength: 80, size: 'max' });
  fc.assert(fc.property(sequences, (sequence) => {
    const server = new InProcessServer({ arenaBytes: 1 << 20 });
    server.send(server.context.session, ['SET', 'filler', 'x'.repeat(700_000)]);
    for (const parts of sequence) {
      const before = digest(server);
      const logged = server.sink.lines.length;
      const reply = server.send(server.context.session, parts);
      if (!reply.startsWith('-OOM')) continue;
      refusals++;
      if (server.sink.lines.length === logged && digest(server) !== before) {
        throw new Error(`${parts.slice(0, 3).join(' ')} was refused, but did something`);
      }
    }
    const rebuilt = new InProcessServer({ arenaBytes: 1 << 25, hashSeed: 99 });
    rebuilt.context.effects = noEffects;
    for (const { parts } of server.sink.commands) {
      rebuilt.replay(rebuilt.context.session, parts);
    }
    const log = server.sink.lines.map((line) => line.slice(0, 80)).join('\n');
    if (digest(rebuilt) !== digest(server)) throw new Error(`not the same from the log:\n${log}`);
  }), { numRuns: 15 });
  t.true(refusals > 20, `${refusals} refusals`);
});
