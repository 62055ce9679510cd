// 64-bit integers against BigInt.

import test from 'ava';
import * as fc from 'fast-check';
import { Integer64, renderInteger } from './integer64.ts';

const edges = [7n, 15n, 31n, 32n, 52n, 53n, 63n, 64n].flatMap((bits) =>
  [-2n, -1n, 0n, 1n, 2n].flatMap((more) => [2n ** bits + more, -(2n ** bits) + more]),
);
const tens = Array.from({ length: 21 }, (_, at) => 10n ** BigInt(at))
  .flatMap((ten) => [ten - 1n, ten, ten + 1n, -ten - 1n, -ten, 1n - ten]);

function read(text: string): string | null {
  const integer = new Integer64();
  const bytes = Buffer.from(` ${text} `);
  if (!integer.parse(bytes, 1, bytes.length - 1)) return null;
  const value = (BigInt(integer.high) << 32n) + BigInt(integer.low >>> 0);
  const target = Buffer.alloc(24);
  const end = renderInteger(integer.high, integer.low, target, 2);
  return value.toString() === target.toString('latin1', 2, end) ? value.toString() : 'unlike';
}

function expected(value: bigint): string | null {
  return value >= -(2n ** 63n) && value < 2n ** 63n ? value.toString() : null;
}

test('integers around every power of 2 and of 10 are read and rendered', (t) => {
  for (const value of [...edges, ...tens]) {
    t.is(read(value.toString()), expected(value), value.toString());
  }
});

test('any integer of 70 bits is read and rendered, or refused', (t) => {
  fc.assert(
    fc.property(fc.bigInt({ min: -(2n ** 70n), max: 2n ** 70n }), (value) =>
      read(value.toString()) === expected(value)),
    { numRuns: 2000 },
  );
  t.pass();
});

for (const text of ['', '-', '-0', '00', '01', '+1', '1a', 'a', '1 ', '--1', '1.0', '1e3']) {
  test(`${JSON.stringify(text)} is no canonical integer`, (t) => {
    t.is(read(text), null);
  });
}

test('integers are compared by value', (t) => {
  const integer = new Integer64();
  const values = [-(2n ** 63n), -5_000_000_000n, -1n, 0n, 1n, 2n ** 32n, 2n ** 63n - 1n];
  for (const [at, value] of values.entries()) {
    const bytes = Buffer.from(value.toString());
    integer.parse(bytes, 0, bytes.length);
    for (const [other, right] of values.entries()) {
      const high = Number(right >> 32n);
      t.is(integer.compare(high, Number(right & 0xffffffffn) | 0), Math.sign(at - other));
    }
  }
});
