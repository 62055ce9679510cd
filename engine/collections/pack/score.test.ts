// Scores in packs: every form byte for byte, in memory and as Redis is given it, and read back.

import test from 'ava';
import * as fc from 'fast-check';
import { ElementReader, ElementWriter, nextElement, previousElement } from './listpack.ts';
import { ScoreCodec } from './score.ts';

const codec = new ScoreCodec();
const reader = new ElementReader();

function written(score: number): Buffer {
  const writer = new ElementWriter();
  codec.write(writer, score);
  return Buffer.from(writer.bytes.subarray(0, writer.length));
}

function plain(score: number): Buffer {
  const [bytes, writer] = [written(score), new ElementWriter()];
  codec.writePlain(writer, bytes, 0);
  return Buffer.from(writer.bytes.subarray(0, writer.length));
}

function plainText(score: number): string {
  reader.read(plain(score), 0);
  return reader.buffer.toString('latin1', reader.start, reader.end);
}

const rows: readonly (readonly [score: number, hex: string, plain: string])[] = [
  [3, '0301', '3'], [-3, 'dffd02', '-3'], [128, 'c08002', '128'], [-0, '0001', '0'],
  [1.5, 'f50f0003', '1.5'], [-1.5, 'f5f1ff03', '-1.5'], [0.1, 'f5010003', '0.1'],
  [3276.7, 'f5ff7f03', '3276.7'], [3276.8, 'f600800004', '3276.8'],
  [-3276.8, 'f5008003', '-3276.8'], [-3276.9, 'f6ff7fff04', '-3276.9'],
  [838_860.8, 'f70000800005', '838860.8'], [214_748_364.7, 'f7ffffff7f05', '214748364.7'],
  [214_748_364.8, '8b3231343734383336342e380c', '214748364.8'],
  [0.25, 'f8190003', '0.25'], [-99.25, 'f83bd903', '-99.25'],
  [83_886.25, 'fa1100800005', '83886.25'],
  [0.125, 'fb7d0003', '0.125'], [-8000.125, 'fc83ed8504', '-8000.125'],
  [0.0625, '86302e3036323507', '0.0625'], [1e-7, '8431652d3705', '1e-7'],
  [Infinity, '83696e6604', 'inf'], [-Infinity, '842d696e6605', '-inf'],
  [1e300, '8631652b33303007', '1e+300'],
];

for (const [score, hex, text] of rows) {
  test(`the score ${score} lies in memory as ${hex}, Redis is given ${text}`, (t) => {
    t.is(written(score).toString('hex'), hex);
    t.is(plainText(score), text);
  });
}

test('any score is read as it was written, in both forms, and can be passed both ways', (t) => {
  const short = fc.tuple(fc.integer({ min: -(2 ** 40), max: 2 ** 40 }), fc.nat(7))
    .map(([digits, places]) => digits / 10 ** places);
  fc.assert(fc.property(fc.oneof(short, fc.double({ noNaN: true })), (score) => {
    const wanted = score === 0 ? 0 : score;
    const [bytes, given] = [written(score), plain(score)];
    return codec.read(bytes, 0) === wanted && codec.read(given, 0) === wanted &&
      nextElement(bytes, 0) === bytes.length && previousElement(bytes, bytes.length) === 0 &&
      given.length >= bytes.length && (Number.isInteger(score) || (given[0] as number) < 0xf1) &&
      bytes.equals(written(codec.read(given, 0)));
  }), { numRuns: 2000 });
  t.pass();
});
