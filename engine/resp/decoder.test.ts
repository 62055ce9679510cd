// Rows of request streams, each decoded whole, byte by byte, and cut at every place.

import test from 'ava';
import { decodeChunks, halves, singleBytes } from './test-support/chunks.ts';
import { RequestDecoder, needMore, protocolError, requestReady } from './decoder.ts';
import { maxLineBytes } from './limits.ts';

interface Row {
  readonly name: string;
  readonly stream: string;
  /** Requests, arguments joined by '|'. */
  readonly requests: readonly string[];
  readonly error?: string;
  /** Bytes that stay without making a request. */
  readonly rest?: string;
}

const expectedDollar = (found: string): string => `Protocol error: expected '$', got '${found}'`;
const badCount = 'Protocol error: invalid multibulk length';
const badLength = 'Protocol error: invalid bulk length';
const unbalanced = 'Protocol error: unbalanced quotes in request';

// What redis-server 7.0.15 answers to the same bytes.
const rows: readonly Row[] = [
  { name: 'a multibulk', stream: '*2\r\n$3\r\nGET\r\n$1\r\nk\r\n', requests: ['GET|k'] },
  { name: 'two requests', stream: '*1\r\n$4\r\nPING\r\nPING\r\n', requests: ['PING', 'PING'] },
  { name: 'an empty bulk', stream: '*2\r\n$4\r\nECHO\r\n$0\r\n\r\n', requests: ['ECHO|'] },
  {
    name: 'lengths of several digits',
    stream: `*2\r\n$4\r\nECHO\r\n$123\r\n${'v'.repeat(123)}\r\n`,
    requests: [`ECHO|${'v'.repeat(123)}`],
  },
  { name: 'line ends inside a bulk', stream: '*1\r\n$4\r\na\r\nb\r\n', requests: ['a\r\nb'] },
  { name: 'empty multibulks', stream: '*0\r\n*-1\r\n*-5\r\nPING\r\n', requests: ['PING'] },
  { name: 'blank lines', stream: '\r\n\n  \t\r\nPING\n', requests: ['PING'] },
  { name: 'nothing', stream: '', requests: [] },
  { name: 'half a bulk', stream: '*1\r\n$4\r\nPI', requests: [], rest: '*1\r\n$4\r\nPI' },
  { name: 'a CR without LF', stream: '*1\r', requests: [], rest: '*1\r' },
  { name: 'sloppy line ends', stream: '*1\rX$4\rXPINGyyPING\r\n', requests: ['PING', 'PING'] },
  { name: 'a letter as count', stream: '*abc\r\n', requests: [], error: badCount },
  { name: 'no count', stream: '*\r\n', requests: [], error: badCount },
  { name: 'a leading zero', stream: '*03\r\n', requests: [], error: badCount },
  { name: 'the least count', stream: '*-9223372036854775808\r\nPING\r\n', requests: ['PING'] },
  { name: 'less than that', stream: '*-9223372036854775809\r\n', requests: [], error: badCount },
  { name: 'minus zero', stream: '*-0\r\n', requests: [], error: badCount },
  { name: 'a minus alone', stream: '*-\r\n', requests: [], error: badCount },
  { name: 'a count beyond 2^31', stream: '*2147483648\r\n', requests: [], error: badCount },
  { name: 'a huge count', stream: '*99999999999999999999\r\n', requests: [], error: badCount },
  { name: 'the largest count', stream: '*2147483647\r\n', requests: [], rest: '*2147483647\r\n' },
  { name: 'no dollar', stream: '*1\r\nx\r\n', requests: [], error: expectedDollar('x') },
  { name: 'a line end, no dollar', stream: '*1\r\n\r\n', requests: [], error: expectedDollar(' ') },
  { name: 'a star for a dollar', stream: '*1\r\n*\r\n', requests: [], error: expectedDollar('*') },
  { name: 'a dollar missing, line open', stream: '*1\r\nfoo', requests: [], rest: '*1\r\nfoo' },
  { name: 'no length', stream: '*1\r\n$\r\n', requests: [], error: badLength },
  { name: 'a negative length', stream: '*1\r\n$-1\r\n', requests: [], error: badLength },
  { name: 'a signed length', stream: '*1\r\n$+4\r\nPING\r\n', requests: [], error: badLength },
  { name: 'a length too big', stream: '*1\r\n$536870913\r\n', requests: [], error: badLength },
  {
    name: 'a good request before a bad one',
    stream: 'PING\r\n*1\r\n$x\r\nPING\r\n',
    requests: ['PING'],
    error: badLength,
  },
  { name: 'an inline request', stream: 'SET  k\tv\r\n', requests: ['SET|k|v'] },
  { name: 'inline: escapes', stream: 'ECHO "a\\x41\\n\\q"\r\n', requests: ['ECHO|aA\nq'] },
  { name: 'inline: no hex', stream: 'ECHO "\\xZZ"\r\n', requests: ['ECHO|xZZ'] },
  { name: 'inline: single quotes', stream: "ECHO 'a\\'b\\n'\r\n", requests: ["ECHO|a'b\\n"] },
  { name: 'inline: a quote in a word', stream: 'E foo"bar b"\r\n', requests: ['E|foobar b'] },
  { name: 'inline: empty quotes', stream: "ECHO \"\" ''\r\n", requests: ['ECHO||'] },
  { name: 'inline: a CR in a word', stream: 'ECHO a\rb\r\n', requests: ['ECHO|a|b'] },
  { name: 'inline: an open quote', stream: 'SET "a b\r\n', requests: [], error: unbalanced },
  { name: 'inline: text after a quote', stream: 'ECHO "a"b\r\n', requests: [], error: unbalanced },
  { name: 'inline: escape at the end', stream: 'ECHO "a\\\r\n', requests: [], error: unbalanced },
  {
    name: 'an endless count',
    stream: `*${'1'.repeat(maxLineBytes)}`,
    requests: [],
    error: 'Protocol error: too big mbulk count string',
  },
  {
    name: 'an endless length',
    stream: `*1\r\n$${'1'.repeat(maxLineBytes)}`,
    requests: [],
    error: 'Protocol error: too big bulk count string',
  },
  {
    name: 'an endless inline request',
    stream: 'a'.repeat(maxLineBytes + 1),
    requests: [],
    error: 'Protocol error: too big inline request',
  },
];

for (const { name, stream, requests, error = '', rest = '' } of rows) {
  const bytes = Buffer.from(stream, 'latin1');
  const expected = { requests: [...requests], error, rest: error === '' ? rest : '' };
  test(`decoder: ${name}, whole`, (t) => {
    t.deepEqual(decodeChunks([bytes]), expected);
  });
  if (bytes.length > 1000) continue;
  test(`decoder: ${name}, byte by byte`, (t) => {
    t.deepEqual(decodeChunks(singleBytes(bytes)), expected);
  });
  test(`decoder: ${name}, cut at every place`, (t) => {
    for (const chunks of halves(bytes)) t.deepEqual(decodeChunks(chunks), expected);
  });
}

test('decoder: more arguments than there is room for, in pieces', (t) => {
  const words = Array.from({ length: 5000 }, (_, i) => `word${i}`);
  const body = words.map((word) => `$${word.length}\r\n${word}\r\n`).join('');
  const bytes = Buffer.from(`*${words.length}\r\n${body}`);
  const chunks = Array.from({ length: Math.ceil(bytes.length / 777) }, (_, i) =>
    bytes.subarray(i * 777, (i + 1) * 777));
  t.deepEqual(decodeChunks(chunks).requests, [words.join('|')]);
});

test('decoder: says how many bytes a big bulk needs, and waits for them', (t) => {
  const decoder = new RequestDecoder();
  const header = Buffer.from('*2\r\n$3\r\nSET\r\n$1000000\r\n');
  const whole = Buffer.concat([header, Buffer.alloc(1000002, 'x')]);
  t.is(decoder.decode(whole, 0, header.length), needMore);
  t.is(decoder.needBytes, whole.length);
  // A poisoned start shows that it is not parsed again.
  const read = header.lastIndexOf('$');
  const poisoned = Buffer.concat([Buffer.alloc(read, '?'), whole.subarray(read)]);
  t.is(decoder.decode(poisoned, 0, whole.length - 1), needMore);
  const status = decoder.decode(poisoned, 0, whole.length);
  t.is(status, requestReady);
  t.is((decoder.argEnd[1] as number) - (decoder.argStart[1] as number), 1000000);
});

test('decoder: inline requests can be forbidden', (t) => {
  const decoder = new RequestDecoder({ inlineAllowed: false });
  decoder.decode(Buffer.from('PING\r\n'), 0, 6);
  t.is(decoder.errorText, "Protocol error: expected '*', got 'P'");
});

test('decoder: maxBulkBytes', (t) => {
  const { error } = decodeChunks([Buffer.from('*1\r\n$11\r\n')], { maxBulkBytes: 10 });
  t.is(error, badLength);
});

const canonicalRows: readonly (readonly [stream: string, canonical: boolean])[] = [
  ['*1\r\n$4\r\nPING\r\n', true],
  ['*1\rx$4\r\nPING\r\n', false],
  ['*1\r\n$4\rxPING\r\n', false],
  ['*1\r\n$4\r\nPINGxx', false],
  ['*1\r\n$10\rxPINGPINGXX\r\n', false],
  ['PING\r\n', false],
];

for (const [stream, canonical] of canonicalRows) {
  test(`decoder: is ${JSON.stringify(stream)} fit for a log? ${canonical}`, (t) => {
    const bytes = Buffer.from(`*1\r\n$1\r\na\r\n${stream}`);
    const decoder = new RequestDecoder();
    t.is(decoder.decode(bytes, 0, bytes.length), requestReady);
    t.true(decoder.canonical);
    t.is(decoder.decode(bytes, decoder.requestEnd, bytes.length), requestReady);
    t.is(decoder.canonical, canonical);
    const written = decoder.canonicalise(bytes);
    const name = written.toString('latin1', decoder.argStart[0], decoder.argEnd[0]);
    t.is(written.toString('latin1'), `*1\r\n$${name.length}\r\n${name}\r\n`);
    t.is(decoder.requestEnd, written.length);
  });
}

for (const line of ['PING\0\r\n', '*1\0\r\n', '*1\r\n$4\0\r\nPING\r\n', '\0\r\n']) {
  test(`no line ends behind a NUL, as in Redis: ${JSON.stringify(line)}`, (t) => {
    const decoder = new RequestDecoder();
    const bytes = Buffer.from(line, 'latin1');
    t.is(decoder.decode(bytes, 0, bytes.length), needMore);
    const long = Buffer.concat([bytes, Buffer.alloc(70_000, 'x')]);
    t.is(decoder.decode(long, 0, long.length), protocolError);
  });
}
