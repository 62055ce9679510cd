// What the driver is told for a trial: by the load itself, by the measurement of a cell's peak, and
// by the studies.

import type { DriverOptions } from '../drivers/resp/driver.ts';
import type { Trial } from '../plan/plan.ts';
import type { Address } from '../targets/ports.ts';
import type { WorkloadSpec } from '../workloads/spec.ts';

/** The keys of the run are split over the clients; each owns at least two. */
export function workloadOf({ seed, cell }: Trial): WorkloadSpec {
  const { clients, keys, valueSizeBytes, mix, distribution, valueSizes } = cell.load;
  const keysPerClient = Math.max(2, Math.floor(keys / clients));
  return {
    seed, clients, keysPerClient, valueSizeBytes, mix, distribution, valueSizes,
    startWallMs: Date.now(),
  };
}

/** What the driver is told for a trial, but for its ledger and preload. */
export function driverOptions(
  trial: Trial, { server, workload }: { server: Address; workload: WorkloadSpec },
): Omit<DriverOptions, 'ledgerPath' | 'preloadKeys'> {
  const { pipeline, ratePerSecond, warmupMs, durationMs, arrivals, profile, readShare }
    = trial.cell.load;
  return {
    host: server.host, port: server.port, workload, pipeline, ratePerSecond, warmupMs, arrivals,
    profile, readShare, loadMs: warmupMs + durationMs,
  };
}
