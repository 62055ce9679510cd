// Words of the flags that shape a load → typed values: rates, shares, shapes, value sizes.

import { readFileSync } from 'node:fs';
import { limits } from '../plan/define-scenario.ts';
import type { Load } from '../plan/scenario.ts';
import { isValueSizes, parseTrace, valueSizesExpected } from '../workloads/value-sizes.ts';
import { parseCount, parseSizeBytes, usage } from './values.ts';

/** Several values, which a study tries one by one. */
const isList = (text: string): boolean => /^\d[^:/%]*,/.test(text);

/**
 * `100,1kb,4kb` of a study; undefined for a single size or a spread of them.
 * @throws {HarnessError} USAGE naming what was expected.
 */
export function parseValueSizeList(text: string | undefined): number[] | undefined {
  if (text === undefined || !isList(text)) return undefined;
  const sizes = text.split(',').map((word) => (
    parseSizeBytes('--value-size', word, limits.valueSizeBytes)));
  return distinct('--value-size', sizes);
}

/** `2k,5k,10k` of a study, likewise. @throws {HarnessError} USAGE naming what was expected. */
export function parseRateList(text: string | undefined): number[] | undefined {
  if (text === undefined || !isList(text)) return undefined;
  const rates = text.split(',').map((word) => parseCount('--rate', word, limits.ratePerSecond));
  return distinct('--rate', rates);
}

function distinct(flag: string, values: number[]): number[] {
  const again = values.find((value, at) => values.indexOf(value) !== at);
  if (again === undefined) return values;
  throw usage(`${flag}: expected each value once, found ${again} again`);
}

/** What --rate says: of the load as a whole, or for each client. */
export interface Rate {
  readonly load: Partial<Pick<Load, 'ratePerSecond' | 'ratePercent'>>;
  readonly ratePerClient?: number;
}

/**
 * `max`, `50k`, `100/client`, `70%`.
 * @throws {HarnessError} USAGE naming what was expected.
 */
export function parseRate(text: string | undefined): Rate {
  if (text === undefined || isList(text)) return { load: {} };
  if (text === 'max') return { load: { ratePerSecond: null, ratePercent: null } };
  const percent = /^(.*)%$/.exec(text)?.[1];
  if (percent !== undefined) {
    const ratePercent = parseCount('--rate (in % of the peak)', percent, limits.ratePercent);
    return { load: { ratePerSecond: null, ratePercent } };
  }
  const each = /^(.*)\/client$/.exec(text)?.[1];
  if (each !== undefined) {
    const ratePerClient = parseCount('--rate (of a client)', each, limits.ratePerSecond);
    return { load: {}, ratePerClient };
  }
  const ratePerSecond = parseCount('--rate', text, limits.ratePerSecond);
  return { load: { ratePerSecond, ratePercent: null } };
}

/** A share as `0.5` or `50%`. @throws {HarnessError} USAGE when it is none or out of range. */
export function parseShare(
  flag: string, text: string, [from, to]: readonly [number, number],
): number {
  const match = /^(\d+(?:\.\d+)?)(%?)$/.exec(text);
  const share = Number(match?.[1]) / (match?.[2] === '%' ? 100 : 1);
  if (match === null || share < from || share > to) {
    throw usage(`${flag}: expected a share from ${from} to ${to} such as 0.5 or 50%, `
      + `found '${text}'`);
  }
  return share;
}

/** A text that a check accepts. @throws {HarnessError} USAGE when it does not. */
export function parseShape<TShape extends string>(
  flag: string, text: string | undefined,
  { is, expected }: { is: (text: unknown) => text is TShape; expected: string },
): TShape | undefined {
  if (text === undefined || is(text)) return text;
  throw usage(`${flag}: expected ${expected}, found '${text}'`);
}

/**
 * A size, or how sizes are spread; `trace:FILE` reads one size a line.
 * @throws {HarnessError} USAGE when it is neither, or naming the line of the file.
 */
export function parseValueSize(
  text: string | undefined,
): Partial<Pick<Load, 'valueSizeBytes' | 'valueSizes'>> {
  if (text === undefined || isList(text)) return {};
  if (text.startsWith('trace:')) return { valueSizes: readTrace(text.slice('trace:'.length)) };
  if (!/^[a-z]/i.test(text)) {
    const valueSizeBytes = parseSizeBytes('--value-size', text, limits.valueSizeBytes);
    return { valueSizeBytes, valueSizes: 'fixed' };
  }
  if (isValueSizes(text)) return { valueSizes: text };
  throw usage(`--value-size: expected a size, trace:FILE, ${valueSizesExpected}; found '${text}'`);
}

function readTrace(file: string): Load['valueSizes'] {
  try {
    return parseTrace(readFileSync(file, 'utf8'), file);
  } catch (error) {
    if (!(error instanceof Error) || !('syscall' in error)) throw error;
    throw usage(`--value-size: cannot read the trace ${file}: ${error.message}`);
  }
}
