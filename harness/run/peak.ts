// The peak of a cell: what a closed loop reaches on a fresh server of it. Rates given as a
// percentage count from it, and a rate above it is refused before the load starts. It is measured
// once a cell and run.

import { setTimeout as sleep } from 'node:timers/promises';
import { startDriver } from '../drivers/resp/driver.ts';
import { greatestFactor } from '../drivers/resp/load/rate-profile.ts';
import { startServing } from '../drivers/resp/probe.ts';
import { HarnessError } from '../errors.ts';
import type { Trial } from '../plan/plan.ts';
import type { Load } from '../plan/scenario.ts';
import { groupedText } from '../plan/units.ts';
import { freePort } from '../targets/ports.ts';
import type { Target } from '../targets/target.ts';
import { orDeath } from './death.ts';
import { driverOptions, workloadOf } from './driving.ts';
import { rateWithinReach } from './generator.ts';
import type { Workspace } from './workspace.ts';

const measuredMs = 1000;
const warmupMs = 200;
const startTimeoutMs = 30_000;
/** An open loop waits for no reply: its peak is that of a closed loop with a deep pipeline. */
const openPipeline = 64;
/** Rates below are not tried first: nearly every server reaches them, and the trial tells else. */
const leastTriedPerSecond = 5000;

/** What the fresh server is started with and where; part of what surrounds a trial. */
interface PeakSurroundings {
  readonly target: Target;
  readonly workspace: Workspace;
  readonly directives: readonly (readonly [name: string, value: string])[];
  readonly signal: AbortSignal;
}

/** Peaks by cell. */
export class Peaks {
  readonly #found = new Map<string, number>();

  /**
   * The trial with a rate in operations a second: a percentage becomes its share of the peak.
   * @throws {HarnessError} TARGET_FAILED when the server cannot be measured, RATE_TOO_HIGH when
   *   a rate in operations a second is above what it reached.
   */
  async paced(trial: Trial, around: PeakSurroundings): Promise<Trial> {
    const { cell } = trial;
    const { ratePercent } = cell.load;
    if (ratePercent === null) {
      await this.#mustReach(trial, around);
      return trial;
    }
    const peak = await this.#peakOf(trial, around);
    const ratePerSecond = Math.max(1, Math.round((peak * ratePercent) / 100));
    return { ...trial, cell: { ...cell, load: { ...cell.load, ratePerSecond } } };
  }

  async #mustReach(trial: Trial, around: PeakSurroundings): Promise<void> {
    const { load, syncDelayMs } = trial.cell;
    // What is recorded is slower than what would be tried here.
    if (greatestRate(load) < leastTriedPerSecond || syncDelayMs !== null) return;
    const peak = await this.#peakOf(trial, around, Math.max(load.pipeline, openPipeline));
    const refusal = rateRefusal(load, peak);
    if (refusal !== null) throw new HarnessError('RATE_TOO_HIGH', refusal);
  }

  async #peakOf(
    trial: Trial, around: PeakSurroundings, pipeline: number = trial.cell.load.pipeline,
  ): Promise<number> {
    const { id } = trial.cell;
    const peak = this.#found.get(id) ?? await measurePeak(trial, around, pipeline);
    this.#found.set(id, peak);
    return peak;
  }
}

type Paced = Pick<Load, 'ratePerSecond' | 'profile'>;

/** Operations a second where the load is steepest: a ramp must be reached there; 0 of a loop. */
function greatestRate({ ratePerSecond, profile }: Paced): number {
  return (ratePerSecond ?? 0) * greatestFactor(profile);
}

/** Why a load cannot be sent where the peak is so much, with the rate that can; null if it can. */
export function rateRefusal(load: Paced, peakPerSecond: number): string | null {
  const most = greatestRate(load);
  if (most <= peakPerSecond) return null;
  const factor = greatestFactor(load.profile);
  const shape = factor === 1 ? ''
    : ` (${load.profile} of ${groupedText(load.ratePerSecond ?? 0)})`;
  return `the rate of ${groupedText(most)} a second${shape} is beyond this machine: without pauses `
    + `${groupedText(Math.round(peakPerSecond))} were answered; `
    + `--rate ${rateWithinReach(peakPerSecond / factor)} would do`;
}

/** Operations a second, reads included, of a closed loop. */
async function measurePeak(
  trial: Trial, around: PeakSurroundings, pipeline: number,
): Promise<number> {
  const { target, workspace, directives, signal } = around;
  const running = await startServing(target, {
    directory: workspace.scratchDirectory(), port: await freePort(), directives,
    logPath: workspace.logPath, record: null, isFresh: true, signal,
  }, startTimeoutMs);
  try {
    const options = driverOptions(trial, { server: running, workload: workloadOf(trial) });
    const driver = await startDriver({
      ...options, pipeline, ratePerSecond: null, warmupMs, ledgerPath: null, preloadKeys: 0,
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
