// Real disks: cut and mounted again, refused where they are not ours, gone after a kill -9.
import test from 'ava';
import type { ExecutionContext } from 'ava';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { copyOfMounts } from '../faultfs/test-support.ts';
import { cleanLeftovers, findLeftovers } from '../holdings/clean.ts';
import { startTicks } from '../holdings/holdings.ts';
import { loopsOf, mounts, runTool } from '../holdings/system.ts';
import { openBlockDisk } from './block-disk.ts';
import { fileSystems } from './disk.ts';
import type { BlockDisk, DiskOptions, FileSystem } from './disk.ts';
import { diskUnavailable, openDisk, plainDisk } from './disks.ts';
import { diskTest } from './test-support.ts';

function rootOf(t: ExecutionContext): string {
  const root = fs.mkdtempSync(path.join(os.tmpdir(), 'plugpull disk ü '));
  t.teardown(() => fs.rmSync(root, { recursive: true, force: true }));
  return root;
}

function optionsOf(t: ExecutionContext, fileSystem: FileSystem = 'ext4'): DiskOptions {
  const root = rootOf(t);
  const dataDirectory = path.join(root, 'data');
  fs.mkdirSync(dataDirectory);
  const sizeBytes = fileSystem === 'xfs' ? 320e6 : 64e6;
  return { kind: 'block', root, dataDirectory, record: null, fileSystem, sizeBytes };
}

function writeSynced(file: string, text: string): void {
  const handle = fs.openSync(file, 'w');
  fs.writeSync(handle, text);
  fs.fsyncSync(handle);
  fs.closeSync(handle);
}

async function opened(t: ExecutionContext, options: DiskOptions): Promise<BlockDisk> {
  const disk = await openBlockDisk(options);
  t.teardown(() => disk.remove());
  return disk;
}

for (const fileSystem of fileSystems) {
  const { run, title } = diskTest('block', fileSystem);
  run(title(`${fileSystem}: a cut keeps what was synced and loses the rest`), async (t) => {
    const options = optionsOf(t, fileSystem);
    const disk = await opened(t, options);
    writeSynced(path.join(disk.directory, 'synced'), 'here');
    fs.writeFileSync(path.join(disk.directory, 'unsynced'), 'gone');
    const { unproven } = await disk.cut();
    t.is(unproven, null);
    t.throws(() => writeSynced(path.join(disk.directory, 'late'), 'x'), { code: 'EIO' });
    t.deepEqual(await disk.settle(), { directory: disk.directory, broken: null });
    t.is(fs.readFileSync(path.join(disk.directory, 'synced'), 'utf8'), 'here');
    t.false(fs.existsSync(path.join(disk.directory, 'unsynced')));
    t.true(disk.mountMs > 0);
    t.like(await disk.check(), { clean: true });
    await disk.remove();
    t.false(mounts().some(({ mountPoint }) => mountPoint === disk.directory));
    t.deepEqual(fs.readdirSync(options.root), ['data']);
  });
}

const block = diskTest('block');
const faultfs = diskTest('faultfs');

block.run(block.title('what is mounted over our own device is not cut'), async (t) => {
  const disk = await opened(t, optionsOf(t));
  t.is((await runTool('mount', ['-t', 'tmpfs', 'none', disk.directory])).code, 0);
  const message = /expected \/dev\/loop\d+ on .*, found none \(tmpfs\)/;
  await t.throwsAsync(disk.cut(), { message });
  writeSynced(path.join(disk.directory, 'alive'), 'x');
});

block.run(block.title('a copy of the mount elsewhere is waited for'), async (t) => {
  const disk = await opened(t, optionsOf(t));
  writeSynced(path.join(disk.directory, 'synced'), 'here');
  const copy = await copyOfMounts(t);
  await disk.cut();
  const settled = disk.settle();
  await Promise.race([settled, sleep(200)]);
  await copy.end();
  t.deepEqual(await settled, { directory: disk.directory, broken: null });
  t.is(fs.readFileSync(path.join(disk.directory, 'synced'), 'utf8'), 'here');
  t.like(await disk.check(), { clean: true });
});

block.run(block.title('the checker\'s complaint is told'), async (t) => {
  const options = optionsOf(t);
  const disk = await opened(t, options);
  const [device = ''] = await loopsOf(path.join(options.root, 'disk.img'));
  await runTool('umount', [disk.directory]);
  // The bitmap of inodes says nothing is in use.
  t.is((await runTool('debugfs', ['-w', '-R', 'freei <2>', device])).code, 0);
  const { clean, words } = await disk.check();
  t.false(clean);
  t.regex(words, /^e2fsck: exit \d+, /);
});

block.run(block.title('an image larger than the disk is refused, and nothing stays'), async (t) => {
  const options = { ...optionsOf(t), sizeBytes: 2 ** 50 };
  await t.throwsAsync(openDisk(options), { message: /would have \d+ MB, .* has \d+ MB free/ });
  t.deepEqual(fs.readdirSync(options.root), ['data']);
});

for (const [kind, { run, title }] of [['block', block], ['faultfs', faultfs]] as const) {
  run(title(`${kind}: after kill -9 no mount, device, process or folder stays`), async (t) => {
    const root = rootOf(t);
    const stateFolder = path.join(rootOf(t), 'state');
    const main = path.join(import.meta.dirname, 'testdata/open-disk.ts');
    const child = spawn(process.execPath, [main, kind, root], {
      stdio: ['ignore', 'pipe', 'inherit'],
      env: { ...process.env, PLUGPULL_STATE_DIR: stateFolder },
    });
    const [text] = (await once(child.stdout as NodeJS.ReadableStream, 'data')) as [Buffer];
    t.true(mounts().some(({ mountPoint }) => mountPoint.startsWith(root)));
    child.kill('SIGKILL');
    await once(child, 'close');
    const cleaned = await cleanLeftovers(stateFolder);
    t.deepEqual(cleaned.filter(({ failure }) => failure !== null), []);
    t.deepEqual(await findLeftovers(stateFolder), []);
    t.false(mounts().some(({ mountPoint }) => mountPoint.startsWith(root)));
    t.deepEqual(await loopsOf(path.join(root, 'disk.img')), []);
    t.is(startTicks(Number(text.toString())), null);
    t.false(fs.existsSync(root));
    t.deepEqual(fs.readdirSync(stateFolder), []);
  });
}

test('a plain disk is the directory itself and is always there', async (t) => {
  t.is(diskUnavailable('plain', 'ext4'), null);
  t.deepEqual(await plainDisk('/x').settle(), { directory: '/x', broken: null });
});
