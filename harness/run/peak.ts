// The peak of a cell: what a closed loop reaches on a fresh server of it. Rates given as a
// percentage count from it; it is measured once a cell and run.

import { setTimeout as sleep } from 'node:timers/promises';
import { startDriver } from '../drivers/resp/driver.ts';
import type { Trial } from '../plan/plan.ts';
import { freePort } from '../targets/ports.ts';
import { startListening } from '../targets/targets.ts';
import { orDeath } from './death.ts';
import { driverOptions, workloadOf } from './load.ts';
import type { TrialSurroundings } from './load.ts';

const measuredMs = 1000;
const warmupMs = 200;
const startTimeoutMs = 30_000;

/** Peaks by cell. */
export class Peaks {
  readonly #found = new Map<string, number>();

  /**
   * The trial with a rate in operations a second: a percentage becomes its share of the peak.
   * @throws {HarnessError} TARGET_FAILED when the server cannot be measured.
   */
  async paced(trial: Trial, around: TrialSurroundings): Promise<Trial> {
    const { cell } = trial;
    const { ratePercent } = cell.load;
    if (ratePercent === null) return trial;
    const peak = this.#found.get(cell.id) ?? await measurePeak(trial, around);
    this.#found.set(cell.id, peak);
    const ratePerSecond = Math.max(1, Math.round((peak * ratePercent) / 100));
    return { ...trial, cell: { ...cell, load: { ...cell.load, ratePerSecond } } };
  }
}

/** Operations a second, reads included, of a closed loop. */
async function measurePeak(trial: Trial, around: TrialSurroundings): Promise<number> {
  const { target, workspace, directives, signal } = around;
  const { running } = await startListening(target, {
    directory: workspace.scratchDirectory(), port: await freePort(), directives,
    logPath: workspace.logPath, record: null, isFresh: true, signal,
  }, startTimeoutMs);
  try {
    const options = driverOptions(trial, { server: running, workload: workloadOf(trial) });
    const driver = await startDriver({
      ...options, ratePerSecond: null, warmupMs, ledgerPath: null, preloadKeys: 0,
    }, { signal });
    try {
      await orDeath(running, driver.ready);
      driver.begin();
      await orDeath(running, sleep(warmupMs + measuredMs, undefined, { signal }));
      await orDeath(running, driver.stopSending());
      const { qps, readsPerSecond } = await driver.finish();
      return (qps ?? 0) + (readsPerSecond ?? 0);
    } finally {
      await driver.kill();
    }
  } finally {
    await running.stop(0);
  }
}
