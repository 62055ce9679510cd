// What the log gets for requests and commands.
import test from 'ava';
import { RequestDecoder } from '../resp/decoder.ts';
import { LogBuffer } from './log-buffer.ts';

function textOf(log: LogBuffer): string {
  return log.bytes.toString('latin1', 0, log.length);
}

function append(log: LogBuffer, request: string): void {
  const buffer = Buffer.from(request, 'latin1');
  const decoder = new RequestDecoder();
  decoder.decode(buffer, 0, buffer.length);
  const { argc, argStart, argEnd, requestStart, requestEnd } = decoder;
  log.request({ buffer, argc, argStart, argEnd, requestStart, requestEnd });
}

test('a request is logged byte for byte', (t) => {
  for (const valueBytes of [1, 63, 64, 65, 5000]) {
    const request = `*3\r\n$3\r\nsEt\r\n$1\r\nk\r\n$${valueBytes}\r\n${'v'.repeat(valueBytes)}\r\n`;
    const log = new LogBuffer();
    append(log, request);
    append(log, request);
    t.is(textOf(log), request + request);
  }
});

test('an inline request is encoded', (t) => {
  const log = new LogBuffer();
  append(log, 'set "a b" ""\r\n');
  t.is(textOf(log), '*3\r\n$3\r\nset\r\n$3\r\na b\r\n$0\r\n\r\n');
});

test('commands made of text and bytes', (t) => {
  const log = new LogBuffer();
  log.multi();
  log.select(12);
  log.command(['SET', Buffer.from([0, 255]), 'ü'.repeat(50)]);
  log.exec();
  t.is(textOf(log), '*1\r\n$5\r\nMULTI\r\n*2\r\n$6\r\nSELECT\r\n$2\r\n12\r\n'
    + `*3\r\n$3\r\nSET\r\n$2\r\n\0\xff\r\n$100\r\n${'\xc3\xbc'.repeat(50)}\r\n`
    + '*1\r\n$4\r\nEXEC\r\n');
});

test('an element of a collection, named with the key of the request', (t) => {
  const log = new LogBuffer();
  const element = Buffer.from('xxmemberyy');
  const buffer = Buffer.from('SPOP key');
  log.element(Buffer.from('SREM'), {
    buffer, argc: 2, argStart: Int32Array.of(0, 5), argEnd: Int32Array.of(4, 8),
    requestStart: 0, requestEnd: 8,
  }, { elementBuffer: element, elementStart: 2, elementEnd: 8 });
  t.is(textOf(log), '*3\r\n$4\r\nSREM\r\n$3\r\nkey\r\n$6\r\nmember\r\n');
});

test('grows, loses its first bytes, and gives up a huge buffer', (t) => {
  const log = new LogBuffer();
  const value = 'x'.repeat(3_000_000);
  log.command([value]);
  log.command(['b']);
  t.true(log.bytes.length > 3_000_000);
  log.consume(log.length - 11);
  t.is(textOf(log), '*1\r\n$1\r\nb\r\n');
  log.command([Buffer.alloc(40_000_000)]);
  const huge = log.bytes;
  log.consume(log.length);
  t.is(log.length, 0);
  t.true(log.bytes.length < huge.length);
});
