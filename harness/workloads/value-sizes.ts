// How long the values are: all alike, spread evenly, lognormal as caches see them, or as a trace
// says. A pure function of 32 random bits and the sequence, as everything of a workload.

import { normalQuantile } from '../metrics/distributions.ts';
import { HarnessError } from '../errors.ts';

/**
 * - `fixed`: every value has `valueSizeBytes`.
 * - `uniform:A-B`: each size from A to B bytes (both included) alike.
 * - `lognormal:M:S`: median M bytes, S the standard deviation of the logarithm; 2,048 sizes.
 * - `sizes:A,B,C`: in turn, from the start again at the end: what a trace file is read into.
 */
export type ValueSizes = 'fixed' | `uniform:${number}-${number}` | `lognormal:${number}:${number}`
  | `sizes:${string}`;

/** What a text must look like to be value sizes; for messages. */
export const valueSizesExpected: string =
  'fixed, uniform:A-B, lognormal:MEDIAN:SIGMA or sizes:A,B,C, in bytes from 32 to 1048576';

/** A value holds its client, its sequence and at least 15 bytes of pattern. */
const leastBytes = 32;
const mostBytes = 1_048_576;
/** Lines that a trace may have: it is kept in the head of every ledger and record. */
export const longestTrace = 10_000;

/** The sizes of one workload. */
export interface SizePicker {
  /** Bytes of the value of one operation. */
  pick(hash: number, sequence: number): number;
  readonly maximumBytes: number;
  readonly meanBytes: number;
}

/** True for a text that names value sizes. */
export function isValueSizes(text: unknown): text is ValueSizes {
  return typeof text === 'string' && pickerOf(text, leastBytes) !== null;
}

/** The picker of sizes that have been checked; `fixedBytes` is for `fixed`. */
export function sizePicker(sizes: ValueSizes, fixedBytes: number): SizePicker {
  if (sizes === 'fixed') return fixed(fixedBytes);
  if (sizes !== lastMade?.sizes) lastMade = { sizes, picker: pickerOf(sizes, fixedBytes) };
  return lastMade.picker ?? fixed(fixedBytes);
}

/** A table of quantiles takes 3 ms, and a simulated crash asks for the same one six times. */
let lastMade: { readonly sizes: ValueSizes; readonly picker: SizePicker | null } | null = null;

/**
 * Reads a trace: one size in bytes a line; empty lines and lines that start with `#` are skipped.
 * @throws {HarnessError} USAGE naming the line that is none.
 */
export function parseTrace(text: string, file: string): ValueSizes {
  const sizes: number[] = [];
  for (const [index, line] of text.split('\n').entries()) {
    const word = line.trim();
    if (word === '' || word.startsWith('#')) continue;
    const bytes = /^\d+$/.test(word) ? Number(word) : Number.NaN;
    if (!isSize(bytes)) {
      throw new HarnessError('USAGE', `${file}:${index + 1}: expected a size from ${leastBytes} to `
        + `${mostBytes} bytes, found ${JSON.stringify(word.slice(0, 60))}`);
    }
    sizes.push(bytes);
  }
  if (sizes.length === 0 || sizes.length > longestTrace) {
    throw new HarnessError('USAGE', `${file}: expected 1 to ${longestTrace} sizes, found `
      + `${sizes.length}; every so-many-th line of a longer trace will do`);
  }
  return `sizes:${sizes.join(',')}`;
}

function pickerOf(text: string, fixedBytes: number): SizePicker | null {
  if (text === 'fixed') return fixed(fixedBytes);
  const uniform = /^uniform:(\d+)-(\d+)$/.exec(text);
  if (uniform !== null) return even(Number(uniform[1]), Number(uniform[2]));
  const lognormal = /^lognormal:(\d+):(\d+(?:\.\d+)?)$/.exec(text);
  if (lognormal !== null) return logarithmic(Number(lognormal[1]), Number(lognormal[2]));
  if (!/^sizes:\d+(,\d+)*$/.test(text)) return null;
  const sizes = text.slice(6).split(',').map(Number);
  if (!sizes.every(isSize) || sizes.length > longestTrace) return null;
  return {
    maximumBytes: Math.max(...sizes),
    meanBytes: sizes.reduce((sum, bytes) => sum + bytes, 0) / sizes.length,
    pick: (_hash, sequence) => sizes[(sequence - 1) % sizes.length] as number,
  };
}

function isSize(bytes: number): boolean {
  return bytes >= leastBytes && bytes <= mostBytes;
}

function fixed(bytes: number): SizePicker {
  return { maximumBytes: bytes, meanBytes: bytes, pick: () => bytes };
}

function even(low: number, high: number): SizePicker | null {
  if (!isSize(low) || !isSize(high) || high < low) return null;
  const span = high - low + 1;
  return {
    maximumBytes: high,
    meanBytes: (low + high) / 2,
    pick: (hash) => low + Math.floor((hash / 4_294_967_296) * span),
  };
}

function logarithmic(medianBytes: number, sigma: number): SizePicker | null {
  if (!isSize(medianBytes) || !(sigma > 0 && sigma <= 5)) return null;
  const steps = 2048; // the sizes at the middle of so many equal shares
  const sizes = Uint32Array.from({ length: steps }, (_, step) => {
    const bytes = Math.round(medianBytes * Math.exp(sigma * normalQuantile((step + 0.5) / steps)));
    return Math.min(mostBytes, Math.max(leastBytes, bytes));
  });
  return {
    maximumBytes: sizes[steps - 1] as number,
    meanBytes: sizes.reduce((sum, bytes) => sum + bytes, 0) / steps,
    pick: (hash) => sizes[hash >>> 21] as number,
  };
}
