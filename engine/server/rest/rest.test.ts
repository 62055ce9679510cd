// The REST edge as HTTP clients see it: forms of commands, shapes of answers, errors, limits.

import test from 'ava';
import type { ExecutionContext } from 'ava';
import autocannon from 'autocannon';
import http from 'node:http';
import net from 'node:net';
import { bulk, eventually, request, startTestEngine, TestClient, turns }
  from '../test-support/engine.ts';
import type { TestEngine } from '../test-support/engine.ts';
import { MemoryDisk } from '../../io/memory-disk.ts';
import { HeldJournal } from '../test-support/held-journal.ts';

type Headers = Readonly<Record<string, string>>;

interface Edge extends TestEngine {
  readonly url: string;
  get(path: string, headers?: Headers): Promise<readonly [number, unknown]>;
  post(path: string, body: unknown, headers?: Headers): Promise<readonly [number, unknown]>;
}

async function started(t: ExecutionContext, directives: Headers = {}): Promise<Edge> {
  const running = await startTestEngine({ 'rest-port': '0', ...directives });
  t.teardown(() => running.engine.close());
  const url = `http://127.0.0.1:${running.engine.restPort}`;
  const ask = async (path: string, init: RequestInit): Promise<readonly [number, unknown]> => {
    const response = await fetch(url + path, init);
    t.is(response.headers.get('content-type'), 'application/json');
    return [response.status, await response.json()];
  };
  return {
    ...running, url,
    get: (path, headers = {}) => ask(path, { headers }),
    post: (path, body, headers = {}) => ask(path, {
      method: 'POST', headers, body: typeof body === 'string' ? body : JSON.stringify(body),
    }),
  };
}

test('a command in the body, in the path, or half of each', async (t) => {
  const { get, post } = await started(t);
  t.deepEqual(await post('/', ['SET', 'k', 'väl"ue\n']), [200, { result: 'OK' }]);
  t.deepEqual(await get('/get/k'), [200, { result: 'väl"ue\n' }]);
  t.deepEqual(await get('/set/a%2Fb/c%20d?EX=100'), [200, { result: 'OK' }]);
  t.deepEqual(await get('/get/a%2Fb'), [200, { result: 'c d' }]);
  t.deepEqual(await get('/ttl/a%2Fb'), [200, { result: 100 }]);
  t.deepEqual(await post('/set/json?EX=100&NX', '{"a": [1]}'), [200, { result: 'OK' }]);
  t.deepEqual(await get('/get/json'), [200, { result: '{"a": [1]}' }]);
  t.deepEqual(await post('/incr/n', ''), [200, { result: 1 }]);
  t.deepEqual(await post('/', '["SET","n",9007199254740993,"PX",1e5]'), [400, {
    error: 'ERR value is not an integer or out of range',
  }]);
  t.deepEqual(await post('/', '["SET","n",9007199254740993]'), [200, { result: 'OK' }]);
  t.deepEqual(await get('/get/n'), [200, { result: '9007199254740993' }]);
  t.deepEqual(await post('/', ['SET', 'flag', true]), [200, { result: 'OK' }]);
  t.deepEqual(await get('/get/flag'), [200, { result: 'true' }]);
});

test('shapes: null, integers, arrays in arrays', async (t) => {
  const { get, post } = await started(t);
  await post('/', ['MSET', 'a', '1', 'b', 'x']);
  t.deepEqual(await get('/get/none'), [200, { result: null }]);
  t.deepEqual(await get('/mget/a/none/b'), [200, { result: ['1', null, 'x'] }]);
  t.deepEqual(await get('/strlen/b'), [200, { result: 1 }]);
  t.deepEqual(await get('/scan/0/match/a'), [200, { result: ['0', ['a']] }]);
  t.deepEqual(await get('/ping'), [200, { result: 'PONG' }]);
});

test('base64: every string but the status OK, at any depth', async (t) => {
  const { url, get, post } = await started(t);
  const encoding = { 'Upstash-Encoding': 'base64' };
  const bytes = Buffer.from(Array.from({ length: 256 }, (_, i) => i));
  const stored = await fetch(`${url}/set/bin`, { method: 'POST', body: bytes, headers: encoding });
  t.deepEqual(await stored.json(), { result: 'OK' });
  t.deepEqual(await get('/get/bin', encoding), [200, { result: bytes.toString('base64') }]);
  await post('/', ['SET', 'k', 'OK']);
  t.deepEqual(await get('/get/k', encoding), [200, { result: 'T0s=' }]);
  t.deepEqual(await get('/ping', encoding), [200, { result: 'UE9ORw==' }]);
  t.deepEqual(await get('/scan/0/match/k', encoding), [200, { result: ['MA==', ['aw==']] }]);
  t.deepEqual(await get('/mget/none/k', encoding), [200, { result: [null, 'T0s='] }]);
  t.deepEqual(await get('/nosuch', encoding), [400, {
    error: "ERR unknown command 'nosuch', with args beginning with: ",
  }]);
});

test('a pipeline answers each command; errors stop nothing', async (t) => {
  const { post } = await started(t);
  const commands = [['SET', 'a', 'x'], ['INCR', 'a'], ['GET', 'a'], ['BLPOP', 'l', 0], ['MULTI']];
  t.deepEqual(await post('/pipeline', commands), [200, [
    { result: 'OK' }, { error: 'ERR value is not an integer or out of range' }, { result: 'x' },
    { error: 'ERR BLPOP waits for others, which is not possible over REST' },
    { error: 'ERR MULTI needs a connection of its own, which REST does not have: send the commands '
      + 'to /multi-exec' },
  ]]);
  const many = Array.from({ length: 2500 }, () => ['INCR', 'n']);
  const [status, answers] = await post('/pipeline', many);
  t.is(status, 200);
  t.deepEqual((answers as { result: number }[]).at(-1), { result: 2500 });
});

test('a transaction is all or nothing', async (t) => {
  const { get, post } = await started(t);
  t.deepEqual(await post('/multi-exec', [['SET', 'a', '1'], ['INCR', 'a'], ['LPUSH'], ['GET']]), [
    400, { error: 'EXECABORT Transaction discarded because of: ERR wrong number of arguments for '
      + "'lpush' command" },
  ]);
  t.deepEqual(await get('/exists/a'), [200, { result: 0 }]);
  t.deepEqual(await post('/multi-exec', [['SET', 'a', '1'], ['INCR', 'a'], ['SETRANGE', 'a', -1,
    'x']]), [200, [{ result: 'OK' }, { result: 2 }, { error: 'ERR offset is out of range' }]]);
  t.deepEqual(await post('/multi-exec', [['SET', 'b', '1'], ['EXEC'], ['SET', 'c', '1']]), [
    400, { error: 'EXECABORT Transaction discarded because of: ERR EXEC needs a connection of its '
      + 'own, which REST does not have: send the commands to /multi-exec' },
  ]);
  t.deepEqual(await get('/exists/b/c'), [200, { result: 0 }]);
});

const badRows: readonly (readonly [
  method: string, path: string, body: string | null, status: number, error: RegExp,
])[] = [
  ['GET', '/', null, 404, /^ERR no command given: POST a JSON array/],
  ['POST', '/', '', 400, /^ERR failed to parse the body as JSON/],
  ['POST', '/', '{"a":1}', 400, /^ERR expected the body to be an array/],
  ['POST', '/', '[]', 400, /^ERR empty command: the body$/],
  ['POST', '/', '["SET","a",null]', 400, /argument 2 of the body .* found null$/],
  ['POST', '/', '["SET","a",{}]', 400, /found an object$/],
  ['POST', '/', '[["SET","a","b"]]', 400, /found an array; several commands go to \/pipeline$/],
  ['POST', '/', '["GET"]', 400, /^ERR wrong number of arguments for 'get' command$/],
  ['POST', '/pipeline', '["GET","a"]', 400, /^ERR expected command 0 to be an array/],
  ['POST', '/pipeline', '{}', 400, /expects an array of commands/],
  ['POST', '/pipeline', '[]', 400, /^ERR \/pipeline: no commands$/],
  ['POST', '/multi-exec', '[[]]', 400, /^ERR empty command: command 0$/],
  ['GET', '/pipeline', null, 405, /^ERR \/pipeline takes POST, not GET$/],
  ['DELETE', '/get/a', null, 405, /^ERR the method DELETE is not one of/],
  ['GET', '/subscribe/a', null, 400, /^ERR SUBSCRIBE needs a connection of its own/],
  ['GET', '/blpop/a/0', null, 400, /^ERR BLPOP waits for others/],
  ['GET', '/client/reply/off', null, 400, /^ERR CLIENT REPLY needs a connection of its own/],
  ['GET', '/hello/3', null, 400, /^ERR HELLO needs a connection of its own/],
  ['GET', '/xadd/a', null, 400, /belongs to streams: not part of this engine$/],
  ['GET', `/set/${'a'.repeat(20000)}/b`, null, 431, /^ERR the URL and headers are too long/],
];

test('what is wrong is said in JSON, with a fitting status, and others are served', async (t) => {
  const { url, get } = await started(t);
  for (const [method, path, body, status, error] of badRows) {
    const response = await fetch(url + path, { method, body });
    t.is(response.status, status, `${method} ${path.slice(0, 30)} ${body}`);
    const json = await response.json() as { error: string };
    t.regex(json.error, error);
    t.deepEqual(Object.keys(json), ['error']);
    t.false(/\.ts|at .*\(/.test(json.error), 'no stack trace');
  }
  const body = Buffer.from('5b22ff225d', 'hex');
  const invalid = await fetch(`${url}/`, { method: 'POST', body });
  t.is(invalid.status, 400);
  t.regex((await invalid.json() as { error: string }).error, /not valid UTF-8/);
  t.deepEqual(await get('/ping'), [200, { result: 'PONG' }]);
});

test('bytes that are no HTTP are refused and closed', async (t) => {
  const { engine } = await started(t);
  const all = ['*1\r\n$4\r\nPING\r\n', 'GET\r\n\r\n', '\x00\xff\r\n\r\n', 'x'.repeat(1e5)];
  for (const bytes of all) {
    const client = await TestClient.connect(engine.restPort);
    client.send(bytes);
    const answer = await client.end();
    t.regex(answer, /^HTTP\/1\.1 4\d\d [^]*\{"error":"ERR /);
  }
});

test('token: rest-token, else requirepass; header or _token', async (t) => {
  const wrong = [401, { error: 'WRONGPASS invalid or missing auth token' }];
  const { get, post } = await started(t, { requirepass: 'pass/word' });
  t.deepEqual(await get('/ping'), wrong);
  t.deepEqual(await get('/ping', { Authorization: 'Bearer nonsense' }), wrong);
  t.deepEqual(await get('/ping', { Authorization: 'Basic pass/word' }), wrong);
  t.deepEqual(await get('/ping', { Authorization: 'Bearer pass/word' }), [200, { result: 'PONG' }]);
  t.deepEqual(await get('/ping', { Authorization: 'bearer pass/word' }), [200, { result: 'PONG' }]);
  t.deepEqual(await get('/get/k?_token=pass%2Fword'), [200, { result: null }]);
  t.deepEqual(await get('/get/k?_token=pass'), wrong);
  t.deepEqual(await post('/?_token=pass%2Fword', ['CONFIG', 'SET', 'rest-token', 'other']),
    [200, { result: 'OK' }]);
  t.deepEqual(await get('/ping', { Authorization: 'Bearer pass/word' }), wrong);
  t.deepEqual(await get('/ping', { Authorization: 'Bearer other' }), [200, { result: 'PONG' }]);
});

test('without a token no web page gets in, and no foreign name', async (t) => {
  const { url, get } = await started(t);
  const [status] = await get('/ping', { Origin: 'https://example.com' });
  t.is(status, 401);
  const answer = await new Promise<number>((resolve) => {
    http.get(`${url}/ping`, { headers: { Host: 'evil.example:80' } }, (response) => {
      response.resume();
      resolve(response.statusCode ?? 0);
    });
  });
  t.is(answer, 401);
  const options = await fetch(`${url}/`, { method: 'OPTIONS' });
  t.is(options.status, 204);
  t.is(options.headers.get('access-control-allow-origin'), null);
  t.regex(options.headers.get('allow') ?? '', /POST/);
});

test('with a token web pages may ask', async (t) => {
  const { url } = await started(t, { 'rest-token': 'secret' });
  const options = await fetch(`${url}/`, { method: 'OPTIONS' });
  t.is(options.headers.get('access-control-allow-origin'), '*');
  const headers = { Origin: 'https://example.com', Authorization: 'Bearer secret' };
  const response = await fetch(`${url}/ping`, { headers });
  t.is(response.status, 200);
  t.is(response.headers.get('access-control-allow-origin'), '*');
});

test('HEAD answers without a body', async (t) => {
  const { url } = await started(t);
  const response = await fetch(`${url}/ping`, { method: 'HEAD' });
  t.is(response.status, 200);
  t.is(await response.text(), '');
});

test('bodies are bounded, declared or not', async (t) => {
  const { url, engine, get } = await started(t, { 'rest-max-request-size': '64kb' });
  const fits = await fetch(`${url}/set/a`, { method: 'POST', body: 'x'.repeat(65536) });
  t.is(fits.status, 200);
  const declared = await fetch(`${url}/set/a`, { method: 'POST', body: 'x'.repeat(65537) });
  t.is(declared.status, 413);
  t.regex((await declared.json() as { error: string }).error, /^ERR max request size exceeded/);
  const socket = net.connect(engine.restPort, '127.0.0.1');
  let answer = '';
  socket.on('data', (chunk: Buffer) => {
    answer += chunk.toString();
  });
  socket.on('error', () => {});
  socket.write('POST /set/a HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n');
  const piece = `8000\r\n${'x'.repeat(0x8000)}\r\n`;
  for (let i = 0; i < 3; i++) socket.write(piece);
  await eventually(() => answer.includes('rest-max-request-size'));
  t.regex(answer, /^HTTP\/1\.1 413 /);
  socket.destroy();
  t.deepEqual(await get('/strlen/a'), [200, { result: 65536 }]);
});

test('a body is counted once in what all bodies may take together', async (t) => {
  const { engine, post } = await started(t);
  engine.server.rest.allBodiesBytes = 100_000;
  t.deepEqual(await post('/set/a', 'x'.repeat(90_000)), [200, { result: 'OK' }]);
  const [status] = await post('/set/a', 'x'.repeat(110_000));
  t.is(status, 503);
  t.deepEqual(await post('/set/a', 'x'.repeat(90_000)), [200, { result: 'OK' }]);
});

test('maxclients counts HTTP connections too', async (t) => {
  const { port, url } = await started(t, { maxclients: '1' });
  const client = await TestClient.connect(port);
  await client.ask('PING\r\n', '+PONG\r\n');
  const response = await fetch(`${url}/ping`);
  t.is(response.status, 503);
  t.deepEqual(await response.json(), { error: 'ERR max number of clients reached' });
});

test('a reply too long for JSON is an error, and others are served', async (t) => {
  const { post } = await started(t, { 'arena-bytes': '256mb' });
  t.deepEqual(await post('/', ['SETRANGE', 'k', 68 * 2 ** 20, 'x']),
    [200, { result: 68 * 2 ** 20 + 1 }]);
  const error = 'ERR the reply is longer than an answer over REST may be: ask for less';
  t.deepEqual(await post('/', ['GET', 'k']), [400, { error }]);
  t.deepEqual(await post('/', ['GETRANGE', 'k', -1, -1]), [200, { result: 'x' }]);
});

test('a connection is used again, after errors too', async (t) => {
  const { engine } = await started(t);
  const client = await TestClient.connect(engine.restPort);
  for (let i = 1; i <= 3; i++) {
    client.send('GET /incr/n HTTP/1.1\r\nHost: localhost\r\n\r\n');
    await client.until(() => client.received.includes(`{"result":${i}}`));
    t.true(client.received.includes(`{"result":${i}}`));
    client.received = '';
    client.send('DELETE / HTTP/1.1\r\nHost: localhost\r\n\r\n');
    await client.until(() => client.received.includes('"error"'));
    t.regex(client.received, /^HTTP\/1\.1 405 [^]*connection: keep-alive/i);
  }
});

test('the answer to a write waits for the log, that to a read does not', async (t) => {
  let held: HeldJournal | null = null;
  const { port, engine } = await startTestEngine({ appendonly: 'yes', 'rest-port': '0' }, {
    wrap: { journal: (inner) => (held = new HeldJournal(inner)) },
  });
  t.teardown(() => engine.close());
  const journal = held as HeldJournal | null;
  const url = `http://127.0.0.1:${engine.restPort}`;
  let answered = false;
  const write = fetch(`${url}/set/a/1`).then(async (response) => {
    answered = true;
    return response.json();
  });
  await eventually(() => (journal?.appended ?? 0) > 0);
  const read = await fetch(`${url}/get/a`);
  t.deepEqual(await read.json(), { result: '1' });
  await turns(20);
  t.false(answered);
  journal?.release();
  t.deepEqual(await write, { result: 'OK' });
  const client = await TestClient.connect(port);
  t.is(await client.ask(request('GET', 'a'), bulk('1')), bulk('1'));
});

test('CLIENT PAUSE holds REST requests as well', async (t) => {
  const { port, get } = await started(t);
  const client = await TestClient.connect(port);
  await client.ask('CLIENT PAUSE 100000 WRITE\r\n', '+OK\r\n');
  const write = get('/set/a/1');
  t.deepEqual(await get('/get/a'), [200, { result: null }]);
  await client.ask('CLIENT UNPAUSE\r\n', '+OK\r\n');
  t.deepEqual(await write, [200, { result: 'OK' }]);
});

test('autocannon gets nothing but 2xx', async (t) => {
  const { url } = await started(t);
  const result = await autocannon({
    url: `${url}/`, amount: 500, connections: 10, method: 'POST',
    body: JSON.stringify(['SET', 'key', 'value']),
  });
  t.is(result['2xx'], 500);
  t.is(result.non2xx + result.errors + result.timeouts, 0);
});

for (const fails of [false, true]) {
  const how = fails ? 'fails: refused with an error' : 'works: it ends';
  test(`SHUTDOWN waits for a sync under way, which ${how}`, async (t) => {
    const first = await startTestEngine({ appendonly: 'yes' });
    await first.engine.close();
    const disk = MemoryDisk.from(first.disk.tree(), { manualSyncs: true });
    const { engine, log } = await startTestEngine({ appendonly: 'yes', 'rest-port': '0' },
      { disk });
    t.teardown(() => engine.close());
    const post = (path: string, body: unknown): Promise<unknown> =>
      fetch(`http://127.0.0.1:${engine.restPort}${path}`, {
        method: 'POST', body: JSON.stringify(body),
      }).then(async (response) => [response.status, await response.json()], () => 'cut');
    if (fails) disk.inject({ call: 'sync', code: 'EIO' });
    t.deepEqual(await post('/', ['SET', 'a', '1']), [200, { result: 'OK' }]);
    t.is(disk.syncsInFlight, 1);
    let answered = 0;
    const asked = post('/pipeline', [['PING'], ['SHUTDOWN'], ['GET', 'a']])
      .finally(() => answered++);
    await eventually(() => log.join('').includes('Waiting for a sync of the AOF'));
    const other = post('/', ['SHUTDOWN', 'NOSAVE']).finally(() => answered++);
    await turns(50);
    t.is(answered, 0, 'nobody is answered meanwhile');
    disk.finishSyncs();
    if (!fails) {
      t.is(await engine.ended, 0);
      t.deepEqual(await Promise.all([asked, other]), ['cut', 'cut']);
      return;
    }
    const error = 'ERR Errors trying to SHUTDOWN. Check logs.';
    t.deepEqual(await asked, [200, [{ result: 'PONG' }, { error }, { result: '1' }]]);
    t.deepEqual(await other, [400, { error }]);
  });
}
