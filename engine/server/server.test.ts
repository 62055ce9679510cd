// The server over real sockets, in process: order, pieces, garbage, limits, and its life.

import test from 'ava';
import type { ExecutionContext } from 'ava';
import { EngineError } from '../errors.ts';
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

test('pipelined requests are answered in order', async (t) => {
  const { port } = await started(t);
  const client = await connected(t, port);
  const requests: string[] = [];
  const replies: string[] = [];
  for (let i = 0; i < 5000; i++) {
    requests.push(request('SET', `k${i}`, `v${i}`), request('GET', `k${i}`), 'INCR n\r\n');
    replies.push('+OK\r\n', bulk(`v${i}`), `:${i + 1}\r\n`);
  }
  t.is(await client.ask(requests.join(''), replies.join('')), replies.join(''));
});

test('requests that come byte by byte', async (t) => {
  const { port } = await started(t);
  const client = await connected(t, port);
  const bytes = `${request('SET', 'key', 'va\r\nlue')}PING\r\n${request('GET', 'key')}`;
  for (const byte of bytes) {
    client.send(byte);
    await new Promise((resolve) => setImmediate(resolve));
  }
  const expected = `+OK\r\n+PONG\r\n${bulk('va\r\nlue')}`;
  t.is(await client.expect(expected), expected);
});

test('half a request, then gone: nothing happens, others are served', async (t) => {
  const { port } = await started(t);
  const half = await connected(t, port);
  const other = await connected(t, port);
  half.send(request('SET', 'half', 'value').slice(0, -4));
  await other.ask('PING\r\n', '+PONG\r\n');
  half.socket.destroy();
  t.is(await other.ask(request('EXISTS', 'half'), ':0\r\n'), ':0\r\n');
});

test('a client that ends its side still gets its replies', async (t) => {
  const { port } = await started(t);
  const client = await connected(t, port);
  client.socket.end('PING\r\nPING\r\n');
  t.is(await client.end(), '+PONG\r\n+PONG\r\n');
});

const garbage: readonly (readonly [sent: string, reply: string])[] = [
  ['*1\r\n$x\r\n', '-ERR Protocol error: invalid bulk length\r\n'],
  ['*1\r\n$536870913\r\n', '-ERR Protocol error: invalid bulk length\r\n'],
  ['*x\r\n', '-ERR Protocol error: invalid multibulk length\r\n'],
  ['*1\r\nPING\r\n', "-ERR Protocol error: expected '$', got 'P'\r\n"],
  ['GET "k\r\n', '-ERR Protocol error: unbalanced quotes in request\r\n'],
  [`*${'1'.repeat(70000)}`, '-ERR Protocol error: too big mbulk count string\r\n'],
  ['a'.repeat(70000), '-ERR Protocol error: too big inline request\r\n'],
  ['PING\r\n*1\r\n$x\r\nPING\r\n', '+PONG\r\n-ERR Protocol error: invalid bulk length\r\n'],
  ['POST / HTTP/1.1\r\nHost: a\r\n\r\n', ''],
  ['GET / HTTP/1.1\r\nHost: a\r\n\r\n', ''],
];

for (const [sent, reply] of garbage) {
  test(`garbage ${JSON.stringify(sent.slice(0, 30))}: error and close, others live`, async (t) => {
    const { port } = await started(t);
    const other = await connected(t, port);
    const client = await connected(t, port);
    client.send(sent);
    const answer = await client.end();
    // "GET /" is a request of three words before the header betrays it.
    t.is(sent.startsWith('GET /') ? '' : answer, reply);
    t.true(client.closed);
    t.is(await other.ask('PING\r\n', '+PONG\r\n'), '+PONG\r\n');
  });
}

test('random bytes never stop the server', async (t) => {
  const { port } = await started(t);
  const other = await connected(t, port);
  let state = 12345;
  for (let round = 0; round < 60; round++) {
    const bytes = Array.from({ length: 400 }, () => {
      state = (Math.imul(state, 1103515245) + 12345) & 0x7fffffff;
      return '*$\r\n0123456789-"\' PINGSETGET\x00\xff'.charAt((state >> 8) % 31);
    });
    const client = await connected(t, port);
    client.socket.end(Buffer.from(bytes.join(''), 'latin1'));
    await client.end();
  }
  t.is(await other.ask('PING\r\n', '+PONG\r\n'), '+PONG\r\n');
});

test('a transaction across packets', async (t) => {
  const { port } = await started(t);
  const client = await connected(t, port);
  for (const part of ['MUL', 'TI\r\nSET a 1', '\r\nINCR a\r\n', 'EX', 'EC\r\n']) {
    client.send(part);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
  const expected = '+OK\r\n+QUEUED\r\n+QUEUED\r\n*2\r\n+OK\r\n:2\r\n';
  t.is(await client.expect(expected), expected);
});

test('a value of 8 MiB there and back, and small requests behind it', async (t) => {
  const { port } = await started(t);
  const client = await connected(t, port);
  const value = 'abcdefgh'.repeat(2 ** 20);
  const expected = `+OK\r\n${bulk(value)}+PONG\r\n`;
  client.send(`${request('SET', 'big', value)}${request('GET', 'big')}PING\r\n`);
  t.true((await client.expect(expected)) === expected);
});

test('inline requests are logged in their valid form', async (t) => {
  const { port, disk } = await started(t, {
    appendonly: 'yes', appendfsync: 'always', 'aof-checksum': 'no',
  });
  const client = await connected(t, port);
  await client.ask('SET k "a b"\r\n*3\rx$3\rxSET..$1\r\nj..$1\r\nv..', '+OK\r\n+OK\r\n');
  const log = disk.tree().files.get('/data/appendonlydir/appendonly.aof.1.incr.aof');
  const expected = [['SELECT', '0'], ['SET', 'k', 'a b'], ['SET', 'j', 'v']]
    .map((parts) => request(...parts)).join('');
  t.is(Buffer.from(log ?? []).toString(), expected);
});

test('a slow reader is cut at the hard limit, others are served', async (t) => {
  const { port, log } = await started(t, { 'client-output-buffer-limit': 'normal 8mb 0 0' });
  const slow = await connected(t, port);
  const other = await connected(t, port);
  await other.ask(request('SET', 'v', 'x'.repeat(2 ** 20)), '+OK\r\n');
  slow.socket.pause();
  slow.send(request('GET', 'v').repeat(64));
  await eventually(() => log.some((line) => line.includes('output buffer limits')));
  slow.socket.resume();
  await slow.end();
  t.true(slow.closed);
  t.true(log.some((line) => line.includes('it overcame the output buffer limits')));
  t.is(await other.ask('PING\r\n', '+PONG\r\n'), '+PONG\r\n');
});

test('without a limit a slow reader is not read any more, and loses nothing', async (t) => {
  const { port } = await started(t);
  const slow = await connected(t, port);
  const other = await connected(t, port);
  const value = 'x'.repeat(2 ** 20);
  await other.ask(request('SET', 'v', value), '+OK\r\n');
  slow.socket.pause();
  const count = 200;
  for (let i = 0; i < count; i++) {
    slow.send(request('GET', 'v'));
    await new Promise((resolve) => setImmediate(resolve));
  }
  await new Promise((resolve) => setTimeout(resolve, 50));
  other.send('CLIENT LIST\r\n');
  await other.until(() => other.received.includes('cmd=client|list'));
  const unsent = Math.max(...[...other.received.matchAll(/rbs=(\d+)/g)].map(([, n]) => Number(n)));
  t.true(unsent > 60 * 2 ** 20 && unsent < 100 * 2 ** 20, `${unsent} bytes unsent`);
  let bytes = 0;
  slow.socket.removeAllListeners('data');
  const whole = count * bulk(value).length;
  await new Promise<void>((resolve) => {
    slow.socket.on('data', (chunk: Buffer) => {
      bytes += chunk.length;
      if (bytes >= whole) resolve();
    });
    slow.socket.resume();
  });
  t.is(bytes, whole);
});

test('maxclients', async (t) => {
  const { port } = await started(t, { maxclients: '2' });
  await connected(t, port);
  const second = await connected(t, port);
  await second.ask('PING\r\n', '+PONG\r\n');
  const third = await connected(t, port);
  t.is(await third.end(), '-ERR max number of clients reached\r\n');
  second.socket.destroy();
  // The server hears of it a moment later.
  let answer = '';
  for (let attempt = 0; attempt < 100 && answer !== '+PONG\r\n'; attempt++) {
    await new Promise((resolve) => setTimeout(resolve, 20));
    const fourth = await connected(t, port);
    answer = await fourth.ask('PING\r\n', '+PONG\r\n');
  }
  t.is(answer, '+PONG\r\n');
});

test('QUIT: the reply, then the end; what follows is not run', async (t) => {
  const { port } = await started(t);
  const client = await connected(t, port);
  client.send('QUIT\r\nSET a 1\r\n');
  t.is(await client.end(), '+OK\r\n');
  const other = await connected(t, port);
  t.is(await other.ask('EXISTS a\r\n', ':0\r\n'), ':0\r\n');
});

test('CLIENT KILL closes another client, and itself after the reply', async (t) => {
  const { port } = await started(t);
  const victim = await connected(t, port);
  const killer = await connected(t, port);
  t.is(await victim.ask('CLIENT ID\r\n', ':1\r\n'), ':1\r\n');
  t.is(await killer.ask('CLIENT KILL ID 1\r\n', ':1\r\n'), ':1\r\n');
  t.is(await victim.end(), '');
  killer.send('CLIENT KILL ID 2 SKIPME no\r\n');
  t.is(await killer.end(), ':1\r\n');
});

test('an idle client is closed after the timeout', async (t) => {
  const { port } = await started(t, { timeout: '1', hz: '50' });
  const client = await connected(t, port);
  await client.ask('PING\r\n', '+PONG\r\n');
  await client.end();
  t.true(client.closed);
});

test('two engines at once do not meet', async (t) => {
  const [first, second] = [await started(t), await started(t)];
  const [a, b] = [await connected(t, first.port), await connected(t, second.port)];
  await a.ask('SET k first\r\n', '+OK\r\n');
  await b.ask('SET k second\r\n', '+OK\r\n');
  t.is(await a.ask('GET k\r\n', bulk('first')), bulk('first'));
  t.is(await b.ask('GET k\r\n', bulk('second')), bulk('second'));
});

test('a port in use is refused in words, and nothing is left behind', async (t) => {
  const { port } = await started(t);
  const error = await t.throwsAsync(startTestEngine({ port: `${port}` }), {
    instanceOf: EngineError, code: 'PORT_UNAVAILABLE',
  });
  t.is(error.message, `cannot listen on 127.0.0.1:${port}: another process listens there; choose `
    + 'another port with --port');
});

const refusals = [
  [{ unixsocket: '/nowhere/x.sock' },
    'cannot listen on /nowhere/x.sock: there is no folder /nowhere; choose another path with '
    + '--unixsocket'],
  [{ bind: '192.0.2.1' },
    /^cannot listen on 192\.0\.2\.1:\d+: this machine .* choose another address with --bind$/],
] as const;
for (const [directives, message] of refusals) {
  test(`where nobody can listen: ${JSON.stringify(directives)}`, async (t) => {
    await t.throwsAsync(startTestEngine(directives), { code: 'PORT_UNAVAILABLE', message });
  });
}

test('both loopback addresses share the port that the system chose', async (t) => {
  const { port } = await started(t, { bind: '127.0.0.1 -::1' });
  const client = await connected(t, port);
  t.is(await client.ask('PING\r\n', '+PONG\r\n'), '+PONG\r\n');
});

test('keys expire by themselves', async (t) => {
  const { port } = await started(t, { hz: '100' });
  const client = await connected(t, port);
  const sets = Array.from({ length: 1000 }, (_, i) => `SET k${i} v PX 20\r\n`).join('');
  await client.ask(`${sets}SET stays v\r\n`, '+OK\r\n'.repeat(1001));
  const deadline = Date.now() + 5000;
  let size = '';
  while (size !== ':1\r\n' && Date.now() < deadline) {
    await new Promise((resolve) => setTimeout(resolve, 20));
    client.send('DBSIZE\r\n');
    await client.until(() => client.received.endsWith('\r\n'));
    size = client.received;
    client.received = '';
  }
  t.is(size, ':1\r\n');
});

test('INFO: the fields that tools read', async (t) => {
  const { port } = await started(t);
  const client = await connected(t, port);
  await client.ask('SET a 1\r\nNOSUCH\r\n', "+OK\r\n-ERR unknown command 'NOSUCH', with args "
    + 'beginning with: \r\n');
  client.send('INFO everything\r\n');
  await client.until(() => client.received.includes('db0:'));
  const text = client.received;
  for (const line of [
    'redis_version:7.0.15', `tcp_port:${port}`, 'connected_clients:1', 'blocked_clients:0',
    'loading:0', 'rdb_bgsave_in_progress:0', 'aof_enabled:0', 'total_connections_received:1',
    'role:master', 'errorstat_ERR:count=1', 'db0:keys=1,expires=0,avg_ttl=0',
    'redis_mode:standalone',
  ]) t.true(text.includes(`\r\n${line}\r\n`), line);
  t.regex(text, /used_memory_human:[\d.]+[BKMG]\r\n/);
  t.regex(text, /total_commands_processed:\d+\r\n/);
  client.received = '';
  client.send('INFO nosuch\r\nINFO cpu keyspace\r\n');
  await client.until(() => client.received.includes('db0:'));
  t.regex(client.received, /^\$0\r\n\r\n\$\d+\r\n# CPU\r\n[^#]*\r\n\r\n# Keyspace\r\n/);
});

test('CONFIG SET proto-max-bulk-len limits what strings grow to as well', async (t) => {
  const { port, engine } = await startTestEngine();
  t.teardown(() => engine.close());
  const client = await connected(t, port);
  const refusal = '-ERR string exceeds maximum allowed size (proto-max-bulk-len)\r\n';
  const requests = 'CONFIG SET proto-max-bulk-len 1mb\r\nSETRANGE k 1048576 x\r\n';
  t.is(await client.ask(requests, `+OK\r\n${refusal}`), `+OK\r\n${refusal}`);
});

test('SHUTDOWN NOSAVE: the connection ends and so does the engine, with 0', async (t) => {
  const { port, engine } = await startTestEngine();
  const client = await connected(t, port);
  client.send('SHUTDOWN NOSAVE\r\n');
  t.is(await client.end(), '');
  t.is(await engine.ended, 0);
  await t.throwsAsync(TestClient.connect(port));
});
