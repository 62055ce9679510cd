// File operations on a mount equal the same on a plain directory, and the op log tells all of them.

import * as fs from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { unaccounted } from '../crash/coverage.ts';
import { CrashImager } from '../crash/image.ts';
import { fileSizes, readTree } from '../crash/materialize.ts';
import { benchOf, codeOf, listingOf, mountTitle, testMount } from './test-support.ts';

type Step = (at: (name: string) => string) => unknown;

const { O_APPEND, O_CREAT, O_DSYNC, O_EXCL, O_RDWR, O_TRUNC, O_WRONLY } = fs.constants;

function withFile(path: string, flags: number | string, use: (fd: number) => unknown): unknown {
  const fd = fs.openSync(path, flags);
  try {
    return use(fd);
  } finally {
    fs.closeSync(fd);
  }
}

const table: Readonly<Record<string, Step[]>> = {
  'create, append, read': [
    (at) => fs.writeFileSync(at('a'), 'one'),
    (at) => fs.appendFileSync(at('a'), ' two'),
    (at) => fs.readFileSync(at('a'), 'utf8'),
    (at) => fs.statSync(at('a')).size,
    (at) => fs.readFileSync(at('none')),
    (at) => fs.openSync(at('a'), O_CREAT | O_EXCL),
  ],
  'names with spaces, quotes and unicode': [
    (at) => fs.mkdirSync(at('ein Ordner')),
    (at) => fs.writeFileSync(at('ein Ordner/ÄÖ "日本" 🔌\n\\.aof'), 'x'),
    (at) => fs.renameSync(at('ein Ordner/ÄÖ "日本" 🔌\n\\.aof'), at("it's ü")),
    (at) => fs.readdirSync(at('.')).sort(),
    (at) => fs.writeFileSync(at('n'.repeat(255)), 'long'),
    (at) => fs.writeFileSync(at('n'.repeat(256)), 'too long'),
  ],
  'offsets, holes, truncation': [
    (at) => withFile(at('a'), 'w+', (fd) => fs.writeSync(fd, 'end', 10_000)),
    (at) => withFile(at('a'), 'r+', (fd) => fs.writeSync(fd, 'middle', 5000)),
    (at) => fs.truncateSync(at('a'), 7000),
    (at) => fs.truncateSync(at('a'), 9000),
    (at) => withFile(at('a'), 'r+', (fd) => fs.ftruncateSync(fd, 5003)),
    (at) => withFile(at('a'), O_RDWR | O_APPEND, (fd) => fs.writeSync(fd, 'tail', 0)),
    (at) => withFile(at('a'), O_WRONLY | O_TRUNC, (fd) => fs.writeSync(fd, 'new')),
    (at) => fs.readFileSync(at('a'), 'utf8'),
  ],
  'writes and reads of megabytes': [
    (at) => fs.writeFileSync(at('big'), Buffer.alloc(3_333_333, 'pattern ')),
    (at) => fs.readFileSync(at('big')).equals(Buffer.alloc(3_333_333, 'pattern ')),
    (at) => fs.copyFileSync(at('big'), at('copy')),
    (at) => fs.statSync(at('copy')).size,
  ],
  'syncs of all kinds': [
    (at) => withFile(at('a'), 'w', (fd) => [fs.writeSync(fd, 'a'), fs.fsyncSync(fd)]),
    (at) => withFile(at('a'), 'a', (fd) => [fs.writeSync(fd, 'b'), fs.fdatasyncSync(fd)]),
    (at) => withFile(at('a'), O_WRONLY | O_APPEND | O_DSYNC, (fd) => fs.writeSync(fd, 'c')),
    (at) => withFile(at('.'), 'r', (fd) => fs.fsyncSync(fd)),
  ],
  'renames': [
    (at) => fs.writeFileSync(at('a'), 'a'),
    (at) => fs.writeFileSync(at('b'), 'b'),
    (at) => fs.renameSync(at('a'), at('b')),
    (at) => fs.mkdirSync(at('d')),
    (at) => fs.renameSync(at('b'), at('d/c')),
    (at) => fs.renameSync(at('d'), at('e')),
    (at) => fs.appendFileSync(at('e/c'), '+'),
    (at) => fs.renameSync(at('none'), at('x')),
    (at) => fs.mkdirSync(at('f')),
    (at) => fs.renameSync(at('e/c'), at('f')),
    (at) => fs.renameSync(at('f'), at('e')),
    (at) => fs.readFileSync(at('e/c'), 'utf8'),
  ],
  'writes go on after rename and unlink': [
    (at) => withFile(at('a'), 'w+', (fd) => {
      fs.writeSync(fd, 'one');
      fs.renameSync(at('a'), at('b'));
      fs.writeSync(fd, 'two');
      fs.unlinkSync(at('b'));
      fs.writeSync(fd, 'three');
      fs.fsyncSync(fd);
      fs.fchmodSync(fd, 0o600);
      fs.ftruncateSync(fd, 8);
      const target = Buffer.alloc(20);
      return [fs.readSync(fd, target, 0, 20, 0), target.toString(), fs.fstatSync(fd).nlink];
    }),
    (at) => fs.writeFileSync(at('b'), 'another'),
  ],
  'hard links': [
    (at) => fs.writeFileSync(at('a'), 'x'),
    (at) => fs.linkSync(at('a'), at('b')),
    (at) => fs.appendFileSync(at('b'), 'y'),
    (at) => fs.statSync(at('a')).nlink,
    (at) => fs.renameSync(at('a'), at('b')),
    (at) => fs.unlinkSync(at('a')),
    (at) => fs.readFileSync(at('b'), 'utf8'),
    (at) => fs.linkSync(at('none'), at('c')),
  ],
  'directories': [
    (at) => void fs.mkdirSync(at('a/b/c'), { recursive: true }),
    (at) => fs.mkdirSync(at('a')),
    (at) => fs.rmdirSync(at('a')),
    (at) => fs.unlinkSync(at('a/b')),
    (at) => fs.rmdirSync(at('a/b/c')),
    (at) => Array.from({ length: 300 }, (_, n) => fs.writeFileSync(at(`a/file ${n}`), `${n}`)),
    (at) => fs.readdirSync(at('a')).sort(),
    (at) => fs.rmSync(at('a/b'), { recursive: true }),
    (at) => fs.readdirSync(at('a/b')),
  ],
  'symbolic links': [
    (at) => fs.writeFileSync(at('a'), 'x'),
    (at) => fs.symlinkSync('a', at('l')),
    (at) => fs.readlinkSync(at('l')),
    (at) => fs.readFileSync(at('l'), 'utf8'),
    (at) => fs.renameSync(at('l'), at('m')),
    (at) => fs.lstatSync(at('m')).isSymbolicLink(),
    (at) => fs.renameSync(at('m'), at('a')),
    (at) => fs.unlinkSync(at('a')),
  ],
  'attributes': [
    (at) => fs.writeFileSync(at('a'), 'x', { mode: 0o640 }),
    (at) => fs.statSync(at('a')).mode,
    (at) => fs.chmodSync(at('a'), 0o604),
    (at) => fs.chownSync(at('a'), 12, 34),
    (at) => fs.utimesSync(at('a'), 1_600_000_000.5, 1_700_000_000.25),
    (at) => {
      const { mode, uid, gid, atimeMs, mtimeMs } = fs.statSync(at('a'));
      return [mode, uid, gid, atimeMs, mtimeMs];
    },
    (at) => fs.accessSync(at('a'), fs.constants.X_OK),
  ],
};

for (const [title, steps] of Object.entries(table)) {
  testMount(mountTitle(`on the mount as on a plain directory: ${title}`), async (t) => {
    const bench = await benchOf(t, { name: 'ein ü ' });
    const plain = join(bench.directory, 'plain');
    fs.mkdirSync(plain);
    for (const [index, step] of steps.entries()) {
      const results = [bench.at, (name: string) => join(plain, name)].map((at) => {
        let value: unknown = null;
        return [codeOf(() => (value = step(at))), value];
      });
      t.deepEqual(results[0], results[1], `step ${index + 1}`);
    }
    const expected = listingOf(readTree(plain));
    t.deepEqual(listingOf(readTree(bench.mount.mountPoint)), expected);
    const log = await bench.finish();
    t.deepEqual(listingOf(readTree(bench.backing)), expected);
    const imager = new CrashImager(log, { loadStartNs: 0 });
    t.deepEqual(unaccounted(log, imager, fileSizes(bench.backing)), []);
    t.deepEqual(listingOf(imager.liveAt(Infinity)), expected);
  });
}

testMount(mountTitle('the op log has each call with its times, data and result'), async (t) => {
  const bench = await benchOf(t);
  withFile(bench.at('a'), 'w', (fd) => {
    fs.writeSync(fd, 'data');
    fs.fdatasyncSync(fd);
  });
  fs.renameSync(bench.at('a'), bench.at('b'));
  withFile(bench.mount.mountPoint, 'r', (fd) => fs.fsyncSync(fd));
  t.is(codeOf(() => fs.rmdirSync(bench.at('b'))), 'ENOTDIR');
  fs.unlinkSync(bench.at('b'));
  await sleep(20); // The kernel sends the last close when it likes.
  const log = await bench.finish();
  const calls = log.records.filter(({ call }) => call !== 'close');
  t.deepEqual(
    calls.map(({ call, path, newPath, result }) => [call, path, newPath, result]),
    [
      ['open', 'a', '', 0],
      ['write', 'a', '', 4],
      ['sync', 'a', '', 0],
      ['rename', 'a', 'b', 0],
      ['sync-directory', '', '', 0],
      ['unlink', 'b', '', 0],
    ],
  );
  t.is(Buffer.from(calls[1]?.data ?? []).toString(), 'data');
  t.is(new Set(calls.filter(({ call }) => call !== 'sync-directory').map((c) => c.inode)).size, 1);
  t.true(log.records.every(({ beginNs, endNs }) => beginNs < endNs && endNs < Infinity));
});
