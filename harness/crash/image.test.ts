// Crash images: every durability rule through a recorded op log, and what only logs can have.

import test from 'ava';

import { readable } from '../../engine/io/testdata/disk-script.ts';
import { durabilityRules } from '../../engine/io/testdata/durability-rules.ts';
import { CrashImager, crashImage } from './image.ts';
import type { FileTree } from './image.ts';
import { record } from './testdata/recorded.ts';

for (const { title, steps, left } of durabilityRules) {
  test(`power: ${title}`, (t) => {
    const { log, loadStartNs } = record(steps);
    t.deepEqual(readable(crashImage(log, Infinity, { loadStartNs })), left);
  });
}

test('one imager cuts at any instant, in any order, and images stay as they were', (t) => {
  const steps = ['open a', 'write a x', 'sync a', 'write a y', 'sync a', 'cut a 1', 'sync a'];
  const { log, timesNs } = record([...steps, 'write a Z', 'sync a']);
  const imager = new CrashImager(log, { loadStartNs: 0 });
  const expected = [{}, {}, { a: 'x' }, { a: 'x' }, { a: 'xy' }, { a: 'xy' }, { a: 'x' }];
  const wanted = [...expected, { a: 'x' }, { a: 'xZ' }];
  const order = [0, 2, 4, 6, 8, 7, 3, 5, 1, 4, 8, 2];
  const images = order.map((step) => imager.at(timesNs[step] ?? 0));
  for (const [index, step] of order.entries()) {
    t.deepEqual(readable(images[index] ?? { files: new Map(), directories: [] }), wanted[step]);
  }
});

test('cuts of a growing file share its bytes', (t) => {
  const { log, timesNs } = record(['open a', 'write a x', 'sync a', 'write a y', 'sync a']);
  const imager = new CrashImager(log, { loadStartNs: 0 });
  const [early, late] = [timesNs[2], timesNs[4]].map((ns) => imager.at(ns ?? 0).files.get('a'));
  t.is(early?.buffer, late?.buffer);
});

test('the instant itself counts: a sync that ended at the cut is durable', (t) => {
  const { log } = record(['open a', 'write a x', 'sync a']);
  const sync = log.records.find((each) => each.call === 'sync');
  const imager = new CrashImager(log, { loadStartNs: 0 });
  t.deepEqual(readable(imager.at(sync?.endNs ?? 0)), { a: 'x' });
  t.deepEqual(readable(imager.at((sync?.endNs ?? 0) - 1)), {});
});

test('liveAt is what callers saw', (t) => {
  const { log, timesNs } = record(['open a', 'write a xy', 'mv a b', 'cut b 1', 'rm b']);
  const imager = new CrashImager(log, { loadStartNs: 0 });
  const seen = timesNs.map((ns) => readable(imager.liveAt(ns)));
  t.deepEqual(seen, [{ a: '' }, { a: 'xy' }, { b: 'xy' }, { b: 'x' }, {}]);
});

const before: FileTree = {
  files: new Map([
    ['a', Buffer.from('old')],
    ['d/b', Buffer.from('deep')],
  ]),
  directories: ['d'],
};

test('what was there before the recording is durable, changed or not', (t) => {
  const steps = ['open a', 'write a er', 'trunc d/b', 'mv a c', 'sync d/b'];
  const { log, timesNs } = record(steps, before);
  const imager = new CrashImager(log, { loadStartNs: 0, initial: before });
  const seen = timesNs.map((ns) => readable(imager.at(ns)));
  const untouched = { a: 'old', d: null, 'd/b': 'deep' };
  t.deepEqual(seen.slice(0, 4), [untouched, untouched, untouched, untouched]);
  t.deepEqual(seen[4], { a: 'old', d: null, 'd/b': '' });
  t.deepEqual(readable(imager.liveAt(Infinity)), { c: 'older', d: null, 'd/b': '' });
  t.is(Buffer.from(before.files.get('a') ?? []).toString(), 'old');
});

for (const step of ['open a', 'trunc a', 'mv a c', 'rm a', 'cut a 1', 'new d/x', 'sync-dir d']) {
  test(`a log that meets unknown files says so: ${step}`, (t) => {
    const { log } = record([step], before);
    const error = t.throws(() => new CrashImager(log, { loadStartNs: 0 }));
    t.like(error, { code: 'OP_LOG_BAD' });
    t.regex(error?.message ?? '', /existed before the recording/);
  });
}

test('failed calls on unknown files are no matter', (t) => {
  const { log } = record(['read none', 'rm none', 'mv none x', 'sync-dir none', 'mkdir no/no']);
  t.is(log.records.length, 5);
  t.deepEqual(readable(crashImage(log, Infinity, { loadStartNs: 0 })), {});
});

test('inode numbers that come back are other files', (t) => {
  const steps = ['open a', 'write a one', 'sync a', 'close a', 'rm a'];
  const { log } = record([...steps, 'open b', 'write b two', 'sync b']);
  const inodes = new Set(log.records.map((each) => each.inode).filter((inode) => inode !== 0));
  t.is(inodes.size, 1);
  t.deepEqual(readable(crashImage(log, Infinity, { loadStartNs: 0 })), { a: 'one', b: 'two' });
});
