// Every limit of a server that faces people, really reached: who is refused or cut, in which
// words, and that everybody else is served.

import test from 'ava';
import type { ExecutionContext } from 'ava';
import { existsSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import net from 'node:net';
import os from 'node:os';
import path from 'node:path';
import { EngineError } from '../errors.ts';
import { protectedModeRefusal, Secret } from './access.ts';
import { bulk, eventually, request, startTestEngine, TestClient } from './test-support/engine.ts';
import type { TestEngine } from './test-support/engine.ts';

type Directives = Readonly<Record<string, string>>;

async function started(t: ExecutionContext, directives: Directives = {}): Promise<TestEngine> {
  const running = await startTestEngine(directives);
  t.teardown(() => running.engine.close());
  return running;
}

async function connected(t: ExecutionContext, where: number | string): Promise<TestClient> {
  const client = await TestClient.connect(where);
  t.teardown(() => client.socket.destroy());
  return client;
}

/** Sends the request and asserts the whole answer. */
async function says(t: ExecutionContext, client: TestClient, steps: readonly string[]) {
  for (let i = 0; i < steps.length; i += 2) {
    const [sent = '', answer = ''] = [steps[i], steps[i + 1]];
    t.is(await client.ask(`${sent}\r\n`, `${answer}\r\n`), `${answer}\r\n`, sent);
  }
}

function directory(t: ExecutionContext): string {
  const made = mkdtempSync(path.join(os.tmpdir(), 'plugpull-limits-'));
  t.teardown(() => rmSync(made, { recursive: true, force: true }));
  return made;
}

test('secrets are compared as digests of one length', (t) => {
  const secret = new Secret();
  t.false(secret.required);
  secret.set('söcret');
  t.true(secret.required);
  t.true(secret.accepts('söcret') && secret.accepts(Buffer.from('söcret')));
  for (const wrong of ['', 's', 'söcre', 'söcret ', 'SÖCRET', 'x'.repeat(10000)]) {
    t.false(secret.accepts(wrong), wrong.slice(0, 10));
  }
  secret.set('');
  t.false(secret.required);
});

test('a password may be any bytes', async (t) => {
  const { port } = await started(t);
  const client = await connected(t, port);
  const ok = '+OK\r\n';
  t.is(await client.ask(request('CONFIG', 'SET', 'requirepass', 'a\xff\xfe\x80'), ok), ok);
  const stranger = await connected(t, port);
  const wrong = '-WRONGPASS invalid username-password pair or user is disabled.\r\n';
  t.is(await stranger.ask(request('AUTH', 'a\xff\xfe\x81'), wrong), wrong);
  t.is(await stranger.ask(request('AUTH', 'a\xff\xfe\x80'), ok), ok);
  const shown = `*2\r\n${bulk('requirepass')}${bulk('a\xff\xfe\x80')}`;
  t.is(await stranger.ask(request('CONFIG', 'GET', 'requirepass'), shown), shown);
});

test('hll-sparse-max-bytes decides when a sketch becomes dense', async (t) => {
  const { port } = await started(t);
  const client = await connected(t, port);
  const add = (key: string): string => `PFADD ${key} a b c d e f g h i j`;
  await says(t, client, [add('one'), ':1', 'PFDEBUG ENCODING one', '+sparse',
    'CONFIG SET hll-sparse-max-bytes 30', '+OK', add('two'), ':1', 'PFDEBUG ENCODING two',
    '+dense']);
});

test('requirepass: strangers may do nothing but say it', async (t) => {
  const { port } = await started(t, { requirepass: 'secret' });
  const client = await connected(t, port);
  const noAuth = '-NOAUTH Authentication required.';
  await says(t, client, ['PING', noAuth, 'FLUSHALL', noAuth, 'SHUTDOWN', noAuth, 'AUTH x',
    '-WRONGPASS invalid username-password pair or user is disabled.', 'MULTI', noAuth,
    'AUTH secret', '+OK', 'PING', '+PONG']);
});

for (const [title, sent, error] of [
  ['arguments', '*11\r\n', 'unauthenticated multibulk length'],
  ['bytes', '*1\r\n$16385\r\n', 'unauthenticated bulk length'],
] as const) {
  test(`strangers may not send many ${title}`, async (t) => {
    const { port } = await started(t, { requirepass: 'secret' });
    const client = await connected(t, port);
    client.send(sent);
    t.is(await client.end(), `-ERR Protocol error: ${error}\r\n`);
    const friend = await connected(t, port);
    await says(t, friend, ['AUTH secret', '+OK']);
    const long = request('ECHO', 'x'.repeat(20000));
    t.is(await friend.ask(long, bulk('x'.repeat(20000))), bulk('x'.repeat(20000)));
  });
}

test('protected mode: only loopback without a password', async (t) => {
  for (const local of ['127.0.0.1:1', '[::1]:2', '[::ffff:127.0.0.1]:3', '/unixsocket:0']) {
    t.is(protectedModeRefusal(local), null, local);
  }
  t.regex(protectedModeRefusal('10.0.0.1:5') ?? '', /^DENIED Redis is running in protected mode/);
  const outside = Object.values(os.networkInterfaces()).flat()
    .find((one) => one !== undefined && !one.internal && one.family === 'IPv4')?.address;
  if (outside === undefined) {
    t.pass('this machine has no other address');
    return;
  }
  const { port } = await started(t, { bind: '*' });
  const socket = net.connect({ port, host: outside, localAddress: outside });
  let answer = '';
  socket.on('data', (chunk: Buffer) => {
    answer += chunk.toString();
  });
  socket.on('error', () => {});
  await new Promise((resolve) => socket.once('close', resolve));
  t.regex(answer, /^-DENIED Redis is running in protected mode .*\r\n$/);
  const inside = await connected(t, port);
  await says(t, inside, ['CONFIG SET protected-mode no', '+OK']);
  const now = net.connect({ port, host: outside, localAddress: outside });
  now.write('PING\r\n');
  t.is(String(await new Promise((resolve) => now.once('data', resolve))), '+PONG\r\n');
  now.destroy();
});

test('a request beyond client-query-buffer-limit cuts its client', async (t) => {
  const { port, log } = await started(t, { 'client-query-buffer-limit': '1mb' });
  const other = await connected(t, port);
  const client = await connected(t, port);
  client.send(`*2\r\n$3\r\nGET\r\n$8000000\r\n${'x'.repeat(2 ** 21)}`);
  await client.end();
  t.true(client.closed);
  await eventually(() => log.some((line) => line.includes('too long')));
  t.true(log.some((line) => line.includes('its request is too long')));
  await says(t, other, ['PING', '+PONG']);
});

test('a listener is cut at the pubsub limit, not at that of others', async (t) => {
  const { port, log } = await started(t, {
    'client-output-buffer-limit': 'pubsub 1mb 0 0',
  });
  const [listener, speaker] = [await connected(t, port), await connected(t, port)];
  await listener.ask('SUBSCRIBE c\r\n', '*3\r\n$9\r\nsubscribe\r\n$1\r\nc\r\n:1\r\n');
  listener.socket.pause();
  const message = request('PUBLISH', 'c', 'x'.repeat(2 ** 18));
  for (let i = 0; i < 200 && !log.some((line) => line.includes('output buffer')); i++) {
    await speaker.ask(message, ':1\r\n');
  }
  t.true(log.some((line) => line.includes('it overcame the output buffer limits')));
  await says(t, speaker, ['PUBLISH c x', ':0']);
});

test('a slow reader above the soft limit is cut after its seconds', async (t) => {
  const { port, log } = await started(t, {
    'client-output-buffer-limit': 'normal 0 1mb 1', hz: '50',
  });
  const slow = await connected(t, port);
  const other = await connected(t, port);
  await other.ask(request('SET', 'v', 'x'.repeat(2 ** 20)), '+OK\r\n');
  slow.socket.pause();
  slow.send(request('GET', 'v').repeat(20));
  await eventually(() => log.some((line) => line.includes('output buffer limits')));
  t.true(log.some((line) => line.includes('it overcame the output buffer limits')));
  await says(t, other, ['PING', '+PONG']);
});

test('maxmemory: writes that need memory get OOM, others do not', async (t) => {
  const { port } = await started(t, { maxmemory: '2mb' });
  const client = await connected(t, port);
  const oom = "-OOM command not allowed when used memory > 'maxmemory'.";
  let answer = '';
  let count = 0;
  while (!answer.startsWith('-OOM') && count < 100) {
    client.send(request('SET', `k${count++}`, 'x'.repeat(100000)));
    await client.until(() => client.received.includes('\r\n'));
    answer = client.received;
    client.received = '';
  }
  t.is(answer, `${oom}\r\n`);
  t.true(count > 10 && count < 30, `${count} values fit`);
  await says(t, client, ['APPEND k0 x', oom, 'STRLEN k0', ':100000', 'DEL k0 k1', ':2',
    'APPEND k2 x', ':100001', 'CONFIG SET maxmemory-policy allkeys-lru',
    "-ERR CONFIG SET failed (possibly related to argument 'maxmemory-policy') - this engine does "
      + 'not evict keys', 'CONFIG SET maxmemory 1', '+OK', 'SET a b', oom, 'MULTI', '+OK',
    'SET a b', oom, 'EXEC', '-EXECABORT Transaction discarded because of previous errors.']);
});

test('without maxmemory OOM comes before the arena is full, and room can be made', async (t) => {
  const { port } = await started(t, { 'arena-bytes': '4mb' });
  const client = await connected(t, port);
  let answer = '';
  for (let i = 0; i < 1000 && !answer.startsWith('-OOM'); i++) {
    client.send(request('SET', `k${i}`, 'x'.repeat(20000)));
    await client.until(() => client.received.includes('\r\n'));
    answer = client.received;
    client.received = '';
  }
  t.regex(answer, /^-OOM/);
  await says(t, client, ['EXPIRE k0 100', ':1', 'DEL k0 k1 k2 k3 k4 k5', ':6', 'SET k6 x', '+OK']);
});

test('proto-max-bulk-len: a longer argument is a protocol error', async (t) => {
  const { port } = await started(t, { 'proto-max-bulk-len': '1mb' });
  const client = await connected(t, port);
  client.send('*2\r\n$4\r\nECHO\r\n$1048577\r\n');
  t.is(await client.end(), '-ERR Protocol error: invalid bulk length\r\n');
});

test('port 0 with a Unix socket: nowhere else; the file has its mode and goes', async (t) => {
  const unixsocket = path.join(directory(t), 'engine.sock');
  const { engine, port } = await startTestEngine({ unixsocket, unixsocketperm: '700' });
  t.is(port, 0);
  t.is(statSync(unixsocket).mode & 0o777, 0o700);
  const client = await connected(t, unixsocket);
  await says(t, client, ['PING', '+PONG']);
  client.send('CLIENT LIST\r\n');
  await client.until(() => client.received.includes('laddr'));
  t.true(client.received.includes(' addr=/unixsocket:0 ') || client.received.includes('sock'));
  await engine.close();
  t.false(existsSync(unixsocket));
});

test('a Unix socket on which somebody listens is not taken over, a stale one is', async (t) => {
  const unixsocket = path.join(directory(t), 'engine.sock');
  await started(t, { unixsocket });
  await t.throwsAsync(startTestEngine({ unixsocket }), {
    instanceOf: EngineError, code: 'PORT_UNAVAILABLE', message: /another process listens there/,
  });
  const plain = path.join(directory(t), 'file');
  writeFileSync(plain, 'precious');
  await t.throwsAsync(startTestEngine({ unixsocket: plain }), { code: 'PORT_UNAVAILABLE' });
  t.true(existsSync(plain));
});

test('rename-command: the new name works, the old one is unknown', async (t) => {
  const { port } = await started(t, { 'rename-command': 'get fetch' });
  const client = await connected(t, port);
  await says(t, client, ['SET a 1', '+OK', 'FETCH a', '$1\r\n1',
    'GET a', "-ERR unknown command 'GET', with args beginning with: 'a' ",
    'fetch', "-ERR wrong number of arguments for 'get' command"]);
});

test('rename-command: to nothing, and what cannot be', async (t) => {
  const gone = await startTestEngine({ 'rename-command': 'flushall ""', appendonly: 'yes' });
  const client = await connected(t, gone.port);
  await says(t, client, ['SET a 1', '+OK', 'FLUSHALL',
    "-ERR unknown command 'FLUSHALL', with args beginning with: "]);
  await gone.engine.close();
  const again = await startTestEngine({ 'rename-command': 'set put', appendonly: 'yes' },
    { disk: gone.disk });
  const second = await connected(t, again.port);
  await says(t, second, ['GET a', '$1\r\n1', 'PUT a 2', '+OK']);
  await again.engine.close();
  const plain = await startTestEngine({ 'rename-command': 'set put', appendonly: 'yes' },
    { disk: again.disk });
  t.teardown(() => plain.engine.close());
  await says(t, await connected(t, plain.port), ['GET a', '$1\r\n2']);
  await t.throwsAsync(startTestEngine({ 'rename-command': 'nosuch x' }), {
    code: 'CONFIG_BAD', message: "--rename-command: rename-command: no such command 'nosuch'",
  });
  await t.throwsAsync(startTestEngine({ 'rename-command': 'get set' }), {
    code: 'CONFIG_BAD', message: /'set' is the name of a command already/,
  });
});

for (const [allowed, over, mayDebug] of [
  ['no', 'loopback', false], ['local', 'loopback', true], ['yes', 'loopback', true],
] as const) {
  test(`enable-debug-command ${allowed} over ${over}`, async (t) => {
    const { port } = await started(t, { 'enable-debug-command': allowed });
    const client = await connected(t, port);
    client.send('DEBUG SLEEP 0\r\n');
    await client.until(() => client.received.endsWith('\r\n'));
    t.regex(client.received, mayDebug ? /^\+OK/ : /^-ERR DEBUG command not allowed\./);
  });
}

test('CLIENT PAUSE WRITE holds writes of all clients, reads go on', async (t) => {
  const { port } = await started(t);
  const [client, other] = [await connected(t, port), await connected(t, port)];
  await says(t, client, ['CLIENT PAUSE 100000 WRITE', '+OK', 'GET a', '$-1']);
  other.send('SET a 1\r\nGET a\r\n');
  client.send('MULTI\r\n');
  await client.expect('+OK\r\n');
  await says(t, client, ['GET a', '+QUEUED', 'EXEC', '*1\r\n$-1', 'CLIENT UNPAUSE', '+OK']);
  t.is(await other.expect(`+OK\r\n${bulk('1')}`), `+OK\r\n${bulk('1')}`);
});

test('CLIENT PAUSE keeps inline requests with quotes, and what follows them', async (t) => {
  const { port, engine } = await started(t);
  const [client, other] = [await connected(t, port), await connected(t, port)];
  await says(t, client, ['CLIENT PAUSE 100000 WRITE', '+OK']);
  other.send('SET k "hello world"\r\nSET "a b" \'\'\r\n' + request('GET', 'a b') + 'GET');
  await eventually(() => engine.server.pause.waitingCount === 1);
  other.send(' k\r\nGET k\r\n');
  await says(t, client, ['CLIENT UNPAUSE', '+OK']);
  const answers = `+OK\r\n+OK\r\n${bulk('')}${bulk('hello world').repeat(2)}`;
  t.is(await other.expect(answers), answers);
});

test('CLIENT PAUSE ALL ends by itself', async (t) => {
  const { port } = await started(t);
  const [client, other] = [await connected(t, port), await connected(t, port)];
  await says(t, client, ['CLIENT PAUSE 50', '+OK']);
  await says(t, other, ['PING', '+PONG', 'SET a 1', '+OK']);
});

test('MONITOR shows what others do, without passwords, until RESET', async (t) => {
  const { port } = await started(t);
  const [monitor, client] = [await connected(t, port), await connected(t, port)];
  await says(t, monitor, ['MONITOR', '+OK']);
  await client.ask(request('SET', 'k', 'a"\n\xff'), '+OK\r\n');
  await says(t, client, ['AUTH default pw', '+OK', 'SELECT 3', '+OK', 'GET k', '$-1']);
  await says(t, client, ['CONFIG GET nosuch', '*0']);
  await monitor.until(() => monitor.received.includes('"GET"'));
  const lines = monitor.received.trimEnd().split('\r\n');
  t.deepEqual(lines.map((line) => line.replace(/^\+\d+\.\d{6} \[(\d) \S+\] /, '$1 ')), [
    '0 "SET" "k" "a\\"\\n\\xff"', '0 "AUTH" "(redacted)" "(redacted)"', '3 "SELECT" "3"',
    '3 "GET" "k"',
  ]);
  monitor.received = '';
  monitor.send('RESET\r\n');
  await monitor.until(() => monitor.received.includes('+RESET'));
  monitor.received = '';
  await says(t, client, ['GET k', '$-1']);
  await says(t, monitor, ['PING', '+PONG']);
});

test('INFO commandstats, errorstats and latencystats count what was run', async (t) => {
  const { port } = await started(t, { 'latency-monitor-threshold': '1',
    'enable-debug-command': 'yes', appendonly: 'yes', appendfsync: 'always' });
  const client = await connected(t, port);
  await says(t, client, ['SET a x', '+OK', 'GET a', '$1\r\nx', 'GET a', '$1\r\nx', 'INCR a',
    '-ERR value is not an integer or out of range', 'GET',
    "-ERR wrong number of arguments for 'get' command", 'DEBUG SLEEP 0.02', '+OK']);
  client.send('INFO everything\r\nLATENCY LATEST\r\nLATENCY DOCTOR\r\nLATENCY GRAPH command\r\n');
  await client.until(() => client.received.includes('all time high'));
  const text = client.received;
  t.regex(text, /cmdstat_get:calls=2,usec=\d+,.*,rejected_calls=1,failed_calls=0\r/);
  t.regex(text, /cmdstat_incr:calls=1,usec=\d+,.*,rejected_calls=0,failed_calls=1\r/);
  t.regex(text, /latency_percentiles_usec_get:p50=\d+\.\d{3},p99=\d+\.\d{3},p99\.9=\d+\.\d{3}/);
  t.regex(text, /errorstat_ERR:count=2/);
  t.regex(text, /\$7\r\ncommand\r\n:\d+\r\n:\d+\r\n:\d+\r\n/);
  t.regex(text, /command: \d+ spikes, mean \d+ ms, worst \d+ ms/);
  client.received = '';
  client.send('CONFIG RESETSTAT\r\nINFO commandstats\r\n');
  await client.until(() => client.received.includes('# Commandstats'));
  t.false(client.received.includes('cmdstat_get'));
});

test('SLOWLOG finds the slow one', async (t) => {
  const { port } = await started(t, { 'enable-debug-command': 'yes',
    'slowlog-log-slower-than': '15000', 'slowlog-max-len': '2' });
  const client = await connected(t, port);
  for (let i = 0; i < 3; i++) await says(t, client, [`DEBUG SLEEP 0.02${i}`, '+OK']);
  await says(t, client, ['SLOWLOG LEN', ':2']);
  client.send('SLOWLOG GET 1\r\n');
  await client.until(() => client.received.includes('0.022'));
  t.regex(client.received, /^\*1\r\n\*6\r\n:2\r\n:\d{10}\r\n:\d+\r\n\*3\r\n\$5\r\nDEBUG\r\n/);
});
