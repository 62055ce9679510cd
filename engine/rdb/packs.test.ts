// The packs of all formats: elements out as they went in, and any damage noticed or harmless.
import test from 'ava';
import * as fc from 'fast-check';
import { IntsetReader, ZiplistReader, ZipmapReader } from './old-packs.ts';
import { ListpackReader } from './packs.ts';
import type { PackReader } from './packs.ts';
import { intset, listpack, ziplist, zipmap } from './test-support/records.ts';

/** All elements as text, with a pack in the middle of a larger buffer; the problem, if any. */
function read(reader: PackReader, pack: Buffer): { elements: string[]; problem: string } {
  const around = Buffer.concat([Buffer.alloc(3, 7), pack, Buffer.alloc(5, 9)]);
  const elements: string[] = [];
  if (reader.open(around, 3, 3 + pack.length)) {
    while (reader.next()) {
      elements.push(reader.buffer.toString('latin1', reader.start, reader.end));
    }
  }
  const { problem, problemAt } = reader;
  if (problem !== '' && (problemAt < 3 || problemAt > 3 + pack.length)) {
    throw new Error(`a problem at ${problemAt} outside of the pack`);
  }
  return { elements, problem };
}

const number = fc.oneof(
  fc.integer({ min: -20, max: 200 }).map(BigInt), fc.integer().map(BigInt), fc.bigInt({
    min: -(2n ** 63n), max: 2n ** 63n - 1n,
  }),
  fc.constantFrom(4095n, 4096n, -4096n, -4097n, 32767n, 32768n, -32769n, 8388607n, 8388608n,
    -8388609n, 2147483647n, 2147483648n, 2n ** 53n, -(2n ** 53n), 2n ** 53n + 1n),
);
const text = fc.oneof(
  fc.string({ maxLength: 80 }), number.map(String),
  fc.constantFrom('', '-0', '00', '+1', 'x'.repeat(63), 'x'.repeat(64), 'y'.repeat(253),
    'y'.repeat(254), 'z'.repeat(4095), 'z'.repeat(4096), 'w'.repeat(16384)),
);
const latin = text.map((value) => Buffer.from(value, 'utf8').toString('latin1'));
const elements = fc.array(latin, { maxLength: 12 })
  .filter((all) => all.join('').length < 60_000);

test('listpacks and ziplists give back what they were made of', (t) => {
  fc.assert(fc.property(elements, (all) => {
    t.deepEqual(read(new ListpackReader(), listpack(all)), { elements: all, problem: '' });
    t.deepEqual(read(new ZiplistReader(), ziplist(all)), { elements: all, problem: '' });
  }), { numRuns: 300 });
});

test('zipmaps give back what they were made of', (t) => {
  const pairs = fc.array(fc.tuple(latin, latin), { maxLength: 5 });
  fc.assert(fc.property(pairs, (all) => {
    const expected = { elements: all.flat(), problem: '' };
    t.deepEqual(read(new ZipmapReader(), zipmap(all)), expected);
  }), { numRuns: 200 });
});

test('intsets give back what they were made of, in order', (t) => {
  fc.assert(fc.property(fc.uniqueArray(number, { maxLength: 20 }), (all) => {
    const sorted = all.toSorted((left, right) => (left < right ? -1 : 1)).map(String);
    t.deepEqual(read(new IntsetReader(), intset(all)), { elements: sorted, problem: '' });
  }), { numRuns: 300 });
});

const small = ['a', '', '5', '-3', '300', '70000', '123456789012', 'b'.repeat(70)];
const damaged: readonly (readonly [name: string, reader: () => PackReader, pack: Buffer])[] = [
  ['listpack', () => new ListpackReader(), listpack(small)],
  ['ziplist', () => new ZiplistReader(), ziplist([...small, 'c'.repeat(260), 'end'])],
  ['zipmap', () => new ZipmapReader(), zipmap([['a', 'b'], ['long', 'c'.repeat(260)], ['', '1']])],
  ['intset', () => new IntsetReader(), intset([-70000n, 1n, 2n, 99999n])],
];

for (const [name, reader, pack] of damaged) {
  test(`a ${name} cut at any of its ${pack.length} bytes is noticed`, (t) => {
    for (let length = 0; length < pack.length; length++) {
      t.not(read(reader(), pack.subarray(0, length)).problem, '', `cut at ${length}`);
    }
  });

  test(`any of ${pack.length * 8} bits of a ${name} flipped: read to an end or noticed`, (t) => {
    const whole = read(reader(), pack).elements;
    let noticed = 0;
    for (let bit = 0; bit < pack.length * 8; bit++) {
      const bytes = Buffer.from(pack);
      bytes[bit >> 3] = (bytes[bit >> 3] as number) ^ (1 << (bit & 7));
      const found = read(reader(), bytes);
      if (found.problem !== '') noticed++;
      else if (name !== 'zipmap') t.is(found.elements.length, whole.length, `bit ${bit}`);
    }
    t.log(`${noticed} of ${pack.length * 8} noticed by the structure alone`);
    t.true(noticed > 0);
  });
}
