// What the tests of whole trials share: small plans, run on real processes in a temporary folder.

import { spawnSync } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { RespClient } from '../drivers/resp/client.ts';
import { infoFields } from '../drivers/resp/info.ts';
import type { Fault } from '../faults/fault.ts';
import { faults } from '../faults/faults.ts';
import { defineScenario } from '../plan/define-scenario.ts';
import { parseSetting } from '../plan/settings.ts';
import type { CrashModel, TargetName } from '../plan/scenario.ts';
import { planRun } from '../plan/plan.ts';
import type { Plan } from '../plan/plan.ts';
import type { RunEvent, RunOptions } from '../plan/events.ts';
import type { CellRecord, RunRecord } from '../report/record.ts';
import { bundledTarget } from '../targets/bundled.ts';
import { targets } from '../targets/targets.ts';
import type { Target } from '../targets/target.ts';
import type { SettingLabel } from '../plan/settings.ts';
import { runPlan } from './run.ts';
import type { RunVariant } from './run.ts';

const seed = 20261122;

/** What a small plan tries. */
export interface Small {
  readonly settings: readonly SettingLabel[];
  readonly crash: readonly CrashModel[];
  readonly target?: TargetName;
  readonly durationMs?: number;
  readonly faults?: readonly string[];
  readonly valueSizeBytes?: number;
}

/** A plan that takes about a second a cell. */
export function smallPlan(
  { settings, crash, target = 'bundled', durationMs = 700, faults = [''], ...more }: Small,
): Plan {
  const scenario = defineScenario({
    name: 'small', question: 'Does a small run tell the truth?', measures: ['loss', 'recovery'],
    targets: [target], settings, crash, faults, snapshots: 1, cutInstants: 2,
    load: { durationMs, warmupMs: 0, clients: 8, pipeline: 4, keys: 400, mix: 'chaos', ...more },
  });
  const plan = planRun({ scenarios: [{ scenario, source: 'small' }], seed });
  // Early, so that a starved machine has the rest of the load to complete or refuse it.
  const early = (moments: readonly number[]): number[] => moments.map((_, place) => 60 + place);
  const trials = plan.trials.map((trial) => (
    { ...trial, snapshotsAtMs: early(trial.snapshotsAtMs) }
  ));
  return { ...plan, trials };
}

/** What a run came to. */
export interface Ran {
  readonly record: RunRecord;
  readonly events: readonly RunEvent[];
  readonly leftovers: readonly string[];
}

/** What a test changes of a run. */
export interface Around extends RunVariant {
  readonly entry?: string;
  readonly locate?: Target['locate'];
  readonly signal?: AbortSignal;
  readonly onEvent?: (event: RunEvent) => void;
}

/** Runs a plan in a temporary folder. */
export async function run(plan: Plan, around: Around = {}): Promise<Ran> {
  const runDirectory = fs.mkdtempSync(path.join(os.tmpdir(), 'plugpull-run-test-'));
  const events: RunEvent[] = [];
  const bundled = around.entry === undefined ? targets.bundled : bundledTarget({
    entry: path.join(import.meta.dirname, 'testdata/sabotaged', around.entry),
  });
  const options: RunOptions = {
    id: 'test', startedAt: '2026-11-22T00:00:00.000Z', runDirectory,
    workDirectory: path.join(runDirectory, 'work'),
    targets: { ...targets, bundled: { ...bundled, locate: around.locate ?? bundled.locate } },
    signal: around.signal ?? new AbortController().signal,
    onEvent: (event) => {
      events.push(event);
      around.onEvent?.(event);
    },
  };
  try {
    const record = await runPlan(plan, options, around);
    // What servers said of themselves is there after every run.
    const leftovers = fs.readdirSync(runDirectory).filter((name) => name !== 'servers');
    return { record, events, leftovers };
  } finally {
    fs.rmSync(runDirectory, { recursive: true, force: true });
  }
}

/**
 * A kill that waits until the server says of itself what the test is about, twice: by then whoever
 * else asks it as often has heard so too. A slow machine then needs longer and proves the same.
 */
export function killOnce(isTime: (info: ReadonlyMap<string, string>) => boolean): Fault {
  return {
    ...faults.kill,
    inject: async (site) => {
      const client = await RespClient.connect({ port: site.running.port, timeoutMs: 60_000 });
      for (let seen = 0; seen < 2; await sleep(100)) {
        if (isTime(await infoFields(client))) seen++;
      }
      client.close();
      return faults.kill.inject(site);
    },
  };
}

/** The cell of a setting and a crash model. */
export function cellOf(record: RunRecord, label: SettingLabel, crash: CrashModel): CellRecord {
  const { persist, appendfsync } = parseSetting(label);
  const found = record.cells.find((cell) => cell.crash === crash
    && cell.config.persist === persist && cell.config.appendfsync === appendfsync);
  if (found === undefined) throw new Error(`no cell ${label} ${crash}`);
  return found;
}

const redisBinary = process.env['REDIS_SERVER_BIN'] ?? 'redis-server';

/** Whether this machine has redis-server. */
export const hasRedis: boolean = spawnSync(redisBinary, ['--version']).status === 0;

/** What the title of a test that needs it ends with. */
export const redisSkipped: string = hasRedis ? '' : ' (skipped: redis-server is not on the PATH)';
