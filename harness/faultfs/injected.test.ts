// Each fault as a simple program sees it, and what the op log and a power cut make of it.

import * as fs from 'node:fs';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { promisify } from 'node:util';
import { CrashImager } from '../crash/image.ts';
import { monotonicNs } from '../metrics/monotonic.ts';
import { delayDrawer } from './delays.ts';
import type { FaultRule, HeldCall } from './client.ts';
import { benchOf, codeOf, mountTitle, testMount } from './test-support.ts';
import type { Bench } from './test-support.ts';

const page = 4096;
const rename = promisify(fs.rename);
const fdatasync = promisify(fs.fdatasync);

// Every descriptor is closed before the mount goes.
function opened<T>(bench: Bench, name: string, use: (fd: number) => T): T {
  const fd = fs.openSync(bench.at(name), 'a');
  try {
    return use(fd);
  } finally {
    fs.closeSync(fd);
  }
}

function durable(log: Awaited<ReturnType<Bench['finish']>>, name: string): string {
  const image = new CrashImager(log, { loadStartNs: 0 }).at(Infinity);
  return Buffer.from(image.files.get(name) ?? 'absent').toString('latin1');
}

testMount(mountTitle('EIO on fsync, once: later syncs do not cover what it dropped'), async (t) => {
  const fault = { kind: 'error', code: 'EIO' } as const;
  const rule: FaultRule = { paths: 'a', calls: ['sync'], fault, times: 1, skip: 1 };
  const bench = await benchOf(t, { rules: [rule] });
  opened(bench, 'a', (fd) => {
    for (const [letter, code] of [['1', 'ok'], ['2', 'EIO'], ['3', 'ok']] as const) {
      fs.writeSync(fd, letter.repeat(page));
      t.is(codeOf(() => fs.fdatasyncSync(fd)), code);
    }
  });
  opened(bench, 'b', (fd) => t.is(codeOf(() => fs.fsyncSync(fd)), 'ok'));
  const whole = '1'.repeat(page) + '2'.repeat(page) + '3'.repeat(page);
  t.is(fs.readFileSync(bench.at('a'), 'latin1'), whole, 'reads still see it');
  t.deepEqual(await bench.mount.hits(), [1]);
  const log = await bench.finish();
  t.is(durable(log, 'a'), '1'.repeat(page) + '\0'.repeat(page) + '3'.repeat(page));
});

testMount(mountTitle('a page that is written again after the failed sync is kept'), async (t) => {
  const fault = { kind: 'error', code: 'EIO' } as const;
  const bench = await benchOf(t, { rules: [{ calls: ['sync'], fault, times: 1 }] });
  opened(bench, 'a', (fd) => {
    fs.writeSync(fd, 'dropped ');
    t.is(codeOf(() => fs.fsyncSync(fd)), 'EIO');
    fs.writeSync(fd, 'and kept');
    fs.fsyncSync(fd);
  });
  t.is(durable(await bench.finish(), 'a'), 'dropped and kept');
});

testMount(mountTitle('a sync that lies answers well, and a cut loses the data'), async (t) => {
  const bench = await benchOf(t, { rules: [{ fault: { kind: 'lie' } }] });
  opened(bench, 'a', (fd) => {
    fs.writeSync(fd, 'gone');
    t.is(codeOf(() => fs.fsyncSync(fd)), 'ok');
    t.is(codeOf(() => fs.fdatasyncSync(fd)), 'ok');
  });
  t.deepEqual(await bench.mount.hits(), [2]);
  const log = await bench.finish();
  t.is(durable(log, 'a'), 'absent');
  const ever = new CrashImager(log, { loadStartNs: Infinity }).at(Infinity);
  t.true(ever.files.has('a'));
});

testMount(mountTitle('writes: EIO, short, full, full again after a removal'), async (t) => {
  const bench = await benchOf(t, {
    rules: [{ paths: 'a', calls: ['write'], fault: { kind: 'error', code: 'EIO' }, times: 1 }],
  });
  const write = (name: string, text: string): string | number =>
    opened(bench, name, (fd) => {
      let count = 0;
      const code = codeOf(() => (count = fs.writeSync(fd, text)));
      return code === 'ok' ? count : code;
    });
  t.deepEqual([write('a', 'xyz'), write('a', 'xyz')], ['EIO', 3]);
  await bench.mount.setRules([{ fault: { kind: 'short-write', maxBytes: 2 }, times: 1 }]);
  // Node writes the rest by itself: only the op log shows that the write was short.
  t.deepEqual([write('a', 'short'), write('a', 'whole')], [5, 5]);
  t.deepEqual(await bench.mount.hits(), [1]);
  await bench.mount.setRules([{ paths: '*.aof', fault: { kind: 'full', budgetBytes: 10 } }]);
  t.deepEqual([write('1.aof', '12345678'), write('2.aof', '1234')], [8, 2]);
  t.deepEqual([write('2.aof', '1'), write('b', 'elsewhere')], ['ENOSPC', 9]);
  fs.unlinkSync(bench.at('1.aof'));
  t.is(write('2.aof', '123456789'), 8, 'the space of a removed file is free again');
  await bench.mount.setRules([]);
  t.is(write('2.aof', '123'), 3);
  t.is(fs.readFileSync(bench.at('a'), 'latin1'), 'xyzshortwhole');
  const log = await bench.finish();
  const taken = log.records.filter(({ call, path }) => call === 'write' && path === 'a');
  t.deepEqual(taken.map(({ result }) => result), [-5, 3, 2, 3, 5]);
  const content = new CrashImager(log, { loadStartNs: 0 }).liveAt(Infinity).files.get('2.aof');
  t.is(Buffer.from(content ?? '').toString(), '1212345678123');
});

testMount(mountTitle('read-only: EROFS for every change'), async (t) => {
  const bench = await benchOf(t);
  fs.writeFileSync(bench.at('a'), 'x');
  const fd = fs.openSync(bench.at('a'), 'a');
  await bench.mount.setRules([{ fault: { kind: 'read-only' } }]);
  const changes: (() => unknown)[] = [
    () => fs.writeSync(fd, 'y'),
    () => fs.openSync(bench.at('a'), 'r+'),
    () => fs.writeFileSync(bench.at('b'), ''),
    () => fs.truncateSync(bench.at('a'), 0),
    () => fs.renameSync(bench.at('a'), bench.at('b')),
    () => fs.linkSync(bench.at('a'), bench.at('b')),
    () => fs.mkdirSync(bench.at('d')),
    () => fs.unlinkSync(bench.at('a')),
  ];
  t.deepEqual(changes.map(codeOf), changes.map(() => 'EROFS'));
  t.is(fs.readFileSync(bench.at('a'), 'latin1'), 'x');
  await bench.mount.setRules([]);
  t.is(codeOf(() => fs.writeSync(fd, 'y')), 'ok');
  fs.closeSync(fd);
  await bench.finish();
});

testMount(mountTitle('a delayed sync: later, and others do not wait for it'), async (t) => {
  const bench = await benchOf(t);
  const fd = fs.openSync(bench.at('a'), 'a');
  fs.writeSync(fd, 'x');
  await bench.mount.setRules([{ calls: ['sync'], fault: { kind: 'delay', delayMs: 150 } }]);
  const startNs = monotonicNs();
  const order: string[] = [];
  const synced = fdatasync(fd).then(() => order.push('sync'));
  fs.writeFileSync(bench.at('b'), 'meanwhile');
  order.push('write');
  await synced;
  t.deepEqual(order, ['write', 'sync']);
  t.true(monotonicNs() - startNs >= 150e6);
  fs.closeSync(fd);
  const log = await bench.finish();
  t.is(durable(log, 'a'), 'x');
});

testMount(mountTitle('delays are drawn from a distribution, for each call anew'), async (t) => {
  const held: HeldCall[] = [];
  const bench = await benchOf(t, { onHeld: (each) => held.push(each) });
  const fd = fs.openSync(bench.at('a'), 'a');
  const delayMs = { kind: 'lognormal', medianMs: 2, sigma: 0.5 } as const;
  await bench.mount.setRules([{ calls: ['sync'], fault: { kind: 'delay', delayMs, seed: 5 } }]);
  for (let count = 0; count < 4; count += 1) fs.fsyncSync(fd);
  fs.closeSync(fd);
  await bench.mount.hits(); // what is held was told before this answer
  const draw = delayDrawer(delayMs, 5);
  t.deepEqual(held.map((each) => each.delayMs), [draw(), draw(), draw(), draw()]);
  await bench.finish();
});

testMount(mountTitle('frozen calls go on when the rule is taken away'), async (t) => {
  const held: HeldCall[] = [];
  const bench = await benchOf(t, { onHeld: (each) => held.push(each) });
  fs.writeFileSync(bench.at('a'), 'x');
  await bench.mount.setRules([{ paths: 'b', calls: ['rename'], fault: { kind: 'freeze' } }]);
  let renamed = false;
  const going = rename(bench.at('a'), bench.at('b')).then(() => (renamed = true));
  while (held.length === 0) await bench.mount.hits();
  const { pid, ...what } = held[0] as HeldCall;
  t.deepEqual(what, { call: 'rename', path: 'a', newPath: 'b', delayMs: null });
  t.true(fs.existsSync(`/proc/${process.pid}/task/${pid}`));
  t.false(renamed);
  t.true(fs.existsSync(`${bench.backing}/a`));
  await bench.mount.setRules([]);
  await going;
  t.true(fs.existsSync(bench.at('b')));
  await bench.finish();
});

testMount(mountTitle('a process killed in a frozen call goes, its call undone'), async (t) => {
  const held: HeldCall[] = [];
  const rules = [{ calls: ['rename' as const], fault: { kind: 'freeze' as const } }];
  const bench = await benchOf(t, { rules, onHeld: (each) => held.push(each) });
  fs.writeFileSync(bench.at('a'), 'x');
  const child = spawn('mv', ['-T', bench.at('a'), bench.at('b')], { stdio: 'ignore' });
  while (held.length === 0) await bench.mount.hits();
  child.kill('SIGKILL');
  t.deepEqual(await once(child, 'exit'), [null, 'SIGKILL']);
  t.deepEqual(fs.readdirSync(bench.backing), ['a']);
  const log = await bench.finish();
  t.false(log.records.some(({ call }) => call === 'rename'));
});
