// Sums as an x86 long double makes them; the expected texts were answered by redis-server 7.0.15.
import test from 'ava';
import {
  addLongDoubles, formatLongDouble, isFiniteLongDouble, parseLongDouble, readLongDouble,
} from './long-double.ts';

function sum(a: string, b: string): string {
  const [first, second] = [parseLongDouble(a), parseLongDouble(b)];
  if (first === null || second === null) return 'not a float';
  const total = addLongDoubles(first, second);
  return isFiniteLongDouble(total) ? formatLongDouble(total) : 'not finite';
}

for (const [a, b, expected] of [
  ['10.50', '0.1', '10.6'], ['0.1', '0.2', '0.3'], ['1', '-1', '0'], ['-1.5', '0.5', '-1'],
  ['5.0e3', '200', '5200'], ['0.000001', '0', '0.000001'],
    ['1e17', '0.1', '100000000000000000.1015625'],
  ['12345678901234567890', '1', '12345678901234567891'],
    ['18446744073709551615', '0', '18446744073709551615'],
  ['18446744073709551617', '0', '18446744073709551616'], ['0x10', '0x1.8p1', '19'],
    ['.5', '5.', '5.5'],
  ['2e-4951', '0', '0'], ['1e-4951', '0', 'not a float'], ['-1e-30', '0', '0'],
    ['1e400', '-1e400', '0'],
  ['inf', '1', 'not finite'], ['inf', '-inf', 'not finite'], ['-infinity', '1', 'not finite'],
  ['1e4932', '1e4932', 'not finite'], ['3.4e4932', '0', 'not a float'],
    ['-1e4932', '-1e4932', 'not finite'],
  ['1e-5000', '0', 'not a float'], ['1e5000', '0', 'not a float'],
    ['1e999999999', '0', 'not a float'],
  ['0e999999999', '1', '1'], ['nan', '0', 'not a float'], ['', '0', 'not a float'],
    ['.', '0', 'not a float'],
  ['1e', '0', 'not a float'], ['0x', '0', 'not a float'], ['1 ', '0', 'not a float'],
] as const) {
  test(`${a || '(empty)'} + ${b}`, (t) => {
    t.is(sum(a, b), expected);
    t.is(sum(b, a), expected);
  });
}

test('long double: more bytes than a string can have are no number', (t) => {
  const many = Buffer.alloc(2 ** 29 + 1, '1');
  t.is(readLongDouble(many, 0, many.length), null);
  t.deepEqual(readLongDouble(many, 0, 3), parseLongDouble('111'));
});
