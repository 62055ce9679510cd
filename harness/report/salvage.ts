// Reads what is left of a record that is not whole: cut in half, or with a field missing or wrong.
// Whatever had to be left out is said.

import * as v from 'valibot';
import { HarnessError, reasonOf } from '../errors.ts';
import { worstVerdict } from './verdicts.ts';
import {
  cellSchema, failureSchema, headSchemas, parseRecord, skippedSchema, testbedSchema,
} from './parse-record.ts';
import type { Schema } from './parse-record.ts';
import { upgraded } from './older-records.ts';
import { acrossCells } from './comparisons.ts';
import { recordSchema } from './record.ts';
import type { RunRecord } from './record.ts';

/** A record and what it lacks, in sentences; no sentence for one that is whole. */
export interface Salvaged {
  readonly record: RunRecord;
  readonly problems: readonly string[];
}

/**
 * Reads the text of a record; `from` names the file in messages.
 * @throws {HarnessError} RECORD_BAD when it is of another schema, or nothing of it is a record.
 */
export function salvageRecord(text: string, from: string): Salvaged {
  const problems: string[] = [];
  const value = jsonOf(text, problems);
  if (value === null || typeof value !== 'object' || Array.isArray(value)) {
    throw new HarnessError('RECORD_BAD', `${from}: not a run record, nor the beginning of one`);
  }
  const fields = upgraded(value) as Readonly<Record<string, unknown>>;
  if (problems.length === 0 || fields['schema'] !== recordSchema) {
    try {
      return { record: parseRecord(value, from), problems };
    } catch (error) {
      if (fields['schema'] !== recordSchema) throw error;
    }
  }
  return { record: assembled(fields, problems), problems };
}

function assembled(fields: Readonly<Record<string, unknown>>, problems: string[]): RunRecord {
  const head = <TField extends keyof typeof headSchemas>(
    field: TField,
  ): RunRecord[TField] | null => {
    const result = v.safeParse(headSchemas[field] as Schema<RunRecord[TField]>, fields[field]);
    if (result.success) return result.output;
    problems.push(`The field ${field} is missing or damaged.`);
    return null;
  };
  const cells = list(cellSchema, fields['cells'], { name: 'cells', problems });
  const testbed = kept(testbedSchema, fields['testbed'], { name: 'the testbed', problems });
  return {
    schema: recordSchema,
    id: head('id') ?? 'unknown',
    plugpull: head('plugpull') ?? 'of an unknown version',
    verdict: head('verdict')
      ?? worstVerdict([...cells.map((cell) => cell.verdict), 'inconclusive']),
    interrupted: head('interrupted') ?? false,
    seed: head('seed') ?? 0,
    startedAt: head('startedAt') ?? 'at an unknown time',
    tookMs: head('tookMs') ?? 0,
    plannedTrials: head('plannedTrials') ?? 0,
    testbed: testbed ?? unknownTestbed,
    cells,
    ...acrossCells(cells),
    skipped: list(skippedSchema, fields['skipped'], { name: 'skipped cells', problems }),
    failures: list(failureSchema, fields['failures'], { name: 'failures', problems }),
  };
}

const unknownTestbed: RunRecord['testbed'] = {
  cpu: 'unknown', cores: 0, memory: 0, kernel: 'unknown', fs: 'unknown',
  mountOptions: '', device: 'unknown', governor: null,
  limits: { cpus: null, memoryBytes: null, openFiles: null },
  fsyncUs: { p50: 0, p99: 0 }, fdatasyncUs: { p50: 0, p99: 0 },
  fsyncUsAfter: null, fdatasyncUsAfter: null,
  loadAverage: { before: 0, after: 0 }, stealShare: null, node: 'unknown', fingerprint: 'unknown',
};

function list<TValue>(
  schema: Schema<TValue>, value: unknown, { name, problems }: { name: string; problems: string[] },
): TValue[] {
  if (!Array.isArray(value)) {
    problems.push(`The list of ${name} is missing.`);
    return [];
  }
  const items = (value as readonly unknown[]).map((item, at) => (
    kept(schema, item, { name: `number ${at + 1} of the ${name}`, problems })));
  return items.filter((item) => item !== null);
}

/** The value; null, with the reason among the problems, when it is not what it should be. */
function kept<TValue>(
  schema: Schema<TValue>, value: unknown, { name, problems }: { name: string; problems: string[] },
): TValue | null {
  const first = v.safeParse(schema, value);
  if (first.success) return first.output;
  const [issue] = first.issues;
  const path = v.getDotPath(issue) ?? 'the whole';
  problems.push(`Left out: ${name}: ${path}: expected ${issue.expected ?? issue.message}, `
    + `found ${issue.received}.`);
  return null;
}

function jsonOf(text: string, problems: string[]): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch (error) {
    const repaired = closedJson(text);
    const words = reasonOf(error);
    problems.push(`The record ends too early or is damaged after ${repaired.lengthChars} of `
      + `${text.length} characters (${words}).`);
    try {
      return JSON.parse(repaired.text) as unknown;
    } catch {
      return null;
    }
  }
}

/** The longest beginning of a JSON text that ends with a whole value, with what is open closed. */
export function closedJson(text: string): { text: string; lengthChars: number } {
  const open: string[] = [];
  let whole = { end: 0, closers: '' };
  for (let at = 0; at < text.length; at++) {
    const character = text.charAt(at);
    if (character === '"') {
      at = stringEnd(text, at);
    } else if (character === '{') {
      open.push('}');
    } else if (character === '[') {
      open.push(']');
    } else if (character === ',') {
      whole = { end: at, closers: open.toReversed().join('') };
    } else if (character === '}' || character === ']') {
      if (open.pop() !== character) break;
      whole = { end: at + 1, closers: open.toReversed().join('') };
    }
  }
  return { text: text.slice(0, whole.end) + whole.closers, lengthChars: whole.end };
}

function stringEnd(text: string, start: number): number {
  let at = start + 1;
  while (at < text.length && text.charAt(at) !== '"') at += text.charAt(at) === '\\' ? 2 : 1;
  return at;
}
