// Doubles as text: a table of what C's printf("%.17g") and strtod make of them.
import test from 'ava';
import { doubleText, formatDouble, parseDouble, readDouble } from './doubles.ts';

const printed: readonly (readonly [value: number, text: string])[] = [
  [0, '0'], [-0, '-0'], [1, '1'], [-17, '-17'], [999_999, '999999'], [1e6, '1000000'],
  [2 ** 53, '9007199254740992'], [12345678901234568, '12345678901234568'],
  [1e16, '10000000000000000'], [99999999999999984, '99999999999999984'], [1e17, '1e+17'],
  [1e20, '1e+20'], [1e100, '1e+100'],
  [3.3, '3.2999999999999998'], [0.1, '0.10000000000000001'], [0.5, '0.5'], [-2.25, '-2.25'],
  [1e-4, '0.0001'], [1e-5, '1.0000000000000001e-05'], [5e-324, '4.9406564584124654e-324'],
  [1.7976931348623157e308, '1.7976931348623157e+308'], [Infinity, 'inf'], [-Infinity, '-inf'],
  // Half-way cases: the even digit wins.
  [100000000000000.125, '100000000000000.12'], [1 + 2 ** -17, '1.0000076293945312'],
  [1 + 3 * 2 ** -17, '1.0000228881835938'], [2 ** -25, '2.9802322387695312e-08'],
  [3 * 2 ** -25, '8.9406967163085938e-08'],
];

const read: readonly (readonly [text: string, value: number])[] = [
  ['5.', 5], ['.5', 0.5], ['+7', 7], ['1e3', 1000], ['1E-2', 0.01], ['00012', 12], ['-0', -0],
  ['inf', Infinity], ['-INF', -Infinity], ['+Infinity', Infinity], ['0x10', 16], ['0X1.8p1', 3],
  ['-0x1p-1', -0.5], ['0x.8', 0.5], ['0x1p1023', 2 ** 1023], ['0x1p-1074', 2 ** -1074],
  ['0x1.00000000000008p0', 1], ['0x1.000000000000080001p0', 1 + 2 ** -52],
  ['0x1.00000000000018p0', 1 + 2 ** -51], ['12345678901234567890', 12345678901234567000],
  ['0.1234567890123456789', 0.12345678901234568],
];

const refused = [
  '', ' ', '+', '-', '.', 'e5', '1e', '1e+', ' 1', '1 ', '\t1', '1\0', '--1', '1_0', '1,5', 'x',
  'nan', 'NaN', '-nan', 'infin', '0x', '0xg', '0x1p', '1e400', '-1e400', '1e-400', '0x1p1024',
  '0x1p-1080', '٣',
];

test('doubles are printed as %.17g prints them, and read back', (t) => {
  const target = Buffer.alloc(64);
  for (const [value, text] of printed) {
    t.is(doubleText(value), text);
    const end = formatDouble(target, 7, value);
    t.is(target.toString('latin1', 7, end), text);
    t.is(parseDouble(target, 7, end), value, text);
  }
  t.is(doubleText(NaN), 'nan');
});

test('doubles are read as strtod reads them, the whole text', (t) => {
  for (const [text, value] of read) {
    const bytes = Buffer.from(`7${text}7`);
    t.is(parseDouble(bytes, 1, bytes.length - 1), value, text);
  }
  for (const text of refused) {
    const bytes = Buffer.from(text);
    t.is(parseDouble(bytes, 0, bytes.length), NaN, JSON.stringify(text));
  }
});

test('reading stops where the number does, and says when it is out of range', (t) => {
  t.deepEqual(readDouble(' \t12px'), { value: 12, length: 4, outOfRange: false });
  t.deepEqual(readDouble('1e400'), { value: Infinity, length: 5, outOfRange: true });
  t.deepEqual(readDouble('1e-400'), { value: 0, length: 6, outOfRange: true });
  t.deepEqual(readDouble('0e999'), { value: 0, length: 5, outOfRange: false });
  t.deepEqual(readDouble('0xz'), { value: 0, length: 1, outOfRange: false });
  t.deepEqual(readDouble('x'), { value: 0, length: 0, outOfRange: false });
});
