// What a study of recovery, of background work or of another way in found in one trial, and how it
// is read back.

import * as v from 'valibot';
import type { LatencyUs } from '../metrics/histogram.ts';
import { cacheStates, recoveryForms, snapshotActions } from '../plan/studies.ts';
import { settingLabels } from '../plan/settings.ts';
import type { Study } from '../plan/studies.ts';

/** One recovery from files of a known form; its phases are those of the trial's cut. */
export interface RecoveryStudyRecord {
  readonly kind: 'recovery';
  /** Whether the files were in the page cache as asked, and how that was brought about. */
  readonly cache: string;
  /** Share of the files in the page cache just before the start; null where it is not told. */
  readonly residentShare: number | null;
  /** Keys that came back. */
  readonly keys: number;
  readonly diskBytes: number;
  /** Commands in the log after its base. */
  readonly tailCommands: number;
  /** Writes a second before the crash, in a closed loop. */
  readonly qpsBefore: number;
  /** From spawn until a window of 300 ms had 95 % of that rate; null when none had in time. */
  readonly backMs: number | null;
  /**
   * What the same load took for 95 % of its rate before the crash: the start of the generator,
   * which is in `backMs`; null when it is not known.
   */
  readonly generatorMs: number | null;
}

/**
 * Some time of a load, in whole intervals of 100 ms. Percentiles are those of all its operations;
 * where `p999Us` is null, an earlier version wrote medians of the percentiles of 100 ms instead.
 */
export interface StudyWindow {
  readonly ms: number;
  readonly qps: number;
  readonly p50Us: number;
  readonly p99Us: number;
  readonly p999Us: number | null;
  readonly maxUs: number | null;
  /** Worst of the 99th percentiles of 100 ms, µs. */
  readonly worstP99Us: number;
  /** Resident memory of the server and what it forked, at most. */
  readonly rssBytes: number | null;
  /** Sent towards the disk, bytes. */
  readonly writtenBytes: number | null;
  /** Those bytes for each byte of the payload that was acknowledged meanwhile. */
  readonly amplification: number | null;
}

/** Background work under load. */
export interface SnapshotStudyRecord {
  readonly kind: 'snapshot';
  readonly tookMs: number;
  readonly offeredPerSecond: number | null;
  /** Pages that a forked child no longer shared, at most, bytes; null where nothing is forked. */
  readonly copiedBytes: number | null;
  /** Size of the file that came of it. */
  readonly fileBytes: number;
  /** What had settled of the load before the work began. */
  readonly before: StudyWindow;
  /** Every interval that the work touched, the fork at its start with it. */
  readonly during: StudyWindow;
  readonly after: StudyWindow;
}

/** One way in under load. */
export interface EdgeFigures {
  readonly perSecond: number;
  /** Refused, or not answered. */
  readonly errors: number;
  /** How it was paced, and from when latency counts. */
  readonly method: string;
  /** Up to the kill. */
  readonly latencyUs: LatencyUs;
  /** Rate-limited: with what a stalled connection could not send in time added; else null. */
  readonly correctedUs: LatencyUs | null;
  /** What autocannon says itself, in whole milliseconds; null of RESP. */
  readonly statedMs: Readonly<Record<'p50' | 'p99' | 'p999' | 'max', number>> | null;
  readonly serverCpuUsPerOp: number | null;
  /** CPU time of the generator, of one core. */
  readonly generatorCpuShare: number;
  /** From the last answer before the kill to the first after it; null when none came. */
  readonly outageMs: number | null;
  /** Operations in flight when the connections were lost. */
  readonly unanswered: number;
  /** Latency with what the outage held up; at a rate corrected. Null of earlier versions. */
  readonly withOutageUs: LatencyUs | null;
}

/** HTTP beside RESP. */
export interface HttpStudyRecord {
  readonly kind: 'http';
  readonly first: 'resp' | 'http';
  readonly resp: EdgeFigures;
  readonly http: EdgeFigures;
}

export type StudyRecord = RecoveryStudyRecord | SnapshotStudyRecord | HttpStudyRecord;

const amount = v.pipe(v.number(), v.finite(), v.minValue(0));
const orNull = v.nullable(amount);

const window = v.strictObject({
  ms: amount, qps: amount, p50Us: amount, p99Us: amount, worstP99Us: amount,
  p999Us: v.optional(orNull, null), maxUs: v.optional(orNull, null),
  rssBytes: orNull, writtenBytes: orNull, amplification: orNull,
});

const latency = v.strictObject({ p50: amount, p99: amount, p999: amount, max: amount });
const edge = v.strictObject({
  perSecond: amount, errors: amount, method: v.string(), latencyUs: latency,
  correctedUs: v.nullable(latency), statedMs: v.nullable(latency), serverCpuUsPerOp: orNull,
  generatorCpuShare: amount,
  // Before they went through a crash.
  outageMs: v.optional(orNull, null), unanswered: v.optional(amount, 0),
  withOutageUs: v.optional(v.nullable(latency), null),
});

/** The shape of a study of a cell. */
export const studySchema: v.GenericSchema<Study> = v.variant('kind', [
  v.strictObject({
    kind: v.literal('recovery'), form: v.picklist(recoveryForms), cache: v.picklist(cacheStates),
    valueSizeBytes: v.exactOptional(amount),
  }),
  v.strictObject({
    kind: v.literal('snapshot'), action: v.picklist(snapshotActions),
    valueSizeBytes: v.exactOptional(amount), ratePerSecond: v.exactOptional(amount),
  }),
  v.strictObject({ kind: v.literal('http'), setting: v.picklist(settingLabels) }),
]);

/** The shape of what a trial of it found. */
export const studyRecordSchema: v.GenericSchema<unknown, StudyRecord> = v.variant('kind', [
  v.strictObject({
    kind: v.literal('recovery'), cache: v.string(), residentShare: orNull, keys: amount,
    diskBytes: amount, tailCommands: amount, qpsBefore: amount, backMs: orNull,
    generatorMs: v.optional(orNull, null),
  }),
  v.strictObject({
    kind: v.literal('snapshot'), tookMs: amount, offeredPerSecond: orNull, copiedBytes: orNull,
    fileBytes: amount, before: window, during: window, after: window,
  }),
  v.strictObject({
    kind: v.literal('http'), first: v.picklist(['resp', 'http']), resp: edge, http: edge,
  }),
]);
