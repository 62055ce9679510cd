// The recording disk: what it writes down, in which order, and that SIGKILL loses none of it.

import test from 'ava';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { ManualClock, realClock } from './clock.ts';
import { realDisk } from './real-disk.ts';
import type { Disk } from './disk.ts';
import { MemoryDisk } from './memory-disk.ts';
import { MemorySink, OpLogWriter, opFlags, readOpLog } from './op-log.ts';
import type { OpRecord } from './op-log.ts';
import { recordingDisk } from './recording-disk.ts';
import { DiskScript, rootPath } from './testdata/disk-script.ts';

interface Recording {
  memory: MemoryDisk;
  disk: Disk;
  script: DiskScript;
  records: () => OpRecord[];
}

function recording(syncDelayMs: number = 0): Recording {
  const tree = { files: new Map<string, Uint8Array>(), directories: [rootPath, '/other'] };
  const memory = MemoryDisk.from(tree, { manualSyncs: true });
  const sink = new MemorySink();
  const log = new OpLogWriter(sink, new ManualClock());
  const disk = recordingDisk(memory, log, { rootPath, syncDelayMs });
  const script = new DiskScript(disk, memory);
  return { memory, disk, script, records: () => readOpLog(sink.bytes()).records };
}

function brief(records: readonly OpRecord[]): string[] {
  return records.map(({ call, path, newPath, flags, offsetBytes, data, result }) =>
    [call, path, newPath, flags, offsetBytes, Buffer.from(data).toString(), result].join(','),
  );
}

const { read, create, truncate, exclusive, created, dropped } = opFlags;

const rows: readonly [steps: string, wanted: string[]][] = [
  ['open a, close a', [`open,a,,${create | created},0,,0`, 'close,a,,0,0,,0']],
  ['new a, trunc a, open a, read a', [
    `open,a,,${create | exclusive | created},0,,0`,
    `open,a,,${create | truncate},0,,0`,
    `open,a,,${create},0,,0`,
    `open,a,,${read},0,,0`,
  ]],
  ['read none', [`open,none,,${read},0,,-2`]],
  ['open a, new a', [`open,a,,${create | created},0,,0`, `open,a,,${create | exclusive},0,,-17`]],
  ['open a, write a xyz, short 1, write a pq, fail write ENOSPC, write a r', [
    `open,a,,${create | created},0,,0`,
    'write,a,,0,0,xyz,3',
    'write,a,,0,3,pq,1',
    'write,a,,0,4,r,-28',
  ]],
  ['open a, cut-open a 5, cut a 3', [
    `open,a,,${create | created},0,,0`,
    'truncate,a,,0,5,,0',
    'truncate,a,,0,3,,0',
  ]],
  ['open a, sync a, fail sync EIO, sync a, begin-sync a, end-sync', [
    `open,a,,${create | created},0,,0`,
    `sync,a,,${dropped},0,,0`,
    `sync,a,,${dropped},0,,-5`,
    `sync,a,,${dropped},0,,0`,
  ]],
  ['mkdir d, mkdir d, sync-dir d, sync-dir .', [
    `mkdir,d,,${created},0,,0`,
    'mkdir,d,,0,0,,0',
    'sync-directory,d,,0,0,,0',
    'sync-directory,,,0,0,,0',
  ]],
  ['open a, mv a b, write a x, rm b, rm b', [
    `open,a,,${create | created},0,,0`,
    'rename,a,b,0,0,,0',
    'write,b,,0,0,x,1',
    'unlink,b,,0,0,,0',
    'unlink,b,,0,0,,-2',
  ]],
];
for (const [steps, wanted] of rows) {
  test(`recorded: ${steps}`, (t) => {
    const { script, records } = recording();
    for (const step of steps.split(', ')) script.run(step);
    t.deepEqual(brief(records()), wanted);
  });
}

test('a record names the inode that the disk names', (t) => {
  const { disk, memory, records } = recording();
  const fd = disk.open(`${rootPath}/a`, 'append');
  disk.write(fd, Buffer.from('x'), 0, 1);
  disk.rename(`${rootPath}/a`, `${rootPath}/b`);
  disk.makeDirectory(`${rootPath}/d`);
  const [file, directory] = [memory.inodeAt(`${rootPath}/b`), memory.inodeAt(`${rootPath}/d`)];
  t.deepEqual(records().map((each) => each.inode), [file, file, file, directory]);
});

test('begin is in the log before the call runs, end before it returns', (t) => {
  const sink = new MemorySink();
  const log = new OpLogWriter(sink, new ManualClock());
  const seen: string[] = [];
  const note = (): void => {
    const last = readOpLog(sink.bytes()).records.at(-1);
    seen.push(`${last?.call} ${last?.endNs === Infinity ? 'running' : 'ended'}`);
  };
  class Watched extends MemoryDisk {
    override write(fd: number, bytes: Uint8Array, offset: number, length: number): number {
      note();
      return super.write(fd, bytes, offset, length);
    }

    override sync(fd: number): void {
      note();
      super.sync(fd);
    }
  }
  const memory = new Watched({ manualSyncs: true });
  const disk = recordingDisk(memory, log, { rootPath: '/' });
  const fd = disk.open('/a', 'append');
  for (const run of [() => disk.write(fd, Buffer.from('x'), 0, 1), () => disk.sync(fd)]) {
    run();
    note();
  }
  disk.syncAsync(fd, note);
  note();
  memory.finishSyncs();
  disk.syncDirectoryAsync('/', note);
  note();
  memory.finishSyncs();
  t.deepEqual(seen, [
    'write running', 'write ended', 'sync running', 'sync ended', 'sync running', 'sync ended',
    'sync-directory running', 'sync-directory ended',
  ]);
});

test('calls outside the data directory are not recorded; none may cross its border', (t) => {
  const { disk, records } = recording();
  const fd = disk.open('/other/a', 'append');
  disk.write(fd, Buffer.from('x'), 0, 1);
  disk.sync(fd);
  disk.truncateOpen(fd, 0);
  disk.close(fd);
  disk.truncate('/other/a', 1);
  disk.rename('/other/a', '/other/b');
  disk.makeDirectory('/data-not');
  disk.syncDirectory('/other');
  disk.syncDirectoryAsync('/other', () => {});
  t.throws(() => disk.rename('/other/b', `${rootPath}/b`), { code: 'EXDEV' });
  disk.unlink('/other/b');
  t.deepEqual(records(), []);
  t.deepEqual(disk.list('/other'), []);
});

test('a sync is delayed between the real call and the end record', async (t) => {
  const sink = new MemorySink();
  const memory = new MemoryDisk();
  const clock = realClock();
  const options = { rootPath: '/', syncDelayMs: 20 };
  const disk = recordingDisk(memory, new OpLogWriter(sink, clock), options);
  const fd = disk.open('/a', 'append');
  disk.sync(fd);
  disk.syncDirectory('/');
  await new Promise((resolve) => disk.syncAsync(fd, resolve));
  await new Promise((resolve) => disk.syncDirectoryAsync('/', resolve));
  memory.inject({ call: 'sync', code: 'EIO' });
  t.throws(() => disk.sync(fd), { code: 'EIO' });
  const [, ...syncs] = readOpLog(sink.bytes()).records;
  // Timers round to milliseconds; a sleep is never shorter than asked by more than that.
  const slow = syncs.map((sync) => sync.endNs - sync.beginNs > 18e6);
  t.deepEqual(slow.slice(0, 4), [true, true, true, true]);
  t.deepEqual(syncs.map((sync) => sync.result), [0, 0, 0, 0, -5]);
});

test('on real files: real inode numbers', (t) => {
  const directory = mkdtempSync(join(tmpdir(), 'plugpull-recording-'));
  try {
    const sink = new MemorySink();
    const log = new OpLogWriter(sink, realClock());
    const disk = recordingDisk(realDisk(), log, { rootPath: directory });
    disk.makeDirectory(join(directory, 'd'));
    const fd = disk.open(join(directory, 'd/a'), 'append');
    disk.write(fd, Buffer.from('abc'), 0, 3);
    disk.write(fd, Buffer.from('de'), 0, 2);
    disk.close(fd);
    const { records } = readOpLog(sink.bytes());
    const inode = statSync(join(directory, 'd/a')).ino;
    t.deepEqual(records.map((each) => each.path), ['d', 'd/a', 'd/a', 'd/a', 'd/a']);
    t.deepEqual(records.slice(1).map((each) => each.inode), [inode, inode, inode, inode]);
    t.deepEqual(records.map((each) => each.offsetBytes), [0, 0, 0, 3, 0]);
    t.true(records.every((each) => each.endNs >= each.beginNs && each.endNs < Infinity));
  } finally {
    rmSync(directory, { recursive: true });
  }
});

test('SIGKILL loses no record of what was done', async (t) => {
  const directory = mkdtempSync(join(tmpdir(), 'plugpull-recording-'));
  try {
    const opLogPath = join(directory, 'op-log');
    const data = join(directory, 'data');
    realDisk().makeDirectory(data);
    const script = join(import.meta.dirname, 'testdata/write-until-killed.ts');
    const child = spawn(process.execPath, [script, data, opLogPath], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    await once(child.stdout, 'data');
    child.kill('SIGKILL');
    const [, signal] = await once(child, 'exit');
    t.is(signal, 'SIGKILL');
    const { records, releases } = readOpLog(readFileSync(opLogPath));
    const unfinished = records.filter((each) => each.endNs === Infinity);
    t.true(unfinished.length <= 1);
    t.true(records.length > 200);
    const writes = records.filter((each) => each.call === 'write' && each.endNs !== Infinity);
    const ahead = writes.length - (releases.at(-1)?.count ?? 0);
    t.true(ahead === 0 || ahead === 1, 'a release follows each write');
  } finally {
    rmSync(directory, { recursive: true });
  }
});
