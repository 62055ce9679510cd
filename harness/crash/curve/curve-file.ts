// A loss curve as a file: gzip over JSON, a few kB, beside the record of the run.
//
//   schema      1
//   binMs       width of a bin; bin 0 begins with the load
//   writes      the largest loss in each bin, acknowledged writes
//   bytes       the same, payload bytes
//   windowMs    the same, age of the oldest lost write

import { gunzipSync, gzipSync } from 'node:zlib';

import { HarnessError, reasonOf } from '../../errors.ts';
import type { Envelope } from './envelope.ts';

/** What is drawn. */
export interface DrawnCurve {
  readonly schema: 1;
  readonly binMs: number;
  readonly writes: readonly number[];
  readonly bytes: readonly number[];
  readonly windowMs: readonly number[];
}

/** The bytes of the file. */
export function encodeCurve(envelope: Envelope): Buffer {
  const curve: DrawnCurve = {
    schema: 1,
    binMs: rounded(envelope.binNs / 1e6),
    writes: [...envelope.writes],
    bytes: [...envelope.bytes],
    windowMs: [...envelope.windowMs].map(rounded),
  };
  return gzipSync(JSON.stringify(curve));
}

/**
 * Reads it back; `from` names the file in messages.
 * @throws {HarnessError} RECORD_BAD when it is damaged or of another version.
 */
export function decodeCurve(bytes: Uint8Array, from: string): DrawnCurve {
  let value: Partial<DrawnCurve>;
  try {
    value = JSON.parse(gunzipSync(bytes).toString('utf8')) as Partial<DrawnCurve>;
  } catch (cause) {
    throw bad(from, `found ${reasonOf(cause)}`, cause);
  }
  if (value.schema !== 1) throw bad(from, `expected schema 1, found ${String(value.schema)}`);
  const lists = [value.writes, value.bytes, value.windowMs];
  const isWhole = typeof value.binMs === 'number' && value.binMs > 0 && lists.every((list) => (
    Array.isArray(list) && list.length === value.writes?.length
    && list.every((each) => typeof each === 'number' && each >= 0)));
  if (!isWhole) throw bad(from, 'expected binMs and three lists of one length');
  return value as DrawnCurve;
}

function rounded(value: number): number {
  return Math.round(value * 1000) / 1000;
}

function bad(from: string, text: string, cause?: unknown): HarnessError {
  return new HarnessError('RECORD_BAD', `${from}: not a loss curve: ${text}`, { cause });
}
