// Values come back as their sequence, and as nothing else once a single byte has changed.

import assert from 'node:assert/strict';

import test from 'ava';
import * as fc from 'fast-check';

import type { WorkloadSpec } from './spec.ts';
import { parseWorkload } from './spec.ts';
import { VALUE_OF_ANOTHER, VALUE_TORN, ValueCodec } from './value.ts';

const spec: WorkloadSpec = {
  seed: 7, clients: 3, keysPerClient: 50, valueSizeBytes: 45, mix: 'set',
  startWallMs: 1_760_000_000_000,
};

function valueOf(changes: Partial<WorkloadSpec>, client: number, sequence: number): Buffer {
  const codec = new ValueCodec({ ...spec, ...changes });
  const value = Buffer.alloc(codec.sizeBytes);
  codec.write(value, 0, client, sequence);
  return value;
}

test('a value begins with its client and sequence in clear', (t) => {
  t.is(valueOf({}, 2, 12_345).toString('latin1', 0, 17), '00002:0000012345:');
});

test('round trip of any size, client and sequence', (t) => {
  fc.assert(fc.property(
    fc.integer({ min: 32, max: 200 }), fc.integer({ min: 0, max: 2 }),
    fc.integer({ min: 1, max: 0xffff_ffff }),
    (valueSizeBytes, client, sequence) => {
      const codec = new ValueCodec({ ...spec, valueSizeBytes });
      const value = valueOf({ valueSizeBytes }, client, sequence);
      assert.equal(codec.read(value, client), sequence);
      assert.equal(codec.read(value, (client + 1) % 3), VALUE_OF_ANOTHER);
    },
  ));
  t.pass();
});

test('each single changed bit is torn, or names another client', (t) => {
  const codec = new ValueCodec(spec);
  const value = valueOf({}, 1, 77);
  for (let bit = 0; bit < value.length * 8; bit++) {
    const damaged = Buffer.from(value);
    damaged[bit >> 3] = (damaged[bit >> 3] ?? 0) ^ (1 << (bit & 7));
    t.is(codec.read(damaged, 1), VALUE_TORN, `bit ${bit}`);
  }
});

test('cut at every byte, and every zero tail', (t) => {
  const codec = new ValueCodec(spec);
  const value = valueOf({}, 1, 77);
  for (let length = 0; length < value.length; length++) {
    t.is(codec.read(value.subarray(0, length), 1), VALUE_TORN);
    const tail = Buffer.alloc(value.length);
    value.copy(tail, 0, 0, length);
    if (!tail.equals(value)) t.is(codec.read(tail, 1), VALUE_TORN);
  }
  t.is(codec.read(Buffer.concat([value, Buffer.from('x')]), 1), VALUE_TORN);
});

test('another seed is torn; nonsense in the header is torn', (t) => {
  const codec = new ValueCodec(spec);
  t.is(codec.read(valueOf({ seed: 8 }, 1, 77), 1), VALUE_TORN);
  t.is(codec.read(valueOf({ seed: 7 + 2 ** 32 }, 1, 77), 1), VALUE_TORN);
  t.is(codec.read(valueOf({ clients: 9 }, 8, 77), 1), VALUE_TORN);
  t.is(codec.read(Buffer.alloc(45, 'x'), 1), VALUE_TORN);
});

test('golden: values never change, or old ledgers cannot be judged', (t) => {
  t.is(valueOf({}, 1, 1).toString('hex'), '30303030313a303030303030303030313add4ae5bc772fd963786408'
    + 'c1d2c634ea1b6069b01bb6055ca9b65b09');
});

test('the pattern uses every byte value and does not repeat', (t) => {
  const value = valueOf({ valueSizeBytes: 8_192 }, 0, 1);
  t.is(new Set(value).size, 256);
  t.is(new Set(Array.from({ length: 500 }, (_, at) => value.readUInt32LE(20 + 4 * at))).size, 500);
});

test('a workload is checked field by field', (t) => {
  t.like(parseWorkload(JSON.parse(JSON.stringify(spec))), spec);
  const rows: readonly (readonly [unknown, RegExp])[] = [
    [null, /^workload: workload: expected an object, found null$/],
    [{ ...spec, mix: 'sets' }, /^workload: mix: expected set or chaos or full, found "sets"$/],
    [{ ...spec, clients: 0 }, /clients: expected an integer from 1 to 65535, found 0$/],
    [{ ...spec, clients: '3' }, /clients: .* found "3"$/],
    [{ ...spec, seed: undefined }, /seed: expected an integer from 0 to \d+, found nothing$/],
    [{ ...spec, valueSizeBytes: 31 }, /valueSizeBytes: expected an integer from 32 to/],
    [{ ...spec, keysPerClient: 1.5 }, /keysPerClient: expected an integer/],
    [{ ...spec, keysPerClient: 1, mix: 'chaos' }, /keysPerClient: expected at least 2 with mix/],
    [{ ...spec, startWallMs: 5 }, /startWallMs: expected an integer from 1000000000000/],
  ];
  for (const [value, message] of rows) {
    const error = t.throws(() => parseWorkload(value), { message });
    t.is((error as Error & { code?: string }).code, 'SCENARIO_BAD');
  }
});
