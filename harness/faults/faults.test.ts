// Reading what faults are asked for, and damage to files.
import test from 'ava';
import assert from 'node:assert';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { hashOf, seededDraw } from '../plan/seeds.ts';
import { plainDisk } from '../disks/disks.ts';
import type { RunningTarget } from '../targets/target.ts';
import { damageNames } from './damage.ts';
import { atMoments, faultNames, makeFault, parseFaults } from './faults.ts';

test('a text is read into steps', (t) => {
  t.deepEqual(parseFaults(''), []);
  t.deepEqual(parseFaults('disk-full@0.2-0.6+kill-in-rewrite'), [
    { name: 'disk-full', from: 0.2, to: 0.6, isRandom: false },
    { name: 'kill-in-rewrite', from: 0.3, to: 1, isRandom: false },
  ]);
  t.deepEqual(parseFaults('pause@0'), [{ name: 'pause', from: 0, to: 1, isRandom: false }]);
  t.deepEqual(parseFaults('pause@random'), [{ name: 'pause', from: 0, to: 1, isRandom: true }]);
});

const mistakes: [text: string, message: RegExp][] = [
  ['disk-fool', /fault 'disk-fool': expected one of disk-lies, /],
  ['pause@', /expected @random, or fractions of the load/], ['pause@0.6-0.2', /fractions/],
  ['pause@0.5-2', /fractions/], ['pause@0.1@0.2', /fractions/], ['+pause', /expected one of/],
  ['terminate+kill-in-bgsave', /at most one fault that ends .*, found terminate and kill-in-b/],
];

for (const [text, message] of mistakes) {
  test(`refused: ${text}`, (t) => {
    t.throws(() => parseFaults(text), { code: 'USAGE', message });
  });
}

test('random moments are those of the seed, lie in the load, and differ between trials', (t) => {
  const [random, given] = parseFaults('pause@random+disk-full@0.2-0.6');
  assert(random && given);
  t.is(atMoments(given, seededDraw(1)), given);
  const drawn = Array.from({ length: 300 }, (_, seed) => (
    atMoments(random, seededDraw(hashOf(seed)))));
  t.deepEqual(atMoments(random, seededDraw(hashOf(7))), drawn[7]);
  t.true(drawn.every(({ from, to }) => from >= 0 && to - from >= 0.05 - 1e-9 && to <= 1));
  t.true(new Set(drawn.map(({ from }) => from)).size > 100);
  t.true(drawn.some(({ from }) => from > 0.7) && drawn.some(({ to }) => to < 0.4));
});

test('each fault has its own name, and says why it cannot be had', (t) => {
  for (const name of faultNames) t.is(makeFault(name).name, name);
  const clock = makeFault('clock-jump').available('redis');
  t.regex(clock.available ? '' : clock.why, /one wall clock for all processes/);
});

const log = 'appendonlydir/a.1.incr.aof';
const contents: Readonly<Record<string, string>> = {
  [log]: 'x'.repeat(100), 'appendonlydir/a.1.base.rdb': 'b'.repeat(50),
  'appendonlydir/a.manifest': 'm'.repeat(40), 'dump.rdb': 'd'.repeat(60),
};

const harmed: Readonly<Record<string, string>> = {
  'bit-flip': log, 'truncate-log': log, 'zero-tail': log, 'remove-incr': log,
  'truncate-rdb': 'dump.rdb', 'remove-rdb': 'dump.rdb',
  'remove-base': 'appendonlydir/a.1.base.rdb', 'remove-manifest': 'appendonlydir/a.manifest',
};

for (const name of damageNames) {
  test(`${name} harms what it names and nothing else`, async (t) => {
    const directory = fs.mkdtempSync(path.join(os.tmpdir(), 'plugpull-damage-'));
    t.teardown(() => fs.rmSync(directory, { recursive: true }));
    const fault = makeFault(name);
    t.is(fault.damage?.(directory), null, 'nothing there, nothing done');
    fs.mkdirSync(path.join(directory, 'appendonlydir'));
    const write = (more: string): void => {
      for (const [file, text] of Object.entries(contents)) {
        fs.writeFileSync(path.join(directory, file), text + more);
      }
    };
    write('');
    await fault.inject({ running: {} as RunningTarget, disk: plainDisk(directory), seed: 1 });
    if (name === 'stale-copy') write(' and more');
    t.regex(fault.damage?.(directory) ?? '', new RegExp(`^${name}: `));
    const changed = Object.entries(contents).filter(([file, text]) => {
      const at = path.join(directory, file);
      return !fs.existsSync(at) || fs.readFileSync(at, 'latin1') !== text;
    });
    t.deepEqual(changed.map(([file]) => file), [harmed[name]].filter((file) => file !== undefined));
  });
}
