// The key hash: published vectors of Marvin32, the words it leaves behind, and how evenly it
// spreads the keys people use.

import test from 'ava';
import { hashEnd, keptBytes, KeyHash } from './hash.ts';

// Vectors of the .NET runtime (MarvinTests): seed 0x004FB61A001BDBCC, 64-bit result p1 · p0.
for (const [hex, high, low] of [
  ['', 0x30ed35c1, 0x00cd3c7d],
  ['AF', 0x48e73fc7, 0x7d75ddc1],
  ['E70F', 0xb5f6e1fc, 0x485dbff8],
  ['37F495', 0xf0b07c78, 0x9b8cf7e8],
] as const) {
  test(`Marvin32 of ${hex === '' ? 'nothing' : hex} is as published`, (t) => {
    const bytes = Buffer.from(hex, 'hex');
    t.is(new KeyHash(0x001bdbcc, 0x004fb61a).of(bytes, 0, bytes.length), (high ^ low) >>> 1);
  });
}

test('only the bytes between the offsets count, and every one of them', (t) => {
  const hash = new KeyHash(1, 2);
  const bytes = Buffer.from('....0123456789abcdefg....');
  const alone = Buffer.from('0123456789abcdefg');
  const expected = hash.of(alone, 0, alone.length);
  t.is(hash.of(bytes, 4, 21), expected);
  for (let at = 4; at < 21; at++) {
    const changed = Buffer.from(bytes);
    changed[at] = 0x21;
    t.not(hash.of(changed, 4, 21), expected);
    t.not(hash.of(bytes, 4, at), expected);
  }
});

test('the seed matters, in both halves', (t) => {
  const key = Buffer.from('key:000000000001');
  const hashes = [[1, 0], [2, 0], [1, 1], [2, 1]].map(([low, high]) =>
    new KeyHash(low as number, high as number).of(key, 0, key.length));
  t.is(new Set(hashes).size, 4);
});

test('the words of the key are left behind, the last one padded', (t) => {
  const hash = new KeyHash(1, 2);
  for (let length = 0; length <= keptBytes; length++) {
    const bytes = Buffer.alloc(length, 0xab);
    hash.of(bytes, 0, length);
    const left = Buffer.from(hash.words.buffer).subarray(0, (length >> 2) * 4 + 4);
    const padded = Buffer.alloc(left.length);
    bytes.copy(padded);
    t.deepEqual(Buffer.from(left), padded, `${length} bytes`);
  }
  t.notThrows(() => hash.of(Buffer.alloc(1000), 0, 1000));
});

const count = 100_000;
const families: readonly (readonly [string, (at: number) => string])[] = [
  ['key:000000000001 …', (at) => `key:${String(at).padStart(12, '0')}`],
  ['1 2 3 …', (at) => String(at)],
  ['user:1:profile …', (at) => `user:${at}:profile`],
  ['8 byte counters', (at) =>
    String.fromCharCode(at & 255, (at >> 8) & 255, at >> 16, 0, 0, 0, 0, 0)],
  // No two alike: both factors are odd, so the first four bytes already differ.
  ['8 random bytes, seed 20261122', (at) => {
    const bytes = Buffer.alloc(8);
    bytes.writeInt32LE(Math.imul(at ^ 20261122, 0x9e3779b1));
    bytes.writeInt32LE(Math.imul(at ^ (at >>> 7) ^ 20261122, 0x85ebca6b), 4);
    return bytes.toString('latin1');
  }],
];
for (const [name, keyAt] of families) {
  // Chi-square over 1024 buckets has mean 1023 and deviation 45: five deviations either way.
  test(`keys spread evenly over the top and the next hash bits: ${name}`, (t) => {
    const hash = new KeyHash(12, 34);
    const top = new Uint32Array(1024);
    const next = new Uint32Array(1024);
    for (let at = 0; at < count; at++) {
      const key = Buffer.from(keyAt(at), 'latin1');
      const value = hash.of(key, 0, key.length);
      t.true(value >= 0 && value < hashEnd);
      top[value >>> 21] = (top[value >>> 21] as number) + 1;
      next[(value >>> 11) & 1023] = (next[(value >>> 11) & 1023] as number) + 1;
    }
    for (const buckets of [top, next]) {
      const expected = count / 1024;
      const chiSquare = buckets.reduce((sum, n) => sum + (n - expected) ** 2 / expected, 0);
      t.true(chiSquare > 800 && chiSquare < 1250, `chi-square ${chiSquare}`);
    }
  });
}
