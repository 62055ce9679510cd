// Waiting and listening clients over real sockets: when their replies and messages may leave, who
// is cut, and what a restart finds.

import test from 'ava';
import { HeldJournal } from './test-support/held-journal.ts';
import {
  bulk, eventually, request, startTestEngine, TestClient, turns,
} from './test-support/engine.ts';
import type { TestEngine } from './test-support/engine.ts';

const mebibyte = 2 ** 20;

function array(...items: readonly string[]): string {
  return `*${items.length}\r\n${items.map((item) => bulk(item)).join('')}`;
}

async function heldEngine(): Promise<TestEngine & { journal: HeldJournal }> {
  let journal: HeldJournal | null = null;
  const running = await startTestEngine({ appendonly: 'yes' }, {
    wrap: { journal: (inner) => (journal = new HeldJournal(inner)) },
  });
  return { ...running, journal: journal as unknown as HeldJournal };
}

test('who is served waits for the log as the pop does', async (t) => {
  const { port, engine, journal } = await heldEngine();
  t.teardown(() => engine.close());
  const [waiter, pusher] = [await TestClient.connect(port), await TestClient.connect(port)];
  waiter.send('BLPOP k 0\r\nPING\r\n');
  await turns(20);
  pusher.send('RPUSH k a\r\n');
  await eventually(() => journal.appended > 0);
  await turns(20);
  t.is(waiter.received + pusher.received, '');
  journal.release();
  const served = `${array('k', 'a')}+PONG\r\n`;
  t.is(await waiter.expect(served), served);
  t.is(await pusher.expect(':1\r\n'), ':1\r\n');
  t.is(await waiter.ask('BLPOP k 0.01\r\n', '*-1\r\n'), '*-1\r\n', 'no write, no waiting');
});

test('who is served is counted and shown once', async (t) => {
  const { port, engine } = await startTestEngine();
  t.teardown(() => engine.close());
  const [waiter, pusher, monitor] = [
    await TestClient.connect(port), await TestClient.connect(port), await TestClient.connect(port),
  ];
  await monitor.ask('MONITOR\r\n', '+OK\r\n');
  waiter.send('BLPOP k 0\r\n');
  await eventually(() => monitor.received.includes('BLPOP'));
  await pusher.ask('RPUSH k a\r\n', ':1\r\n');
  await waiter.expect(array('k', 'a'));
  pusher.send('INFO commandstats\r\n');
  await eventually(() => pusher.received.includes('cmdstat_blpop'));
  t.regex(pusher.received, /cmdstat_blpop:calls=1,/);
  t.is(monitor.received.split('BLPOP').length - 1, 1);
});

test('a message waits for what its sender has written, but for nothing else', async (t) => {
  const { port, engine, journal } = await heldEngine();
  t.teardown(() => engine.close());
  const clients = await Promise.all([0, 1, 2, 3].map(() => TestClient.connect(port)));
  const [listener, second, writer, other] = clients as [
    TestClient, TestClient, TestClient, TestClient,
  ];
  for (const one of [listener, second]) {
    one.send('SUBSCRIBE x\r\n');
    await one.expect(`*3\r\n${bulk('subscribe')}${bulk('x')}:1\r\n`);
  }
  second.send('UNSUBSCRIBE x\r\nPSUBSCRIBE y\r\n');
  await eventually(() => second.received.includes('psubscribe'));
  second.received = '';
  writer.send('SET a 1\r\nPUBLISH x m\r\n');
  await eventually(() => journal.appended > 0);
  t.is(await other.ask('PUBLISH y m\r\n', ':1\r\n'), ':1\r\n');
  const message = `*4\r\n${bulk('pmessage')}${bulk('y')}${bulk('y')}${bulk('m')}`;
  t.is(await second.expect(message), message);
  t.is(listener.received + writer.received, '');
  journal.release();
  t.is(await listener.expect(array('message', 'x', 'm')), array('message', 'x', 'm'));
  t.is(await writer.expect('+OK\r\n:1\r\n'), '+OK\r\n:1\r\n');
});

test('a listener that does not read is cut, others go on', async (t) => {
  const { port, engine, log } = await startTestEngine({
    'client-output-buffer-limit': 'pubsub 4mb 0 0',
  });
  t.teardown(() => engine.close());
  const [slow, fast] = [await TestClient.connect(port), await TestClient.connect(port)];
  const sender = await TestClient.connect(port);
  for (const one of [slow, fast]) {
    one.send('SUBSCRIBE x\r\n');
    await one.expect(`*3\r\n${bulk('subscribe')}${bulk('x')}:1\r\n`);
  }
  slow.socket.pause();
  const payload = 'm'.repeat(mebibyte);
  const message = array('message', 'x', payload);
  let receivers = ':2\r\n';
  for (let i = 0; i < 64 && receivers === ':2\r\n'; i++) {
    receivers = await sender.ask(request('PUBLISH', 'x', payload), ':2\r\n');
    t.is(await fast.expect(message), message);
  }
  t.is(receivers, ':1\r\n');
  t.true(log.some((line) => line.includes('overcame the output buffer limits')));
  t.is(await sender.ask('PUBSUB NUMSUB x\r\n', `*2\r\n${bulk('x')}:1\r\n`),
    `*2\r\n${bulk('x')}:1\r\n`);
});

test('one message beyond the limit cuts at once', async (t) => {
  const { port, engine } = await startTestEngine({
    'client-output-buffer-limit': 'pubsub 100kb 0 0',
  });
  t.teardown(() => engine.close());
  const [listener, sender] = [await TestClient.connect(port), await TestClient.connect(port)];
  listener.send('SUBSCRIBE x\r\n');
  await listener.expect(`*3\r\n${bulk('subscribe')}${bulk('x')}:1\r\n`);
  t.is(await sender.ask(request('PUBLISH', 'x', 'm'.repeat(200_000)), ':1\r\n'), ':1\r\n');
  t.is(await listener.end(), '');
  t.is(await sender.ask(request('PUBLISH', 'x', 'm'), ':0\r\n'), ':0\r\n');
});

test('who waits or listens may be idle', async (t) => {
  const { port, engine } = await startTestEngine({ timeout: '1', hz: '50' });
  t.teardown(() => engine.close());
  const clients = await Promise.all([0, 1, 2].map(() => TestClient.connect(port)));
  const [waiter, listener, idle] = clients as [TestClient, TestClient, TestClient];
  waiter.send('BLPOP k 0\r\n');
  listener.send('SUBSCRIBE x\r\n');
  t.is(await idle.end(), '');
  t.false(waiter.closed);
  t.false(listener.closed);
});

test('a restart finds what waiting clients have left', async (t) => {
  const directives = { appendonly: 'yes', 'enable-debug-command': 'yes' };
  const first = await startTestEngine(directives);
  const clients = await Promise.all([0, 1, 2, 3].map(() => TestClient.connect(first.port)));
  const [one, two, three, pusher] = clients as [TestClient, TestClient, TestClient, TestClient];
  one.send('BLPOP k 0\r\nRPUSH later 1\r\n');
  two.send('BLMOVE k moved LEFT RIGHT 0\r\n');
  three.send('BLMPOP 0 2 j k RIGHT COUNT 2\r\n');
  await turns(30);
  const pushed = ':6\r\n';
  t.is(await pusher.ask('RPUSH k a b c d e f\r\n', pushed), pushed);
  await one.expect(`${array('k', 'a')}:1\r\n`);
  const digest = (await pusher.ask('DEBUG DIGEST\r\n', `+${'0'.repeat(40)}\r\n`)).trim();
  t.not(digest, `+${'0'.repeat(40)}`);
  await first.engine.close();
  const second = await startTestEngine(directives, { disk: first.disk });
  t.teardown(() => second.engine.close());
  const reader = await TestClient.connect(second.port);
  t.is((await reader.ask('DEBUG DIGEST\r\n', `+${'0'.repeat(40)}\r\n`)).trim(), digest);
  t.is(await reader.ask('LRANGE k 0 -1\r\n', array('c', 'd')), array('c', 'd'));
  t.is(await reader.ask('LRANGE moved 0 -1\r\n', array('b')), array('b'));
});
