// Random hash commands with a clock that moves, against a model; small limits, so that hashes are
// packs and trees alike. What is logged rebuilds the same hashes. HSCAN shows what stays.
import test from 'ava';
import * as fc from 'fast-check';
import { FieldExpiry } from '../../../server/field-expiry.ts';
import { noEffects } from '../../context.ts';
import { HashModel } from '../../test-support/hash-model.ts';
import { InProcessServer } from '../../test-support/in-process.ts';
import { sortedItems } from '../../test-support/replies.ts';

const runs = 100;
const key = fc.constantFrom('h', 'g');
const field = fc.constantFrom('a', 'b', 'c', 'd', 'e', '1', '22', 'long'.repeat(20));
const value = fc.constantFrom('1', '-5', 'x', '', '70000', 'y'.repeat(70));
const time = fc.constantFrom('0', '5', '50', '500', '100000');
const fields = fc.uniqueArray(field, { minLength: 1, maxLength: 5 });
const pairs = fields.chain((names) => fc.tuple(...names.map(() => value)).map((values) =>
  names.flatMap((name, i) => [name, values[i] ?? ''])));

/** Words and lists of words, joined. */
function command(...parts: (string | fc.Arbitrary<string | string[]>)[]): fc.Arbitrary<string[]> {
  const all = parts.map((part) => (typeof part === 'string' ? fc.constant(part) : part));
  return fc.tuple(...all).map((words) => words.flat());
}

const fieldList = fields.map((names) => ['FIELDS', String(names.length), ...names]);
const pairList = pairs.map((words) => ['FIELDS', String(words.length / 2), ...words]);
const condition = fc.constantFrom<string[]>([], [], ['NX'], ['XX'], ['GT'], ['LT']);
const commands = fc.oneof(
  command('HSET', key, pairs), command('HSET', key, pairs), command('HSETNX', key, field, value),
  command('HDEL', key, fields), command('HGET', key, field), command('HMGET', key, fields),
  command('HEXISTS', key, field), command('HLEN', key), command('HKEYS', key),
  command('HINCRBY', key, field, fc.constantFrom('1', '-3', '0')),
  command('HPEXPIRE', key, time, condition, fieldList),
  command('HPEXPIRE', key, time, condition, fieldList),
  command('HPEXPIRETIME', key, fieldList), command('HPERSIST', key, fieldList),
  command('HGETDEL', key, fieldList),
  command('HGETEX', key, fc.oneof(time.map((ms) => ['PX', ms]),
    fc.constantFrom<string[]>([], ['PERSIST'])), fieldList),
  command('HSETEX', key, fc.constantFrom<string[]>([], ['FNX'], ['FXX']),
    fc.oneof(time.map((ms) => ['PX', ms]), fc.constantFrom<string[]>([], ['KEEPTTL'])), pairList),
  command('RENAME', key, key), command('COPY', key, key, fc.constant('REPLACE')),
  command('sleep', fc.constantFrom('1', '10', '100', '1000')), command('expire'),
);

function smallServer(hashSeed: number, hashEntries: number): InProcessServer {
  const server = new InProcessServer({ hashSeed });
  server.context.collections.limits.hashEntries = hashEntries;
  return server;
}

/** Everything the server holds, in the form of `HashModel.contents`. */
function contents(server: InProcessServer): string[] {
  const { session } = server.context;
  const items = (reply: string): string[] => JSON.parse(reply) as string[];
  return ['h', 'g'].flatMap((name) => items(server.send(session, ['HKEYS', name])).map((one) => {
    const held = server.send(session, ['HGET', name, one]).slice(1, -1);
    const at = server.send(session, ['HPEXPIRETIME', name, 'FIELDS', '1', one]).slice(2, -1);
    return `${name} ${one} ${held} ${at === '-1' ? 0 : at}`;
  })).sort();
}

function check(server: InProcessServer, sequence: readonly string[][]): void {
  const model = new HashModel(server.nowMs);
  const expiry = new FieldExpiry(server.context);
  for (const parts of sequence) {
    if (parts[0] === 'sleep') {
      server.nowMs += Number(parts[1]);
      model.nowMs = server.nowMs;
      continue;
    }
    if (parts[0] === 'expire') {
      server.context.nowMs = server.nowMs;
      expiry.run(() => false);
      continue;
    }
    const wanted = model.send(parts);
    const got = server.send(server.context.session, parts);
    const shown = parts[0] === 'HKEYS' ? sortedItems(got) : got;
    // A hash all of whose fields are due may or may not be there yet.
    if (wanted !== '' && shown !== wanted) {
      throw new Error(`${parts.join(' ')}: ${shown}, the model says ${wanted}`);
    }
  }
  const [ours, wanted] = [contents(server).join('\n'), model.contents().join('\n')];
  if (ours !== wanted) throw new Error(`at the end:\n${ours}\nthe model says\n${wanted}`);
}

function checkLog(server: InProcessServer, hashEntries: number): void {
  const rebuilt = smallServer(99, hashEntries);
  rebuilt.context.effects = noEffects;
  rebuilt.nowMs = server.nowMs + 1e9; // Nothing may depend on when the log is read.
  for (const { parts } of server.sink.commands) {
    const status = rebuilt.replay(rebuilt.context.session, parts);
    if (status !== 'applied') throw new Error(`${status}: ${String(parts)}`);
  }
  rebuilt.nowMs = server.nowMs;
  const [ours, wanted] = [contents(rebuilt).join('\n'), contents(server).join('\n')];
  if (ours !== wanted) {
    const log = server.sink.lines.join('\n');
    throw new Error(`from the log:\n${ours}\nbut it was\n${wanted}\n${log}`);
  }
}

for (const hashEntries of [512, 3, 0]) {
  test(`hash commands follow a model, packs up to ${hashEntries} fields, ${runs} sequences`,
    (t) => {
    fc.assert(fc.property(fc.array(commands, { maxLength: 60 }), (sequence) => {
      const server = smallServer(7, hashEntries);
      check(server, sequence);
      checkLog(server, hashEntries);
    }), { numRuns: runs });
    t.pass();
  });
}

test('HSCAN shows every field that is there throughout', (t) => {
  fc.assert(fc.property(fc.nat(2000), fc.integer({ min: 1, max: 50 }), fc.nat(1000), (size, count,
    seed) => {
    const server = smallServer(seed, 64);
    const { session } = server.context;
    const stay = Array.from({ length: size + 1 }, (_, i) => `stay${i}`);
    server.send(session, ['HSET', 'h', ...stay.flatMap((name) => [name, 'v'])]);
    const seen = new Set<string>();
    let cursor = '0';
    let round = 0;
    do {
      const reply = server.send(session,
      ['HSCAN', 'h', cursor, 'COUNT', String(count), 'NOVALUES']);
      const [next, names] = JSON.parse(reply) as [string, string[]];
      for (const name of names) seen.add(name);
      cursor = next;
      const come = Array.from({ length: 20 }, (_, i) => `come${round * 10 + i}`);
      server.send(session, ['HSET', 'h', ...come.flatMap((name) => [name, 'v'])]);
      server.send(session, ['HDEL', 'h', ...come.slice(0, 10)]);
      round++;
      if (round > 10_000) throw new Error('the scan does not end');
    } while (cursor !== '0');
    const missed = stay.filter((name) => !seen.has(name));
    if (missed.length > 0) throw new Error(`missed ${missed.length}: ${missed[0]}`);
  }), { numRuns: 25 });
  t.pass();
});

test('fields expire by themselves, bounded amounts at a time', (t) => {
  const server = smallServer(7, 512);
  const { session } = server.context;
  const names = Array.from({ length: 3000 }, (_, i) => `f${i}`);
  server.send(session, ['HSET', 'h', 'stays', '1', ...names.flatMap((name) => [name, 'v'])]);
  server.send(session, ['HPEXPIRE', 'h', '10', 'FIELDS', '3000', ...names]);
  for (let i = 0; i < 100; i++) server.send(session,
    ['HSETEX', `k${i}`, 'PX', '10', 'FIELDS', '1', 'a', 'b']);
  server.nowMs += 20;
  server.context.nowMs = server.nowMs;
  const before = server.context.statistics.expiredFields;
  const expiry = new FieldExpiry(server.context);
  expiry.run(() => false);
  const first = server.context.statistics.expiredFields - before;
  t.true(first > 0 && first <= 1000, `${first} fields in one turn`);
  let turns = 0;
  expiry.run(() => ++turns < 10_000);
  for (let i = 0; i < 100; i++) expiry.run(() => false);
  t.is(server.context.statistics.expiredFields - before, 3100);
  t.is(server.send(session, ['KEYS', '*']), '["h"]');
  t.is(server.keyspace.databases[0]?.fieldDeadlineCount, 0);
  t.is(server.send(session, ['HGETALL', 'h']), '["stays", "1"]');
  t.true(server.sink.lines.some((line) => line.startsWith('0 HDEL h f')));
});
