// Bytes of a connection, each way of getting and sending them: order, slow readers, sudden ends.
import test from 'ava';
import type { ExecutionContext } from 'ava';
import { bulk, request, startTestEngine, TestClient, turns } from './test-support/engine.ts';
import { multiplexer, transportSettings } from './transport.ts';

const { first } = transportSettings;
const way = first === 'ring' && multiplexer() === 'libuv' ? 'direct' : first;

async function connected(t: ExecutionContext): Promise<{ port: number; client: TestClient }> {
  const { port, engine } = await startTestEngine();
  t.teardown(() => engine.close());
  const client = await TestClient.connect(port);
  t.teardown(() => client.socket.destroy());
  return { port, client };
}

test(`${way}: replies to a reader that stops come whole and in order later`, async (t) => {
  const { port, client } = await connected(t);
  const values = Array.from({ length: 8 }, (_, at) => String(at).repeat(2 ** 20));
  for (const [at, value] of values.entries()) {
    await client.ask(request('SET', `k${at}`, value), '+OK\r\n');
  }
  client.socket.pause();
  for (let round = 0; round < 3; round++) {
    for (const at of values.keys()) client.send(`${request('GET', `k${at}`)}PING\r\n`);
    await turns(20);
  }
  const other = await TestClient.connect(port);
  t.teardown(() => other.socket.destroy());
  t.is(await other.ask('PING\r\n', '+PONG\r\n'), '+PONG\r\n', 'another client is served meanwhile');
  client.socket.resume();
  const once = values.map((value) => `${bulk(value)}+PONG\r\n`).join('');
  const expected = once.repeat(3);
  t.true(await client.expect(expected) === expected);
  t.is(await client.ask('PING\r\n', '+PONG\r\n'), '+PONG\r\n', 'small replies follow');
});

test(`${way}: requests of many clients do not mix in the buffer that they share`, async (t) => {
  const { port } = await connected(t);
  const clients = await Promise.all(Array.from({ length: 20 }, () => TestClient.connect(port)));
  for (const client of clients) t.teardown(() => client.socket.destroy());
  const texts = clients.map((_, at) => Array.from({ length: 50 }, (__, number) =>
    request('SET', `${at}:${number}`, `${at} ${number} `.repeat(number * 7))).join(''));
  const most = Math.max(...texts.map((text) => text.length));
  for (let from = 0; from < most; from += 777) {
    for (const [at, client] of clients.entries()) {
      const piece = texts[at]?.slice(from, from + 777) ?? '';
      if (piece !== '') client.send(piece);
    }
    await turns(1);
  }
  const replies = '+OK\r\n'.repeat(50);
  for (const client of clients) t.is(await client.expect(replies), replies);
  for (const [at, client] of clients.entries()) {
    const expected = bulk(`${at} 49 `.repeat(49 * 7));
    t.is(await client.ask(request('GET', `${at}:49`), expected), expected);
  }
});

test(`${way}: a client that resets takes nothing with it`, async (t) => {
  const { port, client } = await connected(t);
  const rude = await TestClient.connect(port);
  await client.ask(request('SET', 'big', 'x'.repeat(2 ** 20)), '+OK\r\n');
  rude.socket.pause();
  rude.send(request('GET', 'big').repeat(40));
  await turns(10);
  rude.socket.resetAndDestroy();
  const next = await TestClient.connect(port);
  t.teardown(() => next.socket.destroy());
  t.is(await next.ask('PING\r\n', '+PONG\r\n'), '+PONG\r\n');
  t.is(await client.ask('PING\r\n', '+PONG\r\n'), '+PONG\r\n');
});

test(`${way}: a client that ends its side gets all of a large reply`, async (t) => {
  const { client } = await connected(t);
  const value = 'x'.repeat(8 * 2 ** 20);
  await client.ask(request('SET', 'big', value), '+OK\r\n');
  client.socket.end(request('GET', 'big').repeat(2));
  t.true(await client.end() === bulk(value).repeat(2));
});
