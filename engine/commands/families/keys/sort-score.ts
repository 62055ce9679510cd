// Scores of SORT, read as C's strtod reads them: blanks before are fine, and so are hexadecimal
// digits; what follows the number is not; nor are values that a double cannot hold.
import { parseLongDouble } from '../../long-double.ts';
import { parseDouble } from '../../../resp/doubles.ts';

const decimalPattern = /^[+-]?(?:\d+\.?\d*|\.\d+)(?:e[+-]?\d+)?$/i;
const infinityPattern = /^([+-]?)inf(?:inity)?$/i;
/** Smaller ones lose digits, which strtod reports as an error. */
const smallestNormal = 2 ** -1022;

/** The score that bytes stand for; NaN when they are none. Nothing at all is 0. */
export function sortScore(bytes: Buffer, start: number, end: number): number {
  if (start === end) return 0;
  const plain = parseDouble(bytes, start, end);
  if (plain === 0 || Math.abs(plain) >= smallestNormal) return plain;
  return unusualScore(bytes.toString('latin1', start, end));
}

function unusualScore(latin1: string): number {
  const nul = latin1.indexOf('\0');
  const whole = nul < 0 ? latin1 : latin1.slice(0, nul);
  if (whole === '') return 0;
  const text = whole.replace(/^[ \t\n\v\f\r]+/, '');
  const infinite = infinityPattern.exec(text);
  if (infinite !== null) return infinite[1] === '-' ? -Infinity : Infinity;
  if (!decimalPattern.test(text)) return hexScore(text);
  const value = Number(text);
  const lost = value === 0 ? /^[^e]*[1-9]/i.test(text) : Math.abs(value) < smallestNormal;
  return lost || Math.abs(value) === Infinity ? NaN : value;
}

function hexScore(text: string): number {
  if (!/^[+-]?0x/i.test(text)) return NaN;
  const value = parseLongDouble(text);
  if (value === null || value.mantissa === null) return NaN;
  const score = Number(value.mantissa) * 2 ** value.exponent;
  return Math.abs(score) === Infinity ? NaN : score;
}
