// The disk port: real files and files in memory answer alike.

import test from 'ava';
import { mkdtempSync, readdirSync, readlinkSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import {
  WriteError, fetchNext, hasErrorCode, readFully, readStart, writeFully,
} from './disk.ts';
import { realDisk } from './real-disk.ts';
import type { Disk, FilePart, InspectableDisk } from './disk.ts';
import { MemoryDisk } from './memory-disk.ts';

type Row = readonly [title: string, run: (disk: InspectableDisk, root: string) => unknown, unknown];

function codeOf(run: () => unknown): unknown {
  try {
    run();
    return null;
  } catch (error) {
    return hasErrorCode(error) ? error.code : error;
  }
}

function put(disk: InspectableDisk, path: string, text: string): void {
  const fd = disk.open(path, 'truncate');
  writeFully(disk, fd, Buffer.from(text), 0, text.length);
  disk.close(fd);
}

function get(disk: InspectableDisk, path: string): string {
  const fd = disk.open(path, 'read');
  const target = Buffer.alloc(100);
  const length = disk.read(fd, target, { offset: 1, length: 99, position: 0 });
  disk.close(fd);
  return target.toString('latin1', 1, 1 + length);
}

const rows: readonly Row[] = [
  ['append keeps, truncate empties', (disk, root) => {
    put(disk, `${root}/a`, 'one');
    const fd = disk.open(`${root}/a`, 'append');
    const count = disk.write(fd, Buffer.from('--two--'), 2, 3);
    const appended = [count, disk.sizeOf(fd), get(disk, `${root}/a`)];
    disk.close(disk.open(`${root}/a`, 'truncate'));
    return [...appended, get(disk, `${root}/a`)];
  }, [3, 6, 'onetwo', '']],
  ['writes land at the end, whatever happened meanwhile', (disk, root) => {
    const [first, second] = [disk.open(`${root}/a`, 'append'), disk.open(`${root}/a`, 'append')];
    writeFully(disk, first, Buffer.from('abc'), 0, 3);
    writeFully(disk, second, Buffer.from('def'), 0, 3);
    disk.truncateOpen(first, 4);
    writeFully(disk, first, Buffer.from('X'), 0, 1);
    disk.truncate(`${root}/a`, 7);
    writeFully(disk, second, Buffer.from('Y'), 0, 1);
    return get(disk, `${root}/a`);
  }, 'abcdX\0\0Y'],
  ['create-new refuses what exists', (disk, root) => {
    put(disk, `${root}/a`, '');
    return [
      codeOf(() => disk.open(`${root}/a`, 'create-new')),
      codeOf(() => disk.open(`${root}/b`, 'create-new')),
    ];
  }, ['EEXIST', null]],
  ['a file has a name until its last one is removed or taken', (disk, root) => {
    const [removed, replaced] = [`${root}/a`, `${root}/b`].map((each) => disk.open(each, 'append'));
    const kept = disk.open(`${root}/c`, 'append');
    const named = [removed, replaced, kept].map((fd) => disk.hasName(fd as number));
    disk.unlink(`${root}/a`);
    disk.rename(`${root}/c`, `${root}/b`);
    return [...named, ...[removed, replaced, kept].map((fd) => disk.hasName(fd as number))];
  }, [true, true, true, false, false, true]],
  ['a hint of what will be read changes nothing, and may be wrong', (disk, root) => {
    put(disk, `${root}/a`, 'hello');
    const fd = disk.open(`${root}/a`, 'read');
    for (const position of [0, 3, 1e9]) disk.fetch?.(fd, { position, length: 1e7 });
    disk.close(fd);
    disk.fetch?.(fd, { position: 0, length: 1 });
    return get(disk, `${root}/a`);
  }, 'hello'],
  ['reads stop at the end', (disk, root) => {
    put(disk, `${root}/a`, 'hello');
    const fd = disk.open(`${root}/a`, 'read');
    const at = { offset: 0, length: 10 };
    const target = Buffer.alloc(10);
    return [0, 3, 5, 9].map((position) => disk.read(fd, target, { ...at, position }));
  }, [5, 2, 0, 0]],
  ['what is not there', (disk, root) => [
    codeOf(() => disk.open(`${root}/none`, 'read')),
    codeOf(() => disk.open(`${root}/none/a`, 'append')),
    codeOf(() => disk.unlink(`${root}/none`)),
    codeOf(() => disk.rename(`${root}/none`, `${root}/a`)),
    codeOf(() => disk.truncate(`${root}/none`, 0)),
    codeOf(() => disk.list(`${root}/none`)),
    codeOf(() => disk.syncDirectory(`${root}/none`)),
    codeOf(() => disk.makeDirectory(`${root}/none/a`)),
    disk.stat(`${root}/none`),
    disk.inodeAt(`${root}/none`),
  ], [...Array(8).fill('ENOENT'), null, 0]],
  ['what is of the other kind', (disk, root) => {
    put(disk, `${root}/file`, '');
    disk.makeDirectory(`${root}/directory`);
    return [
      codeOf(() => disk.open(`${root}/directory`, 'append')),
      codeOf(() => disk.open(`${root}/file/a`, 'append')),
      codeOf(() => disk.makeDirectory(`${root}/file`)),
      codeOf(() => disk.list(`${root}/file`)),
      codeOf(() => disk.unlink(`${root}/directory`)),
      codeOf(() => disk.rename(`${root}/file`, `${root}/directory`)),
      codeOf(() => disk.rename(`${root}/directory`, `${root}/file`)),
      codeOf(() => disk.rename(`${root}/directory`, `${root}/directory/inside`)),
    ];
  }, ['EISDIR', 'ENOTDIR', 'EEXIST', 'ENOTDIR', 'EISDIR', 'EISDIR', 'ENOTDIR', 'EINVAL']],
  ['closed and read-only descriptors', (disk, root) => {
    put(disk, `${root}/a`, '');
    const fd = disk.open(`${root}/a`, 'read');
    const refused = [
      codeOf(() => disk.write(fd, Buffer.from('x'), 0, 1)),
      codeOf(() => disk.truncateOpen(fd, 1)),
    ];
    disk.sync(fd);
    disk.close(fd);
    return [...refused, codeOf(() => disk.close(fd)), codeOf(() => disk.sync(fd))];
  }, ['EBADF', 'EINVAL', 'EBADF', 'EBADF']],
  ['rename moves, also over a file and onto itself', (disk, root) => {
    put(disk, `${root}/a`, 'a');
    put(disk, `${root}/b`, 'b');
    disk.makeDirectory(`${root}/d`);
    const inode = disk.inodeAt(`${root}/a`);
    disk.rename(`${root}/a`, `${root}/a`);
    disk.rename(`${root}/a`, `${root}/b`);
    disk.rename(`${root}/b`, `${root}/d/c`);
    disk.rename(`${root}/d`, `${root}/e`);
    disk.syncDirectory(`${root}/e`);
    return [disk.list(root), get(disk, `${root}/e/c`), disk.inodeAt(`${root}/e/c`) === inode];
  }, [['e'], 'a', true]],
  ['an unlinked file lives on in its descriptor', (disk, root) => {
    const fd = disk.open(`${root}/a`, 'append');
    const inode = disk.inodeAt(`${root}/a`);
    disk.unlink(`${root}/a`);
    writeFully(disk, fd, Buffer.from('abc'), 0, 3);
    disk.sync(fd);
    return [disk.list(root), disk.sizeOf(fd), disk.inodeOf(fd) === inode];
  }, [[], 3, true]],
  ['directories: made once, listed in order, told from files', (disk, root) => {
    disk.makeDirectory(`${root}/b`);
    disk.makeDirectory(`${root}/b`);
    put(disk, `${root}/c`, 'xyz');
    put(disk, `${root}/a`, '');
    disk.syncDirectory(root);
    const kind = disk.stat(`${root}/b`)?.kind;
    return [disk.list(root), kind, disk.stat(`${root}/c`), disk.stat(`${root}/c/x`)];
  }, [['a', 'b', 'c'], 'directory', { kind: 'file', sizeBytes: 3 }, null]],
];

for (const [title, run, wanted] of rows) {
  test(`real disk: ${title}`, (t) => {
    const root = mkdtempSync(join(tmpdir(), 'plugpull-disk-'));
    try {
      t.deepEqual(run(realDisk(), root), wanted);
    } finally {
      rmSync(root, { recursive: true });
    }
  });
  test(`memory disk: ${title}`, (t) => {
    const disk = new MemoryDisk();
    disk.makeDirectory('/root');
    t.deepEqual(run(disk, '/root'), wanted);
  });
}

test('real disk: syncAsync ends later, and reports its error', async (t) => {
  const root = mkdtempSync(join(tmpdir(), 'plugpull-disk-'));
  try {
    const disk = realDisk();
    const fd = disk.open(`${root}/a`, 'append');
    let returned = false;
    const good = new Promise((resolve) => {
      disk.syncAsync(fd, (error) => resolve([returned, error]));
    });
    returned = true;
    t.deepEqual(await good, [true, null]);
    disk.close(fd);
    const bad = await new Promise<unknown>((resolve) => disk.syncAsync(9999, resolve));
    t.true(hasErrorCode(bad, 'EBADF'));
  } finally {
    rmSync(root, { recursive: true });
  }
});

test('real disk: syncDirectoryAsync ends later, and reports its error', async (t) => {
  const root = mkdtempSync(join(tmpdir(), 'plugpull-disk-'));
  try {
    const disk = realDisk();
    const synced = (path: string): Promise<unknown> => new Promise((resolve) => {
      let returned = false;
      disk.syncDirectoryAsync(path, (error) => resolve(returned ? error : 'too early'));
      returned = true;
    });
    t.is(await synced(root), null);
    t.true(hasErrorCode(await synced(`${root}/none`), 'ENOENT'));
  } finally {
    rmSync(root, { recursive: true });
  }
});

test('writeFully goes on after short writes', (t) => {
  const disk = new MemoryDisk();
  const fd = disk.open('/a', 'append');
  disk.inject({ call: 'write', nth: 1, shortBytes: 2 });
  disk.inject({ call: 'write', nth: 2, shortBytes: 1 });
  writeFully(disk, fd, Buffer.from('..hello..'), 2, 5);
  t.is(get(disk, '/a'), 'hello');
  writeFully(disk, fd, Buffer.from('x'), 0, 0);
  t.is(disk.sizeOf(fd), 5);
});

test('writeFully says how far it came when a write fails', (t) => {
  const disk = new MemoryDisk();
  const fd = disk.open('/a', 'append');
  disk.inject({ call: 'write', nth: 1, shortBytes: 2 });
  disk.inject({ call: 'write', nth: 2, code: 'ENOSPC' });
  const error = t.throws(() => writeFully(disk, fd, Buffer.from('hello'), 0, 5), {
    instanceOf: WriteError,
  });
  t.like(error, { code: 'ENOSPC', writtenBytes: 2 });
  t.regex(error?.message ?? '', /after 2 of 5 bytes/);
  t.is(get(disk, '/a'), 'he');
});

test('writeFully does not loop on a disk that takes nothing', (t) => {
  const disk = new MemoryDisk();
  const fd = disk.open('/a', 'append');
  disk.inject({ call: 'write', shortBytes: 0 });
  const error = t.throws(() => writeFully(disk, fd, Buffer.from('hello'), 0, 5));
  t.like(error, { code: 'EIO', writtenBytes: 0 });
});

test('large files whose names go are let go of soon after, whoever had them open', async (t) => {
  const root = mkdtempSync(join(tmpdir(), 'plugpull-disk-'));
  t.teardown(() => rmSync(root, { recursive: true }));
  const disk = realDisk();
  const text = 'x'.repeat(2 ** 21);
  for (const name of ['removed', 'replaced', 'new', 'aborted']) put(disk, `${root}/${name}`, text);
  const fd = disk.open(`${root}/aborted`, 'append');
  disk.unlink(`${root}/removed`);
  disk.rename(`${root}/new`, `${root}/replaced`);
  disk.unlink(`${root}/aborted`);
  writeFully(disk, fd, Buffer.from('more'), 0, 4);
  disk.close(fd);
  t.deepEqual(disk.list(root), ['replaced']);
  t.is(disk.stat(`${root}/replaced`)?.sizeBytes, text.length);
  t.is(codeOf(() => disk.unlink(`${root}/removed`)), 'ENOENT');
  t.is(codeOf(() => disk.rename(`${root}/none`, `${root}/replaced`)), 'ENOENT');
  while (openFiles().some((path) => path.startsWith(root))) {
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
  t.pass();
});

/** What this process has open; nothing where the system does not say. */
function openFiles(): string[] {
  try {
    return readdirSync('/proc/self/fd').flatMap((fd) => {
      try {
        return [readlinkSync(`/proc/self/fd/${fd}`)];
      } catch {
        return [];
      }
    });
  } catch {
    return [];
  }
}

/** A disk whose reads give two bytes at most. */
function tricklingDisk(text: string): Disk & { readonly fetched: FilePart[] } {
  const disk = new MemoryDisk();
  disk.makeDirectory('/data');
  put(disk, '/data/a', text);
  const fetched: FilePart[] = [];
  return Object.assign(Object.create(disk) as Disk, {
    fetched,
    fetch: (_: number, part: FilePart) => void fetched.push(part),
    read: (...[fd, target, at]: Parameters<Disk['read']>) =>
      disk.read(fd, target, { ...at, length: Math.min(at.length, 2) }),
    open: (path: string, mode: 'read') => disk.open(path, mode),
    close: (fd: number) => disk.close(fd),
  });
}

test('readFully goes on after short reads, until there is enough or the file ends', (t) => {
  const disk = tricklingDisk('0123456789');
  const fd = disk.open('/data/a', 'read');
  const read = (position: number, length: number, least?: number): string => {
    const target = Buffer.alloc(20, '.');
    const count = readFully(disk, fd, target, { offset: 1, length, position }, least);
    t.is(target[0], 46);
    t.is(target[1 + count], 46);
    return target.toString('latin1', 1, 1 + count);
  };
  t.is(read(0, 7), '0123456');
  t.is(read(6, 9), '6789');
  t.is(read(10, 5), '');
  t.is(read(3, 0), '');
  t.is(read(0, 9, 3), '0123');
  t.is(read(8, 9, 3), '89');
  t.is(readStart(disk, '/data/a', 5).toString(), '01234');
  t.is(readStart(disk, '/data/a', 15).toString(), '0123456789');
  t.is(codeOf(() => readStart(disk, '/data/none', 1)), 'ENOENT');
});

test('fetchNext asks for nothing behind the end of the file', (t) => {
  const disk = tricklingDisk('0123456789');
  fetchNext(disk, 7, { position: 0, length: 4 }, 10);
  fetchNext(disk, 7, { position: 8, length: 4 }, 10);
  fetchNext(disk, 7, { position: 10, length: 4 }, 10);
  t.deepEqual(disk.fetched, [{ position: 0, length: 4 }, { position: 8, length: 2 }]);
});
