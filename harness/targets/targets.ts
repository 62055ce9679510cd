// The registry of targets, and starting one so that it surely listens.

import { HarnessError } from '../errors.ts';
import { bundledTarget } from './bundled.ts';
import { commandTarget } from './command.ts';
import { freePort, saysAddressInUse } from './ports.ts';
import { redisTarget, valkeyTarget } from './redis.ts';
import type { RunningTarget, StartOptions, Target, TargetName } from './target.ts';

/** Every target by name. */
export const targets: Readonly<Record<TargetName, Target>> = {
  bundled: bundledTarget(),
  redis: redisTarget(),
  valkey: valkeyTarget(),
  command: commandTarget(),
};

/** All names, in the order of the help text. */
export const targetNames: readonly TargetName[] = ['bundled', 'redis', 'valkey', 'command'];

/** A process that accepts connections, and since when (CLOCK_MONOTONIC nanoseconds). */
export interface Listening {
  readonly running: RunningTarget;
  readonly listeningNs: number;
}

/**
 * Starts a target and waits until it listens. When somebody took the port in between, it is
 * started once more on another one: read the port from the result.
 * @throws {HarnessError} TARGET_FAILED with its last words when it does not listen in time.
 */
export async function startListening(
  target: Target,
  options: StartOptions,
  timeoutMs: number,
): Promise<Listening> {
  try {
    return await startOnce(target, options, timeoutMs);
  } catch (error) {
    const inUse =
      error instanceof HarnessError &&
      error.code === 'TARGET_FAILED' &&
      saysAddressInUse(error.message.split('\n'));
    if (!inUse) throw error;
    return startOnce(target, { ...options, port: await freePort() }, timeoutMs);
  }
}

async function startOnce(
  target: Target,
  options: StartOptions,
  timeoutMs: number,
): Promise<Listening> {
  const running = await target.start(options);
  try {
    return { running, listeningNs: await running.waitListening(timeoutMs) };
  } catch (error) {
    running.kill();
    await running.exited;
    throw error;
  }
}
