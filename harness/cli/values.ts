// Words of the command line → typed values. Every mistake names the flag, what was expected, what
// was found, and the nearest valid name.

import { HarnessError } from '../errors.ts';
import { didYouMean } from '../plan/nearest.ts';

/** A whole number of a flag with its range, bounds included; `50k` and `2m` are understood. */
export function parseCount(
  flag: string, text: string, [from, to]: readonly [number, number],
): number {
  const match = /^(\d+(?:\.\d+)?)([km]?)$/i.exec(text.replaceAll('_', ''));
  const factor = { k: 1000, m: 1_000_000 }[match?.[2]?.toLowerCase() ?? ''] ?? 1;
  const value = Math.round(Number(match?.[1]) * factor * 1000) / 1000;
  if (match === null || !Number.isInteger(value) || value < from || value > to) {
    throw usage(`${flag}: expected a whole number from ${from} to ${to}, found '${text}'`);
  }
  return value;
}

const durationUnits: Readonly<Record<string, number>> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000 };

/** Milliseconds from `500ms`, `3s`, `1.5m`; a unit is required. */
export function parseDurationMs(
  flag: string, text: string, [from, to]: readonly [number, number],
): number {
  const match = /^(\d+(?:\.\d+)?)(ms|s|m|h)$/i.exec(text);
  const unit = durationUnits[match?.[2]?.toLowerCase() ?? ''] ?? Number.NaN;
  const value = Math.round(Number(match?.[1]) * unit);
  if (match === null || value < from || value > to) {
    throw usage(`${flag}: expected a time from ${from}ms to ${to / 1000}s such as 500ms, 3s or 2m, `
      + `found '${text}'`);
  }
  return value;
}

const sizeUnits: Readonly<Record<string, number>> = { b: 1, k: 1000, kb: 1000, m: 1e6, mb: 1e6 };

/** Bytes from `100`, `100b`, `4kb`; powers of 1000. */
export function parseSizeBytes(
  flag: string, text: string, [from, to]: readonly [number, number],
): number {
  const match = /^(\d+(?:\.\d+)?)(b|kb?|mb?)?$/i.exec(text);
  const unit = sizeUnits[match?.[2]?.toLowerCase() ?? 'b'] ?? Number.NaN;
  const value = Number(match?.[1]) * unit;
  if (match === null || !Number.isInteger(value) || value < from || value > to) {
    throw usage(`${flag}: expected bytes from ${from} to ${to} such as 100 or 4kb, `
      + `found '${text}'`);
  }
  return value;
}

/** Names of a list flag, each checked, none twice, in the order given. */
export function parseNames<const TName extends string>(
  flag: string, words: readonly string[], known: readonly TName[],
): TName[] {
  const found = words.flatMap((word) => word.split(',')).map((word) => word.trim());
  const names = found.map((word) => {
    const name = known.find((each) => each === word);
    if (name === undefined) {
      throw usage(`${flag}: no such value '${word}'${didYouMean(word, known)}`);
    }
    return name;
  });
  return [...new Set(names)];
}

/** `--set name=value` flags as a table; the last word wins. */
export function parseAssignments(flag: string, words: readonly string[]): Record<string, string> {
  const result: Record<string, string> = {};
  for (const word of words) {
    const at = word.indexOf('=');
    if (at < 1) throw usage(`${flag}: expected directive=value, found '${word}'`);
    result[word.slice(0, at).toLowerCase()] = word.slice(at + 1);
  }
  return result;
}

/** A failure of the command line. */
export function usage(message: string): HarnessError {
  return new HarnessError('USAGE', message);
}
