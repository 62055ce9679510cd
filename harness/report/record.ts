// The run record, schema 1: everything a run found out, as plain data. `run.schema.json` is the
// same as a JSON Schema, `parse-record.ts` reads it back. Numbers carry their unit in the name;
// null means "not measured here", never zero.

import type { SendLateness } from '../drivers/resp/messages.ts';
import type { ChangeVerdict } from '../metrics/comparison.ts';
import type { LatencyUs } from '../metrics/histogram.ts';
import type { Estimate } from '../metrics/bounds.ts';
import type { Verdict } from '../plan/events.ts';
import type { CrashModel, FileSystem, Load, Measure, TargetName } from '../plan/scenario.ts';
import type { Fsync, Persist } from '../plan/settings.ts';
import type { Study } from '../plan/studies.ts';
import type { Estimates, MetricName } from './cell-metrics.ts';
import type { GrowthRecord } from './study-growth.ts';
import type { StudyRecord } from './study-record.ts';

export type { ChangeVerdict, Estimate, LatencyUs, SendLateness };

/** The version of this shape; a reader refuses every other. */
export const recordSchema = 1;

/** Middle and worst of what was seen. */
export interface Spread {
  readonly median: number;
  readonly max: number;
}

/** A quantile of what trials lost, with exact bounds at 95 %; null where trials are too few. */
export interface QuantileRecord {
  readonly value: number;
  readonly low: number | null;
  readonly high: number | null;
}

/** The middle of the windows of loss, and what nine of ten crashes stay at or below, ms. */
export interface WindowQuantiles {
  readonly p50: QuantileRecord;
  readonly p90: QuantileRecord;
}

/** Times from the spawn of the recovering server, ms. */
export interface RecoveryRecord {
  readonly listeningMs: number;
  readonly firstReadMs: number;
  /** Serving again: the first write was answered. */
  readonly firstWriteMs: number;
  /** The server's own word for how long it loaded; null when it said nothing. */
  readonly loadingMs: number | null;
}

/** What a crash cost. */
export interface LossRecord {
  /** Acknowledged writes that did not survive. */
  readonly writes: number;
  /** Payload bytes of those writes. */
  readonly bytes: number;
  /** Cut instant minus acknowledgement of the oldest lost write, ms; 0 when none was lost. */
  readonly windowMs: number;
}

/** One thing a checker found. */
export interface FindingRecord {
  readonly kind: string;
  /** True when it breaks the promise of the setting. */
  readonly breaks: boolean;
  readonly text: string;
}

/** One crash instant of a trial: the kill itself (`process`) or an instant judged by its image. */
export interface CutRecord {
  /** ms from the start of the load. */
  readonly atMs: number;
  readonly verdict: Verdict;
  /** Null when the question was not asked or could not be answered. */
  readonly loss: LossRecord | null;
  readonly recovery: RecoveryRecord | null;
  /** Operations acknowledged before the instant. */
  readonly acknowledged: number;
  readonly inFlight: number;
  readonly findings: readonly FindingRecord[];
  /** Of recorded runs only: what was going on at the instant, see the coverage. */
  readonly window?: string;
  /** Of `block` only. */
  readonly block?: BlockRecord;
}

/** What came of the faults of a trial. */
export interface FaultedRecord {
  readonly faults: readonly {
    readonly name: string; readonly applied: boolean; readonly why: string;
    /** Of repeated kills: how many met their window. */
    readonly kills?: { readonly met: number; readonly of: number };
  }[];
  /** Longest time without a reply to any client before the crash, ms. */
  readonly stallMs: number;
  /** How the server ended when it was not ended by us; null when it was. */
  readonly died: string | null;
  /** What INFO said of itself, one after the other: `aof_last_write_status ok → err`. */
  readonly claims: readonly string[];
}

/** What a real file system did at its cut and after it. */
export interface BlockRecord {
  readonly fileSystem: FileSystem;
  /** How long the call took, ms. */
  readonly cutMs: number;
  /** Mounting it again, with the replay of its journal, ms; not part of the recovery times. */
  readonly mountMs: number;
  /** The file system's own checker found nothing. */
  readonly isClean: boolean;
  /** What it said. */
  readonly check: string;
  /** Where an op log of the run was kept. */
  readonly inclusion?: InclusionRecord;
}

/** How what came back from a real file system compares with the model `power`. */
export interface InclusionRecord {
  /** Everything that the model calls durable at the cut came back. */
  readonly holds: boolean;
  /** Acknowledged writes that a cut by the model would have cost. */
  readonly powerLostWrites: number;
  /** Operations that came back beyond what the model calls durable. */
  readonly beyondWrites: number;
  /** Age at which the kernel begins to write data back, ms; null when it cannot be read. */
  readonly dirtyExpireMs: number | null;
  /** How often the journal is committed, ms; null when it cannot be read. */
  readonly commitMs: number | null;
}

/** How often the windows of a recorded run were hit, over all its trials and over one. */
export interface CoverageRecord {
  readonly window: string;
  /** Points between two storage calls that lie in it. */
  readonly candidates: number;
  /** Of those, judged from a booted image. */
  readonly judged: number;
  /** Different images among them. */
  readonly distinct: number;
}

/** What a power cut costs at every instant of a trial, read from its op log. */
export interface CurveRecord {
  /** Instants between which the loss does not change. */
  readonly instants: number;
  /** From the first operation of the load to the kill. */
  readonly spanMs: number;
  /** The worst instant for each figure by itself. */
  readonly maximum: LossRecord;
  /** The loss that half (99 %) of all instants do not exceed. */
  readonly p50: LossRecord;
  readonly p99: LossRecord;
  /** How long the promise was broken, and when (the first spans), ms from the load's start. */
  readonly brokenMs: number;
  readonly broken: readonly { readonly fromMs: number; readonly toMs: number }[];
  readonly findings: readonly FindingRecord[];
}

/** What is known about the load generator, so that its limits are not taken for the server's. */
export interface GeneratorRecord {
  /** CPU time of its thread, 0 to 1 of one core. */
  readonly cpuShare: number;
  /** Share of the time in which its event loop was not waiting. */
  readonly loopShare: number;
  readonly loopLagUs: { readonly p99: number; readonly max: number };
  /** Open loop: how late sends were after the moment they were meant for; else null. */
  readonly sendLateUs: SendLateness | null;
  /** Open loop: operations that were due and never sent. */
  readonly unsent: number;
  /** Why the figures are the generator's or the rate was not reached; null when they count. */
  readonly limit: string | null;
}

/** Answers of a living server: read your writes, and nothing older again. */
export interface CheckedReadsRecord {
  readonly checked: number;
  readonly wrong: number;
}

/** One repetition. */
export interface TrialRecord {
  readonly index: number;
  readonly seed: number;
  readonly crashAtMs: number;
  readonly verdict: Verdict;
  /** What the checkers held it to, in words; empty when loss was not asked for. */
  readonly promise: string;
  readonly tookMs: number;
  /** Acknowledged writes of the whole load. */
  readonly acknowledged: number;
  readonly errors: number;
  /** The first of these errors, as the server put it; absent without one. */
  readonly firstError?: string;
  /** Null in trials that record or do not ask for it. */
  readonly qps: number | null;
  /** GETs answered a second; null without reads. */
  readonly readsPerSecond: number | null;
  /** Reads of the load whose answers were compared with what had been written; absent: none. */
  readonly checkedReads?: CheckedReadsRecord;
  /** Open loop: the rate that was asked for, operations a second; else null. */
  readonly offeredPerSecond: number | null;
  readonly latencyUs: LatencyUs | null;
  /** The same through crash and recovery, from the moment each was meant to be sent. */
  readonly latencyWithOutageUs: LatencyUs | null;
  readonly generator: GeneratorRecord | null;
  readonly serverCpuUsPerOp: number | null;
  /** 0 to 1 of one core. */
  readonly generatorCpuShare: number | null;
  readonly generatorLimited: boolean;
  /** From the last reply before the crash to the first after it, as the driver saw it, ms. */
  readonly outageMs: number | null;
  readonly cuts: readonly CutRecord[];
  /** Of cells with faults only. */
  readonly faulted?: FaultedRecord;
  /** Null where nothing was recorded. */
  readonly curve: CurveRecord | null;
  /** Which windows the booted images lie in; empty where nothing was recorded. */
  readonly coverage: readonly CoverageRecord[];
  readonly files: FileSizes | null;
  /** Of a study only. */
  readonly study?: StudyRecord;
  /** The words of the server when it failed to start or died on its own; else null. */
  readonly error: string | null;
  /** Files beside the record: histogram, time series, ledger, op log; name → path. */
  readonly artefacts: Readonly<Record<string, string>>;
}

/** Sizes after the crash, bytes. */
export interface FileSizes {
  readonly rdbBytes: number;
  readonly aofBytes: number;
}

/** One cell: its trials and what they come to. */
export interface CellRecord {
  readonly id: string;
  readonly scenario: string;
  readonly target: { readonly name: TargetName; readonly version: string };
  readonly config: {
    readonly persist: Persist;
    readonly appendfsync: Fsync | null;
    readonly save: string;
    /** Every directive the target was started with, but for port, directory and log. */
    readonly directives: Readonly<Record<string, string>>;
    /** Faults of the load, as --fault takes them; absent: none. */
    readonly faults?: string;
  };
  readonly crash: CrashModel;
  /** What the cell studies instead of a load that ends in a crash. */
  readonly study?: Study;
  readonly preloadKeys: number;
  readonly load: Load;
  readonly measures: readonly Measure[];
  /** Each sync was slowed by this, to record its order; null where nothing was recorded. */
  readonly syncDelayMs: number | null;
  /** Trials that ran to their end. */
  readonly trials: number;
  readonly writes: { readonly acknowledged: number };
  readonly qps: Estimate | null;
  readonly generatorLimited: boolean;
  /** Trials to add to find a change of 5 % in 4 of 5 runs at a level of 1 %; null without rates. */
  readonly furtherTrials: number | null;
  /** Trials far from the others: shown, never left out. */
  readonly outliers: readonly OutlierRecord[];
  readonly latencyUs: LatencyUs | null;
  readonly latencyWithOutageUs: LatencyUs | null;
  readonly cpuUsPerOp: number | null;
  readonly recoveryMs: (Estimate & {
    readonly phases: {
      readonly listening: number;
      readonly firstRead: number;
      readonly firstWrite: number;
      readonly loading: number | null;
    };
  }) | null;
  readonly loss: {
    readonly writes: Spread;
    readonly bytes: Spread;
    readonly windowMs: Spread;
    /** Of the windows of the trials; null below 6 trials, which bound no median. */
    readonly windowMsQuantiles: WindowQuantiles | null;
    /** Trials in which the loss was judged. Instants of one trial are not independent. */
    readonly runs: number;
    /** Of those, trials that lost at least one acknowledged write. */
    readonly runsWithLoss: number;
    /** Instants judged in those trials. */
    readonly instants: number;
    /**
     * Upper bound (95 %) of the share of crashes that lose an acknowledged write, 0 to 1;
     * null when a loss was seen.
     */
    readonly upperBound95: number | null;
    /** Exact two-sided 95 % bounds (Clopper and Pearson) of that share. */
    readonly shareBounds95: readonly [low: number, high: number];
  } | null;
  readonly files: FileSizes | null;
  /** The median of each metric over the trials, with its interval; absent of earlier versions. */
  readonly estimates?: Estimates;
  /** What the setting promises under this crash model, in words. */
  readonly promise: string;
  readonly verdict: Verdict;
  readonly findings: readonly FindingRecord[];
  readonly perTrial: readonly TrialRecord[];
}

/** A trial whose figure lies far from the others of its cell (Iglewicz and Hoaglin, 3.5 MADs). */
export interface OutlierRecord {
  readonly metric: 'qps';
  readonly trial: number;
  readonly value: number;
  readonly score: number;
}

/** Two cells of one scenario that ran interleaved, as a paired ratio: after ÷ before. */
export interface ComparisonRecord {
  readonly metric: 'qps';
  readonly before: string;
  readonly after: string;
  readonly verdict: ChangeVerdict;
  readonly reason: string;
  readonly ratio: Estimate | null;
  /** Among all comparisons of the run, by Holm. */
  readonly adjustedP: number;
  readonly furtherTrials: number | null;
}

/** What repetitions of the same cell in neighbouring blocks differ by: A/A pairs of this run. */
export interface NoiseRecord {
  readonly metric: 'qps';
  /** How far the middle of the pairs may be from 1: 0.03 for 3 %. */
  readonly share: number;
  /** 19 of 20 pairs differ by at most this share; null of earlier versions. */
  readonly pairShare: number | null;
  readonly pairs: number;
}

/** The same of any metric, as a share where it has ratios, and in its own unit. */
export interface MetricNoiseRecord {
  readonly metric: MetricName;
  /** As in `NoiseRecord`, of the pairs above 0; null without one. */
  readonly share: number | null;
  readonly pairShare: number | null;
  /** How far the middle of the pairs may be from 0, in the unit of the metric. */
  readonly bias: number;
  /** 19 of 20 pairs differ by at most this, in the unit of the metric. */
  readonly pairDifference: number;
  readonly pairs: number;
}

/** A cell of the plan that was not run. */
export interface SkippedRecord {
  readonly id: string;
  readonly scenario: string;
  readonly target: TargetName;
  readonly persist: Persist;
  readonly appendfsync: Fsync | null;
  readonly crash: CrashModel;
  readonly reason: string;
}

/** Times of a probe, µs. */
export interface ProbeRecord {
  readonly p50: number;
  readonly p99: number;
}

/** The machine, as `metrics/` saw it. */
export interface TestbedRecord {
  readonly cpu: string;
  readonly cores: number;
  /** Bytes. */
  readonly memory: number;
  readonly kernel: string;
  /** Type of the file system under test. */
  readonly fs: string;
  readonly mountOptions: string;
  readonly device: string;
  /** Frequency governor of the first core; null where there is none. */
  readonly governor: string | null;
  readonly limits: {
    readonly cpus: number | null;
    readonly memoryBytes: number | null;
    readonly openFiles: number | null;
  };
  /** Probes before the first trial, µs. */
  readonly fsyncUs: ProbeRecord;
  readonly fdatasyncUs: ProbeRecord;
  /** The same after the last trial; null when the run did not get there. */
  readonly fsyncUsAfter: ProbeRecord | null;
  readonly fdatasyncUsAfter: ProbeRecord | null;
  /** Mean length of the run queue over the last minute, before and after. */
  readonly loadAverage: { readonly before: number; readonly after: number };
  /** Share of the CPU time that the hypervisor took during the run; null where it is not told. */
  readonly stealShare: number | null;
  readonly node: string;
  /** The same for runs that may be compared: a hash of what does not change from run to run. */
  readonly fingerprint: string;
}

/** A trial that broke a promise, with the command that runs it again. */
export interface FailureRecord {
  readonly cell: string;
  readonly index: number;
  readonly seed: number;
  readonly text: string;
  readonly repro: string;
}

/** Which part of a plan a run was: `merge` joins all parts. */
export interface ShardRecord {
  /** From 1. */
  readonly index: number;
  readonly count: number;
  /** Names the whole plan. */
  readonly planHash: string;
  /** Ids of all cells of the whole plan, in its order. */
  readonly planCells: readonly string[];
}

/** One run. */
export interface RunRecord {
  readonly schema: typeof recordSchema;
  readonly id: string;
  readonly plugpull: string;
  readonly verdict: Verdict;
  /** True when Ctrl-C ended it: what is there is whole, but the plan is not. */
  readonly interrupted: boolean;
  readonly seed: number;
  readonly startedAt: string;
  readonly tookMs: number;
  readonly plannedTrials: number;
  /** Of shards only. */
  readonly shard?: ShardRecord;
  readonly testbed: TestbedRecord;
  readonly cells: readonly CellRecord[];
  /** Settings of each target against its first one, and targets against each other. */
  readonly comparisons: readonly ComparisonRecord[];
  readonly noise: NoiseRecord | null;
  /** Of every metric with pairs, by all cells; absent without one, and of earlier versions. */
  readonly noises?: readonly MetricNoiseRecord[];
  /** How what studies measured grows; absent without one. */
  readonly growths?: readonly GrowthRecord[];
  readonly skipped: readonly SkippedRecord[];
  readonly failures: readonly FailureRecord[];
}
