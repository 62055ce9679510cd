// Waiting for a server that faults start by themselves, between two kills.

import { waitServing } from '../drivers/resp/probe.ts';
import type { RunningTarget } from '../targets/target.ts';

const serveTimeoutMs = 20_000;

/** Resolves when it answers with data: Redis takes connections while it loads. */
export async function serves(running: RunningTarget): Promise<void> {
  await running.waitListening(serveTimeoutMs);
  await waitServing(running, serveTimeoutMs);
}

/** Starts one that serves. */
export async function startServing(start: () => Promise<RunningTarget>): Promise<RunningTarget> {
  const running = await start();
  try {
    await serves(running);
    return running;
  } catch (error) {
    await running.stop(0);
    throw error;
  }
}
