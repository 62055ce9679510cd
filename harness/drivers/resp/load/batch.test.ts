// Which status an operation of several replies ends with.

import test from 'ava';
import { Batch } from './batch.ts';
import type { Encoder } from './batch.ts';
import { Outbox } from './outbox.ts';
import { ReplyParser } from './reply-parser.ts';

const queued = '+QUEUED\r\n';
const refused = '-OOM command not allowed\r\n';
const aborted = '-EXECABORT Transaction discarded\r\n';

const rows = [
  ['one OK', 1, ['+OK\r\n'], 1],
  ['one integer', 1, [':3\r\n'], 1],
  ['one error', 1, ['-MISCONF no\r\n'], 2],
  ['a whole MULTI', 4, ['+OK\r\n', queued, queued, '*2\r\n+OK\r\n:1\r\n'], 1],
  ['a refused command aborts EXEC', 4, ['+OK\r\n', queued, refused, aborted], 2],
  ['everything refused', 4, [refused, refused, refused, '-ERR EXEC without MULTI\r\n'], 2],
  ['EXEC aborted by WATCH', 4, ['+OK\r\n', queued, queued, '*-1\r\n'], 2],
  ['an error inside EXEC', 4, ['+OK\r\n', queued, queued, '*2\r\n+OK\r\n-ERR no\r\n'], 3],
  ['MULTI refused, commands ran alone', 4, ['-ERR x\r\n', '+OK\r\n', ':1\r\n', '-ERR y\r\n'], 3],
  ['EXEC went on without a refused command', 4, ['+OK\r\n', refused, queued, '*1\r\n:1\r\n'], 3],
] as const;

function encoderOf(replies: number): Encoder {
  return {
    maximumBytes: 4,
    encode: (target, at, client, sequence) => target.writeUInt16LE(client * 256 + sequence, at),
    repliesOf: () => replies,
  };
}

for (const [name, count, replies, expected] of rows) {
  test(`${name} is ${['', 'ok', 'fail', 'info'][expected]}, and so is the next one`, (t) => {
    const parser = new ReplyParser();
    const batch = new Batch(0, 2, new Outbox());
    batch.fill(encoderOf(count), 5, 2);
    for (let operation = 0; operation < 2; operation++) {
      replies.forEach((reply, at) => {
        const bytes = Buffer.from(reply);
        t.is(parser.next(bytes, 0, bytes.length), bytes.length);
        t.is(batch.reply(parser), at === count - 1 ? expected : 0);
      });
    }
    t.is(batch.inFlight, 0);
  });
}

test('the bytes are those of the operations asked for, and nothing of the batch before', (t) => {
  const encoder = encoderOf(1);
  const outbox = new Outbox();
  const batch = new Batch(3, 4, outbox);
  batch.fill(encoder, 1, 4);
  t.is(outbox.take().length, 8);
  batch.fill(encoder, 5, 2);
  t.deepEqual([...outbox.take()], [5, 3, 6, 3]);
  t.is(batch.inFlight, 2);
});

test('bytes that a socket still reads are left alone', (t) => {
  const encoder = encoderOf(1);
  const outbox = new Outbox();
  const batch = new Batch(3, 4, outbox);
  const sent: Uint8Array[] = [];
  for (const isTaken of [false, true]) {
    batch.fill(encoder, 1 + sent.length, 1);
    outbox.sendTo({ send: (bytes, length) => {
      sent.push(bytes.subarray(0, length));
      return isTaken;
    } });
  }
  t.deepEqual(sent.map((bytes) => [...bytes]), [[1, 3], [2, 3]]);
});
