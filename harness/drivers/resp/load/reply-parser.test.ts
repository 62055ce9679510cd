// The counting parser: whole, split at every byte, and told what is an error and what is not RESP.

import test from 'ava';
import type { ExecutionContext } from 'ava';
import { ReplyParser } from './reply-parser.ts';

interface Row {
  readonly name: string;
  readonly bytes: string;
  readonly failed?: boolean;
  readonly failedInside?: boolean;
  readonly firstError?: string;
}

const rows: readonly Row[] = [
  { name: 'OK', bytes: '+OK\r\n' },
  { name: 'short simple string', bytes: '+\r\n' },
  { name: 'QUEUED', bytes: '+QUEUED\r\n' },
  { name: 'integer', bytes: ':-42\r\n' },
  { name: 'bulk', bytes: '$5\r\nhello\r\n' },
  { name: 'bulk of line ends', bytes: '$6\r\n\r\n-\n+\r\r\n' },
  { name: 'empty bulk', bytes: '$0\r\n\r\n' },
  { name: 'null bulk is no error', bytes: '$-1\r\n' },
  { name: 'RESP3 null', bytes: '_\r\n' },
  { name: 'error', bytes: '-ERR no\r\n', failed: true, firstError: 'ERR no' },
  { name: 'empty array', bytes: '*0\r\n' },
  { name: 'array', bytes: '*2\r\n+OK\r\n:1\r\n' },
  {
    name: 'null array',
    bytes: '*-1\r\n',
    failed: true,
    firstError: 'EXEC was aborted (null array)',
  },
  { name: 'nested arrays', bytes: '*3\r\n*2\r\n:1\r\n*0\r\n$1\r\nx\r\n*1\r\n*1\r\n_\r\n' },
  {
    name: 'error inside EXEC',
    bytes: '*3\r\n+OK\r\n-WRONGTYPE it is\r\n:1\r\n',
    failedInside: true,
    firstError: 'WRONGTYPE it is',
  },
  {
    name: 'error inside a nested array',
    bytes: '*2\r\n*1\r\n-OOM x\r\n+OK\r\n',
    failedInside: true,
    firstError: 'OOM x',
  },
];

/** Feeds pieces and returns how many replies ended where the bytes did. */
function feed(parser: ReplyParser, pieces: readonly Buffer[]): number {
  let replies = 0;
  for (const piece of pieces) {
    let at = 0;
    while (at < piece.length) {
      at = parser.next(piece, at, piece.length);
      if (at < 0) break;
      replies++;
    }
  }
  return replies;
}

for (const row of rows) {
  const bytes = Buffer.from(row.bytes, 'latin1');

  const check = (t: ExecutionContext, parser: ReplyParser): void => {
    t.is(parser.failed, row.failed ?? false);
    t.is(parser.failedInside, row.failedInside ?? false);
    t.is(parser.firstError, row.firstError ?? null);
    t.false(parser.broken);
  };

  test(`${row.name}: whole`, (t) => {
    const parser = new ReplyParser();
    t.is(parser.next(bytes, 0, bytes.length), bytes.length);
    check(t, parser);
  });

  test(`${row.name}: byte by byte, complete only with the last byte`, (t) => {
    const parser = new ReplyParser();
    for (let at = 0; at < bytes.length; at++) {
      const isLast = at === bytes.length - 1;
      t.is(parser.next(bytes, at, at + 1), isLast ? bytes.length : -1, `byte ${at}`);
    }
    check(t, parser);
  });

  test(`${row.name}: split in two at every byte, between two others`, (t) => {
    const stream = Buffer.concat([Buffer.from('+OK\r\n'), bytes, Buffer.from(':7\r\n')]);
    for (let at = 1; at < stream.length; at++) {
      const parser = new ReplyParser();
      const replies = feed(parser, [stream.subarray(0, at), stream.subarray(at)]);
      t.is(replies, 3, `split at ${at}`);
      t.is(parser.firstError, row.firstError ?? null);
      t.false(parser.failed, 'the reply after it is none of its business');
    }
  });
}

test('replies are told apart in one chunk', (t) => {
  const bytes = Buffer.from('+OK\r\n-ERR a\r\n+OK\r\n-ERR b\r\n');
  const parser = new ReplyParser();
  const failures: boolean[] = [];
  for (let at = 0; at < bytes.length; ) {
    at = parser.next(bytes, at, bytes.length);
    failures.push(parser.failed);
  }
  t.deepEqual(failures, [false, true, false, true]);
  t.is(parser.firstError, 'ERR a', 'the first one is kept');
});

const okRows = [
  ['+OK\r\n+OK\r\n+OK\r\n', 3], ['+OK\r\n+OK\r', 1], ['+OK\r\n-ERR a\r\n', 1],
  [':1\r\n+OK\r\n', 0],
  ['+OKAY\r\n', 0], ['+OK\n\r\n', 0], ['OK\r\n+', 0], ['', 0],
] as const;

test('OKs in a row are counted as `next` would, and only between two replies', (t) => {
  for (const [text, count] of okRows) {
    const bytes = Buffer.from(`xx${text}`);
    t.is(new ReplyParser().countOks(bytes, 2, bytes.length), count, JSON.stringify(text));
  }
  const ok = Buffer.from('+OK\r\n');
  for (const begun of ['+', '*1\r\n', '$7\r\n', '*2\r\n:1\r\n']) {
    const parser = new ReplyParser();
    t.is(parser.next(Buffer.from(begun), 0, begun.length), -1);
    t.is(parser.countOks(ok, 0, ok.length), 0, JSON.stringify(begun));
  }
});

for (const garbage of ['HTTP/1.1 400\r\n', '$x\r\n', '*1x\r\n', '\0', `${'*1\r\n'.repeat(20)}`]) {
  test(`not RESP2: ${JSON.stringify(garbage.slice(0, 20))}`, (t) => {
    const parser = new ReplyParser();
    t.is(feed(parser, [Buffer.from(garbage)]), 0);
    t.true(parser.broken);
  });
}

test('a long error is kept in part', (t) => {
  const parser = new ReplyParser();
  feed(parser, [Buffer.from(`-ERR ${'x'.repeat(5000)}\r\n`)]);
  t.is(parser.firstError?.length, 200);
});
