// Waiting for a server without waiting for a dead one.

import { setTimeout as sleep } from 'node:timers/promises';
import { HarnessError } from '../errors.ts';
import { describeExit } from '../targets/server-process.ts';
import type { ExitInfo, RunningTarget } from '../targets/target.ts';

/** A lost connection is heard before the exit behind it: so long is that waited for. */
const exitDelayMs = 200;

/**
 * Waits for `step`, but not for a dead server, and says so when its death is why the step failed.
 * @throws {HarnessError} TARGET_FAILED with the last words of a server that died on its own.
 */
export async function orDeath<T>(running: RunningTarget, step: Promise<T>): Promise<T> {
  const died = running.exited.then((exit): never => {
    throw deathOf(exit);
  });
  try {
    return await Promise.race([step, died]);
  } catch (error) {
    await Promise.race([running.exited, sleep(exitDelayMs)]);
    const exit = running.exitInfo();
    throw exit === null ? error : deathOf(exit);
  }
}

function deathOf(exit: ExitInfo): HarnessError {
  const words = exit.lastWords.length === 0 ? 'it said nothing' : exit.lastWords.join('\n');
  const how = describeExit(exit);
  return new HarnessError('TARGET_FAILED', `the server died on its own (${how}):\n${words}`);
}
