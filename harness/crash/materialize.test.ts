// Images on a real disk, and real directories against their op log.

import test from 'ava';
import { spawn } from 'node:child_process';
import { hash } from 'node:crypto';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { readOpLog } from '../../engine/io/op-log.ts';
import type { OpLog } from '../../engine/io/op-log.ts';
import { unaccounted } from './coverage.ts';
import { CrashImager } from './image.ts';
import type { FileTree } from './image.ts';
import { fileSizes, materialize, readTree } from './materialize.ts';
import { record } from './testdata/recorded.ts';

const image: FileTree = {
  files: new Map([
    ['top', Buffer.from('12')],
    ['d/e/deep', Buffer.from('345')],
    ['empty', new Uint8Array(0)],
  ]),
  directories: ['d', 'd/e', 'f'],
};

function inTemporary(run: (directory: string) => void | Promise<void>): void | Promise<void> {
  const directory = mkdtempSync(join(tmpdir(), 'plugpull-crash-'));
  const remove = (): void => rmSync(directory, { recursive: true });
  const running = run(directory);
  if (running instanceof Promise) return running.finally(remove);
  remove();
}

function plain(tree: FileTree): unknown {
  const files = [...tree.files].map(([path, bytes]) => [path, bytes.length, hash('sha1', bytes)]);
  return { files: files.sort(), directories: [...tree.directories].sort() };
}

test('an image is written and read back', (t) => inTemporary((directory) => {
  const target = join(directory, 'not/there/yet');
  t.like(materialize(image, target), { fileCount: 3, totalBytes: 5 });
  t.deepEqual(plain(readTree(target)), plain(image));
  t.deepEqual([...fileSizes(target)].sort(), [['d/e/deep', 3], ['empty', 0], ['top', 2]]);
}));

test('it goes into an empty directory only', (t) => inTemporary((directory) => {
  writeFileSync(join(directory, 'mine'), '');
  const error = t.throws(() => materialize(image, directory), { message: /it is not empty/ });
  t.like(error, { code: 'ENVIRONMENT' });
  t.throws(() => materialize(image, join(directory, 'mine')), { code: 'ENVIRONMENT' });
}));

test('a log with gaps is told', (t) => {
  const { log } = record(['open a', 'write a xyz', 'open b', 'rm b', 'open c']);
  const imager = new CrashImager(log, { loadStartNs: 0 });
  const check = (sizes: [string, number][]): string[] => unaccounted(log, imager, new Map(sizes));
  t.deepEqual(check([['a', 3], ['c', 0]]), []);
  t.deepEqual(check([['a', 4], ['d', 1]]), [
    'a has 4 bytes, the op log says 3',
    'd has 1 bytes, the op log has no such file',
    'c does not exist, the op log says 0 bytes',
  ]);
  const records = log.records.map((each) => ({ ...each, endNs: each.id === 2 ? Infinity : 1 }));
  const killed: OpLog = { ...log, records };
  const cut = new CrashImager(killed, { loadStartNs: 0 });
  t.deepEqual(unaccounted(killed, cut, new Map([['a', 2], ['c', 0]])), []);
});

// A call that was running when the process died may have been done: then as if it had ended.
function withRunningDone(log: OpLog): OpLog {
  const records = log.records.map((each) =>
    each.endNs === Infinity ? { ...each, endNs: each.beginNs, result: each.data.length } : each,
  );
  return { ...log, records };
}

test('after SIGKILL the log and the real directory tell the same', (t) =>
  inTemporary(async (directory) => {
    const [data, opLogPath] = [join(directory, 'data'), join(directory, 'op-log')];
    mkdirSync(data);
    const path = join(import.meta.dirname, '../../engine/io/testdata/write-until-killed.ts');
    const child = spawn(process.execPath, [path, data, opLogPath], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    await once(child.stdout, 'data');
    child.kill('SIGKILL');
    await once(child, 'exit');
    const log = readOpLog(readFileSync(opLogPath));
    const imager = new CrashImager(log, { loadStartNs: 0 });
    t.deepEqual(unaccounted(log, imager, fileSizes(data)), []);
    const real = plain(readTree(data));
    const done = new CrashImager(withRunningDone(log), { loadStartNs: 0 });
    const told = [imager, done].map((each) => plain(each.liveAt(Infinity)));
    t.true(told.some((tree) => JSON.stringify(tree) === JSON.stringify(real)));
    const sync = log.records.findLast((each) => each.call === 'sync' && each.endNs < Infinity);
    const [before, after] = [(sync?.endNs ?? 0) - 1, sync?.endNs ?? 0];
    t.deepEqual(plain(imager.at(after)), plain(imager.liveAt(after)), 'the sync covers all');
    t.notDeepEqual(plain(imager.at(before)), plain(imager.liveAt(before)), 'not before it ends');
  }));
