// Work that waits: at once, in turn, failed, and broken off.
import test from 'ava';
import { MemoryDisk } from '../io/memory-disk.ts';
import { atOnce, directorySynced, fileSynced, inTurn } from './waits.ts';
import type { Wait, Waiting } from './waits.ts';

/** Writes a file and syncs it and its directory; tells what it does. */
function* work(disk: MemoryDisk, told: string[]): Waiting<string> {
  const fd = disk.open('/a', 'append');
  try {
    disk.write(fd, Buffer.from('x'), 0, 1);
    yield fileSynced(disk, fd);
    told.push('file');
    yield directorySynced(disk, '/');
    told.push('directory');
  } finally {
    disk.close(fd);
    told.push('closed');
  }
  return 'done';
}

function* quietly(inner: Waiting<string>): Waiting {
  yield* inner;
}

test('at once: every sync ends before it goes on', (t) => {
  const disk = new MemoryDisk({ manualSyncs: true });
  const told: string[] = [];
  t.is(atOnce(work(disk, told)), 'done');
  t.deepEqual(told, ['file', 'directory', 'closed']);
  t.is(disk.syncsInFlight, 0);
  t.is(disk.powerCut().stat('/a')?.sizeBytes, 1);
});

test('in turn: one sync in flight at a time, told once', (t) => {
  const disk = new MemoryDisk({ manualSyncs: true });
  const told: string[] = [];
  inTurn(quietly(work(disk, told)), (error) => told.push(`ended ${error}`));
  t.deepEqual([told.length, disk.syncsInFlight], [0, 1]);
  disk.finishSyncs();
  t.deepEqual([told, disk.syncsInFlight], [['file'], 1]);
  disk.finishSyncs();
  t.deepEqual(told, ['file', 'directory', 'closed', 'ended null']);
});

for (const call of ['sync', 'sync-directory'] as const) {
  test(`a ${call} that fails is thrown into the work, and then told`, (t) => {
    const disk = new MemoryDisk({ manualSyncs: true });
    disk.inject({ call, code: 'EIO', nth: 1 });
    disk.inject({ call, code: 'EIO', nth: 2 });
    const told: string[] = [];
    t.throws(() => atOnce(work(disk, told)), { message: /^EIO/ });
    t.is(told.at(-1), 'closed');
    inTurn(quietly(work(disk, told)), (error) => told.push(`ended ${error?.message}`));
    for (let turn = 0; turn < 3; turn++) disk.finishSyncs();
    t.is(told.at(-2), 'closed');
    t.regex(told.at(-1) ?? '', /^ended EIO/);
  });
}

test('stopped work cleans up at once, and nobody is told', (t) => {
  const disk = new MemoryDisk({ manualSyncs: true });
  const told: string[] = [];
  const running = inTurn(quietly(work(disk, told)), () => told.push('ended'));
  disk.finishSyncs();
  running.stop();
  t.deepEqual(told, ['file', 'closed']);
  disk.finishSyncs();
  running.stop();
  t.deepEqual(told, ['file', 'closed']);
});

test('work may be stopped by what it does itself: it goes to its next wait and no further', (t) => {
  const told: string[] = [];
  let stop: (() => void) | null = null;
  const ends: (() => void)[] = [];
  const later: Wait = { later: (done) => ends.push(() => done(null)) };
  function* rash(): Waiting<void, Wait> {
    try {
      yield later;
      stop?.();
      told.push('went on');
      yield later;
      told.push('never');
    } finally {
      told.push('cleaned up');
    }
  }
  ({ stop } = inTurn(rash(), () => told.push('ended')));
  ends[0]?.();
  t.deepEqual(told, ['went on', 'cleaned up']);
  t.is(ends.length, 1, 'nothing more is waited for');
});

test('a wait that cannot begin counts as one that failed', (t) => {
  const told: string[] = [];
  const never: Wait = { later: () => {
    throw new Error('EBADF');
  } };
  inTurn((function* (): Waiting<void, Wait> {
    yield never;
  })(), (error) => told.push(String(error?.message)));
  t.deepEqual(told, ['EBADF']);
});
