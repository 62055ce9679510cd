// Logs read whole, in pieces, cut and damaged.
import { crc32 } from 'node:zlib';
import test from 'ava';
import type { EngineError } from '../errors.ts';
import { MemoryDisk } from '../io/memory-disk.ts';
import type { RequestDecoder } from '../resp/decoder.ts';
import { sumLine } from './block-header.ts';
import { LogBuffer } from './log-buffer.ts';
import { AofReader } from './reader.ts';
import type { LogTarget } from './reader.ts';

class Recorder implements LogTarget {
  readonly commands: string[] = [];
  refuse: string | null = null;

  apply(decoder: RequestDecoder, buffer: Buffer): string | null {
    const words = Array.from({ length: decoder.argc }, (_, i) =>
      buffer.toString('latin1', decoder.argStart[i], decoder.argEnd[i]));
    if (words[0] === this.refuse) return `Unknown command '${words[0]}'`;
    this.commands.push(words.join(' '));
    return null;
  }
}

interface Outcome {
  readonly commands: readonly string[];
  readonly end: string;
  readonly validBytes: number;
}

function read(
  bytes: Uint8Array,
  options: {
    windowBytes?: number; stepBytes?: number; target?: Recorder; startOffset?: number;
  } = {},
): Outcome {
  const disk = MemoryDisk.from({ files: new Map([['/log', bytes]]), directories: [] });
  const target = options.target ?? new Recorder();
  const { windowBytes = 64, startOffset = 0 } = options;
  const reader = new AofReader({ disk, path: '/log', target, windowBytes, startOffset });
  try {
    while (!reader.step(options.stepBytes ?? 1 << 20));
  } finally {
    reader.close();
  }
  if (reader.damage !== null) throw reader.damage;
  checkWhole(reader, bytes);
  return { commands: target.commands, end: reader.end, validBytes: reader.validBytes };
}

function checkWhole(reader: AofReader, bytes: Uint8Array): void {
  if (reader.end === 'whole' && reader.validBytes !== bytes.length) {
    throw new Error(`whole, but only ${reader.validBytes} of ${bytes.length} bytes are valid`);
  }
}

function encoded(...commands: readonly (readonly string[])[]): Buffer {
  const log = new LogBuffer();
  for (const command of commands) log.command(command);
  return Buffer.from(log.bytes.subarray(0, log.length));
}

const set = ['SET', 'key', 'value'];
const long = ['SET', 'long', 'x'.repeat(1000)];

test('hands over commands in order, whatever the buffer', (t) => {
  const bytes = encoded(['SELECT', '0'], set, long, ['INCR', 'n'], ['PING']);
  for (const windowBytes of [64, 100, 1100, 1 << 20]) {
    for (const stepBytes of [1, 1 << 20]) {
      const { commands, end } = read(bytes, { windowBytes, stepBytes });
      t.is(end, 'whole');
      t.deepEqual(commands, ['SELECT 0', 'SET key value', long.join(' '), 'INCR n', 'PING']);
    }
  }
});

test('begins where the snapshot before it ends', (t) => {
  const bytes = Buffer.concat([Buffer.from('REDIS…'), encoded(set)]);
  const startOffset = bytes.length - encoded(set).length;
  t.deepEqual(read(bytes, { startOffset }).commands, ['SET key value']);
  t.deepEqual(read(Buffer.from('REDIS'), { startOffset: 5 }).commands, []);
});

test('annotations between commands are passed over, however long', (t) => {
  const bytes = Buffer.concat([
    Buffer.from('#TS:1700000000\r\n'), encoded(set), Buffer.from(`#${'-'.repeat(3000)}\r\n#\n`),
    encoded(['MULTI'], ['INCR', 'a']), Buffer.from('#TS:1700000001\r\n'), encoded(['EXEC']),
    Buffer.from('#HDR:v1\r\n'),
  ]);
  for (const windowBytes of [64, 1 << 16]) {
    t.deepEqual(read(bytes, { windowBytes }).commands, ['SET key value', 'INCR a']);
  }
});

test('an annotation without an end is a torn tail', (t) => {
  const { end, validBytes } = read(Buffer.concat([encoded(set), Buffer.from('#TS:17')]));
  t.is(end, 'in-command');
  t.is(validBytes, encoded(set).length);
});

test('a transaction is handed over at its EXEC, or not at all', (t) => {
  const before = encoded(set);
  const inner = [['INCR', 'a'], long, ['INCR', 'b']];
  const whole = encoded(set, ['multi'], ...inner, ['Exec'], ['INCR', 'c']);
  const ends = whole.length - encoded(['INCR', 'c']).length;
  for (const windowBytes of [64, 700, 1 << 20]) {
    const all = ['SET key value', 'INCR a', long.join(' '), 'INCR b', 'INCR c'];
    t.deepEqual(read(whole, { windowBytes }).commands, all);
    t.deepEqual(read(whole, { windowBytes, stepBytes: 1 }).commands, all);
    for (let length = before.length + 1; length < ends; length += 7) {
      const { commands, end, validBytes } = read(whole.subarray(0, length), { windowBytes });
      t.deepEqual(commands, ['SET key value']);
      const begun = length >= before.length + encoded(['multi']).length;
      t.is(end, begun ? 'in-transaction' : 'in-command');
      t.is(validBytes, before.length);
    }
  }
});

test('an empty transaction hands over nothing', (t) => {
  const bytes = encoded(['MULTI'], ['EXEC'], set);
  t.deepEqual(read(bytes).commands, ['SET key value']);
});

test('a file cut at any byte gives its longest valid prefix', (t) => {
  const commands = [['SELECT', '0'], set, ['SET', '', '\r\n$1\r\n'], ['MULTI'], set, ['EXEC'], set];
  const whole = encoded(...commands);
  // After each command its end; while a transaction is open the end before it.
  const ends = [0];
  for (let count = 1; count <= commands.length; count++) {
    if (count === 4 || count === 5) continue;
    ends.push(encoded(...commands.slice(0, count)).length);
  }
  for (let length = 0; length <= whole.length; length++) {
    const { end, validBytes } = read(whole.subarray(0, length));
    t.is(validBytes, Math.max(...ends.filter((at) => at <= length)), `cut at ${length}`);
    t.is(end === 'whole', ends.includes(length), `cut at ${length}`);
  }
});

const rows = [
  {
    name: 'zeros before something', tail: Buffer.from('\0\0\0*'),
    says: /at offset 33 expected a command.*got '\\u0000'/,
  },
  { name: 'an inline command', tail: Buffer.from('PING\r\n'), says: /expected '\*', got 'P'/ },
  { name: 'no arguments', tail: Buffer.from('*0\r\n'), says: /found: one without arguments/ },
  { name: 'a bad count', tail: Buffer.from('*x\r\n'), says: /invalid multibulk length/ },
  { name: 'a bad length', tail: Buffer.from('*1\r\n$x\r\n'), says: /invalid bulk length/ },
  { name: 'no length', tail: Buffer.from('*1\r\nPING\r\n'), says: /expected '\$', got 'P'/ },
  { name: 'EXEC alone', tail: encoded(['EXEC']), says: /expected MULTI first, found: EXEC/ },
  { name: 'MULTI twice', tail: encoded(['MULTI'], ['MULTI']), says: /expected EXEC, found: ano/ },
  { name: 'an unknown command', tail: encoded(['FOO', 'a']), says: /Unknown command 'FOO'/ },
];

for (const { name, tail, says } of rows) {
  test(`refuses ${name}`, (t) => {
    const bytes = Buffer.concat([encoded(set), tail]);
    const target = new Recorder();
    target.refuse = 'FOO';
    const error = t.throws(() => read(bytes, { target })) as EngineError;
    t.is(error.code, 'AOF_BAD');
    t.regex(error.message, says);
    t.regex(error.message, /append only file \/log: at offset \d+ expected/);
    t.deepEqual(target.commands, ['SET key value']);
  });
}

test('a claim beyond the end of the file costs no memory', (t) => {
  const bytes = Buffer.from('*2\r\n$3\r\nGET\r\n$500000000\r\nabc');
  t.is(read(bytes).end, 'in-command');
});

test('a value may be longer than proto-max-bulk-len is by default', (t) => {
  const bytes = Buffer.from('*2\r\n$3\r\nGET\r\n$600000000\r\nabc');
  t.is(read(bytes).end, 'in-command');
});

test('a file that cannot be read is refused with the reason', (t) => {
  const disk = MemoryDisk.from({ files: new Map([['/log', encoded(set)]]), directories: [] });
  disk.inject({ call: 'read', code: 'EIO' });
  const reader = (): AofReader => new AofReader({ disk, path: '/log', target: new Recorder() });
  t.throws(reader, { message: /^\/log cannot be read: EIO/ });
  disk.inject({ call: 'read', nth: 2, code: 'EIO' });
  const second = reader();
  t.throws(() => second.step(1), { message: /^\/log cannot be read: EIO/ });
  t.throws(() => new AofReader({ disk, path: '/none', target: new Recorder() }), {
    message: /\/none cannot be read: ENOENT/,
  });
});

test('a checksum of what stands before it: any changed bit of it is refused', (t) => {
  const buffer = new LogBuffer();
  for (const command of ['SELECT 2', 'SET a 1', 'SET b 2']) buffer.command(command.split(' '));
  const commands = Buffer.from(buffer.bytes.subarray(0, buffer.length));
  const whole = Buffer.concat([commands, sumLine(crc32(commands))]);
  for (const windowBytes of [64, 4096]) {
    t.like(read(whole, { windowBytes, stepBytes: 1 }), { end: 'whole', validBytes: whole.length });
  }
  for (let bit = 0; bit < commands.length * 8; bit++) {
    const damaged = Buffer.from(whole);
    damaged[bit >> 3] = (damaged[bit >> 3] as number) ^ (1 << (bit & 7));
    let outcome = '';
    try {
      outcome = read(damaged).end;
    } catch (error) {
      outcome = (error as EngineError).code;
    }
    t.true(['AOF_BAD', 'damaged', 'in-command'].includes(outcome), `bit ${bit}: ${outcome}`);
  }
  t.throws(() => read(Buffer.concat([commands, sumLine(7)])), {
    code: 'AOF_BAD', message: /offset 77 expected 77 bytes before it with CRC-32 00000007, found/,
  });
});
