// What each reply looks like on the wire, in both protocols.

import test from 'ava';
import { ReplyWriter } from './reply-writer.ts';

type Write = (reply: ReplyWriter) => void;

const bytes = Buffer.from('xx value xx');
const long = Buffer.alloc(99, 'v');

const rows: readonly (readonly [name: string, write: Write, resp2: string, resp3?: string])[] = [
  ['ok', (reply) => reply.ok(), '+OK\r\n'],
  ['pong', (reply) => reply.pong(), '+PONG\r\n'],
  ['queued', (reply) => reply.queued(), '+QUEUED\r\n'],
  ['simple', (reply) => reply.simple('none'), '+none\r\n'],
  ['error', (reply) => reply.error('ERR no'), '-ERR no\r\n'],
  ['error with line ends', (reply) => reply.error('ERR a\r\nb\n'), '-ERR a  b\r\n'],
  ['error beyond ASCII', (reply) => reply.error('ERR é'), '-ERR é\r\n'],
  ['integer', (reply) => reply.integer(0), ':0\r\n'],
  ['integer 9', (reply) => reply.integer(9), ':9\r\n'],
  ['integer 10', (reply) => reply.integer(10), ':10\r\n'],
  ['integer -1', (reply) => reply.integer(-1), ':-1\r\n'],
  ['integer 2^31', (reply) => reply.integer(2 ** 31), ':2147483648\r\n'],
  ['integer max', (reply) => reply.integer(2 ** 53 - 1), ':9007199254740991\r\n'],
  ['integer min', (reply) => reply.integer(1 - 2 ** 53), ':-9007199254740991\r\n'],
  ['big integer', (reply) => reply.bigInteger(2n ** 63n - 1n), ':9223372036854775807\r\n'],
  ['bulk', (reply) => reply.bulk(bytes, 3, 8), '$5\r\nvalue\r\n'],
  ['empty bulk', (reply) => reply.bulk(bytes, 3, 3), '$0\r\n\r\n'],
  ['long bulk', (reply) => reply.bulk(long, 0, 99), `$99\r\n${'v'.repeat(99)}\r\n`],
  ['bulkText', (reply) => reply.bulkText('né'), '$3\r\nné\r\n'],
  ['nil', (reply) => reply.nil(), '$-1\r\n', '_\r\n'],
  ['nilArray', (reply) => reply.nilArray(), '*-1\r\n', '_\r\n'],
  ['array', (reply) => reply.array(12), '*12\r\n'],
  ['map', (reply) => reply.map(2), '*4\r\n', '%2\r\n'],
  ['set', (reply) => reply.set(2), '*2\r\n', '~2\r\n'],
  ['push', (reply) => reply.push(2), '*2\r\n', '>2\r\n'],
  ['double', (reply) => reply.double(1.5), '$3\r\n1.5\r\n', ',1.5\r\n'],
  ['double inf', (reply) => reply.double(-Infinity), '$4\r\n-inf\r\n', ',-inf\r\n'],
  ['double nan', (reply) => reply.double(NaN), '$3\r\nnan\r\n', ',nan\r\n'],
  ['boolean', (reply) => reply.boolean(true), ':1\r\n', '#t\r\n'],
  ['bigNumber', (reply) => reply.bigNumber(12n), '$2\r\n12\r\n', '(12\r\n'],
  ['verbatim', (reply) => reply.verbatim('txt', 'ab'), '$2\r\nab\r\n', '=6\r\ntxt:ab\r\n'],
  ['raw', (reply) => reply.raw(bytes, 0, 2), 'xx'],
];

for (const [name, write, resp2, resp3 = resp2] of rows) {
  test(`reply: ${name}`, (t) => {
    for (const [protocol, expected] of [[2, resp2], [3, resp3]] as const) {
      const reply = new ReplyWriter();
      reply.protocol = protocol;
      write(reply);
      t.is(reply.buffer.toString('utf8', 0, reply.length), expected);
    }
  });
  test(`reply: ${name}, again and again in a buffer that must grow`, (t) => {
    const reply = new ReplyWriter(64);
    for (let i = 0; i < 400; i++) write(reply);
    t.is(reply.buffer.toString('utf8', 0, reply.length), resp2.repeat(400));
  });
}

test('reply: integers of all lengths', (t) => {
  const reply = new ReplyWriter();
  for (let power = 0; power < 53; power++) {
    for (const value of [2 ** power, 2 ** power - 1, -(2 ** power), 10 ** (power % 16)]) {
      reply.clear();
      reply.integer(value);
      t.is(reply.buffer.toString('latin1', 0, reply.length), `:${value}\r\n`);
    }
  }
});

test('reply: an array whose count is known at its end', (t) => {
  const reply = new ReplyWriter();
  reply.ok();
  const mark = reply.length;
  reply.integer(1);
  reply.bulkText('two');
  reply.arrayBefore(mark, 2);
  reply.ok();
  t.is(reply.buffer.toString('latin1', 0, reply.length), '+OK\r\n*2\r\n:1\r\n$3\r\ntwo\r\n+OK\r\n');
});

test('reply: detach leaves the bytes given away alone', (t) => {
  const reply = new ReplyWriter();
  reply.ok();
  const given = reply.buffer.subarray(0, reply.length);
  reply.detach();
  reply.pong();
  t.is(given.toString(), '+OK\r\n');
  t.is(reply.buffer.toString('latin1', 0, reply.length), '+PONG\r\n');
});

test('reply: errors are counted', (t) => {
  const reply = new ReplyWriter();
  reply.error('ERR a');
  reply.ok();
  reply.error('ERR b');
  t.is(reply.errors, 2);
});

test('reply: what is too long is dropped, or thrown where a command may end', (t) => {
  const reply = new ReplyWriter(64, 4096);
  const part = Buffer.alloc(1000, 'x');
  for (let i = 0; i < 4; i++) reply.bulk(part, 0, part.length);
  t.false(reply.overflowed);
  const mark = reply.length;
  for (let i = 0; i < 50; i++) {
    reply.ok();
    reply.bulk(part, 0, part.length);
    reply.queued();
  }
  t.true(reply.overflowed);
  t.true(reply.buffer.length <= 4096, 'memory is bounded');
  t.true(reply.length <= reply.buffer.length);
  reply.clear();
  reply.arrayBefore(mark, 1);
  reply.mayThrow = true;
  t.throws(() => reply.bulk(Buffer.alloc(5000), 0, 5000), {
    code: 'REPLY_TOO_LONG', message: 'a reply may have 4096 bytes at most',
  });
});
