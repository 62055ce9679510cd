// The op log's codec: round trip, torn ends, damage.

import test from 'ava';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { ManualClock } from './clock.ts';
import * as format from './op-log-format.ts';
import { MemorySink, OpLogWriter, fileSink, opFlags, readOpLog } from './op-log.ts';
import type { OpBegin, OpLogSink } from './op-log.ts';

const none = new Uint8Array(0);

function op(call: OpBegin['call'], path: string, more: Partial<OpBegin> = {}): OpBegin {
  const known = { inode: 0, newPath: none, flags: 0, offsetBytes: 0, ...more };
  return { call, path: Buffer.from(path), ...known };
}

// A little of everything; the clock moves 10 ns between calls.
function writeSample(sink: OpLogSink, keepBytes: number = 0): void {
  const clock = new ManualClock({ monotonicNs: 5_000_000_000_000_000 });
  const log = new OpLogWriter(sink, clock, keepBytes);
  const step = (): void => clock.advanceNs(10);
  const flags = opFlags.create | opFlags.created;
  const opened = log.begin(op('open', 'dir/ä.aof', { flags }));
  step();
  log.end(opened, 0, 2 ** 40 + 1);
  step();
  const write = op('write', 'dir/ä.aof', { inode: 2 ** 40 + 1, offsetBytes: 2 ** 33 });
  const written = log.begin(write, Buffer.from('--hello--'), 2, 7);
  step();
  log.release(50_000, 3);
  step();
  log.end(written, 4);
  step();
  const renamed = log.begin(op('rename', 'a', { newPath: Buffer.from('b/c') }));
  step();
  log.end(renamed, -2);
  step();
  log.queueRelease(50_001, 1);
  log.queueRelease(50_002, 2 ** 35);
  log.flush();
  step();
  log.begin(op('sync', 'dir/ä.aof', { inode: 7 }));
  log.close();
}

function sample(): Buffer {
  const sink = new MemorySink();
  writeSample(sink);
  return Buffer.from(sink.bytes());
}

test('what is written is read back', (t) => {
  const bytes = sample();
  const log = readOpLog(bytes);
  t.is(log.validBytes, bytes.length);
  t.is(log.records.length, 4);
  const [opened, written, renamed, sync] = log.records;
  const at = 5_000_000_000_000_000;
  t.like(opened, { id: 1, call: 'open', path: 'dir/ä.aof', newPath: '', inode: 2 ** 40 + 1 });
  t.like(opened, { beginNs: at, endNs: at + 10, flags: 18, result: 0, beginPosition: 64 });
  t.like(written, { id: 2, call: 'write', inode: 2 ** 40 + 1, offsetBytes: 2 ** 33, result: 4 });
  t.is(Buffer.from(written?.data ?? []).toString(), 'hello');
  t.like(renamed, { call: 'rename', path: 'a', newPath: 'b/c', result: -2 });
  t.like(sync, { call: 'sync', endNs: Infinity, endPosition: Infinity, result: 0 });
  t.deepEqual(log.releases, [
    { clientPort: 50_000, count: 3, atNs: at + 30 },
    { clientPort: 50_001, count: 1, atNs: at + 70 },
    { clientPort: 50_002, count: 2 ** 35, atNs: at + 70 },
  ]);
});

test('a file holds the same bytes, and is never overwritten', (t) => {
  const directory = mkdtempSync(join(tmpdir(), 'plugpull-op-log-'));
  try {
    const path = join(directory, 'op-log');
    writeSample(fileSink(path));
    t.deepEqual(readFileSync(path), sample());
    t.throws(() => fileSink(path), { code: 'EEXIST' });
  } finally {
    rmSync(directory, { recursive: true });
  }
});

test('a writer that keeps records for a while writes the same log', (t) => {
  for (const keepBytes of [1, 100, 1 << 20]) {
    const sink = new MemorySink();
    writeSample(sink, keepBytes);
    t.deepEqual(Buffer.from(sink.bytes()), sample(), `keepBytes ${keepBytes}`);
  }
  const sink = new MemorySink();
  const log = new OpLogWriter(sink, new ManualClock(), 1 << 20);
  log.end(log.begin(op('write', 'a'), Buffer.from('data')), 4);
  t.is(sink.bytes().length, format.headerBytes);
  t.is(log.keptBytes, 44 + 1 + 4 + 40);
  log.flush();
  t.is(log.keptBytes, 0);
  t.like(readOpLog(sink.bytes()).records, [{ call: 'write', path: 'a', result: 4 }]);
});

test('a write recorded when it has ended is the same as one recorded in two halves', (t) => {
  const bytes = Buffer.alloc(40_000, 'some data. ');
  const write = op('write', 'dir/a', { inode: 9, offsetBytes: 5 });
  for (const [start, end] of [[0, 0], [3, 40], [7, 16_391], [0, 16_384], [80, 40_000]] as const) {
    const [whole, halves] = [new MemorySink(), new MemorySink()];
    const late = new OpLogWriter(whole, new ManualClock({ monotonicNs: 900 }), 1 << 20);
    late.end(late.begin(op('sync', 'b')), 0);
    late.wrote(write, { bytes, start, end }, { beginNs: 900, endNs: 910, result: end - start });
    late.flush();
    const clock = new ManualClock({ monotonicNs: 900 });
    const early = new OpLogWriter(halves, clock);
    early.end(early.begin(op('sync', 'b')), 0);
    const id = early.begin(write, bytes, start, end);
    clock.advanceNs(10);
    early.end(id, end - start);
    t.deepEqual(whole.bytes(), halves.bytes(), `${start} to ${end}`);
  }
});

test('a log that cannot be written is an error, not a gap', (t) => {
  const full: OpLogSink = {
    append: () => {
      throw new Error('ENOSPC');
    },
    close: () => {},
  };
  t.throws(() => new OpLogWriter(full, new ManualClock()), { message: 'ENOSPC' });
});

test('cut at every byte, it gives the whole records before the cut', (t) => {
  const bytes = sample();
  const ends = [format.headerBytes];
  for (let at = format.headerBytes; at < bytes.length; ) {
    at += bytes.readUInt32LE(at);
    ends.push(at);
  }
  for (let length = 0; length <= bytes.length; length += 1) {
    const log = readOpLog(bytes.subarray(0, length));
    const whole = ends.filter((end) => end <= length);
    t.is(log.validBytes, whole.at(-1) ?? 0, `cut at ${length}`);
    const begun = log.records.filter((each) => each.beginPosition < log.validBytes);
    t.is(log.records.length, begun.length);
    const entries = log.records.length + log.releases.length;
    const ended = log.records.filter((each) => each.endNs !== Infinity).length;
    t.is(entries + ended, Math.max(0, whole.length - 1), `cut at ${length}`);
  }
});

test('zeros or other bytes after the end are no torn record', (t) => {
  const damaged = Buffer.concat([sample(), Buffer.alloc(64)]);
  t.throws(() => readOpLog(damaged), { code: 'OP_LOG_BAD', message: /byte \d+: .* check/ });
});

test('a changed header or record start is found, byte by byte', (t) => {
  const bytes = sample();
  const starts: number[] = [];
  for (let at = format.headerBytes; at < bytes.length; at += bytes.readUInt32LE(at)) {
    starts.push(at);
  }
  const guarded = [...Array(format.headerBytes).keys()];
  for (const start of starts) for (let at = 0; at < 8; at += 1) guarded.push(start + at);
  for (const at of guarded) {
    for (const change of [1, 0x80, 0xff]) {
      const damaged = Buffer.from(bytes);
      damaged[at] = (damaged[at] ?? 0) ^ change;
      t.throws(() => readOpLog(damaged), { code: 'OP_LOG_BAD' }, `byte ${at} ^ ${change}`);
    }
  }
});

test('changes elsewhere never do worse than OP_LOG_BAD', (t) => {
  const bytes = sample();
  for (let at = 0; at < bytes.length; at += 1) {
    const damaged = Buffer.from(bytes);
    damaged[at] = (damaged[at] ?? 0) ^ 0x55;
    try {
      readOpLog(damaged);
    } catch (error) {
      t.like(error, { code: 'OP_LOG_BAD' }, `byte ${at}`);
    }
  }
  t.pass();
});

const badLogs: readonly [title: string, make: (log: OpLogWriter) => void, message: RegExp][] = [
  ['an end without a beginning', (log) => log.end(9, 0), /byte 72: call 9 ends but is not running/],
  ['two ends', (log) => [log.begin(op('sync', 'a')), log.end(1, 0), log.end(1, 0)], /call 1 ends/],
];
for (const [title, make, message] of badLogs) {
  test(`refused: ${title}`, (t) => {
    const sink = new MemorySink();
    make(new OpLogWriter(sink, new ManualClock()));
    t.throws(() => readOpLog(sink.bytes()), { code: 'OP_LOG_BAD', message });
  });
}

test('refused: another version, and what is no log at all', (t) => {
  const newer = sample();
  newer.writeUInt32LE(2, 8);
  t.throws(() => readOpLog(newer), { code: 'OP_LOG_BAD', message: /version 2, expected 1/ });
  t.throws(() => readOpLog(Buffer.from('REDIS0010')), { code: 'OP_LOG_BAD', message: /byte 0/ });
});

test('writes larger than the scratch buffer, and many queued releases, go through', (t) => {
  const sink = new MemorySink();
  const log = new OpLogWriter(sink, new ManualClock());
  const big = Buffer.alloc(300_000, 'big');
  log.end(log.begin(op('write', 'a'), big), big.length);
  for (let client = 1; client <= 5000; client += 1) log.queueRelease(client, client);
  log.end(log.begin(op('write', 'a'), Buffer.from('small')), 5);
  const read = readOpLog(sink.bytes());
  t.deepEqual(read.records.map((each) => each.data.length), [300_000, 5]);
  t.true(big.equals(read.records[0]?.data ?? none));
  t.is(read.releases.length, 5000);
  t.like(read.releases.at(-1), { clientPort: 5000, count: 5000 });
});
