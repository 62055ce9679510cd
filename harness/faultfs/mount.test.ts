// The life of a mount: nothing is left of it, however it ends.

import * as fs from 'node:fs';
import { execFile, execFileSync, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import test from 'ava';
import { findMounts, isMounted, mountFaultfs, removeStaleMount } from './client.ts';
import { namespaceCommand, namespaceForbidden } from './namespace.ts';
import { benchOf, codeOf, copyOfMounts, mountTitle, testMount } from './test-support.ts';

const alive = (pid: number): boolean => codeOf(() => process.kill(pid, 0)) === 'ok';

testMount(mountTitle('unmount leaves no process, no mount, an empty mount point'), async (t) => {
  const bench = await benchOf(t, { name: 'with space ü\\ ' });
  const { mount } = bench;
  fs.writeFileSync(bench.at('a'), 'x');
  const found = await findMounts();
  t.deepEqual(found.find((each) => each.mountPoint === mount.mountPoint)?.stale, false);
  t.deepEqual(await mount.unmount(), { clean: true, words: '' });
  t.deepEqual(await mount.unmount(), { clean: true, words: '' }, 'twice is once');
  t.false(isMounted(mount.mountPoint));
  t.false(alive(mount.pid));
  t.deepEqual(fs.readdirSync(mount.mountPoint), []);
  t.deepEqual(fs.readdirSync(bench.backing), ['a']);
  await t.throwsAsync(mount.setRules([]), { message: /faultfs on .* is gone/ });
});

for (const signal of ['SIGTERM', 'SIGINT'] as const) {
  testMount(mountTitle(`${signal} unmounts cleanly`), async (t) => {
    const { mount } = await benchOf(t);
    process.kill(mount.pid, signal);
    t.true((await mount.exited).clean);
    t.false(isMounted(mount.mountPoint));
  });
}

testMount(mountTitle('with files open there: detached, and the holder gets errors'), async (t) => {
  const bench = await benchOf(t);
  const fd = fs.openSync(bench.at('a'), 'a');
  t.false((await bench.mount.unmount()).clean);
  t.false(isMounted(bench.mount.mountPoint));
  t.regex(codeOf(() => fs.writeSync(fd, 'x')), /ENOTCONN|ECONNABORTED|EIO/);
  codeOf(() => fs.closeSync(fd));
});

testMount(mountTitle('a copy in another mount namespace does not hold it up'), async (t) => {
  const bench = await benchOf(t);
  const copy = await copyOfMounts(t);
  fs.writeFileSync(bench.at('a'), 'x');
  const { records } = await bench.finish();
  t.is(records.filter(({ endNs }) => endNs < Infinity).at(-1)?.call, 'close', 'the log is whole');
  t.false(isMounted(bench.mount.mountPoint));
  await copy.end();
});

testMount(mountTitle('SIGKILL of the process: the mount that it leaves is removed'), async (t) => {
  const bench = await benchOf(t);
  process.kill(bench.mount.pid, 'SIGKILL');
  t.false((await bench.mount.exited).clean);
  t.false(isMounted(bench.mount.mountPoint));
  t.is(codeOf(() => fs.readdirSync(bench.mount.mountPoint)), 'ok');
});

testMount(mountTitle('the parent goes: it unmounts; both go: found stale, removed'), async (t) => {
  const directory = fs.mkdtempSync(join(tmpdir(), 'plugpull-faultfs-'));
  t.teardown(() => fs.rmSync(directory, { recursive: true }));
  fs.mkdirSync(join(directory, 'backing'));
  const mountPoint = join(directory, 'mount');
  const client = join(import.meta.dirname, 'client.ts');
  const script = `
    import { mountFaultfs } from ${JSON.stringify(client)};
    const [backing, mountPoint] = process.argv.slice(1);
    console.log((await mountFaultfs({ backing, mountPoint })).pid);`;
  const startParent = async (): Promise<{ parent: ReturnType<typeof spawn>; pid: number }> => {
    const args = ['--input-type=module', '-e', script, join(directory, 'backing'), mountPoint];
    const parent = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] });
    const [said] = (await once(parent.stdout ?? parent, 'data')) as [Buffer];
    return { parent, pid: Number(said.toString()) };
  };
  const first = await startParent();
  first.parent.kill('SIGKILL');
  for (let tries = 0; alive(first.pid) && tries < 200; tries += 1) await sleep(20);
  t.false(alive(first.pid));
  t.false(isMounted(mountPoint));

  const second = await startParent();
  second.parent.kill('SIGSTOP');
  process.kill(second.pid, 'SIGKILL');
  for (let tries = 0; tries < 200; tries += 1) {
    if ((await findMounts()).some((each) => each.mountPoint === mountPoint && each.stale)) break;
    await sleep(20);
  }
  second.parent.kill('SIGKILL');
  t.true((await findMounts()).some((each) => each.mountPoint === mountPoint && each.stale));
  const mount = await mountFaultfs({ backing: join(directory, 'backing'), mountPoint });
  t.is(codeOf(() => fs.writeFileSync(join(mountPoint, 'a'), 'x')), 'ok', 'the stale one is gone');
  t.true((await mount.unmount()).clean);
  t.is(await removeStaleMount(mountPoint), null, 'nothing to remove is no error');
});

testMount(mountTitle('what cannot be mounted says why'), async (t) => {
  const directory = fs.mkdtempSync(join(tmpdir(), 'plugpull-faultfs-'));
  t.teardown(() => fs.rmSync(directory, { recursive: true }));
  const mountPoint = join(directory, 'mount');
  const backing = join(directory, 'none');
  await t.throwsAsync(mountFaultfs({ backing, mountPoint }), {
    code: 'ENVIRONMENT',
    message: /faultfs cannot be mounted on .*ENOENT.*none/s,
  });
  fs.mkdirSync(backing);
  fs.writeFileSync(join(directory, 'log'), '');
  const opLogPath = join(directory, 'log');
  const withLog = mountFaultfs({ backing, mountPoint, opLogPath });
  await t.throwsAsync(withLog, { message: /EEXIST.*log/s });
  t.false(isMounted(mountPoint));
});

const nobody = 65_534;
const asNobody = [
  'setpriv', `--reuid=${nobody}`, `--regid=${nobody}`, '--clear-groups', '--inh-caps=-all',
];

/** Why an ordinary user cannot run these sources in a namespace of his; null when he can. */
function userLacks(): string | null {
  if (process.getuid?.() !== 0) return namespaceForbidden();
  const [setpriv = '', ...args] = asNobody;
  const tried = (...command: string[]): boolean => (
    spawnSync(setpriv, [...args, ...command], { stdio: 'ignore' }).status === 0);
  if (!tried(process.execPath, '--check', import.meta.filename)) {
    return 'user nobody cannot read the sources';
  }
  const isAllowed = tried(...namespaceCommand, 'mount', '-t', 'tmpfs', 'none', '/tmp');
  return isAllowed ? null : 'user nobody gets no user and mount namespace';
}

const lacks = userLacks();
const testAsUser = lacks === null ? testMount : test.skip;
const asUser = lacks === null ? '' : ` (skipped: ${lacks})`;
testAsUser(mountTitle(`without root, in a user and mount namespace${asUser}`), async (t) => {
  const folder = fs.mkdtempSync(join(tmpdir(), 'plugpull-faultfs-'));
  t.teardown(() => fs.rmSync(folder, { recursive: true }));
  const isRoot = process.getuid?.() === 0;
  if (isRoot) fs.chownSync(folder, nobody, nobody);
  const script = join(import.meta.dirname, 'testdata/mount-and-cut.ts');
  const [command = '', ...args] = [
    ...(isRoot ? asNobody : []), ...namespaceCommand, process.execPath, script, folder,
  ];
  const { stdout } = await promisify(execFile)(command, args);
  const { uids, ...result } = JSON.parse(stdout) as { uids: number[] };
  t.deepEqual(uids, [0, isRoot ? nobody : process.getuid?.() ?? 0, 1]);
  t.deepEqual(result, { clean: true, words: '', left: ['honest', 'lost'], durable: ['honest'] });
  t.false(isMounted(join(folder, 'mount')), 'nobody else ever saw it');
});

testMount(mountTitle('an op log that cannot be written ends it: no gaps'), async (t) => {
  const directory = fs.mkdtempSync(join(tmpdir(), 'plugpull-faultfs-'));
  const [backing, small] = [join(directory, 'backing'), join(directory, 'small')];
  for (const each of [backing, small]) fs.mkdirSync(each);
  execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=64k', 'plugpull-test', small]);
  t.teardown(() => {
    execFileSync('umount', [small]);
    fs.rmSync(directory, { recursive: true });
  });
  const options = { mountPoint: join(directory, 'mount'), opLogPath: join(small, 'log') };
  const mount = await mountFaultfs({ backing, ...options });
  const fd = fs.openSync(join(mount.mountPoint, 'a'), 'a');
  const write = (): string => codeOf(() => fs.writeSync(fd, 'x'.repeat(10_000)));
  t.is(write(), 'ok');
  // The log is written when whoever waited has his answer, so a later call hears of it.
  let code = 'ok';
  for (let more = 0; more < 1000 && code === 'ok'; more += 1) code = write();
  t.not(code, 'ok');
  codeOf(() => fs.closeSync(fd));
  const exit = await mount.exited;
  t.false(exit.clean);
  t.regex(exit.words, /op log .*ENOSPC.*A recording with gaps proves nothing/);
  t.false(isMounted(mount.mountPoint));
});
