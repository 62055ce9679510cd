// Decimal integers: reading exactly what Redis reads, writing what JavaScript writes.
import test from 'ava';
import * as fc from 'fast-check';
import { formatSafeInteger, parseInt64, parseSafeInteger } from './integers.ts';

const parse = (text: string): number => {
  const bytes = Buffer.from(`x${text}y`, 'latin1');
  return parseSafeInteger(bytes, 1, bytes.length - 1);
};

const parseBig = (text: string): bigint | null => {
  const bytes = Buffer.from(`x${text}y`, 'latin1');
  return parseInt64(bytes, 1, bytes.length - 1);
};

for (const [text, value, big] of [
  ['0', 0, 0n], ['7', 7, 7n], ['-7', -7, -7n], ['10', 10, 10n],
  ['9007199254740991', 9007199254740991, 9007199254740991n],
  ['-9007199254740991', -9007199254740991, -9007199254740991n],
  ['9007199254740992', NaN, 9007199254740992n], ['9999999999999999', NaN, 9999999999999999n],
  ['10000000000000000', NaN, 10000000000000000n],
  ['9223372036854775807', NaN, 9223372036854775807n], ['9223372036854775808', NaN, null],
  ['-9223372036854775808', NaN, -9223372036854775808n], ['-9223372036854775809', NaN, null],
  ['99999999999999999999', NaN, null], ['', NaN, null], ['-', NaN, null], ['-0', NaN, null],
  ['+1', NaN, null], ['01', NaN, null], ['-01', NaN, null], [' 1', NaN, null], ['1 ', NaN, null],
  ['1.0', NaN, null], ['1e3', NaN, null], ['0x1', NaN, null], ['a', NaN, null], ['1\n', NaN, null],
] as const) {
  test(`reads ${JSON.stringify(text)}`, (t) => {
    t.is(parse(text), value);
    t.is(parseBig(text), big);
  });
}

test('any safe integer survives writing and reading', (t) => {
  const buffer = Buffer.alloc(32, 0x2e);
  const edges = [0, 1, 9, 10, 99999, 999999, 1000000, 1000001, 999999999999, 1e12, 1e12 + 1,
    Number.MAX_SAFE_INTEGER].flatMap((value) => [value, -value]);
  const check = (value: number): void => {
    const end = formatSafeInteger(buffer, 3, value);
    const text = buffer.toString('latin1', 3, end);
    if (text !== String(value === 0 ? 0 : value)) throw new Error(`${value} → ${text}`);
    if (parseSafeInteger(buffer, 3, end) !== (value === 0 ? 0 : value)) throw new Error(text);
  };
  for (const edge of edges) check(edge);
  fc.assert(fc.property(fc.maxSafeInteger(), check), { numRuns: 2000 });
  fc.assert(fc.property(fc.integer(), check), { numRuns: 2000 });
  t.pass();
});
