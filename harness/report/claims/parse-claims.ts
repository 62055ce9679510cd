// Reads the record of `plugpull run claims` back, checked field by field.

import * as v from 'valibot';
import { HarnessError, reasonOf } from '../../errors.ts';
import { targetNames } from '../../plan/scenario.ts';
import { claimsSchema, claimVerdicts } from './claims-record.ts';
import type { ClaimsRecord } from './claims-record.ts';

/**
 * Checks the text of a claims.json; `from` names the file in messages.
 * @throws {HarnessError} RECORD_BAD when it is damaged or of another schema version.
 */
export function parseClaims(text: string, from: string): ClaimsRecord {
  const bad = (what: string): HarnessError => new HarnessError('RECORD_BAD', `${from}: ${what}`);
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw bad(`not a record of claims: ${reasonOf(error)}`);
  }
  const schema = (value as { schema?: unknown } | null)?.schema;
  if (typeof schema === 'number' && schema !== claimsSchema) {
    throw bad(`expected a record of schema ${claimsSchema}, found schema ${schema}: use the `
      + 'version of Plugpull that wrote it');
  }
  const result = v.safeParse(record, value);
  if (result.success) return result.output;
  const [issue] = result.issues;
  throw bad(`not a record of claims: ${v.getDotPath(issue) ?? 'the whole file'}: expected `
    + `${issue.expected ?? issue.message}, found ${issue.received}`);
}

const words = v.string();
const number = v.pipe(v.number(), v.finite());
const pair = v.strictTuple([number, number]);
const target = v.picklist(targetNames);

const chart = v.strictObject({
  title: words, unit: v.picklist(['ms', 'bytes', 'per second', 'percent', 'count']),
  isLog: v.exactOptional(v.boolean()),
  bars: v.array(v.strictObject({
    label: words, value: v.nullable(number), range: v.exactOptional(pair),
  })),
});

const course = v.strictObject({
  title: words, reading: words, valueLabel: words, timeLabel: words,
  lines: v.array(v.strictObject({ label: words, points: v.array(pair) })),
});

const result = v.strictObject({
  target, verdict: v.picklist(claimVerdicts), within: v.nullable(words), decisive: words,
  instead: v.nullable(words), facts: v.array(v.strictTuple([words, words])),
  chart: v.nullable(chart), course: v.exactOptional(course), figures: v.unknown(),
  broken: v.array(words), runs: v.array(words), tookMs: number,
});

const record = v.strictObject({
  schema: v.literal(claimsSchema), kind: v.literal('claims'), id: words, plugpull: words,
  profile: v.picklist(['quick', 'nightly']), seed: number, startedAt: words, tookMs: number,
  interrupted: v.boolean(),
  testbed: v.strictObject({
    cpu: words, cores: number, kernel: words, fs: words, node: words, fdatasyncUs: number,
  }),
  targets: v.array(v.strictObject({ name: target, version: words })),
  missing: v.array(v.strictObject({ name: target, reason: words })),
  claims: v.array(v.strictObject({
    number, name: words, sentence: words, statedIn: words, refutedBy: words, measured: words,
    parameters: v.unknown(), results: v.array(result),
  })),
  extended: v.array(v.strictObject({ name: words, question: words })),
});
