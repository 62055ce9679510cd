// The facts that floors and windows stand on.

import test from 'ava';

import type { OpCall, OpLog, OpRecord } from '../../engine/io/op-log.ts';
import {
  completedSnapshots,
  durableSnapshots,
  firstUndurableWriteNs,
  syncFacts,
} from './sync-facts.ts';
import { record } from './testdata/recorded.ts';
import { Timeline } from './timeline.ts';

type Row = readonly [call: OpCall, path: string, beginNs: number, endNs: number, result?: number];

function logOf(rows: readonly Row[]): OpLog {
  const records = rows.map(([call, path, beginNs, endNs, result = 0], index): OpRecord => ({
    id: index, call, beginNs, endNs, inode: 1, path, newPath: '', flags: 0, offsetBytes: 0,
    data: new Uint8Array(0), result, beginPosition: index, endPosition: index,
  }));
  return { records, releases: [], validBytes: 0 };
}

const syncs = logOf([
  ['sync', 'incr', 10, 15],
  ['sync', 'other', 12, 90],
  ['sync-directory', 'incr', 12, 90],
  ['write', 'incr', 12, 90],
  ['sync', 'incr', 20, 60],
  ['sync', 'incr', 70, 80, -5],
  ['sync', 'incr', 80, 82],
  ['sync', 'incr', 90, Infinity],
]);
const onlyIncr = (path: string): boolean => path === 'incr';

const factRows: readonly [cutNs: number, wanted: Record<string, unknown>][] = [
  [5, { syncs: 0, lastSyncBeganNs: null, lastSyncEndedNs: null, longestSyncNs: 0 }],
  [5, { lastTwoSyncNs: [0, 0], inFlightSyncNs: null, failedSyncs: 0 }],
  [14, { syncs: 0, lastSyncBeganNs: null, inFlightSyncNs: 4 }],
  [15, { syncs: 1, lastSyncBeganNs: 10, lastSyncEndedNs: 15, lastTwoSyncNs: [5, 0] }],
  [59, { syncs: 1, lastSyncBeganNs: 10, longestSyncNs: 5, inFlightSyncNs: 39 }],
  [60, { syncs: 2, lastSyncBeganNs: 20, longestSyncNs: 40, lastTwoSyncNs: [40, 5] }],
  [81, { syncs: 2, failedSyncs: 1, lastSyncBeganNs: 20, inFlightSyncNs: 1 }],
  [82, { syncs: 3, lastSyncBeganNs: 80, longestSyncNs: 40, lastTwoSyncNs: [2, 40] }],
  [Infinity, { syncs: 3, lastSyncBeganNs: 80, inFlightSyncNs: Infinity }],
];
for (const [cutNs, wanted] of factRows) {
  test(`syncs up to ${cutNs}: ${JSON.stringify(wanted)}`, (t) => {
    t.like(syncFacts(syncs, cutNs, onlyIncr), wanted);
  });
}

test('a floor is the begin of the sync that began last, whichever ended last', (t) => {
  const log = logOf([['sync', 'incr', 10, 50], ['sync', 'incr', 20, 30]]);
  t.like(syncFacts(log, 100, onlyIncr), { lastSyncBeganNs: 20, lastSyncEndedNs: 50 });
});

test('snapshots: opened, renamed, durable', (t) => {
  const first = ['open temp', 'write temp 1', 'sync temp', 'close temp', 'mv temp dump'];
  const second = ['open temp', 'write temp 2', 'sync temp', 'close temp', 'mv temp dump'];
  const { log, timesNs } = record([...first, 'sync-dir .', ...second, 'open x', 'sync-dir .']);
  const timeline = new Timeline(log, { loadStartNs: 0 });
  const isDump = (path: string): boolean => path === 'dump';
  const counts = timesNs.map((ns) => [
    completedSnapshots(timeline, ns, isDump).length,
    durableSnapshots(timeline, ns, isDump).length,
  ]);
  t.deepEqual(counts.slice(0, 6), [[0, 0], [0, 0], [0, 0], [0, 0], [1, 0], [1, 1]]);
  t.deepEqual(counts.slice(9), [[1, 1], [2, 1], [2, 1], [2, 2]]);
  const opens = log.records.filter((each) => each.call === 'open' && each.path === 'temp');
  const renames = log.records.filter((each) => each.call === 'rename');
  const directorySyncs = log.records.filter((each) => each.call === 'sync-directory');
  const wanted = [0, 1].map((index) => ({
    path: 'dump',
    openedNs: opens[index]?.beginNs,
    renamedNs: renames[index]?.endNs,
    durableNs: directorySyncs[index]?.endNs,
  }));
  t.deepEqual(durableSnapshots(timeline, Infinity, isDump) as unknown[], wanted);
  t.deepEqual(durableSnapshots(timeline, Infinity, (path) => path === 'temp'), []);
});

test('a temporary file that was there already counts from its last opening', (t) => {
  const { log } = record(['open temp', 'write temp 1', 'close temp', 'trunc temp', 'mv temp dump']);
  const [snapshot] = completedSnapshots(
    new Timeline(log, { loadStartNs: 0 }), Infinity, (path) => path === 'dump',
  );
  const opens = log.records.filter((each) => each.call === 'open');
  t.like(snapshot, { openedNs: opens[1]?.beginNs, durableNs: Infinity });
});

test('the first write that a cut undoes, over all files that bear a chosen name', (t) => {
  const steps = [
    'open a', 'write a x', 'sync a', 'open b', 'write b y', 'write a z', 'sync b', 'sync a',
    'write b last', 'rm b', 'settle',
  ];
  const { log, timesNs, loadStartNs } = record(steps);
  const timeline = new Timeline(log, { loadStartNs });
  const writes = log.records.filter((each) => each.call === 'write').map((each) => each.beginNs);
  const found = timesNs.map((ns) => firstUndurableWriteNs(timeline, ns, () => true));
  const [x, y, z, last] = writes;
  t.deepEqual(found as unknown[], [null, x, null, null, y, y, z, null, last, null, null]);
  t.is(firstUndurableWriteNs(timeline, timesNs[5] ?? 0, (path) => path === 'a'), z ?? null);
});
