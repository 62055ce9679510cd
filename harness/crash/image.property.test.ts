// Two independent tellings of the power rules agree: the crash image rebuilt from the op log, and
// the memory disk that was cut at the same instant; for random storage calls, valid or not.

import test from 'ava';
import * as fc from 'fast-check';

import { readable } from '../../engine/io/testdata/disk-script.ts';
import { CrashImager } from './image.ts';
import type { FileTree } from './image.ts';
import { record } from './testdata/recorded.ts';

const seed = Number(process.env['PLUGPULL_TEST_SEED'] ?? Date.now() % 2 ** 31);

// Few names, so that they meet again and again.
const file = fc.constantFrom('a', 'b', 'd/a');
const path = fc.constantFrom('a', 'b', 'd/a', 'd/a', 'a', 'b', 'd', 'e', 'd/f');
const directory = fc.constantFrom('.', 'd', 'd/f');
const call = fc.constantFrom(
  'open', 'write', 'truncate', 'sync', 'rename', 'unlink', 'mkdir', 'sync-directory', 'close',
);

function line(...parts: fc.Arbitrary<unknown>[]): fc.Arbitrary<string> {
  return fc.tuple(...parts).map((words) => words.join(' '));
}

const step = fc.oneof(
  { weight: 6, arbitrary: line(fc.constantFrom('open', 'new', 'trunc', 'read'), file) },
  { weight: 8, arbitrary: line(fc.constant('write'), file, fc.constantFrom('x', 'yy', 'zzzzz')) },
  { weight: 6, arbitrary: line(fc.constantFrom('sync', 'begin-sync', 'begin-sync'), file) },
  { weight: 3, arbitrary: fc.constant('end-sync') },
  { weight: 3, arbitrary: line(fc.constant('sync-dir'), directory) },
  { weight: 3, arbitrary: line(fc.constantFrom('cut', 'cut-open'), file, fc.nat(6)) },
  { weight: 5, arbitrary: line(fc.constant('mv'), path, path) },
  { weight: 3, arbitrary: line(fc.constantFrom('rm', 'close'), file) },
  { weight: 3, arbitrary: line(fc.constant('mkdir'), fc.constantFrom('d', 'd/f')) },
  { weight: 1, arbitrary: line(fc.constant('fail'), call, fc.constantFrom('EIO', 'ENOSPC')) },
  { weight: 2, arbitrary: line(fc.constant('short'), fc.nat(3)) },
);

const beginnings: readonly FileTree[] = [
  { files: new Map(), directories: [] },
  {
    files: new Map([
      ['a', Buffer.from('first')],
      ['d/b', Buffer.from('second')],
    ]),
    directories: ['d', 'e'],
  },
];

interface Story {
  steps: string[];
  settleAt: number;
  beginning: number;
}

const story: fc.Arbitrary<Story> = fc.record({
  steps: fc.array(step, { minLength: 1, maxLength: 60, size: 'max' }),
  settleAt: fc.nat(60),
  beginning: fc.nat(beginnings.length - 1),
});

function tell({ steps, settleAt, beginning }: Story): { wanted: string[]; found: string[] } {
  const all = [...steps.slice(0, settleAt), 'settle', ...steps.slice(settleAt)];
  const initial = beginnings[beginning] ?? { files: new Map(), directories: [] };
  const wanted: string[] = [];
  const { log, timesNs, loadStartNs } = record(all, initial, (memory) => {
    wanted.push(text(memory.powerCut().tree()), text(memory.tree()));
  });
  const imager = new CrashImager(log, { loadStartNs, initial });
  const ascending = timesNs.map((ns) => [imager.at(ns), imager.liveAt(ns)]);
  const descending = timesNs.toReversed().map((ns) => [imager.at(ns), imager.liveAt(ns)]);
  const found = ascending.flat().map(text);
  const again = descending.toReversed().flat().map(text);
  return { wanted: [...wanted, ...wanted], found: [...found, ...again] };
}

function text(tree: Parameters<typeof readable>[0]): string {
  return JSON.stringify(readable(tree));
}

test(`crash image and memory disk agree after every call (seed ${seed})`, (t) => {
  const longest = { files: 0 };
  fc.assert(
    fc.property(story, (each) => {
      const { wanted, found } = tell(each);
      longest.files = Math.max(longest.files, ...wanted.map((tree) => tree.split(':').length));
      return JSON.stringify(found) === JSON.stringify(wanted);
    }),
    { seed, numRuns: 1000 },
  );
  t.true(longest.files > 4, 'the stories left something to compare');
});

test('the property can fail: a log without its last sync is told from a whole one', (t) => {
  const { log } = record(['open a', 'write a x', 'sync a']);
  const whole = new CrashImager(log, { loadStartNs: 0 }).at(Infinity);
  const lying = { ...log, records: log.records.filter((each) => each.call !== 'sync') };
  t.notDeepEqual(new CrashImager(lying, { loadStartNs: 0 }).at(Infinity), whole);
});
