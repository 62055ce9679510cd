// Reads a run record back: the shape of record.ts, checked field by field. `run.schema.json` says
// the same for other tools; a test keeps the two from drifting apart.

import * as v from 'valibot';
import { verdicts } from '../plan/events.ts';
import { changeVerdicts } from '../metrics/comparison.ts';
import { arrivalNames, crashModels, fileSystems, measureNames, targetNames }
  from '../plan/scenario.ts';
import { fsyncNames, persistNames } from '../plan/settings.ts';
import { isProfile } from '../drivers/resp/load/rate-profile.ts';
import type { Profile } from '../drivers/resp/load/rate-profile.ts';
import { isDistribution } from '../workloads/key-distribution.ts';
import type { KeyDistribution } from '../workloads/key-distribution.ts';
import { mixNames } from '../workloads/spec.ts';
import { isValueSizes } from '../workloads/value-sizes.ts';
import type { ValueSizes } from '../workloads/value-sizes.ts';
import { HarnessError } from '../errors.ts';
import { upgraded } from './older-records.ts';
import { recordSchema } from './record.ts';
import type { CellRecord, FailureRecord, RunRecord, SkippedRecord, TestbedRecord }
  from './record.ts';
import { metricNames } from './cell-metrics.ts';
import { growthSchema } from './study-growth.ts';
import { studyRecordSchema, studySchema } from './study-record.ts';

/**
 * Checks what JSON.parse returned, also of earlier versions; `from` names the file in messages.
 * @throws {HarnessError} RECORD_BAD when it is damaged or of another schema version.
 */
export function parseRecord(value: unknown, from: string): RunRecord {
  const schema = (value as { schema?: unknown } | null)?.schema;
  if (typeof schema === 'number' && schema !== recordSchema) {
    throw new HarnessError('RECORD_BAD', `${from}: expected a record of schema ${recordSchema}, `
      + `found schema ${schema}: use the version of Plugpull that wrote it`);
  }
  const result = v.safeParse(runSchema, upgraded(value));
  if (result.success) return result.output;
  const [issue] = result.issues;
  const path = v.getDotPath(issue) ?? 'the whole file';
  throw new HarnessError('RECORD_BAD', `${from}: not a run record: ${path}: expected `
    + `${issue.expected ?? issue.message}, found ${issue.received}`);
}

const count = v.pipe(v.number(), v.integer(), v.minValue(0));
const amount = v.pipe(v.number(), v.finite(), v.minValue(0));
const percentage = v.pipe(v.number(), v.finite(), v.minValue(0), v.maxValue(1));
const verdict = v.picklist(verdicts);
const persist = v.picklist(persistNames);
const appendfsync = v.nullable(v.picklist(fsyncNames));
const texts = v.record(v.string(), v.string());

const interval = v.strictTuple([amount, amount]);
const estimate = { median: amount, ci95: v.nullable(interval), range: v.nullable(interval) };
const spread = v.strictObject({ median: amount, max: amount });
const boundedQuantile = v.strictObject({
  value: amount, low: v.nullable(amount), high: v.nullable(amount),
});
const latencyUs = v.strictObject({ p50: amount, p99: amount, p999: amount, max: amount });
const files = v.strictObject({ rdbBytes: count, aofBytes: count });
const fsyncUs = v.strictObject({ p50: amount, p99: amount });
const ratio = v.nullable(v.strictObject(estimate));
const sendLateUs = v.strictObject({
  p50: amount, p99: amount, p999: amount, max: amount, inTimeShare: percentage,
});
const generator = v.strictObject({
  cpuShare: percentage,
  loopShare: percentage,
  loopLagUs: v.strictObject({ p99: amount, max: amount }),
  sendLateUs: v.nullable(sendLateUs),
  unsent: count,
  limit: v.nullable(v.string()),
});
const finding = v.strictObject({ kind: v.string(), breaks: v.boolean(), text: v.string() });
const loss = v.strictObject({ writes: count, bytes: count, windowMs: amount });
const recovery = v.strictObject({
  listeningMs: amount, firstReadMs: amount, firstWriteMs: amount, loadingMs: v.nullable(amount),
});

const cut = v.strictObject({
  atMs: amount,
  verdict,
  loss: v.nullable(loss),
  recovery: v.nullable(recovery),
  acknowledged: count,
  inFlight: count,
  findings: v.array(finding),
  block: v.exactOptional(v.strictObject({
    fileSystem: v.picklist(fileSystems),
    cutMs: amount, mountMs: amount, isClean: v.boolean(), check: v.string(),
    inclusion: v.exactOptional(v.strictObject({
      holds: v.boolean(), powerLostWrites: count, beyondWrites: count,
      dirtyExpireMs: v.nullable(amount), commitMs: v.nullable(amount),
    })),
  })),
  window: v.exactOptional(v.string()),
});

const curve = v.strictObject({
  instants: count,
  spanMs: amount,
  maximum: loss,
  p50: loss,
  p99: loss,
  brokenMs: amount,
  broken: v.array(v.strictObject({ fromMs: amount, toMs: amount })),
  findings: v.array(finding),
});

const coverage = v.strictObject({
  window: v.string(), candidates: count, judged: count, distinct: count,
});

const trial = v.strictObject({
  index: count,
  seed: count,
  crashAtMs: amount,
  verdict,
  promise: v.string(),
  tookMs: amount,
  acknowledged: count,
  errors: count,
  firstError: v.exactOptional(v.string()),
  qps: v.nullable(amount),
  readsPerSecond: v.nullable(amount),
  checkedReads: v.exactOptional(v.strictObject({ checked: count, wrong: count })),
  offeredPerSecond: v.nullable(amount),
  latencyUs: v.nullable(latencyUs),
  latencyWithOutageUs: v.nullable(latencyUs),
  generator: v.nullable(generator),
  serverCpuUsPerOp: v.nullable(amount),
  generatorCpuShare: v.nullable(amount),
  generatorLimited: v.boolean(),
  outageMs: v.nullable(amount),
  cuts: v.array(cut),
  faulted: v.exactOptional(v.strictObject({
    faults: v.array(v.strictObject({
      name: v.string(), applied: v.boolean(), why: v.string(),
      kills: v.exactOptional(v.strictObject({ met: count, of: count })),
    })),
    stallMs: amount,
    died: v.nullable(v.string()),
    claims: v.array(v.string()),
  })),
  // Records of 0.1 have none.
  curve: v.optional(v.nullable(curve), null),
  coverage: v.optional(v.array(coverage), []),
  files: v.nullable(files),
  study: v.exactOptional(studyRecordSchema),
  error: v.nullable(v.string()),
  artefacts: texts,
});

const load = v.strictObject({
  durationMs: amount,
  warmupMs: amount,
  clients: count,
  pipeline: count,
  keys: count,
  valueSizeBytes: count,
  mix: v.picklist(mixNames),
  ratePerSecond: v.nullable(amount),
  ratePercent: v.nullable(amount),
  arrivals: v.picklist(arrivalNames),
  profile: v.custom<Profile>(isProfile, 'a profile'),
  distribution: v.custom<KeyDistribution>(isDistribution, 'a distribution'),
  valueSizes: v.custom<ValueSizes>(isValueSizes, 'value sizes'),
  readShare: percentage,
});

const cell = v.strictObject({
  id: v.string(),
  scenario: v.string(),
  target: v.strictObject({ name: v.picklist(targetNames), version: v.string() }),
  config: v.strictObject({
    persist, appendfsync, save: v.string(), directives: texts, faults: v.exactOptional(v.string()),
  }),
  crash: v.picklist(crashModels),
  study: v.exactOptional(studySchema),
  preloadKeys: count,
  load,
  measures: v.array(v.picklist(measureNames)),
  syncDelayMs: v.nullable(amount),
  trials: count,
  writes: v.strictObject({ acknowledged: count }),
  qps: v.nullable(v.strictObject(estimate)),
  generatorLimited: v.boolean(),
  furtherTrials: v.nullable(count),
  outliers: v.array(v.strictObject({
    metric: v.literal('qps'), trial: count, value: amount, score: v.number(),
  })),
  latencyUs: v.nullable(latencyUs),
  latencyWithOutageUs: v.nullable(latencyUs),
  cpuUsPerOp: v.nullable(amount),
  recoveryMs: v.nullable(v.strictObject({
    ...estimate,
    phases: v.strictObject({
      listening: amount, firstRead: amount, firstWrite: amount, loading: v.nullable(amount),
    }),
  })),
  loss: v.nullable(v.strictObject({
    writes: spread,
    bytes: spread,
    windowMs: spread,
    windowMsQuantiles: v.optional(v.nullable(v.strictObject({
      p50: boundedQuantile, p90: boundedQuantile,
    })), null),
    runs: count,
    runsWithLoss: count,
    instants: count,
    upperBound95: v.nullable(percentage),
    shareBounds95: v.strictTuple([percentage, percentage]),
  })),
  files: v.nullable(files),
  estimates: v.exactOptional(v.record(v.picklist(metricNames), v.strictObject(estimate))),
  promise: v.string(),
  verdict,
  findings: v.array(finding),
  perTrial: v.array(trial),
});

/** One cell. */
export const cellSchema: Schema<CellRecord> = cell;

/** The machine. */
export const testbedSchema: Schema<TestbedRecord> = v.strictObject({
  cpu: v.string(),
  cores: count,
  memory: count,
  kernel: v.string(),
  fs: v.string(),
  mountOptions: v.string(),
  device: v.string(),
  governor: v.nullable(v.string()),
  limits: v.strictObject({
    cpus: v.nullable(amount), memoryBytes: v.nullable(count), openFiles: v.nullable(count),
  }),
  fsyncUs,
  fdatasyncUs: fsyncUs,
  fsyncUsAfter: v.nullable(fsyncUs),
  fdatasyncUsAfter: v.nullable(fsyncUs),
  loadAverage: v.strictObject({ before: amount, after: amount }),
  stealShare: v.nullable(percentage),
  node: v.string(),
  fingerprint: v.string(),
});

/** One cell that was not run. */
export const skippedSchema: Schema<SkippedRecord> = v.strictObject({
  id: v.string(),
  scenario: v.string(),
  target: v.picklist(targetNames),
  persist,
  appendfsync,
  crash: v.picklist(crashModels),
  reason: v.string(),
});

/** One broken promise. */
export const failureSchema: Schema<FailureRecord> = v.strictObject({
  cell: v.string(), index: count, seed: count, text: v.string(), repro: v.string(),
});

const comparison = v.strictObject({
  metric: v.literal('qps'),
  before: v.string(),
  after: v.string(),
  verdict: v.picklist(changeVerdicts),
  reason: v.string(),
  ratio,
  adjustedP: percentage,
  furtherTrials: v.nullable(count),
});

/** Checks one value. */
export type Schema<TValue> = v.GenericSchema<unknown, TValue>;

type HeadField = 'id' | 'plugpull' | 'verdict' | 'interrupted' | 'seed' | 'startedAt' | 'tookMs'
  | 'plannedTrials';

/** What a record says before its cells, field by field. */
export const headSchemas: { readonly [TField in HeadField]: Schema<RunRecord[TField]> } = {
  id: v.string(),
  plugpull: v.string(),
  verdict,
  interrupted: v.boolean(),
  seed: count,
  startedAt: v.string(),
  tookMs: amount,
  plannedTrials: count,
};

const runSchema = v.strictObject({
  schema: v.literal(recordSchema),
  ...headSchemas,
  shard: v.exactOptional(v.strictObject({
    index: count, count, planHash: v.string(), planCells: v.array(v.string()),
  })),
  testbed: testbedSchema,
  cells: v.array(cellSchema),
  comparisons: v.array(comparison),
  noise: v.nullable(v.strictObject({
    metric: v.literal('qps'), share: amount, pairs: count,
    pairShare: v.optional(v.nullable(amount), null),
  })),
  noises: v.exactOptional(v.array(v.strictObject({
    metric: v.picklist(metricNames), share: v.nullable(amount), pairShare: v.nullable(amount),
    bias: amount, pairDifference: amount, pairs: count,
  }))),
  growths: v.exactOptional(v.array(growthSchema)),
  skipped: v.array(skippedSchema),
  failures: v.array(failureSchema),
});
