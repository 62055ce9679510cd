// Synthetic runs for tests: real plans, invented results.

import { readFileSync, writeFileSync } from 'node:fs';
import { buildRunRecord } from './aggregate.ts';
import type { CellTrial } from './aggregate.ts';
import type {
  CutRecord, GeneratorRecord, LossRecord, RunRecord, TestbedRecord, TrialRecord,
} from './record.ts';
import { planRun } from '../plan/plan.ts';
import type { Cell, Plan, Trial } from '../plan/plan.ts';
import { defineScenario } from '../plan/define-scenario.ts';
import type { Scenario, ScenarioInput } from '../plan/scenario.ts';
import { settingLabel } from '../plan/settings.ts';

/** A small run with speed, recovery and loss for all six settings. */
export const threeScenarios: readonly Scenario[] = [
  {
    name: 'speed', question: 'How fast?', measures: ['qps'], trials: 3, tags: ['chaos'],
    load: { durationMs: 2000 },
  } as const,
  {
    name: 'back', question: 'How soon?', measures: ['recovery'], preloadKeys: [50_000, 200_000],
    settings: ['rdb', 'aof/everysec', 'rdb+aof/everysec'],
  } as const,
  {
    name: 'lost', question: 'How much?', measures: ['loss'], crash: ['process', 'power'],
    snapshots: 2, cutInstants: 3, load: { mix: 'chaos' },
  } as const,
].map((input) => defineScenario(input as ScenarioInput));

/** A plan of scenarios that are named by themselves. */
export function planOf(scenarios: readonly Scenario[], seed: number = 7): Plan {
  return planRun({
    scenarios: scenarios.map((scenario) => ({ scenario, source: scenario.name })), seed,
    unsupported: ({ disk, target }) => (
      disk === 'faultfs' ? `power cuts of ${target} need faultfs: no /dev/fuse` : null
    ),
  });
}

const rates: Readonly<Record<string, number>> = {
  'none': 142_300, 'rdb': 141_100, 'aof/no': 138_400, 'aof/everysec': 131_700,
  'aof/always': 31_240, 'rdb+aof/everysec': 130_900,
};

export const testbed: TestbedRecord = {
  cpu: 'Imaginary CPU', cores: 2, memory: 8_000_000_000, kernel: 'Linux 6.12', fs: 'ext4',
  mountOptions: 'rw,relatime', device: '/dev/vda1', governor: null,
  limits: { cpus: null, memoryBytes: null, openFiles: 65_536 },
  fsyncUs: { p50: 170, p99: 510 }, fdatasyncUs: { p50: 131, p99: 420 },
  fsyncUsAfter: { p50: 180, p99: 530 }, fdatasyncUsAfter: { p50: 137, p99: 450 },
  loadAverage: { before: 0.4, after: 1.9 }, stealShare: 0.001, node: '26.10.0',
  fingerprint: '0123456789ab',
};

const healthyGenerator: GeneratorRecord = {
  cpuShare: 0.6, loopShare: 0.7, loopLagUs: { p99: 900, max: 2100 }, sendLateUs: null, unsent: 0,
  limit: null,
};

/** What a healthy target would have given. */
export function healthyTrial(trial: Trial): TrialRecord {
  const { cell, index, seed, crashAtMs } = trial;
  const asks = (measure: 'qps' | 'loss'): boolean => cell.measures.includes(measure);
  const label = settingLabel(cell.setting);
  const qps = asks('qps') ? (rates[label] ?? 1000) * (1 + (index - 1) * 0.01) : null;
  return {
    index,
    seed,
    crashAtMs,
    verdict: 'pass',
    promise: asks('loss') ? `the promise of ${label} under ${cell.crash}` : '',
    tookMs: crashAtMs + 900,
    acknowledged: 100_000 + index,
    errors: 0,
    qps,
    readsPerSecond: null,
    offeredPerSecond: null,
    latencyUs: qps === null ? null : { p50: 310, p99: 820, p999: 2100, max: 9800 },
    latencyWithOutageUs: qps === null ? null : { p50: 310, p99: 820, p999: 2100, max: 240_000 },
    generator: qps === null ? null : healthyGenerator,
    serverCpuUsPerOp: qps === null ? null : 6.5,
    generatorCpuShare: 0.6,
    generatorLimited: false,
    outageMs: 240,
    cuts: cutsOf(trial),
    curve: null,
    coverage: [],
    files: { rdbBytes: 1000, aofBytes: 2000 },
    error: null,
    artefacts: {},
  };
}

function cutsOf({ cell, crashAtMs, cutFractions }: Trial): CutRecord[] {
  const moments = cutFractions.length > 0 ? cutFractions : [1];
  return moments.map((fraction) => ({
    atMs: crashAtMs * fraction,
    verdict: 'pass',
    loss: cell.measures.includes('loss') ? lossAt(cell, crashAtMs * fraction) : null,
    recovery: {
      listeningMs: 90, firstReadMs: 120 + cell.preloadKeys / 1000,
      firstWriteMs: 121 + cell.preloadKeys / 1000, loadingMs: 20,
    },
    acknowledged: Math.round(crashAtMs * fraction * 40),
    inFlight: 12,
    findings: [],
  }));
}

function lossAt(cell: Cell, atMs: number): LossRecord {
  const { persist, appendfsync } = cell.setting;
  const isPower = cell.crash === 'power';
  let windowMs = 0;
  if (persist === 'none') windowMs = atMs;
  else if (persist === 'rdb') windowMs = atMs / 3;
  else if (isPower && appendfsync === 'no') windowMs = atMs;
  else if (isPower && appendfsync === 'everysec') windowMs = Math.min(atMs, 980);
  const writes = Math.round(windowMs * 40);
  return { writes, bytes: writes * 100, windowMs };
}

/** The record of a plan; `change` may replace the result of a trial, or leave it out by null. */
export function recordOf(
  plan: Plan, change: (healthy: TrialRecord, trial: Trial) => TrialRecord | null = (own) => own,
): RunRecord {
  const trials = plan.trials.flatMap((trial): CellTrial[] => {
    const record = change(healthyTrial(trial), trial);
    return record === null ? [] : [{ cell: trial.cell, record }];
  });
  return buildRunRecord({
    id: '2026-11-22T17-34-05-seed7',
    startedAt: '2026-11-22T17:34:05.000Z',
    tookMs: 82_000,
    interrupted: trials.length < plan.trials.length,
    plan,
    version: '0.1.0',
    targetVersions: { bundled: '0.1.0', redis: '7.0.15', valkey: '8.1.0' },
    testbed,
    trials,
  });
}

/** What a test compares texts with: `t` of AVA, as far as it is needed. */
interface Comparing {
  is(actual: string, expected: string): unknown;
}

/** Compares with `testdata/NAME` beside the test; UPDATE_GOLDEN=1 writes it anew instead. */
export function compareGolden(t: Comparing, file: string | URL, text: string): void {
  if (process.env['UPDATE_GOLDEN'] === '1') writeFileSync(file, text);
  t.is(text, readFileSync(file, 'utf8'));
}
