// Listpacks: every encoding byte for byte, walking both ways, and hostile bytes.

import test from 'ava';
import * as fc from 'fast-check';
import { texts } from '../test-support/world.ts';
import { PackCheck } from './check.ts';
import {
  ElementReader, ElementWriter, countElements, emptyBytes, endMark, findElement, headerBytes,
  nextElement, packCount, previousElement, writeHeader,
} from './listpack.ts';

function encode(text: string): Buffer {
  const writer = new ElementWriter();
  const bytes = Buffer.from(text, 'latin1');
  writer.add(bytes, 0, bytes.length);
  return Buffer.from(writer.bytes.subarray(0, writer.length));
}

function pack(elements: readonly string[]): Buffer {
  const body = Buffer.concat(elements.map(encode));
  const bytes = Buffer.alloc(emptyBytes + body.length);
  body.copy(bytes, headerBytes);
  writeHeader(bytes, 0, bytes.length, elements.length);
  bytes[bytes.length - 1] = endMark;
  return bytes;
}

const rows: readonly (readonly [text: string, hex: string])[] = [
  ['0', '0001'], ['127', '7f01'], ['128', 'c08002'], ['-1', 'dfff02'], ['4095', 'cfff02'],
  ['-4096', 'd00002'], ['4096', 'f1001003'], ['-32768', 'f1008003'], ['32768', 'f200800004'],
  ['-8388608', 'f200008004'], ['8388608', 'f30000800005'], ['-2147483648', 'f30000008005'],
  ['2147483648', 'f4000000800000000009'], ['-9223372036854775808', 'f4000000000000008009'],
  ['', '8001'], ['a', '816102'], ['01', '82303103'], ['-0', '822d3003'],
  ['9223372036854775808', '933932323333373230333638353437373538303814'],
  ['x'.repeat(63), 'bf' + '78'.repeat(63) + '40'],
  ['x'.repeat(64), 'e040' + '78'.repeat(64) + '42'],
  ['x'.repeat(126), 'e07e' + '78'.repeat(126) + '0180'],
  ['x'.repeat(4095), 'efff' + '78'.repeat(4095) + '2081'],
  ['x'.repeat(4096), 'f000100000' + '78'.repeat(4096) + '2085'],
];

for (const [text, hex] of rows) {
  test(`${JSON.stringify(text.slice(0, 24))} (${text.length}) is written as Redis does`, (t) => {
    t.is(encode(text).toString('hex'), hex);
  });
}

test('a length of 3 and 4 bytes is written forwards and read backwards', (t) => {
  for (const length of [16377, 16378, 16379, 2 ** 21 - 6, 2 ** 21 - 5]) {
    const bytes = pack(['before', 'x'.repeat(length), 'after']);
    const middle = nextElement(bytes, headerBytes);
    const last = nextElement(bytes, middle);
    t.is(previousElement(bytes, last), middle, String(length));
    t.is(previousElement(bytes, middle), headerBytes);
    t.is(nextElement(bytes, last), bytes.length - 1);
  }
});

test('what is written is read, forwards and backwards, and found', (t) => {
  const reader = new ElementReader();
  const writer = new ElementWriter();
  fc.assert(
    fc.property(fc.array(texts, { maxLength: 30 }), texts, (elements, other) => {
      const bytes = pack(elements);
      const shown: string[] = [];
      const places: number[] = [];
      let at = headerBytes;
      for (; bytes[at] !== endMark; at = nextElement(bytes, at)) {
        reader.read(bytes, at);
        shown.push(reader.buffer.toString('latin1', reader.start, reader.end));
        places.push(at);
      }
      const back = places.toReversed().every((place) => {
        at = previousElement(bytes, at);
        return at === place;
      });
      const allFound = [...elements, other].every((text) => {
        const wanted = Buffer.from(text, 'latin1');
        writer.length = 0;
        writer.add(wanted, 0, wanted.length);
        const found = findElement(bytes, headerBytes, writer.bytes, writer.bodyBytes, 0);
        return found === (places[elements.indexOf(text)] ?? -1);
      });
      return back && allFound && JSON.stringify(shown) === JSON.stringify(elements) &&
        packCount(bytes, 0) === elements.length &&
        new PackCheck().count(bytes, 0, bytes.length) === elements.length;
    }),
    { numRuns: 300 },
  );
  t.pass();
});

test('65535 elements and more are counted', (t) => {
  const bytes = pack(Array.from({ length: 70_000 }, () => '1'));
  t.is(bytes.readUInt16LE(4), 65535);
  t.is(packCount(bytes, 0), 70_000);
  t.is(countElements(bytes, headerBytes), 70_000);
  t.is(new PackCheck().count(bytes, 0, bytes.length), -1, 'too many to be adopted');
});

const sample = pack(['field', '12', 'x'.repeat(70), '-5000000000', '', 'y'.repeat(5000), '-1']);

test('a pack cut anywhere, or with a byte more, is refused', (t) => {
  const check = new PackCheck();
  t.is(check.count(sample, 0, sample.length), 7);
  for (let end = 0; end < sample.length; end++) {
    t.is(check.count(sample, 0, end), -1);
  }
  t.is(check.count(Buffer.concat([sample, Buffer.of(255)]), 0, sample.length + 1), -1);
});

test('a cut pack whose header and end were mended is refused', (t) => {
  const check = new PackCheck();
  const starts = new Set<number>();
  for (let at = headerBytes; sample[at] !== endMark; at = nextElement(sample, at)) starts.add(at);
  for (let length = 0; length < sample.length - emptyBytes; length++) {
    const body = sample.subarray(headerBytes, headerBytes + length);
    const bytes = Buffer.alloc(emptyBytes + length, endMark);
    body.copy(bytes, headerBytes);
    writeHeader(bytes, 0, bytes.length, 7);
    t.is(check.count(bytes, 0, bytes.length), -1);
  }
});

test('any changed byte is refused or read without reading past the end', (t) => {
  const check = new PackCheck();
  const reader = new ElementReader();
  fc.assert(
    fc.property(
      fc.array(fc.tuple(fc.nat(sample.length - 1), fc.nat(255)), { minLength: 1, maxLength: 4 }),
      (changes) => {
        const bytes = Buffer.from(sample);
        for (const [at, value] of changes) bytes[at] = value;
        const count = check.count(bytes, 0, bytes.length);
        if (count < 0) return true;
        let seenCount = 0;
        let at = headerBytes;
        for (; bytes[at] !== endMark; at = nextElement(bytes, at)) {
          reader.read(bytes, at);
          seenCount++;
        }
        return seenCount === count && at === bytes.length - 1 && reader.end <= bytes.length;
      },
    ),
    { numRuns: 3000 },
  );
  t.pass();
});

for (const [what, hex] of [
  ['12 as a string', '82313203'], ['5 in 13 bits', 'c00502'],
  ['5 in 64 bits', 'f4050000000000000009'],
  ['a short string with a long header', 'e0016103'], ['a string of 32 bits', 'f0010000006106'],
  ['an unknown encoding', 'f501'], ['a wrong back length', '816103'],
] as const) {
  test(`${what} is not adopted: finding would miss it`, (t) => {
    const body = Buffer.from(hex, 'hex');
    const bytes = Buffer.alloc(emptyBytes + body.length, endMark);
    body.copy(bytes, headerBytes);
    writeHeader(bytes, 0, bytes.length, 1);
    t.is(new PackCheck().count(bytes, 0, bytes.length), -1);
  });
}

test('duplicates are found among fields, not among values', (t) => {
  const check = new PackCheck();
  const many = Array.from({ length: 400 }, (_, at) => [`f${at}`, 'same']).flat();
  t.false(check.hasDuplicates(pack(many), 0, 2));
  t.true(check.hasDuplicates(pack(many), 0, 1));
  t.true(check.hasDuplicates(pack([...many, 'f200', 'x']), 0, 2));
});
