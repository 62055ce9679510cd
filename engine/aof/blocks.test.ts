// Blocks with checksums: written, read, and damaged at every byte.
import { crc32 } from 'node:zlib';
import test from 'ava';
import { MemoryDisk } from '../io/memory-disk.ts';
import { blockHeaderBytes, checksumOf, parseHeader } from './block-header.ts';
import { LogBuffer } from './log-buffer.ts';
import { AofReader } from './reader.ts';

interface Outcome {
  readonly commands: readonly string[];
  readonly annotations: readonly string[];
  readonly end: string;
  readonly validBytes: number;
  readonly blocks: number;
  readonly why: string;
}

function read(bytes: Uint8Array, windowBytes = 64): Outcome {
  const disk = MemoryDisk.from({ files: new Map([['/log', bytes]]), directories: [] });
  const commands: string[] = [];
  const annotations: string[] = [];
  const reader = new AofReader({
    disk, path: '/log', windowBytes,
    target: {
      apply: ({ argc, argStart, argEnd }, buffer) => {
        commands.push(Array.from({ length: argc }, (_, i) =>
          buffer.toString('latin1', argStart[i], argEnd[i])).join(' '));
        return null;
      },
      annotate: (text) => annotations.push(text),
    },
  });
  while (!reader.step(1 << 20));
  reader.close();
  const { end, validBytes, blocks, damage } = reader;
  return { commands, annotations, end, validBytes, blocks, why: damage?.message ?? '' };
}

/** A log of one block for each list of commands; they stand from `offset` on in the file. */
function blocksOf(lists: readonly (readonly string[])[], offset = 0): Buffer {
  const log = new LogBuffer();
  for (const [index, commands] of lists.entries()) {
    log.beginBlock();
    for (const command of commands) log.command(command.split(' '));
    log.seal(offset, { continues: index > 0, syncedBytes: log.blockStart });
  }
  return Buffer.from(log.bytes.subarray(0, log.length));
}

function plain(...commands: readonly string[]): Buffer {
  const log = new LogBuffer();
  for (const command of commands) log.command(command.split(' '));
  return Buffer.from(log.bytes.subarray(0, log.length));
}

const lists = [['SELECT 0', 'SET a 1'], ['SET b 2'], ['MULTI', 'SET c 3', 'INCR c', 'EXEC']];
const whole = blocksOf(lists);
const commands = ['SELECT 0', 'SET a 1', 'SET b 2', 'SET c 3', 'INCR c'];
/** Where blocks end. */
const ends = [0, 1, 2, 3].map((count) => blocksOf(lists.slice(0, count)).length);

test('a header has its fields in their places', (t) => {
  const bytes = blocksOf([['PING']], 5);
  const text = bytes.toString('latin1', 0, blockHeaderBytes);
  const sum = crc32(bytes.subarray(text.indexOf('new')), 5);
  t.is(text, `#HDR:p1;crc:${sum.toString(16).padStart(8, '0')};new;len:0000000e;`
    + 'syn:000000000000;\r\n');
  t.deepEqual(parseHeader(bytes, 0, blockHeaderBytes), {
    checksum: sum, continues: false, lengthBytes: 14, syncedBytes: 0,
  });
  t.is(checksumOf(bytes, { start: 0, end: bytes.length, offset: 5 }), sum);
  t.is(parseHeader(bytes, 0, blockHeaderBytes - 1), null);
});

test('blocks are read, whatever the window', (t) => {
  for (const windowBytes of [64, 150, 1 << 16]) {
    const found = read(whole, windowBytes);
    t.is(found.end, 'whole');
    t.deepEqual(found.commands, commands);
    t.deepEqual(found.annotations, []);
    t.is(found.blocks, 3);
  }
});

test('commands without blocks may come before, between processes and after', (t) => {
  const before = plain('SET x 1');
  const first = blocksOf([['SET y 1']], before.length);
  const between = Buffer.concat([plain('SET z 1'), Buffer.from('#TS:17\r\n# a note\r\n')]);
  const offset = before.length + first.length + between.length;
  const second = blocksOf([['SET u 1'], ['SET v 1']], offset);
  const found = read(Buffer.concat([before, first, between, second, plain('SET w 1')]));
  t.is(found.end, 'whole');
  t.deepEqual(found.commands, ['x', 'y', 'z', 'u', 'v', 'w'].map((key) => `SET ${key} 1`));
  t.deepEqual(found.annotations, ['#TS:17', '# a note']);
});

test('a time between two blocks does not part them; a transaction may', (t) => {
  const [first = Buffer.alloc(0)] = [blocksOf([['SET a 1']])];
  const stamp = Buffer.from('#TS:17\r\n');
  const log = new LogBuffer();
  for (const list of [['MULTI', 'SET b 1'], ['SET c 1', 'EXEC']]) {
    log.beginBlock();
    for (const command of list) log.command(command.split(' '));
    log.seal(first.length + stamp.length, { continues: true, syncedBytes: 0 });
  }
  const bytes = Buffer.concat([first, stamp, log.bytes.subarray(0, log.length)]);
  const found = read(bytes);
  t.is(found.why, '');
  t.is(found.end, 'whole');
  t.deepEqual(found.commands, ['SET a 1', 'SET b 1', 'SET c 1']);
});

test('cut at any byte: the blocks that are whole count', (t) => {
  for (let length = 0; length <= whole.length; length++) {
    const { end, validBytes } = read(whole.subarray(0, length));
    t.is(validBytes, Math.max(...ends.filter((at) => at <= length)), `cut at ${length}`);
    t.is(end === 'whole', ends.includes(length), `cut at ${length}`);
  }
  t.log(`${whole.length + 1} lengths`);
});

test('any byte flipped in any bit is found, and nothing of its block is applied', (t) => {
  let tried = 0;
  let harmless = 0;
  for (let at = 0; at < whole.length; at++) {
    for (let bit = 0; bit < 8; bit++) {
      const damaged = Buffer.from(whole);
      damaged[at] = (damaged[at] as number) ^ (1 << bit);
      const found = read(damaged);
      tried++;
      const block = ends.findLastIndex((end) => end <= at);
      if (found.end === 'whole') {
        // The mark of the last header: a note that says nothing, before commands that are whole.
        harmless++;
        t.deepEqual(found.commands, commands, `bit ${bit} of ${at}`);
        t.true(block === 2 && at - (ends[2] as number) < 8, `bit ${bit} of ${at}`);
        continue;
      }
      const applied = commands.slice(0, found.commands.length);
      t.deepEqual(found.commands, applied, `bit ${bit} of ${at}: a prefix`);
      // A header whose mark is gone is missed at the next one: its commands are themselves whole.
      const missedMark = at - (ends[block] as number) < 8 ? 1 : 0;
      t.true(found.validBytes <= (ends[block + missedMark] as number), `bit ${bit} of ${at}`);
    }
  }
  t.log(`${tried} flips, ${harmless} of them in the mark of the last header`);
});

test('zeroed, swapped, doubled and missing blocks are found', (t) => {
  const [a, b, c] = [0, 1, 2].map((i) => whole.subarray(ends[i], ends[i + 1])) as
    [Buffer, Buffer, Buffer];
  const rows: readonly (readonly [name: string, bytes: Buffer, applied: number])[] = [
    ['swapped', Buffer.concat([b, a, c]), 0],
    ['last two swapped', Buffer.concat([a, c, b]), 2],
    ['doubled', Buffer.concat([a, a, b, c]), 2],
    ['one is missing', Buffer.concat([a, c]), 2],
    ['the first is missing', Buffer.concat([b, c]), 0],
    ['a command slipped in', Buffer.concat([a, plain('SET q 1'), b]), 3],
  ];
  for (const [name, bytes, applied] of rows) {
    const found = read(bytes);
    t.is(found.end, 'damaged', name);
    t.is(found.commands.length, applied, name);
  }
  for (let from = 0; from < whole.length; from++) {
    for (const length of [1, 7, 40]) {
      const damaged = Buffer.from(whole);
      const changed = damaged.subarray(from, from + length);
      if (from + length >= whole.length || changed.every((byte) => byte === 0)) continue;
      changed.fill(0);
      const found = read(damaged);
      const block = ends.findLastIndex((end) => end <= from);
      const inMark = from - (ends[block] as number) < 8;
      t.true(found.end !== 'whole' || (inMark && block === 2), `${length} zeros at ${from}`);
    }
  }
});

test('the start of a torn header is no annotation, wherever the next line ends', (t) => {
  const [, second = 0] = ends;
  for (let kept = 1; kept < blockHeaderBytes - 2; kept++) {
    const bytes = Buffer.from(whole);
    bytes.fill(0, second + kept, second + blockHeaderBytes + 1);
    const outcome = read(bytes);
    t.deepEqual(outcome.commands, commands.slice(0, 2), `${kept} bytes of the header kept`);
    t.deepEqual([outcome.end, outcome.validBytes], ['damaged', second]);
    t.deepEqual(outcome.annotations, []);
  }
});

test('the messages say what was expected and what was found', (t) => {
  const damaged = Buffer.from(whole);
  damaged[80] = 0x7a;
  t.regex(read(damaged).why, /^Bad file format reading the append only file \/log: at offset 0/);
  t.regex(read(damaged).why,
    /expected a block of 50 bytes with CRC-32 [0-9a-f]{8}, found: bytes with [0-9a-f]{8}\. Make/);
});
