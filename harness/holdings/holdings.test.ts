// What a process leaves behind when it is killed is found and undone, and nothing else is.
import test from 'ava';
import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { cleanLeftovers, findLeftovers, holdingText } from './clean.ts';
import { hold, startTicks, stateFolder } from './holdings.ts';
import { mounts, runTool } from './system.ts';

const root = fs.mkdtempSync(path.join(os.tmpdir(), 'plugpull-holdings-'));
process.env['PLUGPULL_STATE_DIR'] = path.join(root, 'state ü');
test.after.always(() => fs.rmSync(root, { recursive: true }));

const linuxTest = process.platform === 'linux' ? test.serial : test.serial.skip;

async function holder(name: string): Promise<{ child: ChildProcess; folder: string; pid: number }> {
  const folder = path.join(root, name);
  const main = path.join(import.meta.dirname, 'testdata/holder.ts');
  const child = spawn(process.execPath, [main, folder], { stdio: ['ignore', 'pipe', 'inherit'] });
  const [text] = (await once(child.stdout as NodeJS.ReadableStream, 'data')) as [Buffer];
  return { child, folder, pid: Number(text.toString()) };
}

test.serial('what is held is written down until it is gone', (t) => {
  const release = hold({ kind: 'folder', path: '/nowhere' });
  const other = hold({ kind: 'folder', path: '/elsewhere' });
  const [file = ''] = fs.readdirSync(stateFolder());
  t.is(file, `${process.pid}-${startTicks(process.pid) ?? 0}.json`);
  release();
  const state: unknown = JSON.parse(fs.readFileSync(path.join(stateFolder(), file), 'utf8'));
  t.like(state, { holdings: [{ kind: 'folder', path: '/elsewhere' }] });
  other();
  other();
  t.deepEqual(fs.readdirSync(stateFolder()), []);
});

linuxTest('a living owner is left alone, a killed one is cleaned up after', async (t) => {
  const [living, killed] = [await holder('living'), await holder('killed')];
  killed.child.kill('SIGKILL');
  await once(killed.child, 'exit');
  const found = await findLeftovers();
  t.deepEqual(found.map(({ owner }) => owner), [killed.child.pid]);
  t.deepEqual(found[0]?.holdings.map(holdingText), [
    `folder ${killed.folder}`, `process ${killed.pid}`,
  ]);
  const cleaned = await cleanLeftovers();
  t.deepEqual(cleaned.map(({ failure }) => failure), [null, null]);
  t.is(startTicks(killed.pid), null);
  t.false(fs.existsSync(killed.folder));
  t.not(startTicks(living.pid), null);
  t.true(fs.existsSync(living.folder));
  t.deepEqual(await findLeftovers(), []);
  living.child.kill('SIGKILL');
  await once(living.child, 'exit');
  await cleanLeftovers();
  t.is(startTicks(living.pid), null);
  t.deepEqual(fs.readdirSync(stateFolder()), []);
});

linuxTest('the state of another machine, or a pid reused since, is no order', async (t) => {
  const folder = path.join(root, 'kept');
  fs.mkdirSync(folder);
  const holdings = [{ kind: 'folder', path: folder }];
  const place = { host: 'elsewhere', boot: 'then', pidNamespace: 'pid:[1]' };
  const foreign = path.join(stateFolder(), '1-1.json');
  fs.writeFileSync(foreign, JSON.stringify({ place, holdings }));
  const release = hold({ kind: 'folder', path: '/nowhere' });
  const [own = ''] = fs.readdirSync(stateFolder()).filter((name) => name !== '1-1.json');
  const state = JSON.parse(fs.readFileSync(path.join(stateFolder(), own), 'utf8')) as object;
  const reused = { kind: 'process', pid: process.pid, startTicks: 1 };
  fs.writeFileSync(path.join(stateFolder(), '2-2.json'),
    JSON.stringify({ ...state, holdings: [reused] }));
  t.deepEqual(await cleanLeftovers(), []);
  t.true(fs.existsSync(folder));
  t.true(fs.existsSync(foreign));
  release();
});

test.serial('a tool that fails or is missing is told, not thrown', async (t) => {
  t.like(await runTool('ls', ['/nowhere at all']), { code: 2 });
  t.regex((await runTool('ls', ['/nowhere at all'])).words, /No such file/);
  t.like(await runTool('plugpull-no-such-tool', []), { code: null });
  if (process.platform === 'linux') t.true(mounts().some(({ mountPoint }) => mountPoint === '/'));
});
