// Sabotaged engines as real processes, under a real load, with the real crash: what the simulation
// leaves out (sockets, the driver, the recording, the kill) must find them as well.

import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import type { CrashModel } from '../plan/scenario.ts';
import { defineScenario } from '../plan/define-scenario.ts';
import { planRun } from '../plan/plan.ts';
import type { Plan } from '../plan/plan.ts';
import type { SettingLabel } from '../plan/settings.ts';
import type { RunRecord } from '../report/record.ts';
import { runPlan } from '../run/run.ts';
import { bundledTarget } from '../targets/bundled.ts';
import { targets } from '../targets/targets.ts';
import type { Hunt } from './hunt.ts';
import type { FindingKind } from '../checkers/judgement.ts';

const sabotaged = path.join(import.meta.dirname, '../run/testdata/sabotaged');
const seed = 20261122;

interface RealBug {
  readonly entry: string;
  readonly what: string;
  readonly setting: SettingLabel;
  readonly crash: CrashModel & ('process' | 'power');
}

const bugs: readonly RealBug[] = [
  {
    entry: 'sync-does-nothing', what: 'no sync does anything', setting: 'aof/always',
    crash: 'power',
  },
  {
    entry: 'replies-before-write', what: 'writes to the log are two hundred behind the replies',
    setting: 'aof/no', crash: 'process',
  },
  {
    entry: 'recovery-drops-tenth', what: 'a start cuts the last tenth off the log',
    setting: 'aof/everysec', crash: 'process',
  },
];

/** One trial with real processes. */
export interface RealHunt {
  readonly entry: string;
  run(signal: AbortSignal): Promise<Hunt>;
}

export const realHunts: readonly RealHunt[] = bugs.map(
  (bug) => ({ entry: bug.entry, run: (signal) => huntReal(bug, signal) }),
);

async function huntReal(bug: RealBug, signal: AbortSignal): Promise<Hunt> {
  const beganMs = performance.now();
  const entry = path.join(sabotaged, `${bug.entry}.ts`);
  const record = await run(planOf(bug), { entry, signal });
  const [cell] = record.cells;
  const finding = cell?.findings.find(({ breaks }) => breaks);
  return {
    bug: `${bug.entry} (real process)`, what: bug.what,
    finding: record.verdict === 'fail' ? (finding?.kind as FindingKind | undefined) ?? null : null,
    crash: bug.crash, seed, trials: 1, within: 1, text: finding?.text ?? null,
    tookMs: performance.now() - beganMs,
  };
}

function planOf({ setting, crash }: RealBug): Plan {
  const scenario = defineScenario({
    name: 'selfcheck', question: 'Is a sabotaged engine caught?', measures: ['loss', 'recovery'],
    targets: ['bundled'], settings: [setting], crash: [crash], cutInstants: 2,
    load: { durationMs: 700, warmupMs: 0, clients: 8, pipeline: 4, keys: 400, mix: 'chaos' },
  });
  return planRun({ scenarios: [{ scenario, source: 'selfcheck' }], seed });
}

async function run(
  plan: Plan, { entry, signal }: { readonly entry: string; readonly signal: AbortSignal },
): Promise<RunRecord> {
  const runDirectory = fs.mkdtempSync(path.join(os.tmpdir(), 'plugpull-selfcheck-'));
  try {
    return await runPlan(plan, {
      id: 'selfcheck', startedAt: new Date().toISOString(), runDirectory,
      workDirectory: path.join(runDirectory, 'work'),
      targets: { ...targets, bundled: bundledTarget({ entry }) },
      signal,
      onEvent: () => {},
    });
  } finally {
    fs.rmSync(runDirectory, { recursive: true, force: true });
  }
}
