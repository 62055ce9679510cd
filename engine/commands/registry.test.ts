// The registry: lookups by bytes, sound rows, and the facts of COMMAND INFO compared with Redis'.
import test from 'ava';
import { parseArguments } from './docs.ts';
import { registry } from './registry.ts';
import { flag } from './spec.ts';
import type { CommandSpec } from './spec.ts';
import { InProcessServer } from './test-support/in-process.ts';
import { hasRedisServer, RedisProcess, skippedWithoutRedis } from './test-support/redis-process.ts';
import { unsupportedGroup } from './unsupported.ts';

const all = registry.specs.flatMap((spec) => [spec, ...(spec.subcommands?.specs ?? [])]);

const find = (name: string): string | undefined => {
  const bytes = Buffer.from(`<${name}>`, 'latin1');
  return registry.find(bytes, 1, bytes.length - 1)?.fullName;
};

test('every command is found by its name in any case, and by nothing near it', (t) => {
  for (const { row: { name } } of registry.specs) {
    t.is(find(name), name);
    t.is(find(name.toUpperCase()), name);
    t.is(find(`${name.slice(0, 1).toUpperCase()}${name.slice(1)}`), name);
    for (const near of [`${name}x`, `x${name}`, `${name}\0`, name.slice(1)]) {
      const known = registry.specs.some((spec) => spec.row.name === near);
      t.is(find(near), known ? near : undefined, near);
    }
  }
  for (const other of ['', ' ', '\r\n', 'x'.repeat(1000), 'g\xc5t', 'GE\x14']) {
    t.is(find(other), undefined);
  }
});

test('rows are sound', (t) => {
  t.is(new Set(all.map(({ fullName }) => fullName)).size, all.length);
  for (const { row, fullName, subcommands } of all) {
    t.regex(row.name, /^[a-z_-]+$/);
    t.not(row.arity, 0, fullName);
    t.regex(row.since, /^\d+\.\d+\.\d+$/, fullName);
    t.regex(row.summary, /^[A-Z].*\.$/, fullName);
    t.true(row.handler !== null || subcommands !== null, fullName);
    t.is(unsupportedGroup(row.name), undefined, fullName);
    const unknown = row.flags.split(' ').filter((name) => name !== '' && !(name in flag));
    t.deepEqual(unknown, [], fullName);
    const docs = parseArguments(row.syntax ?? '', row.keys?.length);
    const keyArguments = new Set(docs.flatMap((doc) => keysIn(doc))).size;
    const keys = row.keys?.filter(({ access, after }) =>
      !access.includes('not_key') && after !== '') ?? [];
    t.is(keyArguments, keys.length, `${fullName}: keys in its syntax`);
  }
});

function keysIn({ keySpecIndex, parts }: ReturnType<typeof parseArguments>[number]): number[] {
  const own = keySpecIndex === null ? [] : [keySpecIndex];
  return [...own, ...parts.flatMap((part) => keysIn(part))];
}

test('syntax becomes arguments', (t) => {
  const leaf = {
    token: null, keySpecIndex: null, optional: false, multiple: false, multipleToken: false,
    parts: [],
  };
  t.deepEqual(parseArguments('key [NX | XX] [EX seconds]'), [
    { ...leaf, name: 'key', type: 'key', keySpecIndex: 0 },
    { ...leaf, name: 'nx_xx', type: 'oneof', optional: true, parts: [
      { ...leaf, name: 'nx', type: 'pure-token', token: 'NX' },
      { ...leaf, name: 'xx', type: 'pure-token', token: 'XX' },
    ] },
    { ...leaf, name: 'seconds', type: 'integer', token: 'EX', optional: true },
  ]);
  t.deepEqual(parseArguments('{key value}... newkey'), [
    { ...leaf, name: 'key_value', type: 'block', multiple: true, parts: [
      { ...leaf, name: 'key', type: 'key', keySpecIndex: 0 },
      { ...leaf, name: 'value', type: 'string' },
    ] },
    { ...leaf, name: 'newkey', type: 'key', keySpecIndex: 1 },
  ]);
  t.deepEqual(parseArguments('[TYPE (A | B)]').map(({ name, type, token }) => [name, type, token]),
    [['a_b', 'oneof', 'TYPE']]);
  t.deepEqual(parseArguments('[LIMIT {score to:integer}] [GET pattern]...'), [
    { ...leaf, name: 'score_to', type: 'block', token: 'LIMIT', optional: true, parts: [
      { ...leaf, name: 'score', type: 'double' }, { ...leaf, name: 'to', type: 'integer' },
    ] },
    { ...leaf, name: 'pattern', type: 'pattern', token: 'GET', optional: true, multiple: true,
      multipleToken: true },
  ]);
});

/** Commands that Redis 7.0 does not have. */
const newer = new Set(['waitaof', 'client|setinfo', 'client|no-touch']);
const isNewer = ({ fullName, row }: CommandSpec): boolean =>
  newer.has(fullName) || /^(?:7\.[1-9]|8)/.test(row.since);
const title = 'COMMAND INFO says what Redis says';
/** Here they have an option of 7.2, so they take more arguments. */
const longer = new Set(['zrank', 'zrevrank']);
const withRedis = hasRedisServer ? test : test.skip;

withRedis(hasRedisServer ? title : `${title} ${skippedWithoutRedis}`, async (t) => {
  const redis = await RedisProcess.start();
  const client = await redis.connect();
  const server = new InProcessServer();
  try {
    for (const spec of all.filter((one) => !isNewer(one) && !longer.has(one.fullName))) {
      const parts = ['COMMAND', 'INFO', spec.fullName];
      const [ours, theirs] = [server.send(server.context.session, parts), await client.send(parts)];
      t.is(facts(spec, ours), facts(spec, theirs), spec.fullName);
    }
  } finally {
    client.close();
    await redis.stop();
  }
});

/** The reply without the subcommands of a container, whose order and number are free. */
function facts(spec: CommandSpec, reply: string): string {
  if (spec.subcommands === null) return reply;
  return reply.slice(0, reply.indexOf(`["${spec.row.name}|`));
}

/** Options of later versions, single words that stand where Redis has a text, key specs of SORT. */
const otherwise = new Set([
  'hscan', 'zrank', 'zrevrank', 'sort', 'sort_ro', 'bitop', 'pfdebug', 'pfmerge', 'client|kill',
  'client|tracking', 'command|getkeys', 'command|getkeysandflags',
]);
const docsTitle = 'COMMAND DOCS has the arguments that Redis has, but for their names';

withRedis(hasRedisServer ? docsTitle : `${docsTitle} ${skippedWithoutRedis}`, async (t) => {
  const redis = await RedisProcess.start();
  const client = await redis.connect();
  const server = new InProcessServer();
  try {
    for (const { fullName } of all.filter((one) => !isNewer(one) && one.subcommands === null)) {
      const parts = ['COMMAND', 'DOCS', fullName];
      const ours = shapeOf(server.send(server.context.session, parts));
      const theirs = shapeOf(await client.send(parts));
      if (otherwise.has(fullName)) t.not(ours, theirs, `${fullName} is no exception any more`);
      else t.is(ours, theirs, fullName);
    }
  } finally {
    client.close();
    await redis.stop();
  }
});

/** Types, tokens, flags and nesting of the arguments; not their names and versions. */
function shapeOf(reply: string): string {
  const from = reply.indexOf('"arguments", ');
  if (from < 0) return '';
  return reply.slice(from)
    .replaceAll(/"(?:name|since|summary|deprecated_since|display_text)", "[^"]*"(?:, )?/g, '')
    .replaceAll(', ]', ']');
}
