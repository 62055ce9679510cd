// A curve reads back as it was written; anything else is refused by name.
import test from 'ava';
import { gzipSync } from 'node:zlib';
import { decodeCurve, encodeCurve } from './curve-file.ts';
import { Envelope } from './envelope.ts';

test('round trip, the largest loss of each bin, and quantiles over all instants', (t) => {
  const envelope = new Envelope(1000, 1000 + 2048 * 1e6);
  envelope.note(3, 30);
  envelope.moveTo(1000 + 1024 * 1e6, 3, 30);
  envelope.note(7, 70);
  envelope.note(2, 20);
  envelope.moveTo(1000 + 2048 * 1e6, 2, 20);
  envelope.noteWindow(1000 + 2048 * 1e6, 1000);
  const drawn = decodeCurve(encodeCurve(envelope), 'x');
  t.deepEqual([drawn.binMs, drawn.writes.length], [1, 2048]);
  t.deepEqual([0, 1, 1023, 1024, 1025, 2047].map((at) => drawn.writes[at]), [3, 3, 3, 7, 2, 2]);
  t.is(drawn.windowMs[9], 10);
  t.is(envelope.quantile(0.25).writes, 2);
  t.is(envelope.quantile(0.99).writes, 3);
  t.is(envelope.quantile(0.1).bytes, 20);
});

const bad: readonly (readonly [what: string, bytes: Uint8Array, words: RegExp])[] = [
  ['no gzip', Buffer.from('hello'), /x: not a loss curve: found incorrect header check/],
  ['no JSON', gzipSync('{'), /not a loss curve: found/],
  ['a newer schema', gzipSync('{"schema":2}'), /expected schema 1, found 2/],
  ['a list too short', gzipSync('{"schema":1,"binMs":1,"writes":[1],"bytes":[],"windowMs":[1]}'),
    /three lists of one length/],
];
for (const [what, bytes, words] of bad) {
  test(`refused: ${what}`, (t) => {
    t.throws(() => decodeCurve(bytes, 'x'), { code: 'RECORD_BAD', message: words });
  });
}
