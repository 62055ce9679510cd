// Directives: what is understood, what is refused and in which words, CONFIG GET and SET.

import test from 'ava';
import { hasRedisServer, RedisProcess, skippedWithoutRedis }
  from '../commands/test-support/redis-process.ts';
import { EngineError } from '../errors.ts';
import { Configuration } from './configuration.ts';
import { directives } from './directives.ts';
import { nearest } from './nearest.ts';
import { directivesWithoutEffect, refusedDirectives } from './other-directives.ts';
import { persistenceChange, persistenceSettings } from './persistence-settings.ts';
import { entriesOf, parseArguments, parseConfigText } from './source.ts';
import { formatValue, parseMemory, parseValue } from './values.ts';
import { bytesOfText, textOfBytes } from '../resp/byte-text.ts';

function shown(configuration: Configuration, name: string): string | undefined {
  return new Map(configuration.entries()).get(name);
}

function configure(...args: string[]): Configuration {
  return new Configuration(parseArguments(args).entries);
}

const memoryRows: readonly (readonly [text: string, bytes: number | null])[] = [
  ['0', 0], ['100', 100], ['1b', 1], ['1k', 1000], ['1kb', 1024], ['2M', 2000000],
  ['64mb', 67108864], ['1gb', 1073741824], ['1G', 1e9], ['', null], ['mb', null], ['-1', null],
  ['1.5mb', null], ['1tb', null], ['10zb', null], ['1 mb', null], ['99999999999999gb', null],
];

for (const [text, bytes] of memoryRows) {
  test(`memory: '${text}' is ${bytes}`, (t) => t.is(parseMemory(text), bytes));
}

// Names, values as Redis' command line has them, and what CONFIG GET then shows.
const shownRows: readonly (readonly [args: readonly string[], name: string, value: string])[] = [
  [[], 'port', '6379'],
  [['--port', '0'], 'port', '0'],
  [['--PORT', '7'], 'port', '7'],
  [['--appendonly', 'YES'], 'appendonly', 'yes'],
  [['--appendfsync', 'ALWAYS'], 'appendfsync', 'always'],
  [['--maxmemory', '1gb'], 'maxmemory', '1073741824'],
  [['--unixsocketperm', '700'], 'unixsocketperm', '700'],
  [[], 'rest-port', '-1'],
  [[], 'latency-tracking-info-percentiles', '50 99 99.9'],
  [['--bind', '127.0.0.1', '::1'], 'bind', '127.0.0.1 ::1'],
  [[], 'save', '3600 1 300 100 60 10000'],
  [['--save', ''], 'save', ''],
  [['--save'], 'save', ''],
  [['--save', '3600', '1'], 'save', '3600 1'],
  [['--save', '3600 1', '60', '5'], 'save', '3600 1 60 5'],
  [['--save', '', '--save', '3600', '1'], 'save', '3600 1'],
  [['--save', '3600 1', '--save', '60 5'], 'save', '3600 1 60 5'],
  [['--save', '3600 1', '--save', ''], 'save', ''],
  [['--slowlog-max-len', '5'], 'slowlog-max-len', '5'],
  [
    ['--client-output-buffer-limit', 'normal', '1mb', '2kb', '3'], 'client-output-buffer-limit',
    'normal 1048576 2048 3 slave 268435456 67108864 60 pubsub 33554432 8388608 60',
  ],
];

for (const [args, name, value] of shownRows) {
  test(`config: ${JSON.stringify(args)} makes ${name} '${value}'`, (t) => {
    t.is(shown(configure(...args), name), value);
  });
}

test('config: a name from before Redis 7 is the same directive', (t) => {
  const configuration = configure('--hash-max-ziplist-entries', '7');
  t.is(shown(configuration, 'hash-max-listpack-entries'), '7');
  t.is(shown(configuration, 'hash-max-ziplist-entries'), '7');
  t.is(configuration.set([['list-max-ziplist-size', '3']]).text, 'OK');
  t.is(shown(configuration, 'list-max-listpack-size'), '3');
  t.regex(configuration.set([['zset-max-ziplist-value', '1'], ['zset-max-listpack-value', '2']])
    .text, /duplicate parameter/);
});

test('config: rename-command may stand several times and is not shown', (t) => {
  const configuration = configure('--rename-command', 'FLUSHALL', '', '--rename-command', 'get',
    'fetch');
  t.deepEqual(configuration.renames(), [
    { name: 'flushall', newName: '', where: '--rename-command' },
    { name: 'get', newName: 'fetch', where: '--rename-command' },
  ]);
  t.is(shown(configuration, 'rename-command'), undefined);
  t.regex(configuration.set([['rename-command', 'a b']]).text, /^ERR Unknown option/);
});

const refusedRows: readonly (readonly [args: readonly string[], message: string])[] = [
  [['--portt', '1'], "--portt: unknown directive 'portt'; did you mean 'port'?"],
  [['--apendonly'], "--apendonly: unknown directive 'apendonly'; did you mean 'appendonly'?"],
  [['--xyzzy', '1'], "--xyzzy: unknown directive 'xyzzy'; see --help for the list"],
  [['--port', '99999'], "--port: expected an integer from 0 to 65535, found '99999'"],
  [['--port', 'x'], "--port: expected an integer from 0 to 65535, found 'x'"],
  [['--port'], '--port: expected exactly one value, found nothing'],
  [['--port', '1', '2'], "--port: expected exactly one value, found '1 2'"],
  [['--appendonly', 'maybe'], "--appendonly: expected yes or no, found 'maybe'"],
  [
    ['--appendfsync', 'alwys'],
    "--appendfsync: expected one of everysec, always, no, found 'alwys'; did you mean 'always'?",
  ],
  [
    ['--maxmemory', '10zb'],
    "--maxmemory: expected a size such as 64mb, from 0 bytes, found '10zb'",
  ],
  [
    ['--proto-max-bulk-len', '2gb'],
    '--proto-max-bulk-len: expected a size such as 64mb, from 1048576 to 1073741824 bytes, found '
      + "'2gb'",
  ],
  [
    ['--save', '3600'],
    '--save: expected pairs of seconds and changes such as "3600 1 300 100", or "", found \'3600\'',
  ],
  [
    ['--unixsocketperm', '888'],
    "--unixsocketperm: expected an octal number up to 777, found '888'",
  ],
  [['--rename-command', 'get'], '--rename-command: expected a command and its new name ("" for '
    + "none), found 'get'"],
  [
    ['--maxmemory-policy', 'allkeys-lru'],
    "--maxmemory-policy: this engine does not evict keys, found 'allkeys-lru'",
  ],
  [['--dbfilename', 'a/b'], "--dbfilename: can't be a path, just a filename, found 'a/b'"],
  [['--replicaof', 'a', '1'], "--replicaof: the directive 'replicaof' is not supported: this "
    + 'engine does not replicate'],
  [['--port=7'], "--port=7: write '--port 7' without '='"],
  [['--sync-delay-ms', '2'], 'sync-delay-ms needs op-log-file: name a file for it'],
  [['redis.conf', 'port'], "unexpected argument 'port': expected --directive value, see --help"],
];

for (const [args, message] of refusedRows) {
  test(`config: refuses ${JSON.stringify(args)}`, (t) => {
    t.throws(() => configure(...args), { instanceOf: EngineError, code: 'CONFIG_BAD', message });
  });
}

test('config: daemonize is refused with the reason', (t) => {
  t.throws(() => configure('--daemonize', 'yes'), { message: /stays in the foreground/ });
  t.notThrows(() => configure('--daemonize', 'no', '--requirepass', 'secret'));
});

test('config: a file, with comments, quotes, blanks and upper case', (t) => {
  const text = '# comment\n\n  PORT 7000\r\nappendfilename "a b.aof"\nsave 60 1\nsave 30 2\n';
  const configuration = new Configuration(parseConfigText(text, 'redis.conf'));
  t.is(configuration.integer('port'), 7000);
  t.is(configuration.text('appendfilename'), 'a b.aof');
  t.deepEqual(configuration.savePoints(), [
    { seconds: 60, changes: 1 }, { seconds: 30, changes: 2 },
  ]);
});

test('config: values of a file may be any bytes', (t) => {
  const text = textOfBytes(Buffer.from('requirepass "\\xff\xfe ü"\ndbfilename ü.rdb', 'latin1'));
  const [password, name] = parseConfigText(text, 'redis.conf');
  t.deepEqual(bytesOfText(password?.values[0] ?? ''), Buffer.from('\xff\xfe \xfc', 'latin1'));
  t.deepEqual(bytesOfText(name?.values[0] ?? ''), Buffer.from('\xfc.rdb', 'latin1'));
  t.deepEqual(parseConfigText('dbfilename ü.rdb', 'redis.conf')[0]?.values, ['ü.rdb']);
});

test('config: errors in a file name file and line', (t) => {
  const load = (text: string) => () => new Configuration(parseConfigText(text, '/etc/a.conf'));
  t.throws(load('port 1\nprot 2'), {
    message: "/etc/a.conf:2: unknown directive 'prot'; did you mean 'port'?",
  });
  t.throws(load('\n\nport x'), {
    message: "/etc/a.conf:3: port: expected an integer from 0 to 65535, found 'x'",
  });
  t.throws(load('dir "a'), { message: /^\/etc\/a\.conf:1: unbalanced quotes in 'dir "a'/ });
  t.throws(load('include x.conf'), {
    message: "/etc/a.conf:1: the directive 'include' is not supported: write everything into one "
      + 'file',
  });
});

test('config: directives after the file win over it', (t) => {
  const entries = [...parseConfigText('port 1', 'f'), ...parseArguments(['--port', '2']).entries];
  t.is(new Configuration(entries).integer('port'), 2);
});

test('config: arguments', (t) => {
  t.is(parseArguments(['-h']).action, 'help');
  t.is(parseArguments(['--version']).action, 'version');
  t.is(parseArguments(['a.conf', '--port', '1']).configPath, 'a.conf');
  t.is(parseArguments(['-']).configPath, '-');
  t.is(parseArguments(['--port', '1']).configPath, null);
});

test('config: every directive has a default that its own parser accepts', (t) => {
  for (const row of directives) {
    if (row.kind !== 'renames') {
      const parsed = parseValue(row, [formatValue(row.initial, row.kind)]);
      t.deepEqual(parsed, { kind: 'ok', value: row.initial }, row.name);
    }
    t.false(directivesWithoutEffect.has(row.name) || refusedDirectives.has(row.name), row.name);
  }
});

test('config: a directive without effect is accepted, with a warning unless it is default', (t) => {
  t.deepEqual(configure('--dynamic-hz', 'yes').warnings, []);
  t.deepEqual(configure('--dynamic-hz', 'no').warnings, [
    "--dynamic-hz: 'dynamic-hz' is accepted and has no effect",
  ]);
});

test('config: a directive of a lacking feature is accepted as long as it asks nothing', (t) => {
  t.deepEqual(configure('--tls-port', '0', '--replicaof', '', '--cluster-enabled', 'no').warnings,
    []);
  t.throws(() => configure('--tls-port', '6380'), { message: /does not speak TLS/ });
  t.throws(() => configure('--slaveof', 'a', '1'), { message: /'slaveof'.*does not replicate/ });
  t.throws(() => configure('--min-slaves-to-write', '1'), { message: /does not replicate/ });
  t.is(configure().set([['min-slaves-to-write', '1']]).text,
    failed('min-replicas-to-write', 'this engine does not replicate'));
  const configuration = configure('--lua-time-limit', '7');
  t.is(shown(configuration, 'busy-reply-threshold'), '7');
  t.is(configuration.set([['busy-reply-threshold', '8']]).text, 'OK');
  t.is(shown(configuration, 'lua-time-limit'), '8');
});

const withRedis = hasRedisServer ? test : test.skip;
const everyName = 'config: every directive of redis-server is accepted or refused with a reason';

withRedis(hasRedisServer ? everyName : `${everyName} ${skippedWithoutRedis}`, async (t) => {
  const redis = await RedisProcess.start();
  try {
    const client = await redis.connect();
    const reply = await client.send(['CONFIG', 'GET', '*']);
    client.close();
    const words = [...reply.matchAll(/"((?:[^"\\]|\\.)*)"/g)].map((match) => match[1] ?? '');
    const pairs = words.flatMap((word, i) => (i % 2 === 0 ? [[word, words[i + 1] ?? '']] : []));
    t.true(pairs.length > 150, `${pairs.length} directives`);
    const unknown = pairs.flatMap(([name = '', value = '']) => {
      try {
        configure(`--${name}`, value);
        return shown(configure(), name) === undefined ? [`${name}: not shown`] : [];
      } catch (error) {
        const { message } = error as Error;
        return /unknown directive/.test(message) ? [message] : [];
      }
    });
    t.deepEqual(unknown, []);
  } finally {
    await redis.stop();
  }
});

// CONFIG SET, with the words of redis-server 7.0.15.
const failed = (name: string, why: string): string =>
  `ERR CONFIG SET failed (possibly related to argument '${name}') - ${why}`;
type SetRow = readonly [pairs: readonly (readonly [string, string])[], text: string];
const setRows: readonly SetRow[] = [
  [[['maxclients', '10']], 'OK'],
  [[['MaxClients', '10'], ['hz', '5']], 'OK'],
  [[['save', '']], 'OK'],
  [[['slowlog-max-len', '5']], 'OK'],
  [[['foo', 'bar']], "ERR Unknown option or number of arguments for CONFIG SET - 'foo'"],
  [[['hz', '1'], ['hz', '2']], failed('hz', 'duplicate parameter')],
  [[['databases', '3']], failed('databases', "can't set immutable config")],
  [[['dir', '/']], failed('dir', "can't set protected config")],
  [[['maxclients', 'abc']], failed('maxclients', "argument couldn't be parsed into an integer")],
  [[['hz', '1000']], 'OK'],
  [[['hz', '-1']], failed('hz', 'argument must be between 1 and 500 inclusive')],
  [[['appendonly', 'maybe']], failed('appendonly', "argument must be 'yes' or 'no'")],
  [[['maxmemory', '10zb']], failed('maxmemory', 'argument must be a memory value')],
  [[['save', '3600']], failed('save', 'Invalid save parameters')],
  [[['save', '3600 1 a']], failed('save', 'Invalid save parameters')],
  [
    [['appendfsync', 'foo']],
    failed('appendfsync', 'argument(s) must be one of the following: everysec, always, no'),
  ],
  [[['shutdown-on-sigterm', 'nosave force']], 'OK'],
  [
    [['shutdown-on-sigterm', 'now maybe']],
    failed('shutdown-on-sigterm',
      'argument(s) must be one of the following: default, save, nosave, now, force'),
  ],
  [
    [['shutdown-on-sigint', '']],
    failed('shutdown-on-sigint',
      'argument(s) must be one of the following: default, save, nosave, now, force'),
  ],
  [
    [['shutdown-on-sigint', 'save nosave']],
    failed('shutdown-on-sigint', "shutdown options SAVE and NOSAVE can't be used simultaneously"),
  ],
  [
    [['client-output-buffer-limit', 'normal 1 2']],
    failed('client-output-buffer-limit',
      'Wrong number of arguments in buffer limit configuration.'),
  ],
];

for (const [pairs, text] of setRows) {
  test(`CONFIG SET ${JSON.stringify(pairs)}`, (t) => {
    t.deepEqual(configure().set(pairs), { kind: text === 'OK' ? 'ok' : 'error', text });
  });
}

test('config: several choices are shown in their order, and the first one is none of them', (t) => {
  t.is(shown(configure(), 'shutdown-on-sigterm'), 'default');
  t.is(shown(configure('--shutdown-on-sigterm', 'FORCE', 'nosave'), 'shutdown-on-sigterm'),
    'nosave force');
  t.is(shown(configure('--shutdown-on-sigint', 'now default now'), 'shutdown-on-sigint'), 'now');
});

test('CONFIG SET is all or nothing', (t) => {
  const configuration = configure();
  configuration.set([['hz', '20'], ['maxclients', 'x']]);
  t.is(shown(configuration, 'hz'), '10');
});

test('CONFIG SET puts the old values back when they cannot be applied', (t) => {
  const configuration = configure();
  configuration.onChange = (names) =>
    names.has('appendonly') && configuration.flag('appendonly') ? 'no disk' : null;
  t.is(configuration.set([['appendonly', 'yes'], ['hz', '20']]).text,
    failed('appendonly, hz', 'no disk'));
  t.is(shown(configuration, 'appendonly'), 'no');
  t.is(shown(configuration, 'hz'), '10');
});

test('config: settings of persistence, all and only the changed ones', (t) => {
  const configuration = new Configuration(entriesOf([['appendonly', 'yes'], ['save', '60 1']]));
  const settings = persistenceSettings(configuration);
  t.is(settings.appendOnly, true);
  t.is(settings.autoRewriteMinBytes, 67108864);
  t.is(Object.keys(settings).length, 22);
  t.deepEqual(persistenceChange(configuration, new Set(['save', 'port'])), {
    savePoints: [{ seconds: 60, changes: 1 }],
  });
});

test('nearest: near enough or nothing', (t) => {
  t.is(nearest('prot', ['port', 'save']), 'port');
  t.is(nearest('PORT', ['port']), 'port');
  t.is(nearest('something', ['port', 'save']), null);
});
