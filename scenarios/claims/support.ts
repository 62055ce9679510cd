// What several claims share: keys to write, spreads of repetitions, the end of a log.

import fs from 'node:fs';
import path from 'node:path';
import type { CellRecord } from '../../harness/index.ts';
import { median, significant } from '../../harness/index.ts';

/** Middle, lowest and highest of repetitions. */
export interface Spread {
  readonly median: number;
  readonly low: number;
  readonly high: number;
}

/** The spread of at least one value. */
export function spreadOf(values: readonly number[]): Spread {
  return { median: median(values), low: Math.min(...values), high: Math.max(...values) };
}

/** `0.93 × (0.9–0.97)`. */
export function ratioText({ median: middle, low, high }: Spread): string {
  return `${significant(middle)} × (${significant(low)}–${significant(high)})`;
}

/** SETs of `prefix:from` up to and without `prefix:to`; the values do not compress well. */
export function* sets(
  prefix: string, [from, to]: readonly [number, number], valueBytes = 20,
): Generator<string[]> {
  for (let key = from; key < to; key++) {
    yield ['SET', `${prefix}:${key}`, valueOf(key, valueBytes)];
  }
}

/** The same for the same key: words of a linear congruential generator. */
function valueOf(key: number, bytes: number): string {
  let text = '';
  for (let word = key + 1; text.length < bytes; text += word.toString(36)) {
    word = (Math.imul(word, 1_103_515_245) + 12_345) & 0x7fff_ffff;
  }
  return text.slice(0, bytes);
}

/** Folder of the log below a data directory. */
export const logFolder = 'appendonlydir';

/** Path of the file that a server appends to. */
export function lastLogFile(directory: string): string {
  const folder = path.join(directory, logFolder);
  const number = (name: string): number => Number(/\.(\d+)\.incr\.aof$/.exec(name)?.[1] ?? -1);
  const names = fs.readdirSync(folder).filter((name) => number(name) >= 0);
  const last = names.sort((one, other) => number(one) - number(other)).at(-1);
  if (last === undefined) throw new Error(`no increment in ${folder}`);
  return path.join(folder, last);
}

/** The cell of a setting: `aof/always`. */
export function cellOf(cells: readonly CellRecord[], setting: string): CellRecord | undefined {
  return cells.find(({ config: { persist, appendfsync } }) => (
    (appendfsync === null ? persist : `${persist}/${appendfsync}`) === setting));
}

/** Rates of two cells, trial by trial: the second divided by the first. */
export function rateRatio(before: CellRecord, after: CellRecord): Spread | null {
  const ratios = before.perTrial.flatMap(({ index, qps }) => {
    const other = after.perTrial.find((trial) => trial.index === index)?.qps ?? null;
    return qps === null || other === null || qps === 0 ? [] : [other / qps];
  });
  return ratios.length === 0 ? null : spreadOf(ratios);
}
