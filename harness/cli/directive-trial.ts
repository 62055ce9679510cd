// A real server knows directives that this program does not. Whether it takes those of the plan is
// asked of the server itself, once for each set of them, before any load.

import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { HarnessError } from '../errors.ts';
import type { Cell, Plan } from '../plan/plan.ts';
import { settingDirectives } from '../plan/settings.ts';
import { freePort } from '../targets/ports.ts';
import type { Target, TargetName } from '../targets/target.ts';
import { startListening } from '../targets/targets.ts';
import { usage } from './values.ts';

const startTimeoutMs = 10_000;

/**
 * Starts each real server of the plan with the directives that go beyond its setting.
 * @throws {HarnessError} USAGE with the server's own words when it refuses them.
 */
export async function tryDirectives(
  plan: Plan, targets: Readonly<Record<TargetName, Target>>,
): Promise<void> {
  const tried = new Set<string>();
  for (const cell of plan.cells) {
    if (cell.target === 'bundled' || !goesBeyondSetting(cell)) continue;
    const key = JSON.stringify([cell.target, cell.directives]);
    if (tried.has(key)) continue;
    tried.add(key);
    await tryOnce(targets[cell.target], cell);
  }
}

function goesBeyondSetting({ setting, directives }: Cell): boolean {
  const own = new Map(settingDirectives(setting));
  return directives.some(([name, value]) => own.get(name) !== value);
}

async function tryOnce(target: Target, cell: Cell): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'plugpull-directives-'));
  try {
    const { running } = await startListening(target, {
      directory: folder, port: await freePort(), directives: cell.directives,
      logPath: join(folder, 'server.log'), record: null, isFresh: true,
    }, startTimeoutMs);
    await running.stop(0);
  } catch (error) {
    if (!(error instanceof HarnessError) || error.code !== 'TARGET_FAILED') throw error;
    const extra = cell.directives.map(([name, value]) => `${name} ${value || '""'}`).join(', ');
    throw usage(`${target.name} does not start with ${extra}:\n${error.message}`);
  } finally {
    await target.tidy?.(join(folder, 'server.log'));
    await rm(folder, { recursive: true, force: true });
  }
}
