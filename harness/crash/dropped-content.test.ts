// Syncs that fail and drop what they covered, and hard links: what only faultfs can record.

import test from 'ava';
import { ManualClock } from '../../engine/io/clock.ts';
import { MemorySink, OpLogWriter, opFlags, readOpLog } from '../../engine/io/op-log.ts';
import type { OpBegin, OpLog } from '../../engine/io/op-log.ts';
import { CrashImager } from './image.ts';
import { firstUndurableWriteNs } from './sync-facts.ts';

const page = 4096;
const none = new Uint8Array(0);

// `write 8192 x` writes a page of x there; `drop` is a sync that fails; `link a b`, `rm a`.
function logOf(steps: readonly string[]): OpLog {
  const clock = new ManualClock({ monotonicNs: 1000 });
  const sink = new MemorySink();
  const writer = new OpLogWriter(sink, clock);
  const run = (op: Partial<OpBegin> & Pick<OpBegin, 'call'>, data = none, result = 0): void => {
    const path = Buffer.from('a');
    const whole = { inode: 7, path, newPath: none, flags: 0, offsetBytes: 0, ...op };
    const id = writer.begin(whole, data);
    clock.advanceNs(1);
    writer.end(id, result, op.call === 'open' ? 7 : 0);
    clock.advanceNs(9);
  };
  run({ call: 'open', inode: 0, flags: opFlags.create | opFlags.created });
  for (const step of steps) {
    const [verb = '', first = '', second = ''] = step.split(' ');
    const offsetBytes = Number(first);
    if (verb === 'write') run({ call: 'write', offsetBytes }, Buffer.alloc(page, second), page);
    else if (verb === 'byte') run({ call: 'write', offsetBytes }, Buffer.from(second), 1);
    else if (verb === 'cut') run({ call: 'truncate', offsetBytes });
    else if (verb === 'sync') run({ call: 'sync' });
    else if (verb === 'drop') run({ call: 'sync', flags: opFlags.dropped }, none, -5);
    else if (verb === 'fail') run({ call: 'sync' }, none, -5);
    else if (verb === 'sync-dir') run({ call: 'sync-directory', path: none, inode: 1 });
    else if (verb === 'link') {
      run({ call: 'link', path: Buffer.from(first), newPath: Buffer.from(second) });
    } else run({ call: 'unlink', path: Buffer.from(first) });
  }
  return readOpLog(sink.bytes());
}

// Pages as letters: `.` is a page of zeros.
function pagesOf(bytes: Uint8Array | undefined): string {
  if (bytes === undefined) return 'absent';
  let text = '';
  for (let at = 0; at < bytes.length; at += page) {
    text += bytes[at] === 0 ? '.' : String.fromCharCode(bytes[at] as number);
  }
  return bytes.length % page === 0 ? text : `${text}+${bytes.length % page}`;
}

const rows: [steps: string, durable: string, live: string][] = [
  ['write 0 x, sync, write 4096 y, drop', 'x', 'xy'],
  ['write 0 x, sync, write 4096 y, drop, sync', 'x.', 'xy'],
  ['write 0 x, sync, write 4096 y, fail, sync', 'xy', 'xy'],
  ['write 0 x, drop, write 4096 y, sync', '.y', 'xy'],
  ['write 0 x, drop, write 4096 y, drop, write 8192 z, sync', '..z', 'xyz'],
  ['write 0 x, drop, byte 9 b, sync', 'x', 'x'],
  ['write 0 x, sync, write 0 y, drop, sync', 'x', 'y'],
  ['write 0 x, sync, write 0 y, drop, sync, write 0 z, sync', 'z', 'z'],
  ['write 0 x, write 4096 y, sync, cut 4096, drop, cut 8192, sync', 'x.', 'x.'],
  ['write 0 x, sync, cut 0, drop', 'x', ''],
  ['write 0 x, sync, cut 0, drop, sync', '', ''],
  ['write 0 x, drop', 'absent', 'x'],
];

for (const [steps, durable, live] of rows) {
  test(`power: ${steps}`, (t) => {
    const imager = new CrashImager(logOf(steps.split(', ')), { loadStartNs: 0 });
    t.is(pagesOf(imager.at(Infinity).files.get('a')), durable);
    t.is(pagesOf(imager.liveAt(Infinity).files.get('a')), live);
  });
}

test('cuts before the failed sync know nothing of it, and the order of cuts is free', (t) => {
  const log = logOf(['write 0 x', 'sync', 'write 4096 y', 'drop', 'write 8192 z', 'sync']);
  const imager = new CrashImager(log, { loadStartNs: 0 });
  const ends = log.records.map(({ endNs }) => endNs);
  const at = (index: number): string => pagesOf(imager.at(ends[index] ?? 0).files.get('a'));
  t.deepEqual([6, 2, 4, 5, 1].map(at), ['x.z', 'x', 'x', 'x', 'absent']);
});

test('the first write that a cut undoes is the first that was dropped', (t) => {
  const log = logOf(['write 0 x', 'sync', 'write 4096 y', 'drop', 'write 8192 z', 'sync']);
  const { timeline } = new CrashImager(log, { loadStartNs: 0 });
  t.is(firstUndurableWriteNs(timeline, Infinity, () => true), log.records[3]?.beginNs ?? 0);
});

test('a hard link is one more name, durable by itself; the other name may go', (t) => {
  const steps = ['write 0 x', 'sync', 'link a b', 'sync-dir', 'rm a', 'write 4096 y', 'sync'];
  const names = (log: OpLog): string[] => {
    const image = new CrashImager(log, { loadStartNs: 0 }).at(Infinity);
    return [...image.files].map(([path, bytes]) => `${path} ${pagesOf(bytes)}`);
  };
  t.deepEqual(names(logOf(steps.slice(0, 3))), ['a x']);
  t.deepEqual(names(logOf(steps.slice(0, 4))), ['a x', 'b x']);
  t.deepEqual(names(logOf(steps)), ['a xy', 'b xy'], 'the loss of a name is not durable yet');
  t.deepEqual(names(logOf([...steps, 'sync-dir'])), ['b xy']);
});
