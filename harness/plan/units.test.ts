// Numbers as people read them.
import test from 'ava';
import {
  bytesText, countText, durationText, groupedText, roundedText, shareText, significant,
} from './units.ts';

const rows: [(value: number) => string, number, string][] = [
  [groupedText, 0, '0'], [groupedText, 999, '999'], [groupedText, 1234567.4, '1,234,567'],
  [durationText, 0.4, '0 ms'], [durationText, 999, '999 ms'], [durationText, 1000, '1 s'],
  [durationText, 1540, '1.5 s'], [durationText, 9960, '10 s'], [durationText, 59_400, '59 s'],
  [durationText, 59_600, '1 min 0 s'], [durationText, 82_000, '1 min 22 s'],
  [durationText, 7_500_000, '2 h 5 min'], [durationText, 7_199_000, '1 h 59 min'],
  [bytesText, 0, '0 B'], [bytesText, 999, '999 B'], [bytesText, 4100, '4.1 kB'],
  [bytesText, 12_340_000, '12.3 MB'], [bytesText, 999_600, '1 MB'],
  [significant, 0.131, '0.13'], [significant, 4.0, '4'], [significant, 99.96, '100'],
  [significant, 12.34, '12.3'],
  [roundedText, 142_318, '142,000'], [roundedText, 31_249, '31,200'], [roundedText, 87, '87'],
  [roundedText, 0, '0'],
  [shareText, 0, '0 %'], [shareText, 0.004, '0.4 %'], [shareText, 0.632, '63 %'],
  [shareText, 1, '100 %'],
];

for (const [write, value, expected] of rows) {
  test(`${write.name} of ${value} is ${expected}`, (t) => t.is(write(value), expected));
}

test('one is singular', (t) => {
  t.is(countText(1, 'cell'), '1 cell');
  t.is(countText(2, 'cell'), '2 cells');
});
