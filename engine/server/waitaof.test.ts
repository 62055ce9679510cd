// WAITAOF over real sockets: waits, wakes, times out, and learns that the log is gone; under every
// policy, and with a sync that fails.

import test from 'ava';
import type { ExecutionContext } from 'ava';
import { MemoryDisk } from '../io/memory-disk.ts';
import {
  emptyDisk, eventually, startTestEngine, TestClient, turns,
} from './test-support/engine.ts';

type Directives = Readonly<Record<string, string>>;

const synced = '*2\r\n:1\r\n:0\r\n';
const notSynced = '*2\r\n:0\r\n:0\r\n';

/** A log that exists, on a disk whose syncs off the main thread end when the test says so. */
async function started(
  t: ExecutionContext, directives: Directives,
): Promise<{ disk: MemoryDisk; client: TestClient; other: TestClient; log: string[] }> {
  const first = await startTestEngine({ appendonly: 'yes' }, { disk: emptyDisk() });
  await first.engine.close();
  const disk = MemoryDisk.from(first.disk.tree(), { manualSyncs: true });
  const all = { appendonly: 'yes', ...directives };
  const { engine, port, log } = await startTestEngine(all, { disk });
  const [client, other] = [await TestClient.connect(port), await TestClient.connect(port)];
  t.teardown(async () => {
    const finishing = setInterval(() => disk.finishSyncs(), 1);
    await engine.close();
    clearInterval(finishing);
  });
  return { disk, client, other, log };
}

const policies: readonly (readonly [name: string, directives: Directives, waits: boolean])[] = [
  ['always, on the thread', { appendfsync: 'always', 'aof-sync-strategy': 'inline' }, false],
  ['always, off the thread', { appendfsync: 'always', 'aof-sync-strategy': 'thread' }, true],
  ['everysec', { appendfsync: 'everysec' }, true],
  ['no', { appendfsync: 'no' }, true],
];

for (const [name, directives, waits] of policies) {
  test(`${name}: it wakes when what the connection wrote is synced`, async (t) => {
    const { client, disk } = await started(t, directives);
    client.send('SET a 1\r\nWAITAOF 1 0 0\r\n');
    if (waits) {
      await eventually(() => disk.syncsInFlight > 0);
      await turns(10);
      t.false(client.received.includes(synced));
      disk.finishSyncs();
    }
    t.is(await client.expect(`+OK\r\n${synced}`), `+OK\r\n${synced}`);
    t.is(await client.ask('WAITAOF 1 0 0\r\n', synced), synced, 'nothing was written since');
  });

  if (!waits) continue;
  test(`${name}: it gives up after its timeout, and inside MULTI at once`, async (t) => {
    const { client, disk } = await started(t, directives);
    client.send('SET a 1\r\nWAITAOF 1 0 1\r\n');
    // Under always the replies to the write, and so those behind it, wait for the same sync.
    if (directives.appendfsync === 'always') {
      await eventually(() => disk.syncsInFlight > 0);
      await new Promise((resolve) => setTimeout(resolve, 5));
      disk.finishSyncs();
    }
    await eventually(() => client.received.length >= `+OK\r\n${notSynced}`.length);
    t.regex(client.received, /^\+OK\r\n\*2\r\n:[01]\r\n:0\r\n$/);
    if (directives.appendfsync !== 'always') t.is(client.received, `+OK\r\n${notSynced}`);
    client.received = '';
    client.send('MULTI\r\nWAITAOF 1 0 0\r\nEXEC\r\n');
    await eventually(() => client.received.includes(':0\r\n'));
    t.regex(client.received, /\*1\r\n\*2\r\n:[01]\r\n:0\r\n$/);
  });

  test(`${name}: it waits through a failed sync for the rewrite that heals it`, async (t) => {
    const { client, disk, log } = await started(t, directives);
    disk.inject({ call: 'sync', code: 'EIO' });
    client.send('SET a 1\r\nWAITAOF 1 0 0\r\n');
    await eventually(() => disk.syncsInFlight > 0);
    disk.finishSyncs();
    await eventually(() => log.some((line) => line.includes('Fail to fsync')));
    await turns(10);
    t.false(client.received.includes(synced));
    const finishing = setInterval(() => disk.finishSyncs(), 1);
    t.teardown(() => clearInterval(finishing));
    t.is(await client.expect(`+OK\r\n${synced}`), `+OK\r\n${synced}`);
    t.true(log.some((line) => line.includes('rewritten after a failed fsync')));
  });

  test(`${name}: it learns that the log was switched off`, async (t) => {
    const { client, disk, other } = await started(t, directives);
    client.send('SET a 1\r\nWAITAOF 1 0 0\r\n');
    await eventually(() => disk.syncsInFlight > 0);
    t.is(await other.ask('CONFIG SET appendonly no\r\n', '+OK\r\n'), '+OK\r\n');
    const expected = '+OK\r\n-ERR WAITAOF cannot be used when numlocal is set but appendonly is'
      + ' disabled.\r\n';
    t.is(await client.expect(expected), expected);
    t.is(await client.ask('PING\r\n', '+PONG\r\n'), '+PONG\r\n');
  });
}

test('what others wrote is not waited for', async (t) => {
  const { client, disk, other } = await started(t, { appendfsync: 'no' });
  client.send('SET a 1\r\nWAITAOF 1 0 0\r\n');
  await eventually(() => disk.syncsInFlight > 0);
  disk.finishSyncs();
  t.is(await client.expect(`+OK\r\n${synced}`), `+OK\r\n${synced}`);
  await other.ask('SET a 2\r\n', '+OK\r\n');
  t.is(await other.ask('WAITAOF 0 0 0\r\n', notSynced), notSynced);
  t.is(await client.ask('WAITAOF 1 0 0\r\n', synced), synced);
});
