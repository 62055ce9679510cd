// What only the ring can do wrong: few buffers for many clients, descriptors that are used again,
// more operations than it has room for, a kernel that refuses.
import net from 'node:net';
import test from 'ava';
import type { ExecutionContext } from 'ava';
import { seededEntropy } from '../io/entropy.ts';
import { IoUring } from './ring/io-uring.ts';
import { openKernel } from './ring/kernel.ts';
import type { Kernel } from './ring/kernel.ts';
import { turns } from './test-support/engine.ts';
import { multiplexer, Transport } from './transport.ts';

const here = multiplexer() === 'io_uring';
const onRing = here ? test : test.skip;
const title = (text: string): string => (here ? text : `${text} (skipped: no io_uring here)`);

/** Sends back what it gets, and pauses when told to. */
class Echo {
  readonly transport: Transport;
  receivedBytes = 0;

  constructor(accepted: net.Socket) {
    this.transport = new Transport(accepted, this);
    this.transport.socket.on('error', () => {});
    this.transport.socket.on('end', () => this.transport.end());
  }

  receive(buffer: Buffer, length: number): void {
    this.receivedBytes += length;
    this.transport.send(Buffer.from(buffer.subarray(0, length)), length);
  }
}

async function echoServer(t: ExecutionContext): Promise<{ port: number; echoes: Echo[] }> {
  const echoes: Echo[] = [];
  const options = { allowHalfOpen: true, noDelay: true };
  const server = net.createServer(options, (socket) => echoes.push(new Echo(socket)));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  t.teardown(() => {
    server.close();
    for (const { transport } of echoes) transport.socket.destroy();
  });
  return { port: (server.address() as net.AddressInfo).port, echoes };
}

async function until(holds: () => boolean): Promise<void> {
  while (!holds()) await turns(1);
}

/** Sends `text`, ends its side, and resolves with all that came back. */
function conversation(port: number, text: string): Promise<string> {
  const socket = net.connect({ port, host: '127.0.0.1' });
  let received = '';
  socket.on('data', (chunk: Buffer) => (received += chunk.toString('latin1')));
  const { promise, resolve, reject } = Promise.withResolvers<string>();
  socket.on('end', () => resolve(received));
  socket.on('error', reject);
  socket.end(text);
  return promise;
}

onRing(title('more clients send at once than there are buffers: nothing is lost'), async (t) => {
  const { port } = await echoServer(t);
  const texts = Array.from({ length: 150 }, (_, at) => `${at},`.repeat(20_000));
  const replies = await Promise.all(texts.map((text) => conversation(port, text)));
  for (const [at, reply] of replies.entries()) t.true(reply === texts[at]);
});

onRing(title('connections come and go: each gets its own bytes, and none are kept'), async (t) => {
  const seed = Date.now() & 0xffff;
  t.log(`seed ${seed}`);
  const entropy = seededEntropy(seed);
  const { port, echoes } = await echoServer(t);
  for (let round = 0; round < 12; round++) {
    const steps = Array.from({ length: 40 }, async (_, at) => {
      const text = `${round}:${at};`.repeat(1 + entropy.uint32() % 300);
      if (entropy.uint32() % 3 !== 0) {
        t.true(await conversation(port, text) === text);
        return;
      }
      // A rude one: gone in the middle of its conversation.
      const socket = net.connect({ port, host: '127.0.0.1' });
      socket.on('error', () => {});
      socket.write(text);
      await turns(entropy.uint32() % 6);
      socket.resetAndDestroy();
    });
    await Promise.all(steps);
    // Some are ended by the server, with bytes on their way in and out.
    for (const echo of echoes.splice(0)) echo.transport.socket.destroy();
  }
  t.is(await conversation(port, 'still served'), 'still served');
});

onRing(title('a connection that this process has made reads through the ring alone'), async (t) => {
  const server = net.createServer((socket) => socket.end('x'.repeat(100)));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  t.teardown(() => server.close());
  const { port } = server.address() as net.AddressInfo;
  const connections = Array.from({ length: 50 }, async () => {
    const socket = net.connect({ port, host: '127.0.0.1' });
    let receivedBytes = 0;
    const receive = (_buffer: Buffer, length: number): void => void (receivedBytes += length);
    socket.once('connect', () => new Transport(socket, { receive }));
    await new Promise((resolve) => socket.once('close', resolve));
    return receivedBytes;
  });
  t.deepEqual(await Promise.all(connections), Array.from({ length: 50 }, () => 100));
});

onRing(title('several writes a turn to a client that does not read stay in order'), async (t) => {
  const { port, echoes } = await echoServer(t);
  const client = net.connect({ port, host: '127.0.0.1' });
  t.teardown(() => client.destroy());
  client.write('come');
  await until(() => echoes[0]?.receivedBytes === 4);
  client.pause();
  const [{ transport }] = echoes as [Echo];
  const texts = Array.from({ length: 600 }, (_, at) =>
    `${at}:${'x'.repeat(1 + at * 7919 % 29_000)};`);
  for (const [at, text] of texts.entries()) {
    transport.send(Buffer.from(text), text.length);
    if (at % 3 === 2) await turns(1);
  }
  const expected = `come${texts.join('')}`;
  let received = '';
  client.on('data', (chunk: Buffer) => (received += chunk.toString('latin1')));
  client.resume();
  await until(() => received.length >= expected.length);
  t.true(received === expected);
});

onRing(title('a paused connection is read no further than what was on its way'), async (t) => {
  const { port, echoes } = await echoServer(t);
  const client = net.connect({ port, host: '127.0.0.1' });
  t.teardown(() => client.destroy());
  let receivedBytes = 0;
  client.on('data', (chunk: Buffer) => (receivedBytes += chunk.length));
  client.write('first');
  await until(() => receivedBytes === 5);
  const [echo] = echoes as [Echo];
  echo.transport.pause();
  t.true(echo.transport.isPaused);
  await turns(3);
  const sentBytes = 8 * 2 ** 20;
  client.write(Buffer.alloc(sentBytes, 'x'));
  await turns(50);
  t.true(echo.receivedBytes < sentBytes / 2, `${echo.receivedBytes} bytes read while paused`);
  // Twice, so that the second comes while the first has not begun.
  echo.transport.resume();
  echo.transport.pause();
  echo.transport.resume();
  await until(() => receivedBytes >= sentBytes + 5);
  t.is(receivedBytes, sentBytes + 5);
});

onRing(title('more operations than the ring has room for, and completions of all'), (t) => {
  const ring = new IoUring(openKernel() as Kernel);
  const results = new Map<number, number>();
  const completions = {
    completed: (tag: number, result: number) => void results.set(tag, result),
  };
  const noSuchOperation = -2;
  for (let tag = 0; tag < 3000; tag++) {
    if (ring.isFull) ring.submit();
    ring.cancel(1_000_000, tag);
  }
  ring.submit();
  ring.reap(completions);
  t.is(ring.pending, 0);
  t.is(results.size, 3000);
  for (const result of results.values()) t.is(result, noSuchOperation);
});

test('a kernel that refuses is an error, not a ring', (t) => {
  const region = { address: 0n, bytes: new ArrayBuffer(4096) };
  const refusing = { allocate: () => region, setup: () => -1 } as unknown as Kernel;
  t.throws(() => new IoUring(refusing), { message: /no io_uring/ });
});
