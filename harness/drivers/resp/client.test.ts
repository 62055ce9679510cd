// The control client: replies of every kind at any split, and failures that are final.

import test from 'ava';
import { HarnessError } from '../../errors.ts';
import { RespClient } from './client.ts';
import { encodeCommand, ReplyError, ReplyReader } from './codec.ts';
import type { Reply } from './codec.ts';
import { FakeServer } from './testdata/fake-server.ts';

const replies: readonly (readonly [bytes: string, value: Reply])[] = [
  ['+PONG\r\n', 'PONG'],
  [':-7\r\n', -7],
  ['$3\r\na\r\n\r\n', Buffer.from('a\r\n')],
  ['$0\r\n\r\n', Buffer.alloc(0)],
  ['$-1\r\n', null],
  ['_\r\n', null],
  ['*-1\r\n', null],
  ['*0\r\n', []],
  ['*3\r\n:1\r\n*1\r\n$1\r\n\0\r\n+x\r\n', [1, [Buffer.from('\0')], 'x']],
];

for (const [bytes, value] of replies) {
  test(`reads ${JSON.stringify(bytes)} whole and byte by byte`, (t) => {
    const whole = new ReplyReader();
    whole.push(Buffer.from(bytes, 'latin1'));
    t.deepEqual(whole.next(), value);
    t.is(whole.next(), undefined);
    const split = new ReplyReader();
    for (const byte of Buffer.from(bytes, 'latin1')) {
      t.is(split.next(), undefined);
      split.push(Buffer.of(byte));
    }
    t.deepEqual(split.next(), value);
  });
}

test('an error reply keeps its text and its first word', (t) => {
  const reader = new ReplyReader();
  reader.push(Buffer.from('-LOADING Redis is loading\r\n'));
  const reply = reader.next();
  t.true(reply instanceof ReplyError);
  t.is((reply as ReplyError).prefix, 'LOADING');
  t.is((reply as ReplyError).message, 'LOADING Redis is loading');
});

test('commands are encoded by bytes, not by characters', (t) => {
  const bytes = encodeCommand(['SET', 'ä', 12, Buffer.of(0, 255)]);
  t.deepEqual(
    bytes,
    Buffer.concat([
      Buffer.from('*4\r\n$3\r\nSET\r\n$2\r\nä\r\n$2\r\n12\r\n$2\r\n'),
      Buffer.of(0, 255),
      Buffer.from('\r\n'),
    ]),
  );
});

async function withServer(
  behaviour: ConstructorParameters<typeof FakeServer>[0],
  body: (server: FakeServer, client: RespClient) => Promise<void>,
): Promise<void> {
  const server = new FakeServer(behaviour);
  await server.listen();
  const client = await RespClient.connect({ port: server.port, timeoutMs: 400 });
  try {
    await body(server, client);
  } finally {
    client.close();
    server.die();
  }
}

test('call throws the error of the server, pipeline returns it in its place', async (t) => {
  const answer = ([name, key]: readonly string[]): string =>
    key === 'bad' ? '-ERR bad key\r\n' : `+${name}\r\n`;
  await withServer({ answer, isByteByByte: true }, async (_server, client) => {
    t.is(await client.call('get', 'a'), 'GET');
    const isBad = { instanceOf: ReplyError, message: 'ERR bad key' };
    await t.throwsAsync(client.call('GET', 'bad'), isBad);
    const some = await client.pipeline([['A'], ['B', 'bad'], ['C']]);
    t.is(some[0], 'A');
    t.true(some[1] instanceof ReplyError);
    t.is(some[2], 'C');
    t.deepEqual(await client.pipeline([]), []);
  });
});

test('concurrent calls get their own replies', async (t) => {
  await withServer({ answer: ([name]) => `+${name}\r\n` }, async (_server, client) => {
    const names = Array.from({ length: 200 }, (_, at) => `N${at}`);
    t.deepEqual(await Promise.all(names.map((name) => client.call(name))), names);
  });
});

test('a late reply fails the call and the connection, naming the command', async (t) => {
  await withServer({ answer: () => null }, async (_server, client) => {
    const error = await t.throwsAsync(client.call('BGSAVE'), { instanceOf: HarnessError });
    t.is((error as HarnessError).code, 'TARGET_FAILED');
    t.regex(error?.message ?? '', /no reply to BGSAVE within 400 ms/);
    await t.throwsAsync(client.call('PING'), { message: /no reply to BGSAVE/ });
  });
});

test('a server that goes away fails what is open, and nothing is sent again', async (t) => {
  await withServer({ answer: () => null }, async (server, client) => {
    const open = client.call('SET', 'a', '1');
    while (server.commands === 0) await new Promise(setImmediate);
    server.die();
    await t.throwsAsync(open, { instanceOf: HarnessError });
    await server.listen();
    await t.throwsAsync(client.call('PING'), { instanceOf: HarnessError });
    t.is(server.commands, 1);
  });
});

test('what is not RESP2 fails the connection', async (t) => {
  await withServer({ answer: () => 'HTTP/1.1 400 Bad Request\r\n' }, async (_server, client) => {
    await t.throwsAsync(client.call('PING'), { message: /not RESP2: "TTP\/1.1 400/ });
  });
});

test('nobody listens', async (t) => {
  const server = new FakeServer();
  await server.listen();
  server.die();
  const error = await t.throwsAsync(RespClient.connect({ port: server.port }));
  t.is((error as HarnessError).code, 'TARGET_FAILED');
  t.regex(error?.message ?? '', /cannot connect to 127.0.0.1:\d+: .*ECONNREFUSED/);
});
