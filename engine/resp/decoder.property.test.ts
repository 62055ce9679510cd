// Random streams: the decoder never throws, always ends, and decodes the same in any chunking, also
// after it has run hot (V8 14.6 has miscompiled a decoder here before).

import test from 'ava';
import * as fc from 'fast-check';
import { decodeChunks } from './test-support/chunks.ts';
import { needMore, protocolError, RequestDecoder } from './decoder.ts';

const seed = Number(process.env['PROPERTY_SEED'] ?? 20261122);

/** Bytes that protocols are made of, so that random streams get somewhere. */
const pieces = fc.oneof(
  fc.constantFrom('*', '$', '\r\n', '\r', '\n', '-', '0', '1', '3', '12', '"', "'", '\\', ' '),
  fc.constantFrom('*1\r\n$4\r\nPING\r\n', '*2\r\n$1\r\na\r\n$2\r\nbc\r\n', 'PING x\r\n', '*0\r\n'),
  fc.string({ unit: 'binary', maxLength: 6 }),
);
const streams = fc.array(pieces, { maxLength: 24 })
  .map((parts) => Buffer.from(parts.join(''), 'latin1'));

const validRequest = fc.array(fc.uint8Array({ maxLength: 40 }), { minLength: 1, maxLength: 6 });

function encode(requests: readonly (readonly Uint8Array[])[]): Buffer {
  return Buffer.concat(requests.flatMap((request) => [
    Buffer.from(`*${request.length}\r\n`),
    ...request.flatMap((part) => [
      Buffer.from(`$${part.length}\r\n`), Buffer.from(part), Buffer.from('\r\n'),
    ]),
  ]));
}

function cut(bytes: Buffer, cuts: readonly number[]): Buffer[] {
  const places = [0, ...cuts.map((place) => place % (bytes.length + 1)), bytes.length];
  places.sort((a, b) => a - b);
  return places.slice(1).map((end, i) => Buffer.from(bytes.subarray(places[i], end)));
}

test(`decoder: random bytes decode the same in any chunking (seed ${seed})`, (t) => {
  fc.assert(
    fc.property(streams, fc.array(fc.nat(400), { maxLength: 6 }), (stream, cuts) => {
      const whole = decodeChunks([Buffer.from(stream)]);
      t.deepEqual(decodeChunks(cut(stream, cuts)), whole);
    }),
    { seed, numRuns: 3000 },
  );
});

test(`decoder: valid streams come out as they went in (seed ${seed})`, (t) => {
  fc.assert(
    fc.property(
      fc.array(validRequest, { maxLength: 8 }),
      fc.array(fc.nat(4000), { maxLength: 8 }),
      (requests, cuts) => {
        const texts = requests.map((request) =>
          request.map((part) => Buffer.from(part).toString('latin1')).join('|'));
        const stream = encode(requests);
        t.deepEqual(decodeChunks([stream]), { requests: texts, error: '', rest: '' });
        t.deepEqual(decodeChunks(cut(stream, cuts)), { requests: texts, error: '', rest: '' });
      },
    ),
    { seed, numRuns: 1000 },
  );
});

test('decoder: mutations of a valid stream never throw and always move on', (t) => {
  const parts = Array.from({ length: 40 }, (_, i) => [Buffer.from('SET'), Buffer.from(`key${i}`)]);
  const stream = encode(parts);
  let state = seed >>> 0;
  const random = (below: number): number => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return Math.floor((state / 2 ** 32) * below);
  };
  for (let round = 0; round < 5000; round++) {
    const mutated = Buffer.from(stream);
    for (let i = random(4); i >= 0; i--) mutated[random(mutated.length)] = random(256);
    const decoder = new RequestDecoder();
    let at = 0;
    for (;;) {
      const status = decoder.decode(mutated, at, mutated.length);
      if (status === needMore || status === protocolError) break;
      if (decoder.requestEnd <= at) t.fail(`stuck at byte ${at} of round ${round}`);
      at = decoder.requestEnd;
    }
  }
  t.pass();
});

test('decoder: run hot over many chunk sizes it still reads what was written', (t) => {
  const count = 20000;
  const stream = encode(Array.from({ length: count }, (_, i) =>
    [Buffer.from('SET'), Buffer.from(`key:${i}`), Buffer.alloc(i % 150, 97 + (i % 26))]));
  for (const size of [65536, 4099, 1021, 257]) {
    const decoder = new RequestDecoder();
    let kept = Buffer.alloc(0);
    let sequence = 0;
    for (let from = 0; from < stream.length; from += size) {
      const buffer = Buffer.concat([kept, stream.subarray(from, from + size)]);
      let at = 0;
      while (decoder.decode(buffer, at, buffer.length) !== needMore) {
        const length = (decoder.argEnd[2] as number) - (decoder.argStart[2] as number);
        const key = buffer.toString('latin1', decoder.argStart[1], decoder.argEnd[1]);
        if (decoder.argc !== 3 || length !== sequence % 150 || key !== `key:${sequence}`) {
          t.fail(`request ${sequence} in chunks of ${size}: ${decoder.argc} ${key} ${length}`);
          return;
        }
        sequence++;
        at = decoder.requestEnd;
      }
      kept = buffer.subarray(decoder.requestStart);
    }
    t.is(sequence, count);
  }
});
