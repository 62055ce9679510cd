// The thread that writes snapshots, the real one: what it writes while commands of all types run is
// exactly what was there when it began. And what becomes of a snapshot whose thread or disk fails.
import test from 'ava';
import type { ExecutionContext } from 'ava';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import os, { tmpdir } from 'node:os';
import path from 'node:path';
import { realDisk } from '../io/real-disk.ts';
import { TestEngine } from '../persistence/test-support/test-engine.ts';
import { SnapshotThread } from './snapshot-thread.ts';
import { RandomLoad } from './test-support/random-load.ts';

const seed = 20261130;
const rounds = 4;
const url = new URL('../snapshot-worker.ts', import.meta.url);
const commandsPerTurn = 200;

interface Rig {
  readonly engine: TestEngine;
  readonly thread: SnapshotThread;
  readonly directory: string;
}

async function rig(
  t: ExecutionContext, { arenaBytes = 2 ** 28, lead = 512 } = {},
): Promise<Rig> {
  const directory = mkdtempSync(path.join(tmpdir(), 'plugpull-thread-'));
  let thread: SnapshotThread | undefined;
  const engine = new TestEngine({
    disk: realDisk(), directory, arenaBytes, lead,
    snapshotThread: ({ arena, databases }) =>
      thread = new SnapshotThread({ arena, databaseCount: databases.length, url }),
  });
  t.teardown(() => {
    thread?.close();
    rmSync(directory, { recursive: true, force: true });
  });
  await engine.recover();
  return { engine, thread: thread as SnapshotThread, directory };
}

/** The priority of each thread of this process: the 17th field behind the name. */
function priorities(): number[] {
  const tasks = '/proc/self/task';
  return readdirSync(tasks).map((task) => {
    const stat = readFileSync(`${tasks}/${task}/stat`, 'latin1');
    return Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[16]);
  });
}

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

/** Runs commands until the snapshot is over; returns how many. */
async function loadUntilSaved(engine: TestEngine, load: RandomLoad): Promise<number> {
  let commands = 0;
  while (engine.info('rdb_bgsave_in_progress') === 1) {
    for (let i = 0; i < commandsPerTurn; i++) engine.run(...load.next());
    engine.clock.advanceMs(1);
    engine.keyspace.reclaim(100);
    commands += commandsPerTurn;
    await turn();
  }
  return commands;
}

/** What the snapshot in a directory holds. The clock stands at 0: nothing has expired. */
async function saved(directory: string): Promise<Map<string, string>> {
  const engine = new TestEngine({ disk: realDisk(), directory, arenaBytes: 2 ** 28 });
  engine.clock.wallMs = (): number => 0;
  await engine.recover();
  return engine.contents();
}

function firstDifference(actual: Map<string, string>, expected: Map<string, string>): string {
  for (const key of new Set([...expected.keys(), ...actual.keys()])) {
    if (actual.get(key) !== expected.get(key)) {
      return `${key}: ${actual.get(key)?.slice(0, 80)} and not ${expected.get(key)?.slice(0, 80)}`;
    }
  }
  return '';
}

test(`is exact under commands of all types, ${rounds} rounds (seed ${seed})`, async (t) => {
  const { engine, directory } = await rig(t);
  const load = new RandomLoad(seed);
  for (const command of load.initial()) engine.run(...command);
  let commands = 0;
  let keptBytes = 0;
  for (let round = 0; round < rounds; round++) {
    const expected = engine.contents();
    t.is(engine.run('BGSAVE'), '+Background saving started\r\n');
    const during = await loadUntilSaved(engine, load);
    commands += during;
    t.is(engine.info('rdb_saves'), round + 1, engine.logLines.at(-1));
    t.is(firstDifference(await saved(directory), expected), '', `round ${round}`);
    keptBytes += engine.keyspace.kept.totalBytes;
  }
  t.log(`${commands} commands beside ${rounds} snapshots, ${keptBytes} bytes kept for them`);
  t.true(keptBytes > 0);
  // Nothing is kept, and everything comes back.
  engine.run('FLUSHALL');
  while (!engine.keyspace.reclaim(1000));
  t.is(engine.keyspace.kept.count, 0);
  t.is(engine.keyspace.arena.usedBytes, 0);
});

const noThreads = existsSync('/proc/thread-self')
  ? '' : ': skipped, only Linux has such priorities';
(noThreads === '' ? test : test.skip)(`runs behind the main thread${noThreads}`, async (t) => {
  const own = os.getPriority();
  const behind = Math.min(19, own + 10);
  const before = priorities().filter((priority) => priority === behind).length;
  const { engine } = await rig(t);
  engine.run('SET', 'a', '1');
  engine.run('BGSAVE');
  while (engine.info('rdb_bgsave_in_progress') === 1) await turn();
  t.is(engine.info('rdb_saves'), 1, engine.logLines.at(-1));
  t.is(os.getPriority(), own);
  const after = priorities().filter((priority) => priority === behind).length;
  t.true(own === 19 || after > before, `${priorities().join(' ')}`);
});

test('aborted and begun again at once, over and over', async (t) => {
  const { engine, directory } = await rig(t);
  const load = new RandomLoad(seed + 1);
  for (const command of load.initial()) engine.run(...command);
  for (let round = 0; round < 6; round++) {
    engine.run('BGSAVE');
    for (let i = 0; i < round; i++) await turn();
    for (let i = 0; i < 200; i++) engine.run(...load.next());
    engine.persistence.saver.abort();
  }
  const expected = engine.contents();
  engine.run('BGSAVE');
  await loadUntilSaved(engine, load);
  t.is(engine.info('rdb_saves'), 1, engine.logLines.at(-1));
  t.is(firstDifference(await saved(directory), expected), '');
});

test('FLUSHALL ends a save; a rewrite goes on with what was there', async (t) => {
  const { engine, directory } = await rig(t);
  const load = new RandomLoad(seed + 2);
  for (const command of load.initial()) engine.run(...command);
  engine.run('SAVE');
  const kept = engine.contents();
  engine.run('BGSAVE');
  engine.run('FLUSHALL');
  await engine.until(() => engine.info('rdb_bgsave_in_progress') === 0);
  t.is(engine.info('rdb_last_bgsave_status'), 'ok');
  t.is(firstDifference(await saved(directory), kept), '', 'the old file is still there');
  t.is(engine.keyspace.arena.usedBytes, 0);
});

test('a thread that dies fails the snapshot; the next one has another', async (t) => {
  const { engine, thread, directory } = await rig(t);
  const load = new RandomLoad(seed + 3);
  for (const command of load.initial()) engine.run(...command);
  engine.run('BGSAVE');
  thread.kill();
  await engine.until(() => engine.info('rdb_bgsave_in_progress') === 0);
  t.is(engine.info('rdb_last_bgsave_status'), 'err');
  t.regex(engine.logLines.join('\n'), /thread that writes snapshots ended/);
  const expected = engine.contents();
  engine.run('BGSAVE');
  await loadUntilSaved(engine, load);
  t.is(engine.info('rdb_last_bgsave_status'), 'ok');
  t.is(firstDifference(await saved(directory), expected), '');
});

test('no room for old versions fails the snapshot, not the commands', async (t) => {
  const { engine } = await rig(t, { arenaBytes: 2 ** 22 });
  const value = 'v'.repeat(100);
  let keys = 0;
  while (engine.run('SET', `key:${keys}`, value) === '+OK\r\n') keys++;
  engine.run('BGSAVE');
  for (let key = 0; key < keys; key++) {
    t.is(engine.run('SETRANGE', `key:${key}`, '0', 'w'), ':100\r\n');
  }
  await engine.until(() => engine.info('rdb_bgsave_in_progress') === 0);
  t.is(engine.info('rdb_last_bgsave_status'), 'err');
  engine.run('DEL', 'key:1', 'key:2');
  t.is(engine.keyspace.kept.release(Infinity), true);
});

test('a disk that is full fails the snapshot', async (t) => {
  const { engine } = await rig(t);
  const load = new RandomLoad(seed + 4);
  for (const command of load.initial()) engine.run(...command);
  const { disk } = engine;
  const open = disk.open.bind(disk);
  disk.open = (name, mode) => open(name.includes('temp-') ? '/dev/full' : name, mode);
  engine.run('BGSAVE');
  await loadUntilSaved(engine, load);
  t.is(engine.info('rdb_last_bgsave_status'), 'err');
  t.regex(engine.logLines.join('\n'), /ENOSPC/);
});
