// The memory disk: what a power cut leaves of it, and how it fails on demand.

import test from 'ava';

import { hasErrorCode } from './disk.ts';
import { MemoryDisk } from './memory-disk.ts';
import { DiskScript, readable, rootPath } from './testdata/disk-script.ts';
import { durabilityRules } from './testdata/durability-rules.ts';

function prepared(): MemoryDisk {
  return MemoryDisk.from({ files: new Map(), directories: [rootPath] }, { manualSyncs: true });
}

for (const { title, steps, left } of durabilityRules) {
  test(`power: ${title}`, (t) => {
    const disk = prepared();
    const script = new DiskScript(disk, disk);
    for (const line of steps) script.run(line);
    t.deepEqual(readable(disk.powerCut().tree()), left);
  });
}

test('a power cut leaves the disk itself alone, and its result is durable', (t) => {
  const disk = prepared();
  const script = new DiskScript(disk, disk);
  for (const line of ['open a', 'write a xy', 'sync a', 'write a z']) script.run(line);
  const after = disk.powerCut();
  t.deepEqual(readable(disk.tree()), { a: 'xyz' });
  t.deepEqual(readable(after.tree()), { a: 'xy' });
  t.deepEqual(readable(after.powerCut().tree()), { a: 'xy' });
  const again = new DiskScript(after, after);
  for (const line of ['open a', 'write a Z', 'sync a']) t.is(again.run(line), null);
  t.deepEqual(readable(after.powerCut().tree()), { a: 'xyZ' });
});

test('seeded files are durable, with the directories above them', (t) => {
  const disk = new MemoryDisk();
  disk.seed('/x/y/z', Buffer.from('1'));
  disk.seed('/x/y/z', Buffer.from('22'));
  const { files, directories } = disk.powerCut().tree();
  t.deepEqual(directories, ['/x', '/x/y']);
  t.is(Buffer.from(files.get('/x/y/z') ?? []).toString(), '22');
});

test('the n-th matching call fails, and only that', (t) => {
  const disk = prepared();
  const script = new DiskScript(disk, disk);
  disk.inject({ call: 'write', nth: 2, code: 'ENOSPC' });
  const codes = ['open a', 'write a x', 'sync a', 'write a y', 'write a z'].map((line) =>
    script.run(line),
  );
  t.deepEqual(codes, [null, null, null, 'ENOSPC', null]);
  t.deepEqual(readable(disk.tree()), { a: 'xz' });
});

test('a sticky fault goes on, over all calls when none is named', (t) => {
  const disk = prepared();
  const script = new DiskScript(disk, disk);
  disk.inject({ nth: 3, code: 'EIO', sticky: true });
  const codes = ['open a', 'write a x', 'sync a', 'close a', 'mkdir d'].map((line) =>
    script.run(line),
  );
  t.deepEqual(codes, [null, null, 'EIO', 'EIO', 'EIO']);
  t.is(disk.calls, 5);
});

test('an error carries code, errno and the call', (t) => {
  const disk = prepared();
  const error = t.throws(() => disk.open('/data/none', 'read'));
  t.true(hasErrorCode(error, 'ENOENT'));
  t.like(error, { errno: -2, syscall: 'open', path: '/data/none' });
});

test('an asynchronous sync ends later, by itself or when told to', async (t) => {
  const disk = new MemoryDisk();
  const fd = disk.open('/a', 'append');
  disk.write(fd, Buffer.from('x'), 0, 1);
  let done = false;
  const ended = new Promise<Error | null>((resolve) => {
    disk.syncAsync(fd, (error) => {
      done = true;
      resolve(error);
    });
  });
  t.false(done);
  t.is(disk.syncsInFlight, 1);
  t.is(await ended, null);
  t.is(disk.powerCut().stat('/a')?.sizeBytes, 1);
});

test('an asynchronous sync of a directory covers the names of when it began', (t) => {
  const disk = new MemoryDisk({ manualSyncs: true });
  disk.makeDirectory('/d');
  disk.syncDirectory('/');
  disk.close(disk.open('/d/a', 'append'));
  let ended: Error | null | undefined;
  disk.syncDirectoryAsync('/d', (error) => {
    ended = error;
  });
  disk.close(disk.open('/d/b', 'append'));
  t.deepEqual(disk.powerCut().list('/d'), []);
  disk.finishSyncs();
  t.is(ended, null);
  t.deepEqual(disk.powerCut().list('/d'), ['a']);
  disk.syncDirectoryAsync('/none', (error) => {
    ended = error;
  });
  disk.finishSyncs();
  t.true(hasErrorCode(ended, 'ENOENT'));
});

test('an inode number is used again once nothing names or holds the file', (t) => {
  const disk = new MemoryDisk();
  const first = disk.open('/a', 'append');
  const inode = disk.inodeOf(first);
  disk.unlink('/a');
  const second = disk.open('/b', 'append');
  t.not(disk.inodeOf(second), inode);
  disk.close(first);
  t.is(disk.inodeOf(disk.open('/c', 'append')), inode);
});
