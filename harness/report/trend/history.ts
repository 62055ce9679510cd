// The history of runs: a file that is only ever added to, a line for each run or dated note.
//
//   {"kind":"run","schema":1,"id":"2026-…","at":"2026-…Z","revision":"17f1c32","testbed":"…, ext4",
//    "verdict":"pass","cells":{"<cell>":{"write rate":64800,"loss window":0}},
//    "asked":{"<cell>":"0123456789ab"}}
//   {"kind":"note","schema":1,"at":"2026-…Z","text":"kernel 6.12"}

import * as v from 'valibot';
import { nightlyIdentity } from '../../metrics/testbed.ts';
import { median } from '../../metrics/statistics.ts';
import { verdicts } from '../../plan/events.ts';
import type { Verdict } from '../../plan/events.ts';
import { askedKey } from '../cell-identity.ts';
import { comparedMetrics } from '../cell-metrics.ts';
import type { RunRecord, TestbedRecord } from '../record.ts';

const historySchema = 1;

/** A run of the history. */
export interface HistoryRun {
  readonly kind: 'run';
  readonly schema: typeof historySchema;
  readonly id: string;
  /** ISO 8601, UTC. */
  readonly at: string;
  /** What was measured, such as a commit. */
  readonly revision: string | null;
  /** Runs of different testbeds are never joined. */
  readonly testbed: string;
  readonly verdict: Verdict;
  /** Cell → metric → median of its trials. */
  readonly cells: Readonly<Record<string, Readonly<Record<string, number>>>>;
  /** Cell → what it was asked, as `askedKey`: others are never joined; null: it was not told. */
  readonly asked: Readonly<Record<string, string>> | null;
}

/** Something that happened at a date: a new kernel, another disk. */
export interface HistoryNote {
  readonly kind: 'note';
  readonly schema: typeof historySchema;
  readonly at: string;
  readonly text: string;
}

const lineSchema = v.variant('kind', [
  v.object({
    kind: v.literal('run'),
    schema: v.literal(historySchema),
    id: v.string(),
    at: v.string(),
    revision: v.nullable(v.string()),
    testbed: v.string(),
    verdict: v.picklist(verdicts),
    cells: v.record(v.string(), v.record(v.string(), v.pipe(v.number(), v.finite()))),
    asked: v.optional(v.nullable(v.record(v.string(), v.string())), null),
  }),
  v.object({
    kind: v.literal('note'), schema: v.literal(historySchema), at: v.string(), text: v.string(),
  }),
]);

/** What a history file holds, oldest first. */
export interface History {
  readonly runs: readonly HistoryRun[];
  readonly notes: readonly HistoryNote[];
  /** Lines that could not be read, in sentences. */
  readonly problems: readonly string[];
}

/** The line of a run: the median of every metric of every cell. */
export function historyLineOf(record: RunRecord, revision: string | null): string {
  const cells = record.cells.map((cell) => {
    const medians = comparedMetrics.flatMap(({ name, read }) => {
      const values = cell.perTrial.filter((trial) => trial.error === null)
        .flatMap((trial) => read(trial) ?? []);
      return values.length === 0 ? [] : [[name, rounded(median(values))] as const];
    });
    return [cell.id, Object.fromEntries(medians)] as const;
  });
  const run: HistoryRun = {
    kind: 'run', schema: historySchema, id: record.id, at: record.startedAt, revision,
    testbed: fingerprintOf(record.testbed), verdict: record.verdict,
    cells: Object.fromEntries(cells),
    asked: Object.fromEntries(record.cells.map((cell) => [cell.id, askedKey(cell)])),
  };
  return `${JSON.stringify(run)}\n`;
}

/** The line of a note. */
export function noteLineOf(at: string, text: string): string {
  const note: HistoryNote = { kind: 'note', schema: historySchema, at, text };
  return `${JSON.stringify(note)}\n`;
}

/** What decides whether two runs belong to one series. */
export function fingerprintOf(testbed: TestbedRecord): string {
  return nightlyIdentity({ ...testbed, memoryBytes: testbed.memory });
}

/** Reads a history; a line that is not one is said and left out. */
export function parseHistory(text: string, from: string): History {
  const problems: string[] = [];
  const runs: HistoryRun[] = [];
  const notes: HistoryNote[] = [];
  text.split('\n').forEach((line, at) => {
    if (line.trim() === '') return;
    const result = v.safeParse(lineSchema, jsonOrNull(line));
    if (!result.success) {
      const [issue] = result.issues;
      problems.push(`${from}: line ${at + 1} is left out: ${v.getDotPath(issue) ?? 'the whole'}: `
        + `expected ${issue.expected ?? issue.message}, found ${issue.received}`);
    } else if (result.output.kind === 'run') runs.push(result.output);
    else notes.push(result.output);
  });
  return { runs: runs.sort(byDate), notes: notes.sort(byDate), problems };
}

function byDate(one: { readonly at: string }, other: { readonly at: string }): number {
  return one.at < other.at ? -1 : Number(one.at > other.at);
}

function jsonOrNull(line: string): unknown {
  try {
    return JSON.parse(line) as unknown;
  } catch {
    return null;
  }
}

function rounded(value: number): number {
  return Number(value.toPrecision(6));
}
