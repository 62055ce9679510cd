// Any bytes survive being text, and valid UTF-8 reads as such.
import test from 'ava';
import * as fc from 'fast-check';
import { bytesOfText, textOfBytes } from './byte-text.ts';

const seed = Number(process.env['FC_SEED'] ?? 20_261_130);
const interesting = fc.constantFrom(0x00, 0x41, 0x7f, 0x80, 0xa9, 0xbf, 0xc0, 0xc3, 0xe2, 0x82,
  0xac, 0xed, 0xa0, 0xef, 0xbd, 0xf0, 0x9f, 0x98, 0x80, 0xf4, 0x90, 0xf8, 0xff);

test(`any bytes come back (seed ${seed})`, (t) => {
  fc.assert(fc.property(fc.array(interesting, { maxLength: 12 }), (list) => {
    const bytes = Buffer.from(list);
    return bytesOfText(textOfBytes(bytes)).equals(bytes);
  }), { seed, numRuns: 1000 });
  t.pass();
});

test(`UTF-8 reads as UTF-8 (seed ${seed})`, (t) => {
  fc.assert(fc.property(fc.string({ unit: 'binary' }), (text) =>
    textOfBytes(Buffer.from(text, 'utf8')) === text && bytesOfText(text).toString('utf8') === text),
  { seed, numRuns: 300 });
  t.is(textOfBytes(Buffer.from('\ufffdü', 'utf8')), '\ufffdü');
  t.is(textOfBytes(Buffer.from([0x61, 0xff, 0x62])), 'a\udcffb');
});
