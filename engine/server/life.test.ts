// When replies leave, and how an engine begins and ends: loading, late syncs, lost disks, signals
// of the journal, the recording of releases, Unix sockets.

import test from 'ava';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { EngineError } from '../errors.ts';
import type { Disk, ReadAt } from '../io/disk.ts';
import { MemoryDisk } from '../io/memory-disk.ts';
import { readOpLog } from '../io/op-log.ts';
import type { RunningEngine } from '../start.ts';
import { HeldJournal } from './test-support/held-journal.ts';
import {
  bulk, emptyDisk, eventually, request, startTestEngine, TestClient, turns,
} from './test-support/engine.ts';

test('replies to writes wait for the journal, in order; reads and others do not', async (t) => {
  let held: HeldJournal | null = null;
  const { port, engine } = await startTestEngine({ appendonly: 'yes' }, {
    wrap: { journal: (inner) => (held = new HeldJournal(inner)) },
  });
  t.teardown(() => engine.close());
  const journal = held as HeldJournal | null;
  const [writer, reader] = [await TestClient.connect(port), await TestClient.connect(port)];
  writer.send('SET a 1\r\nGET a\r\n');
  await eventually(() => (journal?.appended ?? 0) > 0);
  t.is(await reader.ask('GET a\r\n', bulk('1')), bulk('1'));
  writer.send('PING\r\n');
  await turns(20);
  t.is(writer.received, '', 'the reply to a read stays behind that of the write before it');
  journal?.release();
  t.is(await writer.expect(`+OK\r\n${bulk('1')}+PONG\r\n`), `+OK\r\n${bulk('1')}+PONG\r\n`);
  writer.send('SET b 2\r\n');
  writer.socket.end();
  await turns(50);
  t.is(writer.received, '', 'held although the client ended its side');
  await eventually(() => (journal?.appended ?? 0) > 60);
  journal?.release();
  t.is(await writer.end(), '+OK\r\n');
});

test('what waits for the journal counts towards the limits of output', async (t) => {
  let held: HeldJournal | null = null;
  const { port, engine } = await startTestEngine({ appendonly: 'yes' }, {
    wrap: { journal: (inner) => (held = new HeldJournal(inner)) },
  });
  t.teardown(() => engine.close());
  const journal = held as HeldJournal | null;
  const [client, other] = [await TestClient.connect(port), await TestClient.connect(port)];
  const value = 'x'.repeat(8 * 2 ** 20);
  other.send(request('SET', 'big', value));
  await eventually(() => (journal?.appended ?? 0) > value.length);
  const { appended } = journal ?? { appended: 0 };
  client.send('SET a 1\r\n');
  await eventually(() => (journal?.appended ?? 0) > appended);
  for (let i = 0; i < 12; i++) {
    client.send('GET big\r\n');
    await turns(10);
  }
  const reader = await TestClient.connect(port);
  const heldBySize = async (): Promise<number> => {
    reader.received = '';
    reader.send(`CLIENT LIST ID 1\r\n`);
    await reader.until(() => reader.received.includes('rbs='));
    return Number(/rbs=(\d+)/.exec(reader.received)?.[1]) / value.length;
  };
  const held8 = await heldBySize();
  t.true(held8 > 8 && held8 < 10, `${held8} values are held`);
  journal?.release();
  const wholeBytes = '+OK\r\n'.length + 12 * bulk(value).length;
  await client.until(() => client.received.length >= wholeBytes);
  t.is(client.received.length, wholeBytes, 'reading went on');
  client.received = '';
  client.send('CONFIG SET client-output-buffer-limit "normal 16mb 0 0"\r\nSET a 1\r\n');
  for (let i = 0; i < 4; i++) {
    client.send('GET big\r\n');
    await turns(10);
  }
  await client.end();
  t.true(client.closed);
});

test('clients are told while the data is loading', async (t) => {
  let finish = (): void => {};
  const loaded = new Promise<void>((resolve) => {
    finish = resolve;
  });
  const listening = Promise.withResolvers<number>();
  const starting = startTestEngine({}, {
    wrap: { recover: (recover) => loaded.then(recover) },
    onListening: (engine) => listening.resolve(engine.port),
  });
  const client = await TestClient.connect(await listening.promise);
  const refusal = '-LOADING Redis is loading the dataset in memory\r\n';
  t.is(await client.ask('PING\r\n', refusal), refusal);
  t.is(await client.ask('SET a 1\r\n', refusal), refusal);
  t.is(await client.ask('SELECT 1\r\n', '+OK\r\n'), '+OK\r\n');
  client.send('INFO persistence\r\n');
  await client.until(() => client.received.includes('loading:'));
  t.true(client.received.includes('\r\nloading:1\r\n'));
  client.received = '';
  await turns(5);
  finish();
  const { engine, log } = await starting;
  t.is(await client.ask('\r\nPING\r\n', '+PONG\r\n'), '+PONG\r\n');
  t.regex(log.join(''), /^\d+:M \d\d \w{3} \d{4} [\d:.]{12} \* Ready to accept connections$/m);
  await engine.close();
});

for (const when of ['before', 'in the middle of'] as const) {
  test(`SIGTERM ${when} loading ends with 0 and changes no file`, async (t) => {
    const disk = emptyDisk();
    const command = `*3\r\n$3\r\nSET\r\n$1\r\na\r\n$100000\r\n${'x'.repeat(100_000)}\r\n`;
    // It ends in the middle of a command, which a whole start would cut off.
    disk.seed('/data/appendonly.aof', Buffer.from(command.repeat(100).slice(0, -7)));
    disk.seed('/data/temp-1.rdb', Buffer.from('left over'));
    const before = disk.tree().files;
    const ended = Promise.withResolvers<number>();
    let running: RunningEngine | null = null;
    const stop = (): void => void running?.shutdownBySignal('SIGTERM');
    void startTestEngine({ appendonly: 'yes' }, {
      disk,
      onListening: (engine) => {
        running = engine;
        void engine.ended.then(ended.resolve);
        if (when === 'before') stop();
      },
      // What is read of the log comes in pieces of four megabytes.
      wrap: { disk: (inner) => onRead(inner, 2 ** 20, stop) },
    });
    t.is(await ended.promise, 0);
    await turns(50);
    const after = disk.tree().files;
    t.deepEqual([...after.keys()], [...before.keys()]);
    for (const [name, bytes] of before) {
      t.true(Buffer.from(bytes).equals(after.get(name) ?? Buffer.alloc(0)), name);
    }
  });
}

/** A disk that calls `seen` when so many bytes or more are asked for. */
function onRead(inner: Disk, bytes: number, seen: () => void): Disk {
  return new Proxy(inner, {
    get: (target, name): unknown => {
      const member = Reflect.get(target, name, target) as unknown;
      if (typeof member !== 'function') return member;
      return (...args: unknown[]): unknown => {
        if (name === 'read' && (args[2] as ReadAt).length >= bytes) seen();
        return Reflect.apply(member, target, args);
      };
    },
  });
}

test('a refusal to load leaves nothing running', async (t) => {
  const disk = emptyDisk();
  disk.seed('/data/dump.rdb', Buffer.from('not a snapshot'));
  let port = 0;
  const error = await t.throwsAsync(startTestEngine({}, {
    disk,
    onListening: (engine) => {
      port = engine.port;
    },
  }), { instanceOf: EngineError, code: 'RDB_BAD' });
  t.true(error.message.includes('/data/dump.rdb'), error.message);
  await t.throwsAsync(TestClient.connect(port), { code: 'ECONNREFUSED' });
});

test('always: a failed sync acknowledges nothing until a rewrite has the data', async (t) => {
  const { port, engine, disk, log } = await startTestEngine({
    appendonly: 'yes', appendfsync: 'always',
  });
  t.teardown(() => engine.close());
  const [client, other] = [await TestClient.connect(port), await TestClient.connect(port)];
  await client.ask('SET a 1\r\n', '+OK\r\n');
  disk.inject({ call: 'sync', code: 'EIO' });
  client.send('SET a 2\r\nPING\r\n');
  await client.until(() => client.received.length >= '+OK\r\n+PONG\r\n'.length);
  t.is(client.received, '+OK\r\n+PONG\r\n');
  t.regex(log.join(''), /Fail to fsync the AOF file: EIO/);
  t.regex(log.join(''), /The AOF was rewritten after a failed fsync/);
  await other.ask('GET a\r\n', '$1\r\n2\r\n');
});

test('replies held for a full disk leave with whatever write succeeds', async (t) => {
  const { port, engine, disk } = await startTestEngine({ appendonly: 'yes', hz: '1' });
  t.teardown(() => engine.close());
  const [writer, reader] = [await TestClient.connect(port), await TestClient.connect(port)];
  disk.inject({ call: 'write', code: 'ENOSPC' });
  writer.send('SET a 1\r\n');
  // The tick of another client writes what was left, before any cron does.
  const beganMs = Date.now();
  while (writer.received === '' && Date.now() - beganMs < 4000) {
    await reader.ask('PING\r\n', '+PONG\r\n');
  }
  t.is(writer.received, '+OK\r\n');
});

test('data survives a shutdown; the log says what happened', async (t) => {
  const { port, engine, disk } = await startTestEngine({ appendonly: 'yes' });
  const client = await TestClient.connect(port);
  await client.ask('SET a 1\r\nINCR a\r\n', '+OK\r\n:2\r\n');
  engine.shutdownBySignal('SIGTERM');
  t.is(await engine.ended, 0);
  const again = await startTestEngine({ appendonly: 'yes' }, { disk });
  t.teardown(() => again.engine.close());
  t.regex(again.log.join(''), /DB loaded from append only file: \d+\.\d{3} seconds/);
  const other = await TestClient.connect(again.port);
  t.is(await other.ask('GET a\r\n', bulk('2')), bulk('2'));
});

interface SignalRow {
  readonly options: string;
  readonly save: string;
  /** Saving fails. */
  readonly broken?: true;
  readonly saves: boolean;
  readonly ends: boolean;
}

const signalRows: readonly SignalRow[] = [
  { options: 'default', save: '', saves: false, ends: true },
  { options: 'default', save: '3600 1', saves: true, ends: true },
  { options: 'save', save: '', saves: true, ends: true },
  { options: 'nosave', save: '3600 1', saves: false, ends: true },
  { options: 'nosave now force', save: '3600 1', saves: false, ends: true },
  { options: 'save now', save: '', broken: true, saves: false, ends: false },
  { options: 'save force', save: '', broken: true, saves: false, ends: true },
];

for (const { options, save, broken, saves, ends } of signalRows) {
  const disk = broken ? ', and the disk is full' : '';
  test(`shutdown-on-sigterm ${options}, save "${save}"${disk}`, async (t) => {
    const started = await startTestEngine({ save, 'shutdown-on-sigterm': options });
    t.teardown(() => started.engine.close());
    const client = await TestClient.connect(started.port);
    await client.ask('SET a 1\r\n', '+OK\r\n');
    if (broken) started.disk.inject({ call: 'open', code: 'ENOSPC' });
    const refusal = started.engine.shutdownBySignal('SIGTERM');
    t.is(refusal === null, ends);
    t.regex(started.log.join(''), /Received SIGTERM scheduling shutdown/);
    t.is(started.disk.tree().files.has('/data/dump.rdb'), saves);
    if (ends) t.is(await started.engine.ended, 0);
    else t.is(await client.ask('GET a\r\n', bulk('1')), bulk('1'));
  });
}

for (const fails of [false, true]) {
  const how = fails ? 'fails: refused' : 'works: it ends';
  test(`SHUTDOWN waits for a sync under way, which ${how}`, async (t) => {
    const first = await startTestEngine({ appendonly: 'yes' });
    await first.engine.close();
    const disk = MemoryDisk.from(first.disk.tree(), { manualSyncs: true });
    const { port, engine, log } = await startTestEngine({ appendonly: 'yes' }, { disk });
    t.teardown(() => engine.close());
    const client = await TestClient.connect(port);
    if (fails) disk.inject({ call: 'sync', code: 'EIO' });
    await client.ask('SET a 1\r\n', '+OK\r\n');
    t.is(disk.syncsInFlight, 1);
    client.send('SHUTDOWN\r\nGET a\r\n');
    await eventually(() => log.join('').includes('Waiting for a sync of the AOF'));
    await turns(20);
    t.is(client.received, '', 'nobody is served meanwhile');
    disk.finishSyncs();
    if (!fails) {
      t.is(await engine.ended, 0);
      return;
    }
    const answer = `-ERR Errors trying to SHUTDOWN. Check logs.\r\n${bulk('1')}`;
    t.is(await client.expect(answer), answer);
  });
}

test('SIGINT has a directive of its own, which CONFIG SET changes', async (t) => {
  const { port, engine, disk } = await startTestEngine({ 'shutdown-on-sigterm': 'save' });
  const client = await TestClient.connect(port);
  await client.ask('CONFIG SET shutdown-on-sigint "nosave force"\r\n', '+OK\r\n');
  await client.ask('SET a 1\r\nCONFIG SET save "3600 1"\r\n', '+OK\r\n+OK\r\n');
  t.is(engine.shutdownBySignal('SIGINT'), null);
  t.is(await engine.ended, 0);
  t.false(disk.tree().files.has('/data/dump.rdb'));
});

test('CONFIG SET appendonly yes starts a log', async (t) => {
  const { port, engine, disk } = await startTestEngine();
  t.teardown(() => engine.close());
  const client = await TestClient.connect(port);
  t.is(await client.ask('SET a 1\r\nCONFIG SET appendonly yes appendfsync always\r\n',
    '+OK\r\n+OK\r\n'), '+OK\r\n+OK\r\n');
  await eventually(() => disk.tree().files.has('/data/appendonlydir/appendonly.aof.manifest'));
  t.true(disk.tree().files.has('/data/appendonlydir/appendonly.aof.manifest'));
});

test('releases are recorded with the client port and the replies so far', async (t) => {
  const directory = mkdtempSync(path.join(os.tmpdir(), 'plugpull-server-'));
  t.teardown(() => rmSync(directory, { recursive: true }));
  const file = path.join(directory, 'op.log');
  const { port, engine } = await startTestEngine({ 'op-log-file': file, appendonly: 'yes' });
  const client = await TestClient.connect(port);
  const clientPort = client.socket.localPort;
  await client.ask('SET a 1\r\nGET a\r\nPING\r\n', `+OK\r\n${bulk('1')}+PONG\r\n`);
  await client.ask('CLIENT REPLY SKIP\r\nSET a 2\r\nPING\r\n', '+PONG\r\n');
  const { releases, records } = readOpLog(readFileSync(file));
  const own = releases.filter((release) => release.clientPort === clientPort);
  t.is(own.at(-1)?.count, 4, 'one for each reply sent');
  t.true(records.some(({ call }) => call === 'write'));
  await engine.close();
});

test('an op log that cannot be created is refused', async (t) => {
  const error = await t.throwsAsync(startTestEngine({ 'op-log-file': '/nowhere/op.log' }), {
    instanceOf: EngineError, code: 'DIRECTORY_UNUSABLE',
  });
  t.regex(error.message, /^op-log-file: cannot create \/nowhere\/op\.log: .*; name a new file$/);
});

test('a Unix socket serves too, over a stale file, and is not mistaken for one', async (t) => {
  const directory = mkdtempSync(path.join(os.tmpdir(), 'plugpull-server-'));
  t.teardown(() => rmSync(directory, { recursive: true }));
  const unixsocket = path.join(directory, 's');
  for (let round = 0; round < 2; round++) {
    const { engine } = await startTestEngine({ unixsocket });
    const client = await TestClient.connect(unixsocket);
    t.is(await client.ask(request('ECHO', 'hi'), bulk('hi')), bulk('hi'));
    await engine.close();
  }
});

test('a data directory that is not there, or is a file, is refused', async (t) => {
  const disk = emptyDisk();
  disk.seed('/file', Buffer.from(''));
  await t.throwsAsync(startTestEngine({ dir: '/nowhere' }, { disk }), {
    code: 'DIRECTORY_UNUSABLE',
    message: 'dir: /nowhere does not exist; choose another directory with --dir',
  });
  await t.throwsAsync(startTestEngine({ dir: '/file' }, { disk }), {
    code: 'DIRECTORY_UNUSABLE', message: /is a file/,
  });
});
