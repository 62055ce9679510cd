// LZF: round trips, strings that Redis compressed, malformed input.
import test from 'ava';
import * as fc from 'fast-check';
import { LzfCompressor, LzfExpander, minSavingBytes } from './lzf.ts';

const runs = { numRuns: 300 };

const compressor = new LzfCompressor();

function compress(source: Uint8Array): Uint8Array | null {
  const target = new Uint8Array(source.length + 8).fill(0xaa);
  const length = compressor.compress(source, 0, source.length, target, 0);
  return length === 0 ? null : target.slice(0, length);
}

/** The bytes, or the offset of what is wrong. */
function expand(compressed: Uint8Array, length: number): Uint8Array | number {
  const expander = new LzfExpander();
  const target = new Uint8Array(length + 16).fill(0x55);
  expander.start = 8;
  expander.end = 8 + length;
  const wrong = expander.expand(compressed, 0, compressed.length, target);
  const outside = [...target.subarray(0, 8), ...target.subarray(8 + length)];
  if (outside.some((byte) => byte !== 0x55)) throw new Error('wrote outside its target');
  return wrong < 0 ? target.slice(8, 8 + length) : wrong;
}

const repetitive = fc.array(
  fc.tuple(fc.uint8Array({ minLength: 1, maxLength: 12 }), fc.integer({ min: 1, max: 400 })),
  { maxLength: 12 },
).map((runs) => Uint8Array.from(runs.flatMap(([bytes, count]) =>
  Array.from({ length: count }, () => [...bytes]).flat())));

test('what is compressed expands to the same bytes', (t) => {
  let kept = 0;
  fc.assert(fc.property(fc.oneof(repetitive, fc.uint8Array({ maxLength: 300 })), (source) => {
    const compressed = compress(source);
    if (compressed === null) return true;
    kept++;
    return compressed.length <= source.length - minSavingBytes
      && Buffer.from(expand(compressed, source.length) as Uint8Array).equals(source);
  }), runs);
  t.true(kept > 20);
});

test('any bytes expand or are refused, and never write outside', (t) => {
  fc.assert(fc.property(fc.uint8Array({ maxLength: 60 }), fc.nat(600), (bytes, length) => {
    const result = expand(bytes, length);
    return typeof result === 'number' ? result >= 0 && result <= bytes.length : true;
  }), runs);
  t.pass();
});

test('matches further back than 8192 bytes are not used', (t) => {
  const source = new Uint8Array(20000).map((_, i) => (Math.imul(i, 0x9e3779b1) >>> 13) & 255);
  source.copyWithin(12000, 0, 5000);
  const compressed = compress(source);
  t.true(compressed === null || Buffer.from(expand(compressed, source.length) as Uint8Array)
    .equals(source));
});

test('the table is forgotten before its counter overflows', (t) => {
  const own = Object.assign(new LzfCompressor(), { base: 0x3ffffff0 }) as LzfCompressor;
  const source = new Uint8Array(100).fill(7);
  const target = new Uint8Array(100);
  const length = own.compress(source, 0, 100, target, 0);
  t.deepEqual(expand(target.slice(0, length), 100), source);
});

// As redis-server 7.0.15 wrote them into testdata/redis-7.0-strings-lfu.rdb.
const vectors = [
  { compressed: '016161e05700016161', bytes: 100, text: 'a'.repeat(100) },
  {
    compressed: '1f612d6b65792d746861742d69732d6c6f6e672d656e6f7567682d746f2d62652d09'
      + '636f6d70726573736564e0160a016564',
    bytes: 75,
    text: `a-key-that-is-long-enough-to-be-${'compressed-'.repeat(4).slice(0, -1)}`,
  },
  {
    compressed: '1f74686520717569636b2062726f776e20666f78206a756d7073206f7665722074201e'
      + '086c617a7920646f673b600de01c2c016f67',
    bytes: 88,
    text: 'the quick brown fox jumps over the lazy dog; '.repeat(2).slice(0, -2),
  },
];

for (const { compressed, bytes, text } of vectors) {
  test(`expands what Redis compressed: ${text.slice(0, 20)}`, (t) => {
    const source = Buffer.from(compressed, 'hex');
    t.is(Buffer.from(expand(source, bytes) as Uint8Array).toString(), text);
  });
}

test('refuses a copy from before the start, and a wrong length', (t) => {
  t.is(expand(Buffer.from('00612005', 'hex'), 4), 2);
  t.is(expand(Buffer.from('0061', 'hex'), 2), 2);
  t.is(expand(Buffer.from('016162', 'hex'), 1), 0);
});
