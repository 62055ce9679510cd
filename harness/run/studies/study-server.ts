// A server under study: started, filled, driven, asked; what all studies share.

import { setTimeout as sleep } from 'node:timers/promises';
import { forkDriver } from '../../drivers/resp/driver.ts';
import type { Driver, DriverOptions, IdleDriver } from '../../drivers/resp/driver.ts';
import { RespClient } from '../../drivers/resp/client.ts';
import { infoFields } from '../../drivers/resp/info.ts';
import { startServing } from '../../drivers/resp/probe.ts';
import { HarnessError } from '../../errors.ts';
import type { Trial } from '../../plan/plan.ts';
import { freePort } from '../../targets/ports.ts';
import type { RunningTarget } from '../../targets/target.ts';
import { orDeath } from '../death.ts';
import { driverOptions, workloadOf } from '../driving.ts';
import type { TrialSurroundings } from '../load.ts';

const startTimeoutMs = 30_000;
const pollMs = 20;
const longestWaitMs = 120_000;

/** Starts the target on the data directory of the trial. */
export async function startServer(around: TrialSurroundings): Promise<RunningTarget> {
  const { target, workspace, directives, signal } = around;
  return startServing(target, {
    directory: workspace.dataDirectory, port: await freePort(), directives,
    logPath: workspace.logPath, record: null, signal,
  }, startTimeoutMs);
}

/** What differs from the trial's load, and the process that was forked ahead, if one was. */
type Changes = Partial<DriverOptions> & {
  readonly signal: AbortSignal;
  readonly idle?: IdleDriver;
};

/** A driver of the trial's load that is ready to begin; it keeps no ledger. */
export async function readyDriver(
  trial: Trial, running: RunningTarget, { signal, idle, ...options }: Changes,
): Promise<Driver> {
  const base = driverOptions(trial, { server: running, workload: workloadOf(trial) });
  const driver = (idle ?? await forkDriver({ signal }))
    .start({ ...base, ledgerPath: null, preloadKeys: 0, ...options });
  try {
    await orDeath(running, driver.ready);
    return driver;
  } catch (error) {
    await driver.kill();
    throw error;
  }
}

/** Writes the keys of the trial once more. */
export async function fillServer(
  trial: Trial, running: RunningTarget,
  { signal, keys = trial.cell.preloadKeys }: TrialSurroundings & { readonly keys?: number },
): Promise<void> {
  const driver = await readyDriver(trial, running, { preloadKeys: keys, signal });
  await driver.finish(0);
}

/** Runs a command of the control connection and closes it. */
export async function withClient<T>(
  running: RunningTarget, body: (client: RespClient) => Promise<T>,
): Promise<T> {
  const client = await RespClient.connect({ port: running.port, timeoutMs: longestWaitMs });
  try {
    return await orDeath(running, body(client));
  } finally {
    client.close();
  }
}

/** True while a snapshot or rewrite runs or is about to. */
export function isAtWork(facts: ReadonlyMap<string, string>): boolean {
  return ['rdb_bgsave_in_progress', 'aof_rewrite_in_progress', 'aof_rewrite_scheduled']
    .some((name) => facts.get(name) === '1');
}

/**
 * Asks for background work and waits until it is done.
 * @throws {HarnessError} TARGET_FAILED when it fails or does not end.
 */
export async function finishWork(client: RespClient, command: string): Promise<void> {
  await client.call(command);
  const endMs = performance.now() + longestWaitMs;
  let facts = await infoFields(client, 'persistence');
  while (isAtWork(facts)) {
    if (performance.now() > endMs) throw failed(`${command} did not end`);
    await sleep(pollMs);
    facts = await infoFields(client, 'persistence');
  }
  const name = command === 'BGSAVE' ? 'rdb_last_bgsave_status' : 'aof_last_bgrewrite_status';
  if (facts.get(name) !== 'ok') throw failed(`${command} failed (${name}: ${facts.get(name)})`);
}

function failed(text: string): HarnessError {
  return new HarnessError('TARGET_FAILED', text);
}
