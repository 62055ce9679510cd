// Torn images lie between what was synced and what was written; every window gets its turn.

import test from 'ava';
import * as fc from 'fast-check';

import { readable } from '../../../engine/io/testdata/disk-script.ts';
import { seededDraw } from '../../plan/seeds.ts';
import { CrashImager } from '../image.ts';
import type { FileTree } from '../image.ts';
import { record } from '../testdata/recorded.ts';
import { Candidates } from './candidates.ts';
import { digestOf } from './digest.ts';
import { drawTear, tornImage } from './torn.ts';
import type { Tear } from './torn.ts';
import { crashWindows } from './windows.ts';

const seed = Number(process.env['PLUGPULL_TEST_SEED'] ?? Date.now() % 2 ** 31);

const story = [
  'mkdir d', 'open d/a', 'write d/a hello', 'sync d/a', 'sync-dir .', 'sync-dir d', 'settle',
  'write d/a world', 'new d/t', 'write d/t snapshot', 'sync d/t', 'mv d/t d/m.manifest',
  'write d/a again', 'sync-dir d', 'cut d/a 12', 'open b', 'write b xx', 'rm b', 'sync d/a',
];

const { log, timesNs, loadStartNs } = record(story);
const imager = new CrashImager(log, { loadStartNs });
const lastNs = timesNs.at(-1) ?? 0;

function torn(atNs: number, tear: Tear, drawSeed: number = 1): FileTree {
  return tornImage(imager.timeline, atNs, { tear, draw: seededDraw(drawSeed) });
}

function text(tree: FileTree): string {
  return JSON.stringify(readable({ ...tree, directories: [...tree.directories] }));
}

const nothing: Tear = { sectorBytes: 512, sectors: 'any', percent: 0, length: 'synced' };
const everything: Tear = { sectorBytes: 4096, sectors: 'any', percent: 100, length: 'written' };

test('nothing of the unsynced is the power image, all of it the live one', (t) => {
  for (const atNs of timesNs.filter((each) => each >= loadStartNs)) {
    t.is(text(torn(atNs, nothing)), text(imager.at(atNs)));
    t.is(text(torn(atNs, everything)), text(imager.liveAt(atNs)));
  }
});

test(`a torn image is no longer than what was written, and repeatable (seed ${seed})`, (t) => {
  const seen = { zeros: 0, different: new Set<string>() };
  const moment = fc.constantFrom(...timesNs.filter((each) => each >= loadStartNs));
  fc.assert(fc.property(moment, fc.nat(), (atNs, drawSeed) => {
    const draw = seededDraw(drawSeed);
    const tear = drawTear(draw);
    const image = tornImage(imager.timeline, atNs, { tear, draw });
    seen.different.add(digestOf(image));
    const [least, live] = [imager.at(atNs), imager.liveAt(atNs)];
    for (const [path, bytes] of image.files) {
      const known = [least.files.get(path), live.files.get(path)].flatMap((each) => each ?? []);
      // A name may be there that is durable no more, or not yet: then its file is of this log.
      const longest = Math.max(17, ...known.map(({ length }) => length));
      if (bytes.length > longest) return false;
      if (bytes.includes(0)) seen.zeros++;
    }
    const again = seededDraw(drawSeed);
    return digestOf(image) === digestOf(tornImage(imager.timeline, atNs, {
      tear: drawTear(again), draw: again,
    }));
  }), { seed, numRuns: 400 });
  t.true(seen.zeros > 10, 'some images have a length without its data');
  t.true(seen.different.size > 20);
});

test('sectors: half a write over synced bytes, and a length without its data', (t) => {
  const page = 'x'.repeat(600);
  const run = record(['open a', `write a ${page}`, 'sync a', 'sync-dir .', 'settle',
    `write a ${'y'.repeat(600)}`]);
  const { timeline } = new CrashImager(run.log, { loadStartNs: run.loadStartNs });
  const shapes = new Set<string>();
  for (let each = 0; each < 60; each++) {
    const tear: Tear = { sectorBytes: 512, sectors: 'any', percent: 50, length: 'written' };
    const image = tornImage(timeline, Infinity, { tear, draw: seededDraw(each) });
    const bytes = Buffer.from(image.files.get('a') ?? []).toString('latin1');
    const runs = bytes.replaceAll(/(.)\1*/gs, (run) => `${run[0]}${run.length} `);
    shapes.add(runs.replaceAll('\0', '.'));
  }
  // Sectors end at 1024 and at the end of the file: the bytes 600 to 1023, and 1024 to 1199.
  t.deepEqual([...shapes].sort(), [
    'x600 .424 y176 ', 'x600 .600 ', 'x600 y424 .176 ', 'x600 y600 ',
  ]);
});

test('windows: named by the rarest, sampled in turn, all when they are few', (t) => {
  const within = { fromNs: loadStartNs, toNs: lastNs };
  const windows = crashWindows(log, imager.timeline, within);
  const candidates = new Candidates(log, windows, within);
  const counts = new Map(candidates.perWindow().map((each) => [each.window, each.candidates]));
  for (const name of ['manifest swap', 'directory sync', 'removal', 'truncation'] as const) {
    t.true((counts.get(name) ?? 0) > 0, name);
  }
  t.is(counts.get('base install'), 0);
  t.is(candidates.sample(1000, seededDraw(1)).length, candidates.count);
  const few = candidates.sample(6, seededDraw(2));
  t.is(few.length, 6);
  t.true(few.some(({ window }) => window === 'manifest swap'));
  t.deepEqual(few, candidates.sample(6, seededDraw(2)));
  t.deepEqual(few.map(({ atNs }) => atNs), few.map(({ atNs }) => atNs).sort((a, b) => a - b));
});
